// Drift and money over time.
import { make } from "./element.js";
import { chart, FONT, tooltip } from "./engine.js";
import { colour } from "./theme.js";
import { counted, usd } from "./words.js";

const NARROW = 560; // pixels, below which a long legend takes two lines
const VERDICTS = { unfixable: "bad", "needs approval": "warn", "auto fixable": "calm", unknown: "odd" };

/** Open drift at the end of each day, stacked by verdict. */
export function driftChart(figure, { days, open, verdicts }) {
  if (!days.length) return nothing(figure, "No drift was seen.");
  const seen = verdicts.map((verdict, number) => [verdict, open[number]]).filter(([, values]) => values.some(Boolean));
  const now = seen.map(([verdict, values]) => `${values.at(-1)} ${verdict}`).join(", ");
  instead(figure, ["Day", ...seen.map(([verdict]) => verdict)], days.map((day, number) => [day, ...seen.map(([, values]) => values[number])]));
  const drawn = chart(figure.querySelector(".chart"), `Open drift over ${counted(days.length, "day")}; now: ${now || "none"}.`);
  return () =>
    drawn.setOption(
      option(days, {
        yAxis: axis({ minInterval: 1 }),
        series: seen.map(([verdict, values]) => ({
          name: verdict,
          type: "bar",
          stack: "open",
          data: values,
          color: colour(VERDICTS[verdict]),
          barMaxWidth: 34,
          barCategoryGap: "24%",
        })),
      }),
      true,
    );
}

/** What was spent and avoided on each day. */
export function moneyChart(figure, table) {
  const column = (key) => table.columns.find((each) => each.key === key).values;
  const order = column("name").map((_, row) => row).sort((a, b) => (column("name")[a] < column("name")[b] ? -1 : 1));
  if (!order.length) return nothing(figure, table.empty);
  const dollars = (key) => order.map((row) => (column(key)[row] ?? 0) / 1e9);
  const [spent, avoided] = [dollars("spent"), dollars("avoided")];
  const sum = (values) => usd(values.reduce((total, each) => total + each, 0));
  const drawn = chart(figure.querySelector(".chart"), `Over ${counted(order.length, "day")} ${sum(spent)} was spent and ${sum(avoided)} avoided. The table below has each day.`);
  const bars = (name, data, tone) => ({ name, type: "bar", data, color: colour(tone), barMaxWidth: 22, barGap: "8%", itemStyle: { borderRadius: [3, 3, 0, 0] } });
  return () =>
    drawn.setOption(
      option(order.map((row) => column("name")[row]), {
        yAxis: axis({ axisLabel: { formatter: usd, color: colour("soft"), fontFamily: FONT } }),
        tooltip: tooltip({ trigger: "axis", valueFormatter: usd }),
        series: [bars("spent", spent, "warn"), bars("avoided", avoided, "good")],
      }),
      true,
    );
}

/** Tokens of each day, on own hardware and elsewhere. */
export function tokensChart(figure, tokens) {
  if (!tokens.length) return nothing(figure, "No token was counted.");
  const days = [...tokens].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const drawn = chart(figure.querySelector(".chart"), `Tokens of ${counted(days.length, "day")}: on own hardware, and in the cloud.`);
  instead(figure, ["Day", "own hardware", "cloud"], days.map((day) => [day[0], ...day.slice(1).map((each) => each.toLocaleString("en-US"))]));
  const bars = (name, place, tone) => ({ name, type: "bar", stack: "tokens", data: days.map((day) => day[place]), color: colour(tone), barMaxWidth: 28 });
  return () => drawn.setOption(option(days.map((day) => day[0]), { yAxis: axis(), series: [bars("own hardware", 1, "good"), bars("cloud", 2, "calm")] }), true);
}

function option(days, facts) {
  return {
    animation: false,
    aria: { enabled: false },
    textStyle: { fontFamily: FONT },
    grid: { left: 8, right: 12, top: facts.series.length > 2 && innerWidth < NARROW ? 62 : 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: colour("ink"), fontFamily: FONT } },
    tooltip: tooltip({ trigger: "axis" }),
    xAxis: { type: "category", data: days, axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false }, axisLabel: { color: colour("soft"), hideOverlap: true } },
    ...facts,
  };
}

function axis(facts = {}) {
  return { type: "value", splitLine: { lineStyle: { color: colour("line") } }, axisLabel: { color: colour("soft") }, ...facts };
}

function nothing(figure, text) {
  figure.querySelector(".chart").replaceWith(make("p", { class: "empty" }, text));
  return () => {};
}

/** The same as a table, for whoever does not see the chart. */
function instead(figure, head, rows) {
  const cells = (tag, values, scope) => values.map((value, number) => make(number ? tag : "th", { scope: number ? scope : (scope ?? "row") }, String(value)));
  const table = make(
    "table",
    {},
    make("caption", { class: "unseen" }, figure.querySelector("figcaption").textContent),
    make("thead", {}, make("tr", {}, ...cells("th", head, "col"))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells("td", row)))),
  );
  figure.querySelector(".instead").replaceChildren(make("details", {}, make("summary", {}, "As a table"), make("div", { class: "still", tabindex: 0, role: "group", "aria-label": "As a table" }, table)));
}
