// What waits for a person: one list for the queue, the count in the navigation and whoever lacks a right.
import type { components } from "$api/sac";
import { hear } from "./live.svelte";
import { asProblem, type Problem } from "./problem";
import { ask } from "./post";
import { say } from "./words";
import { toast } from "./toast.svelte";

export type WaitingList = components["schemas"]["WaitingList"];
export type Waits = components["schemas"]["WaitingShown"];

const APART_MS = 400;
const TOPICS = /(^|\/)(alarms|audit|cases|members|door|protection|warnings|waiting)$/;
const EVERY = 60_000;

class Waiting {
  list = $state.raw<WaitingList>();
  problem = $state.raw<Problem | null>(null);
  #timer = 0;
  #at = 0;

  /** For as long as somebody is signed in. What is only a matter of time is asked for each minute. */
  follow(): () => void {
    void this.reload();
    const deaf = hear([TOPICS], () => this.soon());
    const slow = window.setInterval(() => this.soon(), EVERY);
    return () => {
      deaf();
      clearInterval(slow);
      clearTimeout(this.#timer);
      this.#timer = 0;
      this.list = undefined;
    };
  }
  soon(): void {
    if (!this.#timer) this.#timer = window.setTimeout(() => void this.reload(), Math.max(0, this.#at + APART_MS - performance.now()));
  }
  async reload(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#at = performance.now();
    try {
      [this.list, this.problem] = [await ask<WaitingList>("GET", "/waiting"), null];
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
  of(node: string | undefined): readonly Waits[] {
    return (this.list?.lines ?? []).filter((one) => node === undefined || one.node === node);
  }
  mine(node: string | undefined): readonly Waits[] {
    return this.of(node).filter(isMine);
  }
  find(thing: string): Waits | undefined {
    return this.list?.lines.find((one) => one.thing === thing);
  }
  async handOver(one: Waits, to: string): Promise<void> {
    const done = await ask<{ says: Parameters<typeof say>[0] }>("POST", "/waiting/hand-over", { thing: one.thing, to });
    toast(say(done.says));
    await this.reload();
  }
}

/** One line, or several of one cause shown as one. */
export interface Row {
  key: string;
  says?: WaitingList["folds"][number]["what"];
  lines: readonly Waits[];
}
/** The lines as they are drawn: those that are shown as one stand together where the first of them does. */
export function rows(lines: readonly Waits[]): Row[] {
  const folds = new Map(waiting.list?.folds.flatMap((fold) => fold.things.map((thing) => [thing, fold] as const)));
  const drawn = new Map<string, Row>();
  for (const one of lines) {
    const fold = folds.get(one.thing);
    const key = fold?.things[0] ?? one.thing;
    drawn.set(key, { key, says: fold?.what, lines: [...(drawn.get(key)?.lines ?? []), one] });
  }
  return [...drawn.values()];
}
export const isMine = (one: Waits): boolean => one.may || one.handed_by.length > 0;
export const waiting = new Waiting();
