// The form of a call's draft in the desk beside the telephone, where it stands open there.

const LONGEST_MS = 1_500; // a call that is closed waits no longer for what is typed to be kept

/** Returns {has(call), asked(call), keep(call)}. */
export function beside(frame) {
  function form({ ticket }) {
    const found = frame.contentDocument?.querySelector("form[data-draft]");
    return ticket && found?.dataset.draft === `${ticket.id}-register` ? found : null;
  }

  return {
    has: (call) => form(call) !== null,
    /** What is typed of the matter. */
    asked: (call) => form(call)?.elements.content.value.trim() ?? "",
    /** Resolves when all that is typed is kept, or has taken too long. */
    async keep(call) {
      const saving = [];
      form(call)?.ownerDocument.dispatchEvent(new CustomEvent("hotline:keep", { detail: saving }));
      await Promise.race([Promise.all(saving), new Promise((done) => setTimeout(done, LONGEST_MS))]);
    },
  };
}
