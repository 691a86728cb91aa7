/**
 * What travels between the service and its pages: the shapes of docs/api.md.
 *
 * `*_ms` are whole milliseconds since 1970 on the server's clock; other times are RFC 3339 strings
 * in UTC. Ids are strings.
 */

export type Channel = "voice" | "chat" | "video";
export type Role = "expert" | "customer";
export type StaffRole = "agent" | "supervisor" | "admin";
export type Presence = "available" | "break" | "offline";
export type Assurance = 0 | 1 | 2 | 3;
/** Texts by language tag. */
export type Texts = Record<string, string>;
export type Load = Record<Channel, number>;

// Errors -------------------------------------------------------------------------------------

export interface WireError {
  /** invalid, malformed, unauthenticated, forbidden, not_found, conflict, gone, too_many, unavailable, rebuilding */
  code: string;
  message: string;
  /** The input's field at fault, dotted. */
  field?: string;
  /** The current state, where the request came in the wrong one. */
  state?: string;
}

// Who is signed in ---------------------------------------------------------------------------

export interface AgentProfile {
  tier: number;
  languages: string[];
  skills: string[];
  capacity: Load;
  reach: "softphone" | "phone" | "sip";
}

export interface Me {
  account: string;
  name: string;
  role: StaffRole;
  workspace: { name: string; slug: string };
  agent: AgentProfile | null;
}

// Timeline -----------------------------------------------------------------------------------

export type Author = "person" | "agent" | "supervisor" | "system";

interface EntryOf<Kind extends string, Data> {
  seq: number;
  kind: Kind;
  author: Author;
  name?: string | null;
  at: string;
  /** The sender's own key, where the service repeats it. */
  key?: string | null;
  data: Data;
}

export type VideoState = "asked" | "on" | "off";

export type Entry =
  | EntryOf<"message", { text: string }>
  | EntryOf<"queued", { queue?: string }>
  | EntryOf<"joined", { name?: string }>
  | EntryOf<"left", { why?: string }>
  | EntryOf<"warned", { ends_in_s?: number }>
  | EntryOf<"video", { state: VideoState }>
  | EntryOf<"escalated", Partial<HandOver>>
  | EntryOf<"told", { text: string }>
  | EntryOf<"callback", { at?: string }>
  | EntryOf<"merged", { into: string }>
  | EntryOf<"unreached", { tries: number; until?: string }>
  | EntryOf<"voicemail", { recording?: string; seconds?: number; due_at: string }>
  | EntryOf<"ended", { outcome?: string; by?: Author }>;

export interface HandOver {
  reason: string;
  /** What the person asked. */
  asked: string;
  /** What was tried so far. */
  tried: string;
}

// Agent desk: /ws/desk ------------------------------------------------------------------------

/** As much of a person as this viewer may see. */
export interface PersonCard {
  id?: string;
  name?: string | null;
  /** The name is only what the person typed. */
  name_claimed?: boolean;
  role: Role;
  assurance: Assurance;
  network_size?: number | null;
  number_masked?: string | null;
  contacts_before?: number | null;
}

export interface QueueRef {
  id: string;
  name: string;
}

export interface Offer {
  offer: string;
  contact: string;
  channel: Channel;
  deadline_ms: number;
  queue: QueueRef;
  language: string;
  topic?: string | null;
  /** The person's original arrival. */
  wait_since_ms: number;
  attempt: number;
  person: PersonCard;
  escalated?: HandOver | null;
  message?: Message | null;
}

/** Nobody waits for an answer: somebody is to see to it by then. */
export interface Message {
  due_ms: number;
  /** A caller's is there to be heard. */
  recording: boolean;
  seconds?: number;
  /** It has become a callback. */
  called: boolean;
}

export type OfferEnd = "missed" | "withdrawn" | "accepted" | "declined";
export type HandlingState = "connecting" | "active" | "wrapup" | "done";

export interface Handling {
  handling: string;
  contact: string;
  channel: Channel;
  state: HandlingState;
  queue: QueueRef;
  person: PersonCard;
  accepted_at: string;
  wrapup_limit_ms?: number | null;
  hand_over?: HandOver | null;
  video?: VideoState | null;
  ending?: "completed" | "escalated" | "transferred" | "lost" | "no_connect" | "abandoned" | null;
  may_rate: boolean;
  language?: string | null;
  topic?: string | null;
  message?: Message | null;
}

export interface PresenceState {
  state: Presence;
  reason?: string | null;
  since_ms: number;
}

export interface DeskSnapshot {
  type: "snapshot";
  now_ms: number;
  me: Me;
  presence: PresenceState;
  offers: Offer[];
  handlings: Handling[];
  policy: Record<string, unknown>;
}

