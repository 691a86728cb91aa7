/** Time as React state. */
import { useEffect, useState } from "react";

/** The time by `now`, again every `everyMs`; whoever shows seconds passes 1000. */
export function useNow(everyMs: number, now: () => number = Date.now): number {
  const [at, setAt] = useState(now);
  useEffect(() => {
    const timer = setInterval(() => setAt(now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs, now]);
  return at;
}
