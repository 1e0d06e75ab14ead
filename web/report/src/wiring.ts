// The wiring: nodes from left to right, on a small screen from top to bottom, to be zoomed, moved and searched. What is drawn is listed below it.
import { changed, read, replace } from "./address";
import type { Redraw } from "./charts";
import { column, type Gap, type TableData, type Wire, type Wiring } from "./document";
import { make, within } from "./element";
import { chart, FONT, tooltip } from "./engine";
import { colour } from "./theme";
import { counted } from "./words";

type Point = [x: number, y: number];

const LABELLED = 60;
const MARGIN = { left: 24, right: 40, top: 28, bottom: 28 }; // pixels around what is drawn
const MOST_SAID = 12;
const LABEL = 280; // pixels for the names of the last column, at most
const LETTER = 7;

/** Draws the wiring, or what a search leaves of it. */
export function wiringGraph(figure: HTMLElement, { nodes, wires, broken, alone, leftOut }: Wiring, topics: TableData): Redraw {
  const area = within(figure, ".chart");
  if (!nodes.length) {
    area.replaceWith(make("p", { class: "empty" }, alone ? "No node feeds another." : "No contract declares a node."));
    return () => undefined;
  }
  const names = column(topics, "topic").values.map(String);
  const found = make("span", { class: "count", role: "status" });
  const search = make("input", {
    type: "search",
    placeholder: "Search a node or a topic",
    "aria-label": "Search the wiring",
    value: read(location.hash).facts.get("wiring.q") ?? "",
    input: () => {
      replace(changed({ "wiring.q": search.value }));
      draw();
    },
  });
  let zoom = 1;
  const by = (factor: number) => () => {
    zoom = Math.min(20, Math.max(0.2, zoom * factor));
    drawn.setOption({ series: [{ zoom }] });
  };
  const whole = () => {
    zoom = 1;
    draw();
  };
  const button = (label: string, text: string, click: () => void) => make("button", { type: "button", "aria-label": label, click }, text);
  within(figure, ".controls").replaceChildren(search, button("Zoom in", "+", by(1.4)), button("Zoom out", "\u2212", by(1 / 1.4)), button("Show all of it", "Fit", whole), found);
  within(figure, ".instead").replaceChildren(legend(broken.length));
  area.classList.add("tall");
  const drawn = chart(area, `The wiring of ${counted(nodes.length, "node")} and ${counted(names.length, "topic")}. The table below lists who publishes and who subscribes each topic.`);
  drawn.on("click", ({ dataType, data }) => {
    const name = dataType === "node" ? part(data, "name") : "";
    if (!name) return;
    search.value = name;
    replace(changed({ "wiring.q": name }));
    draw();
  });

  function draw(): void {
    const { dots, lines, gaps } = around(search.value.trim().toLowerCase());
    const near = gaps.length ? `, ${counted(gaps.length, "wire")} broken by a name` : "";
    const rest = (alone ? `; ${counted(alone, "node")} without a wire left out` : "") + (leftOut ? `; ${counted(leftOut, "node")} with the fewest topics left out` : "");
    found.textContent = `${counted(dots.length, "node")}, ${counted(lines.length, "wire")}${near}${rest}`;
    drawn.setOption(option(dots, lines, gaps), true);
  }

  /** The nodes that a search means, or whose topics it means, and their neighbours; all of them without one. */
  function around(wanted: string): { dots: number[]; lines: Wire[]; gaps: Gap[] } {
    const all = nodes.map((_, place) => place);
    if (!wanted) return { dots: all, lines: wires, gaps: broken };
    const meant = new Set(all.filter((place) => nodes[place][0].toLowerCase().includes(wanted)));
    const lines = wires.filter(([start, end, carried]) => meant.has(start) || meant.has(end) || carried.some((topic) => names[topic].toLowerCase().includes(wanted)));
    const gaps = broken.filter(([start, end, ...two]) => meant.has(start) || meant.has(end) || two.some((name) => name.toLowerCase().includes(wanted)));
    return { dots: [...new Set([...meant, ...[...lines, ...gaps].flatMap(([start, end]) => [start, end])])], lines, gaps };
  }

  function option(dots: number[], lines: Wire[], gaps: Gap[]) {
    const few = dots.length <= LABELLED;
    const label = { show: true, position: "right" as const, distance: 6, color: colour("ink"), fontFamily: FONT, fontSize: 12, textBorderColor: colour("panel"), textBorderWidth: 3 };
    const letters = Math.max(0, ...dots.map((place) => nodes[place][0].length));
    const upright = area.clientWidth < area.clientHeight;
    const margin = { ...MARGIN, right: !few ? MARGIN.right : upright ? 85 : Math.min(LABEL, letters * LETTER + MARGIN.left) };
    const width = area.clientWidth - margin.left - margin.right;
    const height = area.clientHeight - margin.top - margin.bottom;
    const columns = between(dots.map((place) => nodes[place][1]), upright ? height : width);
    const rows = between(dots.map((place) => nodes[place][2]), upright ? width : height);
    const where = (place: number): Point => {
      const [x, y] = [columns(nodes[place][1]), rows(nodes[place][2])];
      return upright ? [y, x] : [x, y];
    };
    return {
      animation: false,
      tooltip: tooltip({ formatter: (item) => part(Array.isArray(item) ? null : item.data, "said") }),
      series: [
        {
          type: "graph",
          layout: "none",
          roam: true,
          scaleLimit: { min: 0.2, max: 20 },
          zoom,
          ...margin,
          edgeSymbol: ["none", "arrow"],
          edgeSymbolSize: few ? 8 : 4,
          label: few ? label : { ...label, show: false },
          labelLayout: { hideOverlap: true },
          emphasis: { focus: "adjacency", label },
          lineStyle: { color: colour("soft"), opacity: few ? 0.6 : 0.3, curveness: 0.16, width: 1.2 },
          data: [corner(0, 0), corner(width, height), ...dots.map((place) => dot(place, where(place)))],
          links: [...lines.map(wire), ...gaps.map(gap)],
        },
      ],
    };
  }

  function dot(place: number, [x, y]: Point) {
    const [name, , , drifts] = nodes[place];
    return {
      id: String(place),
      name,
      x,
      y,
      said: drifts ? `${name}\n${counted(drifts, "open drift")}` : name,
      symbol: drifts ? "diamond" : "circle",
      symbolSize: drifts ? 16 : 11,
      itemStyle: { color: colour(drifts ? "bad" : "accent") },
    };
  }

  function wire([start, end, carried]: Wire) {
    const more = carried.length > MOST_SAID ? `\n${counted(carried.length - MOST_SAID, "more topic")}` : "";
    const said = carried.slice(0, MOST_SAID).map((topic) => names[topic]).join("\n") + more;
    return { source: String(start), target: String(end), said };
  }

  function gap([start, end, written, read]: Gap) {
    const lineStyle = { color: colour("bad"), type: "dashed", opacity: 1, width: 1.6, curveness: -0.2 };
    return { source: String(start), target: String(end), said: `written: ${written}\nread: ${read}`, lineStyle };
  }

  return draw;
}

/** A text that we gave a dot or a line, when ECharts hands it back. */
function part(data: unknown, name: "name" | "said"): string {
  return (data as Partial<Record<typeof name, string>> | null)?.[name] ?? "";
}

/** From columns or rows to pixels: the least at 0, the greatest at `size`; a single one in the middle. */
function between(values: number[], size: number): (value: number) => number {
  const least = Math.min(...values);
  const wide = Math.max(...values) - least;
  return (value: number) => (wide ? ((value - least) / wide) * size : size / 2);
}

/** A node that nobody sees: two of them keep the drawing as large as its place, so that nothing is stretched. */
function corner(x: number, y: number) {
  return { id: `corner ${x} ${y}`, x, y, symbolSize: 0, silent: true, label: { show: false }, emphasis: { label: { show: false } } };
}

function legend(gaps: number): HTMLElement {
  const mark = (tone: string, text: string) => make("span", { class: `mark ${tone}` }, text);
  const parts = [mark("dot", "a node"), mark("bad", "a node with open drift"), gaps ? make("span", {}, "dashed: nothing flows, since two names differ a little") : null];
  return make("div", { class: "legend" }, ...parts);
}
