// Cytoscape in the house's look. Loaded by Graph.svelte when the first graph is drawn.
import cytoscape, { type Core, type NodeSingular, type StylesheetJson } from "cytoscape";
import type { Colours } from "./colours";

export interface Node {
  readonly id: string;
  readonly name: string;
  /** Its shape, so that kinds differ without colour: actors are round, domains square, addresses diamonds. */
  readonly shape?: "ellipse" | "round-rectangle" | "diamond" | "hexagon" | "triangle";
  readonly tone?: "accent" | "critical" | "high" | "medium" | "low" | "good" | "dim";
  /** Which column it stands in, from the left; a column that nothing stands in takes no room. */
  readonly column: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly name?: string;
  readonly line?: "solid" | "dashed" | "dotted";
  readonly arrow?: boolean;
}

interface Given {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly by: Colours;
  readonly font: string;
}

const SHEET = "__________cytoscape_stylesheet";

/** Cytoscape puts an inline style sheet in the head unless something has its name; the policy forbids that, and Graph.svelte
 * has the one rule it holds. */
function standIn(): void {
  if (document.getElementById(SHEET)) return;
  const mark = document.createElement("meta");
  mark.id = SHEET;
  document.head.append(mark);
}

/** Pixels between two rows: a node, and its name under it. */
const ROW = 46;
const EDGE = 14;

/** How tall the drawing is in pixels: as the longest column. */
export function tall(nodes: readonly Node[]): number {
  const by = new Map<number, number>();
  for (const one of nodes) by.set(one.column, (by.get(one.column) ?? 0) + 1);
  return Math.max(2, ...by.values()) * ROW;
}

/** Puts every column's nodes one under another, those with the same neighbours together; a name has its column's width.
 * What hangs together across columns lies at about the same height. */
export function laid(cy: Core): void {
  const columns = [...new Set(cy.nodes().map((one) => one.data("column") as number))].sort((one, other) => one - other);
  const [width, height] = [cy.width(), cy.height()];
  const room = width / Math.max(1, columns.length);
  const at = new Map<string, number>();
  const middle = (one: NodeSingular): number => {
    const near = one.neighborhood("node").map((other) => at.get(other.id()) ?? 0.5);
    return near.length ? near.reduce((sum, each) => sum + each, 0) / near.length : 0.5;
  };
  const inColumns = columns.map((column) => cy.nodes().filter((one) => one.data("column") === column).toArray() as NodeSingular[]);
  for (let turn = 0; turn < 4; turn += 1)
    for (const column of inColumns) {
      const wanted = new Map(column.map((one) => [one.id(), turn === 0 ? 0 : middle(one)]));
      column.sort((one, other) => (wanted.get(one.id()) ?? 0) - (wanted.get(other.id()) ?? 0) || one.id().localeCompare(other.id()));
      column.forEach((one, index) => at.set(one.id(), (index + 0.5) / column.length));
    }
  cy.batch(() => {
    inColumns.forEach((column, index) =>
      column.forEach((one) => one.position({ x: (index + 0.5) * room, y: EDGE / 2 + (at.get(one.id()) ?? 0.5) * (height - EDGE) - 8 })),
    );
    cy.nodes().style("text-max-width", `${Math.max(60, room - EDGE)}px`);
  });
  cy.viewport({ zoom: 1, pan: { x: 0, y: 0 } });
}

function style(by: Colours, font: string): StylesheetJson {
  return [
    {
      selector: "node",
      style: {
        label: "data(name)", shape: "data(shape)" as never, width: 20, height: 20, "background-color": "data(colour)", "font-family": font,
        "font-size": 11, color: by.text, "text-valign": "bottom", "text-margin-y": 4, "text-wrap": "ellipsis",
        "text-outline-color": by.surface, "text-outline-width": 2,
      },
    },
    {
      selector: "edge",
      style: {
        width: 1.5, "line-color": by.dim, opacity: 0.6, "curve-style": "straight", "z-index": 0,
      },
    },
    { selector: "edge[line = 'dashed']", style: { "line-style": "dashed" } },
    { selector: "edge[line = 'dotted']", style: { "line-style": "dotted" } },
    { selector: "edge[?beside]", style: { "curve-style": "unbundled-bezier", "control-point-distances": [34], "control-point-weights": [0.5] } },
    { selector: ".off", style: { opacity: 0.15 } },
    { selector: "edge[?arrow]", style: { "target-arrow-shape": "triangle", "target-arrow-color": by.dim } },
  ];
}

export function drawn(box: HTMLDivElement, { nodes, edges, by, font }: Given): Core {
  standIn();
  const column = new Map(nodes.map((one) => [one.id, one.column]));
  const cy = cytoscape({
    container: box,
    elements: [
      ...nodes.map((one) => ({ data: { id: one.id, name: one.name, column: one.column, shape: one.shape ?? "ellipse", colour: by[one.tone ?? "accent"] } })),
      ...edges
        .filter((one) => column.has(one.from) && column.has(one.to))
        .map((one, index) => ({
          data: {
            id: `edge ${index}`, source: one.from, target: one.to, name: one.name ?? "", line: one.line ?? "solid", arrow: one.arrow,
            beside: column.get(one.from) === column.get(one.to),
          },
        })),
    ],
    style: style(by, font),
    layout: { name: "null" },
    userZoomingEnabled: false,
    userPanningEnabled: false, // a finger on it moves the page
    boxSelectionEnabled: false,
    autoungrabify: true,
  });
  laid(cy);
  cy.on("mouseover", "node", ({ target }) => cy.elements().not((target as NodeSingular).closedNeighborhood()).addClass("off"));
  cy.on("mouseout", "node", () => cy.elements().removeClass("off"));
  return cy;
}
