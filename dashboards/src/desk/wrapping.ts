/** What the agent has put down for the wrap-up so far, kept across reloads. */
import type { Handling } from "../shared/wire";
import { remember, remembered } from "./storage";

export interface Wrapping {
  outcome: string;
  note: string;
  /** 0: not rated. */
  stars: number;
  comment: string;
}

const key = (handling: Handling): string => `wrapup.${handling.handling}`;

export function wrapping(handling: Handling): Wrapping {
  const empty = { outcome: handling.ending === "escalated" ? "unresolved" : "", note: "", stars: 0, comment: "" };
  const kept = remembered(key(handling));
  return kept === null ? empty : { ...empty, ...(JSON.parse(kept) as Partial<Wrapping>) };
}

export function keepWrapping(handling: Handling, part: Partial<Wrapping>): void {
  remember(key(handling), JSON.stringify({ ...wrapping(handling), ...part }));
}

export function forgetWrapping(handling: Handling): void {
  remember(key(handling), null);
}
