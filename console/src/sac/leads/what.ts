// What leads' pages share: types of the API, addends in order, and the picture of what hangs together.
import type { components } from "$api/sac";
import type { Draw, Told } from "$lib/chart";
import type { Edge, Kind, Node } from "$lib/graph";
import { decimal } from "$lib/numbers";
import { short } from "$lib/time";
import { say, type Said } from "$lib/words";

type Schemas = components["schemas"];
export type Summary = Schemas["LeadSummary"];
export type Lead = Schemas["LeadShown"];
export type Choices = Schemas["CaseChoices"];
export type Amount = Schemas["Amount"];

export const TYPES = ["domain", "ip4", "ip6", "ja3", "ja4", "cert", "sha256", "fp-pair", "chain"] as const;

export const signed = (amount: number): string => (amount > 0 ? "+" : amount < 0 ? "−" : "") + decimal(Math.abs(amount), 2);

/** The name of an addend: "function:surgery" is a function. */
export function nameOf(amount: Amount, terms: Readonly<Record<string, string>>): string {
  const [kind = ""] = amount.name.split(":");
  const name = terms[kind] ?? kind;
  return amount.of ? `${name}: ${say(amount.of)}` : name;
}

interface Step {
  readonly name: string;
  readonly amount: number;
  readonly why: Said | null;
  /** Where the bar begins, and whether it is a sum. */
  readonly from: number;
  readonly sum: boolean;
}

/** Every addend, with the score and the priority as sums between them. */
export function steps(lead: Lead, terms: Readonly<Record<string, string>>, score: string, priority: string): Step[] {
  const made: Step[] = [];
  let at = 0;
  for (const one of lead.terms) {
    made.push({ name: nameOf(one, terms), amount: one.amount, why: one.why, from: at, sum: false });
    at += one.amount;
  }
  made.push({ name: score, amount: lead.score, why: null, from: 0, sum: true });
  at = lead.score;
  for (const one of lead.reasons) {
    made.push({ name: nameOf(one, terms), amount: one.amount, why: one.why, from: at, sum: false });
    at += one.amount;
  }
  if (lead.reasons.length) made.push({ name: priority, amount: lead.priority, why: null, from: 0, sum: true });
  return made;
}

export function waterfall(all: readonly Step[]): Draw {
  return (by) => ({
    grid: { left: 8, right: 52, top: 6, bottom: 4, containLabel: true },
    xAxis: { type: "value" },
    yAxis: { type: "category", inverse: true, data: all.map((one) => one.name) },
    tooltip: {
      trigger: "axis", axisPointer: { type: "none" },
      formatter: (given: readonly { dataIndex: number }[]) => {
        const one = all[given[0]?.dataIndex ?? 0];
        return one ? `${one.name} ${signed(one.amount)}${one.why ? `\n${say(one.why).replace(/(.{60}\S*)\s/g, "$1\n")}` : ""}` : "";
      },
    },
    series: [
      { type: "bar", stack: "all", silent: true, itemStyle: { color: "transparent" }, data: all.map((one) => Math.min(one.from, one.from + one.amount)) },
      {
        type: "bar", stack: "all", barMaxWidth: 18,
        label: { show: true, position: "right", color: by.text, formatter: (one: { dataIndex: number }) => signed(all[one.dataIndex]?.amount ?? 0) },
        data: all.map((one) => ({
          value: Math.abs(one.amount),
          itemStyle: { color: one.sum ? by.dim : one.amount >= 0 ? by.series[0] : by.series[1], decal: one.amount < 0 ? { symbol: "line", dashArrayX: [1, 0], dashArrayY: [3, 3], rotation: 0.8 } : undefined },
        })),
      },
    ],
  });
}

export const waterfallTold = (all: readonly Step[], header: readonly string[]): Told => ({
  header, rows: all.map((one) => [one.name, Number(one.amount.toFixed(3)), one.why ? say(one.why) : ""]),
});

interface Seen {
  readonly actor: string;
  readonly from: number;
  readonly to: number;
}

