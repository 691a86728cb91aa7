/** The HTTP API: JSON in and out, errors as exceptions with the service's own words. */
import type { WireError } from "./wire";

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly state: string | undefined;

  constructor(status: number, error: WireError) {
    super(error.message);
    this.name = "ApiError";
    this.status = status;
    this.code = error.code;
    this.field = error.field;
    this.state = error.state;
  }
}

const TIMEOUT_MS = 20_000;

export interface ApiOptions {
  /** Another origin, without a final slash; none: this page's. */
  base?: string;
  /** Called on a 401 before the error is thrown: staff pages go to the login. */
  signedOut?: () => void;
}

export class Api {
  readonly #base: string;
  readonly #signedOut: (() => void) | undefined;

  constructor(options: ApiOptions = {}) {
    this.#base = options.base ?? "";
    this.#signedOut = options.signedOut;
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#call<T>("GET", path, undefined, signal);
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#call<T>("POST", path, JSON.stringify(body));
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#call<T>("PATCH", path, JSON.stringify(body));
  }

  delete<T>(path: string): Promise<T> {
    return this.#call<T>("DELETE", path);
  }

  /** Sends a text as it is, for example a CSV file, which may take its time. */
  send<T>(path: string, text: string | Blob, type: string): Promise<T> {
    return this.#call<T>("POST", path, text, undefined, type, 10 * TIMEOUT_MS);
  }

  async #call<T>(
    method: string,
    path: string,
    body?: string | Blob,
    signal?: AbortSignal,
    type = "application/json",
    timeoutMs = TIMEOUT_MS,
  ): Promise<T> {
    const deadline = AbortSignal.timeout(timeoutMs);
    let response: Response;
    try {
      response = await fetch(this.#base + path, {
        method,
        // a host site's page must not lend its visitor's cookies to the widget
        credentials: this.#base === "" ? "same-origin" : "omit",
        headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": type }) },
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        ...(body === undefined ? {} : { body }),
      });
    } catch (cause) {
      if (signal?.aborted === true) throw cause;
      throw new ApiError(0, { code: "disconnected", message: "The service cannot be reached right now." });
    }
    const answer = await readJson(response);
    if (response.ok) return answer as T;
    if (response.status === 401) this.#signedOut?.();
    const error = (answer as { error?: WireError } | undefined)?.error;
    throw new ApiError(
      response.status,
      error ?? { code: "error", message: `The service answered ${response.status}.` },
    );
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === "") return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // a proxy's error page
  }
}

/** To the login, and back here afterwards. */
export function goToLogin(): void {
  if (location.pathname === "/login") return;
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** The API as staff pages use it. */
export const api = new Api({ signedOut: goToLogin });
