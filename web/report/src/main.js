// The page: the view that the address names, with its tables and charts, drawn when it is looked at first.
import { read } from "./address.js";
import { driftChart, moneyChart, tokensChart } from "./charts.js";
import { showRow } from "./detail.js";
import { Table } from "./table.js";
import { theme } from "./theme.js";
import { unpack } from "./unpack.js";
import { wiringGraph } from "./wiring.js";

const CHARTS = {
  drift: (document_) => [driftChart(byId("drift-by-day"), document_.days)],
  money: (document_) => [moneyChart(byId("money-by-day"), document_.tables.days), tokensChart(byId("tokens-by-day"), document_.tokens)],
  wiring: (document_) => [wiringGraph(byId("wiring-graph"), document_.wiring, document_.tables.topics)],
};

function byId(name) {
  return document.getElementById(name);
}

/** What the address asks of tables: all but the open row. */
function rest() {
  const { facts } = read(location.hash);
  facts.delete("row");
  return facts.toString();
}

async function start() {
  const document_ = await unpack(document.getElementById("data").textContent);
  const tables = Object.fromEntries(Object.entries(document_.tables).map(([name, table]) => [name, new Table(name, table, document_)]));
  const charts = {};
  let shown = null;
  let asked = "";

  function show() {
    const wanted = read(location.hash).view;
    const view = wanted in document_.views ? wanted : "overview";
    for (const name of Object.keys(document_.views)) byId(`view-${name}`).hidden = name !== view;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.hash === `#${view}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (view !== shown) {
      for (const name of document_.views[view]) tables[name].show(document.querySelector(`#view-${view} [data-table="${name}"]`));
      charts[view] ??= (CHARTS[view] ?? (() => []))(document_);
      draw(view);
      if (shown !== null) {
        scrollTo(0, 0);
        byId(`title-${view}`).focus({ preventScroll: true });
      }
      shown = view;
    } else if (rest() !== asked) {
      for (const name of document_.views[view]) tables[name].show(tables[name].into);
    }
    asked = rest();
    showRow(tables);
  }

  function draw(view) {
    for (const redraw of charts[view] ?? []) redraw();
  }

  document.querySelector("nav").hidden = false;
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault(); // the part of the address behind # says what is looked at
    byId("main").focus();
  });
  addEventListener("hashchange", show);
  show();
  theme(() => draw(shown));
  document.documentElement.dataset.ready = "";
}

start();
