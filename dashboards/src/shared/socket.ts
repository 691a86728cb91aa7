/**
 * One socket to the service that comes back by itself.
 *
 * The server's first frame after each connect is a snapshot, so a reconnect needs no replay here:
 * owners replace what they hold by the snapshot and read what is missing by cursor. Requests are
 * never repeated by the socket: whoever sends something that must arrive gives it a key of its own
 * and sends it again after the next snapshot.
 */
import type { WireError } from "./wire";

export class RequestError extends Error {
  readonly code: string;
  readonly field: string | undefined;
  readonly state: string | undefined;

  constructor(error: WireError) {
    super(error.message);
    this.name = "RequestError";
    this.code = error.code;
    this.field = error.field;
    this.state = error.state;
  }

  /** Nobody knows whether it arrived: it may be sent again with the same key. */
  get undecided(): boolean {
    return ["disconnected", "timeout", "unavailable", "rebuilding"].includes(this.code);
  }
}

export type LinkState =
  /** never yet connected */
  | "connecting"
  /** connected and heard from within the last ticks */
  | "live"
  /** connected, but silent for longer than the ticks allow: what is shown may be old */
  | "stale"
  /** lost, the next attempt is planned or under way */
  | "reconnecting"
  /** over for good: closed by us, or refused by the server */
  | "closed";

export interface Link {
  state: LinkState;
  /** When this state began, by this machine's clock. */
  since: number;
  /** The last frame, by this machine's clock; null: none yet. */
  heard: number | null;
  /** The close code that ended it, where state is closed by the server. */
  code?: number;
}

interface Frame {
  type: string;
  id?: string;
  now_ms?: number;
  error?: WireError;
}

export interface SocketOptions<In> {
  /** ws:// or wss:// address, or a path on this page's origin. */
  url: string;
  /** The first frame after each connect, for sockets that begin with the client. */
  hello?: () => object;
  frame: (frame: In) => void;
  link?: (link: Link) => void;
  /** Asked after an attempt that never opened: the browser hides a refusal's HTTP status. */
  refused?: () => Promise<boolean>;
  /** Silence after which the data counts as stale. The server ticks every 5 s (floor: 2 s). */
  staleAfterMs?: number;
}

const REQUEST_TIMEOUT_MS = 10_000;
const LONGEST_PAUSE_MS = 15_000;

/** The pause before attempt n (from 0): doubling, with jitter, so that 500 desks do not return at once. */
export function pause(attempt: number, chance: number): number {
  return Math.min(LONGEST_PAUSE_MS, 400 * 2 ** attempt) * (0.5 + chance / 2);
}

/** The server's clock as seen from here. Latency only ever makes a sample too small: keep the largest. */
export class ServerClock {
  #samples: number[] = [];

