/** One contact as the person's side holds it: socket, conversation, video. No page in here. */
import { Call, type CallView } from "../shared/call";
import { Conversation, type ConversationView } from "../shared/conversation";
import type { Api } from "../shared/http";
import { type Link, RequestError, Socket } from "../shared/socket";
import type { ContactFrame, ContactRequests, Entry, Ice, OwnContact, VideoState } from "../shared/wire";
import type { Kept } from "./memory";

export interface TalkView {
  link: Link;
  /** Null until the first snapshot. */
  contact: OwnContact | null;
  conversation: ConversationView;
  call: CallView | null;
  rated: boolean;
  /** The visitor has asked to be called instead. */
  called?: boolean;
}

export interface TalkOptions {
  api: Api;
  /** The service's origin, as a ws:// or wss:// address. */
  socketBase: string;
  kept: Kept;
  /** Whether the visitor agreed to be seen. */
  agreed: () => boolean;
  explain: (error: RequestError) => string;
  changed: (view: TalkView, heard: Entry | null) => void;
}

export class Talk {
  readonly conversation: Conversation;
  readonly #options: TalkOptions;
  readonly #socket: Socket<ContactFrame, ContactRequests>;
  #view: TalkView;
  #call: Call | null = null;

  constructor(options: TalkOptions) {
    this.#options = options;
    const { contact, secret } = options.kept;
    this.#socket = new Socket<ContactFrame, ContactRequests>({
      url: `${options.socketBase}/ws/contact`,
      hello: () => ({ type: "hello", contact, secret, after: this.conversation.known }),
      frame: (frame) => this.#hear(frame),
      link: (link) => this.#show({ link }),
    });
    this.conversation = new Conversation({
      self: "person",
      store: `secondline.unsent.${contact}`,
      say: (key, text) => this.#socket.request("say", { key, text }),
      read: async (after) => (await this.#socket.request("read", { after }))["entries"] as Entry[],
      changed: (conversation) => this.#show({ conversation }),
      explain: options.explain,
    });
    this.#view = {
      link: this.#socket.link,
      contact: null,
      conversation: this.conversation.view,
      call: null,
      rated: false,
    };
  }

  get view(): TalkView {
    return this.#view;
  }

  get call(): Call | null {
    return this.#call;
  }

  /** The picture's state with the present agent: what was last said of it. */
  get videoState(): VideoState | null {
    for (const entry of this.#view.conversation.entries.toReversed()) {
      if (entry.kind === "video") return entry.data.state;
      if (entry.kind === "joined") break; // with another agent it starts anew
    }
    return this.#view.contact?.channel === "video" ? "on" : null;
  }

  open(): void {
    this.#socket.open();
  }

  close(): void {
    this.#leave();
    this.#socket.close();
  }

  async end(): Promise<void> {
    await this.#socket.request("end", {});
  }

  async video(state: VideoState): Promise<void> {
    await this.#socket.request("video", { state });
  }

  /** Stars from 1 to 5. Given before is as good as given. */
  async rate(stars: number, comment: string): Promise<void> {
    try {
      await this.#socket.request("rate", comment === "" ? { stars } : { stars, comment });
    } catch (error) {
      if (!(error instanceof RequestError && error.code === "conflict")) throw error;
    }
    this.#show({ rated: true });
  }

  /** When somebody can call, as ISO times. */
  async callbackTimes(): Promise<string[]> {
    const { contact, secret } = this.#options.kept;
    const query = new URLSearchParams({ secret });
    const answer = await this.#options.api.get<{ times: string[] }>(`/api/contacts/${contact}/callback-times?${query}`);
    return answer.times;
  }

  /** Asks to be called instead: at this time, or in turn. The contact ends then. */
  async callBack(number: string, at: string | null): Promise<void> {
    const { contact, secret } = this.#options.kept;
    await this.#options.api.post(`/api/contacts/${contact}/callback`, { secret, number, ...(at === null ? {} : { at }) });
    this.#show({ called: true });
  }

  /** Takes camera and microphone, once the visitor agreed. */
  join(): void {
    this.#leave();
    const { contact, secret } = this.#options.kept;
    const query = new URLSearchParams({ contact, secret });
    const call = new Call({
      polite: false,
      ice: async () => (await this.#options.api.get<Ice>(`/api/ice?${query}`)).ice_servers,
      send: (data) => this.#socket.request("signal", { data }),
      changed: (view) => {
        if (this.#call === call) this.#show({ call: view });
      },
    });
    this.#call = call;
    this.#show({ call: call.view });
    void call.start();
  }

  #leave(): void {
    const call = this.#call;
    this.#call = null;
    call?.stop();
    if (call !== null) this.#show({ call: null });
  }

  #hear(frame: ContactFrame): void {
    switch (frame.type) {
      case "snapshot":
        this.conversation.resume(frame.entries);
        this.#know(frame.contact);
        this.#call?.resume();
        break;
      case "contact":
        this.#know(frame.contact);
        break;
      case "entry":
        this.conversation.hear(frame.entry);
        if (this.#view.contact !== null) this.#know(this.#view.contact);
        this.#options.changed(this.#view, frame.entry);
        break;
      case "signal":
        this.#call?.hear(frame.data);
        break;
      case "tick":
        break;
    }
  }

  #know(contact: OwnContact): void {
    this.#show({ contact, rated: this.#view.rated || contact.rated === true });
    const seeing = contact.state === "handling" && this.videoState === "on";
    if (seeing && this.#options.agreed() && this.#call === null) this.join();
    if (!seeing) this.#leave();
    if (contact.state === "ended") this.conversation.forget();
  }

  #show(change: Partial<TalkView>): void {
    this.#view = { ...this.#view, ...change };
    this.#options.changed(this.#view, null);
  }
}
