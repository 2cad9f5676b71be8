// Acts as the audit log names them, in words; one that is not here is shown as it is.
export default {
  open: "case opened", take: "case taken", confirm: "case confirmed", release: "case released", withdraw: "case withdrawn", close: "case closed",
  dismiss: "case dismissed", reopen: "case reopened", comment: "remark", words: "words to actors", say: "words to actors", mark: "case marked",
  involve: "actors involved", involved: "actors involved", evidence: "evidence attached", "hand-over": "case handed over", "merged-in": "case merged in",
  "split-off": "case split off", "indicator-draft": "indicator drafted", "indicator-review": "indicator in review", "indicator-approve": "indicator approved",
  "indicator-release": "indicator released", "indicator-refresh": "indicator renewed", "indicator-withdraw": "indicator withdrawn",
  "indicator-wrong": "indicator reported as wrong", "indicator-found-wrong": "reported as wrong at an actor", "indicator-now": "canary ring skipped",
  "indicator-refused": "kept back by gate 3", "indicator-stop": "stopped by the ring", "indicator-expire": "indicator expired", "indicator-retire": "indicator retired",
  "member-add": "member added", "member-invite": "member invited", "member-set": "member changed", "member-quota": "quota set",
  "member-suspend": "member suspended", "member-resume": "member let in again", "member-revoke": "member shut out",
  "partner-add": "partner added", "partner-set": "partner changed", "partner-end": "partner ended", "partner-key": "credential made", "partner-key-end": "credential ended",
  "policy-proposed": "policy proposed", "policy-approved": "policy approved", "policy-ended": "policy ended", "producer-retired": "producer out of service",
  "producer-restored": "producer back in service", "question-asked": "question asked", "question-approved": "question approved", "question-ended": "question taken back",
  "source-add": "source added", "source-set": "source changed", "source-hunts": "hunts allowed", "source-suspend": "source suspended", "source-resume": "source taken up",
  "source-end": "source ended", "misp-push": "pushed to a MISP", "misp-pull": "sightings asked of a MISP", "proposal-dismissed": "proposal found harmless", "proposal-case": "case of a proposal", "proposal-proposed": "proposed again",
  "kill-switch-on": "kill switch on", "kill-switch-off": "kill switch off", "kill-switch-off-asked": "asked: kill switch off",
} as Record<string, string>;
