// What the overview's pieces share: types of the API.
import type { components } from "$api/sac";

type Schemas = components["schemas"];
export type Overview = Schemas["SectorOverview"];
export type Tile = Schemas["Tile"];
