// What a member is to the pages.
import type { components } from "$api/sac";

export type Row = components["schemas"]["MemberRow"];
export type Whole = components["schemas"]["MemberWhole"];
export type Token = components["schemas"]["Token"];

export const KINDS = ["region", "municipality", "supplier", "agency", "clinic", "it-centre", "other"] as const;
export const STATES = ["active", "invited", "suspended", "revoked"] as const;
const TONES = { active: "good", invited: "accent", suspended: "medium", revoked: "plain" } as const;
export const stateTone = (state: string) => TONES[state as keyof typeof TONES] ?? "plain";
