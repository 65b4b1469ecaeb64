// The choice of a department to be asked in a talk, by parts of its name.

/** `ring(id)` rings the department chosen. */
export function consulting(root, ring) {
  const [field, choice] = [root.querySelector("#unit-words"), root.querySelector("#unit")];
  const every = [...choice.options];
  field.addEventListener("input", () => {
    const parts = field.value.trim().split(/\s+/);
    choice.replaceChildren(...every.filter((unit) => parts.every((words_) => unit.text.includes(words_))));
    choice.selectedIndex = choice.options.length && field.value.trim() ? 0 : -1;
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown") return;
    event.preventDefault();
    choice.focus();
    choice.selectedIndex = Math.max(0, choice.selectedIndex);
  });
  choice.addEventListener("keydown", (event) => { if (event.key === "Enter") choice.form.requestSubmit(); });
  choice.form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!choice.value) { field.focus(); return; }
    ring(choice.value);
  });
}
