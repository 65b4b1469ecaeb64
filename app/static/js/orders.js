// What the telephone page asks and orders of the server. Every answer says whether it could be asked at all.

const PATIENCE_MS = 10_000;
const token = document.querySelector('meta[name="csrf-token"]').content;

/** `name` is how this window calls itself. Both return {ok, data, error, isOffline, isSignedOut}. */
export function server(base, name) {
  async function send(path, options) {
    let answer;
    try {
      answer = await fetch(base + path, {
        ...options,
        headers: { Accept: "application/json", "X-CSRFToken": token, "X-Console": name },
        redirect: "manual",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      return { ok: false, isOffline: true };
    }
    if (answer.type === "opaqueredirect") return { ok: false, isSignedOut: true };
    const data = await answer.json().catch(() => null);
    if (answer.ok && data !== null) return { ok: true, data };
    return { ok: false, data, error: data?.error ?? "other", isOffline: answer.status === 503 };
  }

  return {
    ask: (path) => send(path, {}),
    order: (path, fields = {}) => send(path, { method: "POST", body: new URLSearchParams(fields) }),
    // For the moment in which the page goes: nobody waits for the answer.
    tell: (path) => navigator.sendBeacon(base + path, new URLSearchParams({ csrf_token: token })),
  };
}
