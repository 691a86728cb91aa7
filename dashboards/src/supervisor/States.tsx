import { Badge, Group, Text } from "@mantine/core";
import {
  IconBellRinging,
  IconCoffee,
  IconHeadset,
  IconNotes,
  IconPower,
  IconCircleCheck,
  type Icon,
} from "@tabler/icons-react";
import { CHANNEL_NAMES, ChannelIcon } from "../shared/icons";
import type { AgentRow, AgentState, Channel, Load as PerChannel } from "../shared/wire";

/** Each state has a word, a shape and a colour; the colour is never the only one to say it. */
export const STATES: Record<AgentState, { label: string; color: string; icon: Icon }> = {
  available: { label: "Available", color: "teal", icon: IconCircleCheck },
  offered: { label: "Ringing", color: "yellow", icon: IconBellRinging },
  busy: { label: "Busy", color: "indigo", icon: IconHeadset },
  wrapup: { label: "Wrap-up", color: "grape", icon: IconNotes },
  break: { label: "Break", color: "orange", icon: IconCoffee },
  offline: { label: "Offline", color: "gray", icon: IconPower },
};

export function AgentStateBadge({ agent }: { agent: Pick<AgentRow, "state" | "reason"> }) {
  const { label, color, icon: Icon } = STATES[agent.state];
  return (
    <Badge
      variant="light"
      color={color}
      radius="sm"
      fw={600}
      leftSection={<Icon size={13} aria-hidden />}
      title={agent.reason ?? undefined}
      maw="100%"
      px={8}
    >
      {label}
      {agent.reason ? ` · ${agent.reason}` : ""}
    </Badge>
  );
}

/** Load against capacity, one small pair for each channel: phone 1/1, chat 2/3. */
export function Load({ load, capacity }: { load: PerChannel; capacity: PerChannel }) {
  const channels = (Object.keys(CHANNEL_NAMES) as Channel[]).filter(
    (channel) => (capacity[channel] ?? 0) > 0 || (load[channel] ?? 0) > 0,
  );
  return (
    <Group gap={10} wrap="nowrap" component="span">
      {channels.map((channel) => {
        const [now, most] = [load[channel] ?? 0, capacity[channel] ?? 0];
        return (
          <Text
            key={channel}
            span
            size="sm"
            c={now === 0 ? "dimmed" : undefined}
            fw={now >= most && most > 0 ? 700 : undefined}
            title={`${CHANNEL_NAMES[channel]}: ${now} of ${most}`}
            style={{ display: "inline-flex", alignItems: "center", gap: 3 }}
          >
            <ChannelIcon channel={channel} size={14} />
            {now}/{most}
          </Text>
        );
      })}
    </Group>
  );
}
