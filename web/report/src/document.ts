// What `page.py` puts into the page, as the rest of the script speaks of it.

/** A time is in seconds since 1970, `took` in milliseconds, `usd` in billionths of a dollar, `share` in thousandths. */
export type Kind = "text" | "name" | "lines" | "mark" | "number" | "usd" | "share" | "time" | "took";
export type Value = string | number | null;

export interface Column<V = Value[]> {
  key: string;
  label: string;
  kind: Kind;
  choice: boolean;
  shown: "everywhere" | "wide" | "opened" | "drawn";
  values: V;
}

export interface TableData<V = Value[]> {
  title: string;
  columns: Column<V>[];
  length: number;
  leftOut: number;
  order: string;
  identity: string[];
  empty: string;
  command: string;
}

/** Open drift at the end of each day: a list of counts for each verdict. */
export interface Days {
  verdicts: string[];
  days: string[];
  open: number[][];
}

export type Node = [name: string, column: number, row: number, drifts: number];
export type Wire = [start: number, end: number, topics: number[]];
export type Gap = [start: number, end: number, written: string, read: string];

export interface Wiring {
  nodes: Node[];
  wires: Wire[];
  broken: Gap[];
  alone: number;
  leftOut: number;
}

export interface Report<V = Value[]> {
  now: number;
  tables: Record<string, TableData<V>>;
  views: Record<string, string[]>;
  tones: Record<string, string>;
  days: Days;
  tokens: [day: string, local: number, cloud: number][];
  wiring: Wiring;
}

/** The column of a table by its key. */
export function column(table: TableData, key: string): Column {
  const found = table.columns.find((each) => each.key === key);
  if (!found) throw new Error(`the table ${table.title} has no column ${key}`);
  return found;
}
