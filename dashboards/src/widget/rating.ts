/** One to five stars and a word, once a conversation is over. */
import { RequestError } from "../shared/socket";
import { button, el, fill } from "./dom";
import type { Speech } from "./texts";

export interface RatingView {
  element: HTMLElement;
  /** asks: stars and comment; thanks: given; none: there was nobody to rate. */
  show: (state: "asks" | "thanks" | "none") => void;
}

export function makeRating(speech: Speech, send: (stars: number, comment: string) => Promise<void>): RatingView {
  const { say } = speech;
  const stars = [1, 2, 3, 4, 5].map((count) => {
    const input = el("input", {
      type: "radio",
      name: "stars",
      value: count,
      id: `star-${count}`,
      "data-testid": `widget-star-${count}`,
    });
    return { input, label: el("label", { for: `star-${count}`, title: say("stars", { count }) }, el("span", { class: "read" }, say("stars", { count }))) };
  });
  const comment = el("textarea", {
    rows: 2,
    maxlength: 2000,
    "aria-label": say("comment"),
    placeholder: say("comment"),
    "data-testid": "widget-rating-comment",
  });
  const trouble = el("p", { class: "trouble", role: "alert" });
  const submit = button(say("rateSend"), {
    testid: "widget-rating-send",
    kind: "main",
    click: () => {
      const chosen = stars.findIndex(({ input }) => input.checked) + 1;
      submit.disabled = true;
      fill(trouble);
      void send(chosen, comment.value.trim()).catch((error: unknown) => {
        submit.disabled = false;
        const unreachable = !(error instanceof RequestError) || error.undecided;
        fill(trouble, unreachable ? say("unreachable") : error.message);
      });
    },
  });
  const more = el("div", { class: "more" }, comment, trouble, submit);
  more.hidden = true;
  const form = el(
    "fieldset",
    { class: "rating", "data-testid": "widget-rating" },
    el("legend", {}, say("rate")),
    el("div", { class: "stars" }, ...stars.flatMap(({ input, label }) => [input, label])),
    more,
  );
  form.addEventListener("change", () => {
    const chosen = stars.findIndex(({ input }) => input.checked);
    stars.forEach(({ label }, i) => label.classList.toggle("lit", i <= chosen));
    more.hidden = chosen < 0;
  });
  const thanks = el("p", { class: "lead", role: "status", "data-testid": "widget-thanks" }, say("thanks"));
  const element = el("div");
  let shown: string | null = null;
  return {
    element,
    show: (state) => {
      if (state === shown) return;
      shown = state;
      fill(element, state === "asks" ? form : state === "thanks" ? thanks : null);
    },
  };
}
