/** Something the API tells, read again and again: a failure keeps what was there and says so. */
import { useCallback, useEffect, useRef, useState } from "react";
import { ApiError, api } from "./http";

/** everyMs: null reads once. readAt: by this clock, 0 before the first answer. */
export function useReading<T>(address: string, everyMs: number | null, otherwise: string) {
  const [found, setFound] = useState<T | null>(null);
  const [readAt, setReadAt] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const asked = useRef<AbortController | null>(null);

  const load = useCallback(async () => {
    asked.current?.abort();
    const mine = new AbortController();
    asked.current = mine;
    try {
      setFound(await api.get<T>(address, mine.signal));
      setReadAt(Date.now());
      setFailure(null);
    } catch (cause) {
      if (mine.signal.aborted) return;
      setFailure(cause instanceof ApiError ? cause.message : otherwise);
    }
  }, [address, otherwise]);

  useEffect(() => {
    void load();
    const again = everyMs === null ? undefined : setInterval(() => void load(), everyMs);
    return () => {
      clearInterval(again);
      asked.current?.abort();
    };
  }, [load, everyMs]);

  return { found, readAt, failure, load };
}
