// The sector's word on something that was met here, as one sentence in the reader's language and days.
import type { components } from "$api/soc";
import { day } from "$lib/time";
import { words } from "$lib/words";
import en from "$words/soc/hits";

export type Word = components["schemas"]["ConfirmedShown"];
const w = words(en);

/** "Confirmed attack, blocked since 29 Nov 2026, met here 116 times from 1 machine, first on 22 Nov 2026" */
export function says(word: Word): string {
  const times = w().times(word.count);
  const met = !word.count ? w().notMet : word.hosts ? w().from(times, word.hosts) : w().met(times);
  const history = word.history ? [w().history(word.history)] : [];
  const parts = [w().stands[word.stands]?.(day(word.since_us)) ?? w().confirmed, met];
  return [...parts, ...history, ...(word.first_us === null ? [] : [w().first(day(word.first_us))])].join(", ");
}
