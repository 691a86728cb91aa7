/** The floating button and its panel: the form, or the conversation under way. */
import { ApiError, type Api } from "../shared/http";
import { freshKey } from "../shared/socket";
import type { Entry, WidgetInfo } from "../shared/wire";
import { type ConversingView, makeConversing } from "./conversing";
import { button, el, fill, icon, set } from "./dom";
import { type FormView, type Wish, makeForm } from "./form";
import { Memory } from "./memory";
import { Talk } from "./talk";
import { type Speech, speech as speechFor } from "./texts";

export interface WidgetOptions {
  /** The widget's public key. */
  key: string;
  api: Api;
  socketBase: string;
  /** What the host page wishes; else the browser's. */
  language: string | null;
  /** The host site's word on who its visitor is. */
  token: string | null;
  /** What the page says for routing. */
  attributes: Record<string, unknown>;
}

export class Widget {
  readonly element: HTMLElement;
  readonly #options: WidgetOptions;
  readonly #memory: Memory;
  readonly #panel: HTMLElement;
  readonly #title: HTMLElement;
  readonly #body: HTMLElement;
  readonly #launcher: HTMLButtonElement;
  readonly #badge: HTMLElement;
  #speech: Speech;
  /** Null once the service did not believe it: an old page must not shut its visitor out. */
  #token: string | null;
  /** Empty once the service refused them. */
  #attributes: Record<string, unknown>;
  #info: WidgetInfo | null = null;
  #form: FormView | null = null;
  #talk: Talk | null = null;
  #conversing: ConversingView | null = null;
  #unread = 0;

