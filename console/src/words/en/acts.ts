// What every act that needs a reason asks.
export default {
  willHappen: "What will happen",
  why: "Reason",
  whyHelp: "It is kept in the audit log with your name.",
};
