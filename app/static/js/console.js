// The telephone page. Every few seconds, and at each word of news, it asks how things stand and shows that; what
// somebody presses is an order to the server, and is seen once the server says so.

import { beside } from "./beside.js";
import { onCallNews } from "./callnews.js";
import { closing } from "./closing.js";
import { coach } from "./coach.js";
import { consulting } from "./consulting.js";
import { server } from "./orders.js";
import { fill, isUrgent, panels, put, show, timeOf } from "./panels.js";
import { bell } from "./ring.js";
import { softphone } from "./softphone.js";
import { thisWindow } from "./windows.js";

const ASK_TICKS = 5;
const EAGER_TICKS = 8; // after an order, until the carrier has done it
const SETTLE_MS = 5_000; // until the carrier says that a line has come
const NEWS_MS = 8_000;
const SILENCE_MS = 1_000; // a window of this browser that says nothing for so long is not there
const WITH_CALL = ["offered", "on_call"];

const root = document.querySelector("#telephone");
const frame = document.querySelector("#desk");
const typed = beside(frame);
const words = JSON.parse(root.dataset.words);
const answers = root.dataset.answers === "yes";
const coaches = root.dataset.coaches === "yes";

let state = null; // the server's last answer
let askedAt = 0; // when that was asked for
let ahead = 0; // how much the server's clock is ahead of this one
let ticks = 0;
let eager = 0;
let connectedAt = 0;
let isConnecting = false;
let isSignedOut = false;
let broughtTo = null; // the call that this page has connected to by itself
let formOf = null; // the call whose form was opened
let isSitting = false; // this window answers, as far as it knows
let lineFor = null; // "talk" or "coach"

const at = () => Date.now() + ahead;
const page = panels(root, words, at);
const { part, one } = page;
/** Whether it can be done with this call here: it depends on who carries it. */
const may = (what) => state?.caps.includes(what) ?? false;
const isOn = (name) => localStorage.getItem(`hotline-${name}`) !== "off";

// What is said beside the panels

let trouble = ""; // "" | offline | signed_out | refused
let newsTimer = 0;

function complain(kind, text, { reload = false } = {}) {
  trouble = kind;
  put(one("[data-trouble]"), text);
  show(one("[data-reload]"), reload);
  show(part("trouble"), kind !== "");
}

function settleTrouble(kind) { if (trouble === kind) complain("", ""); }

function news(text) {
  clearTimeout(newsTimer);
  put(part("news"), text);
  show(part("news"), text !== "");
  if (text) newsTimer = setTimeout(news, NEWS_MS, "");
}

const say = (text) => put(one("[data-say]"), text);
const callOut = (text) => put(one("[data-call-out]"), text);

/** Whether an order was carried out; what stood against it is said. */
function went(answer) {
  eager = EAGER_TICKS;
  if (answer.ok) { settleTrouble("refused"); settleTrouble("offline"); return true; }
  if (answer.isSignedOut) signedOut();
  else if (answer.isOffline) complain("offline", words.say.offline);
  else complain("refused", words.refused[answer.error] ?? words.refused.other, { reload: answer.error === "csrf" });
  return false;
}

function signedOut() {
  isSignedOut = true;
  complain("signed_out", words.say.signed_out, { reload: true });
}

// The line and the bell

const self = await thisWindow(() => isSitting, taken);
const desk = server(root.dataset.home, self.name);
const line = softphone(root.dataset.telephony, desk, {
  fault(code) { if (code) (code === "back" ? news : (text) => complain("refused", text))(words.line[code] ?? words.line.other); },
  gone() {
    if (lineFor === "coach") talks?.gone();
    lineFor = null;
    refresh();
  },
});
const rings = bell({ title: words.say.rings, icon: root.dataset.ringing, isWanted: () => isOn("ring") });
const end = answers ? closing(root, words, note, typed.asked) : null;
const talks = coaches ? coach(root, words, { ask: desk.ask, join: listen, leave: () => { line.leave(); lineFor = null; news(words.say.left); } }) : null;

async function bring(pass, what) {
  isConnecting = true;
  const fault = await line.connect(pass);
  isConnecting = false;
  connectedAt = Date.now();
  lineFor = fault ? null : what;
  if (fault) complain("refused", words.line[fault] ?? words.line.other);
  return !fault;
}

