/** The conversations in hand: who writes, who waits for an answer, what is unread. */
import { Badge, Text, UnstyledButton } from "@mantine/core";
import { IconClockHour4 } from "@tabler/icons-react";
import { waitingSince } from "../shared/conversation";
import { clock } from "../shared/format";
import { ChannelIcon, RoleBadge } from "../shared/icons";
import { useNow } from "../shared/time";
import type { Entry, Handling } from "../shared/wire";
import { useDesk, useDeskState } from "./context";
import classes from "./desk.module.css";
import { nameOf } from "./names";
import { type DeskState, unread } from "./state";

export function Inbox() {
  const desk = useDesk();
  const state = useDeskState();
  const now = useNow(1000, desk.now);
  return (
    <nav aria-label="Conversations in hand" className={classes.list}>
      <Text size="sm" fw={600} c="var(--quiet)" px="md" py="sm">
        In hand{state.handlings.length > 0 ? ` · ${state.handlings.length}` : ""}
      </Text>
      {state.handlings.length === 0 && (
        <Text size="sm" c="var(--quiet)" px="md">
          Nothing in hand.
        </Text>
      )}
      <ul>
        {state.handlings.map((handling) => (
          <li key={handling.handling}>
            <Row handling={handling} state={state} now={now} select={() => desk.select(handling.contact)} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

const STATES = { connecting: "Connecting", active: "", wrapup: "Wrap-up", done: "" } as const;

function Row({
  handling,
  state,
  now,
  select,
}: {
  handling: Handling;
  state: DeskState;
  now: number;
  select: () => void;
}) {
  const entries = state.conversations[handling.contact]?.entries ?? [];
  const fresh = unread(state, handling.contact);
  const waits = handling.state === "active" ? waitingSince(entries) : null;
  const last = entries.findLast((entry) => entry.kind === "message");
  const age = waits === null ? null : now - waits;
  return (
    <UnstyledButton
      className={classes.row}
      aria-current={state.selected === handling.contact}
      onClick={select}
      data-testid="conversation"
      data-contact={handling.contact}
      data-unread={fresh}
    >
      <span className={classes.rowIcon} data-state={handling.state}>
        <ChannelIcon channel={handling.channel} />
      </span>
      <span className={classes.rowText}>
        <span className={classes.rowTop}>
          <Text span fw={fresh > 0 ? 700 : 550} truncate>
            {nameOf(handling.person)}
          </Text>
          {fresh > 0 && (
            <Badge circle size="lg" color="petrol" aria-label={`${fresh} unread`}>
              {fresh}
            </Badge>
          )}
        </span>
        <Text span size="sm" c="var(--quiet)" truncate className={classes.rowLast}>
          {preview(handling, last)}
        </Text>
        <span className={classes.rowFoot}>
          {handling.person.role === "expert" && <RoleBadge role="expert" size="sm" />}
          {age !== null && (
            <Text span size="sm" className="numbers" data-late={age > 60_000 || undefined} data-testid="waits">
              <IconClockHour4 size={13} aria-hidden style={{ verticalAlign: "-2px", marginInlineEnd: 3 }} />
              waits {clock(age)}
            </Text>
          )}
        </span>
      </span>
    </UnstyledButton>
  );
}

function preview(handling: Handling, last: Entry | undefined): string {
  const state = STATES[handling.state];
  if (state !== "") return state;
  if (last?.kind === "message") return `${last.author === "person" ? "" : "You: "}${last.data.text}`;
  if (handling.message != null && !handling.message.called) return "Message";
  return handling.channel === "voice" ? "On the phone" : handling.queue.name;
}
