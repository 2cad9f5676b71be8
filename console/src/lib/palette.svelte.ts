// What the palette can find beside pages. A page, or a side's main.ts, offers a finder: leads by name, hosts by address.
import { whoami } from "./session.svelte";

export interface Hit {
  readonly title: string;
  readonly note?: string;
  readonly href: string;
  /** What is done instead of going to an address. */
  readonly run?: () => void;
}

/** ``part``: there is more than was looked through. */
export interface Found {
  readonly hits: readonly Hit[];
  readonly part?: boolean;
}

/** ``where``: what it looks through, as people call it. */
export interface Finder {
  readonly where: () => string;
  readonly find: (text: string, signal: AbortSignal) => Promise<Found>;
}

export const finders = $state<{ all: readonly Finder[] }>({ all: [] });

/** Registers a finder for as long as the console is open. Without the right it looks through nothing, and says so. */
export function findable(right: string, where: () => string, find: (text: string, signal: AbortSignal) => Promise<readonly Hit[] | Found>): void {
  const looked = async (text: string, signal: AbortSignal): Promise<Found> => {
    if (!whoami.may(right)) return { hits: [], part: true };
    const found = await find(text, signal);
    return "hits" in found ? found : { hits: found };
  };
  finders.all = [...finders.all, { where, find: looked }];
}

/** A question that people come with, as the reader's language has it; ``words`` find it beside its title. */
interface Asked {
  readonly title: string;
  readonly words: string;
}
interface Answer {
  readonly right: string;
  /** Where its answer stands; empty: nowhere yet. */
  readonly at: () => string;
}
let answers: () => readonly (Hit & { readonly words: string })[] = () => [];

/** Registers the questions of a console and where each is answered. */
export function answered<Name extends string>(said: () => Readonly<Record<Name, Asked>>, places: Readonly<Record<Name, Answer>>): void {
  const names = Object.keys(places) as Name[];
  answers = () => names.filter((name) => whoami.may(places[name].right)).map((name) => ({ ...said()[name], href: places[name].at() })).filter((one) => one.href);
}

/** The questions that begin with each of these words somewhere; all of them where nothing is typed. */
export const questions = (text: string): readonly Hit[] => {
  const typed = text.toLowerCase().split(/\s+/).filter(Boolean);
  const begins = (one: string, word: string): boolean => one.toLowerCase().split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word));
  return answers().filter((one) => typed.every((word) => begins(`${one.title} ${one.words}`, word))).map(({ title, href }) => ({ title, href }));
};

const KEPT_MS = 30_000;

/** A short list that is asked for once while somebody types, and not with each letter. */
export function kept<T>(ask: (place: string) => Promise<T>): (place?: string) => Promise<T> {
  const known = new Map<string, { at: number; told: Promise<T> }>();
  return (place = "") => {
    const old = known.get(place);
    if (old && Date.now() - old.at < KEPT_MS) return old.told;
    const told = ask(place);
    told.catch(() => known.delete(place));
    known.set(place, { at: Date.now(), told });
    return told;
  };
}

/** Those in which each of the words stands. */
export function having<T>(items: readonly T[], text: string, of: (item: T) => string): readonly T[] {
  const asked = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => asked.every((word) => of(item).toLowerCase().includes(word)));
}
