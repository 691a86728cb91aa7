import { Button, Group, Select, type SelectProps, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconMicrophone, IconMicrophoneOff, IconPhone, IconPhoneOff } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { clock } from "../shared/format";
import { useNow } from "../shared/time";
import { type Booth, shown } from "./booth";
import type { Numbers } from "./numbers";
import { type BoothSettings, OTHER } from "./Settings";
import { tone } from "./sounds";
import classes from "./Telephone.module.css";
import type { Telephone as Line } from "./useBooth";

const KEYS: [string, string][] = [
  ["1", ""],
  ["2", "abc"],
  ["3", "def"],
  ["4", "ghi"],
  ["5", "jkl"],
  ["6", "mno"],
  ["7", "pqrs"],
  ["8", "tuv"],
  ["9", "wxyz"],
  ["*", ""],
  ["0", "+"],
  ["#", ""],
];

interface Props {
  telephone: Line;
  settings: BoothSettings;
  numbers: Numbers;
}

export function Telephone({ telephone, settings, numbers }: Props) {
  const { booth } = telephone;
  const { call, connected } = booth;
  const [pressed, setPressed] = useState<string | null>(null);

  function press(key: string) {
    tone(key);
    setPressed(key);
    setTimeout(() => setPressed((now) => (now === key ? null : now)), 150);
    if (call !== null) telephone.press(key);
    else {
      // a number that is typed on the keys
      settings.setOtherTo(settings.to === OTHER ? settings.otherTo + key : key);
      settings.setTo(OTHER);
    }
  }

  // The keyboard's digits are the keypad's, wherever the focus is, unless something is being typed.
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, [role=listbox]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (/^[0-9*#]$/.test(event.key)) press(event.key);
    }
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  });

  return (
    <section className={classes.phone} aria-label="Telephone">
      <div className={classes.slot} aria-hidden />
      <Display booth={booth} talking={telephone.talking} />
      {call === null ? (
        <Whom settings={settings} numbers={numbers} />
      ) : (
        <Text className={classes.parties} size="sm" c="dimmed">
          {shown(call.from)} → {call.to}
        </Text>
      )}
      <div className={classes.keys} role="group" aria-label="Keypad">
        {KEYS.map(([key, letters]) => (
          <UnstyledButton
            key={key}
            className={classes.key}
            data-pressed={pressed === key || undefined}
            aria-label={key === "*" ? "star" : key === "#" ? "hash" : key}
            onClick={() => press(key)}
            data-testid={`key-${key}`}
          >
            <span className={classes.digit}>{key}</span>
            <span className={classes.letters} aria-hidden>
              {letters}
            </span>
          </UnstyledButton>
        ))}
      </div>
      <Group grow gap="sm" mt="md">
        {call === null ? (
          <Button
            size="lg"
            radius="xl"
            color="teal.9"
            leftSection={<IconPhone size={20} />}
            disabled={!connected || settings.caller === "" || settings.called === ""}
            onClick={() => {
              const stir = numbers.from.find(({ number }) => number === settings.caller)?.stir;
              void telephone.dial(settings.caller, settings.called, stir ?? undefined);
            }}
            data-testid="booth-dial"
          >
            Call
          </Button>
        ) : call.phase === "ringing-here" ? (
          <>
            <Button
              size="lg"
              radius="xl"
              color="teal.9"
              leftSection={<IconPhone size={20} />}
              onClick={() => void telephone.answer()}
              data-testid="booth-answer"
            >
              Answer
            </Button>
            <Button
              size="lg"
              radius="xl"
              color="red.9"
              leftSection={<IconPhoneOff size={20} />}
              onClick={telephone.refuse}
              data-testid="booth-refuse"
            >
              Refuse
            </Button>
          </>
        ) : (
          <>
            <Button
              size="lg"
              radius="xl"
              variant="default"
              aria-pressed={telephone.muted}
              leftSection={telephone.muted ? <IconMicrophoneOff size={20} /> : <IconMicrophone size={20} />}
              onClick={() => telephone.mute(!telephone.muted)}
              data-testid="booth-mute"
            >
              {telephone.muted ? "Muted" : "Mute"}
            </Button>
            <Button
              size="lg"
              radius="xl"
              color="red.9"
              leftSection={<IconPhoneOff size={20} />}
              onClick={telephone.hangUp}
              data-testid="booth-hang-up"
            >
              Hang up
            </Button>
          </>
        )}
      </Group>
    </section>
  );
}