  hear(nowMs: number): void {
    this.#samples.push(nowMs - Date.now());
    if (this.#samples.length > 12) this.#samples.shift();
  }

  /** Milliseconds since 1970 by the server's clock. */
  now(): number {
    return Date.now() + (this.#samples.length === 0 ? 0 : Math.max(...this.#samples));
  }
}

export class Socket<In extends { type: string }, Requests extends object> {
  readonly clock = new ServerClock();
  readonly #options: SocketOptions<In>;
  readonly #staleAfter: number;
  readonly #pending = new Map<
    string,
    { resolve: (frame: Record<string, unknown>) => void; reject: (error: RequestError) => void; timer: number }
  >();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: number | undefined;
  #watch: number | undefined;
  #link: Link = { state: "connecting", since: Date.now(), heard: null };
  #serial = 0;

  constructor(options: SocketOptions<In>) {
    this.#options = options;
    this.#staleAfter = options.staleAfterMs ?? 12_000;
  }

  get link(): Link {
    return this.#link;
  }

  open(): void {
    addEventListener("online", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    this.#watch = window.setInterval(() => this.#checkSilence(), 1000);
    this.#connect();
  }

  /** Ends it for good. */
  close(): void {
    this.#finish();
  }

  /** Sends a request and waits for its answer; rejects with RequestError. */
  request<Type extends keyof Requests & string>(
    type: Type,
    body: Requests[Type],
  ): Promise<Record<string, unknown>> {
    const socket = this.#socket;
    if (socket === null || socket.readyState !== WebSocket.OPEN || !this.#ready) {
      return Promise.reject(
        new RequestError({ code: "disconnected", message: "There is no connection right now." }),
      );
    }
    const id = `${++this.#serial}`;
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.#pending.delete(id);
        reject(new RequestError({ code: "timeout", message: "The service did not answer in time." }));
      }, REQUEST_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ ...body, type, id }));
    });
  }

  get #ready(): boolean {
    return this.#link.state === "live" || this.#link.state === "stale";
  }

  readonly #wake = (): void => {
    if (this.#retry !== undefined && document.visibilityState === "visible") this.#connect();
  };

  #connect(): void {
    window.clearTimeout(this.#retry);
    this.#retry = undefined;
    const socket = new WebSocket(address(this.#options.url));
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      if (this.#options.hello !== undefined) socket.send(JSON.stringify(this.#options.hello()));
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (this.#socket === socket) this.#hear(event.data);
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#drop();
      // 4400 to 4499 are the server's refusals: coming back would only be refused again
      if (event.code >= 4400 && event.code < 4500) this.#finish(event.code);
      else void this.#comeBack(opened, invited(event.reason));
    };
  }

  async #comeBack(opened: boolean, invitedAfter?: number): Promise<void> {
    if (this.#link.state !== "connecting" && this.#link.state !== "reconnecting") {
      this.#enter("reconnecting");
    }
    const wait = invitedAfter ?? pause(this.#attempt++, Math.random());
    this.#retry = window.setTimeout(() => this.#connect(), wait);
    if (!opened && this.#options.refused !== undefined && (await this.#options.refused())) {
      this.#finish(4401);
    }
  }

  #hear(data: unknown): void {
    if (typeof data !== "string") return;
    let frame: Frame;
    try {
      frame = JSON.parse(data) as Frame;
    } catch {
      return; // not ours: an intermediary's
    }
    this.#link = { ...this.#link, heard: Date.now() };
    if (typeof frame.now_ms === "number") this.clock.hear(frame.now_ms);
    if (frame.type === "ok" || frame.type === "error") {
      this.#answer(frame);
      return;
    }
    if (frame.type === "snapshot") this.#attempt = 0;
    if (frame.type === "snapshot" || this.#link.state === "stale") this.#enter("live");
    this.#options.frame(frame as unknown as In);
  }

  #answer(frame: Frame): void {
    const pending = frame.id === undefined ? undefined : this.#pending.get(frame.id);
    if (pending === undefined || frame.id === undefined) return;
    this.#pending.delete(frame.id);
    window.clearTimeout(pending.timer);
    if (frame.type === "ok") pending.resolve(frame as unknown as Record<string, unknown>);
    else pending.reject(new RequestError(frame.error ?? { code: "error", message: "Refused." }));
  }

  #checkSilence(): void {
    if (!this.#ready || this.#link.heard === null) return;
    const silent = Date.now() - this.#link.heard;
    if (silent > this.#staleAfter && this.#link.state === "live") this.#enter("stale");
    if (silent > 2 * this.#staleAfter) {
      // A path that died silently keeps its socket "open" for minutes
      const socket = this.#socket;
      this.#socket = null;
      socket?.close();
      this.#drop();
      void this.#comeBack(true);
    }
  }

  /** Fails whatever still waits for an answer. */
  #drop(): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      window.clearTimeout(timer);
      reject(new RequestError({ code: "disconnected", message: "The connection was lost." }));
    }
  }

  #finish(code?: number): void {
    removeEventListener("online", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    window.clearInterval(this.#watch);
    window.clearTimeout(this.#retry);
    this.#retry = undefined;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#drop();
    this.#enter("closed", code);
  }

  #enter(state: LinkState, code?: number): void {
    if (this.#link.state === state && state !== "closed") return;
    this.#link = {
      state,
      since: Date.now(),
      heard: this.#link.heard,
      ...(code === undefined ? {} : { code }),
    };
    this.#options.link?.(this.#link);
  }
}

/** A process that restarts says when to come back, so that its clients do not all do so at once. */
function invited(reason: string): number | undefined {
  const ms = /^retry_ms=(\d{1,5})$/.exec(reason)?.[1];
  return ms === undefined ? undefined : Number(ms);
}

function address(url: string): string {
  if (!url.startsWith("/")) return url;
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${url}`;
}

/** A key that makes a repeated request recognisable. */
export function freshKey(): string {
  // randomUUID exists on secure origins only, and a widget may stand on a plain http site
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
