import { Badge, Code, Group, Select, Stack, Text, VisuallyHidden } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { type ReactNode, useMemo, useState } from "react";
import { count, label, moment, second, span } from "../shared/format";
import type { AgentRow, ContactRow, QueueRef } from "../shared/wire";
import { Part, useReading } from "./parts";
import classes from "./Routing.module.css";

/** GET /api/contacts/{id}/explanation */
interface Explanation {
  standing: string;
  steps: Step[];
  offers: Offer[];
  declined: { agent: QueueRef; outcome: string; until_ms: number }[];
  head_start_s?: number;
  position?: number;
  prefers?: { agent: QueueRef; alone_until_ms?: number };
}

interface Step {
  n: number;
  asks: string | null;
  filter: string;
  strategy: string;
  from_ms: number;
  current: boolean;
  signed_in: number;
  free: number;
  exact: boolean;
}

interface Offer {
  offer: string;
  agent: QueueRef;
  outcome: keyof typeof OUTCOMES;
  made_at: string;
  /** to be read after the agent's name */
  chosen: string | null;
}

/** GET /api/contacts/{id}/explanation/{agent} */
interface WhyNot {
  verdict: string;
  checks: { code: string; passes: boolean; text: string; until_ms?: number }[];
  later_step?: number;
}

const OUTCOMES = {
  offered: "blue",
  accepting: "blue",
  accepted: "teal",
  declined: "orange",
  missed: "red",
  withdrawn: "gray",
};

/** What a step asks of an agent; a later one may ask for less. */
const ASKED_FOR = new Set(["tier", "language", "skills", "filter"]);

interface Props {
  id: string;
  row: ContactRow | undefined;
  over: boolean;
  agents: ReadonlyMap<string, AgentRow>;
}

/** Where the contact stands and why: its steps, who was asked, and why somebody is not. */
export function Routing({ id, row, over, agents }: Props) {
  const { value, error } = useReading<Explanation>(`/api/contacts/${id}/explanation`, row, over);
  return (
    <Part title="Routing">
      {error !== null && (
        <Text size="sm" c="dimmed" role="status">
          Why is not known just now: {error}
        </Text>
      )}
      {value !== null && (
        <Stack gap="sm">
          <Text size="sm" fw={550} data-testid="routing-standing">
            {value.standing}
          </Text>
          <Place told={value} />
          {value.steps.length > 0 && <Steps steps={value.steps} />}
          <Offers offers={value.offers} />
          <Declined declined={value.declined} />
          {value.steps.length > 0 && <Asked id={id} row={row} agents={agents} />}
        </Stack>
      )}
    </Part>
  );
}

function Place({ told }: { told: Explanation }) {
  const parts: string[] = [];
  if (told.position !== undefined) parts.push(`place ${count(told.position)} in line`);
  if (told.head_start_s) parts.push(`counts as ${span(told.head_start_s * 1000)} older`);
  if (told.prefers) parts.push(`prefers ${told.prefers.agent.name}`);
  if (parts.length === 0) return null;
  const text = parts.join(" · ");
  return (
    <Text size="sm" c="dimmed">
      {text.charAt(0).toUpperCase() + text.slice(1)}
    </Text>
  );
}

function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <ol className={classes.steps} aria-label="Routing steps">
      {steps.map((step) => (
        <li
          key={step.n}
          className={classes.step}
          data-current={step.current || undefined}
          aria-current={step.current ? "step" : undefined}
          data-testid={`routing-step-${step.n}`}
        >
          <Group justify="space-between" gap={8} wrap="nowrap" align="start">
            <Text size="sm" fw={step.current ? 600 : 400} className={classes.asks}>
              {step.asks ?? "what it asked for is forgotten"}
            </Text>
            <Text size="sm" className="numbers" style={{ flex: "none" }}>
              {step.exact ? "" : "about "}
              {count(step.signed_in)} could, {count(step.free)} free
            </Text>
          </Group>
          {step.filter !== "" && <Code className={classes.filter}>{step.filter}</Code>}
          <Text size="xs" c="dimmed">
            {step.current ? "Now" : `From ${second(step.from_ms)}`} · {label(step.strategy).toLowerCase()} first
          </Text>
        </li>
      ))}
    </ol>
  );
}

