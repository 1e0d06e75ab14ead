// A table of any length: sorted, filtered, and with no more rows in the page than can be seen.
import { changed, read, replace } from "./address.js";
import { make, say } from "./element.js";
import { ago, counted, written } from "./words.js";

const ROW = 40; // pixels, as in the style sheet
const MOST_SEEN = 14;
const BEYOND = 6;
const MOST_CHOICES = 200;
const LETTER = 7.4; // pixels
const PADDING = { mark: 42 };
const MEASURED = 200; // rows
const SMALL = matchMedia("(max-width: 720px)");

export class Table {
  constructor(name, table, document_) {
    this.name = name;
    this.table = table;
    this.document = document_;
    this.place = Object.fromEntries(table.columns.map((column, number) => [column.key, number]));
    this.haystack = null;
    this.shown = [];
    this.first = -1;
    SMALL.addEventListener("change", () => this.into && this.show(this.into));
  }

  /** The columns that there is room for. */
  get columns() {
    return this.table.columns.filter(({ shown }) => shown === "everywhere" || (shown === "wide" && !SMALL.matches));
  }

  /** Pixels that a column takes by what stands in it, within bounds. */
  width(column) {
    const texts = [`${column.label} \u2193 `, ...column.values.slice(0, MEASURED).map((value) => this.text(column, value))];
    const letters = Math.max(...texts.map((text) => text.length));
    return Math.min(SMALL.matches ? 165 : 360, letters * LETTER + (PADDING[column.kind] ?? 24));
  }

  /** Draws the table into an element, as the address says. */
  show(into) {
    this.into = into;
    const { title, length, empty } = this.table;
    const columns = this.columns;
    const widths = columns.map((column) => this.width(column));
    const whole = widths.reduce((sum, width) => sum + width, 0);
    into.className = "panel";
    if (!length) {
      into.replaceChildren(make("h3", {}, title), make("p", { class: "empty" }, empty));
      return;
    }
    this.counter = make("span", { class: "count" });
    this.body = make("tbody");
    this.heads = columns.map((column) => this.head(column));
    this.table_ = make(
      "table",
      { "aria-rowcount": length + 1 },
      make("caption", {}, title),
      make("colgroup", {}, ...widths.map((width) => share(width / whole))),
      make("thead", {}, make("tr", { "aria-rowindex": 1 }, ...this.heads)),
      this.body,
    );
    this.scroller = make("div", { class: "scroller", tabindex: 0, role: "group", "aria-label": title, scroll: () => this.draw() }, this.table_);
    this.table_.style.minWidth = SMALL.matches ? "0" : `${whole}px`;
    into.replaceChildren(make("h3", {}, title, " ", this.counter), this.controls(), this.scroller);
    this.refresh();
  }

  /** Takes the order and the filters from the address. */
  refresh() {
    if (!this.table.length) return;
    const facts = read(location.hash).facts;
    const order = facts.get(`${this.name}.sort`) || this.table.order;
    this.select(facts);
    this.sort(order);
    this.first = -1;
    this.scroller.scrollTop = 0;
    const all = this.table.length;
    const shown = this.shown.length;
    this.counter.textContent = shown === all ? counted(all, "row") : `${shown.toLocaleString("en-US")} of ${counted(all, "row")}`;
    this.table_.setAttribute("aria-rowcount", shown + 1);
    this.scroller.style.height = `${Math.min(Math.max(shown, 1), MOST_SEEN) * ROW + ROW + 2}px`;
    this.draw();
  }

  head(column) {
    const sort = make("button", { type: "button", click: () => this.turn(column) }, column.label);
    return make("th", { scope: "col", class: column.kind, "data-key": column.key }, sort);
  }

  /** Sorts by a column: first as it is best read, figures and times from the largest down, then the other way. */
  turn(column) {
    const up = ["name", "text", "mark"].includes(column.kind) ? column.key : `-${column.key}`;
    const down = up.startsWith("-") ? column.key : `-${column.key}`;
    const now = read(location.hash).facts.get(`${this.name}.sort`) || this.table.order;
    replace(changed({ [`${this.name}.sort`]: now === up ? down : up }));
    this.refresh();
    say(`${this.table.title}: sorted by ${column.label}, ${now === up ? "reversed" : "first way"}`);
  }

  controls() {
    const facts = read(location.hash).facts;
    const typed = (event) => {
      replace(changed({ [`${this.name}.q`]: event.target.value }));
      this.refresh();
      say(this.counter.textContent);
    };
    const search = make("input", {
      type: "search",
      placeholder: "Search",
      "aria-label": `Search in: ${this.table.title}`,
      value: facts.get(`${this.name}.q`) ?? "",
      input: typed,
    });
    const choices = this.table.columns.filter((column) => column.choice).map((column) => this.choice(column, facts));
    return make("div", { class: "controls" }, search, ...choices);
  }

