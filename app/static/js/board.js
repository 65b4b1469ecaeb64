// A board that follows what happens. Rows on the page change in place and nothing moves under the reader's
// eyes: tickets that are not on the page are counted in a bar, and shown when the reader asks for them.

import { ago } from "./ago.js";
import { lamp } from "./lamp.js";
import { listen } from "./live.js";

const FIRST_ASK_MS = 300;
const NEXT_ASK_MS = 3_000;
const NEVER = "9999";
const LIGHTS_MS = 30_000;

const table = document.querySelector("table.board");
const bar = document.querySelector("#fresh");
const words = JSON.parse(table.dataset.words);
const match = JSON.parse(table.dataset.match);
const light = lamp(document.querySelector(".lamp"), words);
const said = document.querySelector("[data-said]");

// The reader's clock may be wrong; the page says what time it was at the server.
const serverAhead = Date.parse(table.dataset.now) - Date.now();

const fresh = new Set();
let asking = false;
let askAgain = false;

const lineOf = (id) => table.querySelector(`tr[data-id="${Number(id)}"]`);

const shownTime = new Intl.DateTimeFormat(document.documentElement.lang, {
  timeZone: table.dataset.zone, year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
});

function lightOf({ due, yellow }) {
  if (!due) return "";
  const now = Date.now() + serverAhead;
  if (now >= Date.parse(due)) return "red";
  return yellow && now >= Date.parse(yellow) ? "yellow" : "green";
}

// Lights change with time alone.
function relight(line) {
  const colour = lightOf(line.dataset);
  const sign = line.querySelector(".light");
  sign.className = `light ${colour}`;
  sign.textContent = words.lights[colour] ?? "";
}

function put(line, name, text) {
  const cell = line.querySelector(`[data-cell="${name}"]`);
  if (cell && cell.textContent !== text) cell.textContent = text;
}

function putDue(line, due) {
  const cell = line.querySelector('[data-cell="due"]');
  const time = cell.querySelector("time") ?? document.createElement("time");
  if (due === null) { cell.replaceChildren(); return; }
  time.dateTime = due;
  time.title = shownTime.format(new Date(due));
  time.dataset.ago = "";
  time.textContent = ago(due, Date.now() + serverAhead);
  if (!time.parentNode) cell.append(time);
}

function update(line, row) {
  if (Number(line.dataset.version) >= row.version) return;
  line.dataset.version = row.version;
  line.dataset.due = row.due_at ?? "";
  line.dataset.yellow = row.yellow_at ?? "";
  relight(line);
  put(line, "title", row.title);
  put(line, "state", words.parts[row.part] ?? words.states[row.state] ?? row.state);
  put(line, "unit", row.unit_name ?? "");
  put(line, "clock", row.due_at === null ? "" : words.clocks[row.clock] ?? "");
  putDue(line, row.due_at);
  put(line, "level", words.levels[row.tier] ?? row.tier ?? "");
  line.classList.add("changed");
}

function count(ids) {
  ids.forEach((id) => fresh.add(id));
  bar.hidden = fresh.size === 0;
  bar.querySelector("b").textContent = fresh.size;
}

// Whether a ticket that is not on the page would stand before the page's end.
function comesIn(row) {
  if (!match.first_page) return false;
  return match.newest_first ? row.id > match.newest : match.last_due === null || (row.due_at ?? NEVER) < match.last_due;
}

function change(row) {
  if (match.states === null) { ask(); return; }
  const line = lineOf(row.id);
  const isOn = match.states.length === 0 || match.states.includes(row.state);
  if (line) {
    update(line, row);
    line.classList.toggle("gone", !isOn);
  } else if (isOn && comesIn(row)) {
    count([row.id]);
  } else if (fresh.delete(row.id)) {
    count([]);
  }
}

function gone(id) {
  if (match.states === null) { ask(); return; }
  lineOf(id)?.classList.add("gone");
  if (fresh.delete(id)) count([]);
}

// Only the server knows which tickets are on a board of one unit's or one person's; events in a row ask once.
async function ask() {
  if (asking) { askAgain = true; return; }
  asking = true;
  do {
    askAgain = false;
    await new Promise((done) => setTimeout(done, FIRST_ASK_MS));
    try {
      const answer = await fetch(table.dataset.rows, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (answer.ok) compare(await answer.json());
    } catch {
      // No network: the next event, or the next round over HTTP, asks again.
    }
    await new Promise((done) => setTimeout(done, NEXT_ASK_MS));
  } while (askAgain);
  asking = false;
}

function compare({ rows, is_all: isAll }) {
  const now = new Set(rows.map((row) => row.id));
  rows.forEach((row) => { const line = lineOf(row.id); if (line) update(line, row); });
  if (isAll) {
    table.querySelectorAll("tr[data-id]").forEach((line) => {
      line.classList.toggle("gone", !now.has(Number(line.dataset.id)));
    });
  }
  fresh.clear();
  count(match.first_page ? [...now].filter((id) => !lineOf(id)) : []);
}

// One key, one dispatch: the line goes grey where it stands, the next one is chosen, and nothing jumps.
table.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-accept-form]");
  if (!form) return;
  event.preventDefault();
  const line = form.closest("tr");
  const button = form.querySelector("[data-accept]");
  button.disabled = true;
  let answer;
  try {
    answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json" }, redirect: "manual",
    });
  } catch {
    button.disabled = false;
    said.textContent = words.lamp.offline;
    return;
  }
  const told = answer.type === "opaqueredirect" ? {} : await answer.json().catch(() => ({}));
  const text = answer.ok ? `${told.done} ✓` : told.message ?? words.lamp.ended;
  said.textContent = text;
  form.replaceChildren(document.createTextNode(text));
  if (!answer.ok) return;
  line.classList.add("gone");
  const next = line.nextElementSibling;
  if (line.getAttribute("aria-selected") && next) {
    line.removeAttribute("aria-selected");
    next.setAttribute("aria-selected", "true");
    next.querySelector("a")?.focus({ preventScroll: true });
  }
});

setInterval(() => table.querySelectorAll("tr[data-id]").forEach(relight), LIGHTS_MS);
listen(Number(table.dataset.seq), {
  change, gone, state: light.state, heard: light.heard, ended: () => light.state("ended"),
});
