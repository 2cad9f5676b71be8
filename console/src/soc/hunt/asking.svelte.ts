// A question to the history from its beginning to its answer: asked, waited for, stopped when the page goes.
import { got } from "$lib/client";
import { asProblem, Problem } from "$lib/problem";
import { api } from "../api";
import type { AnswerRows, Asked, Question, ValueKnown } from "../shapes";

const WAIT_S = 1.5;
const PAGE = 500;
export type Row = readonly unknown[];

export class Asking {
  said = $state.raw<Asked | null>(null);
  rows = $state.raw<readonly Row[]>([]);
  /** How many of the sector know a value of the answer, where this node has been told. */
  known = $state.raw<ReadonlyMap<string, ValueKnown>>(new Map());
  /** Why nothing is known of any of them. */
  whyNothing = $state.raw<AnswerRows["why_nothing"]>(null);
  problem = $state.raw<Problem | null>(null);
  busy = $state(false);
  private turn = 0;

  constructor(private readonly node: string) {}

  async ask(question: Question): Promise<void> {
    await this.stop();
    const turn = (this.turn += 1);
    [this.said, this.rows, this.problem, this.busy] = [null, [], null, true];
    [this.known, this.whyNothing] = [new Map(), null];
    try {
      let said = await got(api.POST("/api/v1/nodes/{node}/hunt/asks", { params: { path: { node: this.node } }, body: question }));
      while (turn === this.turn && said.state === "running") {
        this.said = said;
        said = await got(
          api.GET("/api/v1/nodes/{node}/hunt/asks/{asking}", { params: { path: { node: this.node, asking: said.id }, query: { wait_s: WAIT_S } } }),
        );
      }
      if (turn !== this.turn) return;
      this.said = said;
      if (said.refused) this.problem = new Problem(422, "refused", said.refused, "you");
      if (said.state === "done" && said.rows) await this.fill(said.id, turn);
    } catch (thrown) {
      if (turn === this.turn) this.problem = asProblem(thrown);
    }
    if (turn === this.turn) this.busy = false;
  }

  /** All rows, page by page: the first are there at once. */
  private async fill(asking: string, turn: number): Promise<void> {
    let after: string | undefined;
    do {
      const page = await got(
        api.GET("/api/v1/nodes/{node}/hunt/asks/{asking}/rows", { params: { path: { node: this.node, asking }, query: { limit: PAGE, after } } }),
      );
      if (turn !== this.turn) return;
      this.rows = [...this.rows, ...page.items];
      this.known = new Map([...this.known, ...page.known.map((one) => [one.value, one] as const)]);
      this.whyNothing = this.known.size ? null : page.why_nothing;
      after = page.next ?? undefined;
    } while (after);
  }

  async stop(): Promise<void> {
    const { said } = this;
    this.turn += 1;
    this.busy = false;
    if (said?.state !== "running") return;
    this.said = await got(api.DELETE("/api/v1/nodes/{node}/hunt/asks/{asking}", { params: { path: { node: this.node, asking: said.id } } })).catch(() => null);
  }

  exports(): Record<string, string> {
    const at = `/api/v1/nodes/${encodeURIComponent(this.node)}/hunt/asks/${this.said?.id ?? ""}/export`;
    return { csv: `${at}?format=csv`, json: `${at}?format=json` };
  }
}
