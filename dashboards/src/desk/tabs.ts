/** Several desks in one browser: all show an offer, only the one opened last rings. */
import { freshKey } from "../shared/socket";

const KEY = "secondline.desk.newest";
const SELF = freshKey();

function write(value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, value);
  } catch {
    // no storage: every tab rings, which is better than none
  }
}

/** Takes part; call the result to leave. */
export function joinTabs(): () => void {
  write(SELF);
  const leave = (): void => {
    if (rings()) write(null);
  };
  const heard = (event: StorageEvent): void => {
    // the newest was closed: whoever notices first takes over
    if (event.key === KEY && event.newValue === null) write(SELF);
  };
  const shown = (event: PageTransitionEvent): void => {
    if (event.persisted) write(SELF);
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", shown);
  addEventListener("storage", heard);
  return () => {
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", shown);
    removeEventListener("storage", heard);
    leave();
  };
}

/** Whether this tab is the one that rings. */
export function rings(): boolean {
  try {
    const newest = localStorage.getItem(KEY);
    return newest === null || newest === SELF;
  } catch {
    return true;
  }
}
