/** The desk's one live object: socket, conversations, call and phone, held for the page's lifetime. */
import { Call, type CallView } from "../shared/call";
import { Conversation } from "../shared/conversation";
import { api } from "../shared/http";
import { ApiError } from "../shared/http";
import { Socket } from "../shared/socket";
import type {
  DeskFrame,
  DeskRequests,
  Entry,
  Handling,
  HandOver,
  Ice,
  Offer,
  OfferEnd,
  Presence,
  VideoState,
} from "../shared/wire";
import { chosenMicrophone } from "./microphone";
import { Phone } from "./phone/phone";
import { type DeskState, INITIAL, apply, handlingOf } from "./state";
import { remember, remembered } from "./storage";

export interface DeskEvents {
  /** An offer is over, other than by this page's own answer. */
  offerGone?: (offer: Offer, why: OfferEnd) => void;
  /** The person wrote. */
  message?: (contact: string) => void;
}

export interface VideoInHand {
  contact: string;
  view: CallView;
}

export class Desk {
  readonly phone = new Phone();
  readonly events: DeskEvents = {};
  readonly #socket: Socket<DeskFrame, DeskRequests>;
  readonly #listeners = new Set<() => void>();
  readonly #conversations = new Map<string, Conversation>();
  #state: DeskState = INITIAL;
  #call: { contact: string; call: Call } | null = null;
  #video: VideoInHand | null = null;

