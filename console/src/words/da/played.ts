// Sektorens øvelser hos en aktør: et banner på I dag, mens en spilles, og hvad der blev af de tidligere.
import type en from "../en/played";

const da: typeof en = {
  mark: "ØVELSE",
  name: "Øvelser",
  running: "Sektoren spiller en øvelse. Det er intet angreb, og intet virkeligt berøres.",
  planned: "Sektoren vil spille en øvelse. Det er intet angreb, og intet virkeligt vil blive berørt.",
  what: "Hvad der spilles",
  from: "Spilles her fra",
  until: "Slut senest",
  learn: "Hvad der skal læres",
  element: "Dens eneste navn",
  here: "Hvor langt den er her",
  nothingHere: "ingen her har svaret endnu",
  by: (who) => `af ${who}`,
  lane: "øvelsens egen sandkasse",
  policy: "politikken",
  acts: { allow: "Deltag", decline: "Deltag ikke", seen: "Jeg har set dens mistanke", quit: "Slut den her" },
  effects: {
    allow: ["Dens rækker spilles her i en mappe for sig, som slettes bagefter. Ingen maskine og ingen trafik berøres.", "Hvad detektorer, politik og mennesker her får ud af den, fortælles analysecentret skridt for skridt."],
    decline: ["Analysecentret får at vide, at denne aktør ikke deltager. Intet spilles her."],
    seen: ["Analysecentret får at vide, at et menneske her har set den, og hvornår, men ikke hvem."],
    quit: ["Den er straks slut her, uanset hvad analysecentret siger. Analysecentret får at vide, at der er ryddet op."],
  },
  past: "Tidligere øvelser",
  pastLine: (state) => `${state}; dens rækker, skridt og plan er slettet her`,
  pastKept: "de sidste skridt mangler at blive sendt; så slettes den her",
};
export default da;
