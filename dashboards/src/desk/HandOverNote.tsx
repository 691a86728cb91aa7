/** What the agent before found out, so that the person need not tell it again. */
import { Text } from "@mantine/core";
import { IconArrowForwardUp } from "@tabler/icons-react";
import { label } from "../shared/format";
import type { HandOver } from "../shared/wire";
import classes from "./desk.module.css";

export function HandOverNote({ handOver }: { handOver: HandOver }) {
  return (
    <div className={classes.handOver} data-testid="hand-over">
      <Text size="sm" fw={650} mb={4}>
        <IconArrowForwardUp size={16} aria-hidden style={{ verticalAlign: "-3px", marginInlineEnd: 5 }} />
        Handed over: {label(handOver.reason)}
      </Text>
      <Text size="sm" className={classes.said}>
        <b>Asked</b> {handOver.asked}
      </Text>
      <Text size="sm" className={classes.said}>
        <b>Tried</b> {handOver.tried}
      </Text>
    </div>
  );
}
