// Alarmer, kanariefugle og hvem der kunne se hvad.
import type en from "../en/coverage";
const da: typeof en = {
  lead: "Hvad der er galt nu, og hvem der tager sig af det, hvor langt hver aktørs daglige kanariefugl nåede, og hvem der kunne se hvad.",
  alarms: "Alarmer",
  alarmsNote: "Rejses inden for fem minutter efter årsagen og er væk, når årsagen er væk.",
  noAlarms: "Der er ingen alarmer",
  centre: "analysecentret",
  since: "siden",
  take: "Jeg tager den",
  taken: (who: string) => `taget af ${who}`,
  map: "Hvem kunne se hvad",
  mapNote: "En aktør tæller kun som seende, når både kilde, drift og kanariefugl bekræfter det. Hver blind vinkel siger hvorfor.",
  actor: "Aktør",
  sees: "ser",
  none: "Sektoren har ingen aktører",
  noneNext: "Invitér den første på siden med medlemmer.",
  techniques: "Efter teknik",
  technique: "Teknik",
  could: "Kunne ses hos",
  of: (could: string, actors: string) => `${could} af ${actors}`,
  canaries: "Daglige kanariefugle",
  canariesNote: "En gang om dagen sender hver node et harmløst navn gennem hele sin kæde for at vise, at den virker.",
  noCanary: "ingen kanariefugl endnu",
  last: "kom sidst igennem",
};
export default da;
