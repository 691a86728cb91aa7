import { Alert, Anchor, Center, Loader, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPhoneOff } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Confirm } from "../shared/confirm";
import { count, label, moment, second, share } from "../shared/format";
import { api } from "../shared/http";
import { ChannelIcon } from "../shared/icons";
import { type Column, LiveTable } from "../shared/table";
import classes from "./Promises.module.css";
import { type Callback, type MessageLeft, type Promised, SHOWN, usePromises } from "./promises";
import rows from "./rows.module.css";

type Row<T> = T & { id: string };

const WHY: Record<string, string> = {
  country: "Number of a country that is not called",
  premium: "Number of premium or shared cost",
  number_often: "Asked too often for one number",
  money: "The day’s limit was reached",
  number_money: "The limit of one number was reached",
};

/** 1234.5 → 12.35: cents in whole units, whatever the currency of the house is. */
const units = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const money = (cents: number): string => units.format(cents / 100);

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

/** How near the day's limit is, and which queues the money went to. */
function Money({ today, refused }: { today: Promised["today"]; refused: number }) {
  const used = today.cents_a_day > 0 ? today.cents / today.cents_a_day : 1;
  const told = `${money(today.cents)} of ${money(today.cents_a_day)}, ${share(Math.min(used, 9.99))}`;
  return (
    <section aria-labelledby="money-title" className={classes.money} data-testid="money">
      <Title order={3} size="h5" id="money-title">
        What calling people costs
      </Title>
      <div
        className={classes.meter}
        role="meter"
        aria-label="Of the day’s limit"
        aria-valuemin={0}
        aria-valuemax={today.cents_a_day}
        aria-valuenow={Math.min(today.cents, today.cents_a_day)}
        aria-valuetext={told}
        data-near={used >= 0.8 || undefined}
        data-full={used >= 1 || undefined}
      >
        <div style={{ width: `${Math.min(100, used * 100)}%` }} />
      </div>
      <Text size="sm" c={used >= 1 ? "red" : undefined} data-testid="money-told">
        {used >= 1
          ? `Today’s limit of ${money(today.cents_a_day)} is reached: nobody is called any more.`
          : `${told} of today’s limit. At most ${money(today.cents_a_day_per_number)} for one number.`}
      </Text>
      {today.spent.length > 0 && (
        <table className={classes.spent} data-testid="spent-table">
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col">Today</th>
              <th scope="col">This month</th>
            </tr>
          </thead>
          <tbody>
            {today.spent.map((row) => (
              <tr key={row.queue ?? ""}>
                <th scope="row">{row.queue ?? "Unknown"}</th>
                <td>{money(row.cents_today)}</td>
                <td>{money(row.cents_this_month)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {refused > 0 && (
        <Text size="sm" c="var(--quiet)" data-testid="refused">
          Refused today: {today.refused.map((row) => `${WHY[row.why] ?? label(row.why)} (${count(row.count)})`).join("; ")}.
        </Text>
      )}
    </section>
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
