/**
 * The floor as the supervisor sees it: queues, agents and open contacts, kept by snapshot and
 * patch. Pure: no socket, no clock. Rows keep their identity until they change, so that a
 * memoised table row is drawn again only when its own figures moved.
 */
import type { AgentRow, AgentState, ContactRow, FloorFrame, QueueRow } from "../shared/wire";

export interface Floor {
  queues: readonly QueueRow[];
  agents: ReadonlyMap<string, AgentRow>;
  contacts: ReadonlyMap<string, ContactRow>;
}

/** The service lists no more than the oldest of so many contacts; the queues count all. */
export const CONTACTS_LISTED = 500;

export const EMPTY: Floor = { queues: [], agents: new Map(), contacts: new Map() };

export function applied(floor: Floor, frame: FloorFrame): Floor {
  if (frame.type === "tick") return floor;
  if (frame.type === "snapshot") {
    return {
      queues: byName(frame.queues),
      agents: new Map(frame.agents.map((row) => [row.id, row])),
      contacts: new Map(frame.contacts.map((row) => [row.id, row])),
    };
  }
  return {
    queues:
      frame.queues.length === 0 && frame.gone.length === 0 ? floor.queues : merged(floor.queues, frame.queues, frame.gone),
    agents: patched(floor.agents, frame.agents, []),
    contacts: patched(floor.contacts, frame.contacts, frame.gone),
  };
}

function byName(rows: readonly QueueRow[]): QueueRow[] {
  return [...rows].sort((a, b) => a.name.localeCompare(b.name));
}

function merged(old: readonly QueueRow[], rows: readonly QueueRow[], gone: readonly string[]): QueueRow[] {
  const fresh = new Map(rows.map((row) => [row.id, row]));
  const kept = old.filter((row) => !gone.includes(row.id)).map((row) => fresh.get(row.id) ?? row);
  const known = new Set(old.map((row) => row.id));
  return byName([...kept, ...rows.filter((row) => !known.has(row.id))]);
}

function patched<T extends { id: string }>(
  old: ReadonlyMap<string, T>,
  rows: readonly T[],
  gone: readonly string[],
): ReadonlyMap<string, T> {
  if (rows.length === 0 && gone.length === 0) return old;
  const next = new Map(old);
  for (const row of rows) next.set(row.id, row);
  for (const id of gone) next.delete(id);
  return next;
}

/** What the whole house looks like at this moment, for the tiles. */
export function summed(floor: Floor): {
  waiting: number;
  longestSince: number | null;
  answered: number;
  abandoned: number;
  serviceLevel: number | null;
  agents: Record<AgentState, number>;
  handling: number;
  /** not all contacts are listed: there are more in hand */
  partly: boolean;
} {
  const agents = { available: 0, offered: 0, busy: 0, wrapup: 0, break: 0, offline: 0 };
  for (const agent of floor.agents.values()) agents[agent.state] += 1;
  let handling = 0;
  for (const contact of floor.contacts.values()) if (contact.state === "handling") handling += 1;
  let waiting = 0;
  let longestSince: number | null = null;
  let [answered, abandoned, within, counted] = [0, 0, 0, 0];
  for (const { today, ...queue } of floor.queues) {
    waiting += queue.waiting;
    const since = queue.longest_wait_since_ms;
    if (since !== null && (longestSince === null || since < longestSince)) longestSince = since;
    answered += today.answered;
    abandoned += today.abandoned;
    if (today.service_level !== null && today.service_level > 0) {
      // each queue's own denominator, whichever variant of the formula the server uses
      counted += today.answered_within / today.service_level;
      within += today.answered_within;
    } else if (today.service_level === 0) {
      counted += today.answered + today.abandoned;
    }
  }
  return {
    waiting,
    longestSince,
    answered,
    abandoned,
    serviceLevel: counted > 0 ? within / counted : null,
    agents,
    handling,
    partly: floor.contacts.size >= CONTACTS_LISTED,
  };
}

export function isClosed(queue: QueueRow): boolean {
  return queue.closed !== null && queue.closed !== false;
}

export type Trouble = "unservable" | "late";

/** A queue needs a look: nobody can serve it, it is over its target, or people wait too long. */
export function trouble(queue: QueueRow, now: number): Trouble | null {
  if (isClosed(queue)) return null;
  if (queue.unservable > 0) return "unservable";
  const since = queue.longest_wait_since_ms;
  if (since !== null && now - since > queue.target.seconds * 1000) return "late";
  return null;
}
