/** What the admin page reads and writes: docs/api.md, "For admins". */
import { api } from "../shared/http";
import type { Load, StaffRole, Texts } from "../shared/wire";

export type Reach = "softphone" | "phone" | "sip";

export interface AgentRecord {
  tier: number;
  languages: string[];
  skills: string[];
  /** per channel, and of all together where that is bounded */
  capacity: Load & { all?: number | null };
  reach: Reach;
  /** E.164 for a phone, a SIP address for sip */
  reach_address?: string | null;
  /** of skills and languages, 0 to 10 */
  levels: Record<string, number>;
  qualifications: string[];
  tags: string[];
  /** country (two letters), region, city */
  location: Record<string, string>;
  /** the workspace's own */
  attributes: Record<string, AttributeValue>;
}

export type AttributeType = "number" | "text" | "flag" | "list";
export type AttributeValue = number | string | boolean | string[];

/** What is read of the workspace itself. */
export interface Workspace {
  attributes: { agent: Record<string, AttributeType>; contact: Record<string, AttributeType>; claims: string[] };
}

export interface Account {
  id: string;
  email: string;
  name: string;
  role: StaffRole;
  state: "invited" | "active" | "locked" | "disabled";
  agent: AgentRecord | null;
}

export interface Expert {
  id: string;
  number: string;
  name: string | null;
  phones: string[];
  mail?: string | null;
  account?: string | null;
  languages: string[];
  network_size: number;
  active: boolean;
  pin: "none" | "issued" | "locked";
}

export interface ImportReport {
  created: number;
  updated: number;
  unchanged?: number;
  refused: { line: number; field: string | null; why: string }[];
}

export type Strategy = "longest_idle" | "least_loaded" | "best_rated" | "least_scarce" | "random";

/** What comes after. `queue`: its short name; `message`: by language. */
export interface Then {
  to: "next" | "queue" | "callback" | "voicemail" | "close";
  queue?: string | null;
  message?: Texts | null;
}

export interface Step {
  tiers: number[];
  language: boolean;
  skills: boolean;
  /** docs/filters.md */
  filter: string;
  strategy: Strategy;
  seconds: number;
  head_start_seconds: number;
  skip: boolean;
  then: Then;
}

export interface Overflow {
  on: "length" | "wait" | "nobody";
  /** contacts, or seconds */
  most: number;
  then: Then;
}

/** The form shows these; what else a policy has stays as it is (docs/routing.md). */
export interface Policy {
  steps: Step[];
  overflow: Overflow[];
  offer_seconds: Load;
  head_start_seconds: number;
  expert_head_start_seconds: number;
  network_seconds: number;
  network_cap: number;
  retry_seconds: number;
  wrap_up_seconds: number;
  target: { seconds: number; share: number };
  chat: { warn_seconds: number; end_seconds: number; vanished_seconds: number };
  escalates_to: string | null;
  callback: boolean;
  callback_tries: number;
  voicemail: boolean;
}

export interface Queue {
  id: string;
  slug: string;
  name: string;
  policy: Policy;
  closed: Texts | null;
}

export interface MenuItem {
  key: string;
  topic: string;
  label: Texts;
}

export interface EntryPoint {
  id: string;
  kind: "phone" | "widget";
  /** E.164, or the widget's key */
  address: string;
  name: string;
  language: string;
  languages: string[];
  menu: MenuItem[];
  prompts: Record<string, Texts>;
  origins: string[];
  customer_queue_id: string;
  expert_queue_id: string;
  /** 0 to 9 */
  priority: number;
  attributes: Record<string, AttributeValue>;
}

export const NEW_STEP: Step = {
  tiers: [1],
  language: true,
  skills: true,
  filter: "",
  strategy: "longest_idle",
  seconds: 60,
  head_start_seconds: 0,
  skip: false,
  then: { to: "next", queue: null, message: null },
};

/** As the service fills in a queue's policy: for a new queue. */
export const NEW_POLICY: Policy = {
  steps: [NEW_STEP],
  overflow: [],
  offer_seconds: { voice: 20, chat: 30, video: 30 },
  head_start_seconds: 0,
  expert_head_start_seconds: 1800,
  network_seconds: 1,
  network_cap: 300,
  retry_seconds: 120,
  wrap_up_seconds: 120,
  target: { seconds: 20, share: 0.8 },
  chat: { warn_seconds: 300, end_seconds: 600, vanished_seconds: 120 },
  escalates_to: null,
  callback: true,
  callback_tries: 3,
  voicemail: false,
};

