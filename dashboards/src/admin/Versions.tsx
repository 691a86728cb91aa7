import { Badge, Button, Group, Text, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useCallback, useState } from "react";
import { Confirm } from "../shared/confirm";
import { moment } from "../shared/format";
import { Changes } from "./Changes";
import { type Change, type Version, policy } from "./records";
import { Loading, useLoaded } from "./loading";
import classes from "./PolicyTab.module.css";

interface Props {
  active: number;
  onActivated: () => void;
}

/** Every state that the policy was in, the newest first. */
export function Versions({ active, onActivated }: Props) {
  const loaded = useLoaded(policy.history);
  const [older, setOlder] = useState<Version[]>([]);
  const [end, setEnd] = useState(false);
  const [back, setBack] = useState<Version | null>(null);

  async function more(last: Version) {
    const found = await policy.historyBefore(last.number);
    setOlder((had) => [...had, ...found]);
    setEnd(found.length === 0 || found.at(-1)?.number === 1);
  }

  return (
    <section aria-labelledby="history-title" className={classes.history}>
      <Title order={2} size="h4" id="history-title" mb="xs">
        History
      </Title>
      <Loading loaded={loaded}>
        {(first) => {
          const all = [...first, ...older];
          const last = all.at(-1);
          return (
            <>
              <ol className={classes.versions} data-testid="policy-history">
                {all.map((version) => (
                  <Row key={version.number} version={version} active={active} onBack={() => setBack(version)} />
                ))}
              </ol>
              {last !== undefined && last.number > 1 && !end && (
                <Button variant="default" size="xs" onClick={() => void more(last)}>
                  Older versions
                </Button>
              )}
            </>
          );
        }}
      </Loading>
      {back !== null && (
        <BringBack
          version={back}
          active={active}
          onDone={() => {
            setBack(null);
            onActivated();
          }}
          onClose={() => setBack(null)}
        />
      )}
    </section>
  );
}

function Row({ version, active, onBack }: { version: Version; active: number; onBack: () => void }) {
  const [changes, setChanges] = useState<Change[] | null>(null);
  const [open, setOpen] = useState(false);
  const id = `version-${version.number}`;
  async function show() {
    setOpen(!open);
    if (changes === null) setChanges(await policy.difference(version.number));
  }
  return (
    <li data-testid={id}>
      <Group gap={8} justify="space-between" wrap="nowrap" align="start">
        <div>
          <Group gap={6}>
            <Text size="sm" fw={650} className="numbers">
              Version {version.number}
            </Text>
            {version.number === active && (
              <Badge size="sm" variant="light" color="teal">
                Active
              </Badge>
            )}
          </Group>
          {version.note !== "" && <Text size="sm">{version.note}</Text>}
          <Text size="xs" c="dimmed">
            {[version.at === null ? null : moment(version.at), version.author].filter(Boolean).join(" · ")}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          {version.number > 1 && (
            <Button
              size="compact-xs"
              variant="subtle"
              aria-expanded={open}
              aria-controls={`${id}-changes`}
              aria-label={`What version ${version.number} changed`}
              onClick={() => void show()}
            >
              Changes
            </Button>
          )}
          {version.number !== active && (
            <Button size="compact-xs" variant="default" aria-label={`Bring back version ${version.number}`} onClick={onBack}>
              Bring back…
            </Button>
          )}
        </Group>
      </Group>
      <div id={`${id}-changes`} hidden={!open}>
        {changes !== null && changes.length > 0 && <Changes changes={changes} />}
        {changes?.length === 0 && (
          <Text size="sm" c="dimmed">
            Only the writing changed.
          </Text>
        )}
      </div>
    </li>
  );
}

interface BringBackProps {
  version: Version;
  active: number;
  onDone: () => void;
  onClose: () => void;
}

function BringBack({ version, active, onDone, onClose }: BringBackProps) {
  const [note, setNote] = useState("");
  const read = useCallback(() => policy.difference(version.number, active), [version.number, active]);
  const changes = useLoaded(read);
  return (
    <Confirm
      title={`Bring back version ${version.number}?`}
      confirm="Bring it back"
      incomplete={changes.value === null}
      onConfirm={async () => {
        const made = await policy.rollBack(version.number, active, note);
        notifications.show({ message: `Version ${made.number} is active, as version ${version.number} was.` });
      }}
      onDone={onDone}
      onClose={onClose}
    >
      <Text size="sm">It becomes a new version. This changes:</Text>
      <Loading loaded={changes}>
        {(found) => (found.length === 0 ? <Text size="sm">Only the writing.</Text> : <Changes changes={found} />)}
      </Loading>
      <TextInput
        label="Why"
        description="For the history"
        maxLength={500}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
    </Confirm>
  );
}
