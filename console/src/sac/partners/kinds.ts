// What partners, sources and proposals are to the pages.
import type { components } from "$api/sac";

export type Partner = components["schemas"]["PartnerRow"];
export type Source = components["schemas"]["SourceRow"];
export type Proposal = components["schemas"]["ProposalRow"];
type Tone = "plain" | "accent" | "good" | "medium" | "high";

const TONES: Readonly<Record<string, Tone>> = { in_force: "good", active: "good", suspended: "high", over: "medium", proposed: "accent", case: "good" };
export const tone = (stand: string): Tone => TONES[stand] ?? "plain";
