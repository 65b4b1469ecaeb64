// The rush hour: begin it, see how it goes, stop it; and when the played operators answer.

import { put, read, send } from "./handset.js";

const ROUND_MS = 2_000;
const QUIET_MS = 10_000;
const place = document.querySelector("[data-rush]");
const words = JSON.parse(document.querySelector("[data-handset]").dataset.words);
const begin = place.querySelector("form");
const stop = place.querySelector("[data-stop]");
const bar = place.querySelector("progress");
const tells = place.querySelector("[data-tells]");
const problem = place.querySelector("[data-rush-problem]");
const crew = place.querySelector("#crew");
let timer = 0;
let going = false;

function filled(counts) {
  return words.rush.replace(/\{(\w+)\}/g, (_, name) => counts[name]);
}

function show(answer) {
  put(problem, answer.problem ?? "");
  begin.querySelectorAll("input").forEach((field) => {
    field.toggleAttribute("aria-invalid", answer.error === field.name);
    if (answer.error === field.name) field.setAttribute("aria-invalid", "true");
  });
  if (answer.problem) return;
  ({ going } = answer);
  stop.hidden = !going;
  bar.hidden = !going;
  if (document.activeElement !== crew) crew.value = answer.crew;
  if (!answer.counts) { put(tells, words.no_rush); return; }
  const all = Object.values(answer.counts).reduce((sum, one) => sum + one, 0);
  bar.max = Math.max(1, all);
  bar.value = answer.counts.over;
  const end = answer.stopped ? words.rush_stopped : words.rush_over;
  put(tells, `${going ? "" : `${end} `}${filled(answer.counts)}`);
}

async function round() {
  clearTimeout(timer);
  if (!document.hidden) {
    const answer = await read(place.dataset.rush, words);
    if (!answer.problem) show(answer); // the telephone above says what is wrong
  }
  clearTimeout(timer);
  timer = setTimeout(round, going ? ROUND_MS : QUIET_MS);
}

async function order(url, fields) {
  show(await send(url, fields, words));
  clearTimeout(timer);
  timer = setTimeout(round, ROUND_MS);
}

begin.addEventListener("submit", (event) => {
  event.preventDefault();
  order(place.dataset.rush, { ...Object.fromEntries(new FormData(begin)), to: document.querySelector("#line").value });
});
stop.addEventListener("click", () => order(place.dataset.stop, {}));
crew.addEventListener("change", () => order(place.dataset.crew, { when: crew.value }));
document.addEventListener("visibilitychange", () => { if (!document.hidden) round(); });
round();
