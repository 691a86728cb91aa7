/** The call in hand: state of the agent's leg, mute, hold, keypad. */
import { Button, Group, Popover, SimpleGrid, Text } from "@mantine/core";
import {
  IconDialpad,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhone,
  IconPlayerPause,
  IconPlayerPlay,
} from "@tabler/icons-react";
import { useState } from "react";
import { useMe } from "../shared/session";
import type { Handling } from "../shared/wire";
import { useDesk, usePhone } from "./context";
import classes from "./desk.module.css";
import { tellFailure } from "./failure";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function PhonePanel({ handling }: { handling: Handling }) {
  const desk = useDesk();
  const me = useMe();
  const phone = usePhone();
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  const softphone = me.agent?.reach === "softphone";
  const mine = phone.handling === handling.handling ? phone : null;
  const active = handling.state === "active";
  const connected = mine?.phase === "connected";

  const hold = (): void => {
    setBusy(true);
    desk
      .hold(handling.contact, !held)
      .then(() => setHeld(!held), tellFailure(held ? "The caller is still on hold" : "The caller was not put on hold"))
      .finally(() => setBusy(false));
  };

  return (
    <div className={classes.phone} data-testid="phone" data-phase={softphone ? (mine?.phase ?? "idle") : handling.state}>
      <Group gap="sm" wrap="nowrap">
        <span className={classes.phoneSign} data-on={active || undefined}>
          <IconPhone size={20} aria-hidden />
        </span>
        <div role="status">
          <Text fw={600} data-testid="phone-state">
            {held ? "On hold" : active ? "Talking" : "Connecting"}
          </Text>
          <Text size="sm" c="var(--quiet)">
            {explain(softphone, mine?.phase ?? "idle", handling, mine?.trouble ?? null)}
          </Text>
        </div>
      </Group>
      <Group gap="xs">
        {softphone && mine?.phase !== "connecting" && !connected && (
          <Button variant="filled" leftSection={<IconPhone size={17} aria-hidden />} onClick={() => desk.phone.redial(handling.handling)} data-testid="phone-connect">
            Connect here
          </Button>
        )}
        {softphone && (
          <Button
            variant={mine?.muted === true ? "filled" : "default"}
            color={mine?.muted === true ? "red" : undefined}
            disabled={!connected}
            aria-pressed={mine?.muted === true}
            leftSection={mine?.muted === true ? <IconMicrophoneOff size={17} aria-hidden /> : <IconMicrophone size={17} aria-hidden />}
            onClick={() => desk.phone.mute(mine?.muted !== true)}
            data-testid="phone-mute"
          >
            {mine?.muted === true ? "Muted" : "Mute"}
          </Button>
        )}
        <Button
          variant={held ? "filled" : "default"}
          disabled={!active}
          loading={busy}
          aria-pressed={held}
          leftSection={held ? <IconPlayerPlay size={17} aria-hidden /> : <IconPlayerPause size={17} aria-hidden />}
          onClick={hold}
          data-testid="phone-hold"
        >
          {held ? "Resume" : "Hold"}
        </Button>
        {softphone && (
          <Popover position="bottom-end" withArrow trapFocus>
            <Popover.Target>
              <Button variant="default" disabled={!connected} leftSection={<IconDialpad size={17} aria-hidden />} data-testid="phone-keypad">
                Keypad
              </Button>
            </Popover.Target>
            <Popover.Dropdown>
              <SimpleGrid cols={3} spacing={6}>
                {KEYS.map((key) => (
                  <Button key={key} variant="default" size="md" onClick={() => desk.phone.press(key)} data-testid={`phone-key-${key}`}>
                    {key}
                  </Button>
                ))}
              </SimpleGrid>
            </Popover.Dropdown>
          </Popover>
        )}
      </Group>
    </div>
  );
}

function explain(softphone: boolean, phase: string, handling: Handling, trouble: string | null): string {
  if (!softphone) {
    return handling.state === "connecting" ? "Your phone rings: answer it and press 1." : "On your own phone.";
  }
  switch (phase) {
    case "connecting":
      return "Connecting your headset; then the caller joins.";
    case "connected":
      return handling.state === "active" ? "The caller hears you." : "You are connected; the caller joins now.";
    case "failed":
      return trouble ?? "Your leg could not be connected.";
    default:
      return "Your leg is not connected in this tab.";
  }
}
