// Checks the chain of the record stretch by stretch, so that nobody has to press "go on". The last stretch is
// opened as a page, which says how it ended.

const next = document.querySelector("[data-walk]");

async function walk(from, to) {
  let at = from;
  for (;;) {
    const address = new URL(next.href);
    address.searchParams.set("after", at);
    const answer = await fetch(address, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (!answer.ok) return;
    const stretch = await answer.json();
    document.querySelector("progress").value = stretch.reached;
    document.querySelector("[data-reached]").textContent = stretch.reached;
    if (stretch.broken !== null || stretch.reached >= to) {
      window.location.assign(address);
      return;
    }
    at = stretch.reached;
    next.href = address;
  }
}

// Without an answer the button is still there, at the place that was reached.
if (next) walk(Number(next.dataset.walk), Number(next.dataset.to)).catch(() => {});
