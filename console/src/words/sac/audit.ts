// The audit log.
import { t } from "$lib/gettext.svelte";

export default () => ({
  lead: t("Who did what, when and why. Lines are chained by hashes: a line that was changed or taken out shows."),
  all: t("Lines"),
  at: t("When"),
  who: t("Who"),
  act: t("Act"),
  subject: t("About"),
  detail: t("Detail"),
  number: t("No."),
  search: t("Words in subject or detail"),
  anybody: t("Anybody"),
  anything: t("Any act"),
  since: t("From"),
  until: t("To"),
  about: t("About exactly"),
  none: t("No line fits"),
  noneNext: t("Take a filter away. A search looks at 50,000 lines at a time: scroll on to look further back."),
  check: t("Verify the chain"),
  checking: (done: string, all: string) => t("Walking the chain: {done} of {all} lines", { done, all }),
  line: t("Line"),
  hash: t("Hash"),
  prev: t("Hash of the line before"),
});
