/** One contact in hand: its controls, picture or phone, what is said, and the wrap-up at the end. */
import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { IconArrowLeft, IconId } from "@tabler/icons-react";
import { clock, label, language } from "../shared/format";
import { AssuranceBadge, ChannelIcon, RoleBadge } from "../shared/icons";
import { useNow } from "../shared/time";
import type { Handling } from "../shared/wire";
import { Composer } from "./Composer";
import { Controls } from "./Controls";
import { HandOverNote } from "./HandOverNote";
import { Notes } from "./Notes";
import { MessagePanel } from "./MessagePanel";
import { PhonePanel } from "./PhonePanel";
import { Thread } from "./Thread";
import { VideoPane } from "./VideoPane";
import { WrapUp } from "./WrapUp";
import { useDesk } from "./context";
import classes from "./desk.module.css";
import { nameOf } from "./names";

export interface ConversationPaneProps {
  handling: Handling;
  /** Back to the list, on narrow screens. */
  back?: () => void;
  /** Opens the person's panel, where it has no column. */
  showPerson?: () => void;
}

export function ConversationPane({ handling, back, showPerson }: ConversationPaneProps) {
  const talking = handling.state === "connecting" || handling.state === "active";
  // called back, it is a call like others
  const message = handling.message != null && !handling.message.called ? handling.message : null;
  return (
    <div className={classes.conversation} data-testid="handling" data-handling={handling.handling} data-state={handling.state}>
      <header className={classes.head}>
        {back !== undefined && (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Back to the list" onClick={back} data-testid="back">
            <IconArrowLeft size={20} />
          </ActionIcon>
        )}
        <div className={classes.headText}>
          <Group gap={8} wrap="nowrap">
            <ChannelIcon channel={handling.channel} size={20} />
            <Text component="h2" fw={650} size="lg" truncate>
              {nameOf(handling.person)}
            </Text>
          </Group>
          <Group gap={6} mt={2}>
            <RoleBadge role={handling.person.role} size="sm" />
            <AssuranceBadge level={handling.person.assurance} size="sm" />
            <Text size="sm" c="var(--quiet)">
              {[
                handling.language == null ? null : language(handling.language),
                handling.topic == null ? null : label(handling.topic),
              ]
                .filter((part) => part !== null)
                .join(" · ")}
            </Text>
            {talking && <Age since={Date.parse(handling.accepted_at)} />}
          </Group>
        </div>
        {showPerson !== undefined && (
          <Tooltip label="Who it is" withArrow>
            <ActionIcon variant="default" size="lg" aria-label="Who it is" onClick={showPerson} data-testid="show-person">
              <IconId size={19} />
            </ActionIcon>
          </Tooltip>
        )}
        {talking && (
          <Group gap="xs" className={classes.headEnd}>
            <Controls handling={handling} />
          </Group>
        )}
      </header>
      {talking && <VideoPane handling={handling} />}
      {talking && message !== null && <MessagePanel handling={handling} message={message} />}
      {talking && handling.channel === "voice" && message === null && <PhonePanel handling={handling} />}
      {showPerson !== undefined && talking && handling.hand_over != null && (
        <div className={classes.inset}>
          <HandOverNote handOver={handling.hand_over} />
        </div>
      )}
      {talking && handling.channel === "voice" && <Notes handling={handling} />}
      <Thread handling={handling} />
      {handling.state === "wrapup" ? (
        <WrapUp handling={handling} />
      ) : (
        handling.channel !== "voice" && <Composer contact={handling.contact} />
      )}
    </div>
  );
}

function Age({ since }: { since: number }) {
  const desk = useDesk();
  const now = useNow(1000, desk.now);
  return (
    <Text size="sm" c="var(--quiet)" className="numbers" aria-label="Time in hand">
      {clock(now - since)}
    </Text>
  );
}
