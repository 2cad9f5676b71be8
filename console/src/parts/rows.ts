// Made-up rows, the same each time.
import type { Column } from "$lib/table";

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly score: number;
  readonly seen_us: number;
  readonly level: "critical" | "high" | "medium" | "low" | "info";
}

const LEVELS = ["critical", "high", "medium", "low", "info"] as const;
const NOW_US = 1_795_690_000_000_000;

export const rows: readonly Row[] = Array.from({ length: 100_000 }, (_, at) => ({
  id: `row-${at}`, name: `host-${at}.example.com`, score: (at * 7919) % 10_007, seen_us: NOW_US - at * 61_000_000, level: LEVELS[at % 5] ?? "info",
}));

export const columns: readonly Column<Row>[] = [
  { key: "name", title: "α", value: (row) => row.name, width: "minmax(180px, 2fr)" },
  { key: "level", title: "β", value: (row) => row.level, width: "110px" },
  { key: "score", title: "γ", value: (row) => row.score, width: "90px", end: true },
  { key: "seen", title: "δ", value: (row) => row.seen_us, width: "140px", wide: true },
];
