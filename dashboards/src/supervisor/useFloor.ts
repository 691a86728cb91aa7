import { useEffect, useMemo, useRef, useState } from "react";
import { ApiError, api } from "../shared/http";
import { type Link, Socket } from "../shared/socket";
import type { FloorFrame } from "../shared/wire";
import { EMPTY, type Floor, applied } from "./floor";

/** Ticks come every 2 s: two of them missed, and nobody should trust the figures. */
const STALE_AFTER_MS = 5000;

export interface LiveFloor {
  floor: Floor;
  /** a snapshot has arrived */
  loaded: boolean;
  link: Link;
  /** the server's time when it was last heard, while the figures are stale; else null */
  stoppedAt: number | null;
  /** the server's time */
  now: () => number;
}

/** The floor over `/ws/floor`: snapshot, then patches, for as long as the page is open. */
export function useFloor(): LiveFloor {
  const [floor, setFloor] = useState<Floor>(EMPTY);
  const [loaded, setLoaded] = useState(false);
  const [link, setLink] = useState<Link>({ state: "connecting", since: Date.now(), heard: null });
  const [stoppedAt, setStoppedAt] = useState<number | null>(null);
  const socket = useRef<Socket<FloorFrame, Record<string, never>> | null>(null);

  useEffect(() => {
    const opened = new Socket<FloorFrame, Record<string, never>>({
      url: "/ws/floor",
      staleAfterMs: STALE_AFTER_MS,
      link: setLink,
      refused,
      frame: (frame) => {
        setFloor((old) => applied(old, frame));
        if (frame.type === "snapshot") setLoaded(true);
      },
    });
    socket.current = opened;
    opened.open();
    const watch = setInterval(() => {
      const { heard } = opened.link;
      const silent = heard !== null && Date.now() - heard > STALE_AFTER_MS;
      setStoppedAt(silent ? heard + opened.clock.now() - Date.now() : null);
    }, 500);
    return () => {
      clearInterval(watch);
      opened.close();
    };
  }, []);

  const now = useMemo(() => () => socket.current?.clock.now() ?? Date.now(), []);
  return { floor, loaded, link, stoppedAt, now };
}

async function refused(): Promise<boolean> {
  try {
    await api.get("/api/me");
    return false;
  } catch (error) {
    return error instanceof ApiError && (error.status === 401 || error.status === 403);
  }
}
