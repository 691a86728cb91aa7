import { ActionIcon, Badge, Button, Group, Menu, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconDots, IconFileImport, IconKey, IconKeyOff, IconPencil, IconPlus, IconSearch } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { Confirm } from "../shared/confirm";
import { count, language } from "../shared/format";
import { type Column, LiveTable } from "../shared/table";
import { ExpertForm } from "./ExpertForm";
import { ImportDialog } from "./ImportDialog";
import { Loading, useLoaded } from "./loading";
import { IssuePin } from "./PinDialog";
import { type Expert, experts } from "./records";

type Action = "edit" | "pin" | "revoke";
type Open = { kind: "new" } | { kind: "import" } | { kind: Action; expert: Expert };

export function Experts() {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search.trim(), 250);
  const read = useCallback((signal: AbortSignal) => experts.list(wanted, signal), [wanted]);
  const loaded = useLoaded(read);
  const [open, setOpen] = useState<Open | null>(null);
  const onAction = useCallback((kind: Action, expert: Expert) => setOpen({ kind, expert }), []);
  const close = useCallback(() => setOpen(null), []);
  const columns = useMemo(() => columnsOf(onAction), [onAction]);

  return (
    <>
      <Group justify="space-between" mb="sm">
        <Group gap="sm">
          <TextInput
            aria-label="Find an expert by name, number, phone or mail"
            placeholder="Name, number, phone or mail"
            leftSection={<IconSearch size={16} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            w={260}
            data-testid="expert-search"
          />
          {loaded.value !== null && (
            <Text size="sm" c="dimmed" role="status">
              {loaded.value.experts.length < loaded.value.total
                ? `the first ${count(loaded.value.experts.length)} of ${count(loaded.value.total)}`
                : count(loaded.value.total)}
            </Text>
          )}
        </Group>
        <Group gap="sm">
          <Button
            variant="default"
            leftSection={<IconFileImport size={17} />}
            onClick={() => setOpen({ kind: "import" })}
            data-testid="import-experts"
          >
            Import
          </Button>
          <Button leftSection={<IconPlus size={17} />} onClick={() => setOpen({ kind: "new" })} data-testid="new-expert">
            New expert
          </Button>
        </Group>
      </Group>
      <Loading loaded={loaded}>
        {(found) => (
          <LiveTable
            caption="Experts"
            columns={columns}
            rows={found.experts}
            sorted={{ key: "name", down: false }}
            rowHeight={56}
            height="calc(100dvh - 14rem)"
            empty={
              wanted === ""
                ? "No experts yet. Import your list, or add them one by one."
                : "No expert matches."
            }
            testId="experts-table"
          />
        )}
      </Loading>
      {open?.kind === "import" && <ImportDialog onDone={loaded.reload} onClose={close} />}
      {(open?.kind === "new" || open?.kind === "edit") && (
        <ExpertForm
          {...(open.kind === "edit" ? { expert: open.expert } : {})}
          onSaved={() => {
            loaded.reload();
            notifications.show({ message: "Saved." });
          }}
          onClose={close}
        />
      )}
      {open?.kind === "pin" && <IssuePin expert={open.expert} onDone={loaded.reload} onClose={close} />}
      {open?.kind === "revoke" && (
        <Confirm
          title={`Revoke the PIN of ${open.expert.name ?? open.expert.number}?`}
          confirm="Revoke the PIN"
          danger
          onClose={close}
          onConfirm={async () => {
            await experts.revokePin(open.expert.id);
            loaded.reload();
          }}
        >
          <Text size="sm">
            It stops working at once. Until a new one is issued, this expert is recognised by registered numbers
            and by signing in alone.
          </Text>
        </Confirm>
      )}
    </>
  );
}

const PINS: Record<Expert["pin"], { text: string; color: string }> = {
  none: { text: "None", color: "gray" },
  issued: { text: "Issued", color: "teal" },
  locked: { text: "Locked", color: "orange" },
};

function columnsOf(onAction: (kind: Action, expert: Expert) => void): Column<Expert>[] {
  return [
    {
      key: "name",
      title: "Expert",
      sort: (row) => row.name ?? "",
      render: (row) => (
        <div>
          <Text size="sm" fw={600} truncate c={row.active ? undefined : "dimmed"}>
            {row.name ?? "No name"}
            {!row.active && " (not active)"}
          </Text>
          <Text size="xs" c="dimmed" truncate>
            {[row.mail, row.account].filter(Boolean).join(" · ")}
          </Text>
        </div>
      ),
    },
    { key: "number", title: "Number", width: "8rem", narrow: "5.5rem", sort: (row) => row.number, render: (row) => row.number },
    {
      key: "phones",
      title: "Phones",
      width: "13rem",
      from: "medium",
      render: (row) => <span title={row.phones.join(", ")}>{row.phones.join(", ") || "–"}</span>,
    },
    {
      key: "languages",
      title: "Languages",
      width: "12rem",
      from: "wide",
      sort: (row) => row.languages.join(),
      render: (row) => row.languages.map(language).join(", ") || "–",
    },
    {
      key: "network",
      title: "Network",
      width: "6.5rem",
      from: "medium",
      sort: (row) => row.network_size,
      render: (row) => count(row.network_size),
    },
    {
      key: "pin",
      title: "PIN",
      width: "6.5rem",
      narrow: "5.75rem",
      sort: (row) => row.pin,
      render: ({ pin }) => (
        <Badge variant="light" color={PINS[pin].color} radius="sm" tt="none">
          {PINS[pin].text}
        </Badge>
      ),
    },
    {
      key: "actions",
      title: "Actions",
      hiddenTitle: true,
      width: "3.5rem",
      narrow: "2.75rem",
      render: (row) => (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Actions for ${row.name ?? row.number}`}
              data-testid="expert-actions"
            >
              <IconDots size={18} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => onAction("edit", row)}>
              Edit…
            </Menu.Item>
            <Menu.Item leftSection={<IconKey size={16} />} onClick={() => onAction("pin", row)}>
              {row.pin === "none" ? "Issue a PIN…" : "Reset the PIN…"}
            </Menu.Item>
            {row.pin !== "none" && (
              <Menu.Item color="red" leftSection={<IconKeyOff size={16} />} onClick={() => onAction("revoke", row)}>
                Revoke the PIN…
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      ),
    },
  ];
}
