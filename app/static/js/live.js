// News for an open page: Socket.IO while it works, /live/changes for gaps and while it does not.
// Knows nothing of what a page shows; it calls back with rows, and with ids that can be seen no longer.

const TICK_MS = 10_000;
const LEAVING_MS = 500;
const TICKS_WHILE_LIVE = 6; // a lost last message of a room shows no gap, so ask once a minute anyway

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/**
 * Start listening. `seq` is the sequence that the page's snapshot holds for certain.
 * on.change(row): a ticket as it stands; on.gone(id): it can be seen no longer; on.ended(): signed out, or too far
 * behind; on.state(name): live, polling or offline; on.heard(): the server gave a sign, so the page is as it should be.
 * Optional: on.other(message): something else than a ticket has news, {room, kind, subject, id}; after a gap, or with
 * too much news for one message each, it may be about anything.
 */
export function listen(seq, on) {
  const heads = new Map(); // room -> last sequence that arrived as a message
  const shown = new Map(); // ticket -> last sequence at which it could be seen
  let caught = seq; // everything up to here was read over HTTP
  let live = false;
  let running = false;
  let again = false;
  let ticks = 0;

  async function fetchChanges() {
    let news;
    do {
      const answer = await fetch(`/live/changes?after=${caught}`, {
        headers: { Accept: "application/json" }, redirect: "manual",
      });
      if (!answer.ok) {
        if (answer.status < 500) on.ended();
        else on.state("offline");
        return;
      }
      news = await answer.json();
      on.heard();
      if (news.reload) { on.ended(); return; }
      news.rows.forEach((row) => { shown.set(row.id, news.seq); on.change(row); });
      news.gone.forEach((id) => on.gone(id));
      caught = Math.max(caught, news.seq);
    } while (news.more);
    on.state(live ? "live" : "polling");
  }

  async function catchUp() {
    if (running) { again = true; return; }
    running = true;
    try {
      do { again = false; await fetchChanges(); } while (again);
    } catch {
      on.state("offline"); // no network; the next tick asks again
    } finally {
      running = false;
    }
  }

  function receive(message) {
    on.heard();
    const head = Math.max(heads.get(message.room) ?? 0, caught);
    if (message.seq <= head) return;
    if (message.fetch || message.prev > head) {
      on.other?.(message);
      catchUp();
      return;
    }
    heads.set(message.room, message.seq);
    if (message.subject) on.other?.(message); // of a ticket the message says no subject
    else if (message.gone) leave(message);
    else {
      shown.set(message.id, message.seq);
      on.change(message.row);
    }
  }

  // A ticket that has left one room may still be told to another of ours: wait for that before it is gone.
  function leave({ id, seq: at }) {
    setTimeout(() => { if ((shown.get(id) ?? 0) < at) on.gone(id); }, LEAVING_MS);
  }

  function setLive(yes) {
    live = yes;
    if (yes) on.heard();
    on.state(yes ? "live" : "polling");
  }

  const socket = window.io({ transports: ["websocket"], auth: { token: meta("live-token") } });
  // Whatever the server sends, a ping too, says that nothing was missed until now.
  socket.io.on("ping", () => on.heard());
  socket.on("joined", ({ rooms, seq: reached }) => {
    Object.entries(rooms).forEach(([room, head]) => heads.set(room, head));
    setLive(true);
    if (reached > caught) { on.other?.({}); catchUp(); }
  });
  socket.on("news", receive);
  // For the bell, which stands on every page: there is something new for this person.
  socket.on("notice", () => document.dispatchEvent(new Event("hotline:notice")));
  socket.on("disconnect", () => { setLive(false); catchUp(); });
  socket.on("connect_error", () => setLive(false));
  setInterval(() => { if (!live || ++ticks % TICKS_WHILE_LIVE === 0) catchUp(); }, TICK_MS);
  on.state("polling");
}
