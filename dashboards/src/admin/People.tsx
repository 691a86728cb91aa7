import { ActionIcon, Badge, Button, Group, Menu, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconDots, IconKey, IconMailForward, IconPencil, IconSearch, IconUserCheck, IconUserOff, IconUserPlus } from "@tabler/icons-react";
import { useCallback, useMemo, useState } from "react";
import { Confirm } from "../shared/confirm";
import { count, label } from "../shared/format";
import { useMe } from "../shared/session";
import { type Column, LiveTable } from "../shared/table";
import { AccountForm } from "./AccountForm";
import { agentColumns } from "./agentColumns";
import { LinkDialog } from "./LinkDialog";
import { Loading, useLoaded } from "./loading";
import { type Account, accounts } from "./records";

type Action = "edit" | "disable" | "enable" | "reset" | "invite";
type Open =
  | { kind: "new" }
  | { kind: Exclude<Action, "invite">; account: Account }
  | { kind: "link"; name: string; purpose: "invite" | "reset"; link: string };

const STATES: Record<Account["state"], { text: string; color: string }> = {
  active: { text: "Active", color: "teal" },
  invited: { text: "Invited", color: "yellow" },
  locked: { text: "Locked", color: "orange" },
  disabled: { text: "Left", color: "gray" },
};

/** The staff: everybody who signs in here, or with `agents` those who answer contacts. */
export function People({ agents }: { agents: boolean }) {
  const [search, setSearch] = useState("");
  const [wanted] = useDebouncedValue(search.trim(), 250);
  const read = useCallback((signal: AbortSignal) => accounts.list(wanted, signal), [wanted]);
  const loaded = useLoaded(read);
  const [open, setOpen] = useState<Open | null>(null);
  const close = useCallback(() => setOpen(null), []);
  const onAction = useCallback((kind: Action, account: Account) => {
    if (kind !== "invite") return setOpen({ kind, account });
    accounts.link(account.id, "invite").then(
      ({ link }) => setOpen({ kind: "link", name: account.name, purpose: "invite", link }),
      (cause: unknown) => notifications.show({ color: "red", title: "No link was made", message: String((cause as Error).message) }),
    );
  }, []);

  return (
    <Loading loaded={loaded}>
      {({ accounts: all, total }) => (
        <>
          <Listed
            all={all}
            total={total}
            agents={agents}
            search={search}
            onSearch={setSearch}
            onAction={onAction}
            onNew={() => setOpen({ kind: "new" })}
          />
          {(open?.kind === "new" || open?.kind === "edit") && (
            <AccountForm
              {...(open.kind === "edit" ? { account: open.account } : {})}
              skills={skillsOf(all)}
              onClose={() => setOpen((now) => (now?.kind === "link" ? now : null))}
              onSaved={(invited) => {
                loaded.reload();
                if (invited === null) notifications.show({ message: "Saved." });
                else setOpen({ kind: "link", purpose: "invite", ...invited });
              }}
            />
          )}
          {open?.kind === "link" && <LinkDialog {...open} onClose={close} />}
          {open?.kind === "reset" && (
            <Confirm
              title={`A new password for ${open.account.name}?`}
              confirm="Make a link"
              onClose={close}
              onConfirm={async () => {
                const { name, id } = open.account;
                const { link } = await accounts.link(id, "reset");
                setOpen({ kind: "link", name, purpose: "reset", link });
              }}
              onDone={loaded.reload}
            >
              <Text size="sm">You get a link to send. With it {open.account.name} chooses a new password.</Text>
            </Confirm>
          )}
          {open?.kind === "enable" && (
            <Confirm
              title={`Let ${open.account.name} in again?`}
              confirm="Let in again"
              onClose={close}
              onConfirm={() => accounts.enable(open.account.id).then(() => undefined)}
              onDone={() => {
                loaded.reload();
                close();
              }}
            >
              <Text size="sm">{open.account.name} can sign in with the password from before.</Text>
            </Confirm>
          )}
          {open?.kind === "disable" && (
            <Confirm
              title={`${open.account.name} has left?`}
              confirm="Shut out now"
              danger
              onClose={close}
              onConfirm={async () => {
                await accounts.disable(open.account.id);
                loaded.reload();
                notifications.show({ message: `${open.account.name} is shut out.` });
              }}
            >
              <Text size="sm">
                {open.account.name} is signed out everywhere at once, open pages included, and cannot sign in any
                more. What they have done is kept.
              </Text>
            </Confirm>
          )}
        </>
      )}
    </Loading>
  );
}

