import { Paper, Text } from "@mantine/core";
import { memo } from "react";
import { clock, count, share, span, time } from "../shared/format";
import classes from "./DayChart.module.css";
import { percent } from "./ServiceLevel";
import type { Line } from "./statistics";

const WIDTH = 360;
const LEVEL = { top: 14, height: 52 };
const WAIT = { top: 86, height: 40 };
const HEIGHT = WAIT.top + WAIT.height + 16;

interface Props {
  name: string;
  intervals: readonly Line[];
  from: number;
  /** the day's length: 23 or 25 hours when the clocks change */
  to: number;
  intervalMs: number;
  /** the queue's target; none: no mark */
  target: { seconds: number; share: number } | undefined;
}

/**
 * One queue's day: service level above, average wait below, a bar for each quarter of an hour. Who
 * does not see it has the same numbers in words and in a table.
 */
export const DayChart = memo(function DayChart(props: Props) {
  const { name, intervals, target } = props;
  const x = (at: number) => ((at - props.from) / (props.to - props.from)) * WIDTH;
  const wide = Math.max(1, x(props.from + props.intervalMs) - 1);
  const longest = Math.max(1000, ...intervals.map((line) => line.figures.asa_ms ?? 0));
  const hours = [0, 6, 12, 18].map((hour) => props.from + hour * 3_600_000);
  const sign = (share_: number) => LEVEL.top + LEVEL.height * (1 - share_);
  return (
    <Paper withBorder bg="var(--surface)" p="md" component="figure" m={0} className={classes.card} data-testid="day-chart">
      <Text component="figcaption" fw={600} size="sm" mb={6}>
        {name}
      </Text>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={classes.chart} role="img" aria-label={inWords(props)}>
        <text x={0} y={9} className={classes.label}>
          Service level{target !== undefined && `, target ${percent(target.share)} within ${target.seconds} s`}
        </text>
        <rect x={0} y={LEVEL.top} width={WIDTH} height={LEVEL.height} className={classes.ground} />
        {intervals.map((line) => {
          const level = line.figures.service_level;
          if (level === null || line.starts_at === null) return null;
          const met = target === undefined || level >= target.share;
          const height = Math.max(2, LEVEL.height * level);
          return (
            <rect
              key={line.starts_at}
              x={x(Date.parse(line.starts_at))}
              y={LEVEL.top + LEVEL.height - height}
              width={wide}
              height={height}
              className={met ? classes.good : classes.bad}
            />
          );
        })}
        {target !== undefined && (
          <line x1={0} x2={WIDTH} y1={sign(target.share)} y2={sign(target.share)} className={classes.target} />
        )}
        <text x={0} y={WAIT.top - 5} className={classes.label}>
          Average wait, up to {clock(longest)}
        </text>
        <rect x={0} y={WAIT.top} width={WIDTH} height={WAIT.height} className={classes.ground} />
        {intervals.map((line) => {
          const wait = line.figures.asa_ms;
          if (wait === null || line.starts_at === null) return null;
          const height = Math.max(2, (WAIT.height * wait) / longest);
          return (
            <rect
              key={line.starts_at}
              x={x(Date.parse(line.starts_at))}
              y={WAIT.top + WAIT.height - height}
              width={wide}
              height={height}
              className={classes.wait}
            />
          );
        })}
        {hours.map((at, nth) => (
          <text key={at} x={x(at)} y={HEIGHT - 3} className={classes.label}>
            {["0:00", "6:00", "12:00", "18:00"][nth]}
          </text>
        ))}
      </svg>
      <details className={classes.numbers}>
        <summary>Numbers of {name}</summary>
        <div className={classes.scroller} tabIndex={0} role="region" aria-label={`Numbers of ${name}`}>
          <table>
            <thead>
              <tr>
                <th scope="col">From</th>
                <th scope="col">Answered</th>
                <th scope="col">Abandoned</th>
                <th scope="col">Service level</th>
                <th scope="col">Avg. wait</th>
              </tr>
            </thead>
            <tbody>
              {intervals.map((line) => (
                <tr key={line.starts_at}>
                  <th scope="row">{line.starts_at !== null && time(line.starts_at)}</th>
                  <td>{count(line.counts.answered)}</td>
                  <td>{count(line.counts.abandoned)}</td>
                  <td>{line.figures.service_level === null ? "–" : percent(line.figures.service_level)}</td>
                  <td>{line.figures.asa_ms === null ? "–" : clock(line.figures.asa_ms)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Paper>
  );
});

function inWords({ name, intervals, target }: Props): string {
  const judged = intervals.filter((line) => line.figures.service_level !== null);
  const worst = judged.reduce<Line | null>(
    (low, line) => ((line.figures.service_level ?? 1) < (low?.figures.service_level ?? 2) ? line : low),
    null,
  );
  if (worst === null || worst.starts_at === null) return `${name}: nothing answered on this day`;
  const met = judged.filter((line) => target === undefined || (line.figures.service_level ?? 0) >= target.share).length;
  const slowest = Math.max(...judged.map((line) => line.figures.asa_ms ?? 0));
  return (
    `${name}: on target in ${met} of ${judged.length} quarters of an hour; ` +
    `lowest service level ${share(worst.figures.service_level ?? 0)} at ${time(worst.starts_at)}; ` +
    `longest average wait ${span(slowest)}`
  );
}
