// Routing's suggestion beside the intake form while it is typed. It only shows; what it names is taken over by hand.

const PAUSE_MS = 500;
const LEAST = 4; // characters before there is anything to ask

const form = document.querySelector("form[data-draft]");
const box = document.querySelector("#suggestion");
const body = box.querySelector("[data-body]");
const words = JSON.parse(box.dataset.words);
const nothing = body.firstElementChild;
const isOpen = { why: false, more: false }; // what the reader unfolded stays so
let waiting = null;
let running = null;

function part(tag, text, className = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

function list(lines) {
  const items = part("ul", "");
  lines.forEach((line) => items.append(part("li", line)));
  return items;
}

function take(name, value, text) {
  const field = form.elements[name];
  if (!value || field.value === value) return [];
  const button = part("button", text, "btn btn-outline-primary btn-sm");
  button.type = "button";
  button.addEventListener("click", () => {
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    // The keyboard stays where the hands are: at the next thing to take, or else at the field that was filled.
    button.remove();
    (box.querySelector("button") ?? field).focus();
  });
  return [button];
}

function show(found) {
  const head = part("p", found.unit ? `${found.dispatches ? words.dispatches : words.suggests} ` : words.none);
  if (found.unit) {
    head.append(part("strong", found.unit), ` · ${words.confidence.replace("{share}", found.confidence.toFixed(2))}`);
  }
  const parts = [head];
  if (found.assists.length > 0) parts.push(part("p", `${words.assists}: ${found.assists.join("、")}`));
  const buttons = part("p", "", "row-of");
  buttons.append(
    ...take("category_code", found.category, words.take_category.replace("{name}", found.category_name)),
    ...take("region_code", found.region, words.take_region.replace("{name}", found.region_name)),
  );
  if (buttons.childElementCount > 0) parts.push(buttons);
  const why = part("details", "");
  why.open = isOpen.why;
  why.addEventListener("toggle", () => { isOpen.why = why.open; });
  why.append(part("summary", words.reasons), list(found.reasons));
  if (found.basis) why.append(part("p", `${words.basis}: ${found.basis}`, "small text-body-secondary"));
  parts.push(why);
  if (found.alternatives.length > 0) {
    const more = part("details", "");
    more.open = isOpen.more;
    more.addEventListener("toggle", () => { isOpen.more = more.open; });
    more.append(part("summary", words.alternatives));
    more.append(list(found.alternatives.map((one) => `${one.unit} · ${one.confidence.toFixed(2)} · ${one.category_name}`)));
    parts.push(more);
  }
  const held = body.contains(document.activeElement) ? document.activeElement : null;
  body.replaceChildren(...parts);
  if (held) (body.querySelector(held.tagName === "BUTTON" ? "button" : "summary") ?? form.elements.content).focus();
}

async function ask() {
  const fields = new URLSearchParams(new FormData(form));
  if ((fields.get("content") + fields.get("title")).trim().length < LEAST) { body.replaceChildren(nothing); return; }
  running?.abort();
  running = new AbortController();
  try {
    const answer = await fetch(box.dataset.ask, {
      method: "POST", body: fields, headers: { Accept: "application/json" }, redirect: "manual", signal: running.signal,
    });
    if (answer.ok) show(await answer.json());
  } catch {
    // No network, or typed on meanwhile: the next pause asks again.
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, PAUSE_MS);
});
ask();
