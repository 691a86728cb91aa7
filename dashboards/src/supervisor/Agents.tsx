import { Chip, Group, Select, Text, TextInput, Title } from "@mantine/core";
import { IconAdjustments, IconSearch, IconStarFilled } from "@tabler/icons-react";
import { useDeferredValue, useMemo, useState } from "react";
import { count, tenth } from "../shared/format";
import type { AgentRow, AgentState } from "../shared/wire";
import { Since } from "./Clock";
import classes from "./rows.module.css";
import { AgentStateBadge, Load, STATES } from "./States";
import { type Column, LiveTable } from "../shared/table";

const ORDER = Object.keys(STATES) as AgentState[];

interface Props {
  agents: ReadonlyMap<string, AgentRow>;
  /** stable, else every row is drawn again */
  onSetState: (agent: AgentRow) => void;
}

export function Agents({ agents, onSetState }: Props) {
  const [search, setSearch] = useState("");
  const [states, setStates] = useState<string[]>([]);
  const [tier, setTier] = useState<string | null>(null);
  const wanted = useDeferredValue(search.trim().toLocaleLowerCase());

  const all = useMemo(() => [...agents.values()], [agents]);
  const counts = useMemo(() => {
    const sums = new Map<string, number>();
    for (const { state } of all) sums.set(state, (sums.get(state) ?? 0) + 1);
    return sums;
  }, [all]);
  const tiers = useMemo(() => [...new Set(all.map((row) => row.tier))].sort((a, b) => a - b), [all]);
  const rows = useMemo(
    () =>
      all.filter(
        (row) =>
          (states.length === 0 || states.includes(row.state)) &&
          (tier === null || String(row.tier) === tier) &&
          (wanted === "" || row.name.toLocaleLowerCase().includes(wanted)),
      ),
    [all, states, tier, wanted],
  );
  const columns = useMemo(() => columnsOf(onSetState), [onSetState]);

  return (
    <section aria-labelledby="agents-title">
      <Group justify="space-between" align="baseline" mb={8}>
        <Title order={2} size="h4" id="agents-title">
          Agents
        </Title>
        <Text size="sm" c="dimmed" role="status">
          {rows.length === all.length ? count(all.length) : `${count(rows.length)} of ${count(all.length)}`}
        </Text>
      </Group>
      <Group gap={8} mb={8}>
        <TextInput
          aria-label="Find an agent by name"
          placeholder="Name"
          leftSection={<IconSearch size={15} />}
          size="xs"
          w={150}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          data-testid="agent-search"
        />
        <Select
          aria-label="Tier"
          placeholder="All tiers"
          size="xs"
          w={110}
          clearable
          value={tier}
          onChange={setTier}
          data={tiers.map((n) => ({ value: String(n), label: `Tier ${n}` }))}
          data-testid="agent-tier"
        />
        <Chip.Group multiple value={states} onChange={setStates}>
          <Group gap={6} role="group" aria-label="States to show">
            {ORDER.filter((state) => state !== "offline" || counts.has(state) || states.includes(state)).map((state) => (
              <Chip key={state} value={state} size="xs" variant="outline" data-testid={`agent-filter-${state}`}>
                {STATES[state].label} {count(counts.get(state) ?? 0)}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </Group>
      <LiveTable
        caption="Agents, with state and load"
        columns={columns}
        rows={rows}
        sorted={{ key: "state", down: false }}
        empty={all.length === 0 ? "Nobody is signed in." : "No agent matches the filter."}
        height="32rem"
        testId="agents-table"
      />
    </section>
  );
}

function columnsOf(onSetState: Props["onSetState"]): Column<AgentRow>[] {
  return [
    {
      key: "name",
      title: "Agent",
      sort: (row) => row.name,
      render: (row) => (
        <span className={classes.name} title={row.name}>
          {row.name}
        </span>
      ),
    },
    {
      key: "state",
      title: "State",
      width: "10.5rem",
      narrow: "7rem",
      sort: (row) => `${ORDER.indexOf(row.state)} ${row.name}`,
      render: (row) => <AgentStateBadge agent={row} />,
    },
    {
      key: "since",
      title: "Since",
      width: "4.75rem",
      narrow: "4.25rem",
      sort: (row) => -row.since_ms,
      render: (row) => <Since ms={row.since_ms} />,
    },
    {
      key: "load",
      title: "Load",
      width: "11.25rem",
      from: "medium",
      sort: (row) => row.load.voice + row.load.chat + row.load.video,
      render: (row) => <Load load={row.load} capacity={row.capacity} />,
    },
    {
      key: "tier",
      title: "Tier",
      width: "4rem",
      from: "wide",
      sort: (row) => row.tier,
      render: (row) => row.tier,
    },
    {
      key: "rating",
      title: "Rating",
      width: "6rem",
      from: "wide",
      sort: (row) => row.rating?.mean ?? 0,
      render: ({ rating }) =>
        rating === null || rating.mean === null || rating.count === 0 ? (
          <span className={classes.dim}>new</span>
        ) : (
          <span title={`${count(rating.count)} ratings`}>
            <IconStarFilled size={12} aria-label="stars" role="img" /> {tenth(rating.mean)}{" "}
            <span className={classes.dim}>({count(rating.count)})</span>
          </span>
        ),
    },
    {
      key: "action",
      title: "Action",
      hiddenTitle: true,
      width: "3.25rem",
      narrow: "3rem",
      render: (row) => (
        <button
          type="button"
          className={classes.set}
          aria-label={`Set the state of ${row.name}`}
          onClick={() => onSetState(row)}
          data-testid="agent-set-state"
        >
          <IconAdjustments size={17} />
        </button>
      ),
    },
  ];
}
