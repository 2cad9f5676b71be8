// What every act that needs a reason asks.
import { t } from "$lib/gettext.svelte";

export default () => ({
  willHappen: t("What will happen"),
  why: t("Reason"),
  whyHelp: t("It is kept in the audit log with your name."),
});