  constructor() {
    this.#socket = new Socket<DeskFrame, DeskRequests>({
      url: "/ws/desk",
      frame: (frame) => this.#hear(frame),
      link: (link) => this.#set({ link }),
      refused: () =>
        api.get("/api/me").then(
          () => false,
          (error: unknown) => error instanceof ApiError && [401, 403].includes(error.status),
        ),
    });
    this.phone.changed = () => this.#tell();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): DeskState => this.#state;
  readonly video = (): VideoInHand | null => this.#video;
  /** The server's time in milliseconds. */
  readonly now = (): number => this.#socket.clock.now();

  open(): void {
    this.#socket.open();
  }

  close(): void {
    this.leaveVideo();
    this.phone.release();
    this.#socket.close();
  }

  // What the agent does ----------------------------------------------------------------------

  setPresence(state: Presence, reason?: string): Promise<unknown> {
    return this.#socket.request("presence", reason === undefined ? { state } : { state, reason });
  }

  async accept(offer: Offer): Promise<void> {
    if (this.#state.answering !== null) return;
    this.#set({ answering: offer.offer });
    remember(`here.${offer.contact}`, "1"); // sound and picture belong to the tab that accepted
    try {
      await this.#socket.request("accept", { offer: offer.offer });
      this.select(offer.contact);
    } catch (error) {
      this.#set({ answering: null });
      throw error;
    }
  }

  async decline(offer: Offer): Promise<void> {
    if (this.#state.answering !== null) return;
    this.#set({ answering: offer.offer });
    try {
      await this.#socket.request("decline", { offer: offer.offer });
      this.#set({ offers: this.#state.offers.filter((o) => o.offer !== offer.offer) });
    } finally {
      this.#set({ answering: null });
    }
  }

  say(contact: string, text: string): void {
    this.#conversations.get(contact)?.say(text);
  }

  conversation(contact: string): Conversation | undefined {
    return this.#conversations.get(contact);
  }

  async end(contact: string): Promise<void> {
    await this.#socket.request("end", { contact });
  }

  async escalate(handling: string, handOver: HandOver): Promise<void> {
    await this.#socket.request("escalate", { handling, ...handOver });
  }

  async wrapUp(handling: string, outcome: string, note: string): Promise<void> {
    await this.#socket.request("wrap_up", note === "" ? { handling, outcome } : { handling, outcome, note });
  }

  async hold(contact: string, on: boolean): Promise<void> {
    await this.#socket.request("hold", { contact, on });
  }

  select(contact: string | null): void {
    this.#set({ selected: contact });
    this.look();
  }

  /** The agent looks at what is selected: nothing in it is unread any more. */
  look(): void {
    const { selected, seen } = this.#state;
    if (selected === null || document.visibilityState !== "visible") return;
    const last = this.#state.conversations[selected]?.entries.at(-1)?.seq ?? 0;
    if (last > (seen[selected] ?? 0)) {
      remember(`seen.${selected}`, String(last));
      this.#set({ seen: { ...seen, [selected]: last } });
    }
  }

  // Video ------------------------------------------------------------------------------------

  /** Tells the service, and joins where the picture is to be on. */
  async setVideo(contact: string, state: VideoState): Promise<void> {
    await this.#socket.request("video", { contact, state });
    if (state === "on") this.joinVideo(contact);
    else this.leaveVideo(contact);
  }

  /** Takes the camera in this tab. */
  joinVideo(contact: string): void {
    if (this.#call?.contact === contact && this.#call.call.view.phase !== "failed") return;
    this.leaveVideo();
    remember(`here.${contact}`, "1");
    const call = new Call({
      polite: true,
      ice: async () => (await api.get<Ice>("/api/ice")).ice_servers,
      send: (data) => this.#socket.request("signal", { contact, data }),
      changed: (view) => {
        if (this.#call?.call !== call) return;
        this.#video = { contact, view };
        this.#tell();
      },
      microphoneId: chosenMicrophone(),
    });
    this.#call = { contact, call };
    this.#video = { contact, view: call.view };
    this.#tell();
    void call.start();
  }

  /** Lets the camera go. */
  leaveVideo(contact?: string): void {
    if (this.#call === null || (contact !== undefined && this.#call.contact !== contact)) return;
    const { call } = this.#call;
    this.#call = null;
    this.#video = null;
    call.stop();
    this.#tell();
  }

  get call(): Call | null {
    return this.#call?.call ?? null;
  }

  // What comes from the service ----------------------------------------------------------------

  #hear(frame: DeskFrame): void {
    if (frame.type === "entry") {
      this.#conversations.get(frame.contact)?.hear(frame.entry);
      if (frame.entry.kind === "video") this.#seeVideo(frame.contact, frame.entry.data.state);
      if (frame.entry.kind === "message" && frame.entry.author === "person") {
        this.events.message?.(frame.contact);
      }
      return;
    }
    if (frame.type === "signal") {
      if (this.#call?.contact === frame.contact) this.#call.call.hear(frame.data);
      return;
    }
    if (frame.type === "offer_gone") {
      const gone = this.#state.offers.find((o) => o.offer === frame.offer);
      if (gone !== undefined && this.#state.answering !== frame.offer) this.events.offerGone?.(gone, frame.why);
    }
    const before = this.#state;
    this.#state = apply(before, frame);
    if (this.#state.handlings !== before.handlings) this.#follow();
    if (frame.type === "snapshot") {
      for (const conversation of this.#conversations.values()) void conversation.catchUp();
      this.#call?.call.resume();
    }
    this.look();
    this.#tell();
  }

  /** The timeline tells of the picture before the handling's next frame does. */
  #seeVideo(contact: string, video: VideoState): void {
    const handlings = this.#state.handlings.map((h) => (h.contact === contact ? { ...h, video } : h));
    this.#set({ handlings });
    this.#follow();
  }

  /** Brings conversations, phone and camera in line with what is in hand. */
  #follow(): void {
    const { handlings } = this.#state;
    for (const handling of handlings) {
      if (!this.#conversations.has(handling.contact)) this.#begin(handling);
      const here = remembered(`here.${handling.contact}`) !== null;
      const talking = handling.state === "connecting" || handling.state === "active";
      const heard = handling.message != null && !handling.message.called;
      if (handling.channel === "voice" && talking && here && !heard) this.phone.connect(handling.handling);
      if (talking && handling.video === "on" && here) this.joinVideo(handling.contact);
      if (!talking || handling.video === "off") this.leaveVideo(handling.contact);
      if (!talking) this.phone.leave(handling.handling);
    }
    for (const [contact, conversation] of this.#conversations) {
      if (handlingOf(this.#state, contact) === undefined) {
        conversation.forget();
        this.#conversations.delete(contact);
        this.leaveVideo(contact);
        const { [contact]: _, ...rest } = this.#state.conversations;
        this.#state = { ...this.#state, conversations: rest };
      }
    }
    this.phone.keep(handlings.map((h) => h.handling));
  }

  #begin({ contact }: Handling): void {
    const conversation = new Conversation({
      self: "agent",
      store: `secondline.desk.unsent.${contact}`,
      say: (key, text) => this.#socket.request("say", { contact, key, text }),
      read: async (after) => (await this.#socket.request("read", { contact, after }))["entries"] as Entry[],
      changed: (view) => {
        this.#set({ conversations: { ...this.#state.conversations, [contact]: view } });
        if (this.#state.selected === contact) this.look();
      },
    });
    this.#conversations.set(contact, conversation);
    this.#state = {
      ...this.#state,
      conversations: { ...this.#state.conversations, [contact]: conversation.view },
      seen: { ...this.#state.seen, [contact]: Number(remembered(`seen.${contact}`) ?? 0) },
    };
    void conversation.catchUp();
  }

  #set(change: Partial<DeskState>): void {
    this.#state = { ...this.#state, ...change };
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
