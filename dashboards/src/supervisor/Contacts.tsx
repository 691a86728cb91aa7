import { ActionIcon, Anchor, Badge, Group, Menu, SegmentedControl, Text, Title } from "@mantine/core";
import { IconArrowRight, IconDots, IconEye, IconPhoneCalling, IconStarFilled, IconX } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { count, label, language } from "../shared/format";
import { ChannelIcon } from "../shared/icons";
import type { ContactRow } from "../shared/wire";
import { Since } from "./Clock";
import classes from "./Contacts.module.css";
import { type Column, LiveTable } from "../shared/table";

export type ContactAction = (action: "show" | "move" | "close", contact: ContactRow) => void;

interface Props {
  contacts: ReadonlyMap<string, ContactRow>;
  /** names of queues and agents by id; both stable functions */
  queueName: (id: string) => string;
  agentName: (id: string) => string;
  onAction: ContactAction;
}

export function Contacts({ contacts, queueName, agentName, onAction }: Props) {
  const [shown, setShown] = useState("all");
  const all = useMemo(() => [...contacts.values()], [contacts]);
  const waiting = useMemo(() => all.filter((row) => row.state !== "handling"), [all]);
  const rows = useMemo(
    () =>
      shown === "all" ? all : shown === "waiting" ? waiting : all.filter((row) => row.state === "handling"),
    [all, waiting, shown],
  );
  const columns = useMemo(
    () => columnsOf(queueName, agentName, onAction),
    [queueName, agentName, onAction],
  );
  return (
    <section aria-labelledby="contacts-title">
      <Group justify="space-between" align="baseline" mb={8}>
        <Title order={2} size="h4" id="contacts-title">
          Contacts
        </Title>
        <Text size="sm" c="dimmed" role="status">
          {count(rows.length)}
        </Text>
      </Group>
      <SegmentedControl
        mb={8}
        size="xs"
        aria-label="Contacts to show"
        value={shown}
        onChange={setShown}
        data={[
          { value: "all", label: `All ${count(all.length)}` },
          { value: "waiting", label: `Waiting ${count(waiting.length)}` },
          { value: "handling", label: `In hand ${count(all.length - waiting.length)}` },
        ]}
        data-testid="contact-filter"
      />
      <LiveTable
        caption="Contacts waiting and in hand"
        columns={columns}
        rows={rows}
        sorted={{ key: "state", down: false }}
        empty="Nobody is waiting and nobody is being served."
        height="32rem"
        testId="contacts-table"
      />
    </section>
  );
}

function columnsOf(
  queueName: Props["queueName"],
  agentName: Props["agentName"],
  onAction: ContactAction,
): Column<ContactRow>[] {
  return [
    {
      key: "person",
      title: "Person",
      sort: (row) => row.person ?? "",
      render: (row) => (
        <Group gap={8} wrap="nowrap" maw="100%">
          <ChannelIcon channel={row.channel} size={16} />
          <Anchor
            component="button"
            type="button"
            size="sm"
            fw={600}
            truncate
            onClick={() => onAction("show", row)}
            data-testid="contact-open"
          >
            {row.person ?? "Unknown"}
          </Anchor>
          {row.role === "expert" && (
            <Badge size="xs" radius="sm" tt="none" className={classes.expert}>
              <IconStarFilled size={9} role="img" aria-label="Expert" />
              <span aria-hidden> Expert</span>
            </Badge>
          )}
        </Group>
      ),
    },
    {
      key: "state",
      title: "State",
      width: "11rem",
      narrow: "7.5rem",
      sort: (row) => `${row.state === "handling" ? 1 : 0} ${row.since_ms}`,
      render: (row) => <Standing row={row} agentName={agentName} />,
    },
    {
      key: "since",
      title: "Since",
      width: "5rem",
      narrow: "4.25rem",
      sort: (row) => -row.since_ms,
      render: (row) => <Since ms={row.since_ms} />,
    },
    {
      key: "queue",
      title: "Queue",
      width: "9rem",
      from: "medium",
      sort: (row) => queueName(row.queue),
      render: (row) => <span title={queueName(row.queue)}>{queueName(row.queue)}</span>,
    },
    {
      key: "topic",
      title: "About",
      width: "8.5rem",
      from: "wide",
      sort: (row) => `${row.language} ${row.topic ?? ""}`,
      render: (row) => (
        <>
          {language(row.language)}
          {row.topic && (
            <Text span size="sm" c="dimmed">
              {" · "}
              {label(row.topic)}
            </Text>
          )}
        </>
      ),
    },
    {
      key: "action",
      title: "Actions",
      hiddenTitle: true,
      width: "3.25rem",
      narrow: "2.75rem",
      render: (row) => (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Actions for the contact of ${row.person ?? "an unknown person"}`}
              data-testid="contact-actions"
            >
              <IconDots size={17} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconEye size={16} />} onClick={() => onAction("show", row)}>
              Show
            </Menu.Item>
            <Menu.Item
              leftSection={<IconArrowRight size={16} />}
              disabled={row.state === "handling"}
              onClick={() => onAction("move", row)}
            >
              Move to another queue…
            </Menu.Item>
            <Menu.Item color="red" leftSection={<IconX size={16} />} onClick={() => onAction("close", row)}>
              Close…
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];
}

function Standing({ row, agentName }: { row: ContactRow; agentName: Props["agentName"] }) {
  const agent = row.agent === null ? null : agentName(row.agent);
  const words =
    row.state === "handling"
      ? `With ${agent ?? "an agent"}`
      : row.state === "offered"
        ? `Ringing${agent === null ? "" : ` at ${agent}`}`
        : "Waiting";
  return (
    <Group gap={6} wrap="nowrap" title={words}>
      {row.callback && <IconPhoneCalling size={15} role="img" aria-label="Callback" style={{ flex: "none" }} />}
      <Text span size="sm" truncate fw={row.state === "handling" ? 400 : 600}>
        {words}
      </Text>
      {row.attempt > 1 && (
        <Text span size="xs" c="dimmed" style={{ flex: "none" }}>
          try {row.attempt}
        </Text>
      )}
    </Group>
  );
}
