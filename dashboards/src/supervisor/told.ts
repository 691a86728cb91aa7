import { label, moment, span } from "../shared/format";
import type { Author, Entry } from "../shared/wire";

const AUTHORS: Record<Author, string> = {
  person: "Person",
  agent: "Agent",
  supervisor: "Supervisor",
  system: "Service",
};

/** An entry of the timeline in words, as staff read it. */
export function told(entry: Entry): { title: string; text?: string } {
  const who = entry.name ?? AUTHORS[entry.author];
  switch (entry.kind) {
    case "message":
      return { title: who, text: entry.data.text };
    case "queued":
      return { title: entry.data.queue ? `Put in line: ${entry.data.queue}` : "Put in line" };
    case "joined":
      return { title: `${entry.data.name ?? who} joined` };
    case "left":
      return { title: `${who} left`, ...(entry.data.why ? { text: label(entry.data.why) } : {}) };
    case "warned":
      return {
        title: "Warned: nobody has written for a while",
        ...(entry.data.ends_in_s === undefined ? {} : { text: `Ends in ${span(entry.data.ends_in_s * 1000)}` }),
      };
    case "video":
      return { title: `Video ${{ asked: "asked for", on: "on", off: "off" }[entry.data.state]}` };
    case "escalated": {
      const { reason, asked, tried } = entry.data;
      if (reason === undefined) return { title: "Escalated" };
      return { title: `Escalated: ${label(reason)}`, text: `Asked: ${asked ?? "–"}\nTried: ${tried ?? "–"}` };
    }
    case "told":
      return { title: "Told", text: entry.data.text };
    case "callback":
      return entry.data.at === undefined ? { title: "A call was asked for" } : { title: `A call was promised for ${moment(entry.data.at)}` };
    case "unreached":
      return entry.data.until === undefined ? { title: `Not reached, ${entry.data.tries} tried` } : { title: `Not called; again ${moment(entry.data.until)}` };
    case "merged":
      return { title: "Another contact took its place" };
    case "voicemail":
      return { title: `Left a message, due ${moment(entry.data.due_at)}` };
    case "ended":
      return { title: `Ended: ${label(entry.data.outcome ?? "over")}` };
    default:
      // a kind that a newer service knows
      return { title: label((entry as { kind: string }).kind) };
  }
}
