// What the overview draws: the clock of released indicators, step by step.
import type { components } from "$api/sac";
import type { Draw, Told } from "$lib/chart";
import { full, span } from "$lib/time";
import { say } from "$lib/words";

type Schemas = components["schemas"];
export type Overview = Schemas["SectorOverview"];
export type Threat = Schemas["ThreatShown"];
export type Tile = Schemas["Tile"];
export type Campaign = Schemas["CampaignShown"];
export type Clock = Schemas["ClockShown"];

const UNITS: readonly (readonly [keyof Units, number])[] = [["seconds", 1e6], ["minutes", 60e6], ["hours", 3600e6], ["days", 86_400e6]];
type Units = Readonly<Record<"seconds" | "minutes" | "hours" | "days", string>>;

/** The largest unit of which the longest way has two or more. */
const unit = (longest_us: number): readonly [keyof Units, number] => UNITS.findLast(([, us]) => longest_us >= 2 * us) ?? ["seconds", 1e6];

/** The steps that have happened, each with the time since the one before it. */
export function waits(clock: Clock): { name: string; title: string; us: number }[] {
  const known = clock.steps.filter((one) => one.at_us !== null);
  return known.slice(1).map((one, index) => ({ name: one.name, title: say(one.says), us: Math.max(0, (one.at_us ?? 0) - (known[index]?.at_us ?? 0)) }));
}

export function clocks(all: readonly Clock[], units: Units): Draw {
  const names = [...new Map(all.flatMap((one) => one.steps.slice(1).map((step) => [step.name, say(step.says)]))).entries()];
  const by_step = all.map((one) => new Map(waits(one).map((wait) => [wait.name, wait.us])));
  const [named, size] = unit(Math.max(0, ...by_step.map((one) => [...one.values()].reduce((sum, us) => sum + us, 0))));
  return (by) => ({
    grid: { left: 8, right: 18, top: 44, bottom: 22, containLabel: true },
    legend: { type: "plain" },
    xAxis: { type: "value", name: units[named], nameLocation: "middle", nameGap: 24 },
    yAxis: { type: "category", inverse: true, data: all.map((one) => one.observable), axisLabel: { width: 150, overflow: "truncate", color: by.dim } },
    tooltip: {
      formatter: (given: { seriesIndex: number; dataIndex: number }) => {
        const name = names[given.seriesIndex];
        const us = name ? by_step[given.dataIndex]?.get(name[0]) : undefined;
        return name && us !== undefined ? `${all[given.dataIndex]?.observable}\n${name[1]}: ${span(us)}` : "";
      },
    },
    series: names.map(([name, title]) => ({
      name: title, type: "bar", stack: "all", barMaxWidth: 16, data: by_step.map((one) => (one.get(name) ?? 0) / size),
    })),
  });
}

export const clocksTold = (all: readonly Clock[], header: string): Told => {
  const steps = all[0]?.steps ?? [];
  return {
    header: [header, ...steps.map((one) => say(one.says))],
    rows: all.map((one) => [one.observable, ...one.steps.map((step) => (step.at_us === null ? "" : full(step.at_us)))]),
  };
};
