// A call can be heard and is seen on the window's tab. No sound before the first click: browsers allow none.

const EVERY_MS = 2_400;
const NOTES = [[0, 660], [0.22, 880]]; // seconds, hertz
const LOUDNESS = 0.08;

/** `icon` and `title` while it rings; `isWanted()` whether to be heard. Returns {start(), stop()}. */
export function bell({ title, icon, isWanted }) {
  const link = document.querySelector('link[rel="icon"]');
  const usual = { title: document.title, icon: link.href };
  let sound = null;
  let ringing = null;

  const wake = () => { sound ??= new AudioContext(); if (sound.state === "suspended") sound.resume(); };
  addEventListener("pointerdown", wake);
  addEventListener("keydown", wake);

  function note(after, hertz) {
    const from = sound.currentTime + after;
    const tone = new OscillatorNode(sound, { frequency: hertz });
    const volume = new GainNode(sound, { gain: 0 });
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(LOUDNESS, from + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, from + 0.5);
    tone.connect(volume).connect(sound.destination);
    tone.start(from);
    tone.stop(from + 0.55);
  }

  function once() {
    if (sound?.state === "running" && isWanted()) NOTES.forEach(([after, hertz]) => note(after, hertz));
  }

  return {
    start() {
      if (ringing !== null) return;
      ringing = setInterval(once, EVERY_MS);
      once();
      document.title = `☎ ${title}`;
      link.href = icon;
    },
    stop() {
      if (ringing === null) return;
      clearInterval(ringing);
      ringing = null;
      document.title = usual.title;
      link.href = usual.icon;
    },
  };
}
