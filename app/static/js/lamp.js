// The lamp: whether news arrives by itself, and how old what stands on the page is.

const TICK_MS = 1_000;
const PATIENCE_MS = 3_000; // to connect

/** `words`: {lamp: {state: text}, age: "... {seconds} ..."}. Returns {state(name), heard()}. */
export function lamp(element, words) {
  let state = null; // what the server wrote stands there until there is more to say
  let heard = Date.now();

  function show() {
    if (state === null && Date.now() - heard < PATIENCE_MS) return;
    state ??= "polling";
    const seconds = Math.round((Date.now() - heard) / 1000);
    element.dataset.live = state === "live" ? "yes" : "no";
    element.dataset.age = seconds;
    const age = state === "ended" ? "" : ` · ${words.age.replace("{seconds}", seconds)}`;
    element.textContent = words.lamp[state] + age;
  }

  setInterval(show, TICK_MS);
  return {
    state(name) { state = name; show(); },
    heard() { heard = Date.now(); },
  };
}
