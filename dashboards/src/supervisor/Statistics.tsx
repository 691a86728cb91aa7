import { Alert, Anchor, Button, Center, Group, Loader, SegmentedControl, Text, TextInput, Title } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { clock, count, label, second, share, span } from "../shared/format";
import { type Column, LiveTable } from "../shared/table";
import type { QueueRow } from "../shared/wire";
import { DayChart } from "./DayChart";
import { percent } from "./ServiceLevel";
import classes from "./Statistics.module.css";
import { address, type By, type Line, type Report, useReport } from "./statistics";

const WHOSE: { value: By; label: string }[] = [
  { value: "queue", label: "Queues" },
  { value: "agent", label: "Agents" },
  { value: "tier", label: "Tiers" },
  { value: "channel", label: "Channels" },
];

const dash = "–";
const of = (value: number | null, as: (value: number) => string) => (value === null ? dash : as(value));

/** A day's figures: all in one line, one row for each, and each queue's day as a picture. */
export function Statistics({ queues }: { queues: readonly QueueRow[] }) {
  const [by, setBy] = useState<By>("queue");
  const [day, setDay] = useState("");
  const { report, failure, load } = useReport(by, day);
  return (
    <section aria-labelledby="statistics-title" className={classes.statistics} data-testid="statistics">
      <div className={classes.bar}>
        <Title order={2} size="h4" id="statistics-title">
          {day === "" ? "Today" : "One day"}
        </Title>
        <SegmentedControl
          size="xs"
          aria-label="Figures of"
          value={by}
          onChange={(value) => setBy(value as By)}
          data={WHOSE}
          data-testid="statistics-by"
        />
        <Group gap="xs" wrap="nowrap">
          <TextInput
            type="date"
            size="xs"
            aria-label="Day, in the time zone of the house; empty for today"
            value={day}
            onChange={(event) => setDay(event.currentTarget.value)}
            data-testid="statistics-day"
          />
          {day !== "" && (
            <Button size="xs" variant="default" onClick={() => setDay("")}>
              Today
            </Button>
          )}
        </Group>
        <Anchor href={address(by, day, "csv")} download size="sm" className={classes.csv} data-testid="statistics-csv">
          <IconDownload size={15} aria-hidden /> CSV
        </Anchor>
        <Text size="xs" c="var(--quiet)" className={classes.fresh} role="status">
          {report !== null && freshness(report, day)}
        </Text>
      </div>
      {failure !== null && (
        <Alert color="red" title="The figures could not be read" role="alert">
          {failure}{" "}
          <Anchor component="button" type="button" onClick={() => void load()}>
            Try again
          </Anchor>
        </Alert>
      )}
      {report !== null ? (
        <Figures report={report} by={by} queues={queues} />
      ) : (
        failure === null && (
          <Center h="30vh">
            <Loader aria-label="Loading the figures" />
          </Center>
        )
      )}
    </section>
  );
}

function freshness(report: Report, day: string): string {
  if (report.counted_at === null) return "Nothing was counted yet";
  return day === "" ? `Counted until ${second(report.counted_at)}` : `${report.time_zone}`;
}

function Figures({ report, by, queues }: { report: Report; by: By; queues: readonly QueueRow[] }) {
  const columns = useMemo(() => columnsOf(by), [by]);
  const named = useMemo(
    () => report.lines.map((line) => (by === "channel" ? { ...line, name: label(line.id) } : line)),
    [report, by],
  );
  const charted = by === "queue" || by === "channel";
  return (
    <>
      <Summary total={report.total} />
      <LiveTable
        key={by}
        caption={`Figures by ${by}`}
        columns={columns}
        rows={named}
        sorted={{ key: "name", down: false }}
        empty="Nothing happened on this day."
        height="60vh"
        testId="statistics-table"
      />
      {charted && (
        <div className={classes.charts}>
          {named.map((line) => (
            <DayChart
              key={line.id}
              name={line.name}
              intervals={(report.intervals ?? []).filter((each) => each.id === line.id)}
              from={Date.parse(report.from)}
              to={Math.max(Date.parse(report.to), Date.parse(report.from) + 24 * 3_600_000)}
              intervalMs={report.interval_s * 1000}
              target={by === "queue" ? queues.find((queue) => queue.id === line.id)?.target : undefined}
            />
          ))}
        </div>
      )}
    </>
  );
}

