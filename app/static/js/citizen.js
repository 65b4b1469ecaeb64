// The citizen's telephone: whose it is, what it rings, the texts it gets and sends.

import { handset, put, send } from "./handset.js";

const NUMBER = "demo-number";
const place = document.querySelector("[data-handset]");
const choice = document.querySelector("#number");
const other = document.querySelector("#other");
const line = document.querySelector("#line");
const withheld = document.querySelector("#withheld");
const box = document.querySelector("[data-box]");
const list = box.querySelector("ol");
const form = document.querySelector("[data-text]");
const said = form.querySelector("[data-said]");

const number = () => (choice.value || other.value).trim();
const seenKey = () => `demo-texts-${number()}`;
const seen = () => Number(localStorage.getItem(seenKey()) ?? 0);
const shown = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeZone: document.querySelector("[data-handset]").dataset.zone,
  month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
let all = 0;

function count() {
  const fresh = Math.max(0, all - seen());
  put(box.querySelector("[data-count]"), String(all));
  const mark = box.querySelector("[data-fresh]");
  mark.hidden = fresh === 0;
  put(mark, `${fresh} ${phone.words.fresh}`);
}

function add(text, isFresh) {
  const entry = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = text.at;
  time.textContent = shown.format(new Date(text.at));
  entry.append(time);
  if (isFresh) {
    const mark = document.createElement("span");
    mark.className = "badge care";
    mark.textContent = phone.words.fresh;
    entry.append(" ", mark);
  }
  const body = document.createElement("p");
  body.className = "words";
  body.textContent = text.body;
  entry.append(body);
  list.prepend(entry);
}

function markSeen() {
  if (box.open) localStorage.setItem(seenKey(), String(all));
}

function news({ inbox, texts }) {
  if (texts < seen()) localStorage.setItem(seenKey(), "0"); // the network was begun anew
  inbox.forEach((text, at) => add(text, texts - inbox.length + at >= seen()));
  all = texts;
  box.querySelector("[data-none]").hidden = all > 0;
  if (!document.hidden) markSeen();
  count();
}

const phone = handset(place, {
  number,
  news,
  dial: () => {
    const fields = { number: number(), to: line.value };
    if (withheld.checked) fields.withheld = "1";
    return send(place.dataset.dial, fields, phone.words);
  },
});

function changed() {
  other.closest("p").hidden = choice.value !== "";
  list.replaceChildren();
  all = 0;
  if (number()) localStorage.setItem(NUMBER, number());
  phone.change();
}

box.addEventListener("toggle", () => { markSeen(); count(); });
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = { number: number(), to: line.value, body: form.elements.body.value };
  const answer = await send(form.dataset.text, fields, phone.words);
  put(said, answer.problem ?? phone.words.sent);
  if (!answer.problem) form.reset();
});

const kept = localStorage.getItem(NUMBER);
if (kept) {
  choice.value = [...choice.options].some((one) => one.value === kept) ? kept : "";
  if (!choice.value) other.value = kept;
}
choice.addEventListener("change", changed);
other.addEventListener("change", changed);
changed();
