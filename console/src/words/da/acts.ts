import type en from "../en/acts";

const da: typeof en = {
  willHappen: "Det vil ske",
  why: "Begrundelse",
  whyHelp: "Den gemmes i revisionsloggen med dit navn.",
};
export default da;
