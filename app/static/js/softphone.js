// This browser's line into a talk: by the carrier's script, or connected by the server where calls are simulated.
// Who is in the talk, and whether the caller is on hold, is never asked here: that the server says.

const RENEW_MS = 45 * 60_000; // the token is good for an hour
const FAULTS = {
  31401: "microphone", 31402: "no_microphone", 31208: "microphone", 31201: "no_microphone",
  20101: "token", 20102: "token", 20103: "token", 20104: "token", 51007: "token",
};

/** Every kind of line: connect(pass) resolves to the code of a fault or to "", leave(), isUp(), mute(on), prepare(). */
export function softphone(kind, { order, tell }, on) {
  return kind === "twilio" ? carried(order, on) : simulated(order, tell);
}

function simulated(order, tell) {
  let up = false;
  // With the window its line goes, as a real one does.
  addEventListener("pagehide", () => { if (up) tell("/simulated/hang_up"); });
  return {
    prepare() {},
    async connect(pass) {
      const answer = await order("/simulated/connect", { token: pass });
      up = answer.ok;
      return answer.ok ? "" : "other";
    },
    leave() { if (up) { up = false; order("/simulated/hang_up"); } },
    over() { up = false; },
    isUp: () => up,
    isMuted: () => false,
    mute() {},
  };
}

function carried(order, on) {
  let device = null;
  let call = null;

  async function token() {
    const answer = await order("/token");
    return answer.ok ? answer.data.token : "";
  }

  async function renew() {
    const fresh = await token();
    if (fresh && device) device.updateToken(fresh);
  }

  // Made after a click: before one, browsers give no sound.
  async function prepare() {
    if (device) return "";
    if (!window.Twilio) return "script";
    const first = await token();
    if (!first) return "token";
    device = new window.Twilio.Device(first, { logLevel: "error" });
    device.on("tokenWillExpire", renew); // it has been known to come once only, so there is a timer as well
    device.on("error", (fault) => on.fault(codeOf(fault)));
    // Renewed between talks: in a talk it can cost a second of sound.
    setInterval(() => { if (!call) renew(); }, RENEW_MS);
    return "";
  }

  function codeOf(fault) {
    return FAULTS[fault?.code] ?? (/^(?:31|53)/.test(String(fault?.code)) ? "network" : "other");
  }

  function watch(made) {
    call = made;
    made.on("disconnect", () => { if (call === made) call = null; on.gone(); });
    made.on("error", (fault) => on.fault(codeOf(fault)));
    made.on("reconnecting", () => on.fault("network"));
    made.on("reconnected", () => on.fault("back"));
    made.on("warning", () => on.fault("weak"));
    made.on("warning-cleared", () => on.fault(""));
  }

  return {
    prepare,
    async connect(pass) {
      const fault = await prepare();
      if (fault) return fault;
      call?.disconnect();
      try {
        watch(await device.connect({ params: { t: pass } }));
        return "";
      } catch (refused) {
        return codeOf(refused);
      }
    },
    leave() { call?.disconnect(); },
    over() { call?.disconnect(); },
    isUp: () => call !== null,
    isMuted: () => call?.isMuted() ?? false,
    mute(yes) { call?.mute(yes); },
  };
}
