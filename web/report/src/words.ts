// Values as people read them, in the manner of the command line.
import type { Kind, Value } from "./document";

const UNITS: [name: string, seconds: number][] = [["d", 86_400], ["h", 3_600], ["min", 60]];

const WRITERS: Partial<Record<Kind, (value: number) => string>> = {
  number: (value) => value.toLocaleString("en-US"),
  share: (value) => `${(value / 10).toFixed(1)} %`,
  time: moment,
  took: (value) => (value >= 100 ? `${(value / 1000).toFixed(2)} s` : `${value} ms`),
  usd: (value) => usd(value / 1e9),
};

export function written(kind: Kind, value: Value): string {
  if (value === null) return "-";
  return typeof value === "number" ? (WRITERS[kind] ?? String)(value) : value;
}

export function moment(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `15 min`, `36 h`, `3 d`: how long before `now` something was. */
export function ago(value: number, now: number): string {
  return lasted(now - value);
}

/** A time in seconds, in the unit that people say it in. */
export function lasted(time: number): string {
  const seconds = Math.max(0, Math.floor(time));
  const unit = UNITS.find(([, width]) => seconds >= 2 * width || seconds === width);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]}` : `${seconds} s`;
}

export function usd(amount: number): string {
  if (!amount) return "$0";
  const size = Math.abs(amount);
  const digits = Math.max(2, 2 - Math.floor(Math.log10(size)));
  const [whole, rest] = size.toFixed(Math.min(digits, 9)).split(".");
  const cents = rest.replace(/0+$/, "").padEnd(2, "0");
  return `${amount < 0 ? "-" : ""}$${Number(whole).toLocaleString("en-US")}.${cents}`;
}

export function counted(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
