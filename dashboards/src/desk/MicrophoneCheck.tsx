/** Before the first call: does the microphone hear, and which one is it? */
import { Alert, Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import classes from "./desk.module.css";
import { type Listening, chooseMicrophone, chosenMicrophone, listen, rememberChecked } from "./microphone";

export interface MicrophoneCheckProps {
  opened: boolean;
  close: () => void;
  /** The check is over and the agent goes on; without: it is only a test. */
  go?: () => void;
}

export function MicrophoneCheck({ opened, close, go }: MicrophoneCheckProps) {
  return (
    <Modal opened={opened} onClose={close} title="Microphone check" centered data-testid="microphone-check">
      {opened && <Check {...{ close, ...(go === undefined ? {} : { go }) }} />}
    </Modal>
  );
}

const TROUBLE: Record<string, string> = {
  NotAllowedError: "The browser does not allow the microphone. Allow it in the address bar, then try again.",
  NotFoundError: "No microphone was found. Plug one in, then try again.",
  NotReadableError: "Another program holds the microphone. Close it, then try again.",
  SecurityError: "The microphone needs a secure (https) address.",
};

function Check({ close, go }: { close: () => void; go?: () => void }) {
  const [wanted, setWanted] = useState(chosenMicrophone);
  const [attempt, setAttempt] = useState(0);
  const [heard, setHeard] = useState<Listening | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [loud, setLoud] = useState(false);
  const meter = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let over = false;
    let listening: Listening | null = null;
    let frame = 0;
    setTrouble(null);
    listen(wanted).then(
      (opened) => {
        if (over) {
          opened.stop();
          return;
        }
        listening = opened;
        setHeard(opened);
        const draw = (): void => {
          const level = opened.level();
          meter.current?.style.setProperty("--level", String(level));
          meter.current?.setAttribute("aria-valuenow", String(Math.round(level * 100)));
          if (level > 0.45) setLoud(true);
          frame = requestAnimationFrame(draw);
        };
        draw();
      },
      (error: unknown) => {
        const name = error instanceof DOMException ? error.name : "";
        if (!over) setTrouble(TROUBLE[name] ?? String(error));
      },
    );
    return () => {
      over = true;
      cancelAnimationFrame(frame);
      listening?.stop();
    };
  }, [wanted, attempt]);

  return (
    <Stack>
      {trouble === null ? (
        <>
          <Text size="sm">Say something: the bar moves when we hear you.</Text>
          <div
            ref={meter}
            className={classes.meter}
            role="meter"
            aria-label="Loudness"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={0}
            data-testid="microphone-meter"
          />
          <Text size="sm" c={loud ? "var(--good)" : "var(--quiet)"} role="status" data-testid="microphone-state">
            {loud ? "We hear you." : "Nothing heard yet."}
          </Text>
          <Select
            label="Microphone"
            data={(heard?.devices ?? []).map((d) => ({ value: d.deviceId, label: d.label || "Microphone" }))}
            value={heard?.current ?? null}
            allowDeselect={false}
            comboboxProps={{ withinPortal: true }}
            data-testid="microphone-device"
            onChange={(id) => {
              if (id === null) return;
              chooseMicrophone(id);
              setLoud(false);
              setWanted(id);
            }}
          />
        </>
      ) : (
        <Alert color="red" role="alert" data-testid="microphone-trouble">
          <Stack align="start" gap="xs">
            {trouble}
            <Button size="xs" variant="default" onClick={() => setAttempt((n) => n + 1)}>
              Try again
            </Button>
          </Stack>
        </Alert>
      )}
      <Group justify="flex-end">
        {go === undefined ? (
          <Button onClick={close}>Done</Button>
        ) : (
          <>
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              variant={loud ? "filled" : "light"}
              data-testid="microphone-go"
              data-autofocus
              onClick={() => {
                if (trouble === null) rememberChecked();
                go();
              }}
            >
              {trouble !== null ? "Go available without a microphone" : loud ? "Go available" : "Go available anyway"}
            </Button>
          </>
        )}
      </Group>
    </Stack>
  );
}
