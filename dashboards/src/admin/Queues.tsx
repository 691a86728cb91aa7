import { Badge, Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconPencil, IconPlus } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { share } from "../shared/format";
import { type Column, LiveTable } from "../shared/table";
import { type Loaded, Loading } from "./loading";
import { stepInWords } from "./policy";
import { QueueForm } from "./QueueForm";
import type { Queue } from "./records";

export function Queues({ loaded }: { loaded: Loaded<Queue[]> }) {
  const [open, setOpen] = useState<Queue | "new" | null>(null);
  const columns = useMemo<Column<Queue>[]>(
    () => [
      {
        key: "name",
        title: "Queue",
        sort: (row) => row.name,
        render: (row) => (
          <div>
            <Text size="sm" fw={600} truncate>
              {row.name}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {row.slug}
            </Text>
          </div>
        ),
      },
      {
        key: "steps",
        title: "Routing steps",
        width: "24rem",
        from: "medium",
        render: ({ policy }) => (
          <div>
            <Text size="sm" truncate title={policy.steps.map(stepInWords).join("\n")}>
              {policy.steps[0] && stepInWords(policy.steps[0])}
            </Text>
            {policy.steps.length > 1 && (
              <Text size="xs" c="dimmed">
                and {policy.steps.length - 1} more
              </Text>
            )}
          </div>
        ),
      },
      {
        key: "target",
        title: "Target",
        width: "8rem",
        from: "wide",
        sort: ({ policy }) => policy.target.seconds,
        render: ({ policy }) => `${share(policy.target.share)} in ${policy.target.seconds} s`,
      },
      {
        key: "escalates",
        title: "Escalates to",
        width: "9rem",
        from: "wide",
        sort: ({ policy }) => policy.escalates_to ?? "",
        render: ({ policy }) => policy.escalates_to ?? "–",
      },
      {
        key: "state",
        title: "State",
        width: "6.5rem",
        narrow: "5.75rem",
        sort: (row) => (row.closed === null ? 0 : 1),
        render: (row) => (
          <Badge variant="light" radius="sm" tt="none" color={row.closed === null ? "teal" : "gray"}>
            {row.closed === null ? "Open" : "Closed"}
          </Badge>
        ),
      },
      {
        key: "edit",
        title: "Edit",
        hiddenTitle: true,
        width: "6rem",
        narrow: "5.5rem",
        render: (row) => (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconPencil size={14} />}
            aria-label={`Edit ${row.name}`}
            onClick={() => setOpen(row)}
            data-testid="edit-queue"
          >
            Edit
          </Button>
        ),
      },
    ],
    [],
  );
  return (
    <Loading loaded={loaded}>
      {(all) => (
        <>
          <Group justify="flex-end" mb="sm">
            <Button leftSection={<IconPlus size={17} />} onClick={() => setOpen("new")} data-testid="new-queue">
              New queue
            </Button>
          </Group>
          <LiveTable
            caption="Queues"
            columns={columns}
            rows={all}
            sorted={{ key: "name", down: false }}
            rowHeight={56}
            height="calc(100dvh - 14rem)"
            empty="No queues yet. Contacts wait in queues: make the first one."
            testId="queues-table"
          />
          {open !== null && (
            <QueueForm
              {...(open === "new" ? {} : { queue: open })}
              others={all}
              onSaved={() => {
                loaded.reload();
                notifications.show({ message: "Saved. It counts at once." });
              }}
              onClose={() => setOpen(null)}
            />
          )}
        </>
      )}
    </Loading>
  );
}
