// Words in the reader's language. Each area has its catalogue twice: words/en/AREA.ts, and words/da/AREA.ts typed by it.
import { prefs, type Lang } from "./prefs.svelte";

/** A sentence that came from the API in both languages. */
export interface Said {
  readonly en: string;
  readonly da: string;
}

/** ``const w = words(en, da)``, then ``{w().title}``: follows the reader's choice. */
export function words<T>(en: T, da: T): () => T {
  return () => (prefs.lang === "da" ? da : en);
}

export const say = (text: Said): string => text[prefs.lang];

export const locale = (lang: Lang = prefs.lang): string => (lang === "da" ? "da-DK" : "en-GB");
