// Values as people read them, in the manner of the command line.

const UNITS = [["d", 86_400], ["h", 3_600], ["min", 60]];

export function written(kind, value) {
  if (value === null || value === undefined) return "-";
  return (WRITERS[kind] ?? String)(value);
}

const WRITERS = {
  number: (value) => value.toLocaleString("en-US"),
  share: (value) => `${(value / 10).toFixed(1)} %`,
  time: moment,
  usd: (value) => usd(value / 1e9),
};

export function moment(value) {
  return `${new Date(value).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `15 min`, `36 h`, `3 d`: how long before `now` something was. */
export function ago(value, now) {
  const seconds = Math.max(0, Math.floor((now - value) / 1000));
  const unit = UNITS.find(([, width]) => seconds >= 2 * width || seconds === width);
  return unit ? `${Math.floor(seconds / unit[1])} ${unit[0]}` : `${seconds} s`;
}

export function usd(amount) {
  if (!amount) return "$0";
  const size = Math.abs(amount);
  const digits = Math.max(2, 2 - Math.floor(Math.log10(size)));
  const [whole, rest] = size.toFixed(Math.min(digits, 9)).split(".");
  const cents = rest.replace(/0+$/, "").padEnd(2, "0");
  return `${amount < 0 ? "-" : ""}$${Number(whole).toLocaleString("en-US")}.${cents}`;
}

export function counted(number, noun) {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}
