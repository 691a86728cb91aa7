import { Group, SegmentedControl, Text, Title } from "@mantine/core";
import { IconMessageReport, IconPhoneCalling, IconStarFilled } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { count, label, language, moment } from "../shared/format";
import { ChannelIcon } from "../shared/icons";
import type { ContactRow } from "../shared/wire";
import { Since } from "./Clock";
import { CONTACTS_LISTED } from "./floor";
import classes from "./rows.module.css";
import { type Column, LiveTable } from "../shared/table";

interface Props {
  contacts: ReadonlyMap<string, ContactRow>;
  /** names of queues and agents by id; both stable functions */
  queueName: (id: string) => string;
  agentName: (id: string) => string;
  onShow: (contact: ContactRow) => void;
}

export function Contacts({ contacts, queueName, agentName, onShow }: Props) {
  const [shown, setShown] = useState("all");
  const all = useMemo(() => [...contacts.values()], [contacts]);
  const waiting = useMemo(() => all.filter((row) => row.state !== "handling"), [all]);
  const rows = useMemo(
    () =>
      shown === "all" ? all : shown === "waiting" ? waiting : all.filter((row) => row.state === "handling"),
    [all, waiting, shown],
  );
  const columns = useMemo(
    () => columnsOf(queueName, agentName, onShow),
    [queueName, agentName, onShow],
  );
  return (
    <section aria-labelledby="contacts-title">
      <Group justify="space-between" align="baseline" mb={8}>
        <Title order={2} size="h4" id="contacts-title">
          Contacts
        </Title>
        <Text size="sm" c="dimmed" role="status">
          {all.length < CONTACTS_LISTED ? count(rows.length) : `the oldest ${count(rows.length)}`}
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
  onShow: (contact: ContactRow) => void,
): Column<ContactRow>[] {
  return [
    {
      key: "person",
      title: "Person",
      sort: (row) => row.person,
      render: (row) => (
        <span className={classes.person}>
          <ChannelIcon channel={row.channel} size={16} />
          <button
            type="button"
            className={classes.open}
            title="Show this contact"
            onClick={() => onShow(row)}
            data-testid="contact-open"
          >
            {row.person || "Unknown"}
          </button>
          {row.role === "expert" && (
            <span className={classes.expert} role="img" aria-label="Expert">
              <IconStarFilled size={9} aria-hidden />
              <span>Expert</span>
            </span>
          )}
        </span>
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
            <span className={classes.dim}> · {label(row.topic)}</span>
          )}
        </>
      ),
    },
  ];
}

function Standing({ row, agentName }: { row: ContactRow; agentName: Props["agentName"] }) {
  const agent = row.agent === null ? null : agentName(row.agent);
  const overdue = row.due_ms !== undefined && row.due_ms < Date.now();
  const words =
    row.due_ms !== undefined && row.state === "waiting"
      ? overdue
        ? "Message, overdue"
        : `Message, due ${moment(row.due_ms)}`
      : row.state === "handling"
      ? `With ${agent ?? "an agent"}`
      : row.state === "offered"
        ? `Ringing${agent === null ? "" : ` at ${agent}`}`
        : "Waiting";
  return (
    <span className={classes.standing} title={words}>
      {row.due_ms !== undefined && (
        <IconMessageReport
          size={15}
          role="img"
          aria-label={overdue ? "Overdue message" : "Message"}
          color={overdue ? "var(--mantine-color-red-6)" : undefined}
          data-testid={overdue ? "contact-overdue" : undefined}
        />
      )}
      {row.callback && <IconPhoneCalling size={15} role="img" aria-label="Callback" />}
      <span className={classes.words} data-waits={row.state !== "handling" || undefined}>
        {words}
      </span>
      {row.attempt > 1 && <span className={classes.dim}>try {row.attempt}</span>}
    </span>
  );
}
