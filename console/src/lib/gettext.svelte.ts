// Sentences in the reader's language: English in the code, every other language in a catalogue of gettext (bavn/locale),
// of which a build makes a file of JSON for each console. It is loaded when its language is chosen; until it is there, and
// where it lacks a sentence, English is shown.
import { prefs, type Lang } from "./prefs.svelte";

export interface Catalogue {
  /** Which of the forms of a sentence with a number belongs to which of the language's plurals. */
  readonly plurals: Readonly<Partial<Record<Intl.LDMLPluralRule, number>>>;
  /** By message, with its context before it as gettext writes it; several forms where it holds a number. */
  readonly messages: Readonly<Record<string, string | readonly string[]>>;
}
export type Facts = Readonly<Record<string, string | number>>;

const ENGLISH = "en";
const BETWEEN = "\u0004";
let loads: Readonly<Record<Lang, () => Promise<Catalogue>>> = {};
let spoken = $state.raw<{ readonly lang: Lang; readonly catalogue: Catalogue | null }>({ lang: ENGLISH, catalogue: null });
let asked = 0;

/** Every language that the pages of this console are whole in, English first. */
export const languages = (): readonly Lang[] => [ENGLISH, ...Object.keys(loads).toSorted()];

/** A language as those who speak it call it: English, Dansk. */
export function nameOf(lang: Lang): string {
  const name = new Intl.DisplayNames([lang], { type: "language" }).of(lang) ?? lang;
  return name.charAt(0).toLocaleUpperCase(lang) + name.slice(1);
}

/** Shows everything in ``lang`` as soon as its catalogue is there; what there is no catalogue of stays as it is. */
export async function speak(lang: Lang): Promise<void> {
  const mine = ++asked;
  if (!languages().includes(lang)) return;
  const catalogue = lang === ENGLISH ? null : await (loads[lang]?.() ?? null);
  if (mine !== asked) return;
  spoken = { lang, catalogue };
  prefs.lang = lang;
}

/** Before anything is shown. ``found``: what ``import.meta.glob`` finds of bavn/locale. */
export async function begin(found: Readonly<Record<string, () => Promise<Catalogue>>>): Promise<void> {
  loads = Object.fromEntries(Object.entries(found).map(([path, load]) => [path.split("/").at(-3) ?? path, load]));
  if (!languages().includes(prefs.lang)) prefs.lang = ENGLISH;
  await speak(prefs.lang).catch(() => (prefs.lang = ENGLISH));
}

/** ``const w = words(area)``, then ``{w().title}``: a table of sentences, made anew when the reader chooses another language. */
export function words<T>(make: () => T): () => T {
  let kept: { readonly of: unknown; readonly table: T } | null = null;
  return () => {
    if (kept?.of !== spoken) kept = { of: spoken, table: make() };
    return kept.table;
  };
}

/** A sentence. Where it has facts, ``{name}`` stands for one of them; a number is written as the language writes it. */
export const t = (message: string, facts?: Facts): string => filled(found(message) ?? message, facts);

/** Where the same English means two things: ``context`` says which. */
export const tc = (context: string, message: string, facts?: Facts): string =>
  filled(found(context + BETWEEN + message) ?? message, facts);

/** A sentence about a number of things. */
export function tn(one: string, many: string, n: number, facts?: Facts): string {
  const forms = spoken.catalogue?.messages[one];
  const plural = new Intl.PluralRules(spoken.lang).select(n);
  if (typeof forms !== "object") return filled(plural === "one" ? one : many, facts);
  return filled(forms[spoken.catalogue?.plurals[plural] ?? forms.length - 1] ?? many, facts);
}

function found(key: string): string | undefined {
  const said = spoken.catalogue?.messages[key];
  return typeof said === "string" ? said : undefined;
}

function filled(sentence: string, facts: Facts | undefined): string {
  if (!facts) return sentence;
  return sentence.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const fact = facts[name];
    return fact === undefined ? hole : typeof fact === "number" ? new Intl.NumberFormat(locale(spoken.lang)).format(fact) : fact;
  });
}

/** For Intl. */
export const locale = (lang: Lang = prefs.lang): string => (lang === ENGLISH ? "en-GB" : lang);
