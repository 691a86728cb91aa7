import { createContext, type ReactNode, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import { clock, span } from "../shared/format";

/**
 * The server's time, ticking once a second for every figure at once. It stops with the figures
 * when they are stale: a wait that goes on counting would look alive.
 */
class Ticker {
  private source: () => number = Date.now;
  private second = Date.now();
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly listeners = new Set<() => void>();

  readonly now = (): number => this.second;

  readonly follow = (source: () => number): void => {
    this.source = source;
    this.tick();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    this.timer ??= setInterval(this.tick, 1000);
    return () => {
      this.listeners.delete(listener);
      if (this.listeners.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  };

  private readonly tick = (): void => {
    this.second = this.source();
    for (const listener of this.listeners) listener();
  };
}

const Ticking = createContext(new Ticker());

/** now: the server's time in ms. stoppedAt: the server's time at which the figures stopped. */
export function ClockProvider(props: {
  now: () => number;
  stoppedAt: number | null;
  children: ReactNode;
}) {
  const { now, stoppedAt } = props;
  const ticker = useMemo(() => new Ticker(), []);
  useEffect(() => ticker.follow(stoppedAt === null ? now : () => stoppedAt), [ticker, now, stoppedAt]);
  return <Ticking value={ticker}>{props.children}</Ticking>;
}

/** The server's time in ms; the caller is drawn again each second. */
export function useServerNow(): number {
  const ticker = useContext(Ticking);
  return useSyncExternalStore(ticker.subscribe, ticker.now);
}

/** How long it has been: 0:07, 12:31, 1:02:33, 3 days. */
export function Since({ ms }: { ms: number }) {
  const passed = useServerNow() - ms;
  return (
    <time dateTime={new Date(ms).toISOString()} title={`since ${new Date(ms).toLocaleTimeString()}`}>
      {passed < 86_400_000 ? clock(passed) : span(passed)}
    </time>
  );
}
