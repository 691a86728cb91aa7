import { Badge, Button, Group, Paper, Text, TextInput, Title } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { time } from "../shared/format";
import classes from "./Transcript.module.css";
import type { Telephone } from "./useBooth";

/** Everything that is said, pressed and done, as it happens. */
export function Transcript({ telephone }: { telephone: Telephone }) {
  const { log, call } = telephone.booth;
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = end.current?.parentElement;
    if (box) box.scrollTop = box.scrollHeight;
  }, [log]);
  return (
    <Paper withBorder bg="var(--surface)" p="md" component="section" aria-labelledby="transcript-title">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h5" id="transcript-title">
          What you hear
        </Title>
        {log.length > 0 && call === null && (
          <Button size="compact-xs" variant="subtle" color="gray" onClick={telephone.clear} data-testid="booth-clear">
            Clear
          </Button>
        )}
      </Group>
      <div
        className={classes.log}
        role="log"
        aria-live="polite"
        aria-labelledby="transcript-title"
        tabIndex={0}
        data-testid="transcript"
      >
        {log.length === 0 && (
          <Text size="sm" c="dimmed">
            Nothing yet. Choose who you are and press Call.
          </Text>
        )}
        {log.map((line) => (
          <div key={line.id} className={classes.line} data-kind={line.kind} data-testid={`line-${line.kind}`}>
            <span className={classes.text} lang={line.language}>
              {line.text}
            </span>
            <time className={classes.time} dateTime={new Date(line.at).toISOString()}>
              {line.language !== undefined && (
                <Badge size="xs" variant="outline" color="gray" mr={6}>
                  {line.language}
                </Badge>
              )}
              {time(line.at)}
            </time>
          </div>
        ))}
        <div ref={end} />
      </div>
      {call?.recording === true && <Say onSay={telephone.say} />}
    </Paper>
  );
}

function Say({ onSay }: { onSay: (text: string) => void }) {
  const [text, setText] = useState("");
  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim() === "") return;
    onSay(text.trim());
    setText("");
  }
  return (
    <form onSubmit={submit}>
      <Group mt="sm" align="end" wrap="nowrap">
        <TextInput
          label="Say into the recording"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          style={{ flex: 1 }}
          data-testid="booth-say"
        />
        <Button type="submit" variant="default">
          Say
        </Button>
      </Group>
    </form>
  );
}
