/** Tables that fit the terminal: columns that matter least go first, then the widest text is cut. */
import { cut, oneLine, widthOf } from "./text-width.ts";

export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  /** Applied after the text was cut. */
  paint?(text: string, row: Row): string;
  readonly isNumber?: true;
  /** Left out where there is no room, the highest first; without it the column stays. */
  readonly rank?: number;
}

const GAP = "  ";
/** What is left of a wide text before another column is left out for it. */
const SQUEEZED = 14;

interface Kept<Row> {
  readonly column: Column<Row>;
  readonly texts: readonly string[];
  readonly width: number;
}

/**
 * @param width of the terminal; undefined leaves every text whole, as programs want it.
 * @returns a line for the titles and one for each row.
 */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number | undefined,
): string[] {
  const whole = columns.map((column): Kept<Row> => {
    const texts = rows.map((row) => oneLine(column.text(row)) || "-");
    return { column, texts, width: Math.max(...[column.title, ...texts].map(widthOf)) };
  });
  const kept = width === undefined ? whole : squeezed(chosen(whole, width), width);
  const line = (textOf: (one: Kept<Row>) => string, row?: Row) =>
    kept
      .map((one) => cell(one, textOf(one), row))
      .join(GAP)
      .trimEnd();
  return [
    line(({ column }) => column.title),
    ...rows.map((row, index) => line(({ texts }) => texts[index] ?? "", row)),
  ];
}

const roomOf = (widths: readonly number[]): number =>
  widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));

/** Leaves out what matters least, until the rest fits with its wide texts cut. */
function chosen<Row>(all: readonly Kept<Row>[], width: number): readonly Kept<Row>[] {
  const least = ({ column, width: own }: Kept<Row>) =>
    column.isNumber ? own : Math.min(own, SQUEEZED);
  let kept = all;
  while (roomOf(kept.map(least)) > width) {
    const highest = Math.max(...kept.map(({ column }) => column.rank ?? 0));
    if (highest === 0) break;
    kept = kept.filter(({ column }) => column.rank !== highest);
  }
  return kept;
}

/** Takes what is too much from the widest, column by column. */
function squeezed<Row>(kept: readonly Kept<Row>[], width: number): readonly Kept<Row>[] {
  const widths = kept.map((one) => one.width);
  for (let rest = roomOf(widths) - width; rest > 0; rest--) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = Math.max(1, (widths[widest] ?? 1) - 1);
  }
  return kept.map((one, index) => ({ ...one, width: widths[index] ?? one.width }));
}

function cell<Row>({ column, width }: Kept<Row>, text: string, row: Row | undefined): string {
  const shown = cut(text, width);
  const blanks = " ".repeat(Math.max(0, width - widthOf(shown)));
  const painted = row === undefined ? shown : (column.paint?.(shown, row) ?? shown);
  return column.isNumber ? blanks + painted : painted + blanks;
}

/** Names and values below each other, the values beginning at one column. */
export function facts(pairs: readonly (readonly [string, string | undefined])[]): string[] {
  const told = pairs.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(0, ...told.map(([name]) => widthOf(name)));
  return told.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}
