// One row, opened: everything that is known of it, and of a task what came before and after.
import { changed, read } from "./address.js";
import { make } from "./element.js";
import { ago, counted, written } from "./words.js";

const MOST_LINKS = 200;

/** Opens or closes the dialog as the address says. */
export function showRow(tables) {
  const dialog = document.getElementById("row");
  const [, name, identity] = /^([a-z-]+):(.*)$/s.exec(read(location.hash).facts.get("row") ?? "") ?? [];
  const table = tables[name];
  const row = table ? table.find(identity) : -1;
  if (row < 0) {
    if (dialog.open) dialog.close();
    return;
  }
  dialog.replaceChildren(...contents(table, row));
  dialog.onclose = () => {
    if (read(location.hash).facts.get("row")) location.hash = changed({ row: "" });
  };
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close();
  };
  if (!dialog.open) dialog.showModal();
  dialog.scrollTop = 0;
}

function contents(table, row) {
  const close = make("button", { type: "button", class: "close", click: () => document.getElementById("row").close() }, "Close");
  const command = table.table.command.replace(/\{(\w+)\}/g, (_, key) => quoted(table.value(row, key) ?? ""));
  return [
    make("header", {}, make("h2", { id: "row-title" }, title(table, row)), close),
    make("dl", {}, ...table.table.columns.flatMap((column) => fact(table, column, column.values[row]))),
    command ? make("p", { class: "command" }, "In a terminal: ", make("code", {}, command)) : null,
    table.name === "tasks" ? chain(table, row) : null,
  ].filter(Boolean);
}

function title(table, row) {
  const column = table.table.columns.find((each) => each.key === table.table.identity[0]);
  return `${column.label} ${written(column.kind, column.values[row])}`;
}

function fact(table, column, value) {
  if (value === null || value === "") return [];
  const shown = column.kind === "time" ? `${written("time", value)}, ${ago(value, table.document.now)} before this report` : table.filled(column, value);
  return [make("dt", {}, column.label), make("dd", { class: column.kind }, shown)];
}

/** The tasks that came of one beginning, in the order in which they began. */
function chain(table, row) {
  const own = table.value(row, "chain");
  const chains = table.table.columns[table.place.chain].values;
  const rows = chains.flatMap((value, each) => (value === own ? [each] : []));
  rows.sort((a, b) => table.value(a, "started") - table.value(b, "started"));
  const links = rows.slice(0, MOST_LINKS).map((each) => link(table, each, row));
  return make("section", {}, make("h3", {}, `Its chain: ${counted(rows.length, "task")}`), make("ol", { class: "chain" }, ...links));
}

function link(table, row, current) {
  const outcome = table.table.columns[table.place.outcome];
  const here = row === current ? "true" : null;
  const words = make("a", { href: table.link(row), "aria-current": here }, table.value(row, "node"));
  const topic = make("span", { class: "name" }, table.value(row, "topic"));
  return make("li", {}, words, " ", table.filled(outcome, outcome.values[row]), topic);
}

/** A value as one word of a shell. */
function quoted(value) {
  return /^[\w.:/-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
