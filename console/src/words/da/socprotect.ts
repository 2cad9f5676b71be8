import type en from "../en/socprotect";

const da: typeof en = {
  title: "Beskyttelse", lead: "Hvad der er spærret her, til hvornår og hvorfor. Hver spærring har en slutning; hver kan ophæves her, også når centralen er væk.",
  tabs: { blocks: "Indikatorer", try: "Prøvekørsel", never: "Spærres aldrig" },
  blocked: "Spærret", waiting: "Venter på et menneske", lifted: "Ophævet", refused: "Afvist", ownSwitch: "Eget nødstop", sectorSwitch: "Sektorens nødstop", on: "til", off: "fra",
  killOn: "Slå nødstop til", killOff: "Slå nødstop fra", killOnSure: (n) => `Alle aktørens ${n} spærringer sættes ud af kraft med det samme, og bliver det over genstarter, til det slås fra.`, killOffSure: (n) => `${n} spærringer træder i kraft igen.`,
  nothingInForce: "Intet er i kraft: et nødstop er slået til.", by: "af", notRunning: "Noden kører ikke: ophævelser gøres herfra med det samme; hvad der skal i kraft, venter på noden.", byHand: "Politikken spærrer intet uden et menneske.",
  enforcers: "Hvad der sætter spærringer i kraft", holds: "holder", down: "kan ikke nås", unsaid: "ukendt", noEnforcers: "Intet håndhævende led er sat op", noEnforcersNext: "[enforce] i node.toml nævner lister, en resolver, et pakkefilter og andre.",
  value: "Værdi", act: "Handling", acts: { block: "spær", watch: "hold øje" }, standing: "Står", standings: { wanted: "i kraft", waiting: "venter", lifted: "ophævet", refused: "afvist" }, every: "Alle",
  until: "Til", why: "Hvorfor", enforcedBy: "Af", decided: "Afgjort", search: "Værdi eller indikator", none: "Ingen indikator her", noneNext: "Hvad sektorens central frigiver, kommer her; fjern filteret for at se alt.",
  approve: "Godkend", lift: "Ophæv", approveSure: "Den går gennem hele porten igen, undtagen hvad et menneske må afgøre, og spærres til sin slutning.", liftSure: "Den sættes ud af kraft nu, under hver indikator, der vil det samme; senere udgaver venter på et menneske.",
  details: "Detaljer", dryRun: "Dens prøvekørsel", hits: "poster", hosts: "egne maskiner", clinical: "kliniske maskiner", days: "dage af historik", destinations: "mål dækket", met: "Hvor den er mødt", metKinds: { blocked: "spærret", seen: "set", retro: "i egen historik" }, notMet: "ikke mødt her",
  rollback: "Tilbagerulning", rollbackOn: (hit, most) => `Den ramte ${hit} egne maskiner i den seneste time; over ${most} ophæves den af sig selv.`, rollbackOff: "Den ophæves ikke af sig selv: et menneske har godkendt den, eller politikken siger det.", bundle: "Som den kom (STIX)", version: "Udgave", notCarried: "Bæres ikke af",
  what: "Domæne, adresse, type:værdi eller indikator", whatHelp: "Det spørger nodens egen historik og ændrer intet.", howFar: "Dage tilbage (0: som politikken siger)", tryIt: "Prøv", trying: "Spørger egen historik …",
  wouldHit: (hosts, of, times) => `En spærring ville have ramt ${hosts} af ${of} egne maskiner, ${times} gange.`, covers: (a, b) => `Den ville dække ${a} af ${b} mål i brug.`, nobody: "Ingen her har mødt den.",
  noHistory: "Der er ingen historik: noden har ingen sensor, så ingen ved, hvem den ville ramme.", atOnce: "Historik og lister har intet imod den: den ville træde i kraft med det samme.", wouldWait: "Den ville ikke træde i kraft med det samme",
  historyOf: (have, want) => `Dage af egen historik: ${have}, af ${want}, der blev spurgt om`, services: "Hvad der står bag", namedHosts: "Egne maskiner, der mødte den", known: "Lister", kind: "Slags", service: "Tjeneste", times: "Poster",
  neverLead: "Hvad aktøren aldrig spærrer. Listen er en fil, som politikken nævner (never_block_file); egne net og domæner og centralen føjes til af noden.", covering: { tree: "og alt under det", name: "dette navn", network: "net" }, covers1: "Dækker", reason: "Tabel", ask: "Må dette spærres?",
  forbidden: (table) => `Nej: listen nævner det under [${table}].`, mayBe: "Listen har intet imod det.", noEntries: "Intet på listen passer", noEntriesNext: "Fjern søgningen.",
};
export default da;
