// What the overview shows of the clock of released indicators, step by step.
import type { components } from "$api/sac";
import { say } from "$lib/words";

type Schemas = components["schemas"];
export type Overview = Schemas["SectorOverview"];
export type Threat = Schemas["ThreatShown"];
export type Tile = Schemas["Tile"];
export type Campaign = Schemas["CampaignShown"];
export type Clock = Schemas["ClockShown"];

/** The steps that have happened, each with the time since the one before it. */
export function waits(clock: Clock): { name: string; title: string; us: number }[] {
  const known = clock.steps.filter((one) => one.at_us !== null);
  return known.slice(1).map((one, index) => ({ name: one.name, title: say(one.says), us: Math.max(0, (one.at_us ?? 0) - (known[index]?.at_us ?? 0)) }));
}
