// "Telephone now" stays as it is at the server: asked again when there is news, and every few seconds without.
// Lengths of time go on by themselves in between; numbers that are too old say so.

import { lamp } from "./lamp.js";
import { listen } from "./live.js";

const SOONEST_MS = 2_000;
const QUIET_MS = 5_000;
const STALE_MS = 10_000;
const TICK_MS = 1_000;

const board = document.querySelector("[data-board]");
const words = JSON.parse(board.dataset.words);
const light = lamp(document.querySelector(".lamp"), words);
const stale = document.querySelector("[data-stale]");
const longest = board.querySelector("[data-longest]");

let ahead = Date.parse(board.dataset.at) - Date.now(); // the reader's clock may be wrong
let updated = Date.now();
let asked = Date.now();
let wanted = false;
let asking = false;
let ended = false;
const written = {};

function length(since) {
  const all = Math.max(0, Math.round((Date.now() + ahead - Date.parse(since)) / 1000));
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, String(all % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function warn(name, isBad) {
  board.querySelectorAll(`[data-bad="${name}"]`).forEach((note) => {
    note.hidden = !isBad;
    note.parentElement.classList.toggle("bad", isBad);
  });
}

function cellOf({ text, light: colour, since }, at, heads) {
  const cell = document.createElement(at === 0 ? "th" : "td");
  if (at === 0) cell.scope = "row";
  cell.dataset.label = heads[at];
  const inner = document.createElement("span");
  if (since) inner.dataset.since = since;
  inner.textContent = since ? length(since) : text;
  if (colour) inner.className = `light ${colour}`;
  cell.classList.toggle("blank", !since && !text);
  cell.append(inner);
  return cell;
}

// Whoever reads the table with a pointer or a voice keeps the place as long as nothing changes.
function fill(name, rows) {
  const table = document.getElementById(name);
  const text = JSON.stringify(rows);
  document.querySelector(`[data-none="${name}"]`).hidden = rows.length > 0;
  table.hidden = rows.length === 0;
  if (written[name] === text) return;
  written[name] = text;
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  table.tBodies[0].replaceChildren(...rows.map((cells) => {
    const line = document.createElement("tr");
    line.append(...cells.map((cell, at) => cellOf(cell, at, heads)));
    return line;
  }));
}

function show(now) {
  ahead = Date.parse(now.at) - Date.now();
  updated = Date.now();
  Object.entries(now.values).forEach(([name, text]) => {
    board.querySelectorAll(`[data-value="${name}"]`).forEach((element) => put(element, text));
  });
  if (now.longest) longest.dataset.since = now.longest;
  else { delete longest.dataset.since; put(longest, words.nothing); }
  ["service_level", "recent"].forEach((name) => warn(name, now.bad.includes(name)));
  fill("lines", now.lines);
  fill("seats", now.seats);
  tick();
}

async function ask() {
  asking = true;
  wanted = false;
  asked = Date.now();
  try {
    const answer = await fetch(board.dataset.url, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.ok) { show(await answer.json()); light.heard(); }
    else if (answer.status < 500) { ended = true; light.state("ended"); }
  } catch {
    light.state("offline"); // the next round asks again
  } finally {
    asking = false;
  }
}

function tick() {
  board.querySelectorAll("[data-since]").forEach((element) => put(element, length(element.dataset.since)));
  const { since } = longest.dataset;
  warn("longest", Boolean(since) && Date.now() + ahead - Date.parse(since) > Number(board.dataset.red) * 1000);
  stale.hidden = Date.now() - updated <= STALE_MS;
}

function round() {
  tick();
  const waited = Date.now() - asked;
  if (!ended && !asking && !document.hidden && waited >= (wanted ? SOONEST_MS : QUIET_MS)) ask();
}

const nothing = () => {};
setInterval(round, TICK_MS / 2);
document.addEventListener("visibilitychange", () => { wanted = true; round(); });
listen(Number(board.dataset.seq), {
  change: nothing, gone: nothing, heard: nothing, state: light.state,
  ended() { ended = true; light.state("ended"); },
  other() { wanted = true; round(); },
});
