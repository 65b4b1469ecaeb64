// Keeps what is typed into a form on the server, so that a closed window loses nothing.
// A form says with data-draft under which name; nothing is kept of forms without it.

const PAUSE_MS = 2_000;
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (name !== "csrf_token" && name !== "version" && typeof value === "string") {
      fields[name] = name in fields ? `${fields[name]}\n${value}` : value;
    }
  }
  return fields;
}

async function keep(form) {
  const note = form.querySelector("[data-draft-note]");
  try {
    const answer = await fetch("/desk/drafts", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ form: form.dataset.draft, fields: fieldsOf(form) }),
      redirect: "manual",
    });
    if (note) note.textContent = answer.ok ? note.dataset.kept : note.dataset.notKept;
  } catch {
    if (note) note.textContent = note.dataset.notKept;
  }
}

document.querySelectorAll("form[data-draft]").forEach((form) => {
  let waiting = null;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => keep(form), PAUSE_MS);
  });
  form.addEventListener("submit", () => clearTimeout(waiting));
});
