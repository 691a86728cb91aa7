import {
  IconBellRinging,
  IconCoffee,
  IconHeadset,
  IconNotes,
  IconPower,
  IconCircleCheck,
  type Icon,
} from "@tabler/icons-react";
import type { CSSProperties } from "react";
import { CHANNEL_NAMES, ChannelIcon } from "../shared/icons";
import type { AgentRow, AgentState, Channel, Load as PerChannel } from "../shared/wire";
import classes from "./rows.module.css";

const CHANNELS = Object.keys(CHANNEL_NAMES) as Channel[];

/** Each state has a word, a shape and a colour; the colour is never the only one to say it. */
export const STATES: Record<AgentState, { label: string; color: string; icon: Icon }> = {
  available: { label: "Available", color: "teal", icon: IconCircleCheck },
  offered: { label: "Ringing", color: "yellow", icon: IconBellRinging },
  busy: { label: "Busy", color: "indigo", icon: IconHeadset },
  wrapup: { label: "Wrap-up", color: "grape", icon: IconNotes },
  break: { label: "Break", color: "orange", icon: IconCoffee },
  offline: { label: "Offline", color: "gray", icon: IconPower },
};

/** In rows that come and go by the hundred: plain elements, no library components. */
export function AgentStateBadge({ agent }: { agent: Pick<AgentRow, "state" | "reason"> }) {
  const { label, color, icon: Icon } = STATES[agent.state];
  const tones = {
    "--tone": `var(--mantine-color-${color}-light-color)`,
    "--back": `var(--mantine-color-${color}-light)`,
  } as CSSProperties;
  return (
    <span className={classes.state} style={tones} title={agent.reason ?? undefined}>
      <Icon size={13} aria-hidden />
      {label}
      {agent.reason ? ` · ${agent.reason}` : ""}
    </span>
  );
}

/** Load against capacity, one small pair for each channel: phone 1/1, chat 2/3. */
export function Load({ load, capacity }: { load: PerChannel; capacity: PerChannel }) {
  return (
    <span className={classes.load}>
      {CHANNELS.map((channel) => {
        const [now, most] = [load[channel] ?? 0, capacity[channel] ?? 0];
        if (now === 0 && most === 0) return null;
        return (
          <span
            key={channel}
            data-busy={now > 0 || undefined}
            data-full={now >= most || undefined}
            title={`${CHANNEL_NAMES[channel]}: ${now} of ${most}`}
          >
            <ChannelIcon channel={channel} size={14} />
            {now}/{most}
          </span>
        );
      })}
    </span>
  );
}
