import type en from "../en/sochosts";

const da: typeof en = {
  title: "Maskiner", lead: "Egne maskiner, alene efter deres trafik: intet skannes. Hvert tegn har sin grund.", surveyed: "Opgjort", making: "En nyere opgørelse er i gang",
  first: "Den første opgørelse er i gang; listen fyldes, når den er færdig.", search: "Adresse, navn, system, leverandør", role: "Rolle", everyRole: "Alle roller", fresh: "Først set", anyTime: "når som helst", days: (n) => `inden for ${n} dage`,
  host: "Maskine", names: "Navne", roles: "Roller", os: "System", vendor: "Leverandør", services: "Tjenester", peers: "Modparter", seen: "Sidst set", firstSeen: "Først set", suspicions: "Mistanker", strongest: "Stærkeste",
  none: "Ingen egen maskine er set", noneNext: "En maskine kommer på listen, når den har åbnet noget eller fået svar. Se Drift om sensoren, eller fjern filteret.",
  back: "Alle maskiner", macs: "Netkortets adresse", new: "ny", notSurveyed: "Ikke blandt maskinerne i den seneste opgørelse: hvad der vides, kommer fra dens mistanker.",
  hints: "Hvad den er, og hvorfor", confidence: "Sikkerhed", rests: (rows, table) => `${rows} rækker i ${table}`, noHints: "Intet viser endnu, hvad den er",
  kinds: { role: "Rolle", os: "System", vendor: "Leverandør" },
  offers: "Tjenester, den tilbyder", port: "Port", software: "Software", clients: "Klienter", flows: "Forbindelser", moreOffers: (n) => `${n} mere`, noOffers: "Der er ikke set tjenester på den",
  timeline: "Trafik time for time", opened: "åbnet", failed: "mislykket", got: "modtaget", out: "bytes ud", in: "bytes ind", time: "Time", span: "Tidsrum",
  with: "Med hvem", peer: "Modpart", direction: "Retning", called: "den kaldte", was: "blev kaldt", inside: "egen", outside: "udefra", morePeers: "andre vises ikke", noTraffic: "Ingen trafik i tidsrummet", noTrafficNext: "Vælg et længere tidsrum.",
  risk: "Mistanker, den stærkeste først", riskNote: "Kun den stærkeste rangerer maskinen: da vi målte, fandt det ikke angrebne maskiner hurtigere at lægge dem sammen.", calm: "Der er ingen mistanker om maskinen nu", pivot: "Alle dens poster", outsideOf: (n) => `${n} udenfor`,
};
export default da;
