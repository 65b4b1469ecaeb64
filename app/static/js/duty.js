// A department's duty telephone: whose it is, and how it is answered.

import { handset, put, send } from "./handset.js";

const UNIT = "demo-unit";
const place = document.querySelector("[data-handset]");
const choice = document.querySelector("#unit");
const way = document.querySelector("#way");
const said = document.querySelector("[data-said]");
const number = () => choice.value;

const phone = handset(place, {
  number,
  news: (answer) => { if (document.activeElement !== way) way.value = answer.way; },
});

function changed() {
  if (number()) localStorage.setItem(UNIT, number());
  way.disabled = !number();
  put(said, "");
  phone.change();
}

way.addEventListener("change", async () => {
  const answer = await send(way.dataset.way, { number: number(), way: way.value }, phone.words);
  put(said, answer.problem ?? "");
  phone.ask();
});

const kept = localStorage.getItem(UNIT);
if (kept && [...choice.options].some((one) => one.value === kept)) choice.value = kept;
choice.addEventListener("change", changed);
changed();
