// A ticket's page: says when the ticket has moved on, and who else has it open. Changes nothing under the reader.

import { lamp } from "./lamp.js";
import { listen } from "./live.js";

const SIGN_MS = 10_000;

const place = document.querySelector("#live");
const sign = place.querySelector(".lamp");
const words = JSON.parse(sign.dataset.words);
const others = place.querySelector("[data-others]");
const fresh = place.querySelector("#fresh");
const light = lamp(sign, words);
const token = document.querySelector('meta[name="csrf-token"]').content;

const moved = () => { fresh.hidden = false; };

listen(Number(place.dataset.seq), {
  change(row) { if (row.id === Number(place.dataset.ticket) && row.version > Number(place.dataset.version)) moved(); },
  gone(id) { if (id === Number(place.dataset.ticket)) moved(); },
  state: light.state,
  heard: light.heard,
  ended() { light.state("ended"); },
});

async function giveSign() {
  try {
    const answer = await fetch(place.dataset.presence, {
      method: "POST", headers: { Accept: "application/json", "X-CSRFToken": token }, redirect: "manual",
    });
    if (!answer.ok) return;
    const names = (await answer.json()).others;
    const text = names.length > 0 ? words.here.replace("{names}", names.join("、")) : "";
    if (others.textContent !== text) others.textContent = text;
  } catch {
    // No network: the lamp says so.
  }
}

// What is shown once came as the answer to a form: loaded anew, the page asks for the ticket and sends no form again.
if (document.querySelector("[data-once]")) history.replaceState(null, "", fresh.href);

giveSign();
setInterval(() => { if (!document.hidden) giveSign(); }, SIGN_MS);
addEventListener("pagehide", () => {
  navigator.sendBeacon(place.dataset.presence, new URLSearchParams({ leaving: "1", csrf_token: token }));
});
