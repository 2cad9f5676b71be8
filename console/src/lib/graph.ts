// Cytoscape in the house's look. Loaded by Graph.svelte when the first graph is drawn.
import cytoscape, { type Core, type LayoutOptions, type StylesheetJson } from "cytoscape";
import type { Colours } from "./colours";

export interface Node {
  readonly id: string;
  readonly name: string;
  /** Its shape, so that kinds differ without colour: actors are round, domains square, addresses diamonds. */
  readonly shape?: "ellipse" | "round-rectangle" | "diamond" | "hexagon" | "triangle";
  readonly tone?: "accent" | "critical" | "high" | "medium" | "low" | "good" | "dim";
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly name?: string;
  readonly dashed?: boolean;
  readonly arrow?: boolean;
}

interface Given {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
  readonly layout: "force" | "rings" | "rows";
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

const LAYOUTS: Readonly<Record<Given["layout"], LayoutOptions>> = {
  force: { name: "cose", animate: false, randomize: false, padding: 20, nodeRepulsion: () => 9000, idealEdgeLength: () => 110, nodeDimensionsIncludeLabels: true },
  rings: { name: "concentric", animate: false, padding: 20, minNodeSpacing: 30, concentric: (node) => node.degree(false), levelWidth: () => 2 },
  rows: { name: "breadthfirst", animate: false, padding: 20, directed: true, spacingFactor: 1.1, transform: (_, at) => ({ x: at.y * 1.6, y: at.x }) },
};

function style(by: Colours, font: string): StylesheetJson {
  return [
    {
      selector: "node",
      style: {
        label: "data(name)", shape: "data(shape)" as never, width: 20, height: 20, "background-color": "data(colour)", "font-family": font,
        "font-size": 11, color: by.text, "text-valign": "bottom", "text-margin-y": 4, "text-wrap": "ellipsis", "text-max-width": "130px",
        "text-outline-color": by.surface, "text-outline-width": 2,
      },
    },
    {
      selector: "edge",
      style: {
        width: 1.5, "line-color": by.dim, opacity: 0.75, "curve-style": "bezier", label: "data(name)", "font-size": 10, color: by.dim, "font-family": font,
        "text-outline-color": by.surface, "text-outline-width": 2,
      },
    },
    { selector: "edge[?dashed]", style: { "line-style": "dashed" } },
    { selector: "edge[?arrow]", style: { "target-arrow-shape": "triangle", "target-arrow-color": by.dim } },
  ];
}

export function drawn(box: HTMLDivElement, { nodes, edges, layout, by, font }: Given): Core {
  standIn();
  const known = new Set(nodes.map((one) => one.id));
  return cytoscape({
    container: box,
    elements: [
      ...nodes.map((one) => ({ data: { id: one.id, name: one.name, shape: one.shape ?? "ellipse", colour: by[one.tone ?? "accent"] } })),
      ...edges
        .filter((one) => known.has(one.from) && known.has(one.to))
        .map((one, index) => ({ data: { id: `edge ${index}`, source: one.from, target: one.to, name: one.name ?? "", dashed: one.dashed, arrow: one.arrow } })),
    ],
    style: style(by, font),
    layout: LAYOUTS[layout],
    minZoom: 0.2,
    maxZoom: 1.2, // of what fits: a graph of four nodes is not blown up until its names lie on each other
    userZoomingEnabled: false,
    autoungrabify: false,
  });
}
