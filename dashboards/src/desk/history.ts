/** What the service tells about people and past contacts: docs/api.md. Absent: not for this viewer. */
import type { Assurance, Channel, Entry, HandOver, QueueRef, Role } from "../shared/wire";

export interface PastContact {
  id: string;
  channel: Channel;
  arrived_at: string;
  ended_at?: string | null;
  queue?: string | null;
  topic?: string | null;
  outcome?: string | null;
  agent?: string | null;
  note?: string | null;
}

export interface PersonFile {
  id: string;
  name?: string | null;
  name_claimed?: boolean;
  role: Role;
  assurance?: Assurance;
  network_size?: number | null;
  number_masked?: string | null;
  /** In full, where this viewer may see it. */
  number?: string | null;
  expert_number?: string | null;
  /** What the person typed, and what is registered. */
  claimed_mail?: string | null;
  mails?: string[];
  languages?: string[];
  contacts_before?: number;
  /** Earlier ones, where they may be told; else only their number is. */
  contacts?: PastContact[];
}

export interface ContactFile {
  id: string;
  channel: Channel;
  state: string;
  topic?: string | null;
  queue?: QueueRef;
  language?: string;
  arrived_at: string;
  ended_at?: string | null;
  outcome?: string | null;
  handlings?: {
    handling: string;
    agent: { id: string; name: string };
    accepted_at: string;
    ending?: string | null;
    outcome?: string | null;
    note?: string | null;
    hand_over?: HandOver | null;
  }[];
  timeline?: Entry[];
}
