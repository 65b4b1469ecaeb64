// Shows how far a count in the background is, and its result when it has ended.

const PAUSE = 1000;

async function follow() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    const answer = await fetch(window.location.href, { headers: { Accept: "application/json" }, redirect: "manual" });
    if (!answer.ok) return;
    const { done, ended } = await answer.json();
    if (ended) {
      window.location.reload();
      return;
    }
    document.querySelector("progress").value = done;
    document.querySelector("[data-done]").textContent = done;
  }
}

// Without an answer there is still the link to look again.
if (document.querySelector("[data-counting]")) follow().catch(() => {});