/** One bar an actor, from the first hour to the last, in the order in which they saw it. */
export function seen(lead: Lead): Seen[] {
  const by = new Map<string, Seen>();
  for (const one of lead.reports) {
    const known = by.get(one.actor);
    by.set(one.actor, {
      actor: one.actor, from: Math.min(known?.from ?? one.first_us, one.first_us), to: Math.max(known?.to ?? 0, one.last_us + 3_600_000_000),
    });
  }
  return [...by.values()].sort((one, other) => one.from - other.from || one.actor.localeCompare(other.actor));
}

const HOUR_US = 3_600_000_000;
const STEPS_H = [1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 720] as const;

export function timeline(all: readonly Seen[]): Draw {
  const least = Math.floor(Math.min(...all.map((one) => one.from)) / HOUR_US) * HOUR_US;
  const hours = (Math.max(...all.map((one) => one.to)) - least) / HOUR_US;
  const step = (STEPS_H.find((one) => hours / one <= 5) ?? 720) * HOUR_US;
  return (by) => ({
    grid: { left: 8, right: 18, top: 6, bottom: 4, containLabel: true },
    xAxis: { type: "value", min: 0, interval: step, axisLabel: { formatter: (at: number) => short(least + at), hideOverlap: true, color: by.dim } },
    yAxis: { type: "category", inverse: true, data: all.map((one) => one.actor) },
    tooltip: {
      trigger: "axis", axisPointer: { type: "none" },
      formatter: (given: readonly { dataIndex: number }[]) => {
        const one = all[given[0]?.dataIndex ?? 0];
        return one ? `${one.actor}\n${short(one.from)} – ${short(one.to)}` : "";
      },
    },
    series: [
      { type: "bar", stack: "all", silent: true, itemStyle: { color: "transparent" }, data: all.map((one) => one.from - least) },
      { type: "bar", stack: "all", barMaxWidth: 14, itemStyle: { color: by.series[0], borderRadius: 3 }, data: all.map((one) => one.to - one.from) },
    ],
  });
}

type Neighbours = Schemas["NeighboursShown"];
export interface Picture {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

const KIND: Readonly<Record<string, Kind>> = {
  domain: "domain", ip4: "address", ip6: "address", cert: "certificate", ja3: "client", ja4: "client", "fp-pair": "client", sha256: "file",
  chain: "technique",
};
const kindOf = (kind: string, type: string): Kind => (kind === "element" ? (KIND[type] ?? "file") : (kind as Kind));

/** The picture of a lead as it begins: who reports what, and what its elements have to do with each other. */
export const pictured = (lead: Lead, words: { reportsOf: string; story: string; network: string }): Picture => ({
  nodes: lead.nodes.map((one) => ({ id: one.id, name: one.label, kind: kindOf(one.kind, one.type), grows: true })),
  edges: lead.edges.map((one) => ({
    from: one.source, to: one.target, line: one.kind === "story" ? "dashed" : one.kind === "network" ? "dotted" : "solid",
    name: one.kind === "story" ? words.story : one.kind === "network" ? words.network : words.reportsOf,
  })),
});

/** The same with what stands next to one of its things; that has been asked now, and grows no more. */
export function grown(picture: Picture, of: string, near: Neighbours): Picture {
  const there = new Set(picture.nodes.map((one) => one.id));
  const tied = new Set(picture.edges.flatMap((one) => [`${one.from}\n${one.to}`, `${one.to}\n${one.from}`]));
  const added = near.things.filter((one) => !there.has(one.id)).map((one): Node => ({
    id: one.id, name: one.label, kind: kindOf(one.kind, one.type), grows: true, ...(one.says ? { note: say(one.says) } : {}),
  }));
  return {
    nodes: [...picture.nodes.map((one) => (one.id === of ? { ...one, grows: false } : one)), ...added],
    edges: [...picture.edges, ...near.things.filter((one) => !tied.has(`${of}\n${one.id}`)).map((one): Edge => ({ from: of, to: one.id }))],
  };
}
