import { ActionIcon, Badge, Group, Menu, Paper, Text, Title, VisuallyHidden } from "@mantine/core";
import {
  IconAlertTriangleFilled,
  IconDots,
  IconLockOpen,
  IconLock,
  IconUserOff,
} from "@tabler/icons-react";
import { memo } from "react";
import { Since, useServerNow } from "./Clock";
import { count, span } from "../shared/format";
import type { QueueRow } from "../shared/wire";
import { isClosed, trouble } from "./floor";
import classes from "./Queues.module.css";
import { ServiceLevel } from "./ServiceLevel";

export type QueueAction = (action: "close" | "open", queue: QueueRow) => void;

export function Queues({ queues, onAction }: { queues: readonly QueueRow[]; onAction: QueueAction }) {
  return (
    <section aria-labelledby="queues-title">
      <VisuallyHidden component="h2" id="queues-title">
        Queues
      </VisuallyHidden>
      <div className={classes.queues} data-testid="queues">
        {queues.map((queue) => (
          <QueueCard key={queue.id} queue={queue} onAction={onAction} />
        ))}
      </div>
    </section>
  );
}

const QueueCard = memo(function QueueCard(props: { queue: QueueRow; onAction: QueueAction }) {
  const { queue, onAction } = props;
  const problem = trouble(queue, useServerNow());
  return (
    <Paper
      withBorder
      bg="var(--surface)"
      p="md"
      component="section"
      aria-label={`Queue ${queue.name}`}
      className={classes.card}
      data-trouble={problem !== null}
      data-testid={`queue-${queue.id}`}
    >
      <Group justify="space-between" wrap="nowrap" align="start">
        <Title order={3} size="h5" lineClamp={2}>
          {queue.name}
        </Title>
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${queue.name}`}>
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {isClosed(queue) ? (
              <Menu.Item
                leftSection={<IconLockOpen size={16} />}
                onClick={() => onAction("open", queue)}
              >
                Open the queue again…
              </Menu.Item>
            ) : (
              <Menu.Item leftSection={<IconLock size={16} />} onClick={() => onAction("close", queue)}>
                Close the queue…
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      </Group>

      <div className={classes.marks}>
        {isClosed(queue) && (
          <Badge color="gray" variant="filled" radius="sm" tt="none" leftSection={<IconLock size={12} />}>
            Closed
          </Badge>
        )}
        {queue.unservable > 0 && !isClosed(queue) && (
          <Badge color="red" variant="light" radius="sm" tt="none" leftSection={<IconUserOff size={13} />}>
            Nobody can serve{queue.servable ? ` ${queue.unservable} of them` : ""}
          </Badge>
        )}
      </div>

      <div className={classes.figures}>
        <div>
          <div className={classes.big} data-testid="waiting">
            {count(queue.waiting)}
          </div>
          <Text size="sm" c="dimmed">
            waiting
          </Text>
        </div>
        <div className={classes.right}>
          <div className={classes.big} data-late={problem === "late"}>
            {queue.longest_wait_since_ms === null ? (
              <span className={classes.none}>–</span>
            ) : (
              <>
                {problem === "late" && (
                  <IconAlertTriangleFilled size="0.6em" aria-label="past the target" />
                )}
                <Since ms={queue.longest_wait_since_ms} />
              </>
            )}
          </div>
          <Text size="sm" c="dimmed">
            longest wait
          </Text>
        </div>
      </div>

      <ServiceLevel level={queue.today.service_level} target={queue.target} />

      <dl className={classes.today}>
        <Figure name="Answered" value={count(queue.today.answered)} />
        <Figure name="Abandoned" value={count(queue.today.abandoned)} />
        <Figure name="Expected wait" value={queue.expected_wait_s === null ? "–" : span(queue.expected_wait_s * 1000)} />
        <Figure name="Avg. answer" value={queue.today.asa_ms === null ? "–" : span(queue.today.asa_ms)} />
      </dl>
    </Paper>
  );
});

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
