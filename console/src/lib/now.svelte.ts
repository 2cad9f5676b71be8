// The reader's clock, ticking twice a minute: one timer for the whole page.
const TICK_MS = 30_000;
let at = $state(Date.now());
setInterval(() => (at = Date.now()), TICK_MS);

/** Milliseconds since 1970 UTC. */
export const now = (): number => at;