function Offers({ offers }: { offers: readonly Offer[] }) {
  if (offers.length === 0) return null;
  return (
    <Listed title="Offered to">
      {offers.map((offer) => (
        <li key={offer.offer} data-testid="drawer-offer">
          <Group justify="space-between" wrap="nowrap" gap={8}>
            <Text size="sm" fw={550} truncate>
              {offer.agent.name}
            </Text>
            <Group gap={8} wrap="nowrap">
              <Badge size="sm" variant="light" color={OUTCOMES[offer.outcome]} tt="none">
                {offer.outcome}
              </Badge>
              <Text size="xs" c="dimmed" className="numbers">
                {moment(offer.made_at)}
              </Text>
            </Group>
          </Group>
          {offer.chosen !== null && (
            <Text size="xs" c="dimmed">
              {offer.chosen}
            </Text>
          )}
        </li>
      ))}
    </Listed>
  );
}

function Declined({ declined }: { declined: Explanation["declined"] }) {
  if (declined.length === 0) return null;
  return (
    <Listed title="Not asked again for a while">
      {declined.map(({ agent, outcome, until_ms }) => (
        <li key={agent.id} data-testid="routing-declined">
          <Text size="sm">
            {agent.name}{" "}
            <Text span c="dimmed">
              {label(outcome).toLowerCase()}, until {second(until_ms)}
            </Text>
          </Text>
        </li>
      ))}
    </Listed>
  );
}

function Listed({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {title}
      </Text>
      <ul className={classes.list} aria-label={title}>
        {children}
      </ul>
    </div>
  );
}

/** Why it is not offered to somebody, condition by condition. */
function Asked({ id, row, agents }: Omit<Props, "over">) {
  const [agent, setAgent] = useState<string | null>(null);
  const choices = useMemo(
    () =>
      [...agents.values()]
        .map(({ id: value, name }) => ({ value, label: name }))
        .sort((a, b) => a.label.localeCompare(b.label)),
    [agents],
  );
  return (
    <div>
      <Select
        label="Why not offered to"
        placeholder="Choose an agent"
        searchable
        clearable
        limit={50}
        data={choices}
        value={agent}
        onChange={setAgent}
        nothingFoundMessage="Nobody of this name is here"
        data-testid="why-not-agent"
      />
      {agent !== null && <Reasons key={agent} id={id} row={row} agent={agent} />}
    </div>
  );
}

function Reasons({ id, row, agent }: { id: string; row: ContactRow | undefined; agent: string }) {
  const { value, error } = useReading<WhyNot>(`/api/contacts/${id}/explanation/${agent}`, row);
  if (error !== null) {
    return (
      <Text size="sm" c="dimmed" role="status" mt={8}>
        {error}
      </Text>
    );
  }
  if (value === null) return null;
  const against = value.checks.filter((check) => !check.passes);
  const eases = against.find((check) => ASKED_FOR.has(check.code))?.until_ms;
  const passing = value.checks.filter((check) => check.passes);
  return (
    <div aria-live="polite">
      {against.length === 0 && (
        <Text size="sm" mt={8} fw={550} data-testid="why-not-verdict">
          {value.verdict}
        </Text>
      )}
      {eases !== undefined && value.later_step !== undefined && (
        <Text size="sm" c="dimmed" mt={8}>
          They fit step {value.later_step}, which begins {second(eases)}.
        </Text>
      )}
      <ul className={classes.checks} data-testid="why-not">
        {[...against, ...passing].map((check, nth) => (
          <li key={`${check.code}${nth}`} data-passes={check.passes} data-code={check.code}>
            {check.passes ? <IconCheck size={16} aria-hidden /> : <IconX size={16} aria-hidden />}
            <span>
              <VisuallyHidden>{check.passes ? "Fits: " : "Stands in the way: "}</VisuallyHidden>
              {check.text}
              {check.until_ms !== undefined && !check.passes && !ASKED_FOR.has(check.code) && (
                <Text span size="sm" c="dimmed">
                  {" "}
                  Until {second(check.until_ms)}.
                </Text>
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
