/** What the desk knows, and how each frame changes it. Pure: no socket, no clock, no chance. */
import type { ConversationView } from "../shared/conversation";
import type { Link } from "../shared/socket";
import type { DeskFrame, Handling, Offer, PresenceState } from "../shared/wire";

export interface DeskState {
  link: Link;
  /** False until the first snapshot: nothing is known yet. */
  ready: boolean;
  presence: PresenceState;
  /** Ringing, the most urgent first. */
  offers: readonly Offer[];
  /** In hand, in the order of acceptance; none that is done. */
  handlings: readonly Handling[];
  /** By contact. */
  conversations: Readonly<Record<string, ConversationView>>;
  /** The last entry that the agent has had before their eyes, by contact. */
  seen: Readonly<Record<string, number>>;
  /** The contact on screen. */
  selected: string | null;
  /** The offer whose answer is under way. */
  answering: string | null;
}

export const INITIAL: DeskState = {
  link: { state: "connecting", since: 0, heard: null },
  ready: false,
  presence: { state: "offline", since_ms: 0 },
  offers: [],
  handlings: [],
  conversations: {},
  seen: {},
  selected: null,
  answering: null,
};

/** Applies a frame of /ws/desk. Entries, signals and ticks change nothing here. */
export function apply(state: DeskState, frame: DeskFrame): DeskState {
  switch (frame.type) {
    case "snapshot":
      return settle({
        ...state,
        ready: true,
        presence: frame.presence,
        offers: urgentFirst(frame.offers),
        handlings: inOrder(frame.handlings.filter((h) => h.state !== "done")),
        answering: null,
      });
    case "offer": {
      const { type: _, ...offer } = frame;
      return { ...state, offers: urgentFirst([...without(state.offers, offer.offer), offer]) };
    }
    case "offer_gone":
      return {
        ...state,
        offers: without(state.offers, frame.offer),
        answering: state.answering === frame.offer ? null : state.answering,
      };
    case "handling": {
      const { type: _, ...handling } = frame;
      const others = state.handlings.filter((h) => h.handling !== handling.handling);
      return settle({
        ...state,
        offers: state.offers.filter((o) => o.contact !== handling.contact || handling.state === "done"),
        handlings: handling.state === "done" ? others : inOrder([...others, handling]),
      });
    }
    case "presence": {
      const { type: _, ...presence } = frame;
      return { ...state, presence };
    }
    default:
      return state;
  }
}

/** What is selected has to be in hand; a single contact in hand is selected by itself. */
function settle(state: DeskState): DeskState {
  if (state.handlings.some((h) => h.contact === state.selected)) return state;
  const only = state.handlings.length === 1 ? state.handlings[0] : undefined;
  return { ...state, selected: only?.contact ?? null };
}

export function handlingOf(state: DeskState, contact: string | null): Handling | undefined {
  return state.handlings.find((h) => h.contact === contact);
}

/** Messages of the person that the agent has not had before their eyes. */
export function unread(state: DeskState, contact: string): number {
  const seen = state.seen[contact] ?? 0;
  const entries = state.conversations[contact]?.entries ?? [];
  return entries.filter((e) => e.seq > seen && e.kind === "message" && e.author === "person").length;
}

function without(offers: readonly Offer[], id: string): Offer[] {
  return offers.filter((o) => o.offer !== id);
}

function urgentFirst(offers: readonly Offer[]): Offer[] {
  return [...offers].sort((a, b) => a.deadline_ms - b.deadline_ms);
}

function inOrder(handlings: readonly Handling[]): Handling[] {
  return [...handlings].sort((a, b) => a.accepted_at.localeCompare(b.accepted_at));
}
