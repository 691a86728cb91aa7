/** How the desk calls for attention: volume of the ring, notifications, and a microphone test. */
import { ActionIcon, Button, Group, Popover, Slider, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBell, IconBellOff, IconMicrophone, IconVolume } from "@tabler/icons-react";
import { useState } from "react";
import { MicrophoneCheck } from "./MicrophoneCheck";
import * as alarm from "./alarm";

export function SoundMenu() {
  const [level, setLevel] = useState(alarm.volume);
  const [allowed, setAllowed] = useState(alarm.permission);
  const [testing, { open, close }] = useDisclosure(false);
  const quiet = level === 0 || allowed !== "granted";
  return (
    <>
      <Popover width={290} position="bottom-end" withArrow trapFocus>
        <Popover.Target>
          <Tooltip label="Ring and notifications" withArrow>
            <ActionIcon
              variant="subtle"
              color={quiet ? "yellow" : "gray"}
              size="lg"
              aria-label="Ring and notifications"
              data-testid="sound-menu"
            >
              {level === 0 ? <IconBellOff size={19} /> : <IconBell size={19} />}
            </ActionIcon>
          </Tooltip>
        </Popover.Target>
        <Popover.Dropdown>
          <Stack gap="md">
            <div>
              <Text size="sm" fw={600} mb={4}>
                Ring volume
              </Text>
              <Group wrap="nowrap">
                <IconVolume size={18} aria-hidden />
                <Slider
                  flex={1}
                  value={Math.round(level * 100)}
                  label={(value) => (value === 0 ? "Silent" : `${value}%`)}
                  thumbLabel="Ring volume"
                  onChange={(value) => setLevel(value / 100)}
                  onChangeEnd={(value) => {
                    alarm.setVolume(value / 100);
                    alarm.unlockSound();
                    alarm.ring();
                  }}
                />
              </Group>
            </div>
            <div>
              <Text size="sm" fw={600} mb={4}>
                Notifications
              </Text>
              {allowed === "granted" ? (
                <Text size="sm" c="var(--quiet)">
                  Allowed: an offer shows up over other windows.
                </Text>
              ) : allowed === "default" ? (
                <Button
                  size="xs"
                  variant="light"
                  data-testid="allow-notifications"
                  onClick={() => void alarm.askPermission().then(setAllowed)}
                >
                  Allow notifications
                </Button>
              ) : (
                <Text size="sm" c="var(--quiet)">
                  {allowed === "denied"
                    ? "Forbidden in this browser: allow them in its settings for this site."
                    : "This browser has none."}
                </Text>
              )}
            </div>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconMicrophone size={15} />}
              onClick={open}
              data-testid="test-microphone"
            >
              Test the microphone
            </Button>
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <MicrophoneCheck opened={testing} close={close} />
    </>
  );
}
