// Drift and money over time.
import type { BarSeriesOption } from "echarts/charts";
import { column, type Days, type Report, type TableData } from "./document";
import { make, within } from "./element";
import { chart, FONT, tooltip } from "./engine";
import { colour } from "./theme";
import { counted, usd } from "./words";

/** Draws a chart anew, in the colours of now. */
export type Redraw = () => void;

const NARROW = 560; // pixels, below which a long legend takes two lines
const VERDICTS: Record<string, string> = { unfixable: "bad", "needs approval": "warn", "auto fixable": "calm", unknown: "odd" };

/** Open drift at the end of each day, stacked by verdict. */
export function driftChart(figure: HTMLElement, { days, open, verdicts }: Days): Redraw {
  if (!days.length) return nothing(figure, "No drift was seen.");
  const seen = verdicts.map((verdict, number) => ({ verdict, values: open[number] })).filter(({ values }) => values.some(Boolean));
  const now = seen.map(({ verdict, values }) => `${values.at(-1) ?? 0} ${verdict}`).join(", ");
  instead(figure, ["Day", ...seen.map(({ verdict }) => verdict)], days.map((day, number) => [day, ...seen.map(({ values }) => values[number])]));
  const drawn = chart(within(figure, ".chart"), `Open drift over ${counted(days.length, "day")}; now: ${now || "none"}.`);
  return () => {
    const series = seen.map(({ verdict, values }): BarSeriesOption => ({
      name: verdict,
      type: "bar",
      stack: "open",
      data: values,
      color: colour(VERDICTS[verdict]),
      barMaxWidth: 34,
      barCategoryGap: "24%",
    }));
    drawn.setOption({ ...option(days, series), yAxis: axis({ minInterval: 1 }) }, true);
  };
}

/** What was spent and avoided on each day. */
export function moneyChart(figure: HTMLElement, table: TableData): Redraw {
  const days = column(table, "name").values.map((day, row) => ({ day: String(day), row })).sort((a, b) => (a.day < b.day ? -1 : 1));
  if (!days.length) return nothing(figure, table.empty);
  const dollars = (key: string) => days.map(({ row }) => Number(column(table, key).values[row]) / 1e9);
  const [spent, avoided] = [dollars("spent"), dollars("avoided")];
  const sum = (values: number[]) => usd(values.reduce((total, each) => total + each, 0));
  const said = `Over ${counted(days.length, "day")} ${sum(spent)} was spent and ${sum(avoided)} avoided. The table below has each day.`;
  const drawn = chart(within(figure, ".chart"), said);
  const bars = (name: string, data: number[], tone: string): BarSeriesOption => ({
    name,
    type: "bar",
    data,
    color: colour(tone),
    barMaxWidth: 22,
    barGap: "8%",
    itemStyle: { borderRadius: [3, 3, 0, 0] },
  });
  return () => {
    drawn.setOption(
      {
        ...option(days.map(({ day }) => day), [bars("spent", spent, "warn"), bars("avoided", avoided, "good")]),
        yAxis: axis({ axisLabel: { formatter: usd, color: colour("soft"), fontFamily: FONT } }),
        tooltip: tooltip({ trigger: "axis", valueFormatter: (value) => usd(Number(value)) }),
      },
      true,
    );
  };
}

/** Tokens of each day, on own hardware and elsewhere. */
export function tokensChart(figure: HTMLElement, tokens: Report["tokens"]): Redraw {
  if (!tokens.length) return nothing(figure, "No token was counted.");
  const days = [...tokens].sort(([a], [b]) => (a < b ? -1 : 1));
  const names = days.map(([day]) => day);
  const drawn = chart(within(figure, ".chart"), `Tokens of ${counted(days.length, "day")}: on own hardware, and in the cloud.`);
  instead(figure, ["Day", "own hardware", "cloud"], days.map(([day, local, cloud]) => [day, local, cloud]));
  const bars = (name: string, data: number[], tone: string): BarSeriesOption => ({ name, type: "bar", stack: "tokens", data, color: colour(tone), barMaxWidth: 28 });
  return () => {
    const series = [bars("own hardware", days.map(([, local]) => local), "good"), bars("cloud", days.map(([, , cloud]) => cloud), "calm")];
    drawn.setOption({ ...option(names, series), yAxis: axis() }, true);
  };
}

function option(days: string[], series: BarSeriesOption[]) {
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { fontFamily: FONT },
    grid: { left: 8, right: 12, top: series.length > 2 && innerWidth < NARROW ? 62 : 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: colour("ink"), fontFamily: FONT } },
    tooltip: tooltip({ trigger: "axis" }),
    xAxis: { type: "category", data: days, axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false }, axisLabel: { color: colour("soft"), hideOverlap: true } },
    series,
  };
}

function axis(facts: object = {}): object {
  return { type: "value", splitLine: { lineStyle: { color: colour("line") } }, axisLabel: { color: colour("soft") }, ...facts };
}

function nothing(figure: HTMLElement, text: string): Redraw {
  within(figure, ".chart").replaceWith(make("p", { class: "empty" }, text));
  return () => undefined;
}

/** The same as a table, for whoever does not see the chart. */
function instead(figure: HTMLElement, head: string[], rows: [day: string, ...figures: number[]][]): void {
  const heads = head.map((name, number) => make("th", { scope: "col", class: number ? "number" : null }, name));
  const row = ([day, ...figures]: [string, ...number[]]) =>
    make("tr", {}, make("th", { scope: "row" }, day), ...figures.map((each) => make("td", { class: "number" }, each.toLocaleString("en-US"))));
  const table = make(
    "table",
    {},
    make("caption", { class: "unseen" }, within(figure, "figcaption").textContent),
    make("thead", {}, make("tr", {}, ...heads)),
    make("tbody", {}, ...rows.map(row)),
  );
  const still = make("div", { class: "still", tabindex: 0, role: "group", "aria-label": "As a table" }, table);
  within(figure, ".instead").replaceChildren(make("details", {}, make("summary", {}, "As a table"), still));
}
