import type en from "../en/socpolicy";

const da: typeof en = {
  title: "Politik", lead: "Hvad der må gå ud fra aktøren, og hvad der må spærres her. Noden læser den, når den startes.",
  tables: { door: "Hvad der må gå ud", protect: "Hvad der må spærres" }, search: "Felt eller ord", changed: "Kun ændrede", asDefault: "Standard", isDefault: "standard", written: "i filen",
  bounds: (low, high, unit) => `${low} til ${high} ${unit}`, onePerLine: "Én pr. linje", yes: "ja", no: "nej",
  look: (n) => `Se, hvad der ville ændre sig (${n})`, discard: "Kassér", would: "Hvad der ville ændre sig", before: "Nu", after: "Så", write: "Skriv politikken", wrote: "Politikken er skrevet. Den gælder, når noden startes næste gang.",
  none: "Intet ville ændre sig.", file: "Filen, som den ville blive", reader: "Den er læst med nodens egen læser: noden vil starte med den.", restart: "Start noden igen, for at den gælder.", mayNot: "Du må se; din rolle ændrer ikke politikken.",
  choices: { automatic: "automatisk", ask: "spørg et menneske", never: "aldrig" }, noField: "Intet felt passer", noFieldNext: "Fjern søgningen.", empty: "tom",
  units: {
    actors: "aktører", answers: "svar", days: "dage", elements: "elementer", h: "timer", hours: "timer", indicators: "indikatorer", messages: "beskeder", minutes: "minutter",
    observables: "observabler", reports: "meldinger", rounds: "runder",
  },
};
export default da;
