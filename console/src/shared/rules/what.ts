// The rules of an indicator, as either console's API has them.
import type { components } from "$api/soc";

export type IndicatorRules = components["schemas"]["IndicatorRules"];
export type Load = (signal: AbortSignal) => Promise<IndicatorRules>;
