// What this reader chose: language, theme, time zone, columns. Kept in the browser, never sent.
/** "en", or the name of a catalogue; only ``speak`` (gettext.svelte.ts) sets it. */
export type Lang = string;
export type Theme = "system" | "light" | "dark";
export type Zone = "local" | "utc";
interface Kept {
  lang: Lang;
  theme: Theme;
  zone: Zone;
  /** The account's own zone (IANA) instead of the browser's; null: the browser's. */
  named: string | null;
  hidden: Record<string, string[]>;
}

const KEY = "bavn";

function read(): Kept {
  const lang: Lang = navigator.language.toLowerCase().split("-")[0] || "en";
  const first: Kept = { lang, theme: "system", zone: "local", named: null, hidden: {} };
  try {
    return { ...first, ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Kept>) };
  } catch {
    return first;
  }
}

export const prefs: Kept = $state(read());

const dark = matchMedia("(prefers-color-scheme: dark)");
let systemDark = $state(dark.matches);
dark.addEventListener("change", (event) => (systemDark = event.matches));

/** Whether the page is dark now; charts ask, since a canvas does not read style sheets. */
export const isDark = (): boolean => prefs.theme === "dark" || (prefs.theme === "system" && systemDark);

/** Applies the choices to the document and keeps them; called once by the shell. Before all other effects: a chart asks the
 * document for its colours in one of its own. */
export function keepPrefs(): void {
  $effect.pre(() => {
    document.documentElement.lang = prefs.lang;
    if (prefs.theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = prefs.theme;
    try {
      localStorage.setItem(KEY, JSON.stringify(prefs));
    } catch {
      // a browser that keeps nothing: the choice lasts until the page is closed
    }
  });
}
