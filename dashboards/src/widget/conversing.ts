/** A conversation on screen: where it stands, the picture, what is said, and how it ends. */
import type { Entry } from "../shared/wire";
import { makeCallback } from "./callback";
import { button, el, fill, icon, set } from "./dom";
import { makeLog } from "./log";
import type { Memory } from "./memory";
import { makeRating } from "./rating";
import { makeScreen } from "./screen";
import type { Talk, TalkView } from "./talk";
import type { Speech } from "./texts";

export interface ConversingView {
  element: HTMLElement;
  show: (view: TalkView) => void;
  focus: () => void;
}

export interface ConversingOptions {
  talk: Talk;
  memory: Memory;
  speech: Speech;
  /** Leaves this contact for a new one. */
  startNew: () => void;
}

const RECONNECTING_SHOWN_MS = 1500;

export function makeConversing({ talk, memory, speech, startNew }: ConversingOptions): ConversingView {
  const { say } = speech;
  const status = el("div", { class: "strip", role: "status", "data-testid": "widget-status" });
  const lost = el("div", { class: "strip warn", role: "alert", "data-testid": "widget-reconnecting" });
  const warned = el("div", { class: "strip warn", role: "alert", "data-testid": "widget-warned" });
  const invited = el("div", { class: "strip ask", role: "alert", "data-testid": "widget-video-invite" });
  const log = makeLog({
    speech,
    retry: (key) => talk.conversation.retry(key),
    discard: (key) => write(talk.conversation.discard(key)),
  });
  const screen = makeScreen({
    speech,
    setMicrophone: (on) => talk.call?.setMicrophone(on),
    setCamera: (on) => talk.call?.setCamera(on),
    stop: () => refuse(),
    again: () => talk.join(),
  });
  const callback = makeCallback(talk, speech);
  const rating = makeRating(speech, (stars, comment) => talk.rate(stars, comment));

  const field = el("textarea", {
    rows: 1,
    maxlength: 4000,
    "aria-label": say("write"),
    placeholder: say("write"),
    "data-testid": "widget-composer",
  });
  const sendButton = el(
    "button",
    { type: "submit", class: "button main round", "aria-label": say("send"), title: say("send"), "data-testid": "widget-send" },
    icon("send"),
  );
  const composer = el("form", { class: "composer" }, field, sendButton);

  const ask = button(say("video"), {
    testid: "widget-video-ask",
    icon: "video",
    click: () => {
      agree();
      void talk.video("asked").catch(() => (memory.seen = null));
    },
  });
  const end = button(say("end"), { testid: "widget-end", icon: "end", click: () => sure(true) });
  const confirm = el(
    "div",
    { class: "strip ask", role: "alertdialog", "aria-label": say("endSure") },
    el("p", {}, say("endSure")),
    button(say("endNo"), { testid: "widget-end-cancel", click: () => sure(false) }),
    button(say("endYes"), {
      testid: "widget-end-confirm",
      kind: "danger",
      click: () => {
        sure(false);
        void talk.end().catch(() => undefined); // the strip above tells of the lost connection
      },
    }),
  );
  const tools = el("div", { class: "actions small" }, ask, end);
  const over = el(
    "div",
    { class: "over", "data-testid": "widget-over" },
    el("p", { class: "lead" }),
    rating.element,
    button(say("startNew"), { testid: "widget-new", click: startNew }),
  );
  const live = el("div", { class: "live" }, confirm, composer, tools);
  const element = el("div", { class: "talk" }, status, lost, warned, invited, callback.element, screen.element, log.element, live, over);
  confirm.hidden = true;

  let ended = false;
  let lossShown: ReturnType<typeof setTimeout> | undefined;

  const write = (text: string): void => {
    field.value = text;
    memory.draft = text;
    grow();
  };
  const grow = (): void => {
    sendButton.disabled = field.value.trim() === "";
    field.style.height = "";
    // nothing is measured while the panel is closed
    if (field.scrollHeight > 0) field.style.height = `${Math.min(field.scrollHeight + 2, 130)}px`;
  };
  const send = (): void => {
    const text = field.value.trim();
    if (text === "") return;
    talk.conversation.say(text);
    write("");
    field.focus();
  };
  composer.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  field.addEventListener("input", () => write(field.value));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });

  const agree = (): void => {
    memory.seen = memory.contact?.contact ?? null;
  };
  const refuse = (): void => {
    memory.seen = null;
    void talk.video("off").catch(() => undefined);
  };
  const sure = (asks: boolean): void => {
    confirm.hidden = !asks;
    tools.hidden = asks;
    if (asks) confirm.querySelector<HTMLElement>("button")?.focus();
    else end.focus();
  };

  const show = (view: TalkView): void => {
    const { contact, conversation, link } = view;
    const agent = contact?.agent?.name ?? say("agent");
    log.show(conversation);
    screen.show(view.call, agent);

    const away = link.state === "reconnecting" || link.state === "stale";
    if (!away) {
      clearTimeout(lossShown);
      lossShown = undefined;
      lost.hidden = true;
    } else if (lossShown === undefined) {
      // a connection that returns at once is no news
      lossShown = setTimeout(() => {
        lost.hidden = false;
        fill(lost, say("reconnecting"));
      }, RECONNECTING_SHOWN_MS);
    }

    const isOver = contact?.state === "ended" || link.state === "closed";
    live.hidden = isOver;
    over.hidden = !isOver;
    status.hidden = isOver || contact === null;
    set(status, { "data-state": contact?.state ?? "", "data-position": contact?.position ?? null });
    if (contact !== null) tell(status, standing(view, speech));

    const warning = isOver ? null : lastWarning(conversation.entries);
    warned.hidden = warning === null;
    if (warning?.kind === "warned") {
      tell(warned, [say("warned", { time: speech.time(Date.parse(warning.at) + (warning.data.ends_in_s ?? 60) * 1000) })]);
    }

    const video = contact?.state === "handling" ? talk.videoState : null;
    const inviting = video === "on" && view.call === null && !isOver;
    invited.hidden = !(inviting || (video === "asked" && !isOver));
    if (inviting) {
      offer(invited, say("videoInvite", { name: agent }));
    } else if (video === "asked") {
      tell(invited, [say("videoAsked", { name: agent })]);
      invited.dataset["text"] = "";
    }
    ask.hidden = contact?.state !== "handling" || video === "on" || video === "asked";

    if (isOver) {
      const lead = over.querySelector(".lead");
      const text = link.state === "closed" && contact?.state !== "ended" ? say("lost") : view.called === true ? say("callKept") : (contact?.queue_closed ?? say("ended"));
      if (lead !== null && lead.textContent !== text) fill(lead, text);
      const rateable = contact?.handling != null || conversation.entries.some((entry) => entry.kind === "joined");
      rating.show(view.rated ? "thanks" : rateable && contact?.state === "ended" ? "asks" : "none");
      if (!ended) over.scrollIntoView({ block: "end" });
    }
    callback.show(!isOver && contact?.offered === "callback");
    ended = isOver;
  };

  /** The invitation, made once: buttons that are made anew lose the focus. */
  const offer = (strip: HTMLElement, text: string): void => {
    if (strip.dataset["text"] === text) return;
    strip.dataset["text"] = text;
    fill(
      strip,
      el("p", {}, text),
      button(say("videoNo"), { testid: "widget-video-refuse", click: refuse }),
      button(say("videoJoin"), {
        testid: "widget-video-join",
        kind: "main",
        click: () => {
          agree();
          talk.join();
        },
      }),
    );
  };

  write(memory.draft);
  show(talk.view);
  return { element, show, focus: () => (ended ? over.querySelector<HTMLElement>("input, button") : field)?.focus() };
}

