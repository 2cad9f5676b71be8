// What every act that needs a reason asks.
export default {
  willHappen: "What will happen",
  why: "Reason",
  whyHelp: "It stands in the audit log, beside your name.",
};
