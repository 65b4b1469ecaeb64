// For whoever coaches: talks that go on, and joining one, unheard or heard by its operator alone.

import { clock, put, show } from "./panels.js";

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
        show(button, button.dataset.coach === "leave" ? isThis : !(isThis && joined.how === button.dataset.coach));
      });
    });
  }

  function lineOf(talk) {
    if (lines.has(talk.id)) return lines.get(talk.id);
    const line = made.content.firstElementChild.cloneNode(true);
    line.querySelector('[data-is="staff"]').textContent = talk.staff;
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
    answer.data.talks.forEach((talk) => { lineOf(talk).dataset.since = talk.answered_at; });
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
