// "3 hours ago" stays true while the page stands. The exact moment is on hover, from the server.

const EVERY_MS = 30_000;
const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["day", 86_400], ["hour", 3600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "always" });

/** A moment in words, seen from now (milliseconds since the epoch). */
export function ago(moment, now = Date.now()) {
  const seconds = (Date.parse(moment) - now) / 1000;
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length * 0.95) ?? ["second", 1];
  return words.format(Math.round(seconds / size), unit);
}

setInterval(() => {
  document.querySelectorAll("time[data-ago]").forEach((time) => {
    const text = ago(time.dateTime);
    if (time.textContent !== text) time.textContent = text;
  });
}, EVERY_MS);
