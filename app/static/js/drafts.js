// Keeps what is typed into a form on the server, so that a closed window loses nothing.
// A form says with data-draft under which name; nothing is kept of forms without it.

const PAUSE_MS = 2_000;
const LONGEST_MS = 1_500; // a form that is sent waits no longer for its draft
const NOT_TYPED = ["csrf_token", "version", "draft"];
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

function fieldsOf(form) {
  const fields = {};
  for (const [name, value] of new FormData(form)) {
    if (!NOT_TYPED.includes(name) && typeof value === "string") {
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
  let waiting = null; // the timer of the next save
  let saving = null; // the save under way
  let sending = false;
  let released = false;

  function save() {
    clearTimeout(waiting);
    waiting = null;
    const mine = (saving ?? Promise.resolve()).then(() => keep(form));
    saving = mine;
    mine.then(() => { if (saving === mine) saving = null; });
  }

  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(save, PAUSE_MS);
  });

  // What was typed last is kept before the form goes: it may not arrive. Not beside it: a save that came after the
  // form was taken would bring back what is done.
  form.addEventListener("submit", async (event) => {
    if (released || (waiting === null && saving === null)) return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    if (waiting !== null) save();
    await Promise.race([saving, new Promise((done) => setTimeout(done, LONGEST_MS))]);
    released = true;
    form.requestSubmit(event.submitter);
    released = false;
    sending = false;
  });
});
