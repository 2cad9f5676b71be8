// What a picture of things is made of: who stands in which column and how each column is ordered. Graph.svelte draws it.

export const KINDS = ["actor", "domain", "address", "certificate", "client", "file", "technique", "case", "indicator"] as const;
export type Kind = (typeof KINDS)[number];

export interface Node {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  /** What it is in more words, such as a technique's name. */
  readonly note?: string;
  /** There may be more next to it: it has a button that fetches that. */
  readonly grows?: boolean;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly name?: string;
  readonly line?: "solid" | "dashed" | "dotted";
}

/** Names and fingerprints to the left, who reports them beside them, addresses, and what was made of it to the right. */
const COLUMN: Readonly<Record<Kind, number>> = {
  domain: 0, certificate: 0, client: 0, file: 0, actor: 1, address: 2, technique: 3, case: 3, indicator: 3,
};

/** The columns that something stands in, each ordered so that what hangs together lies at about the same height. */
export function columns(nodes: readonly Node[], edges: readonly Edge[]): Node[][] {
  const near = new Map<string, string[]>(nodes.map((one) => [one.id, []]));
  for (const one of edges) {
    near.get(one.from)?.push(one.to);
    near.get(one.to)?.push(one.from);
  }
  const made = [0, 1, 2, 3].map((column) => nodes.filter((one) => COLUMN[one.kind] === column)).filter((one) => one.length);
  const at = new Map<string, number>();
  const middle = (one: Node): number => {
    const others = near.get(one.id) ?? [];
    return others.length ? others.reduce((sum, other) => sum + (at.get(other) ?? 0.5), 0) / others.length : 0.5;
  };
  for (let turn = 0; turn < 4; turn += 1)
    for (const column of made) {
      const wanted = new Map(column.map((one) => [one.id, turn === 0 ? 0 : middle(one)]));
      column.sort((one, other) => (wanted.get(one.id) ?? 0) - (wanted.get(other.id) ?? 0) || one.id.localeCompare(other.id));
      column.forEach((one, index) => at.set(one.id, (index + 0.5) / column.length));
    }
  return made;
}

export interface Line {
  readonly edge: Edge;
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** Where the lines run, from the middle of one box to the middle of the other, as they stand in the page now. */
export function lines(box: HTMLElement, edges: readonly Edge[]): Line[] {
  const ground = box.getBoundingClientRect();
  const at = new Map<string, { x: number; y: number }>();
  for (const node of box.querySelectorAll<HTMLElement>("[data-id]")) {
    const place = node.getBoundingClientRect();
    at.set(node.dataset["id"] ?? "", { x: place.left + place.width / 2 - ground.left, y: place.top + place.height / 2 - ground.top });
  }
  return edges.flatMap((edge) => {
    const [one, other] = [at.get(edge.from), at.get(edge.to)];
    return one && other ? [{ edge, x1: one.x, y1: one.y, x2: other.x, y2: other.y }] : [];
  });
}
