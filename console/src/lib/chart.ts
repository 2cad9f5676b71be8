// What a chart is told: what it draws, and the same as rows for those who read rather than look.
import type { EChartsCoreOption } from "echarts/core";
import type { Colours } from "./colours";
import type { Cell } from "./table";

export interface Told {
  readonly header: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export type Draw = (colours: Colours) => EChartsCoreOption;

type Part = Record<string, unknown>;

function axis(given: unknown, look: Part): unknown {
  if (given === undefined) return undefined;
  if (Array.isArray(given)) return given.map((one: Part) => ({ ...look, ...one }));
  return { ...look, ...(given as Part) };
}

/** An option with the house's look: type, lines, colours, tooltips drawn on the canvas (the policy forbids inline styles). */
export function dressed(option: EChartsCoreOption, by: Colours, font: string): EChartsCoreOption {
  const given = option as Part;
  const text = { color: by.dim, fontFamily: font, fontSize: 12 };
  const look = {
    axisLine: { lineStyle: { color: by.line } }, axisTick: { lineStyle: { color: by.line } }, axisLabel: text, nameTextStyle: text,
    splitLine: { lineStyle: { color: by.line, opacity: 0.7 } },
  };
  return {
    animationDuration: 250,
    color: by.series,
    grid: { left: 8, right: 14, top: 18, bottom: 8, containLabel: true },
    ...given,
    textStyle: { fontFamily: font, color: by.text },
    xAxis: axis(given.xAxis, look),
    yAxis: axis(given.yAxis, look),
    legend: given.legend === undefined ? undefined : { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: text, ...(given.legend as Part) },
    tooltip: {
      renderMode: "richText", backgroundColor: by.surface, borderColor: by.line, textStyle: { ...text, color: by.text }, confine: true,
      ...(given.tooltip as Part | undefined),
    },
  };
}
