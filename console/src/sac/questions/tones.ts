// Tones of how a question stands and of what a member said.
type Tone = "plain" | "accent" | "good" | "medium" | "high";

const STANDS: Readonly<Record<string, Tone>> = { waits: "medium", open: "accent", answered: "good" };
const SAYS: Readonly<Record<string, Tone>> = { met: "high", not_met: "good", declined: "medium" };

export const standTone = (stand: string): Tone => STANDS[stand] ?? "plain";
export const sayTone = (says: string): Tone => SAYS[says] ?? "plain";
