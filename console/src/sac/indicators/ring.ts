// Where the members of a ring lie, and how each looks at a moment of a release.
import type { components } from "$api/sac";

export type Lit = components["schemas"]["LitShape"];
export type LitActor = components["schemas"]["LitActor"];
export const SIDE = 400;
const MIDDLE = SIDE / 2;
const RADIUS = 128;
const NAMES_MAX = 24;

export interface Place { one: LitActor; x: number; y: number; textX: number; textY: number; anchor: "start" | "middle" | "end"; named: boolean; size: number }

/** Members around the ring by their name, so that nobody moves while it lights up. */
export function placed(actors: readonly LitActor[]): Place[] {
  const sorted = [...actors].sort((a, b) => a.actor.localeCompare(b.actor));
  const size = Math.max(4, Math.min(13, (Math.PI * RADIUS) / Math.max(1, sorted.length) - 1.5));
  return sorted.map((one, index) => {
    const angle = (2 * Math.PI * index) / sorted.length - Math.PI / 2;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const anchor = Math.abs(cos) < 0.2 ? "middle" : cos > 0 ? "start" : "end";
    const away = RADIUS + size + 9;
    return {
      one, anchor, size, named: sorted.length <= NAMES_MAX,
      x: MIDDLE + RADIUS * cos, y: MIDDLE + RADIUS * sin, textX: MIDDLE + away * cos, textY: MIDDLE + away * sin + 4,
    };
  });
}

/** The moments at which a block took hold, in order; several members may share one. */
export const moments = (lit: Lit): number[] => [...new Set(lit.actors.flatMap((one) => (one.lit_us === null ? [] : [one.lit_us])))].sort((a, b) => a - b);

/** How many are lit when so many moments have been. */
export const shines = (one: LitActor, until_us: number): boolean => one.lit_us !== null && one.lit_us <= until_us;
