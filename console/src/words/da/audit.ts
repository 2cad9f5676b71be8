import type en from "../en/audit";

const da: typeof en = {
  lead: "Hvem gjorde hvad, hvornår og hvorfor. Linjerne er kædet sammen med hashværdier: en ændret eller fjernet linje ses.",
  all: "Linjer",
  at: "Hvornår",
  who: "Hvem",
  act: "Handling",
  subject: "Om",
  detail: "Detalje",
  number: "Nr.",
  search: "Ord i emne eller detalje",
  anybody: "Alle",
  anything: "Alle handlinger",
  since: "Fra",
  until: "Til",
  about: "Præcis om",
  none: "Ingen linje passer",
  noneNext: "Fjern et filter. En søgning ser på 50.000 linjer ad gangen: rul videre for at se længere tilbage.",
  check: "Efterprøv kæden",
  checking: (done, all) => `Går kæden igennem: ${done} af ${all} linjer`,
  line: "Linje",
  hash: "Hash",
  prev: "Hash af linjen før",
  clear: "Vis alt",
};
export default da;
