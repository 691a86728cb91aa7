/** One telephone set, as the stand-in's booth socket tells it (docs/standin.md). Pure. */

export type BoothMessage =
  | { type: "ready" }
  | { type: "status"; status: string; callSid: string }
  | { type: "said"; text: string; language: string; seconds: number }
  | { type: "played"; url: string; seconds: number }
  | { type: "pause"; seconds: number }
  | { type: "gather"; numDigits: number | null; finishOnKey: string; timeout: number }
  | { type: "gathered"; digits: string }
  | { type: "pressed"; keys: string; heard: boolean }
  | { type: "recording"; maxLength: number }
  | { type: "recorded"; seconds: number }
  | { type: "conference"; name: string; event: "joined" | "left" }
  | { type: "hold"; on: boolean }
  | { type: "peer"; peer: string; polite: boolean; speak: boolean }
  | { type: "unpeer"; peer: string }
  | { type: "signal"; from: string; data: Record<string, unknown> }
  | { type: "ringing"; callSid: string; from: string; to: string }
  | { type: "cancelled" }
  | { type: "ended"; why: string }
  | { type: "error"; message: string };

/** What happens here, beside what the socket says. */
export type BoothEvent =
  | BoothMessage
  | { type: "dialled"; from: string; to: string }
  | { type: "answered" }
  | { type: "refused" }
  | { type: "lost" }
  | { type: "cleared" };

export interface Line {
  id: number;
  /** heard: said by the other side; mine: keys and words of this side; note: what happens */
  kind: "heard" | "mine" | "note" | "fault";
  text: string;
  language?: string;
  /** of keys that were pressed one after another: one line, as one number is typed */
  keys?: { typed: string; heard: boolean };
  at: number;
}

export interface Call {
  phase: "dialling" | "ringing-there" | "ringing-here" | "talking";
  from: string;
  to: string;
  /** by this machine's clock, once somebody answered */
  since: number | null;
  hold: boolean;
  /** keys are asked for: how many, and the key that ends them */
  gather: { numDigits: number | null; finishOnKey: string } | null;
  recording: boolean;
  room: boolean;
}

export interface Booth {
  connected: boolean;
  call: Call | null;
  log: readonly Line[];
}

export const IDLE: Booth = { connected: false, call: null, log: [] };

const LONGEST_LOG = 500;

export function after(booth: Booth, event: BoothEvent, now: number): Booth {
  const { call } = booth;
  const log = (kind: Line["kind"], text: string, language?: string): readonly Line[] => {
    const id = (booth.log.at(-1)?.id ?? 0) + 1;
    const line = { id, kind, text, at: now, ...(language === undefined ? {} : { language }) };
    return [...booth.log, line].slice(-LONGEST_LOG);
  };
  const change = (part: Partial<Call>): Call | null => (call === null ? null : { ...call, ...part });
  switch (event.type) {
    case "ready":
      return { ...booth, connected: true };
    case "lost":
      return {
        connected: false,
        call: null,
        log: call === null ? booth.log : log("fault", "The line to the exchange was lost; the call is over."),
      };
    case "cleared":
      return { ...booth, log: [] };
    case "dialled":
      return {
        ...booth,
        call: fresh("dialling", event.from, event.to),
        log: log("note", `You call ${event.to} from ${shown(event.from)}.`),
      };
    case "status":
      if (event.status === "ringing") return { ...booth, call: change({ phase: "ringing-there" }) };
      if (event.status !== "in-progress" || call === null || call.phase === "talking") return booth;
      return { ...booth, call: change({ phase: "talking", since: now }), log: log("note", "Somebody picked up.") };
    case "ringing":
      return {
        ...booth,
        call: fresh("ringing-here", event.from, event.to),
        log: log("note", `${shown(event.from)} calls ${event.to}.`),
      };
    case "answered":
      return { ...booth, call: change({ phase: "talking", since: now }), log: log("note", "You picked up.") };
    case "refused":
      return { ...booth, call: null, log: log("note", "You refuse the call.") };
    case "cancelled":
      return { ...booth, call: null, log: log("note", "It stopped ringing.") };
    case "ended":
      return { ...booth, call: null, log: log("note", ENDS[event.why] ?? `The call is over: ${event.why}.`) };
    case "said":
      return { ...booth, log: log("heard", event.text, event.language) };
    case "played":
      return { ...booth, log: log("note", "♪ Music or a recording is played.") };
    case "gather":
      return { ...booth, call: change({ gather: { numDigits: event.numDigits, finishOnKey: event.finishOnKey } }) };
    case "gathered":
      return { ...booth, call: change({ gather: null }) };
    case "pressed":
      return { ...booth, log: typed(booth.log, event, now) };
    case "recording":
      return { ...booth, call: change({ recording: true }), log: log("note", "Beep. What you say now is recorded.") };
    case "recorded":
      return { ...booth, call: change({ recording: false }), log: log("note", "The recording has ended.") };
    case "conference":
      return event.event === "joined"
        ? { ...booth, call: change({ room: true, gather: null }), log: log("note", "You are being connected.") }
        : { ...booth, call: change({ room: false }), log: log("note", "The conversation is over.") };
    case "hold":
      return {
        ...booth,
        call: change({ hold: event.on }),
        log: log("note", event.on ? "You are put on hold." : "You are taken off hold."),
      };
    case "error":
      return {
        ...booth,
        // dialling failed before there was a call
        call: call?.phase === "dialling" ? null : call,
        log: log("fault", event.message),
      };
    default:
      return booth; // pauses, and what the browsers say to each other
  }
}

function typed(log: readonly Line[], { keys, heard }: { keys: string; heard: boolean }, at: number): readonly Line[] {
  const last = log.at(-1);
  const more = last?.keys !== undefined && last.keys.heard === heard;
  const all = (more ? (last.keys?.typed ?? "") : "") + keys;
  const text = `You press ${[...all].join(" ")}${heard ? "" : " – nobody was listening for keys"}`;
  const line: Line = { id: (last?.id ?? 0) + 1, kind: "mine", text, keys: { typed: all, heard }, at };
  return [...(more ? log.slice(0, -1) : log), line].slice(-LONGEST_LOG);
}

function fresh(phase: Call["phase"], from: string, to: string): Call {
  return { phase, from, to, since: null, hold: false, gather: null, recording: false, room: false };
}

const ENDS: Record<string, string> = {
  completed: "The call is over.",
  busy: "It is busy.",
  failed: "The call could not be put through.",
  "no-answer": "Nobody answered.",
  canceled: "The call was cancelled.",
};

export function shown(number: string): string {
  return number === "anonymous" ? "a withheld number" : number;
}
