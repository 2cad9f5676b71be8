// Words in the reader's language: the tables of src/words, and sentences that came from the API.
import { prefs } from "./prefs.svelte";

export { locale, words } from "./gettext.svelte";

/** A sentence that came from the API: in English and Danish, and in each other language that it has been translated to. */
export interface Said {
  readonly en: string;
  readonly da: string;
  readonly [lang: string]: string;
}

/** Or one of the page's own, where what is shown may be either. */
export type Sentence = Said | (() => string);

export const say = (text: Sentence): string => (typeof text === "function" ? text() : (text[prefs.lang] ?? text.en));