async function listen(id, how) {
  if (lineFor === "talk") return false;
  const answer = await desk.order(`/calls/${id}/listen`, how === "whisper" ? { whisper: 1 } : {});
  return went(answer) && bring(answer.data.token, "coach");
}

// How things stand

let asking = null;
let askAgain = false;

/** Resolves when an answer has come that was asked for after this call. */
function refresh() {
  if (asking) { askAgain = true; return asking; }
  asking = askAll().finally(() => { asking = null; });
  return asking;
}

async function askAll() {
  do {
    askAgain = false;
    if (isSignedOut) return;
    if (answers) await ask();
    if (coaches) await talks.refresh();
  } while (askAgain);
}

async function ask() {
  const asked = Date.now();
  const answer = await desk.ask("/state");
  if (answer.isSignedOut) { signedOut(); return; }
  if (!answer.ok) { complain("offline", words.say.offline); return; }
  settleTrouble("offline");
  ahead = Date.parse(answer.data.now) - Date.now();
  const before = state;
  state = answer.data;
  askedAt = asked;
  tell(before);
  draw();
}

/** What has changed is said aloud, for who hears the page. */
function tell(before) {
  const [was, is] = [before?.call, state.call];
  if (state.offer && state.offer.id !== before?.offer?.id) {
    one(".countdown").dataset.of = 0;
    callOut(fill(isUrgent(is) ? words.say.urgent : words.say.offered, { number: page.numberOf(is) }));
  } else if (!state.offer && before?.offer) callOut(state.seat?.state === "ready" ? words.say.gone : "");
  const [sat, sits] = [before?.seat?.state, state.seat?.state];
  if (sat && sits && sat !== sits && sits !== "offered") say(words.forced[state.seat.reason] ?? words.seats[sits]);
  if (was?.direction === "out" && state.not_reached?.id === was.id) notReached(was, state.not_reached);
  else if (is || !state.not_reached) show(part("not_reached"), false);
  if (sat === "on_call" && sits === "wrap_up") say(is?.state === "TALKING" ? words.say.handed : words.say.over);
  if (was && is && was.id === is.id && was.is_held !== is.is_held) say(is.is_held ? words.say.held : words.say.unheld);
}

/** A call of ours came to nothing: why, and when it is due again. An empty form beside it is of no use any more. */
function notReached(call, { reason, again_at: again, given_up: isGivenUp }) {
  const next = again ? fill(words.say.again, { time: timeOf(again) }) : isGivenUp ? words.say.given_up : "";
  put(part("not_reached"), `${words.not_reached[reason] ?? words.not_reached.other} ${next}`.trim());
  show(part("not_reached"), true);
  if (typed.has(call) && !typed.asked(call)) frame.contentWindow.location.assign(one("[data-callbacks]").href);
}

function draw() {
  const { seat, offer, call, unfinished } = state;
  isSitting = seat !== null;
  show(part("taken"), seat === null);
  show(part("seat"), seat !== null);
  if (seat) page.seat(seat);
  const isWith = WITH_CALL.includes(seat?.state) && !offer;
  show(part("offer"), Boolean(offer));
  if (offer) { page.offer(call); rings.start(); } else rings.stop();
  const isTalk = Boolean(call) && isWith;
  show(part("talk"), isTalk);
  // What was asked before the line was there says nothing of its end.
  if (lineFor === "talk" && !isWith && !isConnecting && seat && askedAt > connectedAt) { line.over(); lineFor = null; }
  const isSettled = Date.now() - connectedAt > SETTLE_MS;
  const isHere = isTalk && may("browser_audio") && !call.is_told; // the talk is by this browser's line
  const isCut = isHere && !isConnecting && (!line.isUp() || (call.interrupted && isSettled));
  if (isTalk) page.talk(call, { isConnecting, isCut, isMuted: line.isMuted(), may });
  show(one("[data-talk-ticket]"), isTalk && Boolean(call.ticket));
  if (isTalk && call.ticket) one("[data-talk-ticket]").href = pageOf(call.ticket);
  put(one("[data-rejoin-why]"), call?.state === "TALKING" ? words.say.broken : words.say.accepted);
  show(part("rejoin"), isCut);
  // Once for a call, as soon as its line is there: also where the page was loaded anew, or nothing was pressed here.
  if (isTalk && !isCut && !isConnecting && call.ticket && formOf !== call.id) {
    formOf = call.id;
    if (isOn("draft")) openDraft();
  }
  // A call of our own making: whoever asked for it is connected, and then the citizen is rung.
  if (isCut && call.direction === "out" && call.state !== "TALKING" && broughtTo !== call.id) {
    broughtTo = call.id;
    enter("/rejoin");
  }
  if (call) page.known(call); else show(part("known"), false);
  drawEnd(seat, call, unfinished, isTalk);
  page.tick(state);
}

