/** A queue's policy in words. Pure. */
import { clock } from "../shared/format";
import type { Step, Strategy } from "./records";

export const STRATEGIES: Record<Strategy, string> = {
  longest_idle: "Longest idle first",
  least_loaded: "Least loaded first",
  best_rated: "Best rated first",
  least_scarce: "Least scarce skills first",
  random: "By lot",
};

const listed = new Intl.ListFormat("en");

/** "Tier 1 with the language and the skills, longest idle first" */
export function stepInWords(step: Step): string {
  const tiers = [...step.tiers].sort((a, b) => a - b);
  const needs = [step.language ? "the language" : "", step.skills ? "the skills" : ""].filter(Boolean);
  const who = tiers.length === 0 ? "Nobody" : `Tier ${tiers.join(" or ")}`;
  if (step.filter) needs.push("the filter");
  return `${who}${needs.length ? ` with ${listed.format(needs)}` : ""}, ${(STRATEGIES[step.strategy] ?? step.strategy).toLowerCase()}`;
}

/** When each step begins, as waiting people see it: "from 0:00", "from 1:00". */
export function beginnings(steps: readonly Step[]): string[] {
  let seconds = 0;
  return steps.map((step) => {
    const begin = clock(seconds * 1000);
    seconds += Number(step.seconds) || 0;
    return begin;
  });
}

/** The name's form in addresses and references: "Customers – Router" → customers-router. */
export function slugOf(name: string): string {
  return name
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 63);
}
