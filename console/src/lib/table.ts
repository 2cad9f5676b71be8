// What a table is told of its columns, and how it sorts.
import { locale } from "./words";

export type Cell = string | number | boolean | null | undefined;

export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** Of the title, where it is no word of ours: the name of a record's column. */
  readonly lang?: string;
  /** What sorts and is exported; also what is shown, where the table has no snippet for it. */
  readonly value: (row: T) => Cell;
  /** As in grid-template-columns: "110px", "minmax(160px, 2fr)". */
  readonly width?: string;
  /** At the right, for numbers. */
  readonly end?: boolean;
  readonly sort?: false;
  /** Left out on a phone. */
  readonly wide?: boolean;
  /** Hidden until the reader asks for it. */
  readonly off?: boolean;
}

export interface Order {
  readonly key: string;
  readonly down: boolean;
}

const collators = new Map<string, Intl.Collator>();

function collator(): Intl.Collator {
  let made = collators.get(locale());
  if (!made) collators.set(locale(), (made = new Intl.Collator(locale(), { numeric: true, sensitivity: "base" })));
  return made;
}

/** In order of a column; rows without a value come last either way. Keeps the order of equals. */
export function sorted<T>(rows: readonly T[], columns: readonly Column<T>[], order: Order | null): readonly T[] {
  const column = order && columns.find((one) => one.key === order.key);
  if (!column) return rows;
  const compare = collator();
  const sign = order.down ? -1 : 1;
  const none = (cell: Cell): boolean => cell === null || cell === undefined || cell === "";
  return rows.toSorted((left, right) => {
    const [a, b] = [column.value(left), column.value(right)];
    if (none(a) || none(b)) return Number(none(a)) - Number(none(b));
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * compare.compare(String(a), String(b));
  });
}
