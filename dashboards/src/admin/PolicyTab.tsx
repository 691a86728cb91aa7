import { Alert, Button, Group, Loader, Skeleton, Text, TextInput, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertCircle, IconCircleCheck } from "@tabler/icons-react";
import { Suspense, lazy, useEffect, useRef, useState } from "react";
import { Confirm } from "../shared/confirm";
import { ApiError } from "../shared/http";
import { Changes } from "./Changes";
import { type Loaded, Loading, useLoaded } from "./loading";
import classes from "./PolicyTab.module.css";
import { type Checked, type Problem, type VersionText, policy } from "./records";
import { Versions } from "./Versions";
import type { YamlHandle } from "./YamlEditor";

const YamlEditor = lazy(() => import("./YamlEditor"));

const PAUSE_MS = 500;

/** The whole policy as text, and its history. `onActivated`: queues and entry points may be others now. */
export function PolicyTab({ onActivated }: { onActivated: () => void }) {
  const active = useLoaded(policy.read);
  const [round, setRound] = useState(0);
  function activated() {
    setRound((n) => n + 1);
    active.reload();
    onActivated();
  }
  return (
    <Loading loaded={active}>
      {(version) => (
        <div className={classes.page}>
          <Draft key={version.number} active={version} loaded={active} onActivated={activated} />
          <Versions key={`history-${round}-${version.number}`} active={version.number} onActivated={activated} />
        </div>
      )}
    </Loading>
  );
}

interface DraftProps {
  active: VersionText;
  loaded: Loaded<VersionText>;
  onActivated: () => void;
}

function Draft({ active, loaded, onActivated }: DraftProps) {
  const [text, setText] = useState(active.text);
  const { checked, checking, failed } = useChecked(text, active.text);
  const [asking, setAsking] = useState(false);
  const [note, setNote] = useState("");
  const editor = useRef<YamlHandle>(null);
  const problems = checked?.problems ?? NONE;
  const changed = text !== active.text;
  const overtaken = checked !== null && checked.active !== active.number;

  useEffect(() => {
    if (!changed) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", stay);
    return () => window.removeEventListener("beforeunload", stay);
  }, [changed]);

  const told = (list: readonly Problem[], name: string, testId: string) =>
    list.length > 0 && (
      <ol className={classes.problems} aria-label={name} data-testid={testId}>
        {list.map((problem, nth) => (
          <li key={nth}>
            <button type="button" onClick={() => editor.current?.goTo(problem.line ?? 1, problem.column ?? 1)}>
              <span className={classes.line}>Line {problem.line}</span>
              <span>
                {problem.field !== "" && <code>{problem.field}</code>}
                <span className={classes.said}>{problem.message.split("\n")[0]}</span>
              </span>
            </button>
          </li>
        ))}
      </ol>
    );
  return (
    <section aria-labelledby="policy-title" className={classes.draft}>
      <Group justify="space-between" mb="xs" gap="xs">
        <div>
          <Title order={2} size="h4" id="policy-title">
            Policy
          </Title>
          <Text size="sm" c="dimmed">
            Rules, queues and entry points as one YAML document. It counts at once, also for those who wait.
          </Text>
        </div>
        <Group gap="xs">
          <Button variant="default" disabled={!changed} onClick={() => setText(active.text)} data-testid="policy-discard">
            Discard
          </Button>
          <Button
            disabled={!changed || checking || problems.length > 0 || overtaken || checked === null}
            onClick={() => setAsking(true)}
            data-testid="policy-activate"
          >
            Activate…
          </Button>
        </Group>
      </Group>
      <div id="policy-state" role="status" className={classes.state} data-testid="policy-state">
        <Standing changed={changed} checking={checking} failed={failed} checked={checked} number={active.number} />
      </div>
      {overtaken && (
        <Alert color="yellow" role="alert" mb="xs" title={`Version ${checked.active} is active by now`}>
          Somebody changed the policy after you opened it. Copy what you wrote, then load the newer version.
          <Button mt="xs" size="xs" variant="default" onClick={loaded.reload} data-testid="policy-reload">
            Load version {checked.active}
          </Button>
        </Alert>
      )}
      <Suspense fallback={<Skeleton h="20rem" />}>
        <YamlEditor ref={editor} value={text} onChange={setText} problems={problems} label="Policy as YAML" describedBy="policy-state" />
      </Suspense>
      {problems.length > 0 ? told(problems, "Problems", "policy-problems") : told(checked?.hints ?? NONE, "Hints", "policy-hints")}
      {problems.length === 0 && checked !== null && checked.changes.length > 0 && (
        <div className={classes.changes}>
          <Title order={3} size="h6">
            What it changes
          </Title>
          <Changes changes={checked.changes} />
        </div>
      )}
      {asking && checked !== null && (
        <Confirm
          title="Activate this policy?"
          confirm="Activate"
          onConfirm={async () => {
            const made = await policy.activate(text, active.number, note);
            notifications.show({ message: `Version ${made.number} is active.` });
            onActivated();
          }}
          onClose={() => setAsking(false)}
        >
          {checked.changes.length === 0 ? (
            <Text size="sm">Only the writing changes, such as comments and order.</Text>
          ) : (
            <Changes changes={checked.changes} />
          )}
          <TextInput
            label="Why"
            description="For the history"
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
            data-testid="policy-note"
          />
        </Confirm>
      )}
    </section>
  );
}

const NONE: readonly Problem[] = [];

interface Standing {
  changed: boolean;
  checking: boolean;
  failed: string | null;
  checked: Checked | null;
  number: number;
}

/** How the text stands, in a line that is read out when it changes. */
function Standing({ changed, checking, failed, checked, number }: Standing) {
  if (failed !== null) return <Text size="sm" c="var(--error)">It could not be checked: {failed}</Text>;
  if (!changed) return <Text size="sm" c="dimmed">Version {number}, as it is active</Text>;
  if (checking || checked === null) {
    return (
      <Group gap={6}>
        <Loader size={14} aria-hidden />
        <Text size="sm" c="dimmed">
          Checking …
        </Text>
      </Group>
    );
  }
  const { problems, changes } = checked;
  if (problems.length > 0) {
    return (
      <Group gap={6} c="var(--error)" wrap="nowrap">
        <IconAlertCircle size={16} aria-hidden />
        <Text size="sm">{problems.length === 1 ? "One problem" : `${problems.length} problems`}</Text>
      </Group>
    );
  }
  return (
    <Group gap={6} wrap="nowrap">
      <IconCircleCheck size={16} aria-hidden color="var(--mantine-color-teal-6)" />
      <Text size="sm">
        {changes.length === 0 ? "Good; only the writing changes" : changes.length === 1 ? "Good; one change" : `Good; ${changes.length} changes`}
      </Text>
    </Group>
  );
}

/** What the service says of the text, asked when its writer pauses. Null: not asked yet. */
function useChecked(text: string, active: string): { checked: Checked | null; checking: boolean; failed: string | null } {
  const [answer, setAnswer] = useState<{ text: string; checked: Checked } | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  useEffect(() => {
    if (text === active) return;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      policy.check(text).then(
        (checked) => {
          if (gone.signal.aborted) return;
          setAnswer({ text, checked });
          setFailed(null);
        },
        (cause: unknown) => {
          if (!gone.signal.aborted) setFailed(cause instanceof ApiError ? cause.message : String(cause));
        },
      );
    }, PAUSE_MS);
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [text, active]);
  if (text === active) return { checked: null, checking: false, failed: null };
  // what was said of the text before stays in sight while the next answer is on its way
  return { checked: answer?.checked ?? null, checking: answer?.text !== text && failed === null, failed };
}
