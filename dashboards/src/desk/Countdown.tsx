/** A ring that empties until a deadline, with the seconds in it. */
import { useState } from "react";
import classes from "./desk.module.css";

const RADIUS = 21;
const AROUND = 2 * Math.PI * RADIUS;

/** Both times by the server's clock, in milliseconds. Full is where it was first seen. */
export function Countdown({ deadline, now }: { deadline: number; now: number }) {
  const [whole] = useState(() => Math.max(1, deadline - now));
  const left = Math.max(0, deadline - now);
  const seconds = Math.ceil(left / 1000);
  return (
    <div className={classes.countdown} role="timer" aria-label={`${seconds} seconds to answer`} data-testid="countdown">
      <svg width="50" height="50" viewBox="0 0 50 50" aria-hidden="true">
        <circle cx="25" cy="25" r={RADIUS} className={classes.countdownTrack} />
        <circle
          cx="25"
          cy="25"
          r={RADIUS}
          className={classes.countdownLeft}
          strokeDasharray={AROUND}
          strokeDashoffset={AROUND * (1 - left / whole)}
          transform="rotate(-90 25 25)"
        />
      </svg>
      <span className="numbers">{seconds}</span>
    </div>
  );
}
