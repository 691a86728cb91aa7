import { Alert, Anchor, Center, Loader, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPhoneOff } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Confirm } from "../shared/confirm";
import { count, moment, second } from "../shared/format";
import { api } from "../shared/http";
import { ChannelIcon } from "../shared/icons";
import { type Column, LiveTable } from "../shared/table";
import { Money, money } from "./Money";
import classes from "./Promises.module.css";
import { type Callback, type MessageLeft, type Promised, SHOWN, usePromises } from "./promises";
import rows from "./rows.module.css";

type Row<T> = T & { id: string };

/** Calls that were promised, messages that were left, and what calling people costs. */
export function Promises({ onShow }: { onShow: (contact: string) => void }) {
  const { promised, readAt, failure, load } = usePromises();
  const [cancelled, setCancelled] = useState<Callback | null>(null);
  return (
    <section aria-labelledby="promises-title" className={classes.promises} data-testid="promises">
      <div className={classes.bar}>
        <Title order={2} size="h4" id="promises-title">
          What people were promised
        </Title>
        <Text size="xs" c="var(--quiet)">
          {readAt > 0 && `As of ${second(readAt)}`}
        </Text>
      </div>
      {failure !== null && (
        <Alert color="red" role="alert" title={promised === null ? "This could not be read" : "This is not up to date"}>
          {failure}{" "}
          <Anchor component="button" type="button" onClick={() => void load()}>
            Try again
          </Anchor>
        </Alert>
      )}
      {promised !== null ? (
        <Shown promised={promised} onShow={onShow} onCancel={setCancelled} />
      ) : (
        failure === null && (
          <Center h="30vh">
            <Loader aria-label="Loading what was promised" />
          </Center>
        )
      )}
      {cancelled !== null && (
        <TakeBack
          callback={cancelled}
          onClose={() => {
            setCancelled(null);
            void load();
          }}
        />
      )}
    </section>
  );
}

interface Shows {
  promised: Promised;
  onShow: (contact: string) => void;
  onCancel: (callback: Callback) => void;
}

function Shown({ promised, onShow, onCancel }: Shows) {
  const { today } = promised;
  const callbacks = useMemo(
    () => promised.callbacks.map((row) => ({ ...row, id: row.contact })),
    [promised.callbacks],
  );
  const messages = useMemo(
    () => promised.messages.map((row) => ({ ...row, id: row.contact })),
    [promised.messages],
  );
  const callColumns = useMemo(() => columnsOfCalls(onShow, onCancel), [onShow, onCancel]);
  const messageColumns = useMemo(() => columnsOfMessages(onShow), [onShow]);
  const overdue = messages.filter((row) => row.overdue).length;
  const refused = today.refused.reduce((sum, row) => sum + row.count, 0);
  const next = callbacks.find((row) => row.at !== null && row.state === "arriving")?.at;
  return (
    <>
      <dl className={classes.summary} data-testid="promises-summary">
        <Figure name="Calls promised" value={most(callbacks.length)} note={next ? `next at ${moment(next)}` : undefined} />
        <Figure
          name="Messages open"
          value={most(messages.length)}
          note={overdue > 0 ? `${count(overdue)} overdue` : undefined}
          bad={overdue > 0}
        />
        <Figure name="Spent today" value={money(today.cents)} note={`of ${money(today.cents_a_day)} at most`} bad={today.cents >= today.cents_a_day} />
        <Figure name="Spent this month" value={money(today.cents_this_month)} />
        <Figure name="Refused today" value={count(refused)} />
      </dl>
      <div className={classes.lists}>
        <div>
          <Title order={3} size="h5" mb={8}>
            Calls
          </Title>
          <LiveTable
            caption="Calls that were promised"
            columns={callColumns}
            rows={callbacks}
            sorted={{ key: "at", down: false }}
            empty="Nobody waits to be called."
            height="28rem"
            testId="callbacks-table"
          />
        </div>
        <div>
          <Title order={3} size="h5" mb={8}>
            Messages
          </Title>
          <LiveTable
            caption="Messages that nobody has dealt with yet"
            columns={messageColumns}
            rows={messages}
            sorted={{ key: "due", down: false }}
            empty="No message is open."
            height="28rem"
            testId="messages-table"
          />
        </div>
      </div>
      <Money today={today} refused={refused} />
    </>
  );
}

const most = (shown: number): string => (shown < SHOWN ? count(shown) : `${count(shown)}+`);

