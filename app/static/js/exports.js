// How far the files are: numbers change in place, and the page is shown anew when one of them is ready.

const table = document.querySelector("[data-progress]");
const EVERY_MS = 2_000;

async function ask() {
  let answer;
  try {
    answer = await fetch(table.dataset.progress, { headers: { Accept: "application/json" }, redirect: "manual" });
  } catch {
    return;
  }
  if (!answer.ok) return;
  for (const [id, state, rows] of (await answer.json()).rows) {
    const line = table.querySelector(`tr[data-export="${Number(id)}"]`);
    if (!line) continue;
    if (line.dataset.state !== state) { location.reload(); return; }
    if (state === "OWED" && rows) line.querySelector("[data-rows]").textContent = rows;
  }
}

setInterval(ask, EVERY_MS);