function drawEnd(seat, call, unfinished, isTalk) {
  const aimed = end.current()?.id;
  const isOver = seat?.state === "wrap_up" && call && !call.disposition;
  if (isOver || (call && isTalk && aimed === call.id && !call.disposition)) end.aim(call);
  else end.aim(isTalk || state.offer ? null : unfinished.find((one_) => one_.id === aimed) ?? null);
  const rest = unfinished.filter((other) => other.id !== end.current()?.id);
  show(part("unfinished"), rest.length > 0);
  page.list(one("[data-unfinished]"), rest, (place, other) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-link";
    button.textContent = `${page.numberOf(other)} · ${timeOf(other.answered_at)}`;
    button.addEventListener("click", () => { end.aim(other); end.next(); });
    place.append(button);
  });
}

// Orders

async function note(call, fields) {
  await typed.keep(call);
  const answer = await desk.order(`/calls/${call.id}/close`, fields);
  if (!went(answer)) { refresh(); return false; }
  const { number } = answer.data;
  // The draft is none any more: what the form holds is in the ticket, or was nothing to take down.
  if (fields.disposition !== "ticket" && typed.has(call)) {
    frame.contentWindow.location.assign(number ? root.dataset.ticket.replace(/\b0\b/, call.ticket.id) : frame.src);
  }
  await refresh();
  if (number && fields.disposition === "answered") news(fill(words.say.number, { number }));
  else news(state.seat?.state === "ready" ? words.say.done : words.say.noted);
  return true;
}

async function inTalk(what, fields) {
  if (!state?.call) return;
  went(await desk.order(`/calls/${state.call.id}/${what}`, fields));
  await refresh();
}

async function enter(path) {
  const answer = await desk.order(path);
  if (!went(answer)) { await refresh(); return; }
  if (answer.data.token) await bring(answer.data.token, "talk"); // without one the telephone on the desk rings
  await refresh();
}

const pageOf = (ticket) => (ticket.state === "DRAFT" ? root.dataset.draft : root.dataset.ticket).replace(/\b0\b/, ticket.id);

function openDraft() {
  const ticket = state?.call?.ticket;
  if (!ticket || !frame.isConnected) return;
  const to = pageOf(ticket);
  frame.addEventListener("load", () => frame.contentDocument?.querySelector("#content")?.focus(), { once: true });
  frame.contentWindow.location.assign(to);
}

const seat = async (action, fields = {}) => {
  went(await desk.order("/seat", { action, ...fields }));
  await refresh();
};

async function sit() {
  if (went(await desk.order("/sit"))) { isSitting = true; self.took(); }
  await refresh();
}

function taken() {
  isSitting = false;
  refresh();
}

const DO = {
  sit,
  ready: () => { line.prepare(); return seat("ready"); },
  leave: () => seat("leave"),
  accept: () => (state?.offer ? enter(`/offers/${state.offer.id}/accept`) : null),
  decline: async () => {
    if (state?.offer) went(await desk.order(`/offers/${state.offer.id}/decline`));
    await refresh();
  },
  rejoin: () => enter("/rejoin"),
  hold: () => inTalk(state.call.is_held ? "unhold" : "hold"),
  pause_recording: () => inTalk(one('[data-do="pause_recording"]').dataset.pauses ? "pause_recording" : "resume_recording"),
  hang_up: () => inTalk("hang_up"),
  end_consult: () => inTalk("end_consult"),
  mute: () => { line.mute(!line.isMuted()); draw(); },
};

