/** One ringing contact: who, why, since when, and how long there is to answer. */
import { Button, Group, Kbd, Stack, Text } from "@mantine/core";
import { IconCheck, IconUsers, IconX } from "@tabler/icons-react";
import { useId } from "react";
import { clock, count, label, language } from "../shared/format";
import { AssuranceBadge, CHANNEL_NAMES, ChannelIcon, RoleBadge } from "../shared/icons";
import { useNow } from "../shared/time";
import type { Offer } from "../shared/wire";
import { Countdown } from "./Countdown";
import { Facts } from "./Facts";
import { HandOverNote } from "./HandOverNote";
import { useDesk } from "./context";
import classes from "./desk.module.css";
import { certainty, nameOf } from "./names";

export interface OfferCardProps {
  offer: Offer;
  busy: boolean;
  /** Which keys answer this card now: letters, letters with Alt, or none. */
  keys: "plain" | "alt" | null;
  accept: () => void;
  decline: () => void;
}

export function OfferCard({ offer, busy, keys, accept, decline }: OfferCardProps) {
  const desk = useDesk();
  const now = useNow(250, desk.now);
  const title = useId();
  const text = useId();
  const { person } = offer;
  const late = now >= offer.deadline_ms;
  const before = person.contacts_before;
  return (
    <section
      role="alertdialog"
      aria-labelledby={title}
      aria-describedby={text}
      className={classes.offer}
      data-testid="offer"
      data-offer={offer.offer}
      data-channel={offer.channel}
    >
      <Group justify="space-between" wrap="nowrap" align="start">
        <Stack gap={4} style={{ minWidth: 0 }}>
          <Group gap={7} c="var(--ring)" wrap="nowrap">
            <span className={classes.shaking}>
              <ChannelIcon channel={offer.channel} size={19} />
            </span>
            <Text size="sm" fw={650}>
              {offer.message != null && !offer.message.called ? "Message" : `Incoming ${CHANNEL_NAMES[offer.channel].toLowerCase()}`}
            </Text>
          </Group>
          <Text id={title} fw={650} size="xl" lh={1.2} className={classes.breaking} data-testid="offer-name">
            {nameOf(person)}
          </Text>
        </Stack>
        <Countdown deadline={offer.deadline_ms} now={now} key={offer.offer} />
      </Group>
      <Group gap={6} mt={8} id={text}>
        <RoleBadge role={person.role} />
        <AssuranceBadge level={person.assurance} />
        {person.network_size != null && person.network_size > 0 && (
          <Group gap={4} wrap="nowrap">
            <IconUsers size={16} aria-hidden />
            <Text size="sm">looks after {count(person.network_size)} customers</Text>
          </Group>
        )}
      </Group>
      <Text size="sm" c="var(--quiet)" mt={6} className={classes.certainty}>
        {certainty(person)}
      </Text>
      <Facts
        facts={[
          ["Waiting", <span className="numbers" key="w">{clock(now - offer.wait_since_ms)}</span>],
          ["Language", language(offer.language)],
          ["Topic", offer.topic == null ? "not said" : label(offer.topic)],
          ["Queue", offer.queue.name],
          ["Before", before == null ? "not known" : before === 0 ? "first contact" : `${count(before)} ${before === 1 ? "contact" : "contacts"}`],
          ...(person.name != null && person.number_masked != null
            ? ([["Number", person.number_masked]] as [string, string][])
            : []),
        ]}
      />
      {offer.escalated != null && <HandOverNote handOver={offer.escalated} />}
      <Group grow mt="md" gap="sm">
        <Button
          size="md"
          variant="default"
          leftSection={keys === "alt" ? null : <IconX size={18} aria-hidden />}
          px="xs"
          rightSection={<Key name="D" keys={keys} />}
          disabled={busy}
          onClick={decline}
          data-testid="decline"
        >
          Decline
        </Button>
        <Button
          size="md"
          leftSection={keys === "alt" ? null : <IconCheck size={18} aria-hidden />}
          px="xs"
          rightSection={<Key name="A" keys={keys} />}
          loading={busy}
          disabled={late}
          onClick={accept}
          data-accept
          data-testid="accept"
        >
          Accept
        </Button>
      </Group>
    </section>
  );
}

function Key({ name, keys }: { name: string; keys: OfferCardProps["keys"] }) {
  if (keys === null) return null;
  return (
    <Kbd size="xs" className={classes.key} aria-hidden>
      {keys === "alt" ? `Alt ${name}` : name}
    </Kbd>
  );
}
