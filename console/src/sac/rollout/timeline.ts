// Plan against fact, a line for each actor: marks with the number of their state, the plan above, fact below.
import type { Draw, Told } from "$lib/chart";
import { say } from "$lib/words";
import { inWords, nameOf, onMs, type Planned, type Stand } from "./what";

export const ACTORS_MAX = 60;
export const heightOf = (actors: number): number => 86 + actors * 40;

interface Names {
  plan: string;
  fact: string;
  overdue: string;
  today: string;
}

const overdue = (one: Planned, today: number): boolean => one.reached_day === null && one.day !== null && one.day < today;

function marks(actors: readonly Stand[], day: (one: Planned) => number | null) {
  return actors.flatMap((actor, y) =>
    actor.path.flatMap((one, at) => {
      const on = day(one);
      return on === null ? [] : [{ value: [onMs(on), y], name: `${nameOf(actor)}: ${say(one.says)}, ${inWords(on)}`, number: String(at + 1) }];
    }),
  );
}

export function timeline(actors: readonly Stand[], today: number, names: Names, narrow: boolean): Draw {
  return (by) => {
    const label = { show: true, fontSize: 10, formatter: (told: { data: { number: string } }) => told.data.number };
    const plan = { type: "scatter", symbolSize: 15, symbolOffset: [0, -10] };
    return {
      useUTC: true,
      grid: { left: 8, right: 20, top: 42, bottom: 8, containLabel: true },
      legend: {},
      tooltip: { trigger: "item", formatter: (told: { name: string }) => told.name },
      xAxis: { type: "time", boundaryGap: ["3%", "3%"], splitLine: { show: false }, axisLabel: { color: by.dim, hideOverlap: true, formatter: (value: number) => inWords(Math.floor(value / 86_400_000)) } },
      yAxis: {
        type: "category", inverse: true, data: actors.map(nameOf), splitLine: { show: true, lineStyle: { color: by.line, opacity: 0.7 } }, axisTick: { show: false },
        axisLabel: { color: by.dim, width: narrow ? 90 : 190, overflow: "truncate" },
      },
      series: [
        {
          ...plan, name: names.plan, color: by.accent, data: marks(actors, (one) => (overdue(one, today) ? null : one.day)), symbol: "circle",
          itemStyle: { color: by.surface, borderColor: by.accent, borderWidth: 1.5 }, label: { ...label, color: by.text },
          markLine: {
            silent: true, symbol: "none", lineStyle: { color: by.text, type: "dashed" }, label: { formatter: names.today, color: by.dim, position: "start" },
            data: [{ xAxis: onMs(today) }],
          },
        },
        {
          ...plan, name: names.overdue, color: by.critical, data: marks(actors, (one) => (overdue(one, today) ? one.day : null)), symbol: "triangle", symbolSize: 18,
          itemStyle: { color: by.surface, borderColor: by.critical, borderWidth: 1.5 }, label: { ...label, color: by.text, offset: [0, 2] },
        },
        {
          type: "scatter", name: names.fact, color: by.accent, symbol: "roundRect", symbolSize: 14, symbolOffset: [0, 10], data: marks(actors, (one) => one.reached_day),
          label: { ...label, color: by.surface },
        },
      ],
    };
  };
}

/** The same as rows. ``header``: actor, state, planned first, planned, reached. */
export const timelineTold = (actors: readonly Stand[], header: readonly string[]): Told => ({
  header,
  rows: actors.flatMap((actor) =>
    actor.path
      .filter((one) => one.day !== null || one.reached_day !== null)
      .map((one) => [nameOf(actor), say(one.says), ...[one.first_day, one.day, one.reached_day].map((day) => (day === null ? "" : inWords(day)))]),
  ),
});

/** Whether there is anything of it to draw. */
export const drawable = (actor: Stand): boolean => actor.path.some((one) => one.day !== null || one.reached_day !== null);
