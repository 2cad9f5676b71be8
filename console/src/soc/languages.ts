// The catalogues of this console: every language that is whole for its pages (build_words.py), each loaded when it is chosen.
import type { Catalogue } from "$lib/gettext.svelte";

export const catalogues = import.meta.glob<Catalogue>("../../../bavn/locale/*/LC_MESSAGES/console.soc.json", { import: "default" });
