/** Times, numbers and names for people, in the browser's own language and time zone. */

const unit = (name: string): Intl.NumberFormat =>
  new Intl.NumberFormat(undefined, { style: "unit", unit: name, unitDisplay: "short" });
const seconds = unit("second");
const minutes = unit("minute");
const hours = unit("hour");
const days = unit("day");

/** A running clock: 0:07, 12:05, 1:02:03. Never negative. */
export function clock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const h = Math.floor(total / 3600);
  const m = Math.floor(total / 60) % 60;
  return h > 0 ? `${h}:${two(m)}:${two(total % 60)}` : `${m}:${two(total % 60)}`;
}

/** A length of time in its largest fitting unit: 42 sec, 3 min, 2 hr, 5 days. */
export function span(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return seconds.format(s);
  if (s < 3600) return minutes.format(Math.round(s / 60));
  if (s < 86_400 * 2) return hours.format(Math.round(s / 3600));
  return days.format(Math.round(s / 86_400));
}

const atTime = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const atDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });
const atBoth = new Intl.DateTimeFormat(undefined, {
  day: "numeric",
  month: "short",
  hour: "numeric",
  minute: "2-digit",
});

type Moment = string | number | Date;

/** 14:05 */
export const time = (at: Moment): string => atTime.format(new Date(at));
const atSecond = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" });
/** 14:05:09 */
export const second = (at: Moment): string => atSecond.format(new Date(at));
/** 3 May 2026 */
export const day = (at: Moment): string => atDay.format(new Date(at));
/** 14:05 today, 3 May, 14:05 otherwise. */
export function moment(at: Moment, now: number = Date.now()): string {
  const date = new Date(at);
  return date.toDateString() === new Date(now).toDateString() ? atTime.format(date) : atBoth.format(date);
}

const whole = new Intl.NumberFormat();
const percent = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 0 });
const decimal = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 12,345 */
export const count = (value: number): string => whole.format(value);
/** 0.83 → 83% */
export const share = (value: number): string => percent.format(value);
/** 4.3 */
export const tenth = (value: number): string => decimal.format(value);

const languageNames = new Intl.DisplayNames(undefined, { type: "language" });

/** de → German, in the reader's language. */
export function language(tag: string): string {
  try {
    return languageNames.of(tag) ?? tag;
  } catch {
    return tag; // not a language tag
  }
}

/** router_setup → Router setup: for keys that have no label. */
export function label(key: string): string {
  const words = key.replaceAll(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Up to two initials of a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const first = words[0]?.[0] ?? "";
  const last = words.length > 1 ? (words.at(-1)?.[0] ?? "") : "";
  return (first + last).toUpperCase();
}
