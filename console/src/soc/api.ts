// The way to this console's API; its types are made from its OpenAPI document (npm run api).
import { client } from "$lib/client";
import type { paths } from "$api/soc";

export const api = client<paths>();
