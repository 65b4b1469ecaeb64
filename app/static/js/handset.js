// A telephone in the hand, of the demo city: what it is at, what its person hears, and the keys. Of the number it
// asks again and again: often while a call goes on, seldom while nothing happens.

const CALL_MS = 700;
const QUIET_MS = 3_000;
const SPEECH_SECONDS = 60;
const READ_OUT = "demo-read-out";

const token = document.querySelector('meta[name="csrf-token"]').content;

/** Posts fields; returns the answer's data, with `problem` where it was refused. */
export async function send(url, fields, words) {
  try {
    const answer = await fetch(url, {
      method: "POST", body: new URLSearchParams(fields), redirect: "manual",
      headers: { Accept: "application/json", "X-CSRFToken": token },
    });
    const data = await answer.json();
    return answer.ok ? data : { problem: data.message ?? words.offline, error: data.error };
  } catch {
    return { problem: words.offline };
  }
}

/** Reads data; `problem` where there was no answer. */
export async function read(url, words) {
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual" });
    return answer.ok ? await answer.json() : { problem: words.offline };
  } catch {
    return { problem: words.offline };
  }
}

export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * The telephone in `place`. `number()` says which it is, empty for none; `dial` posts a call, where it can make one.
 * on.news(answer): everything that was told of the number. Returns {change(), ask()}.
 */
export function handset(place, { number, dial, news }) {
  const words = JSON.parse(place.dataset.words);
  const state = place.querySelector("[data-state]");
  const problem = place.querySelector("[data-problem]");
  const heard = place.querySelector("[data-heard]");
  const readOut = place.querySelector("[data-read-out]");
  const speak = place.querySelector("[data-speak]");
  const button = (name) => place.querySelector(`[data-press="${name}"]`);
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: place.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
  });

  let call = null;
  let next = 0;
  let texts = 0;
  let timer = 0;
  let speaking = false;
  let lit = 0; // which number's answers count: those to an earlier one come too late
  let first = true; // what was heard before the page was opened is not read out
  let sent = Promise.resolve(); // one thing after the other: keys typed fast arrive in their order

  const doing = () => (call ? call.doing : "idle");
  const isOn = () => ["menu", "waiting", "talking", "held"].includes(doing());
  const isIncoming = () => Boolean(call?.incoming) && doing() === "ringing";

  function say(text) {
    if (!readOut.checked || !window.speechSynthesis) return;
    const words_ = new SpeechSynthesisUtterance(text);
    words_.lang = /[\u4e00-\u9fff]/.test(text) ? "zh-CN" : "en-US";
    window.speechSynthesis.speak(words_);
  }

  function hush() {
    window.speechSynthesis?.cancel();
  }

  function write(at, text, kind) {
    const line = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = at;
    time.textContent = clock.format(new Date(at));
    const words_ = document.createElement("span");
    words_.textContent = text;
    line.className = kind;
    line.append(time, words_);
    heard.append(line);
    heard.parentElement.scrollTop = heard.parentElement.scrollHeight;
  }

  function hear(one) {
    write(one.at, one.kind === "say" ? one.text : words.sounds[one.kind] ?? one.text, one.kind);
    if (one.kind === "say" && !first) say(one.text);
  }

  function draw() {
    const on = isOn();
    put(state, words.doing[isIncoming() ? "incoming" : doing()]);
    state.dataset.state = isIncoming() ? "incoming" : doing();
    if (button("dial")) button("dial").hidden = on || doing() === "ringing";
    button("answer").hidden = button("decline").hidden = !isIncoming();
    button("hang-up").hidden = !on && (doing() !== "ringing" || isIncoming());
    place.querySelectorAll("[data-key], [data-speak]").forEach((key) => { key.disabled = !on; });
    if (!on) speaking = false;
    speak.setAttribute("aria-pressed", speaking);
    put(speak, speaking ? words.silence : words.speak);
  }

  function take(answer) {
    if (answer.call?.sid !== call?.sid) {
      heard.replaceChildren();
      hush();
    }
    const was = doing();
    call = answer.call;
    next = call?.next ?? 0;
    call?.heard.forEach(hear);
    if (was !== "ended" && doing() === "ended") hush();
    texts = answer.texts;
    first = false;
    draw();
    news?.(answer);
  }

  async function ask() {
    clearTimeout(timer);
    const mine = lit;
    if (number() && (!document.hidden || isOn())) {
      const query = new URLSearchParams({ number: number(), call: call?.sid ?? "", since: next, texts });
      const answer = await read(`${place.dataset.now}?${query}`, words);
      if (mine !== lit) return;
      put(problem, answer.problem ?? "");
      if (!answer.problem) take(answer);
    }
    clearTimeout(timer);
    timer = setTimeout(ask, isOn() || doing() === "ringing" ? CALL_MS : QUIET_MS);
  }

  function change() {
    lit += 1;
    [call, next, texts, first] = [null, 0, 0, true];
    heard.replaceChildren();
    put(problem, "");
    hush();
    draw();
    ask();
  }

  async function act(doingNow, more = {}) {
    if (!call) return;
    const fields = { number: number(), call: call.sid, doing: doingNow, ...more };
    sent = sent.then(() => send(place.dataset.do, fields, words));
    const answer = await sent;
    await ask();
    if (answer.problem) put(problem, answer.problem);
  }

  async function ring() {
    if (!dial) return;
    first = false;
    const answer = await dial();
    await ask();
    if (answer.problem) put(problem, answer.problem);
  }

  function key(sign) {
    if (!isOn()) return;
    write(new Date().toISOString(), `${words.line}: ${sign}`, "own");
    act("press", { keys: sign });
  }

  place.addEventListener("click", (event) => {
    const { key: sign, press } = event.target.closest("button")?.dataset ?? {};
    if (sign) key(sign);
    else if (press === "dial") ring();
    else if (press) act(press);
  });
  speak.addEventListener("click", () => {
    speaking = !speaking;
    act("speak", { seconds: speaking ? SPEECH_SECONDS : 0 });
    draw();
  });
  readOut.checked = localStorage.getItem(READ_OUT) === "yes";
  readOut.addEventListener("change", () => {
    localStorage.setItem(READ_OUT, readOut.checked ? "yes" : "no");
    if (!readOut.checked) hush();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const { target } = event;
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|radio)$/.test(target.type)) return;
    if (/^[0-9*#]$/.test(event.key) && isOn()) key(event.key);
    else if (event.key === "Escape" && (isOn() || doing() === "ringing")) act(isIncoming() ? "decline" : "hang-up");
    else if (event.key === "Enter" && !target.closest("button, a, summary, input")) {
      if (isIncoming()) act("answer");
      else if (!isOn() && doing() !== "ringing") ring();
    } else return;
    event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
  window.addEventListener("pagehide", hush);

  draw();
  return { change, ask, words };
}
