// Which window this is. Of one person's windows one answers the telephone; those of one browser tell each other.

const KEPT = "console"; // what the pages in the frame call this window by, too
const LATEST = "hotline-console";
const LISTEN_MS = 200;

const random = () => [...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("");

/** Resolves to {name, isTaken(), latest(), took()}: whether another window of this browser has said that it answers,
    and which of this browser's was the latest to take over. */
export async function thisWindow(isAnswering, onTaken) {
  const me = random();
  const channel = new BroadcastChannel("hotline-telephone");
  let name = sessionStorage.getItem(KEPT) ?? random();
  let isCopy = false;
  let isTaken = false;
  let isSettled = false;
  channel.onmessage = ({ data }) => {
    if (data.hello) channel.postMessage({ to: data.hello, name, answers: isAnswering() });
    else if (data.to === me) {
      isCopy ||= data.name === name; // a window that was duplicated has its name from the first
      isTaken ||= data.answers;
    } else if (data.took && isSettled) onTaken();
  };
  channel.postMessage({ hello: me });
  await new Promise((done) => setTimeout(done, LISTEN_MS));
  if (isCopy) name = random();
  sessionStorage.setItem(KEPT, name);
  isSettled = true;
  return {
    name,
    isTaken: () => isTaken,
    latest: () => localStorage.getItem(LATEST),
    took() {
      localStorage.setItem(LATEST, name);
      channel.postMessage({ took: me });
    },
  };
}
