// The roll-out: how far each actor has come.
import { t, tc } from "$lib/gettext.svelte";

export default () => ({
  lead: t("How far each actor has come, the day of its next state, and what it waits for."),
  all: t("Actors of the roll-out"),
  actor: t("Actor"),
  state: t("State"),
  states: {
    planned: t("planned"), testing: tc("rollout.states.testing", "being tested"), accepted: tc("rollout.states.accepted", "acceptance test passed"),
    live: tc("rollout.states.live", "in operation"), leaving: tc("rollout.states.leaving", "leaving"),
  } as Record<string, string>,
  day: t("Day of the next state"),
  group: t("Group"),
  region: t("Region"),
  member: t("As a member"),
  noMember: t("not invited yet"),
  agreement: t("Agreement until"),
  noAgreement: t("not signed yet"),
  waits: t("Waits for"),
  add: t("Add an actor"),
  set: tc("rollout.set", "Set"),
  done: t("set"),
  none: t("Nobody is in the roll-out yet"),
  noneNext: t("Add an actor here, or by bavn centre rollout set."),
});
