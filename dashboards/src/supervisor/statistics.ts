/** The figures by quarters of an hour, as `GET /api/statistics` answers them (docs/statistics.md). */
import { useReading } from "../shared/reading";

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

/** The report, read again while it is today's. */
export function useReport(by: By, day: string) {
  const { found, failure, load } = useReading<Report>(
    address(by, day),
    day === "" ? REFRESH_MS : null,
    "The figures could not be read.",
  );
  // what was asked before is not what is asked now
  return { report: found?.by === by ? found : null, failure, load };
}
