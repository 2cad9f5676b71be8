import type en from "../en/sochunt";

const da: typeof en = {
  title: "Jagt", lead: "Spørg nodens egen historik. Det ændrer intet, og hvad der vises, bliver her.",
  kinds: { sql: "SQL", saved: "Gemte jagter", pivot: "Pivot", list: "Indikatorer", sigma: "Sigma" },
  span: "Tidsrum", spans: { "": "alt, der er gemt", "1h": "seneste time", "24h": "seneste døgn", "7d": "seneste 7 dage", "28d": "seneste 28 dage" },
  rows: "Rækker højst", run: "Spørg", stop: "Stop", running: "Spørger historikken …", cancelled: "Stoppet. Intet er ændret.",
  query: "Én SELECT", queryHelp: "Adresser: src = addr('10.0.0.5'), in_net(dst, '192.0.2.0/24'). Ctrl-Enter spørger.", tables: "Tabeller og kolonner", functions: "Funktioner",
  listText: "Indikatorer, én pr. linje, eller CSV med et hoved", listHelp: "Adresser, net, domæner, URL'er, JA3, JA4, certifikater, filers fingeraftryk; ufarliggjorte stavemåder forstås.",
  rules: "Sigma-regler som YAML", rulesHelp: "Flere regler skilles af en linje med ---.", check: "Sig kun, hvad hver ville køre som",
  pivotOn: "Deler", value: "Værdi", pivots: {
    host: "maskine (adresse)", domain: "domæne og alt under det", community_id: "Community ID", ja3: "JA3", ja4: "JA4", cert: "certifikat", sha256: "fil (SHA-256)",
  },
  answer: "Svar", first: (n) => `de første ${n} rækker; der er flere`, none: "Ingen rækker", noneNext: "Spørg om et længere tidsrum, eller om mindre.",
  table: "Tabel", plot: "Graf", plotBy: "Over tid, efter", countOf: "antal rækker", time: "Tid", noPlot: "Intet at tegne", noPlotNext: "En graf behøver en kolonne med tider: tag ts eller hour_time(hour) med i forespørgslen.",
  save: "Gem forespørgslen", name: "Navn", nameHelp: "a-z, 0-9 og -", says: "Hvad den leder efter", saysDa: "Det samme på dansk", technique: "ATT&CK-id", replace: "Skriv en jagt med det navn over", saved: "Jagten er gemt.",
  delete: "Fjern", deleteSure: (name) => `Jagten ${name} fjernes fra noden.`, deleted: "Jagten er væk.", own: "egen", open: "Åbn i SQL", needs: "Behøver", from: "Fra", shipped: "Bavn",
  noHunts: "Der er ingen jagter", noHuntsNext: "Spørg om noget i SQL, og gem det.",
  looked: (n) => `${n} indikatorer søgt`, refusedLines: (n) => `${n} linjer nævner ingen indikator`, line: "Linje", reason: "Grund",
  matched: (n) => `${n} regler passede`, standing: { runs: "kører", part: "del af en korrelation", unsupported: "understøttes ikke", unreadable: "kan ikke læses" },
  rule: "Regel", level: "Niveau", hosts: "Maskiner", named: "Nævnt", samples: "Eksempler", noMatch: "Ingen regel passede",
  exportCsv: "Som CSV", exportJson: "Som JSON", holds: "Rummer", type: "Type", column: "Kolonne", search: "Navn eller ord",
  prefillPivot: "Alt, der deler en værdi, fra hver tabel, det nyeste først.",
};
export default da;
