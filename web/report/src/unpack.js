// What `packing.py` packed: base64, gzip, JSON, and columns in one of three forms.

export async function unpack(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const document = await new Response(stream).json();
  for (const table of Object.values(document.tables)) {
    for (const column of table.columns) column.values = values(column.values);
  }
  return document;
}

export function values(packed) {
  if (packed.which) return packed.which.map((place) => packed.words[place]);
  if (!packed.steps) return packed.list;
  let last = packed.first;
  return [last, ...packed.steps.map((step) => (last += step))];
}