/** What a form holds, without what the service alone writes. */
type Written<T, Read extends keyof T> = Omit<T, "id" | Read>;

const STAFF_SHOWN = 2000;

export const accounts = {
  list: (search: string, signal: AbortSignal) =>
    api.get<{ accounts: Account[]; total: number }>(
      `/api/accounts?search=${encodeURIComponent(search)}&limit=${STAFF_SHOWN}`,
      signal,
    ),
  create: (body: Written<Account, "state">) => api.post<{ account: Account; link: string }>("/api/accounts", body),
  change: (id: string, body: Partial<Written<Account, "state">>) =>
    api.patch<Account>(`/api/accounts/${id}`, body),
  link: (id: string, purpose: "invite" | "reset") =>
    api.post<{ link: string }>(`/api/accounts/${id}/${purpose}`),
  disable: (id: string) => api.post(`/api/accounts/${id}/disable`),
  enable: (id: string) => api.post(`/api/accounts/${id}/enable`),
};

export const workspace = {
  read: (signal: AbortSignal) => api.get<Workspace>("/api/workspace", signal),
};

const SHOWN = 200;

export const experts = {
  list: (search: string, signal: AbortSignal) =>
    api.get<{ experts: Expert[]; total: number }>(
      `/api/experts?search=${encodeURIComponent(search)}&limit=${SHOWN}`,
      signal,
    ),
  create: (body: Written<Expert, "pin">) => api.post<Expert>("/api/experts", body),
  change: (id: string, body: Partial<Written<Expert, "pin">>) => api.patch<Expert>(`/api/experts/${id}`, body),
  read: (file: File) => api.send<ImportReport>("/api/experts/import", file, "text/csv"),
  issuePin: (id: string) => api.post<{ pin: string }>(`/api/experts/${id}/pin`),
  revokePin: (id: string) => api.delete(`/api/experts/${id}/pin`),
};

export const queues = {
  list: async (signal: AbortSignal) => (await api.get<{ queues: Queue[] }>("/api/queues", signal)).queues,
  create: (body: Written<Queue, "closed">) => api.post<Queue>("/api/queues", body),
  change: (id: string, body: Partial<Written<Queue, "closed">>) => api.patch<Queue>(`/api/queues/${id}`, body),
};

export const entryPoints = {
  list: async (signal: AbortSignal) =>
    (await api.get<{ entry_points: EntryPoint[] }>("/api/entry-points", signal)).entry_points,
  create: (body: Partial<EntryPoint>) => api.post<EntryPoint>("/api/entry-points", body),
  change: (id: string, body: Partial<Written<EntryPoint, never>>) =>
    api.patch<EntryPoint>(`/api/entry-points/${id}`, body),
};

export interface Problem {
  /** dotted; empty: the whole */
  field: string;
  message: string;
  /** from 1 */
  line?: number;
  column?: number;
}

export interface Change {
  field: string;
  what: "added" | "dropped" | "changed";
  /** a sentence that begins with the field */
  text: string;
}

export interface Version {
  number: number;
  note: string;
  /** null: the command line, or nobody */
  author: string | null;
  at: string | null;
  restores: number | null;
  active: boolean;
}

export type VersionText = Version & { text: string };

export interface Checked {
  problems: Problem[];
  /** odd, and in nobody's way */
  hints: Problem[];
  changes: Change[];
  /** the version that is active now */
  active: number;
}

const history = async (query: string, signal?: AbortSignal) =>
  (await api.get<{ versions: Version[] }>(`/api/policy/versions${query}`, signal)).versions;

export const policy = {
  read: (signal: AbortSignal) => api.get<VersionText>("/api/policy", signal),
  history: (signal: AbortSignal) => history("?limit=20", signal),
  historyBefore: (number: number) => history(`?limit=20&before=${number}`),
  /** What a version changed: against the one in front of it, or against `before`. */
  difference: async (after: number, before?: number) =>
    (
      await api.get<{ changes: Change[] }>(
        `/api/policy/difference?after=${after}${before === undefined ? "" : `&before=${before}`}`,
      )
    ).changes,
  check: (text: string) => api.post<Checked>("/api/policy/check", { text }),
  activate: (text: string, seen: number, note: string) =>
    api.post<VersionText>("/api/policy/activate", { text, seen, note }),
  rollBack: (number: number, seen: number, note: string) =>
    api.post<VersionText>("/api/policy/rollback", { number, seen, note }),
};
