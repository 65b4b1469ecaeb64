// How many lines wait on each queue, beside its name. Without an answer the names stand alone.

const ASK_MS = 60_000;
const WIDE = "(min-width: 64rem)";

const place = document.querySelector("[data-waiting]");
const many = Number(place.dataset.many);
const fold = place.closest("details");

async function ask() {
  let lines;
  try {
    const answer = await fetch(place.dataset.waiting, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (!answer.ok) return;
    lines = await answer.json();
  } catch {
    return; // no network: the counts stay as they were, and the lamp says so
  }
  place.querySelectorAll("[data-board]").forEach((link) => {
    const sign = link.querySelector("[data-lines]");
    const count = lines[link.dataset.board] ?? 0;
    const text = count >= many ? `${many - 1}+` : String(count);
    if (sign.textContent !== text) sign.textContent = text;
    sign.hidden = count === 0;
  });
}

if (fold) fold.open = matchMedia(WIDE).matches;
ask();
setInterval(() => { if (!document.hidden) ask(); }, ASK_MS);
