import { Alert, Button, Group, Radio, Select, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { language } from "../shared/format";
import { api } from "../shared/http";
import type { AgentRow, ContactRow, Presence, QueueRow } from "../shared/wire";
import { Since } from "./Clock";
import { Confirm } from "../shared/confirm";
import { STATES } from "./States";

const PRESENCES: Presence[] = ["available", "break", "offline"];
const REASONS = ["Lunch", "Meeting", "Training", "Technical problem", "Shift ended", "Forgot to sign off"];

export function SetState({ agent, onClose }: { agent: AgentRow; onClose: () => void }) {
  const [presence, setPresence] = useState<Presence>(agent.state === "available" ? "break" : "available");
  const [reason, setReason] = useState("");
  const word = STATES[presence].label.toLowerCase();
  const busy = agent.load.voice + agent.load.chat + agent.load.video > 0;
  return (
    <Confirm
      title={`Set the state of ${agent.name}`}
      confirm={`Set to ${word}`}
      onClose={onClose}
      onConfirm={async () => {
        const why = reason.trim();
        await api.post(`/api/agents/${agent.id}/presence`, { presence, ...(why && { reason: why }) });
        notifications.show({ message: `${agent.name} is set to ${word}.` });
      }}
    >
      <Radio.Group
        label="New state"
        value={presence}
        onChange={(value) => setPresence(value as Presence)}
        data-autofocus
      >
        <Group mt={6}>
          {PRESENCES.map((value) => (
            <Radio key={value} value={value} label={STATES[value].label} data-testid={`presence-${value}`} />
          ))}
        </Group>
      </Radio.Group>
      <div>
        <TextInput
          label="Reason"
          description="The agent sees it, and it is kept with your name."
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          maxLength={100}
          data-testid="presence-reason"
        />
        <Group gap={6} mt={8} role="group" aria-label="Common reasons">
          {REASONS.map((common) => (
            <Button key={common} size="compact-xs" variant="default" onClick={() => setReason(common)}>
              {common}
            </Button>
          ))}
        </Group>
      </div>
      {busy && presence !== "available" && (
        <Text size="sm" c="dimmed">
          What {agent.name} has in hand stays there; nothing new is offered.
        </Text>
      )}
    </Confirm>
  );
}

export function MoveContact(props: {
  contact: ContactRow;
  queues: readonly QueueRow[];
  onClose: () => void;
}) {
  const { contact, queues, onClose } = props;
  const [queue, setQueue] = useState<string | null>(null);
  const choices = queues.filter((row) => row.id !== contact.queue && row.name !== contact.queue);
  return (
    <Confirm
      title={`Move the contact of ${contact.person || "an unknown person"}`}
      confirm="Move"
      incomplete={queue === null}
      onClose={onClose}
      onConfirm={async () => {
        await api.post(`/api/contacts/${contact.id}/move`, { queue });
        const name = queues.find((row) => row.id === queue)?.name ?? "the queue";
        notifications.show({ message: `Moved to ${name}, with the time already waited.` });
      }}
    >
      <Select
        label="To which queue?"
        placeholder="Choose a queue"
        data={choices.map((row) => ({ value: row.id, label: `${row.name} (${row.waiting} waiting)` }))}
        value={queue}
        onChange={setQueue}
        data-autofocus
        data-testid="move-queue"
      />
      <Text size="sm" c="dimmed">
        The <Since ms={contact.since_ms} /> already waited count in the new queue too.
      </Text>
    </Confirm>
  );
}

export function CloseContact({ contact, onClose }: { contact: ContactRow; onClose: () => void }) {
  const who = contact.person || "an unknown person";
  return (
    <Confirm
      title={`Close the contact of ${who}?`}
      confirm="Close the contact"
      danger
      onClose={onClose}
      onConfirm={async () => {
        await api.post(`/api/contacts/${contact.id}/close`);
        notifications.show({ message: `The contact of ${who} is closed.` });
      }}
    >
      <Text size="sm">
        {contact.channel === "voice" ? "The call is ended" : "The conversation is ended"} for both sides
        {contact.state === "handling" ? "" : ", without having been answered"}. This cannot be undone.
      </Text>
    </Confirm>
  );
}

const LANGUAGES = ["en", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "tr", "uk"];

export function CloseQueue(props: {
  queue: QueueRow;
  /** languages that people in this queue use at the moment, the most used first */
  spoken: readonly string[];
  onClose: () => void;
}) {
  const { queue } = props;
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries([...new Set(["en", ...props.spoken])].slice(0, 3).map((tag) => [tag, ""])),
  );
  const filled = Object.entries(texts)
    .map(([tag, text]) => [tag, text.trim()] as const)
    .filter(([, text]) => text !== "");
  const more = LANGUAGES.filter((tag) => !(tag in texts));
  return (
    <Confirm
      title={`Close ${queue.name}`}
      confirm="Close the queue"
      danger
      incomplete={filled.length === 0}
      onClose={props.onClose}
      onConfirm={async () => {
        await api.post(`/api/queues/${queue.id}/close`, { announcement: Object.fromEntries(filled) });
        notifications.show({ message: `${queue.name} is closed.` });
      }}
    >
      <Text size="sm">
        Whoever comes now is told your announcement, spoken on the phone and shown in chat, in their
        language where you give it.
      </Text>
      {queue.waiting > 0 && (
        <Alert color="yellow" p="xs">
          {queue.waiting === 1 ? "1 person is" : `${queue.waiting} people are`} waiting in this queue now.
        </Alert>
      )}
      <Stack gap="xs">
        {Object.entries(texts).map(([tag, text]) => (
          <Textarea
            key={tag}
            label={`Announcement in ${language(tag)}`}
            autosize
            minRows={2}
            maxLength={1000}
            lang={tag}
            value={text}
            onChange={(event) => {
              const value = event.currentTarget.value;
              setTexts((old) => ({ ...old, [tag]: value }));
            }}
            data-testid={`announcement-${tag}`}
          />
        ))}
      </Stack>
      <Group gap={6} role="group" aria-label="Add a language">
        {more.map((tag) => (
          <Button
            key={tag}
            size="compact-xs"
            variant="default"
            leftSection={<IconPlus size={12} />}
            onClick={() => setTexts((old) => ({ ...old, [tag]: "" }))}
          >
            {language(tag)}
          </Button>
        ))}
      </Group>
    </Confirm>
  );
}

export function OpenQueue({ queue, onClose }: { queue: QueueRow; onClose: () => void }) {
  return (
    <Confirm
      title={`Open ${queue.name} again?`}
      confirm="Open the queue"
      onClose={onClose}
      onConfirm={async () => {
        await api.post(`/api/queues/${queue.id}/open`);
        notifications.show({ message: `${queue.name} is open again.` });
      }}
    >
      <Text size="sm">People are put in line again, and the announcement is no longer given.</Text>
      {queue.closed !== null && typeof queue.closed === "object" && (
        <Stack gap={4}>
          {Object.entries(queue.closed).map(([tag, text]) => (
            <Text key={tag} size="sm" c="dimmed" lang={tag}>
              {language(tag)}: “{text}”
            </Text>
          ))}
        </Stack>
      )}
    </Confirm>
  );
}
