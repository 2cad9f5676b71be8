// How an indicator's worth falls, as a chart and as rows.
import type { Draw, Told } from "$lib/chart";
import { day } from "$lib/time";
import type { Whole } from "./kinds";

export function decayDraw(whole: Whole, worth: string, line: string): Draw {
  const { points } = whole.decay;
  const now = points.findLast((one) => one.at_us <= Date.now() * 1000);
  return (by) => ({
    grid: { left: 8, right: 20, top: 26, bottom: 8, containLabel: true },
    tooltip: { trigger: "axis", valueFormatter: (value: unknown) => String(value) },
    xAxis: { type: "time", axisLabel: { hideOverlap: true, formatter: (value: number) => day(value * 1000) } },
    yAxis: { type: "value", min: 0, max: 100 },
    series: [
      {
        name: worth, type: "line", showSymbol: false, smooth: true, areaStyle: { opacity: 0.08 }, data: points.map((one) => [one.at_us / 1000, one.worth]),
        markLine: {
          silent: true, symbol: "none", lineStyle: { color: by.line, type: "dashed" }, label: { formatter: `${line}: {c}`, position: "insideStartTop", color: by.dim },
          data: [{ yAxis: whole.decay.line }],
        },
        markPoint: now && { symbolSize: 9, symbol: "circle", label: { show: false }, data: [{ coord: [now.at_us / 1000, now.worth] }] },
      },
    ],
  });
}

export const decayTold = (whole: Whole, worth: string, at: string): Told => ({
  header: [at, worth],
  rows: whole.decay.points.map((one) => [day(one.at_us), one.worth]),
});
