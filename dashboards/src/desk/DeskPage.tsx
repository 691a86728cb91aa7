/** The agent desk: who rings, who is in hand, what is said, who it is. */
import { Alert, Button, Center, Drawer, Group, Loader, Stack, Text } from "@mantine/core";
import { useDisclosure, useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconCoffee } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { goToLogin } from "../shared/http";
import { useMe } from "../shared/session";
import { Shell } from "../shared/shell";
import { ConversationPane } from "./ConversationPane";
import { Inbox } from "./Inbox";
import { PersonPanel } from "./PersonPanel";
import { PresenceSwitch } from "./PresenceSwitch";
import { Ringing } from "./Ringing";
import { SoundMenu } from "./SoundMenu";
import * as alarm from "./alarm";
import { DeskContext, useDesk, useDeskState } from "./context";
import { Desk } from "./desk";
import classes from "./desk.module.css";
import { handlingOf, unread } from "./state";
import { joinTabs } from "./tabs";

export function DeskPage() {
  const me = useMe();
  const [desk, setDesk] = useState<Desk | null>(null);
  const agent = me.agent;
  useEffect(() => {
    if (agent === null) return;
    const opened = new Desk();
    opened.phone.enable(agent.reach === "softphone");
    opened.open();
    const leaveTabs = joinTabs();
    setDesk(opened);
    return () => {
      leaveTabs();
      opened.close();
    };
  }, [agent]);
  if (agent === null) {
    return (
      <Shell page="Agent desk">
        <Center p="xl">
          <Alert color="yellow" title="This account does not answer contacts" data-testid="not-an-agent">
            An administrator can make it an agent&rsquo;s.
          </Alert>
        </Center>
      </Shell>
    );
  }
  if (desk === null) return null;
  return (
    <DeskContext value={desk}>
      <DeskFrame />
    </DeskContext>
  );
}

function DeskFrame() {
  const desk = useDesk();
  const state = useDeskState();
  const narrow = useMediaQuery("(max-width: 48em)") ?? false;
  const roomy = useMediaQuery("(min-width: 75em)", true, { getInitialValueInEffect: false }) ?? true;
  const [panel, { open, close }] = useDisclosure(false);
  const handling = handlingOf(state, state.selected);
  useAttention();

  useEffect(() => {
    if (state.link.state === "closed" && state.link.code !== undefined) goToLogin();
  }, [state.link]);

  const pane =
    handling === undefined ? (
      <Idle />
    ) : (
      <ConversationPane
        key={handling.handling}
        handling={handling}
        {...(narrow ? { back: () => desk.select(null) } : {})}
        {...(roomy ? {} : { showPerson: open })}
      />
    );
  return (
    <Shell page="Agent desk" fixed link={state.link} centre={<PresenceSwitch />} actions={<SoundMenu />}>
      <h1 className="only-read">Agent desk</h1>
      {state.ready ? (
        <div className={classes.desk}>
          {(!narrow || handling === undefined) && (
            <aside className={classes.inbox}>
              <Inbox />
              {narrow && state.handlings.length === 0 && <Idle />}
            </aside>
          )}
          {(!narrow || handling !== undefined) && <section className={classes.pane}>{pane}</section>}
          {roomy && handling !== undefined && (
            <aside className={classes.person} aria-label="Who it is">
              <PersonPanel handling={handling} />
            </aside>
          )}
          <Ringing />
          {!roomy && handling !== undefined && (
            <Drawer opened={panel} onClose={close} position="right" title="Who it is" size="sm">
              <PersonPanel handling={handling} />
            </Drawer>
          )}
        </div>
      ) : (
        <Center h="100%">
          <Loader role="status" aria-label="Loading the desk" />
        </Center>
      )}
    </Shell>
  );
}

function Idle() {
  const { presence, handlings } = useDeskState();
  if (handlings.length > 0) {
    return (
      <Center h="100%">
        <Text c="var(--quiet)">Choose a conversation.</Text>
      </Center>
    );
  }
  const [title, text] =
    presence.state === "available"
      ? ["You are available", "The next contact rings here, also when this window is in the background."]
      : ["You are not available", "Nothing rings until you set yourself available, above."];
  return (
    <div className={classes.idle}>
      <Stack align="center" gap={6} maw={380} ta="center">
        <span className={classes.idleSign} data-live={presence.state === "available" || undefined} aria-hidden>
          <IconCoffee size={26} />
        </span>
        <Text fw={600} size="lg">
          {title}
        </Text>
        <Text c="var(--quiet)">{text}</Text>
      </Stack>
    </div>
  );
}

/** Unread in the title, a tick for messages elsewhere, a word about offers that went away. */
function useAttention(): void {
  const desk = useDesk();
  const state = useDeskState();
  const total = state.handlings.reduce((sum, h) => sum + unread(state, h.contact), 0);
  useEffect(() => alarm.showUnread(total), [total]);
  useEffect(() => {
    const look = (): void => desk.look();
    document.addEventListener("visibilitychange", look);
    addEventListener("pointerdown", alarm.unlockSound);
    addEventListener("keydown", alarm.unlockSound);
    desk.events.message = (contact) => {
      if (document.visibilityState === "hidden" || desk.state().selected !== contact) alarm.tick();
    };
    desk.events.offerGone = (offer, why) => {
      const who = offer.person.name ?? offer.person.number_masked ?? "The person";
      if (why === "missed") {
        notifications.show({
          color: "yellow",
          title: "You missed an offer",
          message: (
            <Group justify="space-between" wrap="nowrap">
              <Text size="sm">{who} was offered to somebody else. You get nothing new until you are available.</Text>
              <Button size="xs" variant="light" onClick={() => void desk.setPresence("available")}>
                Available
              </Button>
            </Group>
          ),
          autoClose: 15_000,
        });
      } else if (why === "withdrawn") {
        notifications.show({ color: "gray", title: "The offer was withdrawn", message: `${who} left or was moved.` });
      }
    };
    return () => {
      document.removeEventListener("visibilitychange", look);
      removeEventListener("pointerdown", alarm.unlockSound);
      removeEventListener("keydown", alarm.unlockSound);
    };
  }, [desk]);
}
