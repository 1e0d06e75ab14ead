// One row, opened: everything that is known of it, and of a task what came before and after.
import { changed, read } from "./address";
import { chain } from "./chain";
import type { Column, Value } from "./document";
import { make } from "./element";
import type { Table } from "./table";
import { ago, written } from "./words";

/** Opens or closes the dialog as the address says. */
export function showRow(tables: Record<string, Table>): void {
  const dialog = document.querySelector<HTMLDialogElement>("dialog#row");
  if (!dialog) return;
  const [, name = "", identity = ""] = /^([a-z-]+):(.*)$/s.exec(read(location.hash).facts.get("row") ?? "") ?? [];
  const row = name in tables ? tables[name].find(identity) : -1;
  if (row < 0) {
    if (dialog.open) dialog.close();
    return;
  }
  const title = make("h2", { id: "row-title", tabindex: -1 }, heading(tables[name], row));
  const close = () => {
    dialog.close();
  };
  dialog.replaceChildren(
    make("header", {}, title, make("button", { type: "button", class: "close", click: close }, "Close")),
    ...contents(tables, tables[name], row),
  );
  dialog.onclose = () => {
    if (read(location.hash).facts.get("row")) location.hash = changed({ row: "" });
  };
  dialog.onclick = (event) => {
    if (event.target === dialog) close();
  };
  if (dialog.open) title.focus();
  else dialog.showModal();
  dialog.scrollTop = 0;
}

function contents(tables: Record<string, Table>, table: Table, row: number): HTMLElement[] {
  const facts = table.table.columns.filter(({ shown }) => shown !== "drawn").flatMap((column) => fact(table, column, column.values[row]));
  const command = table.table.command.replace(/\{(\w+)\}/g, (_, key: string) => quoted(String(table.value(row, key) ?? "")));
  return [
    make("dl", {}, ...facts),
    ...(command ? [make("p", { class: "command" }, "In a terminal: ", make("code", {}, command))] : []),
    ...beside(tables, table, row),
  ];
}

/** The chain of a task; of a receipt that of the task that it was made for, if that came over the bus. */
function beside(tables: Record<string, Table>, table: Table, row: number): HTMLElement[] {
  const { receipts, tasks } = tables;
  if (table === tasks) {
    const receipt = receipts.find(String(tasks.value(row, "receipt") ?? ""));
    const link = make("p", { class: "command" }, make("a", { href: receipts.link(receipt) }, "The calls of models that it took"));
    return [...(receipt < 0 ? [] : [link]), chain(tasks, row)];
  }
  const task = table === receipts ? tasks.holding("receipt", table.value(row, "id")) : -1;
  return task < 0 ? [] : [chain(tasks, task)];
}

function heading(table: Table, row: number): string {
  const column = table.column(table.table.identity[0]);
  return `${column.label} ${written(column.kind, column.values[row])}`;
}

function fact(table: Table, column: Column, value: Value): HTMLElement[] {
  if (value === null || value === "") return [];
  const shown = typeof value === "number" && column.kind === "time" ? `${written("time", value)}, ${ago(value, table.report.now)} before this report` : table.filled(column, value);
  return [make("dt", {}, column.label), make("dd", { class: column.kind }, shown)];
}

/** A value as one word of a shell. */
function quoted(value: string): string {
  return /^[\w.:/-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
