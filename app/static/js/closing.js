// What became of a call. Most were questions: F8 chooses "answered at once", Enter notes it. Nothing typed is lost
// until the server has it.

import { put, show, timeOf } from "./panels.js";

/** `close(call, fields)` resolves to whether it was taken; `asked(call)` is what the register form says of the matter.
    Returns {aim(call), next(), current()}. */
export function closing(root, words, close, asked) {
  const place = root.querySelector('[data-part="closing"]');
  const form = place.querySelector("form");
  const button = form.querySelector("button");
  const { content } = form.elements;
  const radios = [...form.elements.disposition];
  const typed = new Map(); // call -> what stood in the form when another came between
  let target = null;
  const worded = new Set(); // calls whose question was put in words here
  let isChosen = false;

  function follow() {
    const chosen = form.elements.disposition.value;
    form.querySelectorAll("[data-for]").forEach((fields) => show(fields, fields.dataset.for === chosen));
  }

  function keep() {
    if (target) typed.set(target.id, new FormData(form));
  }

  function aim(call) {
    if (target?.id !== call?.id) {
      keep();
      form.reset();
      isChosen = false;
      for (const [name, value] of typed.get(call?.id) ?? []) form.elements[name].value = value;
    }
    target = call;
    show(place, call !== null);
    if (call) { write(call); quote(); }
    follow();
  }

  /** What is typed in the register form stands here too, until somebody puts it otherwise. */
  function quote() {
    if (target && !worded.has(target.id)) content.value = asked(target) || content.defaultValue;
  }

  function write({ ticket, number, answered_at: from }) {
    put(place.querySelector('[data-closing="number"]'), number || words.say.withheld);
    put(place.querySelector('[data-closing="at"]'), timeOf(from));
    const link = place.querySelector("[data-closing-ticket]");
    put(link, ticket ? ticket.number ?? words.say.draft : "");
    if (ticket) link.href = (ticket.number ? root.dataset.ticket : root.dataset.draft).replace(/\b0\b/, ticket.id);
    // A draft that was registered meanwhile is a ticket, and can be nothing else.
    const isTicket = Boolean(ticket) && ticket.state !== "DRAFT";
    radios.forEach((radio) => { radio.disabled = isTicket && radio.value !== "ticket"; });
    if (isTicket) form.elements.disposition.value = "ticket";
    else if (!isChosen && !typed.has(target.id)) form.elements.disposition.value = "answered";
  }

  content.addEventListener("input", () => worded.add(target?.id));
  form.addEventListener("change", () => { isChosen = true; follow(); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled || !target) return;
    button.disabled = true;
    quote();
    const call = target;
    const { id } = call;
    const taken = await close(call, Object.fromEntries(new FormData(form)));
    button.disabled = false;
    if (!taken) { button.focus(); return; }
    typed.delete(id);
    if (target?.id !== id) return;
    target = null;
    form.reset();
    isChosen = false;
    show(place, false);
  });

  return {
    current: () => target,
    /** Shown, without taking the focus from whatever is typed elsewhere. */
    aim,
    /** The first press comes here, each further one goes on to the next choice. */
    next() {
      if (!target) return;
      quote();
      if (document.activeElement === button) {
        const open = radios.filter((radio) => !radio.disabled);
        const now = open.findIndex((radio) => radio.checked);
        open[(now + 1) % open.length].checked = true;
        isChosen = true;
        follow();
      }
      button.focus();
      place.scrollIntoView({ block: "nearest" });
    },
  };
}
