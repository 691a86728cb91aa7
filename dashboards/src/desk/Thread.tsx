/** What was said and what happened, in order; text is only ever shown as text. */
import { Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconArrowDown } from "@tabler/icons-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Outgoing } from "../shared/conversation";
import { label, moment, span } from "../shared/format";
import type { Entry, Handling } from "../shared/wire";
import { useDesk, useDeskState } from "./context";
import classes from "./desk.module.css";
import { nameOf } from "./names";

export function Thread({ handling }: { handling: Handling }) {
  const desk = useDesk();
  const { conversations } = useDeskState();
  const view = conversations[handling.contact];
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const amount = (view?.entries.length ?? 0) + (view?.outgoing.length ?? 0);

  // Follow the end, unless somebody reads further up
  useLayoutEffect(() => {
    if (atEnd) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [amount, atEnd]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const sized = new ResizeObserver(() => {
      if (atEnd) element.scrollTo({ top: element.scrollHeight });
    });
    sized.observe(element);
    return () => sized.disconnect();
  }, [atEnd]);

  return (
    <div className={classes.threadFrame}>
      <div
        ref={box}
        className={classes.thread}
        role="log"
        aria-label="Conversation"
        aria-live="polite"
        tabIndex={0}
        data-testid="thread"
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          setAtEnd(scrollHeight - scrollTop - clientHeight < 40);
        }}
      >
        {view !== undefined && !view.complete && (
          <Text size="sm" c="var(--quiet)" ta="center">
            Loading what was said before
          </Text>
        )}
        {view?.entries.map((entry) => (
          <EntryLine key={entry.seq} entry={entry} person={nameOf(handling.person)} />
        ))}
        {view?.outgoing.map((message) => (
          <Pending
            key={message.key}
            message={message}
            retry={() => desk.conversation(handling.contact)?.retry(message.key)}
            discard={() => desk.conversation(handling.contact)?.discard(message.key)}
          />
        ))}
      </div>
      {!atEnd && (
        <Button
          size="compact-sm"
          variant="default"
          radius="xl"
          className={classes.toEnd}
          leftSection={<IconArrowDown size={14} aria-hidden />}
          onClick={() => setAtEnd(true)}
        >
          Newest
        </Button>
      )}
    </div>
  );
}

function EntryLine({ entry, person }: { entry: Entry; person: string }) {
  if (entry.kind !== "message") {
    return (
      <div className={classes.event} data-testid="event" data-kind={entry.kind}>
        <span>{describe(entry)}</span>
        <time dateTime={entry.at}>{moment(entry.at)}</time>
      </div>
    );
  }
  const own = entry.author !== "person";
  return (
    <div className={classes.message} data-own={own || undefined} data-testid="message" data-seq={entry.seq} data-author={entry.author}>
      <p className={classes.bubble}>{entry.data.text}</p>
      <span className={classes.byline}>
        {own ? (entry.name ?? "You") : (entry.name ?? person)} · <time dateTime={entry.at}>{moment(entry.at)}</time>
      </span>
    </div>
  );
}

function Pending({ message, retry, discard }: { message: Outgoing; retry: () => void; discard: () => void }) {
  const refused = message.refused !== undefined;
  return (
    <div
      className={classes.message}
      data-own
      data-pending={refused ? "refused" : "sending"}
      data-testid="message-pending"
    >
      <p className={classes.bubble}>{message.text}</p>
      {refused ? (
        <Group gap={6} className={classes.byline}>
          <IconAlertTriangle size={14} aria-hidden />
          <span role="alert">Not sent: {message.refused}</span>
          <Button size="compact-xs" variant="light" onClick={retry} data-testid="message-retry">
            Send again
          </Button>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={discard}>
            Discard
          </Button>
        </Group>
      ) : (
        <span className={classes.byline}>Sending</span>
      )}
    </div>
  );
}

/** What happened, for the agent. */
export function describe(entry: Exclude<Entry, { kind: "message" }>): string {
  switch (entry.kind) {
    case "queued":
      return entry.data.queue === undefined ? "In line" : `In line at ${entry.data.queue}`;
    case "joined":
      return `${entry.data.name ?? entry.name ?? "An agent"} joined`;
    case "left":
      return `${entry.name ?? "The agent"} left${entry.data.why === undefined ? "" : `: ${label(entry.data.why)}`}`;
    case "warned":
      return entry.data.ends_in_s === undefined
        ? "The person was asked whether they are still there"
        : `The person was told that this ends in ${span(entry.data.ends_in_s * 1000)} without an answer`;
    case "video":
      return { asked: "Video was asked for", on: "Video is on", off: "Video is off" }[entry.data.state];
    case "escalated":
      return entry.data.reason === undefined ? "Escalated" : `Escalated: ${label(entry.data.reason)}`;
    case "told":
      return `Told: ${entry.data.text}`;
    case "callback":
      return entry.data.at === undefined ? "A call was asked for" : `A call was promised for ${moment(entry.data.at)}`;
    case "unreached":
      return entry.data.until === undefined ? `Not reached, ${entry.data.tries} tried` : `Not called; again ${moment(entry.data.until)}`;
    case "merged":
      return "Another contact took its place";
    case "voicemail":
      return `Left a message, due ${moment(entry.data.due_at)}`;
    case "ended":
      return `Ended${entry.data.by === undefined ? "" : { person: " by the person", agent: " by the agent", supervisor: " by a supervisor", system: "" }[entry.data.by]}`;
    default:
      // a newer service may tell of more
      return label((entry as { kind: string }).kind);
  }
}
