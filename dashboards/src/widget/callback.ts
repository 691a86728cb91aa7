/** Instead of waiting: a number to be called on, in turn or at a time that is offered. */
import { button, el, fill } from "./dom";
import type { Talk } from "./talk";
import type { Speech } from "./texts";

export interface CallbackView {
  element: HTMLElement;
  /** Offered: asks once; else it is hidden. */
  show: (offered: boolean) => void;
}

export function makeCallback(talk: Talk, { say, day }: Speech): CallbackView {
  const number = el("input", {
    type: "tel",
    autocomplete: "tel",
    required: true,
    maxlength: 40,
    "aria-label": say("callNumber"),
    placeholder: say("callNumber"),
    "data-testid": "widget-callback-number",
  });
  const when = el("select", { "aria-label": say("callWhen"), "data-testid": "widget-callback-time" });
  const trouble = el("p", { class: "error", role: "alert", "data-testid": "widget-callback-error" });
  const send = button(say("callMe"), { testid: "widget-callback-send", kind: "main", click: () => form.requestSubmit() });
  const form = el("form", { class: "strip callback", "data-testid": "widget-callback" }, number, when, send, trouble);
  form.hidden = true;
  let asked = false;

  const load = async (): Promise<void> => {
    const times = await talk.callbackTimes().catch(() => []);
    fill(
      when,
      el("option", { value: "" }, say("callSoon")),
      ...times.slice(0, 20).map((at) => el("option", { value: at }, day(at))),
    );
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (number.value.trim() === "") return number.focus();
    send.disabled = true;
    fill(trouble);
    talk
      .callBack(number.value.trim(), when.value || null)
      .catch((error: unknown) => fill(trouble, error instanceof Error ? error.message : String(error)))
      .finally(() => (send.disabled = false));
  });

  return {
    element: form,
    show: (offered) => {
      form.hidden = !offered;
      if (!offered || asked) return;
      asked = true;
      void load();
    },
  };
}
