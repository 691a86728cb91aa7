/** The tab's own memory across reloads; a browser that forbids storage just forgets. */
const PREFIX = "secondline.desk.";

export function remember(key: string, value: string | null): void {
  try {
    if (value === null) sessionStorage.removeItem(PREFIX + key);
    else sessionStorage.setItem(PREFIX + key, value);
  } catch {
    // forbidden
  }
}

export function remembered(key: string): string | null {
  try {
    return sessionStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** The browser's memory of this agent's choices, for all tabs. */
export function prefer(key: string, value: string): void {
  try {
    localStorage.setItem(PREFIX + key, value);
  } catch {
    // forbidden
  }
}

export function preferred(key: string): string | null {
  try {
    return localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}
