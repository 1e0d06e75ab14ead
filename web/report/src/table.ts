// A table of any length: sorted, filtered, and with no more rows in the page than can be seen.
import { changed, read, replace } from "./address";
import { type Column, column, type Kind, type Report, type TableData, type Value } from "./document";
import { make, say } from "./element";
import { ago, counted, written } from "./words";

const SMALL = matchMedia("(max-width: 720px)");
const ROW = 40; // pixels, as in the style sheet
const TALL = 64; // the same on a small screen, where texts take several lines
const MOST_SEEN = 14;
const MOST_SEEN_TALL = 9;
const BEYOND = 6;
const MOST_CHOICES = 200;
const LETTER = 7.4; // pixels
const PADDING: Partial<Record<Kind, number>> = { mark: 42 };
const SMALL_LETTER = 6.8; // pixels on a small screen
const SMALL_EVEN_LETTER = 7.3; // the same of names and figures, whose letters are all as wide
const LITTLE = 20; // pixels of padding there
const LITTLE_PADDING: Partial<Record<Kind, number>> = { mark: 34 };
const LITTLE_HEAD = 24; // the same of a head
const SHORT = 12; // letters of a name that takes what it needs
const NAME = 18; // letters of a longer one that a line has room for, at least
const LINES: Kind[] = ["text", "mark"]; // which are read as well over several lines
const MEASURED = 200; // rows
const WORDS: Kind[] = ["name", "text", "lines", "mark"];

/** What stands in the page of a table. */
interface Drawn {
  counter: HTMLElement;
  heads: HTMLElement[];
  body: HTMLElement;
  table: HTMLElement;
  scroller: HTMLElement;
}

export class Table {
  private readonly byKey: Map<string, Column>;
  private haystack: string[] | null = null;
  private into: HTMLElement | null = null;
  private drawn: Drawn | null = null;
  private shown: number[] = [];
  private first = -1;

  constructor(
    readonly name: string,
    readonly table: TableData,
    readonly report: Report,
  ) {
    this.byKey = new Map(table.columns.map((each) => [each.key, each]));
    SMALL.addEventListener("change", () => {
      if (this.into) this.show(this.into);
    });
  }

