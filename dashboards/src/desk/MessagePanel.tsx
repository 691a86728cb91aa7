/** A message in hand: hear it, call back, and until when it is to be seen to. */
import { Button, Text } from "@mantine/core";
import { IconMessageReport, IconPhoneOutgoing } from "@tabler/icons-react";
import { useState } from "react";
import { moment, span } from "../shared/format";
import { api } from "../shared/http";
import { useNow } from "../shared/time";
import type { Handling, Message } from "../shared/wire";
import { useDesk } from "./context";
import classes from "./desk.module.css";
import { tellFailure } from "./failure";

export function MessagePanel({ handling, message }: { handling: Handling; message: Message }) {
  const desk = useDesk();
  const now = useNow(30_000, desk.now);
  const [busy, setBusy] = useState(false);
  const overdue = message.due_ms < now;
  const callBack = (): void => {
    setBusy(true);
    api
      .post(`/api/contacts/${handling.contact}/callback`)
      .catch(tellFailure("Nobody was called"))
      .finally(() => setBusy(false));
  };
  return (
    <div className={classes.phone} data-testid="message-panel" data-overdue={overdue || undefined}>
      <div>
        <Text fw={600}>
          <IconMessageReport size={18} aria-hidden style={{ verticalAlign: "-3px" }} /> Message, nobody is waiting on the line
        </Text>
        <Text size="sm" c={overdue ? "red" : "var(--quiet)"} data-testid="message-due">
          {overdue ? `Overdue since ${span(now - message.due_ms)}` : `To be seen to by ${moment(message.due_ms)}`}
        </Text>
      </div>
      {message.recording && (
        <audio controls preload="none" src={`/api/contacts/${handling.contact}/recording`} aria-label="The caller's message" data-testid="message-sound" />
      )}
      {handling.channel === "voice" && (
        <Button leftSection={<IconPhoneOutgoing size={17} aria-hidden />} loading={busy} onClick={callBack} data-testid="message-call-back">
          Call back
        </Button>
      )}
    </div>
  );
}
