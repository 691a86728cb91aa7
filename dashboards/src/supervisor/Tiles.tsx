import { Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { count, share } from "../shared/format";
import type { AgentState } from "../shared/wire";
import { Since } from "./Clock";
import type { Floor } from "./floor";
import { summed } from "./floor";
import { percent } from "./ServiceLevel";
import { STATES } from "./States";
import classes from "./Tiles.module.css";

const SIGNED_IN = (Object.keys(STATES) as AgentState[]).filter((state) => state !== "offline");

/** The whole house in one line: what a glance at the wall should answer first. */
export function Tiles({ floor }: { floor: Floor }) {
  const sum = summed(floor);
  const lost = sum.answered + sum.abandoned;
  const signedIn = floor.agents.size - sum.agents.offline;
  return (
    <section className={classes.tiles} aria-label="The whole house" data-testid="tiles">
      <Tile name="Waiting" testId="tile-waiting">
        {count(sum.waiting)}
      </Tile>
      <Tile name="Longest wait">{sum.longestSince === null ? "–" : <Since ms={sum.longestSince} />}</Tile>
      <Tile name="In hand">{`${count(sum.handling)}${sum.partly ? "+" : ""}`}</Tile>
      <Tile name="Service level today">
        {sum.serviceLevel === null ? "–" : percent(sum.serviceLevel)}
      </Tile>
      <Tile name="Answered today" testId="tile-answered">
        {count(sum.answered)}
      </Tile>
      <Tile name="Abandoned today" note={lost > 0 ? share(sum.abandoned / lost) : undefined}>
        {count(sum.abandoned)}
      </Tile>
      <Paper withBorder bg="var(--surface)" className={`${classes.tile} ${classes.wide}`}>
        <Text size="xs" c="dimmed">
          Agents, {count(signedIn)} signed in
        </Text>
        <ul className={classes.states} data-testid="agents-by-state">
          {SIGNED_IN.map((state) => {
            const { label, color, icon: Icon } = STATES[state];
            return (
              <li key={state}>
                <span className={classes.stateCount} >
                  <Icon size="0.9em" aria-hidden color={`var(--mantine-color-${color}-filled)`} /> {count(sum.agents[state])}
                </span>
                <span className={classes.stateName}>{label}</span>
              </li>
            );
          })}
        </ul>
      </Paper>
    </section>
  );
}

function Tile(props: { name: string; note?: string | undefined; testId?: string; children: ReactNode }) {
  return (
    <Paper withBorder bg="var(--surface)" className={classes.tile}>
      <Text size="xs" c="dimmed">
        {props.name}
      </Text>
      <div className={classes.value} data-testid={props.testId}>
        {props.children}
        {props.note !== undefined && (
          <Text span size="sm" c="dimmed" fw={400}>
            {props.note}
          </Text>
        )}
      </div>
    </Paper>
  );
}
