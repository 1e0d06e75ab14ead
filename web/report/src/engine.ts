// The parts of ECharts that the report draws with. On canvas: SVG would need inline styles, which the page's policy bars.
import { BarChart, GraphChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent, type TooltipComponentOption } from "echarts/components";
import { type ECharts, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { colour } from "./theme";

use([AriaComponent, BarChart, CanvasRenderer, GraphChart, GridComponent, LegendComponent, TooltipComponent]);

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

/** A chart in an element, which follows its size; `description` is what it says in words. */
export function chart(element: HTMLElement, description: string): ECharts {
  const drawn = init(element, null, { renderer: "canvas" });
  new ResizeObserver(() => {
    drawn.resize();
  }).observe(element);
  element.setAttribute("role", "img");
  element.setAttribute("aria-label", description);
  return drawn;
}

/** A tooltip that is drawn, not made of markup. */
export function tooltip(facts: TooltipComponentOption): TooltipComponentOption {
  return {
    renderMode: "richText",
    confine: true,
    backgroundColor: colour("panel"),
    borderColor: colour("line"),
    textStyle: { color: colour("ink"), fontFamily: FONT, fontSize: 12 },
    ...facts,
  };
}
