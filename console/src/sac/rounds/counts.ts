// Sums with their intervals, as bars with a line across each.
import type { Draw } from "$lib/chart";
import type { Said } from "$lib/words";
import type { components } from "$api/sac";

type Row = components["schemas"]["CountRow"];

export function countsDraw(rows: readonly Row[], say: (said: Said) => string): Draw {
  const shown = rows.toReversed();
  return (by) => ({
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
    xAxis: { type: "value", min: 0 },
    yAxis: { type: "category", data: shown.map((row) => say(row.says)) },
    series: [
      { type: "bar", barMaxWidth: 12, data: shown.map((row) => row.value ?? 0) },
      {
        type: "line", showSymbol: false, lineStyle: { opacity: 0 }, silent: true, data: [],
        markLine: {
          symbol: ["rect", "rect"], symbolSize: [2, 9], silent: true, lineStyle: { color: by.text, width: 1.5, type: "solid" }, label: { show: false },
          data: shown.map((row, index) => [{ coord: [row.low ?? 0, index] }, { coord: [row.high ?? 0, index] }]),
        },
      },
    ],
  });
}
