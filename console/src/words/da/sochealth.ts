import type en from "../en/sochealth";

const da: typeof en = {
  title: "Drift", lead: "Hvad noden sidst sagde om sig selv, hvad der er galt, og hvem der skal handle.", state: "Tilstand", states: { well: "i orden", ill: "ikke i orden", unchecked: "ikke alt er tjekket endnu", stopped: "standset", silent: "tavs", never: "har aldrig kørt" },
  promises: "Hvad den lover", promisesNote: "Noden kaldes først i orden, når hvert løfte er tjekket og holdt.", promise: "Løfte", since: "Siden", affected: "Ramt", who: "Hvem skal handle", first: "Først",
  heard: "Sidst hørt", up: "Oppe", version: "Udgave", problems: "Hvad der er galt", noProblems: "Intet er galt", sensor: "Sensor", sensors: { none: "ingen (kun logs eller flowposter)", up: "oppe", down: "nede" },
  loss: "Tab ved opsamling", unknownLoss: "tælles ikke", lag: "Bagud", disk: "Ledig disk", memory: "Hukommelse", queue: "Venter på analysecentret", skew: "Ur mod analysecentrets", seconds: (n) => `${n} s`, messages: (n) => (n === "1" ? "1 meddelelse" : `${n} meddelelser`),
  sources: "Kilder", source: "Kilde", rows: "Rækker", passed: "Sprunget over", refused: "Afvist", broken: "I stykker", lost: "Tabt", noSources: "Noden læser intet", noSourcesNext: "[sense] i node.toml nævner opsamlinger, logs og sensorer.",
  losses: (count, of, unit, recent) => `${count}${of} ${unit}, ${recent} på det seneste`, of: (n) => ` af ${n}`,
  store: "Historik", span: "Fra og til", size: "Størrelse", damaged: "Beskadigede filer", detect: "Detektorerne kørte", took: "tog",
  rules: "Regler", loaded: "Sensorregler indlæst", failed: "fejlede", sigma: "Sigma-regler, der overvåges", noRules: "Ingen regler er indlæst", canary: "Daglig kanariefugl",
  canaryNote: "Et harmløst navn gennem hele kæden: hvor langt den seneste nåede.",
  noCanary: "Ingen er sendt af sted endnu: en gang om dagen kl. 10 UTC, eller med bavn node canary --now",
  certificates: "Certifikater", at: { centre: "til analysecentret", keyholder: "til nøgleholderen" }, ends: "udløber", renews: "fornyes fra", noCertificates: "Ingen: noden er ikke i en sektor",
};
export default da;
