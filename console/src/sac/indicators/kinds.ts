// What an indicator is to the pages: its types of the API, tones of its states, choices of its filters.
import type { components } from "$api/sac";

export type Row = components["schemas"]["IndicatorRow"];
export type Page = components["schemas"]["Indicators"];
export type Whole = components["schemas"]["IndicatorWhole"];
export type AtActor = components["schemas"]["AtActorShape"];
export type Tone = "plain" | "accent" | "good" | "low" | "medium" | "high" | "critical";

export const STATES = ["draft", "review", "approved", "released", "expired", "withdrawn"] as const;
export const TYPES = ["domain", "ip4", "ip6", "sha256", "ja3", "ja4", "cert", "fp-pair"] as const;
export const PAPS = ["AMBER", "GREEN", "CLEAR"] as const;
export const TLPS = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT"] as const;

const STATE_TONES: Readonly<Record<string, Tone>> = { draft: "plain", review: "medium", approved: "accent", released: "good", expired: "plain", withdrawn: "plain" };
const STAND_TONES: Readonly<Record<string, Tone>> = { held: "plain", waiting: "plain", queued: "medium", enforced: "good", partly: "medium", refused: "high", lifted: "plain" };

export const stateTone = (state: string): Tone => STATE_TONES[state] ?? "plain";
export const standTone = (stand: string): Tone => STAND_TONES[stand] ?? "plain";
export const worthTone = (worth: number): "good" | "medium" | "high" => (worth >= 60 ? "good" : worth >= 35 ? "medium" : "high");

/** Whether an act goes to the approvals of the API. */
export const needsApprover = (act: string): boolean => act === "approve" || act === "release" || act === "now";