function Display({ booth, talking }: { booth: Booth; talking: number }) {
  const now = useNow(1000);
  const { call, connected } = booth;
  const last = booth.log.findLast((line) => line.kind === "heard");
  const said = call?.phase === "talking" && !call.room && last !== undefined ? last : null;
  return (
    <div className={classes.display} data-phase={call?.phase ?? "idle"}>
      <div className={classes.status}>
        <span role="status" data-testid="booth-status" data-phase={connected ? (call?.phase ?? "idle") : "lost"}>
          {phaseInWords(booth, talking)}
        </span>
        {call?.since != null && <span className={classes.timer}>{clock(now - call.since)}</span>}
      </div>
      {/* said once more beside the keys, for a small screen; the transcript is what is read out */}
      <div className={classes.said} lang={said?.language} aria-hidden>
        {said?.text}
      </div>
      {call?.gather != null && (
        <div className={classes.asked} data-testid="booth-gather">
          Press {call.gather.numDigits === 1 ? "a key" : "keys"}
          {call.gather.numDigits === 1 || call.gather.finishOnKey === "" ? "" : `, then ${call.gather.finishOnKey}`}
        </div>
      )}
    </div>
  );
}

function phaseInWords({ call, connected }: Booth, talking: number): string {
  if (!connected) return "No line. Trying again…";
  if (call === null) return "Ready";
  if (call.phase === "dialling") return "Dialling…";
  if (call.phase === "ringing-there") return "Ringing…";
  if (call.phase === "ringing-here") return `${shown(call.from)} is calling`;
  if (call.recording) return "Recording";
  if (call.hold) return "On hold";
  if (call.room) return talking > 0 ? "Talking" : "Connecting…";
  return "In the call";
}

const withNumber: SelectProps["renderOption"] = ({ option }) => (
  <div>
    <Text size="sm">{option.label}</Text>
    {option.value.startsWith("+") && (
      <Text size="xs" c="dimmed" className="numbers">
        {option.value}
      </Text>
    )}
  </div>
);

function Whom({ settings, numbers }: { settings: BoothSettings; numbers: Numbers }) {
  const other = { value: OTHER, label: "Another number…" };
  const option = ({ number, label }: { number: string; label: string }) => ({ value: number, label });
  return (
    <div className={classes.whom}>
      <Select
        label="You call from"
        data={[...numbers.from.map(option), other]}
        renderOption={withNumber}
        maxDropdownHeight={420}
        allowDeselect={false}
        value={settings.from}
        onChange={(value) => value !== null && settings.setFrom(value)}
        data-testid="booth-from"
      />
      {settings.from === OTHER && (
        <TextInput
          aria-label="The number that you call from"
          placeholder="+49 170 1234567"
          inputMode="tel"
          value={settings.otherFrom}
          onChange={(event) => settings.setOtherFrom(event.currentTarget.value)}
          data-testid="booth-other-from"
        />
      )}
      <Select
        label="You call"
        data={[...numbers.dial.map(option), other]}
        renderOption={withNumber}
        maxDropdownHeight={420}
        allowDeselect={false}
        value={settings.to}
        onChange={(value) => value !== null && settings.setTo(value)}
        data-testid="booth-to"
      />
      {settings.to === OTHER && (
        <TextInput
          aria-label="The number that you call"
          placeholder="+49 30 1234567"
          inputMode="tel"
          value={settings.otherTo}
          onChange={(event) => settings.setOtherTo(event.currentTarget.value)}
          data-testid="booth-other-to"
        />
      )}
    </div>
  );
}