  constructor(options: WidgetOptions) {
    this.#options = options;
    this.#token = options.token;
    this.#attributes = options.attributes;
    this.#memory = new Memory(options.key);
    this.#speech = speechFor([options.language, ...navigator.languages]);
    const { say } = this.#speech;
    this.#badge = el("span", { class: "badge", hidden: true });
    this.#launcher = el(
      "button",
      { type: "button", class: "launcher", "aria-haspopup": "dialog", "aria-expanded": "false", "data-testid": "widget-launcher" },
      icon("chat"),
      this.#badge,
    );
    this.#launcher.addEventListener("click", () => this.#toggle(!this.#memory.open));
    this.#title = el("h2", { id: "title" }, say("welcome"));
    this.#body = el("div", { class: "body" });
    this.#panel = el(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, "data-testid": "widget-panel" },
      el(
        "div",
        { class: "head" },
        this.#title,
        button(null, { testid: "widget-close", kind: "round", label: say("close"), icon: "down", click: () => this.#toggle(false) }),
      ),
      this.#body,
    );
    this.#panel.addEventListener("keydown", (event) => this.#pressed(event));
    this.element = el("div", { class: "widget", lang: this.#speech.language }, this.#panel, this.#launcher);
    this.#count();
  }

  /** Opens the panel, as a press on the button does. */
  open(): void {
    if (!this.#memory.open || this.#panel.hidden) this.#toggle(true);
  }

  /** Shows itself, with the contact under way where there is one. */
  start(): void {
    const kept = this.#memory.contact;
    if (kept !== null) this.#converse();
    if (this.#memory.open) this.#toggle(true, false);
  }

  #toggle(open: boolean, focus = true): void {
    this.#memory.open = open;
    this.#panel.hidden = !open;
    set(this.element, { "data-open": open });
    set(this.#launcher, { "aria-expanded": String(open) });
    if (open) {
      this.#unread = 0;
      this.#count();
      if (this.#talk === null && this.#form === null) void this.#prepare(focus);
      else if (focus) (this.#conversing ?? this.#form)?.focus();
    } else if (focus) {
      this.#launcher.focus();
    }
  }

  /** Asks what the form needs. */
  async #prepare(focus: boolean): Promise<void> {
    const { say } = this.#speech;
    fill(this.#body, el("p", { class: "lead", role: "status" }, say("starting")));
    try {
      const { key, api } = this.#options;
      const language = encodeURIComponent(this.#speech.language);
      this.#info = await api.get<WidgetInfo>(`/api/widgets/${encodeURIComponent(key)}?language=${language}`);
    } catch {
      this.#trouble(say("unreachable"));
      return;
    }
    if (this.#talk !== null) return;
    fill(this.#title, this.#info.name);
    if (this.#info.closed !== null && this.#info.closed !== undefined) {
      this.#trouble(this.#info.closed, say("closed"));
      return;
    }
    this.#showForm(this.#info);
    if (focus) this.#form?.focus();
  }

  #showForm(info: WidgetInfo): void {
    this.#form = makeForm(info, this.#speech, this.#token !== null, (wish) => void this.#begin(wish));
    fill(this.#body, this.#form.element);
  }

  #trouble(text: string, title?: string): void {
    const again = button(this.#speech.say("again"), { testid: "widget-again", click: () => void this.#prepare(true) });
    fill(
      this.#body,
      el(
        "div",
        { class: "form", role: "alert", "data-testid": "widget-closed" },
        title === undefined ? null : el("p", { class: "lead first" }, title),
        el("p", { class: "lead" }, text),
        el("div", { class: "actions" }, again),
      ),
    );
  }

  async #begin(wish: Wish): Promise<void> {
    const { key: widget, api } = this.#options;
    const token = this.#token;
    const { language, say } = this.#speech;
    // the same key until there is an answer: asked twice, it is one contact
    const key = this.#memory.asking ?? freshKey();
    this.#memory.asking = key;
    this.#form?.busy(true);
    try {
      const kept = await api.post<{ contact: string; secret: string }>("/api/contacts", {
        widget,
        key,
        channel: wish.channel,
        language: this.#info?.languages.includes(language) === false ? this.#info.languages[0] : language,
        ...(wish.name === "" ? {} : { name: wish.name }),
        ...(wish.topic === "" ? {} : { topic: wish.topic }),
        ...(wish.message === "" ? {} : { message: wish.message }),
        ...(token === null ? {} : { token }),
        ...(Object.keys(this.#attributes).length === 0 ? {} : { attributes: this.#attributes }),
      });
      this.#memory.asking = null;
      this.#memory.contact = {
        contact: kept.contact,
        secret: kept.secret,
        ...(this.#info === null ? {} : { title: this.#info.name }),
      };
      if (wish.channel === "video") this.#memory.seen = kept.contact;
      this.#converse();
      this.#conversing?.focus();
    } catch (error) {
      this.#form?.busy(false);
      const known = error instanceof ApiError ? error : null;
      if (known?.state === "closed") {
        this.#memory.asking = null;
        this.#form = null;
        this.#trouble(known.message, say("closed"));
        return;
      }
      // refused for what is in it: what is sent next is another request
      if (known !== null && known.status >= 400 && known.status < 500) this.#memory.asking = null;
      if (known?.field?.startsWith("attributes") && Object.keys(this.#attributes).length > 0) {
        // the page's fault, which its visitor can do nothing about
        console.error(`Secondline: data-attributes: ${known.field}: ${known.message}`);
        this.#attributes = {};
        return this.#begin(wish);
      }
      if (known?.status === 401 && this.#info !== null) {
        this.#token = null;
        this.#showForm(this.#info);
        this.#form?.trouble(say("notKnown"), "name");
        return;
      }
      const unreachable = known === null || known.status === 0 || known.status >= 500;
      this.#form?.trouble(unreachable ? say("unreachable") : known.message, known?.field);
    }
  }

  #converse(): void {
    const kept = this.#memory.contact;
    if (kept === null) return;
    this.#form = null;
    if (kept.title !== undefined) fill(this.#title, kept.title);
    const talk = new Talk({
      api: this.#options.api,
      socketBase: this.#options.socketBase,
      kept,
      agreed: () => this.#memory.seen === kept.contact,
      explain: (error) => (error.code === "conflict" ? this.#speech.say("ended") : error.message),
      changed: (view, heard) => {
        if (this.#talk !== talk) return;
        this.#conversing?.show(view);
        if (heard !== null) this.#hear(heard);
        this.#settle(view.contact?.state === "ended", view.rated, view.link.state === "closed");
      },
    });
    this.#talk = talk;
    this.#conversing = makeConversing({
      talk,
      memory: this.#memory,
      speech: this.#speech,
      startNew: () => this.#startNew(),
    });
    fill(this.#body, this.#conversing.element);
    talk.open();
  }

  /** What is over and needs no word more is not opened again by the next page. */
  #settle(ended: boolean, rated: boolean, refused: boolean): void {
    if ((ended && rated) || refused) this.#memory.contact = null;
    if (ended || refused) this.#memory.seen = null;
  }

  #startNew(): void {
    this.#talk?.close();
    this.#talk = null;
    this.#conversing = null;
    this.#memory.contact = null;
    this.#memory.seen = null;
    this.#memory.draft = "";
    void this.#prepare(true);
  }

  #hear(entry: Entry): void {
    if (this.#memory.open || entry.kind !== "message" || entry.author === "person") return;
    this.#unread += 1;
    this.#count();
  }

  #count(): void {
    const { say } = this.#speech;
    this.#badge.hidden = this.#unread === 0;
    fill(this.#badge, String(this.#unread));
    const news = this.#unread === 0 ? "" : `, ${say("unread", { count: this.#unread })}`;
    set(this.#launcher, { "aria-label": say("open") + news });
  }

  #pressed(event: KeyboardEvent): void {
    // the host page's shortcuts are not meant for what is written here
    event.stopPropagation();
    if (event.key === "Escape") this.#toggle(false);
    // it fills a small screen: behind it there is nothing to go to
    if (event.key === "Tab" && matchMedia("(max-width: 480px)").matches) this.#turn(event);
  }

  #turn(event: KeyboardEvent): void {
    const all = [...this.#panel.querySelectorAll<HTMLElement>("button, input, select, textarea, [tabindex='0']")].filter(
      (element) => element.offsetParent !== null && !element.matches(":disabled"),
    );
    const root = this.#panel.getRootNode() as ShadowRoot;
    const leaving = event.shiftKey ? all[0] : all.at(-1);
    if (root.activeElement !== leaving) return;
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0])?.focus();
  }
}