  /** Draws the table into an element, as the address says. */
  show(into: HTMLElement): void {
    this.into = into;
    const { title, length, empty } = this.table;
    into.className = "panel";
    if (!length) {
      into.replaceChildren(make("h3", {}, title), make("p", { class: "empty" }, empty));
      return;
    }
    const columns = this.columns;
    const { widths, least } = SMALL.matches ? this.narrow(columns) : this.wide(columns);
    const body = make("tbody");
    const heads = columns.map((column) => this.head(column));
    const table = make(
      "table",
      { "aria-rowcount": length + 1 },
      make("caption", {}, title),
      make("colgroup", {}, ...widths.map(wide)),
      make("thead", {}, make("tr", { "aria-rowindex": 1 }, ...heads)),
      body,
    );
    table.style.minWidth = least;
    const scroll = () => {
      this.draw();
    };
    const scroller = make("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": title, scroll }, table);
    const counter = make("span", { class: "count" });
    this.drawn = { counter, heads, body, table, scroller };
    into.replaceChildren(make("h3", {}, title, " ", counter), this.controls(), scroller);
    this.refresh();
  }

  column(key: string): Column {
    return this.byKey.get(key) ?? column(this.table, key);
  }

  value(row: number, key: string): Value {
    return this.column(key).values[row];
  }

  /** A value as a number; 0 where it is none. */
  figure(key: string, row: number): number {
    return Number(this.value(row, key));
  }

  /** A value as people read it. */
  text(key: string, row: number): string {
    return this.written(this.column(key), this.value(row, key));
  }

  /** The same, with a mark beside it where it is one. */
  filled(column: Column, value: Value): HTMLElement | string {
    const text = this.written(column, value);
    return column.kind === "mark" && value !== null ? make("span", { class: `mark ${this.report.tones[value] ?? ""}` }, text) : text;
  }

  /** The address that opens a row. */
  link(row: number): string {
    return changed({ row: `${this.name}:${this.identity(row)}` });
  }

  /** The row of an identity, or -1. */
  find(identity: string): number {
    for (let row = 0; row < this.table.length; row++) if (this.identity(row) === identity) return row;
    return -1;
  }

  /** The first row with a value, or -1. */
  holding(key: string, value: Value): number {
    return this.column(key).values.indexOf(value);
  }

  /** The columns that there is room for. */
  private get columns(): Column[] {
    return this.table.columns.filter(({ shown }) => shown === "everywhere" || (shown === "wide" && !SMALL.matches));
  }

  private get rowHeight(): number {
    return SMALL.matches ? TALL : ROW;
  }

  private get mostSeen(): number {
    return SMALL.matches ? MOST_SEEN_TALL : MOST_SEEN;
  }

  /** Columns as wide as what stands in them, within bounds, and together at least as wide as the screen. */
  private wide(columns: Column[]): { widths: string[]; least: string } {
    const widths = columns.map((column) => Math.min(360, Math.max(column.label.length + 3, this.letters(column)) * LETTER + (PADDING[column.kind] ?? 24)));
    const whole = widths.reduce((sum, width) => sum + width, 0);
    return { widths: widths.map((width) => `${(100 * width) / whole}%`), least: `${whole}px` };
  }

  /** On a small screen figures, marks and short names take what they need, and the other names share the rest. Where
   * that is too little for a name to be read, the table is wider than the screen. */
  private narrow(columns: Column[]): { widths: string[]; least: string } {
    const sizes = columns.map((column) => {
      const lines = LINES.includes(column.kind);
      const letters = this.letters(column, lines);
      const long = column.kind === "name" && letters > SHORT;
      const filled = (long ? Math.min(letters, NAME) : letters) * (lines || column.kind === "time" ? SMALL_LETTER : SMALL_EVEN_LETTER);
      const head = (column.label.length + 2) * SMALL_LETTER + LITTLE_HEAD;
      return { least: Math.max(head, filled + (LITTLE_PADDING[column.kind] ?? LITTLE)), long };
    });
    const whole = sizes.reduce((sum, { least }) => sum + least, 0);
    return { widths: sizes.map(({ least, long }) => (long ? "" : `${least}px`)), least: `${whole}px` };
  }

  /** The letters of the longest of the first texts of a column, or of its longest word. */
  private letters(column: Column, words = false): number {
    const texts = column.values.slice(0, MEASURED).map((value) => this.written(column, value));
    const pieces = words ? texts.flatMap((text) => text.split(/[ -]/)) : texts;
    return Math.max(...pieces.map((text) => text.length));
  }

  /** Takes the order and the filters from the address. */
  private refresh(): void {
    if (!this.drawn) return;
    const facts = read(location.hash).facts;
    this.select(facts);
    this.sort(this.order(facts), this.drawn.heads);
    this.first = -1;
    const { length, leftOut } = this.table;
    const shown = this.shown.length;
    const rows = shown === length ? counted(length, "row") : `${shown.toLocaleString("en-US")} of ${counted(length, "row")}`;
    this.drawn.counter.textContent = rows + (leftOut ? `; ${leftOut.toLocaleString("en-US")} more are left out` : "");
    this.drawn.table.setAttribute("aria-rowcount", String(shown + 1));
    this.drawn.scroller.style.height = `${Math.min(Math.max(shown, 1), this.mostSeen) * this.rowHeight + ROW + 2}px`;
    this.drawn.scroller.scrollTop = 0;
    this.draw();
  }

  private head(column: Column): HTMLElement {
    const click = () => {
      this.turn(column);
    };
    return make("th", { scope: "col", class: column.kind, "data-key": column.key }, make("button", { type: "button", click }, column.label));
  }

  /** Sorts by a column: first as it is best read, figures and times from the largest down, then the other way. */
  private turn(column: Column): void {
    const words = WORDS.includes(column.kind);
    const up = words ? column.key : `-${column.key}`;
    const down = words ? `-${column.key}` : column.key;
    const now = this.order(read(location.hash).facts);
    replace(changed({ [`${this.name}.sort`]: now === up ? down : up }));
    this.refresh();
    say(`${this.table.title}: sorted by ${column.label}, ${now === up ? "reversed" : "first way"}`);
  }

  private order(facts: URLSearchParams): string {
    return facts.get(`${this.name}.sort`) ?? this.table.order;
  }

  private controls(): HTMLElement {
    const facts = read(location.hash).facts;
    const search = make("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": `Search in: ${this.table.title}`,
      value: facts.get(`${this.name}.q`) ?? "",
      input: () => {
        this.choose(`${this.name}.q`, search.value);
      },
    });
    const choices = this.table.columns.filter(({ choice }) => choice).map((column) => this.choice(column, facts));
    return make("div", { class: "controls" }, search, ...choices);
  }

  private choice(column: Column, facts: URLSearchParams): HTMLElement | null {
    const fact = `${this.name}.${column.key}`;
    const found = [...new Set(column.values)].filter((value) => value !== null).sort();
    const now = facts.get(fact) ?? "";
    if (found.length < 2 && !now) return null;
    const options = found.slice(0, MOST_CHOICES).map((value) => make("option", { value, selected: value === now ? "" : null }, String(value)));
    const change = () => {
      this.choose(fact, select.value);
    };
    const label = `${column.label} in: ${this.table.title}`;
    const select = make("select", { "aria-label": label, change }, make("option", { value: "" }, `${column.label}: all`), ...options);
    return select;
  }

  private choose(fact: string, value: string): void {
    replace(changed({ [fact]: value }));
    this.refresh();
    say(this.drawn?.counter.textContent ?? "");
  }

  private select(facts: URLSearchParams): void {
    const wanted = (facts.get(`${this.name}.q`) ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = this.table.columns
      .map(({ key, values }) => ({ values, value: facts.get(`${this.name}.${key}`) ?? "" }))
      .filter(({ value }) => value !== "");
    const hay = wanted.length ? this.texts() : [];
    this.shown = [];
    for (let row = 0; row < this.table.length; row++) {
      if (!chosen.every(({ values, value }) => values[row] === value)) continue;
      if (!wanted.every((word) => hay[row].includes(word))) continue;
      this.shown.push(row);
    }
  }

  private texts(): string[] {
    const texts = this.table.columns.filter(({ kind }) => WORDS.includes(kind)).map(({ values }) => values);
    this.haystack ??= Array.from({ length: this.table.length }, (_, row) => texts.map((values) => values[row] ?? "").join(" ").toLowerCase());
    return this.haystack;
  }

  private sort(order: string, heads: HTMLElement[]): void {
    const key = order.replace(/^-/, "");
    const sign = order.startsWith("-") ? -1 : 1;
    for (const head of heads) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    const values = this.byKey.get(key)?.values;
    if (!values) return;
    this.shown.sort((a, b) => compare(values[a], values[b], sign) || a - b);
  }

  /** Puts the rows that can be seen, and a few beyond, into the page; space stands for the rest. */
  private draw(): void {
    if (!this.drawn) return;
    const { body, scroller } = this.drawn;
    const rows = this.shown.length;
    const visible = Math.ceil(scroller.clientHeight / this.rowHeight) || this.mostSeen;
    const first = Math.max(0, Math.min(Math.floor(scroller.scrollTop / this.rowHeight) - BEYOND, rows - visible));
    if (first === this.first) return;
    const active = document.activeElement;
    const focused = active instanceof HTMLElement && body.contains(active) ? active.dataset.row : undefined;
    this.first = first;
    const last = Math.min(rows, first + visible + 2 * BEYOND);
    const drawn = this.shown.slice(first, last).map((row, number) => this.row(row, first + number + 2));
    body.replaceChildren(this.space(first), ...drawn, this.space(rows - last));
    if (focused !== undefined) body.querySelector<HTMLElement>(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
  }

  private space(rows: number): HTMLElement {
    if (rows <= 0) return make("tr", { hidden: "" });
    const cell = make("td", { colspan: this.columns.length });
    cell.style.height = `${rows * this.rowHeight}px`;
    return make("tr", { "aria-hidden": "true", class: "space" }, cell);
  }

  private row(row: number, index: number): HTMLElement {
    const cells = this.columns.map((column, number) => this.cell(column, row, number === 0));
    const click = (event: MouseEvent) => {
      this.open(event, row);
    };
    return make("tr", { "aria-rowindex": index, click }, ...cells);
  }

  private cell(column: Column, row: number, first: boolean): HTMLElement {
    const value = column.values[row];
    const text = column.kind === "name" && SMALL.matches ? pieces(this.written(column, value)) : [this.filled(column, value)];
    const shown = first ? make("a", { href: this.link(row), "data-row": row, class: "clip" }, ...text) : make("span", { class: "clip" }, ...text);
    const tip = column.kind === "time" && value !== null ? written("time", value) : null;
    return make(first ? "th" : "td", { class: column.kind, scope: first ? "row" : null, title: tip }, shown);
  }

  private written(column: Column, value: Value): string {
    if (column.kind !== "time" || typeof value !== "number") return written(column.kind, value);
    return ago(value, this.report.now) + (SMALL.matches ? "" : " ago");
  }

  private open(event: MouseEvent, row: number): void {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null && !getSelection()?.toString()) location.hash = this.link(row);
  }

  private identity(row: number): string {
    return this.table.identity.map((key) => this.value(row, key) ?? "").join(" ");
  }
}

function wide(width: string): HTMLElement {
  const column = make("col");
  column.style.width = width;
  return column;
}

/** A name that may go on in the next line after each of its parts. */
function pieces(name: string): (string | HTMLElement)[] {
  return name.split(/(?<=[./_])/).flatMap((part) => [part, make("wbr")]);
}

/** What is not there stands last, whichever way the rest is sorted. */
function compare(a: Value, b: Value, sign: number): number {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -sign : sign;
}
