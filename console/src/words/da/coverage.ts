// Alarmer, kanariefugle og hvem der kunne se hvad.
import type en from "../en/coverage";
const da: typeof en = {
  lead: "Hvad der er galt nu, og hvem der tager sig af det, hvor langt hver aktørs daglige kanariefugl nåede, og hvem der kunne se hvad.",
  alarms: "Alarmer",
  alarmsNote: "Rejses inden for fem minutter efter deres årsag; en alarm står, så længe årsagen gør.",
  noAlarms: "Ingen alarm står",
  centre: "analysecentret",
  since: "siden",
  take: "Jeg tager den",
  taken: (who: string) => `${who} tager sig af den`,
  map: "Hvem kunne se hvad",
  mapNote: "En aktør tæller kun som seende, hvor kilde, helbred og kanariefugl taler for det. En blind vinkel siger hvorfor.",
  actor: "Aktør",
  sees: "ser",
  none: "Sektoren har ingen aktører",
  noneNext: "Invitér den første på siden med medlemmer.",
  techniques: "Efter teknik",
  technique: "Teknik",
  could: "Kunne ses hos",
  of: (could: string, actors: string) => `${could} af ${actors}`,
  canaries: "Daglige kanariefugle",
  canariesNote: "Et harmløst navn, som hver node sender gennem hele sin kæde en gang om dagen.",
  noCanary: "har ikke fortalt om nogen endnu",
  last: "kom sidst igennem",
};
export default da;
