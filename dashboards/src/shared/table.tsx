import { UnstyledButton, VisuallyHidden } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconArrowsSort } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, memo, type ReactNode, useMemo, useRef, useState } from "react";
import classes from "./table.module.css";

export interface Column<Row> {
  key: string;
  title: string;
  /** the heading is read out, not shown */
  hiddenTitle?: boolean;
  /** CSS width of the column; one column without a width takes what is left */
  width?: string;
  /** its width in a table on a phone */
  narrow?: string;
  /** left out where the table is narrower: the cell must be said elsewhere then */
  from?: "medium" | "wide";
  sort?: (row: Row) => number | string;
  render: (row: Row) => ReactNode;
}

export interface Sorting {
  key: string;
  down: boolean;
}

interface Props<Row> {
  /** what the table is, for those who hear it; must be stable, like the columns */
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  sorted: Sorting;
  empty: ReactNode;
  height: string;
  rowHeight?: number;
  testId: string;
}

/**
 * A real table of which only the rows in view exist: 500 agents cost as much as 15. Rows above
 * and below are two tall empty rows; screen readers get the true count and index.
 */
export function LiveTable<Row extends { id: string }>(props: Props<Row>) {
  const { columns, rows, rowHeight = 44 } = props;
  const [sorting, setSorting] = useState(props.sorted);
  const scroller = useRef<HTMLDivElement>(null);
  const ordered = useMemo(() => inOrder(rows, columns, sorting), [rows, columns, sorting]);
  const virtual = useVirtualizer({
    count: ordered.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => ordered[index]?.id ?? index,
    overscan: 6,
  });
  const items = virtual.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);

  return (
    <div
      ref={scroller}
      className={classes.scroller}
      style={{ maxHeight: props.height }}
      tabIndex={0}
      role="region"
      aria-label={props.caption}
      data-testid={props.testId}
    >
      <table className={classes.table} aria-rowcount={ordered.length + 1}>
        <caption>
          <VisuallyHidden>{props.caption}</VisuallyHidden>
        </caption>
        <colgroup>
          {columns.map((column) => (
            <col key={column.key} className={`${classes.col} ${from(column) ?? ""}`} style={widths(column)} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Heading key={column.key} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr aria-hidden style={{ height: above }} />}
          {items.map((item) => {
            const row = ordered[item.index];
            return (
              row && <Line key={row.id} row={row} columns={columns} index={item.index} height={rowHeight} />
            );
          })}
          {below > 0 && <tr aria-hidden style={{ height: below }} />}
        </tbody>
      </table>
      {ordered.length === 0 && <div className={classes.empty}>{props.empty}</div>}
    </div>
  );
}

function Heading<Row>(props: {
  column: Column<Row>;
  sorting: Sorting;
  onSort: (sorting: Sorting) => void;
}) {
  const { column, sorting } = props;
  const mine = sorting.key === column.key;
  const Icon = !mine ? IconArrowsSort : sorting.down ? IconArrowDown : IconArrowUp;
  return (
    <th
      scope="col"
      className={from(column)}
      aria-sort={mine ? (sorting.down ? "descending" : "ascending") : undefined}
    >
      {column.hiddenTitle ? (
        <VisuallyHidden>{column.title}</VisuallyHidden>
      ) : column.sort ? (
        <UnstyledButton
          className={classes.sort}
          onClick={() => props.onSort({ key: column.key, down: mine && !sorting.down })}
        >
          {column.title}
          <Icon size={13} aria-hidden className={mine ? undefined : classes.faint} />
        </UnstyledButton>
      ) : (
        column.title
      )}
    </th>
  );
}

const Line = memo(function Line<Row extends { id: string }>(props: {
  row: Row;
  columns: readonly Column<Row>[];
  index: number;
  height: number;
}) {
  return (
    <tr aria-rowindex={props.index + 2} style={{ height: props.height }} data-row={props.row.id}>
      {props.columns.map((column, nth) =>
        nth === 0 ? (
          <th key={column.key} scope="row" className={from(column)}>
            {column.render(props.row)}
          </th>
        ) : (
          <td key={column.key} className={from(column)}>
            {column.render(props.row)}
          </td>
        ),
      )}
    </tr>
  );
}) as <Row extends { id: string }>(props: {
  row: Row;
  columns: readonly Column<Row>[];
  index: number;
  height: number;
}) => ReactNode;

function widths<Row>(column: Column<Row>): CSSProperties {
  return { "--width": column.width ?? "auto", "--narrow": column.narrow } as CSSProperties;
}

function from<Row>(column: Column<Row>): string | undefined {
  return column.from === undefined ? undefined : classes[column.from];
}

// "Line 2" before "Line 10"
const names = new Intl.Collator(undefined, { numeric: true });

function inOrder<Row extends { id: string }>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sorting: Sorting,
): readonly Row[] {
  const by = columns.find((column) => column.key === sorting.key)?.sort;
  if (by === undefined) return rows;
  const sign = sorting.down ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: by(row) }));
  keyed.sort((a, b) => {
    const order =
      typeof a.key === "string" && typeof b.key === "string"
        ? names.compare(a.key, b.key)
        : Number(a.key) - Number(b.key);
    // equal rows keep their places from patch to patch
    return order * sign || (a.row.id < b.row.id ? -1 : 1);
  });
  return keyed.map(({ row }) => row);
}
