import { Text } from "@mantine/core";
import { IconAlertTriangleFilled, IconCheck } from "@tabler/icons-react";
import { share } from "../shared/format";
import classes from "./ServiceLevel.module.css";

/** 0.797 → 79%; rounded down, so that a level just below its target never reads as met. */
export function percent(level: number): string {
  return share(Math.floor(level * 100 + 1e-9) / 100);
}

/**
 * The service level as a bar with the target marked on it. Said three ways: the bar's length
 * against the mark, a word with a sign, and the colour.
 */
export function ServiceLevel(props: {
  level: number | null;
  target: { seconds: number; share: number };
}) {
  const { level, target } = props;
  const met = level !== null && level >= target.share;
  const promise = `${percent(target.share)} within ${target.seconds} s`;
  return (
    <div className={classes.level} data-met={level === null ? "none" : met}>
      <div className={classes.line}>
        <Text span size="sm" c="dimmed">
          Service level
        </Text>
        <Text span size="sm" fw={700} className={classes.figure}>
          {level === null ? (
            "no figures yet"
          ) : (
            <>
              {met ? <IconCheck size={15} aria-hidden /> : <IconAlertTriangleFilled size={14} aria-hidden />}
              {percent(level)}
              <span className={classes.word}>{met ? "on target" : "below target"}</span>
            </>
          )}
        </Text>
      </div>
      <div
        className={classes.track}
        role="meter"
        aria-label="Service level"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={level === null ? 0 : Math.floor(level * 100)}
        aria-valuetext={
          level === null
            ? `Nothing answered yet; target ${promise}`
            : `${percent(level)}, ${met ? "on" : "below"} the target of ${promise}`
        }
      >
        <div className={classes.fill} style={{ width: `${(level ?? 0) * 100}%` }} />
        <div className={classes.mark} style={{ left: `${target.share * 100}%` }} />
      </div>
      <div className={classes.scale} aria-hidden>
        <span style={{ left: `${target.share * 100}%` }}>target {promise}</span>
      </div>
    </div>
  );
}