/** One press, one order: until it is answered the button rests. */
async function press(name) {
  const button = one(`[data-do="${name}"]`);
  if (!button || button.disabled || button.closest("[hidden]")) return;
  button.disabled = true;
  button.dataset.busy = "yes";
  try {
    await DO[name]();
  } finally {
    button.disabled = false;
    delete button.dataset.busy;
    if (state) draw();
  }
}

root.addEventListener("click", ({ target }) => {
  const name = target.closest("[data-do]")?.dataset.do;
  if (name) press(name);
});

if (answers) {
  one("[data-pause]").addEventListener("submit", (event) => {
    event.preventDefault();
    seat("pause", { reason: event.target.elements.reason.value });
  });
  consulting(root, (department) => inTalk("consult", { department }));
  root.querySelectorAll("[data-choice]").forEach((box) => {
    box.checked = isOn(box.dataset.choice);
    box.addEventListener("change", () => localStorage.setItem(`hotline-${box.dataset.choice}`, box.checked ? "on" : "off"));
  });
}

// Keys, here and in the desk beside

function toConsult() {
  const fold = one("[data-consult]");
  if (!fold || fold.hidden || part("talk").hidden) return;
  fold.open = true;
  one("#unit-words").focus();
}

function toEnd() {
  if (!end.current() && state?.call && WITH_CALL.includes(state.seat?.state) && !state.offer) end.aim(state.call);
  if (!end.current() && state?.unfinished.length) end.aim(state.unfinished[0]);
  window.focus();
  end.next();
}

function across() {
  if (document.activeElement === frame) { window.focus(); frame.blur(); root.querySelector("button:not(:disabled)")?.focus(); }
  else frame.contentWindow?.focus();
}

const KEYS = {
  F2: () => press(part("offer").hidden ? "rejoin" : "accept"),
  F4: () => press("ready"),
  "Shift+F4": () => { window.focus(); one("#why").focus(); },
  F8: toEnd,
  "Shift+F8": () => press("hang_up"),
  F9: () => press("hold"),
  "Shift+F9": toConsult,
  F10: () => press("pause_recording"),
  "Ctrl+F2": across,
};

function onKey(event) {
  const name = `${event.ctrlKey ? "Ctrl+" : ""}${event.shiftKey ? "Shift+" : ""}${event.key}`;
  if (event.altKey || event.metaKey || !answers || !KEYS[name]) return;
  event.preventDefault();
  if (!event.repeat && state?.seat) KEYS[name]();
}

/** Each page in the frame is a window of its own. One that may not be seen there is opened elsewhere. */
function meetFrame() {
  try {
    if (frame.contentWindow.location.href === "about:blank") return;
    frame.contentWindow.addEventListener("keydown", onKey);
    refresh(); // a form may have been sent
  } catch {
    frame.remove();
    show(document.querySelector("#no-desk"), true);
    refresh();
  }
}

addEventListener("keydown", onKey);
frame.addEventListener("load", meetFrame);
if ((frame.contentDocument?.readyState ?? "complete") === "complete") meetFrame(); // it came before we listened
addEventListener("online", refresh);
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
addEventListener("beforeunload", (event) => { if (state?.seat?.state === "on_call" && line.isUp()) event.preventDefault(); });

function second() {
  ticks += 1;
  if (state) page.tick(state);
  talks?.tick(at);
  const isDue = state?.offer && Date.parse(state.offer.expires_at) <= at();
  const isRinging = state?.call?.parties.some((party) => party.is_open && party.status !== "joined");
  if (isDue || isRinging || eager-- > 0 || ticks % ASK_TICKS === 0) refresh();
}

new Worker(root.dataset.tick).onmessage = second;
onCallNews(refresh);
/** Whether no other window answers. One of this browser's that was closed in mid-call cannot say so itself. */
async function isFree() {
  if (state.elsewhere && state.elsewhere !== self.latest()) return false;
  if (state.elsewhere) await new Promise((done) => setTimeout(done, SILENCE_MS));
  return !self.isTaken();
}

await refresh();
if (answers && state && !state.seat && await isFree()) await sit();
