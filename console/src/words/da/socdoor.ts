import type en from "../en/socdoor";

const da: typeof en = {
  title: "Døren", lead: "Alt, der er gået ud fra aktøren, og alt, der er afvist, og hvorfor. Intet går ud ad andre veje.",
  tabs: { ledger: "Egenkontrol-log", waiting: "Venter på et menneske", reveals: "Spørgsmål og svar", wishes: "Vetoer", counts: "Antal" },
  line: "Linje", when: "Hvornår", gate: "Port", way: "Vej", what: "Hvad", peer: "Med", outcome: "Udfald", klass: "Klasse", size: "Størrelse", body: "Siger",
  ways: { in: "ind", out: "ud" }, passed: "sluppet igennem", refused: "afvist", everyOutcome: "Alle udfald", everyGate: "Alle porte", leftOnly: "Kun det, der gik ud", search: "Ord i den, et id",
  none: "Ingen linje her endnu", noneNext: "En linje kommer med det første, der møder en port. Fjern filteret for at se alt.",
  check: "Kontrollér kæden", checking: "Går kæden igennem …", holds: (n) => `Kæden holder, over ${n} linjer.`, breaks: (n) => `Kæden brydes ved linje ${n}.`, head: "Den sidste linjes hash", exportAll: "Alle linjer med deres hash",
  lineOf: (n) => `Linje ${n}`, rule: "Regel", reason: "Grund", hash: "Hash", itemId: "Emne",
  element: "Element", asked: "Spurgt", wouldLeave: "Meldingen, der ville gå ud", keeps: "Det ville stadig blive her", allow: "Lad det blive oplyst", allowSure: "Analysecentret får dette, når det viser, at nok andre har det:",
  veto: "Veto", vetoSure: "Dette går aldrig ud, uanset politikken, før vetoet tages tilbage.", allowed: "Det må oplyses.", vetoed: "Det går aldrig ud.",
  nothingWaits: "Intet venter på et menneske", nothingWaitsNext: "Hvor politikken siger `ask`, kommer det, analysecentret vil have oplyst, her først.", bySuspicion: "mistanken bag",
  field: "Felt", valueOf: "Værdi", means: "Med ord", raw: "Som det går ud (JSON)", fieldsOf: "Hvad der går ud, felt for felt",
  tier: "Trin", receipts: "Kvitteringer fra", cells: "Felter", says: "Svar", named: "oplyst", notAsked: "Analysecentret har endnu ikke bedt noden om at oplyse noget", notAskedNext: "Hvad der spørges om i en runde, står her, med hvis kvitteringer det kom.",
  withdraw: "Træk tilbage", withdrawSure: "Analysecentret smider aktørens meldinger om det væk, og der nedlægges veto fra da af.", withdrawn: "Hvad der er trukket tilbage",
  wish: { veto: "går aldrig ud", allow: "må oplyses" }, by: "Af", undo: "Tag tilbage", noWishes: "Ingen her har nedlagt veto eller tilladt noget", noWishesNext: "Nedlæg veto mod det, der aldrig må ud, som en egen leverandørs domæne.",
  addVeto: "Nedlæg veto mod et element", elementHelp: "type:værdi, som domain:example.com", preview: "Se, hvad der ville gå ud",
  day: "Dag", epsilon: "epsilon", told: "Hvad der er fortalt, med støj", spent: (a, b) => `epsilon ${a} af ${b} er brugt på de seneste 30 dage`, budget: "Budget",
  broken: "Budgettets bog er ikke, hvad noden skrev: der går ingen antal ud mere. Genskab node.db fra en sikkerhedskopi.", silent: "Politikken fortæller ingen antal.", noCounts: "Ingen antal er fortalt endnu", noCountsNext: "De fortælles én gang om dagen, med støj, mens tell_counts er slået til i politikken.",
  kinds: {
    ShareUpload: "indsendelse til en runde", Receipts: "kvitteringer i en runde", Declined: "afslag i en runde", Report: "melding", Withdrawn: "melding trukket tilbage",
    Observation: "observation", Receipt: "kvittering for en spærring", QuestionAnswered: "svar på et spørgsmål", QuestionDeclined: "afslået spørgsmål",
    CaseAnswered: "svar i en sag", CaseEvidence: "beviser", Nis2Noted: "NIS2-trin noteret", WarningAnswered: "svar på et varsel", ExerciseStep: "skridt i en øvelse",
    Counts: "antal", Health: "nodens drift", CanaryTold: "daglig kanariefugl", RoundOpened: "runde åbnet", ReceiptsAsked: "bedt om kvitteringer", RevealAsked: "bedt om at oplyse",
    RoundClosed: "runde lukket", IndicatorReleased: "indikator frigivet", IndicatorWithdrawn: "indikator trukket tilbage", QuestionAsked: "spørgsmål", CasePart: "del af en sag",
    VerdictGiven: "dom", SectorSwitched: "sektorens nødstop", WarningGiven: "varsel", ExerciseTold: "øvelse", CanaryAnswered: "svar på kanariefuglen",
  },
};
export default da;
