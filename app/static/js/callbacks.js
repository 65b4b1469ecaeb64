// Calls back from the list, or rings a ticket's citizen. The call itself is on the telephone page around it, which connects by itself.

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
const note = document.querySelector("[data-callback-note]");

async function send(address, fields = {}) {
  const body = new URLSearchParams(fields);
  const headers = { Accept: "application/json", "X-CSRFToken": token, "X-Console": sessionStorage.getItem("console") ?? "" };
  try {
    const answer = await fetch(address, { method: "POST", headers, body, redirect: "manual" });
    return answer.ok;
  } catch {
    return false;
  }
}

function say(text) {
  note.textContent = text;
  note.hidden = false;
}

document.querySelectorAll("[data-call]").forEach((button) => {
  button.addEventListener("click", async () => {
    if (!sessionStorage.getItem("console")) { say(note.dataset.noConsole); return; }
    button.disabled = true;
    const isRung = await send(button.dataset.call);
    if (isRung) button.closest("tr")?.classList.add("opacity-50");
    else { button.disabled = false; say(note.dataset.failed); }
  });
});

document.querySelectorAll("[data-close]").forEach((choice) => {
  choice.addEventListener("change", async () => {
    if (!choice.value) return;
    if (await send(choice.dataset.close, { reason: choice.value })) choice.closest("tr").remove();
    else say(note.dataset.failed);
  });
});
