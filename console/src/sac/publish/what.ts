// A document as the API gives it: where its sources are to be seen, and what is drawn of a figure.
import type { components } from "$api/sac";
import type { Colours } from "$lib/colours";
import type { Draw, Told } from "$lib/chart";
import { href } from "$lib/router.svelte";
import { say } from "$lib/words";

type Schemas = components["schemas"];
export type Shown = Schemas["DocumentShown"];
export type Block = Schemas["BlockShown"];
export type Drawing = Schemas["FigureShown"];
export type Source = Schemas["SourceShown"];
export type Row = Schemas["EditionRow"];
export type Act = "approve" | "publish" | "archive" | "withdraw";

/** How a command of the centre begins -> the page that shows the same. */
const PAGES: readonly (readonly [string, string])[] = [
  ["bavn centre cases", "/cases"], ["bavn centre leads", "/leads"], ["bavn centre indicators", "/indicators"], ["bavn centre members", "/members"],
  ["bavn centre counts", "/rounds?tab=counts"], ["bavn centre clock", "/protection?tab=clocks"], ["bavn centre partner list", "/partners"],
  ["bavn centre source usefulness", "/sources"], ["bavn centre questions", "/questions"], ["bavn centre threat", "/publications?tab=threats"],
];

/** The page that shows a source, if one does. */
export function place(source: Source): string | null {
  if (source.kind === "case") return href("/cases/:id", { id: source.ref });
  if (source.kind === "lead") return href("/leads/:id", { id: source.ref });
  if (source.kind === "indicator") return href("/indicators/:id", { id: source.ref });
  if (source.kind === "count") return "/rounds?tab=counts";
  const played = source.kind === "query" && /^bavn centre exercise show (exercise-[0-9a-f]{16})$/.exec(source.ref)?.[1];
  if (played) return href("/exercises/:id", { id: played });
  if (source.kind === "query") return PAGES.find(([begin]) => source.ref.startsWith(begin))?.[1] ?? null;
  return null;
}

export const tone = (state: string): "plain" | "medium" | "accent" | "good" =>
  state === "published" ? "good" : state === "approved" ? "accent" : state === "draft" || state === "edited" ? "medium" : "plain";

export const levelTone = (level: number | null): "plain" | "low" | "medium" | "high" | "critical" =>
  level === null ? "plain" : level > 3 ? "critical" : level > 2 ? "high" : level > 1 ? "medium" : "low";

export const told = (figure: Drawing): Told => ({
  header: figure.columns.map(say), rows: figure.rows.map((row) => [say(row.label), ...row.cells.map(say)]),
});

const labels = (figure: Drawing): string[] => figure.rows.map((row) => say(row.label));
const named = (figure: Drawing, by: Colours): object => ({
  type: "category", inverse: true, data: labels(figure), axisLabel: { width: 170, overflow: "truncate", color: by.dim },
});

function bars(figure: Drawing): Draw {
  const many = figure.names.length > 1;
  return (by) => ({
    grid: { left: 8, right: 18, top: many ? 34 : 8, bottom: 22, containLabel: true },
    legend: many ? { type: "plain" } : undefined,
    xAxis: { type: "value", name: say(figure.unit), nameLocation: "middle", nameGap: 24 },
    yAxis: named(figure, by),
    tooltip: {},
    series: figure.names.map((name, at) => ({
      name: say(name), type: "bar", stack: "all", barMaxWidth: 16, data: figure.rows.map((row) => row.values[at] ?? null),
    })),
  });
}

function heat(figure: Drawing): Draw {
  const cells = figure.rows.flatMap((row, y) => row.values.flatMap((value, x) => (value === null ? [] : [[x, y, Math.round(value)]])));
  return (by) => ({
    xAxis: { type: "category", data: figure.names.map(say), splitArea: { show: false } },
    yAxis: named(figure, by),
    tooltip: {},
    visualMap: {
      show: false, min: 0, max: Math.max(1, ...cells.map((cell) => cell[2] ?? 0)), inRange: { color: [by.surface, by.series[0]] },
    },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: by.line, borderWidth: 1 } }],
  });
}

function levels(figure: Drawing, names: readonly string[]): Draw {
  return (by) => {
    const colours = [by.good, by.low, by.medium, by.high, by.critical];
    return {
      grid: { left: 8, right: 24, top: 8, bottom: 8, containLabel: true },
      xAxis: { type: "value", min: -0.5, max: 4.5, interval: 0.5, splitLine: { show: false }, axisTick: { show: false },
        axisLabel: { color: by.dim, hideOverlap: false, formatter: (value: number) => (Number.isInteger(value) ? (names[value] ?? "") : "") } },
      yAxis: named(figure, by),
      series: [
        { type: "scatter", symbol: "roundRect", symbolSize: [36, 14], data: figure.rows.map((row, y) => {
          const level = row.values[0];
          return level === null || level === undefined ? null : { value: [level, y], itemStyle: { color: colours[Math.round(level)] } };
        }).filter((one) => one !== null) },
      ],
    };
  };
}

/** Steps of each measure of the benchmark (bavn/centre/publish/measures.py). */
const STEPS = 8;

/** Values are pairs, first and last step: each pair a thin band, behind it nothing to see. */
function strips(figure: Drawing): Draw {
  const pairs = Array.from({ length: Math.floor(figure.names.length / 2) }, (_, at) => at);
  const name = (at: number): string => { const from = figure.names[2 * at]; return from ? say(from).replace(/ \S+$/, "") : ""; };
  const first = (row: Drawing["rows"][number], at: number): number | null => row.values[2 * at] ?? null;
  const wide = (row: Drawing["rows"][number], at: number): number | null => {
    const [from, to] = [row.values[2 * at] ?? null, row.values[2 * at + 1] ?? null];
    return from === null || to === null ? null : to - from + 1;
  };
  return (by) => ({
    grid: { left: 8, right: 18, top: 34, bottom: 22, containLabel: true },
    legend: { type: "plain", data: pairs.map(name) },
    xAxis: { type: "value", min: 0, max: STEPS, interval: 1, axisLabel: { show: false }, name: say(figure.unit), nameLocation: "middle", nameGap: 10 },
    yAxis: named(figure, by),
    series: pairs.flatMap((at) => [
      { type: "bar", stack: `pair${String(at)}`, silent: true, barMaxWidth: 6, itemStyle: { color: "transparent" }, data: figure.rows.map((row) => first(row, at)) },
      { name: name(at), type: "bar", stack: `pair${String(at)}`, barMaxWidth: 6, itemStyle: { color: by.series[at] }, data: figure.rows.map((row) => wide(row, at)) },
    ]),
  });
}

/** What is drawn, or null where only the table says it. */
export function drawn(figure: Drawing, names: readonly string[]): Draw | null {
  if (figure.drawn === "table" || !figure.rows.some((row) => row.values.some((value) => value !== null))) return null;
  if (figure.drawn === "strips") return strips(figure);
  return figure.drawn === "heat" ? heat(figure) : figure.drawn === "levels" ? levels(figure, names) : bars(figure);
}

/** Pixels. */
export const heightOf = (figure: Drawing): number => 76 + figure.rows.length * 24;
