// What every act that needs a reason asks.
import { t } from "$lib/gettext.svelte";

export default () => ({
  wouldBreak: t("What a block of it would break"),
  iRead: t("I have read what it would break"),
  readBy: (names: string) => t("Read by {names}", { names }),
  willHappen: t("What will happen"),
  why: t("Reason"),
  whyHelp: t("It is kept in the audit log with your name."),
});
