// The bell in the header: how many notices are unread. A page with a socket hears of new ones by it; all ask now and
// then, because a lost message shows no gap.

const MINUTE = 60_000;

const bell = document.querySelector("[data-bell]");
const count = bell?.querySelector("[data-count]");
const sign = bell?.querySelector("[data-said]");

function show(unread) {
  const many = Number(bell.dataset.many);
  const text = unread >= many ? `${many - 1}+` : String(unread);
  if (count.textContent === text) return;
  count.textContent = text;
  count.hidden = unread === 0;
  sign.textContent = unread === 0 ? "" : bell.dataset.words.replace("{count}", text);
}

async function ask() {
  try {
    const answer = await fetch(bell.dataset.bell, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.ok) show((await answer.json()).unread);
  } catch {
    // No network: the count stays as it was.
  }
}

if (bell) {
  ask();
  document.addEventListener("hotline:notice", ask);
  setInterval(() => { if (!document.hidden) ask(); }, MINUTE);
}
