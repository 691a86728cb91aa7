/** What was said, as a list that only ever grows at its end: nothing is read out twice. */
import type { ConversationView, Outgoing } from "../shared/conversation";
import type { Entry } from "../shared/wire";
import { button, el, fill, set } from "./dom";
import type { Speech } from "./texts";

export interface LogView {
  element: HTMLElement;
  show: (conversation: ConversationView) => void;
}

export interface LogOptions {
  speech: Speech;
  retry: (key: string) => void;
  discard: (key: string) => void;
}

export function makeLog({ speech, retry, discard }: LogOptions): LogView {
  const { say } = speech;
  const said = el("div", { class: "said" });
  const pending = el("div", { class: "said" });
  const element = el(
    "div",
    {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-label": say("log"),
      tabindex: 0,
      "data-testid": "widget-log",
    },
    said,
    pending,
  );
  // follow the end, unless somebody reads further up; also when the log gets smaller
  let atEnd = true;
  const follow = (): void => {
    if (atEnd) element.scrollTop = element.scrollHeight;
  };
  element.addEventListener("scroll", () => {
    if (element.clientHeight > 0) atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
  });
  new ResizeObserver(follow).observe(element);
  let shown: Entry[] = [];
  let waiting: readonly Outgoing[] = [];

  const show = ({ entries, outgoing }: ConversationView): void => {
    if (entries.length === shown.length && outgoing === waiting) return;
    // entries come in order; only one that was late makes the list anew
    const late = shown.some((entry, i) => entries[i]?.seq !== entry.seq);
    if (late) fill(said);
    for (const entry of late ? entries : entries.slice(shown.length)) {
      const line = describe(entry, speech);
      if (line !== null) said.append(line);
    }
    shown = [...entries];
    if (outgoing !== waiting) {
      waiting = outgoing;
      fill(pending, ...outgoing.map((message) => sending(message)));
    }
    follow();
  };

  const sending = (message: Outgoing): HTMLElement => {
    const { key, text, refused } = message;
    return el(
      "div",
      {
        class: "message own",
        "data-pending": refused === undefined ? "sending" : "refused",
        "data-testid": "widget-entry-pending",
      },
      el("p", {}, text),
      refused === undefined
        ? el("span", { class: "by" }, say("sending"))
        : el(
            "span",
            { class: "by" },
            say("notSent", { why: refused }),
            button(say("sendAgain"), { testid: "widget-retry", click: () => retry(key) }),
            button(say("discard"), { testid: "widget-discard", click: () => discard(key) }),
          ),
    );
  };

  return { element, show };
}

function describe(entry: Entry, speech: Speech): HTMLElement | null {
  const { say, time } = speech;
  if (entry.kind === "message") {
    const own = entry.author === "person";
    const by = own ? say("you") : (entry.name ?? say("agent"));
    const line = el(
      "div",
      {
        class: own ? "message own" : "message",
        "data-testid": "widget-entry",
        "data-seq": entry.seq,
        "data-author": entry.author,
      },
      el("p", {}, entry.data.text),
      el("span", { class: "by" }, `${by} · `, el("time", { datetime: entry.at }, time(entry.at))),
    );
    return line;
  }
  const text = event(entry, speech);
  if (text === null) return null;
  const line = el("p", { class: "event", "data-testid": "widget-event", "data-kind": entry.kind }, text);
  set(line, { title: time(entry.at) });
  return line;
}

function event(entry: Exclude<Entry, { kind: "message" }>, { say, time }: Speech): string | null {
  const name = entry.name ?? say("agent");
  switch (entry.kind) {
    case "joined":
      return say("joined", { name: entry.data.name ?? name });
    case "left":
      return entry.name == null ? say("leftNobody") : say("left", { name });
    case "told":
      return entry.data.text;
    case "escalated":
      return say("escalated");
    case "warned":
      return say("warned", { time: time(Date.parse(entry.at) + (entry.data.ends_in_s ?? 60) * 1000) });
    case "video":
      return entry.data.state === "asked" ? null : say(entry.data.state === "on" ? "videoOn" : "videoOff");
    case "ended":
      return entry.data.by === "agent" && entry.name != null ? say("endedBy", { name }) : say("ended");
    default:
      return null; // in line: the strip above says where
  }
}
