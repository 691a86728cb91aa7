import { Paper, Switch, TagsInput, Title } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { useEffect, useMemo } from "react";
import type { Numbers } from "./numbers";

/** In place of a number: it is typed. */
export const OTHER = "other";

export interface BoothSettings {
  from: string;
  setFrom: (choice: string) => void;
  otherFrom: string;
  setOtherFrom: (number: string) => void;
  to: string;
  setTo: (choice: string) => void;
  otherTo: string;
  setOtherTo: (number: string) => void;
  aloud: boolean;
  setAloud: (on: boolean) => void;
  also: string[];
  setAlso: (numbers: string[]) => void;
  /** the number that calls and the number that is called, typed or chosen */
  caller: string;
  called: string;
  /** everything that rings here */
  held: string[];
}

/** What was set last time in this browser. */
export function useSettings(numbers: Numbers): BoothSettings {
  const [from, setFrom] = useLocalStorage({
    key: "booth-from",
    defaultValue: numbers.from[0]?.number ?? OTHER,
    getInitialValueInEffect: false,
  });
  const [to, setTo] = useLocalStorage({
    key: "booth-to",
    defaultValue: numbers.dial[0]?.number ?? OTHER,
    getInitialValueInEffect: false,
  });
  const [otherFrom, setOtherFrom] = useLocalStorage({ key: "booth-other-from", defaultValue: "" });
  const [otherTo, setOtherTo] = useLocalStorage({ key: "booth-other-to", defaultValue: "" });
  const [aloud, setAloud] = useLocalStorage({ key: "booth-aloud", defaultValue: false });
  const [also, setAlso] = useLocalStorage<string[]>({ key: "booth-also", defaultValue: [] });

  // the support page links here with the number that was clicked
  useEffect(() => {
    const asked = new URLSearchParams(location.search).get("to");
    if (asked !== null && numbers.dial.some(({ number }) => number === asked)) setTo(asked);
  }, [numbers, setTo]);

  // a number of another demo, chosen last time, is here no more
  const from_ = numbers.from.some(({ number }) => number === from) ? from : from === OTHER ? OTHER : (numbers.from[0]?.number ?? OTHER);
  const to_ = numbers.dial.some(({ number }) => number === to) ? to : to === OTHER ? OTHER : (numbers.dial[0]?.number ?? OTHER);
  const caller = from_ === OTHER ? compact(otherFrom) : from_;
  const called = to_ === OTHER ? compact(otherTo) : to_;
  const held = useMemo(
    () => [...new Set([caller, ...also.map(compact)])].filter((number) => /^\+[1-9]\d{6,14}$/.test(number)),
    [caller, also],
  );
  return {
    from: from_,
    setFrom,
    otherFrom,
    setOtherFrom,
    to: to_,
    setTo,
    otherTo,
    setOtherTo,
    aloud,
    setAloud,
    also,
    setAlso,
    caller,
    called,
    held,
  };
}

function compact(number: string): string {
  return number.replaceAll(/[\s()/-]/g, "");
}

export function Settings({ settings, numbers }: { settings: BoothSettings; numbers: Numbers }) {
  const choices = numbers.from.filter(({ number }) => number !== "anonymous");
  return (
    <Paper withBorder bg="var(--surface)" p="md" component="section" aria-labelledby="settings-title">
      <Title order={2} size="h5" id="settings-title" mb="sm">
        This telephone
      </Title>
      <Switch
        label="Speak aloud what is said"
        checked={settings.aloud}
        onChange={(event) => settings.setAloud(event.currentTarget.checked)}
        mb="md"
        data-testid="booth-aloud"
      />
      <TagsInput
        label="Also rings for"
        description="Besides the number that you call from: an agent's phone, or somebody who asked to be called back"
        data={choices.map(({ number }) => number)}
        renderOption={({ option }) =>
          `${choices.find(({ number }) => number === option.value)?.label ?? ""} ${option.value}`
        }
        acceptValueOnBlur
        value={settings.also}
        onChange={settings.setAlso}
        data-testid="booth-also"
      />
    </Paper>
  );
}
