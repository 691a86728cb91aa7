/** Channels, roles and assurance as pictures, always with words for those who do not see them. */
import { Badge, Tooltip } from "@mantine/core";
import {
  IconMessageCircle,
  IconPhone,
  IconShieldCheck,
  IconShieldHalfFilled,
  IconShieldQuestion,
  IconStarFilled,
  IconUser,
  IconVideo,
} from "@tabler/icons-react";
import type { Assurance, Channel, Role } from "./wire";

export const CHANNEL_NAMES: Record<Channel, string> = { voice: "Call", chat: "Chat", video: "Video" };

const CHANNEL_ICONS = { voice: IconPhone, chat: IconMessageCircle, video: IconVideo };

export function ChannelIcon({ channel, size = 18 }: { channel: Channel; size?: number }) {
  const Icon = CHANNEL_ICONS[channel];
  return <Icon size={size} role="img" aria-label={CHANNEL_NAMES[channel]} style={{ flex: "none" }} />;
}

export function RoleBadge({ role, size = "md" }: { role: Role; size?: "sm" | "md" | "lg" }) {
  return role === "expert" ? (
    <Badge color="petrol" size={size} leftSection={<IconStarFilled size={11} aria-hidden />}>
      Expert
    </Badge>
  ) : (
    <Badge color="gray" variant="light" size={size} leftSection={<IconUser size={12} aria-hidden />}>
      Customer
    </Badge>
  );
}

/** What each level of assurance means, in words an agent can act on. */
export const ASSURANCE: Record<Assurance, { short: string; long: string }> = {
  0: { short: "Unknown", long: "Nothing shows who this is. Do not speak about anybody's data." },
  1: {
    short: "Claimed",
    long: "The number or address matches, which can be forged. Ask before you speak about personal data.",
  },
  2: { short: "Recognised", long: "Proven by PIN or by the network. The name can be relied on." },
  3: { short: "Signed in", long: "Signed in at the company's site. Their own cases can be discussed." },
};

const SHIELDS = [IconShieldQuestion, IconShieldHalfFilled, IconShieldCheck, IconShieldCheck] as const;
const SHIELD_COLOURS = ["gray", "yellow", "teal", "teal"] as const;

export function AssuranceBadge({ level, size = "md" }: { level: Assurance; size?: "sm" | "md" | "lg" }) {
  const Shield = SHIELDS[level];
  const { short, long } = ASSURANCE[level];
  return (
    <Tooltip label={long} multiline maw={280} withArrow events={{ hover: true, focus: true, touch: true }}>
      <Badge
        color={SHIELD_COLOURS[level]}
        variant="light"
        size={size}
        // the light variant's own text is too pale on its ground
        c="var(--mantine-color-text)"
        tabIndex={0}
        leftSection={<Shield size={13} aria-hidden />}
        aria-label={`Assurance ${level} of 3, ${short}: ${long}`}
      >
        {short} · {level}
      </Badge>
    </Tooltip>
  );
}
