// What is looked at, as the part of the address behind `#`: the view, and of each table its order, filters and open row.
//   #receipts?receipts.sort=-spent&receipts.outcome=failed&row=receipts:3fa9c1

/** The view and its facts, from an address. */
export function read(hash: string): { view: string; facts: URLSearchParams } {
  const [view, query = ""] = hash.replace(/^#/, "").split("?");
  return { view: view || "overview", facts: new URLSearchParams(query) };
}

/** The address of a view with facts; those that are empty are left out. */
export function address(view: string, facts: URLSearchParams): string {
  const stated = new URLSearchParams([...facts].filter(([, value]) => value !== ""));
  const query = stated.toString();
  return `#${view}${query ? `?${query}` : ""}`;
}

/** The present address with some facts changed. */
export function changed(facts: Record<string, string>): string {
  const now = read(location.hash);
  for (const [name, value] of Object.entries(facts)) now.facts.set(name, value);
  return address(now.view, now.facts);
}

/** Takes an address over without a new entry in the history, for what is typed letter by letter. */
export function replace(hash: string): void {
  history.replaceState(null, "", hash);
}
