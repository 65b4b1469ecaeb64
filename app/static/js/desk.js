// The keys of the desk, on every page of staff. They only press what stands on the page, so a key never does
// more than the person could do by hand. Single keys rest while something is typed, and can be switched off.

const OFF = "keys-off";
const help = document.querySelector("#help");
const press = (selector) => document.querySelector(selector)?.click();

function isTyping(target) {
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

const lines = () => [...document.querySelectorAll("table.board tbody tr[data-id]")];
const chosen = () => document.querySelector("table.board tr[aria-selected=true]");

function choose(step) {
  const all = lines();
  if (all.length === 0) return;
  const now = all.indexOf(chosen());
  const next = all[Math.min(all.length - 1, Math.max(0, now < 0 ? 0 : now + step))];
  chosen()?.removeAttribute("aria-selected");
  next.setAttribute("aria-selected", "true");
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function toFirstAction() {
  const place = document.querySelector("[data-actions]") ?? document.querySelector("main");
  place.querySelector(":is(summary, button, .btn, textarea, select, input:not([type=hidden])):not([hidden])")?.focus();
}

function find() {
  const field = document.querySelector("#q");
  if (field) field.focus();
  else press("nav [data-key=find]");
}

const KEYS = {
  "?": () => help.showModal(),
  "/": find,
  b: () => press("nav [data-key=boards]"),
  n: () => press("nav [data-key=new]"),
  s: () => press("nav [data-key=second]"),
  j: () => choose(1),
  k: () => choose(-1),
  a: () => (chosen()?.querySelector("[data-accept]") ?? document.querySelector("section [data-accept]"))?.click(),
  r: () => press("#fresh:not([hidden])"),
  f: toFirstAction,
  l: () => { const fold = document.querySelector("[data-filter]"); if (fold) { fold.open = true; fold.querySelector("select, input:not([type=hidden])").focus(); } },
  ">": () => press("a[rel=next]"),
  "<": () => press("a[rel=first]"),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey && event.key === "Enter") {
    // In a fold that has a way of its own to send the form, that way.
    const own = event.target.closest("form details")?.querySelector("button[name]");
    event.target.closest("form")?.requestSubmit(own);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || help.open) return;
  if (localStorage.getItem(OFF) && event.key !== "?") return;
  const act = KEYS[event.key] ?? (/^[1-9]$/.test(event.key)
    ? () => document.querySelectorAll(".nav-tabs a, .boards a")[event.key - 1]?.click() : null);
  if (!act) return;
  event.preventDefault();
  act();
});

document.querySelectorAll("[data-help]").forEach((button) => {
  button.addEventListener("click", () => help.showModal());
});
// Where the style sheet cannot show the menu as a line of links, it is open where there is room.
if (!CSS.supports("selector(::details-content)")) {
  document.querySelectorAll(".menu").forEach((menu) => { menu.open = matchMedia("(min-width: 47.01rem)").matches; });
}
const box = help.querySelector("[data-keys]");
box.checked = !localStorage.getItem(OFF);
box.addEventListener("change", () => {
  if (box.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
});
