/** What makes an agent in another window look up: tone, title, tab icon, system notification. */
import { prefer, preferred } from "./storage";

// Tone -----------------------------------------------------------------------------------------

let context: AudioContext | null = null;

function audio(): AudioContext {
  context ??= new AudioContext();
  return context;
}

/** 0 to 1. */
export function volume(): number {
  const kept = preferred("volume");
  const value = kept === null ? 0.5 : Number(kept);
  return Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0.5;
}

export function setVolume(value: number): void {
  prefer("volume", String(value));
}

/** Browsers let a page sound only after the user touched it: call this from a click. */
export function unlockSound(): void {
  if (audio().state === "suspended") void audio().resume();
}

/** Whether tones can be heard yet. */
export function soundAllowed(): boolean {
  return audio().state === "running";
}

function beep(at: number, hertz: number, seconds: number, loudness: number): void {
  // a suspended clock stands still: everything would sound at once when it goes on
  if (!soundAllowed()) return;
  const tone = audio().createOscillator();
  const gain = audio().createGain();
  tone.type = "triangle";
  tone.frequency.value = hertz;
  // ramps: a hard edge clicks
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(loudness, at + 0.02);
  gain.gain.setValueAtTime(loudness, at + seconds - 0.06);
  gain.gain.linearRampToValueAtTime(0, at + seconds);
  tone.connect(gain).connect(audio().destination);
  tone.start(at);
  tone.stop(at + seconds);
}

/** One ring: two rising pairs. */
export function ring(loudness = volume()): void {
  if (loudness === 0) return;
  const at = audio().currentTime + 0.02;
  for (const start of [0, 0.5]) {
    beep(at + start, 659, 0.18, loudness * 0.35);
    beep(at + start + 0.2, 880, 0.22, loudness * 0.35);
  }
}

/** A message came: one quiet tick. */
export function tick(): void {
  const loudness = volume();
  if (loudness > 0) beep(audio().currentTime + 0.02, 988, 0.12, loudness * 0.15);
}

/** Rings every two seconds, also in the background: a page that sounds is not slowed down. */
export function startRinging(): () => void {
  ring();
  const timer = setInterval(() => ring(), 2000);
  return () => clearInterval(timer);
}

// Title and tab icon ---------------------------------------------------------------------------

const TITLE = "Agent desk · Secondline";

function icon(colour: string, dot: boolean): string {
  const mark = dot
    ? '<circle cx="16" cy="16" r="9" fill="#fff"/>'
    : '<path d="M7 12h18M7 20h10" stroke="#fff" stroke-width="3.4" stroke-linecap="round"/><circle cx="24" cy="20" r="2.8" fill="#ffb454"/>';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="${colour}"/>${mark}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

function showIcon(href: string): void {
  let link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link === null) {
    link = document.createElement("link");
    link.rel = "icon";
    document.head.append(link);
  }
  link.href = href;
}

let unreadNow = 0;
let blinking = 0;

/** The quiet title, with the number of unread messages. */
export function showUnread(unread: number): void {
  unreadNow = unread;
  if (blinking > 0) return;
  document.title = unread > 0 ? `(${unread}) ${TITLE}` : TITLE;
  showIcon(icon("#0f6f81", false));
}

/** Blinks title and icon; call the result to stop. */
export function startBlinking(text: string): () => void {
  let lit = false;
  blinking += 1;
  const blink = (): void => {
    lit = !lit;
    document.title = lit ? `● ${text}` : TITLE;
    showIcon(icon(lit ? "#c26a00" : "#0f6f81", lit));
  };
  blink();
  const timer = setInterval(blink, 1000);
  return () => {
    clearInterval(timer);
    blinking -= 1;
    showUnread(unreadNow);
  };
}

// System notifications --------------------------------------------------------------------------

export type Permission = "granted" | "denied" | "default" | "unsupported";

export function permission(): Permission {
  return "Notification" in window ? Notification.permission : "unsupported";
}

export async function askPermission(): Promise<Permission> {
  return "Notification" in window ? Notification.requestPermission() : "unsupported";
}

/** Shows a notification while the page is not in front; call the result to take it away. */
export function notify(title: string, body: string, tag: string): () => void {
  if (permission() !== "granted" || document.hasFocus()) return () => undefined;
  try {
    const shown = new Notification(title, { body, tag, requireInteraction: true });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
    return () => shown.close();
  } catch {
    return () => undefined; // Android's Chrome has the interface but throws
  }
}