function Listed(props: {
  all: Account[];
  total: number;
  agents: boolean;
  search: string;
  onSearch: (text: string) => void;
  onAction: (kind: Action, account: Account) => void;
  onNew: () => void;
}) {
  const { all, total, agents, search, onAction } = props;
  const me = useMe();
  const rows = useMemo(() => (agents ? all.filter((row) => row.agent !== null) : all), [all, agents]);
  const columns = useMemo<Column<Account>[]>(
    () => [
      {
        key: "name",
        title: "Name",
        sort: (row) => row.name,
        render: (row) => (
          <div>
            <Text size="sm" fw={600} truncate c={row.state === "disabled" ? "dimmed" : undefined}>
              {row.name}
              {row.id === me.account && " (you)"}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {row.email}
            </Text>
          </div>
        ),
      },
      ...(agents
        ? agentColumns
        : [
            {
              key: "role",
              title: "Role",
              width: "12rem",
              narrow: "6.5rem",
              sort: (row: Account) => row.role,
              render: (row: Account) =>
                `${label(row.role)}${row.agent !== null && row.role !== "agent" ? ", answers too" : ""}`,
            },
          ]),
      {
        key: "state",
        title: "Account",
        width: "7rem",
        narrow: "5.5rem",
        sort: (row) => row.state,
        render: ({ state }) => (
          <Badge variant="light" color={STATES[state].color} radius="sm" tt="none">
            {STATES[state].text}
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
              <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${row.name}`} data-testid="account-actions">
                <IconDots size={18} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => onAction("edit", row)}>
                Edit…
              </Menu.Item>
              {row.state === "invited" && (
                <Menu.Item leftSection={<IconMailForward size={16} />} onClick={() => onAction("invite", row)}>
                  New invitation link
                </Menu.Item>
              )}
              {(row.state === "active" || row.state === "locked") && (
                <Menu.Item leftSection={<IconKey size={16} />} onClick={() => onAction("reset", row)}>
                  New password…
                </Menu.Item>
              )}
              {row.state === "disabled" ? (
                <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={() => onAction("enable", row)}>
                  Let in again…
                </Menu.Item>
              ) : (
                <Menu.Item
                  color="red"
                  disabled={row.id === me.account}
                  leftSection={<IconUserOff size={16} />}
                  onClick={() => onAction("disable", row)}
                >
                  Has left…
                </Menu.Item>
              )}
            </Menu.Dropdown>
          </Menu>
        ),
      },
    ],
    [agents, onAction, me.account],
  );
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Group gap="sm">
          <TextInput
            aria-label="Find by name or mail address"
            placeholder="Name or mail address"
            leftSection={<IconSearch size={16} />}
            value={search}
            onChange={(event) => props.onSearch(event.currentTarget.value)}
            data-testid="account-search"
          />
          <Text size="sm" c="dimmed" role="status">
            {all.length < total ? `of the first ${count(all.length)} of ${count(total)}` : count(rows.length)}
          </Text>
        </Group>
        <Button leftSection={<IconUserPlus size={17} />} onClick={props.onNew} data-testid="invite">
          Invite
        </Button>
      </Group>
      <LiveTable
        caption={agents ? "Agents" : "People with an account"}
        columns={columns}
        rows={rows}
        sorted={{ key: "name", down: false }}
        rowHeight={56}
        height="calc(100dvh - 14rem)"
        empty={search === "" ? "Nobody yet. Invite the first one." : "Nobody matches."}
        testId="accounts-table"
      />
    </>
  );
}

function skillsOf(all: readonly Account[]): string[] {
  return [...new Set(all.flatMap((row) => row.agent?.skills ?? []))].sort();
}
