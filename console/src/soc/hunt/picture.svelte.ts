// The picture that a hunt begins with: what is drawn stands in the address, each click is a step that can be taken back.
import { got } from "$lib/client";
import { asProblem, type Problem } from "$lib/problem";
import { param } from "$lib/router.svelte";
import type { components } from "$api/soc";
import { api } from "../api";
import { blank } from "./question";

export type Picture = components["schemas"]["PictureShown"];
export type Kept = NonNullable<components["schemas"]["PictureTable"]["kept"]>;
export type FieldCounts = components["schemas"]["PictureField"];
export type Clicked = { column: string; value: string | null; keep: boolean };
const WAIT_S = 1.5;
/** The newest rows, or as many as are kept. */
export const [QUICK, ALL] = ["", "all"];

/** Filters as they stand in the address; what is none of ours is passed over. */
export function clicked(): Clicked[] {
  try {
    const read: unknown = JSON.parse(param("filters", "[]"));
    if (!Array.isArray(read)) return [];
    return read.flatMap((one: unknown) => {
      const [keep, column, value] = Array.isArray(one) ? (one as unknown[]) : [];
      return typeof column === "string" && (typeof value === "string" || value === null) ? [{ keep: keep === 1, column, value }] : [];
    });
  } catch {
    return [];
  }
}

export const written = (filters: readonly Clicked[]): string =>
  filters.length ? JSON.stringify(filters.map((one) => [one.keep ? 1 : 0, one.column, one.value])) : "";

/** All rows that a node keeps, as its own list of them says. */
export const everything = (table: string, kept: Kept): Picture => ({
  table, by: "", first_us: kept.first_us, step_us: kept.step_us, rows: kept.rows.reduce((sum, rows) => sum + rows, 0),
  series: [{ value: null, rest: true, rows: kept.rows }], fields: [], notes: [], sql: "",
});

export class Drawing {
  picture = $state.raw<Picture | null>(null);
  /** Values of columns, by the column; those that are not there yet are being counted. */
  fields = $state.raw<ReadonlyMap<string, FieldCounts>>(new Map());
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  private turn = 0;
  private running = "";

  constructor(private readonly node: string) {}

  /** Of the newest rows all at once. Of a chosen span first the picture, then the values of one column after the other: the
   * first answer waits for nothing else. */
  async draw(table: string, by: string, last: string, filters: readonly Clicked[], names: readonly string[]): Promise<void> {
    const quick = last === QUICK;
    await this.stop();
    const turn = (this.turn += 1);
    [this.problem, this.busy, this.fields] = [null, true, new Map()];
    try {
      const ask = (fields: string[]): Promise<Picture | null> =>
        this.one(turn, { ...blank(last === ALL ? "" : last, 1), kind: "picture", table, by: fields.length && !quick ? "" : by, filters: [...filters], fields, quick });
      const picture = await ask(quick ? [...names] : []);
      if (turn !== this.turn || !picture) return;
      this.picture = picture;
      this.fields = new Map(picture.fields.map((field) => [field.name, field]));
      for (const name of quick ? [] : names) {
        const found = (await ask([name]))?.fields[0];
        if (turn !== this.turn) return;
        if (found) this.fields = new Map([...this.fields, [name, found]]);
      }
    } catch (thrown) {
      if (turn === this.turn) this.problem = asProblem(thrown);
    }
    if (turn === this.turn) this.busy = false;
  }

  private async one(turn: number, body: ReturnType<typeof blank>): Promise<Picture | null> {
    let said = await got(api.POST("/api/v1/nodes/{node}/hunt/asks", { params: { path: { node: this.node } }, body }));
    this.running = said.id;
    while (turn === this.turn && said.state === "running") {
      said = await got(api.GET("/api/v1/nodes/{node}/hunt/asks/{asking}", { params: { path: { node: this.node, asking: said.id }, query: { wait_s: WAIT_S } } }));
    }
    this.running = "";
    if (turn !== this.turn) return null;
    if (said.state !== "done") {
      const { Problem } = await import("$lib/problem");
      throw said.refused ? new Problem(422, "refused", said.refused, "you") : new Error(said.state);
    }
    return got(api.GET("/api/v1/nodes/{node}/hunt/asks/{asking}/picture", { params: { path: { node: this.node, asking: said.id } } }));
  }

  async stop(): Promise<void> {
    const asking = this.running;
    this.turn += 1;
    [this.busy, this.running] = [false, ""];
    if (asking) await got(api.DELETE("/api/v1/nodes/{node}/hunt/asks/{asking}", { params: { path: { node: this.node, asking } } })).catch(() => null);
  }
}
