import type en from "../en/acts";

const da: typeof en = {
  willHappen: "Det vil ske",
  why: "Begrundelse",
  whyHelp: "Den står i revisionsloggen ved siden af dit navn.",
};
export default da;
