import type en from "../en/deeds";

const da: typeof en = {
  open: "sag åbnet", take: "sag taget", confirm: "sag bekræftet", release: "sag frigivet", withdraw: "sag trukket tilbage", close: "sag lukket",
  dismiss: "sag afvist", reopen: "sag genåbnet", comment: "bemærkning", words: "ord til aktører", say: "ord til aktører", mark: "sag mærket",
  involve: "aktører involveret", involved: "aktører involveret", evidence: "bevis vedlagt", "hand-over": "sag overdraget", "merged-in": "sag lagt ind",
  "split-off": "sag delt fra", "indicator-draft": "indikator skrevet", "indicator-review": "indikator til gennemsyn", "indicator-approve": "indikator godkendt",
  "indicator-release": "indikator frigivet", "indicator-refresh": "indikator fornyet", "indicator-withdraw": "indikator trukket tilbage",
  "indicator-wrong": "indikator meldt som forkert", "indicator-found-wrong": "meldt som forkert hos en aktør", "indicator-now": "prøveringen sprunget over",
  "indicator-refused": "holdt tilbage af port 3", "indicator-stop": "standset af ringen", "indicator-expire": "indikator udløbet", "indicator-retire": "indikator taget ud",
  "member-add": "medlem tilføjet", "member-invite": "medlem inviteret", "member-set": "medlem ændret", "member-quota": "kvote sat",
  "member-suspend": "medlem sat i bero", "member-resume": "medlem lukket ind igen", "member-revoke": "medlem lukket ude",
  "partner-add": "partner tilføjet", "partner-set": "partner ændret", "partner-end": "partner afsluttet", "partner-key": "adgang lavet", "partner-key-end": "adgang afsluttet",
  "policy-proposed": "politik foreslået", "policy-approved": "politik godkendt", "policy-ended": "politik afsluttet", "producer-retired": "ophav ude af drift",
  "producer-restored": "ophav i drift igen", "question-asked": "spørgsmål stillet", "question-approved": "spørgsmål godkendt", "question-ended": "spørgsmål trukket tilbage",
  "source-add": "kilde tilføjet", "source-set": "kilde ændret", "source-hunts": "jagter tilladt", "source-suspend": "kilde sat i bero", "source-resume": "kilde taget op",
  "source-end": "kilde afsluttet", "misp-push": "skubbet til en MISP", "misp-pull": "observationer hentet fra en MISP", "proposal-dismissed": "forslag fundet harmløst", "proposal-case": "sag af et forslag", "proposal-proposed": "foreslået igen",
  "kill-switch-on": "nødafbryder slået til", "kill-switch-off": "nødafbryder slået fra", "kill-switch-off-asked": "bedt om: nødafbryder fra",
};
export default da;
