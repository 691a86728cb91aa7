import { Text, Title } from "@mantine/core";
import { count, label, share } from "../shared/format";
import classes from "./Promises.module.css";
import type { Promised } from "./promises";

const WHY: Record<string, string> = {
  country: "Number of a country that is not called",
  premium: "Number of premium or shared cost",
  number_often: "Asked too often for one number",
  money: "The day’s limit was reached",
  number_money: "The limit of one number was reached",
};

/** 1234.5 → 12.35: cents in whole units, whatever the currency of the house is. */
const units = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const money = (cents: number): string => units.format(cents / 100);

/** How near the day's limit is, and which queues the money went to. */
export function Money({ today, refused }: { today: Promised["today"]; refused: number }) {
  const used = today.cents_a_day > 0 ? today.cents / today.cents_a_day : 1;
  const told = `${money(today.cents)} of ${money(today.cents_a_day)}, ${share(Math.min(used, 9.99))}`;
  return (
    <section aria-labelledby="money-title" className={classes.money} data-testid="money">
      <Title order={3} size="h5" id="money-title">
        What calling people costs
      </Title>
      <div
        className={classes.meter}
        role="meter"
        aria-label="Of the day’s limit"
        aria-valuemin={0}
        aria-valuemax={today.cents_a_day}
        aria-valuenow={Math.min(today.cents, today.cents_a_day)}
        aria-valuetext={told}
        data-near={used >= 0.8 || undefined}
        data-full={used >= 1 || undefined}
      >
        <div style={{ width: `${Math.min(100, used * 100)}%` }} />
      </div>
      <Text size="sm" c={used >= 1 ? "red" : undefined} data-testid="money-told">
        {used >= 1
          ? `Today’s limit of ${money(today.cents_a_day)} is reached: nobody is called any more.`
          : `${told} of today’s limit. At most ${money(today.cents_a_day_per_number)} for one number.`}
      </Text>
      {today.spent.length > 0 && (
        <table className={classes.spent} data-testid="spent-table">
          <thead>
            <tr>
              <th scope="col">Queue</th>
              <th scope="col">Today</th>
              <th scope="col">This month</th>
            </tr>
          </thead>
          <tbody>
            {today.spent.map((row) => (
              <tr key={row.queue ?? ""}>
                <th scope="row">{row.queue ?? "Unknown"}</th>
                <td>{money(row.cents_today)}</td>
                <td>{money(row.cents_this_month)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {refused > 0 && (
        <Text size="sm" c="var(--quiet)" data-testid="refused">
          Refused today: {today.refused.map((row) => `${WHY[row.why] ?? label(row.why)} (${count(row.count)})`).join("; ")}.
        </Text>
      )}
    </section>
  );
}
