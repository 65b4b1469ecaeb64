// The lamp: whether news arrives by itself, and how old what stands on the page is.

const TICK_MS = 1_000;
const PATIENCE_MS = 5_000; // to connect, at first and again

/** `words`: {lamp: {state: text}, age: "... {seconds} ..."}. Returns {state(name), heard()}. */
export function lamp(element, words) {
  let state = "polling";
  let heard = Date.now();
  let lost = Date.now(); // since when it is not live

  function show() {
    const isConnecting = state === "polling" && Date.now() - lost < PATIENCE_MS;
    const seconds = Math.round((Date.now() - heard) / 1000);
    element.dataset.live = state === "live" ? "yes" : isConnecting ? "soon" : "no";
    element.dataset.age = seconds;
    const age = state === "ended" || isConnecting ? "" : ` · ${words.age.replace("{seconds}", seconds)}`;
    element.textContent = isConnecting ? words.lamp.connecting : words.lamp[state] + age;
  }

  setInterval(show, TICK_MS);
  return {
    state(name) {
      if (state === "live" && name !== "live") lost = Date.now();
      state = name;
      show();
    },
    heard() { heard = Date.now(); },
  };
}