function Summary({ total: { counts, figures } }: { total: Line }) {
  return (
    <dl className={classes.summary} data-testid="statistics-total">
      <Figure name="Service level" value={of(figures.service_level, percent)} />
      <Figure name="Answered" value={count(counts.answered)} />
      <Figure name="Abandoned" value={count(counts.abandoned)} note={of(figures.abandonment, share)} />
      <Figure name="Avg. wait" value={of(figures.asa_ms, clock)} note={`longest ${clock(counts.longest_wait_ms)}`} />
      <Figure
        name="Avg. handling"
        value={of(figures.aht_ms, clock)}
        note={figures.mean_wrap_up_ms === null ? undefined : `${clock(figures.mean_wrap_up_ms)} of it wrap-up`}
      />
      <Figure
        name="Occupancy"
        value={of(figures.occupancy, share)}
        note={figures.utilisation === null ? undefined : `${share(figures.utilisation)} of signed-in time`}
      />
      <Figure
        name="Messages in time"
        value={of(figures.message_level, share)}
        note={messagesTold(counts)}
      />
      <Figure
        name="Waits told that held"
        value={of(figures.estimate_held, share)}
        note={figures.estimate_error_ms === null ? undefined : `off by ${span(figures.estimate_error_ms)} on average`}
      />
    </dl>
  );
}

function messagesTold({ messages, messages_overdue }: Line["counts"]): string {
  const left = `${count(messages)} left`;
  return messages_overdue > 0 ? `${left}, ${count(messages_overdue)} overdue` : left;
}

function Figure(props: { name: string; value: string; note?: string | undefined }) {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd>{props.value}</dd>
      {props.note !== undefined && props.note !== dash && <dd className={classes.note}>{props.note}</dd>}
    </div>
  );
}

function columnsOf(by: By): Column<Line>[] {
  const name: Column<Line> = {
    key: "name",
    title: WHOSE.find(({ value }) => value === by)?.label.slice(0, -1) ?? "",
    sort: (line) => line.name,
    render: (line) => line.name,
  };
  const number = (
    key: string,
    title: string,
    value: (line: Line) => number | null,
    as: (value: number) => string,
    width: string,
    from?: "medium" | "wide",
  ): Column<Line> => ({
    key,
    title,
    width,
    ...(from === undefined ? {} : { from }),
    sort: (line) => value(line) ?? -1,
    render: (line) => of(value(line), as),
  });
  const answered = number("answered", "Answered", (l) => l.counts.answered, count, "120px");
  const handling = number("aht", "Avg. handling", (l) => l.figures.aht_ms, clock, "150px", "medium");
  const wait = number("asa", "Avg. wait", (l) => l.figures.asa_ms, clock, "120px");
  if (by === "queue" || by === "channel") {
    return [
      name,
      number("level", "Service level", (l) => l.figures.service_level, percent, "140px"),
      answered,
      { ...wait, from: "medium" },
      number("longest", "Longest wait", (l) => l.counts.longest_wait_ms, clock, "140px", "wide"),
      number("abandonment", "Abandoned", (l) => l.figures.abandonment, share, "130px", "medium"),
      handling,
      number("bias", "Told too much", (l) => l.figures.estimate_bias_ms, signed, "140px", "wide"),
    ];
  }
  return [
    name,
    answered,
    number("occupancy", "Occupancy", (l) => l.figures.occupancy, share, "130px"),
    number("acceptance", "Accepted", (l) => l.figures.acceptance, share, "120px", "medium"),
    number("missed", "Missed", (l) => l.counts.offers_missed, count, "105px", "wide"),
    number("declined", "Declined", (l) => l.counts.offers_declined, count, "115px", "wide"),
    handling,
    number("wrapup", "Avg. wrap-up", (l) => l.figures.mean_wrap_up_ms, clock, "145px", "wide"),
  ];
}

function signed(ms: number): string {
  return ms < 0 ? `−${clock(-ms)}` : `+${clock(ms)}`;
}
