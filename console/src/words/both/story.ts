// An attack told again: its replay and its story of a minute.
import { t } from "$lib/gettext.svelte";

export default () => ({
  replay: t("Replay from the first sighting"), own: t("What happened here"),
  play: t("Play"), stop: t("Stop"), at: t("Step"), step: (n: string, of: string) => t("Step {n} of {of}", { n, of }),
  hour: (from: string, to: string) => t("{from} to {to}", { from, to }), unseen: t("nothing is known of it here"),
  sector: t("What the sector knew"), outside: t("What others knew"), alone: t("What each member saw"),
  could: t("When it could have been stopped"), lasted: t("How long it went on here"), prevented: t("What the block stopped"), unknown: t("Not known here"),
  stands: {
    alone: t("met it"), reported: t("reported it"), blocked: t("blocks it"), stopped: t("stopped it again"),
    lifted: t("blocks it no longer"), cannot: t("cannot or will not block it"),
  } as Record<string, string>,
  story: t("The story in a minute"), note: t("drafted from what is known; each number leads to its fact"),
  source: (n: string) => t("Source {n}", { n }),
  language: t("Language of the story"), copy: t("Copy for my management"), copied: t("Copied as plain text"), print: t("Print"),
  edit: t("Edit"), again: t("Draft it anew"), text: t("Text to hand on"),
  kept: t("What you change stays in this field until you leave the page. It is copied and printed, and kept nowhere."),
});
