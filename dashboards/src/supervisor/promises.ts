/** What people were promised, and what calling them costs, as `GET /api/callbacks` answers it. */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, api } from "../shared/http";
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

/** Read again and again; a failure keeps what was there, and says so. readAt: by this clock. */
export function usePromises() {
  const [promised, setPromised] = useState<Promised | null>(null);
  const [readAt, setReadAt] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const asked = useRef<AbortController | null>(null);

  const load = useCallback(async () => {
    asked.current?.abort();
    const mine = new AbortController();
    asked.current = mine;
    try {
      const answer = await api.get<Promised>("/api/callbacks", mine.signal);
      setPromised(answer);
      setReadAt(Date.now());
      setFailure(null);
    } catch (cause) {
      if (mine.signal.aborted) return;
      setFailure(cause instanceof ApiError ? cause.message : "The service cannot be reached.");
    }
  }, []);

  useEffect(() => {
    void load();
    const again = setInterval(() => void load(), REFRESH_MS);
    return () => {
      clearInterval(again);
      asked.current?.abort();
    };
  }, [load]);

  return { promised, readAt, failure, load };
}
