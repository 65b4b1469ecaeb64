// Lines of a board chosen for one step. x chooses the line one is at, Shift+x all from the last one chosen to it.
// The boxes are part of the form: without this script they are ticked by hand.

const form = document.querySelector("#bulk");
const table = document.querySelector("table.board");
const boxes = () => [...table.querySelectorAll("input[name=line]")];
let last = null;

function count() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  form.querySelector("[data-chosen]").textContent = chosen;
  form.querySelector("[data-go]").disabled = chosen === 0;
  form.toggleAttribute("data-some", chosen > 0);
  const whole = form.querySelector("[data-all]");
  whole.checked = chosen > 0 && chosen === all.length;
  whole.indeterminate = chosen > 0 && chosen < all.length;
}

function choose(box, isRange) {
  const all = boxes();
  const from = all.indexOf(last);
  const to = all.indexOf(box);
  if (isRange && from >= 0) {
    all.slice(Math.min(from, to), Math.max(from, to) + 1).forEach((one) => { one.checked = true; });
  } else {
    box.checked = !box.checked;
  }
  last = box;
  count();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
  if (localStorage.getItem("keys-off") || document.querySelector("dialog[open]")) return;
  const box = table.querySelector("tr[aria-selected=true] input[name=line]");
  if (!box) return;
  event.preventDefault();
  choose(box, event.shiftKey);
});

table.addEventListener("click", (event) => {
  if (event.target.name !== "line") return;
  if (event.shiftKey && last && last !== event.target) choose(event.target, true);
  last = event.target;
  count();
});

form.querySelector("[data-all]").addEventListener("change", (event) => {
  boxes().forEach((box) => { box.checked = event.target.checked; });
  count();
});

count();
