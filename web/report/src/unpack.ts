// What `packing.py` packed: base64, gzip, JSON, and columns in one of its forms.
import { column, type Report, type Value } from "./document";

interface Listed { list: Value[] }
interface Stepped { first: number; steps: number[] }
interface Lined { lines: string }
interface Hexadecimal { width: number; bytes: string }
interface Worded { words: Packed; which: Packed }
interface Referring { table: string; column: string; which: Packed }
export type Packed = Listed | Stepped | Lined | Hexadecimal | Worded | Referring;

export async function unpack(text: string): Promise<Report> {
  const stream = new Blob([bytes(text.trim())]).stream().pipeThrough(new DecompressionStream("gzip"));
  const packed = (await new Response(stream).json()) as Report<Packed>;
  const report: Report = { ...packed, tables: {} };
  for (const [name, table] of Object.entries(packed.tables)) {
    report.tables[name] = { ...table, columns: table.columns.map((each) => ({ ...each, values: values(each.values, report) })) };
  }
  return report;
}

/** The values of a column; one that refers to a table comes after it. */
function values(packed: Packed, report: Report): Value[] {
  if ("table" in packed) return chosen(packed.which, column(report.tables[packed.table], packed.column).values, report);
  if ("which" in packed) return chosen(packed.which, values(packed.words, report), report);
  if ("steps" in packed) return stepped(packed);
  if ("lines" in packed) return packed.lines.split("\n");
  if ("bytes" in packed) return hexadecimal(packed);
  return packed.list;
}

function chosen(which: Packed, words: Value[], report: Report): Value[] {
  return values(which, report).map((place) => (typeof place === "number" ? (words[place] ?? null) : null));
}

function stepped({ first, steps }: Stepped): number[] {
  let last = first;
  return [last, ...steps.map((step) => (last += step))];
}

function hexadecimal({ width, bytes: packed }: Hexadecimal): string[] {
  const digits = Array.from(bytes(packed), (each) => each.toString(16).padStart(2, "0")).join("");
  return Array.from({ length: digits.length / width }, (_, row) => digits.slice(row * width, (row + 1) * width));
}

function bytes(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
