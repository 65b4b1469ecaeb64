// Keeps what is typed into a form on the server, so that a closed window loses nothing.
// A form says with data-draft under which name; nothing is kept of forms without it.

const PAUSE_MS = 2_000;
const LONGEST_UNKEPT_MS = 5_000; // of typing without a pause
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

// Returns whether there was a connection; what the server said of the text stands in the note.
async function keep(form, asThePageGoes = false) {
  const note = form.querySelector("[data-draft-note]");
  try {
    const answer = await fetch("/desk/drafts", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
      body: JSON.stringify({ form: form.dataset.draft, fields: fieldsOf(form) }),
      redirect: "manual",
      keepalive: asThePageGoes,
    });
    const { kept, refused, notKept } = note?.dataset ?? {};
    if (note) note.textContent = answer.ok ? kept : answer.status < 500 ? refused : notKept;
    return true;
  } catch {
    if (note) note.textContent = note.dataset.notKept;
    return false;
  }
}

document.querySelectorAll("form[data-draft]").forEach((form) => {
  let waiting = null; // the timer of the next save
  let since = 0; // when the first of the keys was struck that wait for it
  let saving = null; // the save under way
  let sending = false;
  let released = false;
  let sent = false;

  function save(asThePageGoes = false) {
    clearTimeout(waiting);
    waiting = null;
    // One after the other, but for the last: the page may be gone before the one under way has come back.
    const mine = asThePageGoes ? keep(form, true) : (saving ?? Promise.resolve()).then(() => keep(form));
    saving = mine;
    mine.then((reached) => {
      if (saving === mine) saving = null;
      if (!reached) waiting ??= setTimeout(() => save(), PAUSE_MS); // tried again until there is a connection
    });
  }

  form.addEventListener("input", () => {
    if (waiting === null) since = Date.now();
    clearTimeout(waiting);
    waiting = setTimeout(() => save(), Math.max(0, Math.min(PAUSE_MS, since + LONGEST_UNKEPT_MS - Date.now())));
  });

  // Whoever leaves in the middle of a word finds it again.
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && waiting !== null && !sending && !sent) save(true);
  });

  // The telephone page is about to do something with what is kept: it waits for what it finds in `detail`.
  document.addEventListener("hotline:keep", ({ detail }) => {
    if (waiting !== null) save();
    if (saving !== null) detail.push(saving);
  });

  // What was typed last is kept before the form goes: it may not arrive. Not beside it: a save that came after the
  // form was taken would bring back what is done.
  form.addEventListener("submit", async (event) => {
    if (released || (waiting === null && saving === null)) return;
    event.preventDefault();
    if (sending) return;
    sending = true;
    if (waiting !== null) save();
    const reached = await Promise.race([saving, new Promise((done) => setTimeout(done, LONGEST_MS, true))]);
    sending = false;
    // Sent without a connection, the form would leave for the browser's own page of errors.
    if (!reached) {
      const note = form.querySelector("[data-draft-note]");
      if (note) note.textContent = note.dataset.notSent;
      return;
    }
    released = true;
    form.requestSubmit(event.submitter);
    released = false;
  });

  // Whichever form leaves the page: it decides what becomes of the draft.
  document.addEventListener("submit", (event) => { if (!event.defaultPrevented) sent = true; });

  // Back from another page, a browser fills in what had been typed, into a form that stands closed.
  addEventListener("pageshow", () => {
    sent = false;
    const typed = [...form.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
    const fold = form.closest("details");
    if (typed && fold) fold.open = true;
  });
});
