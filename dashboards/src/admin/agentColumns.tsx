import { Badge, Group, Text } from "@mantine/core";
import { language } from "../shared/format";
import { CHANNEL_NAMES, ChannelIcon } from "../shared/icons";
import type { Column } from "../shared/table";
import type { Channel } from "../shared/wire";
import type { Account, Reach } from "./records";

const REACH: Record<Reach, string> = { softphone: "Browser", phone: "Phone", sip: "SIP" };

/** What an account is as an agent; the rows have one. */
export const agentColumns: Column<Account>[] = [
  {
    key: "tier",
    title: "Tier",
    width: "4.5rem",
    narrow: "3.5rem",
    sort: (row) => row.agent?.tier ?? 0,
    render: (row) => row.agent?.tier,
  },
  {
    key: "languages",
    title: "Languages",
    width: "13rem",
    from: "medium",
    sort: (row) => row.agent?.languages.join() ?? "",
    render: ({ agent }) => {
      const all = agent?.languages.map(language).join(", ");
      return <span title={all}>{all || <None />}</span>;
    },
  },
  {
    key: "skills",
    title: "Skills",
    width: "15rem",
    from: "wide",
    sort: (row) => row.agent?.skills.join() ?? "",
    render: ({ agent }) =>
      agent?.skills.length ? (
        <Group gap={4} wrap="nowrap" title={agent.skills.join(", ")}>
          {agent.skills.map((skill) => (
            <Badge key={skill} size="sm" variant="light" color="gray" radius="sm" tt="none" style={{ flex: "none" }}>
              {skill}
            </Badge>
          ))}
        </Group>
      ) : (
        <None />
      ),
  },
  {
    key: "capacity",
    title: "At once",
    width: "9.5rem",
    from: "medium",
    render: ({ agent }) => (
      <Group gap={10} wrap="nowrap">
        {(Object.keys(CHANNEL_NAMES) as Channel[]).map((channel) => (
          <Group key={channel} gap={3} wrap="nowrap" c={agent?.capacity[channel] ? undefined : "dimmed"}>
            <ChannelIcon channel={channel} size={14} />
            <span>{agent?.capacity[channel] ?? 0}</span>
          </Group>
        ))}
      </Group>
    ),
  },
  {
    key: "reach",
    title: "Calls at",
    width: "11rem",
    from: "wide",
    sort: (row) => row.agent?.reach ?? "",
    render: ({ agent }) =>
      agent && (
        <div>
          {REACH[agent.reach]}
          {agent.reach_address && (
            <Text size="xs" c="dimmed" truncate title={agent.reach_address}>
              {agent.reach_address}
            </Text>
          )}
        </div>
      ),
  },
];

function None() {
  return (
    <Text span size="sm" c="dimmed">
      none
    </Text>
  );
}
