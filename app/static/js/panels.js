// What the telephone page shows: the seat, an offer, the talk, tickets of the number. It writes what the server
// said and nothing else; `at()` is the server's time.

const HOUR = 3_600;
const pad = (number) => String(number).padStart(2, "0");

/** A length of time as a clock shows it. */
export function clock(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(all / HOUR), Math.floor(all / 60) % 60, all % 60];
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${minutes}:${pad(seconds)}`;
}

/** The time of day in the city's zone, wherever the browser is. */
export function timeOf(moment) {
  const form = { timeZone: document.querySelector("#telephone").dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  return moment ? new Intl.DateTimeFormat(document.documentElement.lang, form).format(new Date(moment)) : "";
}

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export function put(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

export function show(element, yes) {
  if (element && element.hidden === yes) element.hidden = !yes;
}

const INSIDE = ["joining", "joined"];
const EMERGENCY_KEY = "9";
const AT_REST = ["offline", "ready", "wrap_up", "break"];

/** Whether the caller pressed the key for an emergency in our own menu; a platform's menu has other keys. */
export const isUrgent = (call) => !call.is_told && call.chosen.includes(EMERGENCY_KEY);

export function panels(root, words, at) {
  const one = (selector) => root.querySelector(selector);
  const part = (name) => one(`[data-part="${name}"]`);
  const since = (moment) => (moment ? clock(at() - Date.parse(moment)) : "");
  const until = (moment) => (moment ? clock(Date.parse(moment) - at() + 999) : "");
  const lineOf = ({ line, line_name: name }) => (!name || name.includes(line) ? name || line : `${line} ${name}`);
  const numberOf = (call) => call.number || words.say.withheld;

  function seat(now) {
    const { state, reason } = now;
    one(".seat").dataset.seat = state;
    const name = words.seats[state] ?? state;
    put(one("[data-seat-name]"), state === "break" && words.breaks[reason] ? `${name}: ${words.breaks[reason]}` : name);
    const why = words.forced[reason] ?? "";
    put(one("[data-seat-why]"), why);
    show(one("[data-seat-why]"), why !== "" && (state === "break" || state === "offline"));
    show(one("[data-seat-buttons]"), AT_REST.includes(state));
    show(one('[data-do="ready"]'), state !== "ready");
    show(one('[data-do="leave"]'), state !== "offline");
    put(one("[data-ready]"), state === "wrap_up" ? words.say.ready_now : words.say.ready);
  }

  function offer(call) {
    const field = (name, text) => put(one(`[data-offer="${name}"]`), text || "–");
    field("number", numberOf(call));
    field("line", lineOf(call));
    field("lang", words.langs[call.lang] ?? call.lang);
    field("skills", call.skills.map((code) => words.skills[code] ?? code).join("、"));
    const pressed = call.chosen.map((digit) => `${digit} ${words.menu[digit] ?? ""}`.trim());
    field("chosen", [...pressed, call.asked_number].filter(Boolean).join("、"));
    field("open", String(call.known.open));
    show(one("[data-again]"), call.again);
    show(one("[data-offer-urgent]"), isUrgent(call));
    part("offer").dataset.urgent = isUrgent(call) ? "yes" : "";
  }

  function talk(call, { isConnecting, isCut, isMuted, may }) {
    const field = (name, text) => put(one(`[data-talk="${name}"]`), text);
    const isTalking = call.state === "TALKING";
    const isRung = !isTalking && call.direction === "out" && !isConnecting;
    field("state", isRung ? words.say.ringing_out : isConnecting || !isTalking ? words.say.connecting : words.say.talking);
    field("number", numberOf(call));
    field("line", lineOf(call));
    const recording = words.recording[call.recording] ?? "";
    field("recording", recording && ` · ${recording}`);
    one(".recording").dataset.recording = call.recording ?? "";
    show(one("[data-held]"), call.is_held);
    const open = call.parties.filter((party) => party.is_open);
    const isIn = open.some((party) => INSIDE.includes(party.status));
    put(one("[data-hold]"), call.is_held ? (isIn ? words.say.three : words.say.resume) : words.say.hold);
    put(one("[data-hang-up]"), isIn ? words.say.hand_over : words.say.hang_up);
    const pauses = ["on", "not_paused"].includes(call.recording);
    put(one("[data-pause-recording]"), pauses ? words.say.pause : words.say.go_on);
    one('[data-do="pause_recording"]').dataset.pauses = pauses ? "yes" : "";
    put(one("[data-mute]"), isMuted ? words.say.unmute : words.say.mute);
    show(one('[data-do="end_consult"]'), open.length > 0);
    show(one("[data-consult]"), open.length === 0 && may("consult") && !isRung);
    ["hold", "pause_recording"].forEach((what) => show(one(`[data-do="${what}"]`), may(what) && !isRung));
    show(one('[data-do="hang_up"]'), may("hang_up"));
    show(one('[data-do="mute"]'), !isRung);
    show(one('[data-talk="recording"]'), may("pause_recording"));
    const parties = call.parties.map((party) => ({ ...party, isAlone: call.is_held && party.status === "joined" }));
    list(one("[data-parties]"), parties, (line, party) => {
      line.textContent = `${party.name} ${party.isAlone ? words.say.alone : words.parties[party.status] ?? party.status}`;
      line.dataset.open = party.is_open ? "yes" : "";
    });
    part("talk").querySelectorAll("button").forEach((button) => {
      const ends = button.dataset.do === "hang_up";
      const rests = (!isTalking && !(call.direction === "out" && ends)) || (isCut && !ends);
      button.disabled = rests || button.dataset.busy === "yes";
    });
  }

  function known(call) {
    const { open, tickets } = call.known;
    show(part("known"), tickets.length > 0 || open > 0);
    list(one("[data-known]"), tickets, (line, row) => {
      const link = document.createElement("a");
      link.href = root.dataset.ticket.replace(/0$/, row.id);
      link.target = "desk";
      link.textContent = row.number;
      line.append(link, ` ${words.states[row.state] ?? row.state} · ${row.title}`);
    });
    const seen = tickets.filter((row) => !words.ended.includes(row.state)).length;
    put(one("[data-known-more]"), fill(words.say.more, { count: open - seen }));
    show(one("[data-known-more]"), open > seen);
  }

  /** A list is written anew only where it says something else: a reader's place in it stays. */
  function list(place, rows, write) {
    const said = JSON.stringify(rows);
    if (place.dataset.said === said) return;
    place.dataset.said = said;
    place.replaceChildren(...rows.map((row) => {
      const line = document.createElement("li");
      write(line, row);
      return line;
    }));
  }

  /** What changes with time alone, once a second. */
  function tick({ seat: sits, offer: offered, call, waiting, waiting_since: first, callbacks, texts }) {
    const owed = Object.entries({ callbacks, texts }).filter(([, count]) => count > 0);
    put(one("[data-callbacks-count]"), String(callbacks + texts));
    show(one("[data-callbacks-count]"), owed.length > 0);
    put(one("[data-callbacks-said]"), owed.map(([kind, count]) => fill(words.say[kind], { count })).join(", "));
    const rings = waiting > 0 ? { count: waiting, time: since(first) } : null;
    put(one("[data-waiting]"), rings ? fill(words.say.waiting, rings) : words.say.nobody_waits);
    if (!sits) return;
    const left = sits.state === "wrap_up" && sits.until ? ` · ${fill(words.say.wrap_up, { time: until(sits.until) })}` : "";
    put(one("[data-seat-since]"), sits.state === "offline" ? "" : since(sits.since) + left);
    if (offered) {
      const bar = one(".countdown");
      const remaining = Date.parse(offered.expires_at) - at();
      bar.max = Math.max(Number(bar.dataset.of) || 0, remaining, 1);
      bar.dataset.of = bar.max;
      bar.value = Math.max(0, remaining);
      put(one('[data-offer="waited"]'), since(call.waiting_since));
    }
    if (call) put(one('[data-talk="time"]'), since(call.answered_at));
  }

  return { seat, offer, talk, known, list, tick, part, one, numberOf };
}
