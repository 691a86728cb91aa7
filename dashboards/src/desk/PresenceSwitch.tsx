/** Available, on a break with a reason, or offline, and since when. */
import { Button, Menu, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconCheck, IconChevronDown, IconCircleFilled } from "@tabler/icons-react";
import { useState } from "react";
import { clock, label, span } from "../shared/format";
import { useMe } from "../shared/session";
import { useNow } from "../shared/time";
import type { Presence } from "../shared/wire";
import { MicrophoneCheck } from "./MicrophoneCheck";
import * as alarm from "./alarm";
import { useDesk, useDeskState } from "./context";
import classes from "./desk.module.css";
import { tellFailure } from "./failure";
import { microphoneChecked } from "./microphone";

const BREAKS = ["short_break", "lunch", "training", "meeting", "technical_problem"];

const NAMES: Record<Presence, string> = { available: "Available", break: "On a break", offline: "Offline" };

/** Reasons that the service gives by itself. */
const REASONS: Record<string, string> = {
  missed: "Break: offer missed",
  declined: "Break: too many offers declined",
  no_connect: "Break: your phone did not connect",
};

function nameOf(state: Presence, reason: string | null | undefined): string {
  if (state !== "break" || reason == null || reason === "") return NAMES[state];
  return REASONS[reason] ?? label(reason);
}

export function PresenceSwitch() {
  const desk = useDesk();
  const { presence, link } = useDeskState();
  const me = useMe();
  const now = useNow(1000, desk.now);
  const [busy, setBusy] = useState(false);
  const [checking, { open, close }] = useDisclosure(false);
  const off = link.state !== "live" && link.state !== "stale";

  const set = (state: Presence, reason?: string): void => {
    setBusy(true);
    desk
      .setPresence(state, reason)
      .catch(tellFailure("Your state was not changed"))
      .finally(() => setBusy(false));
  };
  const goAvailable = (): void => {
    alarm.unlockSound();
    const calls = me.agent !== null && me.agent.reach === "softphone" && me.agent.capacity.voice > 0;
    if (calls && !microphoneChecked()) open();
    else set("available");
  };

  const age = now - presence.since_ms;
  return (
    <>
      <Menu position="bottom-start" width={230} disabled={off || busy}>
        <Menu.Target>
          <Button
            variant="default"
            loading={busy}
            disabled={off}
            rightSection={<IconChevronDown size={15} aria-hidden />}
            leftSection={<IconCircleFilled size={11} className={classes.dot} data-state={presence.state} aria-hidden />}
            data-testid="presence"
            data-state={presence.state}
            aria-label={`Your state: ${nameOf(presence.state, presence.reason)}, for ${span(age)}. Change`}
            className={classes.presence}
          >
            <span>{nameOf(presence.state, presence.reason)}</span>
            <Text span size="sm" c="var(--quiet)" className="numbers" ml={8}>
              {clock(age)}
            </Text>
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Choice state="available" now={presence.state} onClick={goAvailable} />
          <Menu.Divider />
          <Menu.Label>Break</Menu.Label>
          {BREAKS.map((reason) => (
            <Menu.Item
              key={reason}
              data-testid={`presence-break-${reason}`}
              leftSection={<IconCircleFilled size={11} className={classes.dot} data-state="break" aria-hidden />}
              rightSection={presence.state === "break" && presence.reason === reason ? <IconCheck size={15} /> : null}
              onClick={() => set("break", reason)}
            >
              {label(reason)}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Choice state="offline" now={presence.state} onClick={() => set("offline")} />
        </Menu.Dropdown>
      </Menu>
      {presence.state !== "available" && (
        <Button
          variant="filled"
          size="sm"
          disabled={off || busy}
          onClick={goAvailable}
          data-testid="go-available"
          className={classes.goAvailable}
        >
          Go available
        </Button>
      )}
      <MicrophoneCheck
        opened={checking}
        close={close}
        go={() => {
          close();
          set("available");
        }}
      />
    </>
  );
}

function Choice({ state, now, onClick }: { state: Presence; now: Presence; onClick: () => void }) {
  return (
    <Menu.Item
      data-testid={`presence-${state}`}
      leftSection={<IconCircleFilled size={11} className={classes.dot} data-state={state} aria-hidden />}
      rightSection={state === now ? <IconCheck size={15} /> : null}
      onClick={onClick}
    >
      {NAMES[state]}
    </Menu.Item>
  );
}
