import type en from "../en/soccases";

const da: typeof en = {
  title: "Sager", lead: "Sektorens sager, som aktøren er med i: dens egen del af hver. Hvem der ellers er med, fortælles ikke.",
  case: "Sag", state: "Tilstand", kind: "Klasse", tlp: "TLP", own: "Meldt af os", tasks: "Spurgt om", owed: "Næste frist", heard: "Seneste nyt",
  nothingOwed: "intet", overdue: "over fristen", none: "Aktøren er endnu ikke med i nogen sag", noneNext: "En sag kommer her, når analysecentret tager en op, som aktøren har meldt til.",
  attachTo: "Vælg den sag, beviserne er til.",
  back: "Alle sager", marked: "Mærkning", pap: "PAP", techniques: "Teknikker", first: "Første nyt", merged: (id) => `Fortsætter som ${id}`,
  asks: { task: "Opgave", question: "Spørgsmål" },
  step: { acknowledge: "Kvittér senest", applies: "Sig senest, om det er relevant", done: "Udført senest" },
  act: { acknowledge: "Kvittér", applies: "Det er relevant her", "not-applicable": "Ikke relevant", done: "Udført", words: "Sagt", attach: "Bevis" },
  said: "Hvad der er sagt", sayIt: "Sig noget til analysecentret", noWords: "Intet er sagt endnu", centre: "analysecentret",
  clocks: "NIS2-indberetninger, som aktøren skal sende", due: "Frist", sent: "sendt", work: "Hvad analysecentret beder om", noWork: "Aktøren er ikke bedt om noget", noWorkNext: "Analysecentrets opgaver og spørgsmål kommer her, hver med sine frister.",
  words: "Ord til analysecentret", wordsHelp: "Netop dette går ud, og intet andet.", look: "Se, hvad der går ud", leaves: "Dette er alt, der går ud",
  to: "Til", centreOf: (id) => `analysecentret, til ${id}`, klass: "Klasse", what: "Hvad", letOut: "Lad det gå ud", queued: "Det går ud ved den kørende nodes næste skridt.",
  wouldNot: "Det ville ikke gå ud", nothing: "ingen ord",
  attach: "Vedhæft beviser", attachLead: "En mistankes rækker, renset, egne adresser erstattet af own-1, own-2. Se det igennem: et navn skrevet i almindelige ord finder et program ikke.",
  suspicion: "Mistanke", rows: "Rækker i hver tabel", bytes: "Størrelse", sha: "SHA-256", files: "Hver fil, der går ud", noSuspicion: "Intet mistænkes her nu.",
};
export default da;
