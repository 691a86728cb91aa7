/** What people were promised, and what calling them costs, as `GET /api/callbacks` answers it. */
import { useReading } from "../shared/reading";
import type { Channel, ContactState } from "../shared/wire";

export interface Callback {
  contact: string;
  queue: string;
  state: ContactState;
  number_masked: string;
  /** the promised time; null: in their turn */
  at: string | null;
  asked_at: string;
  asked_by: "person" | "agent" | "supervisor" | "system";
  tries: number;
}

export interface MessageLeft {
  contact: string;
  queue: string;
  channel: Channel;
  state: ContactState;
  due_at: string;
  overdue: boolean;
  agent: string | null;
}

export interface Spent {
  queue: string | null;
  cents_today: number;
  cents_this_month: number;
}

export interface Promised {
  callbacks: Callback[];
  messages: MessageLeft[];
  today: {
    cents: number;
    cents_this_month: number;
    cents_a_day: number;
    cents_a_day_per_number: number;
    spent: Spent[];
    refused: { why: string; count: number }[];
  };
}

/** As many of each are told. */
export const SHOWN = 500;

const REFRESH_MS = 10_000;

export function usePromises() {
  const { found, ...reading } = useReading<Promised>(
    "/api/callbacks",
    REFRESH_MS,
    "The service cannot be reached.",
  );
  return { promised: found, ...reading };
}
