import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconMessageCircle, IconPencil, IconPhone, IconPlus } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { language } from "../shared/format";
import { type Column, LiveTable } from "../shared/table";
import { EntryPointForm } from "./EntryPointForm";
import { type Loaded, Loading, useLoaded } from "./loading";
import { type EntryPoint, type Queue, entryPoints } from "./records";

/** The ways in: dialled numbers and widgets. */
export function EntryPoints({ queues }: { queues: Loaded<Queue[]> }) {
  const loaded = useLoaded(entryPoints.list);
  const [open, setOpen] = useState<EntryPoint | "new" | null>(null);
  const known = queues.value;
  const queueName = useCallback((id: string) => known?.find((row) => row.id === id)?.name ?? "–", [known]);
  const columns = useMemo<Column<EntryPoint>[]>(
    () => [
      {
        key: "name",
        title: "Entry point",
        sort: (row) => row.name,
        render: (row) => (
          <Group gap={10} wrap="nowrap">
            {row.kind === "phone" ? (
              <IconPhone size={18} role="img" aria-label="Phone number" style={{ flex: "none" }} />
            ) : (
              <IconMessageCircle size={18} role="img" aria-label="Widget" style={{ flex: "none" }} />
            )}
            <div style={{ minWidth: 0 }}>
              <Text size="sm" fw={600} truncate>
                {row.name}
              </Text>
              <Text size="xs" c="dimmed" truncate>
                {row.address}
              </Text>
            </div>
          </Group>
        ),
      },
      {
        key: "languages",
        title: "Languages",
        width: "13rem",
        from: "medium",
        sort: (row) => row.languages.join(),
        render: (row) => {
          const all = row.languages.map(language).join(", ");
          return <span title={all}>{all}</span>;
        },
      },
      {
        key: "topics",
        title: "Topics",
        width: "5.5rem",
        from: "wide",
        sort: (row) => row.menu.length,
        render: (row) => row.menu.length || "–",
      },
      {
        key: "customers",
        title: "Customers wait in",
        width: "13rem",
        from: "wide",
        sort: (row) => queueName(row.customer_queue_id),
        render: (row) => queueName(row.customer_queue_id),
      },
      {
        key: "experts",
        title: "Experts wait in",
        width: "13rem",
        from: "wide",
        sort: (row) => queueName(row.expert_queue_id),
        render: (row) => queueName(row.expert_queue_id),
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
            data-testid="edit-entry-point"
          >
            Edit
          </Button>
        ),
      },
    ],
    [queueName],
  );
  return (
    <Loading loaded={loaded}>
      {(all) => (
        <>
          <Group justify="flex-end" mb="sm">
            <Button
              leftSection={<IconPlus size={17} />}
              onClick={() => setOpen("new")}
              disabled={known === null || known.length === 0}
              data-testid="new-entry-point"
            >
              New entry point
            </Button>
          </Group>
          <LiveTable
            caption="Entry points"
            columns={columns}
            rows={all}
            sorted={{ key: "name", down: false }}
            rowHeight={56}
            height="calc(100dvh - 14rem)"
            empty="No way in yet. Add the number that people dial, or a widget for your site."
            testId="entry-points-table"
          />
          {open !== null && known !== null && (
            <EntryPointForm
              {...(open === "new" ? {} : { entryPoint: open })}
              queues={known}
              onSaved={(saved) => {
                loaded.reload();
                notifications.show({ message: "Saved." });
                // the widget's key is known only now: show what to paste
                if (open === "new" && saved.kind === "widget") setTimeout(() => setOpen(saved));
              }}
              onClose={() => setOpen(null)}
            />
          )}
        </>
      )}
    </Loading>
  );
}