/** Changes a strip only where it says something else: it would be read out again. */
function tell(strip: HTMLElement, lines: string[]): void {
  const text = lines.join("\n");
  if (strip.dataset["told"] === text) return;
  strip.dataset["told"] = text;
  fill(strip, ...lines.map((line, i) => el("p", { class: i === 0 ? "first" : "" }, line)));
}

function standing({ contact, conversation }: TalkView, { say, minutes }: Speech): string[] {
  if (contact === null) return [];
  if (contact.state === "handling" && contact.agent != null) return [say("with", { name: contact.agent.name })];
  if (contact.message === true) return [say("messageKept")];
  if (contact.queue_closed != null) return [contact.queue_closed];
  const lines: string[] = [];
  if (contact.position == null) lines.push(say("waiting"));
  else lines.push(contact.position <= 1 ? say("next") : say("position", { position: contact.position }));
  if (contact.expected_wait_s == null) lines.push(say("nobody"));
  else if (contact.expected_wait_s < 60) lines.push(say("soon"));
  else lines.push(say("expected", { time: minutes(contact.expected_wait_s) }));
  if (contact.channel === "video") lines.push(say("cameraLater"));
  else if (!conversation.entries.some((e) => e.kind === "message")) lines.push(say("writeMeanwhile"));
  return lines;
}

/** The warning that nobody has answered yet. */
function lastWarning(entries: readonly Entry[]): Entry | null {
  const last = entries.findLast((entry) => entry.kind === "warned" || (entry.kind === "message" && entry.author === "person"));
  return last?.kind === "warned" ? last : null;
}
