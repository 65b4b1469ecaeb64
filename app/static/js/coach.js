// For whoever coaches: talks that go on, and joining one, unheard or heard by its operator alone.

import { clock, fill, put, show } from "./panels.js";

/** Returns {refresh(), tick(at)}. `join(id, how)` resolves to whether the line came; `leave()` gives it up. */
export function coach(root, words, { ask, join, leave }) {
  const place = root.querySelector("[data-talks]");
  const note = root.querySelector("[data-coaching]");
  const made = root.querySelector("[data-talk-line]");
  const lines = new Map();
  let joined = null; // {id, how}

  function tell() {
    put(note, joined ? (joined.how === "whisper" ? words.say.whispering : words.say.listening) : "");
    show(note, joined !== null);
    lines.forEach((line, id) => {
      line.querySelectorAll("[data-coach]").forEach((button) => {
        const isThis = joined?.id === id;
        const isDone = isThis && joined.how === button.dataset.coach;
        const isFor = button.dataset.coach !== "whisper" || !line.dataset.handed; // nobody is left to be whispered to
        show(button, button.dataset.coach === "leave" ? isThis : isFor && !isDone);
      });
    });
  }

  function lineOf(talk) {
    if (lines.has(talk.id)) return lines.get(talk.id);
    const line = made.content.firstElementChild.cloneNode(true);
    line.querySelector('[data-is="line"]').textContent = [talk.line, words.langs[talk.lang] ?? talk.lang].join(" · ");
    line.addEventListener("click", ({ target }) => {
      const how = target.closest("[data-coach]")?.dataset.coach;
      if (how) act(talk.id, how);
    });
    lines.set(talk.id, line);
    place.append(line);
    return line;
  }

  async function act(id, how) {
    if (how === "leave") { leave(); joined = null; }
    else joined = (await join(id, how)) ? { id, how } : null;
    tell();
  }

  async function refresh() {
    const answer = await ask("/talks");
    if (!answer.ok) return;
    const on = new Set(answer.data.talks.map((talk) => talk.id));
    for (const [id, line] of lines) if (!on.has(id)) { line.remove(); lines.delete(id); }
    for (const talk of answer.data.talks) {
      const line = lineOf(talk);
      line.dataset.since = talk.answered_at;
      line.dataset.handed = talk.handed_to ?? "";
      const words_ = talk.handed_to ? fill(words.say.handed_to, { unit: talk.handed_to }) : talk.staff;
      put(line.querySelector('[data-is="staff"]'), words_);
    }
    if (joined?.how === "whisper" && lines.get(joined.id)?.dataset.handed) { leave(); joined = null; }
    show(root.querySelector("[data-no-talks]"), on.size === 0);
    if (joined && !on.has(joined.id)) { leave(); joined = null; }
    tell();
  }

  return {
    refresh,
    gone() { joined = null; tell(); },
    tick(at) { lines.forEach((line) => put(line.querySelector('[data-is="time"]'), clock(at() - Date.parse(line.dataset.since)))); },
  };
}