/** Between two browsers, carried by our sockets; the service does not look inside. */
export type SignalData = Record<string, unknown>;

export type DeskFrame =
  | DeskSnapshot
  | ({ type: "offer" } & Offer)
  | { type: "offer_gone"; offer: string; why: OfferEnd }
  | ({ type: "handling" } & Handling)
  | { type: "entry"; contact: string; entry: Entry }
  | ({ type: "presence" } & PresenceState)
  | { type: "signal"; contact: string; data: SignalData }
  | { type: "tick"; now_ms: number };

export interface DeskRequests {
  presence: { state: Presence; reason?: string };
  accept: { offer: string };
  decline: { offer: string };
  say: { contact: string; key: string; text: string };
  read: { contact: string; after: number };
  end: { contact: string };
  escalate: { handling: string } & HandOver;
  wrap_up: { handling: string; outcome: string; note?: string };
  video: { contact: string; state: VideoState };
  signal: { contact: string; data: SignalData };
  hold: { contact: string; on: boolean };
  sync: Record<string, never>;
}

// The customer's side: /ws/contact --------------------------------------------------------------

export type ContactState = "arriving" | "waiting" | "handling" | "ended";

export interface OwnContact {
  id: string;
  channel: Channel;
  state: ContactState;
  agent?: { name: string } | null;
  position?: number | null;
  expected_wait_s?: number | null;
  /** What a closed queue announces. */
  queue_closed?: string | null;
  handling?: string | null;
  video?: VideoState | null;
  rated?: boolean;
  /** Kept as a message: it is answered whether this page is open or not. */
  message?: boolean;
  /** What the queue offers instead of waiting. */
  offered?: "callback";
}

export type ContactFrame =
  | { type: "snapshot"; now_ms: number; contact: OwnContact; entries: Entry[] }
  | { type: "entry"; entry: Entry }
  | { type: "contact"; contact: OwnContact }
  | { type: "signal"; data: SignalData }
  | { type: "tick"; now_ms: number };

export interface ContactRequests {
  say: { key: string; text: string };
  read: { after: number };
  end: Record<string, never>;
  video: { state: VideoState };
  signal: { data: SignalData };
  rate: { stars: number; comment?: string };
}

export interface WidgetInfo {
  name: string;
  languages: string[];
  topics: { topic: string; label: Texts }[];
  /** Whether a contact can begin as video. */
  video: boolean;
  /** Announced instead of the form while the queue is closed. */
  closed: string | null;
}

export interface NewContact {
  widget: string;
  channel: "chat" | "video";
  /** The client's own key: sent again, it is the same contact. */
  key: string;
  name?: string;
  mail?: string;
  language?: string;
  topic?: string;
  message?: string;
  token?: string;
}

// Supervisor: /ws/floor -------------------------------------------------------------------------

export interface QueueRow {
  id: string;
  name: string;
  waiting: number;
  longest_wait_since_ms: number | null;
  servable: boolean;
  /** How many of those in line nobody signed in could serve in any step. */
  unservable: number;
  closed: Texts | string | boolean | null;
  target: { seconds: number; share: number };
  today: {
    arrived: number;
    answered: number;
    answered_within: number;
    abandoned: number;
    /** 0 to 1. */
    service_level: number | null;
    asa_ms: number | null;
  };
  expected_wait_s: number | null;
}

export type AgentState = "available" | "offered" | "busy" | "wrapup" | "break" | "offline";

export interface AgentRow {
  id: string;
  name: string;
  tier: number;
  state: AgentState;
  reason: string | null;
  since_ms: number;
  load: Load;
  capacity: Load;
  rating: { mean: number | null; count: number };
}

export interface ContactRow {
  id: string;
  channel: Channel;
  queue: string;
  state: "waiting" | "offered" | "handling";
  role: Role;
  person: string;
  since_ms: number;
  agent: string | null;
  language: string;
  topic: string | null;
  attempt: number;
  callback: boolean;
  /** A message: until when somebody is to see to it. */
  due_ms?: number;
}

export interface FloorSnapshot {
  type: "snapshot";
  now_ms: number;
  cursor: string;
  queues: QueueRow[];
  agents: AgentRow[];
  contacts: ContactRow[];
}

export type FloorFrame =
  | FloorSnapshot
  | (Omit<FloorSnapshot, "type"> & { type: "patch"; gone: string[] })
  | { type: "tick"; now_ms: number };

// HTTP ------------------------------------------------------------------------------------------

export interface Softphone {
  kind: "twilio" | "standin";
  token: string;
  url?: string | null;
}

export interface Ice {
  ice_servers: RTCIceServer[];
}
