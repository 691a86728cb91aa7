/** How fresh the page is: a small sign when all is well, a banner when it is not. */
import { Alert, Badge, Tooltip } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { span, time } from "./format";
import type { Link, LinkState } from "./socket";
import { useNow } from "./time";

const NAMES: Record<LinkState, string> = {
  connecting: "Connecting",
  live: "Live",
  stale: "Stale",
  reconnecting: "Reconnecting",
  closed: "Disconnected",
};

const COLOURS: Record<LinkState, string> = {
  connecting: "gray",
  live: "teal",
  stale: "yellow",
  reconnecting: "yellow",
  closed: "red",
};

export function LinkBadge({ link }: { link: Link }) {
  const since = link.state === "live" ? "Connected" : NAMES[link.state];
  return (
    <Tooltip label={`${since} since ${time(link.since)}`} withArrow>
      <Badge
        variant="dot"
        color={COLOURS[link.state]}
        role="status"
        data-testid="link-state"
        data-state={link.state}
        style={{ flex: "none" }}
      >
        {NAMES[link.state]}
      </Badge>
    </Tooltip>
  );
}

/** Says that what is shown may be old, and since when; nothing while it is live. */
export function StaleBanner({ link }: { link: Link }) {
  const now = useNow(1000);
  if (link.state === "live") return null;
  // The first moments of a connect are no news
  if ((link.state === "connecting" || link.state === "reconnecting") && now - link.since < 2500) return null;
  const heard = link.heard === null ? "" : ` What you see is from ${time(link.heard)}.`;
  const over = link.state === "closed";
  return (
    <Alert
      color={over ? "red" : "yellow"}
      radius={0}
      py="xs"
      role="alert"
      data-testid="stale-banner"
      icon={<IconPlugConnectedX aria-hidden />}
    >
      {over
        ? "This session has ended. Sign in again to go on."
        : `No connection to the service; trying again by itself.${heard}`}
      {/* the age runs on: a screen reader would say the alert anew each second */}
      {!over && link.heard !== null && <span aria-hidden> ({span(now - link.heard)} ago)</span>}
    </Alert>
  );
}
