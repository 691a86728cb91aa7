/**
 * The desk's softphone: one call at a time, whoever carries it.
 *
 * The agent's leg comes first: this page dials in by itself with the handling's id, and the service
 * brings the caller once it has joined.
 */
import { api } from "../../shared/http";
import type { Softphone } from "../../shared/wire";

export type PhonePhase = "idle" | "connecting" | "connected" | "failed" | "over";

export interface PhoneView {
  phase: PhonePhase;
  handling: string | null;
  muted: boolean;
  /** Why it failed, for the agent. */
  trouble: string | null;
}

/** One leg into a conversation. */
export interface Leg {
  mute: (on: boolean) => void;
  /** Sends keypad tones: 0-9, * and #. */
  press: (key: string) => void;
  hangUp: () => void;
}

export interface LegEvents {
  connected: () => void;
  /** It is over; with why, when something went wrong. */
  over: (trouble?: string) => void;
}

/** A way to make legs: Twilio's SDK, or the stand-in for it. */
export interface Carrier {
  dial: (handling: string, events: LegEvents) => Promise<Leg>;
  release: () => void;
}

const IDLE: PhoneView = { phase: "idle", handling: null, muted: false, trouble: null };

export class Phone {
  /** Set by the owner. */
  changed: () => void = () => undefined;
  #view = IDLE;
  #carrier: Promise<Carrier> | null = null;
  #leg: Leg | null = null;
  #enabled = false;

  readonly view = (): PhoneView => this.#view;

  /** Agents who are called on a phone of their own have no softphone. */
  enable(on: boolean): void {
    this.#enabled = on;
  }

  /** Dials into this handling, once: a failed or ended leg is dialled again by redial alone. */
  connect(handling: string): void {
    if (!this.#enabled || this.#view.handling === handling) return;
    void this.#dial(handling);
  }

  redial(handling: string): void {
    if (this.#enabled) void this.#dial(handling);
  }

  mute(on: boolean): void {
    this.#leg?.mute(on);
    this.#show({ muted: on });
  }

  press(key: string): void {
    this.#leg?.press(key);
  }

  /** The conversation is over: hangs up, if this leg is in it. */
  leave(handling: string): void {
    if (this.#view.handling === handling) this.#hangUp("over");
  }

  /** Forgets a leg whose handling is not in hand any more. */
  keep(handlings: readonly string[]): void {
    const { handling } = this.#view;
    if (handling !== null && !handlings.includes(handling)) {
      this.#hangUp("over");
      this.#view = IDLE;
    }
  }

  release(): void {
    this.#hangUp("over");
    void this.#carrier?.then((carrier) => carrier.release());
    this.#carrier = null;
  }

  async #dial(handling: string): Promise<void> {
    this.#hangUp("over");
    this.#show({ phase: "connecting", handling, muted: false, trouble: null });
    const still = (): boolean => this.#view.handling === handling && this.#view.phase !== "over";
    try {
      this.#carrier ??= open();
      const carrier = await this.#carrier;
      const leg = await carrier.dial(handling, {
        connected: () => {
          if (still()) this.#show({ phase: "connected" });
        },
        over: (trouble) => {
          if (!still()) return;
          this.#leg = null;
          this.#show({ phase: trouble === undefined ? "over" : "failed", trouble: trouble ?? null });
        },
      });
      if (still()) this.#leg = leg;
      else leg.hangUp(); // it was hung up while it was being dialled
    } catch (error) {
      this.#carrier = null;
      if (still()) this.#show({ phase: "failed", trouble: reason(error) });
    }
  }

  #hangUp(phase: PhonePhase): void {
    const leg = this.#leg;
    this.#leg = null;
    leg?.hangUp();
    if (this.#view.phase === "connecting" || this.#view.phase === "connected") this.#show({ phase });
  }

  #show(change: Partial<PhoneView>): void {
    this.#view = { ...this.#view, ...change };
    this.changed();
  }
}

/** Each carrier is loaded when it is needed: most agents never need either. */
async function open(): Promise<Carrier> {
  const settings = await api.get<Softphone>("/api/softphone");
  const module = settings.kind === "twilio" ? await import("./twilio") : await import("./standin");
  return module.openCarrier(settings);
}

function reason(error: unknown): string {
  if (error instanceof DOMException && error.name === "NotAllowedError") {
    return "The browser does not allow the microphone.";
  }
  return error instanceof Error ? error.message : String(error);
}
