/** The figures by quarters of an hour, as `GET /api/statistics` answers them (docs/statistics.md). */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, api } from "../shared/http";

export type By = "queue" | "agent" | "tier" | "channel";

export interface Counts {
  entered: number;
  answered: number;
  wait_ms: number;
  longest_wait_ms: number;
  abandoned: number;
  offers_declined: number;
  offers_missed: number;
  handled: number;
  estimates: number;
  messages: number;
  messages_overdue: number;
}

export interface Figures {
  service_level_of_answered: number | null;
  service_level: number | null;
  service_level_without_short: number | null;
  asa_ms: number | null;
  abandonment: number | null;
  aht_ms: number | null;
  mean_conversation_ms: number | null;
  mean_wrap_up_ms: number | null;
  occupancy: number | null;
  utilisation: number | null;
  concurrency: number | null;
  offers_made: number;
  acceptance: number | null;
  estimate_bias_ms: number | null;
  estimate_error_ms: number | null;
  estimate_held: number | null;
  message_level: number | null;
  message_answer_ms: number | null;
}

export interface Line {
  id: string;
  name: string;
  starts_at: string | null;
  counts: Counts;
  figures: Figures;
}

export interface Report {
  from: string;
  to: string;
  by: By;
  interval_s: number;
  time_zone: string;
  counted_at: string | null;
  total: Line;
  lines: Line[];
  intervals: Line[] | null;
}

/** day: 2026-03-02, in the workspace's time zone; empty: today. */
export function address(by: By, day: string, format: "json" | "csv" = "json"): string {
  const query = new URLSearchParams({ by, format });
  if (day !== "") query.set("day", day);
  return `/api/statistics?${query}`;
}

const REFRESH_MS = 15_000;

/** The report, read again while it is today's; a failure keeps what was there and says so. */
export function useReport(by: By, day: string) {
  const [report, setReport] = useState<Report | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const asked = useRef<AbortController | null>(null);

  const load = useCallback(async () => {
    asked.current?.abort();
    const mine = new AbortController();
    asked.current = mine;
    try {
      setReport(await api.get<Report>(address(by, day), mine.signal));
      setFailure(null);
    } catch (cause) {
      if (mine.signal.aborted) return;
      setFailure(cause instanceof ApiError ? cause.message : "The figures could not be read.");
    }
  }, [by, day]);

  useEffect(() => {
    void load();
    const again = day === "" ? setInterval(() => void load(), REFRESH_MS) : undefined;
    return () => {
      clearInterval(again);
      asked.current?.abort();
    };
  }, [load, day]);

  // what was asked before is not what is asked now
  return { report: report?.by === by ? report : null, failure, load };
}