function Figure(props: { name: string; value: string; note?: string | undefined; bad?: boolean }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd data-bad={props.bad || undefined}>{props.value}</dd>
      {props.note !== undefined && <dd className={classes.note}>{props.note}</dd>}
    </div>
  );
}

/** What a promised call is up to, in words. */
function standing(row: Callback): string {
  const tried = row.tries > 0 ? `, called ${row.tries === 1 ? "once" : `${count(row.tries)} times`}` : "";
  switch (row.state) {
    case "handling":
      return "Being called";
    case "waiting":
      return `In line${tried}`;
    default:
      return row.at === null ? `On hold${tried}` : `Promised${tried}`;
  }
}

const BY = { person: "the person", agent: "an agent", supervisor: "a supervisor", system: "the service" };

function columnsOfCalls(onShow: (contact: string) => void, onCancel: (row: Callback) => void): Column<Row<Callback>>[] {
  return [
    {
      key: "at",
      title: "When",
      width: "8.5rem",
      narrow: "7.25rem",
      // without a time their turn may come at any moment
      sort: (row) => (row.at === null ? 0 : Date.parse(row.at)),
      render: (row) => (row.at === null ? "In their turn" : <time dateTime={row.at}>{moment(row.at)}</time>),
    },
    {
      key: "number",
      title: "To whom",
      sort: (row) => row.number_masked,
      render: (row) => (
        <button type="button" className={rows.open} title="Show this contact" onClick={() => onShow(row.contact)} data-testid="callback-open">
          {row.number_masked}
        </button>
      ),
    },
    {
      key: "state",
      title: "State",
      width: "10.5rem",
      narrow: "5.5rem",
      sort: standing,
      render: (row) => (
        <span className={rows.words} title={`${standing(row)}; asked by ${BY[row.asked_by]}, ${moment(row.asked_at)}`}>
          {standing(row)}
        </span>
      ),
    },
    { key: "queue", title: "Queue", width: "8.5rem", from: "medium", sort: (row) => row.queue, render: (row) => row.queue },
    {
      key: "cancel",
      title: "Take back",
      hiddenTitle: true,
      width: "3.75rem",
      narrow: "3.25rem",
      render: (row) => (
        <button
          type="button"
          className={rows.set}
          aria-label={`Take back the call to ${row.number_masked}`}
          title="Take back"
          // who talks to an agent just now is closed on the contact's panel
          disabled={row.state === "handling"}
          onClick={() => onCancel(row)}
          data-testid="callback-cancel"
        >
          <IconPhoneOff size={17} aria-hidden />
        </button>
      ),
    },
  ];
}

function columnsOfMessages(onShow: (contact: string) => void): Column<Row<MessageLeft>>[] {
  return [
    {
      key: "due",
      title: "Due",
      width: "9rem",
      sort: (row) => Date.parse(row.due_at),
      render: (row) => (
        <button type="button" className={rows.open} title="Show this contact" onClick={() => onShow(row.contact)}>
          <time dateTime={row.due_at}>{moment(row.due_at)}</time>
        </button>
      ),
    },
    {
      key: "state",
      title: "State",
      sort: (row) => `${row.overdue ? 0 : 1}${row.agent ?? ""}`,
      render: (row) => (
        <span className={rows.standing}>
          <ChannelIcon channel={row.channel} size={15} />
          <span className={`${rows.words} ${row.overdue ? classes.late : ""}`}>
            {row.overdue ? "Overdue" : "Open"}
            {row.agent !== null && `, with ${row.agent}`}
          </span>
        </span>
      ),
    },
    { key: "queue", title: "Queue", width: "9rem", from: "medium", sort: (row) => row.queue, render: (row) => row.queue },
  ];
}

function TakeBack({ callback, onClose }: { callback: Callback; onClose: () => void }) {
  const when = callback.at === null ? "in their turn" : moment(callback.at);
  return (
    <Confirm
      title={`Take back the call to ${callback.number_masked}?`}
      confirm="Take it back"
      danger
      onClose={onClose}
      onConfirm={async () => {
        await api.post(`/api/contacts/${callback.contact}/close`);
        notifications.show({ message: `The call to ${callback.number_masked} is taken back.` });
      }}
    >
      <Text size="sm">
        {callback.queue} promised to call {when}. Nobody is called then, and the person is not told of it. This cannot be
        undone.
      </Text>
    </Confirm>
  );
}
