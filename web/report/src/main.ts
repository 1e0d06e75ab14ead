// The page: the view that the address names, with its tables and charts, drawn when it is looked at first.
import { read } from "./address";
import { driftChart, moneyChart, type Redraw, tokensChart } from "./charts";
import { showRow } from "./detail";
import type { Report } from "./document";
import { byId, within } from "./element";
import { Table } from "./table";
import { theme } from "./theme";
import { unpack } from "./unpack";
import { wiringGraph } from "./wiring";

const CHARTS: Partial<Record<string, (report: Report) => Redraw[]>> = {
  drift: (report) => [driftChart(byId("drift-by-day"), report.days)],
  money: (report) => [moneyChart(byId("money-by-day"), report.tables.days), tokensChart(byId("tokens-by-day"), report.tokens)],
  wiring: (report) => [wiringGraph(byId("wiring-graph"), report.wiring, report.tables.topics)],
};

/** What the address asks of tables: all but the open row. */
function rest(): string {
  const { facts } = read(location.hash);
  facts.delete("row");
  return facts.toString();
}

/** Marks the link of the view that is looked at, and brings it into sight where not all have room. */
function mark(link: HTMLAnchorElement): void {
  link.setAttribute("aria-current", "page");
  const bar = within(document, "nav");
  bar.scrollLeft = link.offsetLeft + (link.offsetWidth - bar.clientWidth) / 2;
}

async function start(): Promise<void> {
  const report = await unpack(byId("data").textContent);
  const tables = Object.fromEntries(Object.entries(report.tables).map(([name, table]) => [name, new Table(name, table, report)]));
  within(document, "nav").hidden = false;
  const charts: Partial<Record<string, Redraw[]>> = {};
  let shown: string | null = null;
  let asked = "";

  function show(): void {
    const wanted = read(location.hash).view;
    const view = wanted in report.views ? wanted : "overview";
    for (const name of Object.keys(report.views)) byId(`view-${name}`).hidden = name !== view;
    for (const link of document.querySelectorAll<HTMLAnchorElement>("nav a")) {
      if (link.hash === `#${view}`) mark(link);
      else link.removeAttribute("aria-current");
    }
    if (view !== shown || rest() !== asked) {
      for (const name of report.views[view]) tables[name].show(within(document, `#view-${view} [data-table="${name}"]`));
    }
    if (view !== shown) {
      charts[view] ??= CHARTS[view]?.(report) ?? [];
      draw(view);
      if (shown !== null) {
        scrollTo(0, 0);
        byId(`title-${view}`).focus({ preventScroll: true });
      }
      shown = view;
    }
    asked = rest();
    showRow(tables);
  }

  function draw(view: string): void {
    for (const redraw of charts[view] ?? []) redraw();
  }

  within(document, ".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the part of the address behind # says what is looked at
    byId("main").focus();
  });
  addEventListener("hashchange", show);
  show();
  theme(() => {
    if (shown !== null) draw(shown);
  });
  document.documentElement.dataset.ready = "";
}

void start();
