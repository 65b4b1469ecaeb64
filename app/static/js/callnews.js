// Word that something about calls, offers or seats has changed. What it is, the page asks for itself.

const OURS = /^(?:call|offer|seat)\./;

/** Calls back for each such message, and whenever the connection has come back. */
export function onCallNews(react) {
  const socket = window.io({
    transports: ["websocket"],
    auth: { token: document.querySelector('meta[name="live-token"]').content },
  });
  socket.on("joined", react);
  socket.on("news", (message) => { if (message.fetch || OURS.test(message.kind ?? "")) react(); });
}
