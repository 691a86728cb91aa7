/** Who it is, as far as this agent may know, and what was before. */
import { Alert, Anchor, Button, Group, Loader, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconChevronRight, IconUsers } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { count, label, language, moment } from "../shared/format";
import { api } from "../shared/http";
import { AssuranceBadge, ChannelIcon, RoleBadge } from "../shared/icons";
import type { Handling } from "../shared/wire";
import { ContactView } from "./ContactView";
import { Facts } from "./Facts";
import { HandOverNote } from "./HandOverNote";
import classes from "./desk.module.css";
import type { PastContact, PersonFile } from "./history";
import { certainty, nameOf } from "./names";

export function PersonPanel({ handling }: { handling: Handling }) {
  const { person } = handling;
  const { file, trouble, again } = useFile(person.id);
  const [opened, setOpened] = useState<PastContact | null>(null);
  const before = (file?.contacts ?? []).filter((contact) => contact.id !== handling.contact);
  return (
    <Stack gap="md" p="md" data-testid="person-panel">
      <div>
        <Text fw={650} size="lg" className={classes.breaking}>
          {nameOf(person)}
        </Text>
        <Group gap={6} mt={6}>
          <RoleBadge role={person.role} />
          <AssuranceBadge level={person.assurance} />
        </Group>
        <Text size="sm" c="var(--quiet)" mt={6}>
          {certainty(person)}
        </Text>
      </div>
      {person.network_size != null && person.network_size > 0 && (
        <Group gap={8} wrap="nowrap" className={classes.network}>
          <IconUsers size={20} aria-hidden />
          <Text size="sm">
            Looks after <b>{count(person.network_size)}</b> customers: an answer here reaches all of them.
          </Text>
        </Group>
      )}
      <Facts
        facts={[
          ["Queue", handling.queue.name],
          ...(handling.language == null ? [] : [["Language", language(handling.language)] as const]),
          ...(handling.topic == null ? [] : [["Topic", label(handling.topic)] as const]),
          ...known("Number", file?.number ?? person.number_masked),
          ...known("Expert number", file?.expert_number),
          ...known("Mail", file?.mails?.[0]),
          ...known("Mail, as typed", file?.claimed_mail),
          ...known("Speaks", file?.languages?.map(language).join(", ")),
        ]}
      />
      {handling.hand_over != null && <HandOverNote handOver={handling.hand_over} />}
      <section aria-label="History">
        <Text fw={600} size="sm" mb={6}>
          Before
        </Text>
        {trouble !== null ? (
          <Alert color="gray" p="xs">
            <Text size="sm">{trouble}</Text>
            <Button size="compact-xs" variant="default" mt={6} onClick={again}>
              Try again
            </Button>
          </Alert>
        ) : person.id === undefined ? (
          <Text size="sm" c="var(--quiet)">
            No history for somebody unknown.
          </Text>
        ) : file === null ? (
          <Loader size="sm" role="status" aria-label="Loading the history" />
        ) : before.length === 0 ? (
          <Text size="sm" c="var(--quiet)" data-testid="history">
            {untold(file.contacts_before ?? 0)}
          </Text>
        ) : (
          <ul className={classes.history} data-testid="history">
            {before.map((contact) => (
              <li key={contact.id}>
                <Past contact={contact} open={() => setOpened(contact)} />
              </li>
            ))}
          </ul>
        )}
      </section>
      <ContactView id={opened?.id ?? null} close={() => setOpened(null)} />
    </Stack>
  );
}

function known(name: string, value: string | null | undefined): (readonly [string, string])[] {
  return value == null || value === "" ? [] : [[name, value]];
}

/** Earlier contacts that this viewer may count but not read. */
function untold(contacts: number): string {
  if (contacts === 0) return "This is the first contact.";
  const many = contacts === 1 ? "One earlier contact" : `${count(contacts)} earlier contacts`;
  return `${many}, shown only once the person is signed in.`;
}

function Past({ contact, open }: { contact: PastContact; open: () => void }) {
  return (
    <UnstyledButton className={classes.past} onClick={open} data-testid="history-contact">
      <ChannelIcon channel={contact.channel} size={16} />
      <span>
        <Anchor component="span" size="sm" c="var(--mantine-color-text)" fw={550}>
          {contact.topic == null ? (contact.queue ?? "Contact") : label(contact.topic)}
        </Anchor>
        <Text span size="sm" c="var(--quiet)" display="block">
          {moment(contact.arrived_at)}
          {contact.agent == null ? "" : ` · ${contact.agent}`}
          {contact.outcome == null || contact.outcome === "completed" ? "" : ` · ${label(contact.outcome)}`}
        </Text>
        {contact.note != null && (
          <Text span size="sm" display="block" lineClamp={2}>
            {contact.note}
          </Text>
        )}
      </span>
      <IconChevronRight size={15} aria-hidden style={{ marginInlineStart: "auto" }} />
    </UnstyledButton>
  );
}

function useFile(id: string | undefined): { file: PersonFile | null; trouble: string | null; again: () => void } {
  const [file, setFile] = useState<PersonFile | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    setFile(null);
    setTrouble(null);
    if (id === undefined) return;
    const gone = new AbortController();
    api.get<PersonFile>(`/api/people/${id}`, gone.signal).then(setFile, (error: unknown) => {
      if (!gone.signal.aborted) setTrouble(error instanceof Error ? error.message : String(error));
    });
    return () => gone.abort();
  }, [id, attempt]);
  return { file, trouble, again: () => setAttempt((n) => n + 1) };
}
