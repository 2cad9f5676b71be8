// An indicator as a rule for one's own tool.
import { t } from "$lib/gettext.svelte";

export default () => ({
  asRule: t("As a rule for your own tool"),
  tool: t("Tool"),
  watches: t("It watches and blocks nothing."),
  copy: t("Copy the rule"),
  copied: t("The rule is copied."),
});
