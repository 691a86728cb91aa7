/**
 * One conversation as its reader holds it: entries in order, each once, and what was written here
 * but is not yet stored. Used by the desk and by the widget; knows no page and no framework.
 *
 * Entries come three ways (snapshot, event, read) and may overlap; their number decides. A jump in
 * the numbers is filled by reading after the last number up to which everything is here. It need
 * not mean a loss: the customer's side never gets what only staff may see.
 *
 * Messages leave one at a time, so that they are stored in the order of writing, and each has a key
 * of its own, so that one sent again after a lost answer is stored once. They are kept in the tab's
 * storage until the service has them: a reload loses none.
 */
import { RequestError, freshKey } from "./socket";
import type { Author, Entry } from "./wire";

export interface Outgoing {
  key: string;
  text: string;
  /** When it was written, by this machine's clock. */
  at: number;
  /** Set when the service refused it; undefined: on its way. */
  refused?: string;
}

export interface ConversationView {
  entries: readonly Entry[];
  outgoing: readonly Outgoing[];
  /** False until the entries from before this page are here. */
  complete: boolean;
}

export interface ConversationOptions {
  /** Whose messages are ours. */
  self: Author;
  /** Names the tab's storage of unsent messages. */
  store: string;
  say: (key: string, text: string) => Promise<unknown>;
  /** Entries after a number. */
  read: (after: number) => Promise<Entry[]>;
  changed: (view: ConversationView) => void;
  /** Says a refusal in the reader's language; without: in the service's. */
  explain?: (error: RequestError) => string;
}

const AGAIN_MS = 2000;

export class Conversation {
  readonly #options: ConversationOptions;
  readonly #held = new Map<number, Entry>();
  #view: ConversationView;
  /** Everything up to this number is here. */
  #known = 0;
  #sending = false;
  #reading = false;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConversationOptions) {
    this.#options = options;
    this.#view = { entries: [], outgoing: restore(options.store), complete: false };
  }

  get view(): ConversationView {
    return this.#view;
  }

  /** The number to give as `after` when the server sends what is missing by itself. */
  get known(): number {
    return this.#known;
  }

  /** Takes what the server sent as everything after `known`, and goes on sending. */
  resume(entries: readonly Entry[]): void {
    this.#take(entries, true);
    void this.#send();
  }

  /** Reads everything after `known` (first time: all of it), and goes on sending. */
  async catchUp(): Promise<void> {
    await this.#fill();
    void this.#send();
  }

  /** Takes one entry as it happens. */
  hear(entry: Entry): void {
    const jump = entry.seq > this.#known + 1;
    this.#take([entry], !jump);
    if (jump) void this.#fill();
  }

  /** Queues a message; it is shown at once and leaves when it can. */
  say(text: string): void {
    const message = { key: freshKey(), text, at: Date.now() };
    this.#show({ outgoing: [...this.#view.outgoing, message] });
    void this.#send();
  }

  /** Sends a refused message again. */
  retry(key: string): void {
    this.#show({
      outgoing: this.#view.outgoing.map((o) => (o.key === key ? { key, text: o.text, at: o.at } : o)),
    });
    void this.#send();
  }

  /** Gives up a refused message; returns its text for the composer. */
  discard(key: string): string {
    const text = this.#view.outgoing.find((o) => o.key === key)?.text ?? "";
    this.#show({ outgoing: this.#view.outgoing.filter((o) => o.key !== key) });
    return text;
  }

  /** Forgets the tab's copy, once the conversation is over. */
  forget(): void {
    clearTimeout(this.#again);
    keep(this.#options.store, []);
  }

  async #fill(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      for (;;) {
        const entries = await this.#options.read(this.#known);
        const before = this.#known;
        this.#take(entries, true);
        // a read is limited: go on until nothing new comes
        if (entries.length === 0 || this.#known === before) break;
      }
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // the next snapshot or jump reads again
    } finally {
      this.#reading = false;
    }
  }

  #take(entries: readonly Entry[], complete: boolean): void {
    let fresh = false;
    for (const entry of entries) {
      if (this.#held.has(entry.seq)) continue;
      this.#held.set(entry.seq, entry);
      fresh = true;
    }
    if (complete) {
      // an event that came while the read was under way may lie beyond what it returned,
      // and everything between them is then here as well or will jump again
      for (const entry of entries) this.#known = Math.max(this.#known, entry.seq);
      while (this.#held.has(this.#known + 1)) this.#known += 1;
    }
    if (!fresh && this.#view.complete === (this.#view.complete || complete)) return;
    const all = fresh ? [...this.#held.values()].sort((a, b) => a.seq - b.seq) : this.#view.entries;
    this.#show({
      entries: all,
      complete: this.#view.complete || complete,
      outgoing: unsent(this.#view.outgoing, entries, this.#options.self),
    });
  }

  async #send(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#again);
    try {
      for (;;) {
        const next = this.#view.outgoing.find((o) => o.refused === undefined);
        if (next === undefined) return;
        try {
          await this.#options.say(next.key, next.text);
          this.#show({ outgoing: this.#view.outgoing.filter((o) => o.key !== next.key) });
        } catch (error) {
          if (!(error instanceof RequestError)) throw error;
          if (error.undecided) {
            if (error.code !== "disconnected") {
              this.#again = setTimeout(() => void this.#send(), AGAIN_MS);
            }
            return;
          }
          this.#show({
            outgoing: this.#view.outgoing.map((o) =>
              o.key === next.key ? { ...o, refused: this.#options.explain?.(error) ?? error.message } : o,
            ),
          });
        }
      }
    } finally {
      this.#sending = false;
    }
  }

  #show(change: Partial<ConversationView>): void {
    const before = this.#view.outgoing;
    this.#view = { ...this.#view, ...change };
    if (this.#view.outgoing !== before) keep(this.#options.store, this.#view.outgoing);
    this.#options.changed(this.#view);
  }
}

/** What of the outgoing is not among these entries yet. */
function unsent(outgoing: readonly Outgoing[], entries: readonly Entry[], self: Author): readonly Outgoing[] {
  const stored = new Set<string>();
  for (const entry of entries) {
    if (entry.author === self && typeof entry.key === "string") stored.add(entry.key);
  }
  return stored.size === 0 ? outgoing : outgoing.filter((o) => !stored.has(o.key));
}

function restore(store: string): Outgoing[] {
  try {
    return JSON.parse(sessionStorage.getItem(store) ?? "[]") as Outgoing[];
  } catch {
    return []; // no storage here: a reload loses what was not sent
  }
}

function keep(store: string, outgoing: readonly Outgoing[]): void {
  try {
    if (outgoing.length === 0) sessionStorage.removeItem(store);
    else sessionStorage.setItem(store, JSON.stringify(outgoing));
  } catch {
    // no storage here
  }
}

/** Since when the person waits for an answer: their first message after the last of ours; null: they do not. */
export function waitingSince(entries: readonly Entry[]): number | null {
  let since: number | null = null;
  for (let i = entries.length - 1; i >= 0; i--) {
    const entry = entries[i];
    if (entry === undefined || entry.kind !== "message") continue;
    if (entry.author !== "person") break;
    since = Date.parse(entry.at);
  }
  return since;
}
