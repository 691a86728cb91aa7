/** After the conversation: how it ended, a note, a rating of the person, and then done. */
import { Button, Chip, Group, Rating, Stack, Text, Textarea } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { clock, label } from "../shared/format";
import { ApiError, api } from "../shared/http";
import { useNow } from "../shared/time";
import type { Handling } from "../shared/wire";
import { useDesk } from "./context";
import classes from "./desk.module.css";
import { tellFailure } from "./failure";
import { type Wrapping, forgetWrapping, keepWrapping, wrapping } from "./wrapping";

const OUTCOMES = [
  { value: "resolved", label: "Resolved" },
  { value: "unresolved", label: "Unresolved" },
  { value: "follow_up", label: "Follow-up needed" },
  { value: "wrong_number", label: "Wrong number or spam" },
];

const ENDINGS: Partial<Record<NonNullable<Handling["ending"]>, string>> = {
  escalated: "Escalated: the second level takes over.",
  abandoned: "The person left.",
  lost: "The connection was lost; the person is back in line.",
  transferred: "Transferred.",
};

/** So much before the limit, what was chosen is sent by itself. */
const EARLY_MS = 2500;

export function WrapUp({ handling }: { handling: Handling }) {
  const desk = useDesk();
  const now = useNow(500, desk.now);
  const [draft, setDraft] = useState(() => wrapping(handling));
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const rated = useRef(false);
  const limit = handling.wrapup_limit_ms ?? null;
  const left = limit === null ? null : limit - now;

  const change = (part: Partial<Wrapping>): void => {
    setDraft({ ...draft, ...part });
    keepWrapping(handling, part);
  };

  const done = (): void => {
    setTried(true);
    if (draft.outcome === "" || busy) return;
    setBusy(true);
    void finish()
      .then(() => forgetWrapping(handling), tellFailure("The wrap-up was not stored"))
      .finally(() => setBusy(false));
  };
  const finish = async (): Promise<void> => {
    if (draft.stars > 0 && handling.may_rate && !rated.current) {
      try {
        const comment = draft.comment.trim();
        await api.post(`/api/handlings/${handling.handling}/rating`, {
          stars: draft.stars,
          ...(comment === "" ? {} : { comment }),
        });
      } catch (error) {
        // given before, from another tab
        if (!(error instanceof ApiError && error.code === "conflict")) throw error;
      }
      rated.current = true;
    }
    await desk.wrapUp(handling.handling, draft.outcome, draft.note.trim());
  };

  // The limit takes the panel away: what was chosen by then is not to be lost
  const due = left !== null && left < EARLY_MS && draft.outcome !== "";
  useEffect(() => {
    if (due) done();
  }, [due]);

  return (
    <form
      className={classes.wrapup}
      data-testid="wrapup"
      onSubmit={(event) => {
        event.preventDefault();
        done();
      }}
    >
      <Group justify="space-between" align="baseline">
        <Text fw={650} component="h3">
          Wrap up
        </Text>
        {left !== null && (
          <Text size="sm" className="numbers" c={left < 15_000 ? "red" : "var(--quiet)"} role="timer" data-testid="wrapup-left">
            {left > 0 ? `${clock(left + 999)} left` : "Time is up"}
          </Text>
        )}
      </Group>
      {handling.ending != null && ENDINGS[handling.ending] !== undefined && (
        <Text size="sm" c="var(--quiet)">
          {ENDINGS[handling.ending]}
        </Text>
      )}
      <div role="group" aria-label="Outcome">
        <Chip.Group value={draft.outcome} onChange={(outcome) => change({ outcome: String(outcome) })}>
          <Group gap={8}>
            {OUTCOMES.map((outcome) => (
              <Chip key={outcome.value} value={outcome.value} data-testid={`outcome-${outcome.value}`}>
                {outcome.label}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
        {tried && draft.outcome === "" && (
          <Text size="sm" c="red" mt={4} role="alert">
            Choose how it ended.
          </Text>
        )}
      </div>
      <Textarea
        label="Note"
        autosize
        minRows={1}
        maxRows={5}
        maxLength={4000}
        value={draft.note}
        onChange={(event) => change({ note: event.currentTarget.value })}
        data-testid="wrapup-note"
      />
      {handling.may_rate && (
        <Stack gap={6}>
          <Group gap="sm">
            <Text size="sm" fw={500} id="rate-person">
              Rate the {label(handling.person.role).toLowerCase()}
            </Text>
            {/* with the arrow keys, the component lights stars up and chooses none: the radio buttons under it do */}
            <div
              onChange={(event: React.FormEvent<HTMLDivElement>) =>
                change({ stars: Number((event.target as HTMLInputElement).value) })
              }
            >
              <Rating
                value={draft.stars}
                onChange={(stars) => change({ stars })}
                size="lg"
                aria-labelledby="rate-person"
                getSymbolLabel={(stars) => `${stars} of 5`}
                data-testid="rate"
              />
            </div>
            <Text size="sm" c="var(--quiet)">
              {draft.stars === 0 ? "Not seen before both have rated." : `${draft.stars} of 5`}
            </Text>
          </Group>
          {draft.stars > 0 && (
            <Textarea
              aria-label="Comment on the rating"
              placeholder="Comment (optional)"
              autosize
              minRows={1}
              maxRows={4}
              maxLength={2000}
              value={draft.comment}
              onChange={(event) => change({ comment: event.currentTarget.value })}
              data-testid="rate-comment"
            />
          )}
        </Stack>
      )}
      <Group justify="flex-end">
        <Button type="submit" loading={busy} leftSection={<IconCheck size={17} aria-hidden />} data-testid="wrapup-done">
          Done
        </Button>
      </Group>
    </form>
  );
}
