// An attack told again, as both consoles' APIs give it; its sentences as one text, and its steps as a replay draws them.
import { nameOf, words } from "$lib/gettext.svelte";
import { minute, short } from "$lib/time";
import type { Said } from "$lib/words";
import type { components } from "$api/sac";
import en from "$words/both/story";

export type Story = components["schemas"]["StoryShape"];
export type Replay = components["schemas"]["ReplayShape"];
export type Step = components["schemas"]["ReplayStepShape"];
export type Stand = components["schemas"]["ReplayStandShape"];
export type Strip = components["schemas"]["StripShape"];
export type Kind = Stand["kind"];
export type Place = (kind: string, ref: string) => string;

const HOUR_US = 3_600_000_000;
const w = words(en);

/** In this language, else in English, whatever the page is in. */
export const inLang = (text: Said, lang: string): string => text[lang] ?? text.en;

export const paragraph = (story: Story, lang: string): string => story.sentences.map((one) => inLang(one.text, lang)).join(" ");

/** The languages that all of its sentences are in, the reader's first; English and Danish always. */
export function tongues(story: Story, mine: string): { lang: string; name: string }[] {
  const [one, ...rest] = story.sentences.map((sentence) => Object.keys(sentence.text));
  const all = (one ?? ["en", "da"]).filter((lang) => rest.every((has) => has.includes(lang)));
  const first = all.includes(mine) ? mine : "en";
  return [first, ...all.filter((lang) => lang !== first)].map((lang) => ({ lang, name: nameOf(lang) }));
}

/** "22 Nov, 14:00 to 15:00" where only the hour is known. */
export const when = (step: Step): string => (step.by_hour ? w().hour(short(step.at_us), minute(step.at_us + HOUR_US)) : short(step.at_us));

/** How an actor stands after a step: the last that is said of it until then. */
export const standing = (stands: readonly Stand[], step: number): Stand | null => stands.findLast((one) => one.step <= step) ?? null;
