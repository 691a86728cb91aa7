/** The form with which a contact begins. */
import type { WidgetInfo } from "../shared/wire";
import { button, el, fill, set } from "./dom";
import type { Speech } from "./texts";

export interface Wish {
  channel: "chat" | "video";
  name: string;
  topic: string;
  message: string;
}

export interface FormView {
  element: HTMLElement;
  /** While the service is asked. */
  busy: (on: boolean) => void;
  /** What went wrong; at a field, where it is known which. */
  trouble: (text: string, field?: string) => void;
  focus: () => void;
}

const OTHER = "-";

export function makeForm(info: WidgetInfo, speech: Speech, known: boolean, start: (wish: Wish) => void): FormView {
  const { say } = speech;
  const name = el("input", {
    id: "name",
    autocomplete: "name",
    maxlength: 200,
    "data-testid": "widget-name",
  });
  const topic = el(
    "select",
    { id: "topic", required: true, "data-testid": "widget-topic" },
    el("option", { value: "" }, say("choose")),
    ...info.topics.map(({ topic: key, label }) =>
      el("option", { value: key }, label[speech.language] ?? label["en"] ?? Object.values(label)[0] ?? key),
    ),
    el("option", { value: OTHER }, say("other")),
  );
  const message = el("textarea", {
    id: "message",
    rows: 3,
    maxlength: 4000,
    "data-testid": "widget-message",
  });
  const trouble = el("p", { class: "trouble", role: "alert", "data-testid": "widget-trouble" });

  const begin = (channel: "chat" | "video"): void => {
    fill(trouble);
    if (info.topics.length > 0 && topic.value === "") {
      view.trouble(say("chooseTopic"), "topic");
      return;
    }
    start({
      channel,
      name: name.value.trim(),
      topic: topic.value === OTHER ? "" : topic.value,
      message: message.value.trim(),
    });
  };
  const chat = el("button", { type: "submit", class: "button main", "data-testid": "widget-start-chat" }, say("startChat"));
  const video = button(say("startVideo"), { testid: "widget-start-video", icon: "video", click: () => begin("video") });
  const fields = { name, topic, message };

  const element = el(
    "form",
    { class: "form", novalidate: true },
    el("p", { class: "lead" }, known ? say("known") : say("intro")),
    known ? null : field("name", `${say("name")} (${say("optional")})`, name),
    info.topics.length === 0 ? null : field("topic", say("topic"), topic),
    field("message", `${say("message")} (${say("optional")})`, message),
    trouble,
    el("div", { class: "actions" }, chat, info.video ? video : null),
  );
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    begin("chat");
  });

  const view: FormView = {
    element,
    busy: (on) => {
      for (const control of [chat, video, name, topic, message]) control.disabled = on;
      fill(chat, on ? say("starting") : say("startChat"));
    },
    trouble: (text, at) => {
      fill(trouble, text);
      for (const [key, control] of Object.entries(fields)) {
        set(control, { "aria-invalid": key === at ? "true" : null, "aria-describedby": null });
        if (key === at) control.focus();
      }
    },
    focus: () => (known ? topic : name).focus(),
  };
  return view;
}

function field(id: string, label: string, control: HTMLElement): HTMLElement {
  return el("div", { class: "field" }, el("label", { for: id }, label), control);
}
