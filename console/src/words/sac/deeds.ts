// Acts as the audit log names them, in words; one that is not here is shown as it is.
import { t } from "$lib/gettext.svelte";

export default () => ({
  open: t("case opened"), take: t("case taken"), confirm: t("case confirmed"), release: t("case released"), withdraw: t("case withdrawn"), close: t("case closed"),
  dismiss: t("case dismissed"), reopen: t("case reopened"), comment: t("remark"), words: t("words to actors"), say: t("words to actors"), mark: t("case marked"),
  involve: t("actors involved"), involved: t("actors involved"), evidence: t("evidence attached"), "hand-over": t("case handed over"), "merged-in": t("case merged in"),
  "split-off": t("case split off"), "indicator-draft": t("indicator drafted"), "indicator-review": t("indicator in review"), "indicator-approve": t("indicator approved"),
  "indicator-release": t("indicator released"), "indicator-refresh": t("indicator renewed"), "indicator-withdraw": t("indicator withdrawn"),
  "indicator-wrong": t("indicator reported as wrong"), "indicator-found-wrong": t("reported as wrong at an actor"), "indicator-now": t("canary ring skipped"),
  "indicator-refused": t("kept back by gate 3"), "indicator-stop": t("stopped by the ring"), "indicator-expire": t("indicator expired"), "indicator-retire": t("indicator retired"),
  "member-add": t("member added"), "member-invite": t("member invited"), "member-set": t("member changed"), "member-quota": t("quota set"),
  "member-set-apart": t("member set apart"), "member-let-join-asked": t("asked: member joins again"), "member-let-join": t("member joins again"),
  "member-suspend": t("member suspended"), "member-resume": t("member let in again"), "member-revoke": t("member shut out"),
  "partner-add": t("partner added"), "partner-set": t("partner changed"), "partner-end": t("partner ended"), "partner-key": t("credential made"), "partner-key-end": t("credential ended"),
  "policy-proposed": t("policy proposed"), "policy-approved": t("policy approved"), "policy-ended": t("policy ended"), "producer-retired": t("producer out of service"),
  "producer-restored": t("producer back in service"), "question-asked": t("question asked"), "question-approved": t("question approved"), "question-ended": t("question taken back"),
  "source-add": t("source added"), "source-set": t("source changed"), "source-suspend": t("source suspended"), "source-resume": t("source taken up"),
  "source-end": t("source ended"), "misp-push": t("pushed to a MISP"), "misp-pull": t("sightings asked of a MISP"), "proposal-dismissed": t("proposal found harmless"), "proposal-case": t("case of a proposal"), "proposal-proposed": t("proposed again"),
  "kill-switch-on": t("kill switch on"), "kill-switch-off": t("kill switch off"), "kill-switch-off-asked": t("asked: kill switch off"),
}) as Record<string, string>;
