import { Alert, Badge, Button, Drawer, Group, Loader, Paper, Rating, Stack, Text, Timeline } from "@mantine/core";
import { IconArrowRight, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { label, language, moment, span } from "../shared/format";
import { AssuranceBadge, CHANNEL_NAMES, ChannelIcon, RoleBadge } from "../shared/icons";
import type { AgentRow, Assurance, Author, Channel, ContactRow, ContactState, Entry, HandOver, QueueRef, Role } from "../shared/wire";
import { Part, useReading } from "./parts";
import { Routing } from "./Routing";
import { told } from "./told";

/** GET /api/contacts/{id} */
interface ContactDetail {
  id: string;
  channel: Channel;
  state: ContactState;
  role: Role;
  assurance: Assurance;
  language: string;
  topic?: string | null;
  queue: QueueRef;
  arrived_at: string;
  ended_at?: string | null;
  outcome?: string | null;
  ended_by?: Author | null;
  person: { name?: string | null; number?: string | null; number_masked?: string | null; network_size?: number | null };
  handlings: {
    handling: string;
    agent: QueueRef;
    state: string;
    accepted_at: string;
    ended_at?: string | null;
    ending?: string | null;
    outcome?: string | null;
    note?: string | null;
    hand_over?: HandOver | null;
  }[];
  timeline: Entry[];
  ratings: { handling: string; direction: "of_agent" | "of_person"; stars: number; comment?: string | null }[];
}

interface Props {
  id: string;
  /** its row on the floor; undefined once it is over */
  row: ContactRow | undefined;
  /** those on the floor, to ask why it is not offered to them */
  agents: ReadonlyMap<string, AgentRow>;
  onMove: (contact: ContactRow) => void;
  onClose: (contact: ContactRow) => void;
  onLeave: () => void;
}

export function ContactDrawer({ id, row, agents, onMove, onClose, onLeave }: Props) {
  const [over, setOver] = useState(false);
  const { value: detail, error } = useReading<ContactDetail>(`/api/contacts/${id}`, row, over);
  if (detail?.state === "ended" && !over) setOver(true);
  const who = detail?.person.name || row?.person || detail?.person.number_masked || "Unknown person";
  return (
    <Drawer
      opened
      onClose={onLeave}
      position="right"
      size="min(34rem, 100vw)"
      title={<Text fw={650}>{who}</Text>}
      closeButtonProps={{ "aria-label": "Close the panel" }}
      data-testid="contact-drawer"
    >
      {error !== null && (
        <Alert color="red" role="alert" mb="md" title="This contact could not be loaded">
          {error}
        </Alert>
      )}
      {detail === null ? (
        error === null && <Loader aria-label="Loading" />
      ) : (
        <Stack gap="lg">
          <Facts detail={detail} />
          {row !== undefined && (
            <Group>
              {row.state !== "handling" && (
                <Button
                  variant="default"
                  leftSection={<IconArrowRight size={16} />}
                  onClick={() => onMove(row)}
                  data-testid="drawer-move"
                >
                  Move…
                </Button>
              )}
              <Button
                variant="default"
                c="var(--error)"
                leftSection={<IconX size={16} />}
                onClick={() => onClose(row)}
                data-testid="drawer-close"
              >
                Close…
              </Button>
            </Group>
          )}
          <Handlings detail={detail} />
          <Routing id={id} row={row} over={over} agents={agents} />
          <Story contact={id} entries={detail.timeline} />
        </Stack>
      )}
    </Drawer>
  );
}

function Facts({ detail }: { detail: ContactDetail }) {
  const { person } = detail;
  const state = detail.state === "ended" ? (detail.outcome ?? "ended") : detail.state;
  return (
    <Stack gap="xs">
      <Group gap={8}>
        <RoleBadge role={detail.role} />
        <AssuranceBadge level={detail.assurance} />
        <Badge variant="outline" color="gray" tt="none" data-testid="drawer-state">
          {label(state)}
        </Badge>
      </Group>
      <Group gap={8} wrap="nowrap">
        <ChannelIcon channel={detail.channel} size={16} />
        <Text size="sm">
          {CHANNEL_NAMES[detail.channel]} · {detail.queue.name} · {language(detail.language)}
          {detail.topic ? ` · ${label(detail.topic)}` : ""}
        </Text>
      </Group>
      <Text size="sm" c="dimmed">
        Arrived {moment(detail.arrived_at)}
        {detail.ended_at && `, ended ${moment(detail.ended_at)}`}
        {detail.ended_by && ` by ${BY[detail.ended_by]}`}
        {(person.number ?? person.number_masked) && ` · ${person.number ?? person.number_masked}`}
        {person.network_size ? ` · network of ${person.network_size}` : ""}
      </Text>
    </Stack>
  );
}

const BY: Record<Author, string> = {
  person: "the person",
  agent: "the agent",
  supervisor: "a supervisor",
  system: "the service",
};

function Handlings({ detail }: { detail: ContactDetail }) {
  if (detail.handlings.length === 0) return null;
  return (
    <Part title="In whose hands">
      <Stack gap="xs">
        {detail.handlings.map((handling) => (
          <Paper key={handling.handling} withBorder p="sm" data-testid="drawer-handling">
            <Group justify="space-between" gap={8}>
              <Text fw={600} size="sm">
                {handling.agent.name}
              </Text>
              <Text size="xs" c="dimmed">
                {moment(handling.accepted_at)}
                {handling.ended_at &&
                  `, ${span(Date.parse(handling.ended_at) - Date.parse(handling.accepted_at))}`}
              </Text>
            </Group>
            <Text size="sm">
              {label(handling.ending ?? handling.state)}
              {handling.outcome ? ` · ${label(handling.outcome)}` : ""}
            </Text>
            {handling.note && (
              <Text size="sm" c="dimmed" style={{ whiteSpace: "pre-wrap" }}>
                {handling.note}
              </Text>
            )}
            {handling.hand_over && (
              <Text size="sm" mt={4}>
                Handed over, {label(handling.hand_over.reason).toLowerCase()}. Asked: {handling.hand_over.asked}. Tried:{" "}
                {handling.hand_over.tried}
              </Text>
            )}
            {detail.ratings
              .filter((rating) => rating.handling === handling.handling)
              .map((rating) => (
                <Group key={rating.direction} gap={6} mt={4}>
                  <Text size="xs" c="dimmed" w="8rem">
                    {rating.direction === "of_agent" ? "Person rated agent" : "Agent rated person"}
                  </Text>
                  <span role="img" aria-label={`${rating.stars} of 5 stars`}>
                    <Rating value={rating.stars} readOnly size="xs" aria-hidden />
                  </span>
                  {rating.comment && <Text size="xs">“{rating.comment}”</Text>}
                </Group>
              ))}
          </Paper>
        ))}
      </Stack>
    </Part>
  );
}

function Story({ contact, entries }: { contact: string; entries: readonly Entry[] }) {
  return (
    <Part title="Timeline">
      {entries.length === 0 ? (
        <Text size="sm" c="dimmed">
          Nothing yet.
        </Text>
      ) : (
        <Timeline bulletSize={12} lineWidth={2} active={entries.length} color="gray">
          {entries.map((entry) => {
            const { title, text } = told(entry);
            return (
              <Timeline.Item
                key={entry.seq}
                title={
                  <Group justify="space-between" wrap="nowrap" gap={8}>
                    <Text size="sm" fw={600}>
                      {title}
                    </Text>
                    <Text size="xs" c="dimmed" className="numbers" style={{ flex: "none" }}>
                      {moment(entry.at)}
                    </Text>
                  </Group>
                }
              >
                {entry.kind === "voicemail" && entry.data.recording !== undefined && (
                  <audio controls preload="none" src={`/api/contacts/${contact}/recording`} aria-label="The caller's message" />
                )}
                {text !== undefined && (
                  <Text size="sm" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
                    {text}
                  </Text>
                )}
              </Timeline.Item>
            );
          })}
        </Timeline>
      )}
    </Part>
  );
}