  choice(column, facts) {
    const fact = `${this.name}.${column.key}`;
    const found = [...new Set(column.values)].filter((value) => value !== null).sort();
    if (found.length < 2 && !facts.get(fact)) return null;
    const now = facts.get(fact) ?? "";
    const options = found.slice(0, MOST_CHOICES).map((value) => make("option", { value, selected: value === now ? "" : null }, value));
    const chosen = (event) => {
      replace(changed({ [fact]: event.target.value }));
      this.refresh();
      say(this.counter.textContent);
    };
    const label = `${column.label}: all`;
    return make("select", { "aria-label": `${column.label} in: ${this.table.title}`, change: chosen }, make("option", { value: "" }, label), ...options);
  }

  select(facts) {
    const wanted = (facts.get(`${this.name}.q`) ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = this.table.columns
      .map((column) => [column.values, facts.get(`${this.name}.${column.key}`) ?? ""])
      .filter(([, value]) => value !== "");
    const hay = wanted.length ? this.texts() : [];
    this.shown = [];
    for (let row = 0; row < this.table.length; row++) {
      if (!chosen.every(([values, value]) => values[row] === value)) continue;
      if (!wanted.every((word) => hay[row].includes(word))) continue;
      this.shown.push(row);
    }
  }

  texts() {
    const texts = this.table.columns.filter((column) => ["name", "text", "mark"].includes(column.kind)).map((column) => column.values);
    this.haystack ??= Array.from({ length: this.table.length }, (_, row) => texts.map((values) => values[row] ?? "").join(" ").toLowerCase());
    return this.haystack;
  }

  sort(order) {
    const key = order.replace(/^-/, "");
    const sign = order.startsWith("-") ? -1 : 1;
    for (const head of this.heads) {
      if (head.dataset.key === key) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    const values = this.table.columns[this.place[key]]?.values;
    if (values) this.shown.sort((a, b) => compare(values[a], values[b], sign) || a - b);
  }

  /** Puts the rows that can be seen, and a few beyond, into the page; space stands for the rest. */
  draw() {
    const rows = this.shown.length;
    const visible = Math.ceil(this.scroller.clientHeight / ROW) || MOST_SEEN;
    const first = Math.max(0, Math.min(Math.floor(this.scroller.scrollTop / ROW) - BEYOND, rows - visible));
    if (first === this.first) return;
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.row : null;
    this.first = first;
    const last = Math.min(rows, first + visible + 2 * BEYOND);
    const drawn = this.shown.slice(first, last).map((row, number) => this.row(row, first + number + 2));
    this.body.replaceChildren(this.space(first), ...drawn, this.space(rows - last));
    if (focused !== null) this.body.querySelector(`[data-row="${focused}"]`)?.focus({ preventScroll: true });
  }

  space(rows) {
    if (rows <= 0) return make("tr", { hidden: "" });
    const cell = make("td", { colspan: this.columns.length });
    cell.style.height = `${rows * ROW}px`;
    return make("tr", { "aria-hidden": "true", class: "space" }, cell);
  }

  row(row, index) {
    const cells = this.columns.map((column, number) => this.cell(column, row, number === 0));
    return make("tr", { "aria-rowindex": index, click: (event) => this.open(event, row) }, ...cells);
  }

  cell(column, row, first) {
    const value = column.values[row];
    const shown = first ? make("a", { href: this.link(row), "data-row": row }, this.text(column, value)) : this.filled(column, value);
    const tip = column.kind === "time" && value !== null ? written("time", value) : null;
    return make(first ? "th" : "td", { class: column.kind, scope: first ? "row" : null, title: tip }, shown);
  }

  filled(column, value) {
    const text = this.text(column, value);
    return column.kind === "mark" && value !== null ? make("span", { class: `mark ${this.document.tones[value] ?? ""}` }, text) : text;
  }

  text(column, value) {
    return column.kind === "time" && value !== null ? ago(value, this.document.now) + (SMALL.matches ? "" : " ago") : written(column.kind, value);
  }

  open(event, row) {
    if (event.target.closest("a") === null && String(getSelection()) === "") location.hash = this.link(row);
  }

  /** The address that opens a row. */
  link(row) {
    return changed({ row: `${this.name}:${this.identity(row)}` });
  }

  identity(row) {
    return this.table.identity.map((key) => this.value(row, key) ?? "").join(" ");
  }

  value(row, key) {
    return this.table.columns[this.place[key]].values[row];
  }

  /** The row of an identity, or -1. */
  find(identity) {
    for (let row = 0; row < this.table.length; row++) if (this.identity(row) === identity) return row;
    return -1;
  }
}

function share(part) {
  const column = make("col");
  column.style.width = `${100 * part}%`;
  return column;
}

/** What is not there stands last, whichever way the rest is sorted. */
function compare(a, b, sign) {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return a < b ? -sign : sign;
}
