// ECharts by parts: what our charts use and no more. Loaded by Chart.svelte when the first one is drawn.
import { BarChart, HeatmapChart, LineChart, PieChart, ScatterChart, TreemapChart } from "echarts/charts";
import { AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapContinuousComponent } from "echarts/components";
import * as core from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

core.use([
  BarChart, HeatmapChart, LineChart, PieChart, ScatterChart, TreemapChart, AriaComponent, DataZoomInsideComponent, GridComponent, LegendComponent, MarkLineComponent,
  TooltipComponent, VisualMapContinuousComponent, CanvasRenderer,
]);

export { core };
