/** What the widget keeps in the visitor's browser, for its own key. A browser that forbids it just forgets. */

export interface Kept {
  contact: string;
  secret: string;
  /** What the widget calls itself there. */
  title?: string;
}

export class Memory {
  readonly #name: string;
  /** Stands in where storage is forbidden: for this page's life. */
  readonly #own = new Map<string, string>();

  constructor(widgetKey: string) {
    this.#name = `secondline.${widgetKey}`;
  }

  /** The contact under way, for all tabs of the host site. */
  get contact(): Kept | null {
    return this.#read<Kept>(() => localStorage, "contact");
  }

  set contact(kept: Kept | null) {
    this.#write(() => localStorage, "contact", kept);
  }

  /** The key of a contact that was asked for and not yet answered: asked again, it is the same one. */
  get asking(): string | null {
    return this.#read<string>(() => sessionStorage, "asking");
  }

  set asking(key: string | null) {
    this.#write(() => sessionStorage, "asking", key);
  }

  /** Whether the panel stands open in this tab. */
  get open(): boolean {
    return this.#read<boolean>(() => sessionStorage, "open") ?? false;
  }

  set open(open: boolean) {
    this.#write(() => sessionStorage, "open", open ? true : null);
  }

  /** The contact for which the visitor agreed to be seen, in this tab. */
  get seen(): string | null {
    return this.#read<string>(() => sessionStorage, "seen");
  }

  set seen(contact: string | null) {
    this.#write(() => sessionStorage, "seen", contact);
  }

  get draft(): string {
    return this.#read<string>(() => sessionStorage, "draft") ?? "";
  }

  set draft(text: string) {
    this.#write(() => sessionStorage, "draft", text === "" ? null : text);
  }

  #read<T>(store: () => Storage, name: string): T | null {
    const key = `${this.#name}.${name}`;
    let text: string | null;
    try {
      text = store().getItem(key);
    } catch {
      text = this.#own.get(key) ?? null;
    }
    try {
      return text === null ? null : (JSON.parse(text) as T);
    } catch {
      return null;
    }
  }

  #write(store: () => Storage, name: string, value: unknown): void {
    const key = `${this.#name}.${name}`;
    try {
      if (value === null) store().removeItem(key);
      else store().setItem(key, JSON.stringify(value));
    } catch {
      if (value === null) this.#own.delete(key);
      else this.#own.set(key, JSON.stringify(value));
    }
  }
}
