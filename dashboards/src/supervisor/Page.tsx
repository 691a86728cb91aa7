import { ActionIcon, Center, Loader, SegmentedControl, SimpleGrid, Text, Tooltip, VisuallyHidden } from "@mantine/core";
import { useDisclosure, useFullscreenDocument, useMediaQuery } from "@mantine/hooks";
import { IconClockPause, IconDeviceDesktop, IconDeviceDesktopOff } from "@tabler/icons-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { PageLinks } from "../shared/pages";
import { Shell } from "../shared/shell";
import type { AgentRow, ContactRow, QueueRow } from "../shared/wire";
import { Agents } from "./Agents";
import { ClockProvider } from "./Clock";
import { ContactDrawer } from "./ContactDrawer";
import { Contacts } from "./Contacts";
import { CloseContact, CloseQueue, MoveContact, OpenQueue, SetState } from "./dialogs";
import classes from "./Page.module.css";
import "../shared/tones.css";
import { Promises } from "./Promises";
import { Queues } from "./Queues";
import { Statistics } from "./Statistics";
import { Tiles } from "./Tiles";
import { useFloor } from "./useFloor";

type Dialog =
  | { kind: "state"; agent: AgentRow }
  | { kind: "move" | "close-contact"; contact: ContactRow }
  | { kind: "close" | "open"; queue: QueueRow };

const VIEWS = [
  { value: "live", label: "Live" },
  { value: "promises", label: "Promises" },
  { value: "statistics", label: "Statistics" },
];

export function Page() {
  const { floor, loaded, link, stoppedAt, now } = useFloor();
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const small = useMediaQuery("(max-width: 48em)") ?? false;
  const [part, setPart] = useState("Queues");
  const shows = (name: string) => !small || part === name;
  const [view, setView] = useState(VIEWS.find(({ value }) => location.hash === `#${value}`)?.value ?? "live");
  const [wall, { toggle }] = useDisclosure(new URLSearchParams(location.search).has("wall"));

  // Rows are drawn again when what they are given changes: so they are given what never does.
  const held = useRef(floor);
  held.current = floor;
  const queueName = useCallback((id: string) => held.current.queues.find((row) => row.id === id)?.name ?? id, []);
  const agentName = useCallback((id: string) => held.current.agents.get(id)?.name ?? id, []);
  const onSetState = useCallback((agent: AgentRow) => setDialog({ kind: "state", agent }), []);
  const onQueue = useCallback((kind: "close" | "open", queue: QueueRow) => setDialog({ kind, queue }), []);
  const onShow = useCallback((contact: ContactRow) => setShown(contact.id), []);
  const leave = useCallback(() => setDialog(null), []);

  return (
    <ClockProvider now={now} stoppedAt={stoppedAt}>
      <Shell link={link} centre={<PageLinks />} actions={<WallToggle wall={wall} onToggle={toggle} />}>
        <VisuallyHidden component="h1">Supervisor</VisuallyHidden>
        <div className={classes.page} data-wall={wall || undefined}>
          {!wall && (
            <SegmentedControl
              size="sm"
              mb="md"
              fullWidth={small}
              aria-label="What to see"
              value={view}
              onChange={(next) => {
                setView(next);
                history.replaceState(null, "", next === "live" ? location.pathname : `#${next}`);
              }}
              data={VIEWS}
              data-testid="view"
            />
          )}
          {view === "statistics" && !wall ? (
            <Statistics queues={floor.queues} />
          ) : view === "promises" && !wall ? (
            <Promises onShow={setShown} />
          ) : !loaded ? (
            <Center h="50vh">
              <Loader aria-label="Loading the floor" />
            </Center>
          ) : (
            <>
              {stoppedAt !== null && <Stopped at={stoppedAt} />}
              <div
                className={classes.figures}
                data-stale={stoppedAt !== null || undefined}
                data-testid="floor"
              >
                <Tiles floor={floor} />
                {small && (
                  <SegmentedControl
                    fullWidth
                    aria-label="Part of the page"
                    value={part}
                    onChange={setPart}
                    data={["Queues", "Agents", "Contacts"]}
                    data-testid="part"
                  />
                )}
                {shows("Queues") &&
                  (floor.queues.length === 0 ? (
                    <Text c="dimmed">There are no queues yet. An admin makes them on the admin page.</Text>
                  ) : (
                    <Queues queues={floor.queues} onAction={onQueue} />
                  ))}
                {!wall && (
                  <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
                    {shows("Agents") && <Agents agents={floor.agents} onSetState={onSetState} />}
                    {shows("Contacts") && (
                      <Contacts
                        contacts={floor.contacts}
                        queueName={queueName}
                        agentName={agentName}
                        onShow={onShow}
                      />
                    )}
                  </SimpleGrid>
                )}
              </div>
            </>
          )}
        </div>
        {shown !== null && (
          <ContactDrawer
            id={shown}
            row={floor.contacts.get(shown)}
            agents={floor.agents}
            onMove={(contact) => setDialog({ kind: "move", contact })}
            onClose={(contact) => setDialog({ kind: "close-contact", contact })}
            onLeave={() => setShown(null)}
          />
        )}
        {dialog !== null && <Asked dialog={dialog} floor={floor} onClose={leave} />}
      </Shell>
    </ClockProvider>
  );
}

function Asked({ dialog, floor, onClose }: { dialog: Dialog; floor: ReturnType<typeof useFloor>["floor"]; onClose: () => void }) {
  switch (dialog.kind) {
    case "state":
      return <SetState agent={dialog.agent} onClose={onClose} />;
    case "move":
      return <MoveContact contact={dialog.contact} queues={floor.queues} onClose={onClose} />;
    case "close-contact":
      return <CloseContact contact={dialog.contact} onClose={onClose} />;
    case "open":
      return <OpenQueue queue={dialog.queue} onClose={onClose} />;
    case "close": {
      const { id, name } = dialog.queue;
      const used = new Map<string, number>();
      for (const row of floor.contacts.values()) {
        if (row.queue === id || row.queue === name) used.set(row.language, (used.get(row.language) ?? 0) + 1);
      }
      const spoken = [...used].sort((a, b) => b[1] - a[1]).map(([tag]) => tag);
      return <CloseQueue queue={dialog.queue} spoken={spoken} onClose={onClose} />;
    }
  }
}

/** Beside the figures themselves, where the eye is: the bar above may be scrolled away. */
function Stopped({ at }: { at: number }) {
  const when = new Date(at).toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  return (
    <div className={classes.stopped} data-testid="stale">
      <IconClockPause size={18} aria-hidden /> Figures as of {when}
    </div>
  );
}

/** Queues alone, large, for a screen that hangs in the room. */
function WallToggle({ wall, onToggle }: { wall: boolean; onToggle: () => void }) {
  const { fullscreen, toggle } = useFullscreenDocument();
  useEffect(() => {
    document.documentElement.style.fontSize = wall ? "clamp(16px, 1.25vw, 30px)" : "";
  }, [wall]);
  const text = wall ? "Leave the wall view" : "Wall view";
  return (
    <Tooltip label={text} withArrow>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={text}
        aria-pressed={wall}
        visibleFrom="sm"
        data-testid="wall-toggle"
        onClick={() => {
          onToggle();
          if (fullscreen === wall) void toggle();
        }}
      >
        {wall ? <IconDeviceDesktopOff size={19} /> : <IconDeviceDesktop size={19} />}
      </ActionIcon>
    </Tooltip>
  );
}
