// The chain of a task: all that came of its beginning, each task below the one that it follows from.
import { make } from "./element";
import type { Table } from "./table";
import { counted, lasted, moment, usd, written } from "./words";

const MOST = 300; // tasks in the page
const DEEPEST = 12; // steps that are drawn further in

/** The chain as lists within lists; the task of `current` is marked in it. */
export function chain(tasks: Table, current: number): HTMLElement {
  const [start, end] = ends(tasks, current);
  const first = Math.max(start, Math.min(current - MOST / 2, end - MOST));
  const rows = range(first, Math.min(end, first + MOST));
  return make(
    "section",
    { class: "chain", "aria-labelledby": "chain-title" },
    make("h3", { id: "chain-title" }, `Its chain: ${counted(end - start, "task")}`),
    make("p", { class: "soft" }, sums(tasks, range(start, end))),
    leftOut(first - start, "before these"),
    nested(tasks, rows, current, began(tasks, start)),
    leftOut(end - start - rows.length - (first - start), "after these"),
  );
}

/** Where a chain begins and ends: its tasks stand together, each behind the one above it. */
function ends(tasks: Table, row: number): [start: number, end: number] {
  const { values } = tasks.column("chain");
  let [start, end] = [row, row + 1];
  while (start > 0 && values[start - 1] === values[row]) start--;
  while (end < values.length && values[end] === values[row]) end++;
  return [start, end];
}

function sums(tasks: Table, rows: number[]): string {
  const outcomes = new Map<string, number>();
  for (const row of rows) outcomes.set(tasks.text("outcome", row), (outcomes.get(tasks.text("outcome", row)) ?? 0) + 1);
  const told = [...outcomes].map(([outcome, number]) => `${number.toLocaleString("en-US")} ${outcome}`).join(", ");
  const starts = rows.map((row) => began(tasks, row));
  const lasts = rows.map((row) => tasks.figure("ended", row));
  const time = lasts.reduce((a, b) => Math.max(a, b)) - starts.reduce((a, b) => Math.min(a, b));
  const costs = rows.map((row) => tasks.value(row, "spent"));
  const cost = costs.includes(null) ? "of a cost that is not known" : `for ${usd(costs.reduce<number>((sum, each) => sum + Number(each), 0) / 1e9)}`;
  return `${told}; within ${lasted(Math.ceil(time))}, ${cost}`;
}

/** Lists within lists: a task that stands deeper than the one before it goes into that one's list. */
function nested(tasks: Table, rows: number[], current: number, start: number): HTMLElement {
  const top = make("ol");
  const lists = [{ depth: -1, list: top, last: top as HTMLElement }];
  for (const row of rows) {
    const depth = Math.min(tasks.figure("depth", row), DEEPEST);
    while (lists.length > 1 && lists[lists.length - 1].depth > depth) lists.pop();
    let open = lists[lists.length - 1];
    if (open.depth < depth) {
      const list = open.depth < 0 ? top : make("ol");
      if (list !== top) open.last.append(list);
      open = { depth, list, last: list };
      lists.push(open);
    }
    open.last = make("li", {}, task(tasks, row, row === current, start));
    open.list.append(open.last);
  }
  return top;
}

function task(tasks: Table, row: number, here: boolean, start: number): HTMLElement {
  const attempts = tasks.figure("attempts", row);
  const spent = tasks.value(row, "spent");
  const later = began(tasks, row) - start;
  const when = later > 0 ? `after ${lasted(later)}` : moment(start);
  const tried = attempts > 1 ? `, ${counted(attempts, "attempt")}` : "";
  const cost = spent === 0 ? "" : `, ${spent === null ? "cost not known" : written("usd", spent)}`;
  return make(
    "div",
    { class: "task" },
    make("a", { href: tasks.link(row), "aria-current": here ? "true" : null }, tasks.text("node", row)),
    " ",
    tasks.filled(tasks.column("outcome"), tasks.value(row, "outcome")),
    make("span", { class: "soft" }, ` ${when}, took ${tasks.text("took", row)}${tried}${cost}`),
    make("span", { class: "name" }, tasks.text("topic", row)),
    said(tasks, row, "how"),
    said(tasks, row, "tried") ?? said(tasks, row, "reason"),
    said(tasks, row, "effects"),
    said(tasks, row, "approval"),
    said(tasks, row, "published", "published "),
  );
}

/** What a task says of itself, if anything. */
function said(tasks: Table, row: number, key: string, before = ""): HTMLElement | null {
  const value = tasks.value(row, key);
  const lines = String(value ?? "").split("\n").map((line) => before + line);
  return value === null ? null : make("span", { class: "said" }, lines.join("\n"));
}

function leftOut(number: number, where: string): HTMLElement | null {
  return number > 0 ? make("p", { class: "soft" }, `${counted(number, "task")} ${where} ${number === 1 ? "is" : "are"} left out here; the table has all.`) : null;
}

/** When a task began, in seconds. */
function began(tasks: Table, row: number): number {
  return tasks.figure("ended", row) - tasks.figure("took", row) / 1000;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, number) => start + number);
}
