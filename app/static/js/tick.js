// A worker that counts seconds: a window in the background would be woken once a minute, and its seat be lost.

setInterval(() => postMessage(null), 1_000);
