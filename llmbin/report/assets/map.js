// All contigs: by place on the map, or by GC and depth; coloured by bin.

const view = {
  kind: points.x ? "map" : "gc",
  y: points.samples.length ? 0 : -1,
  found: -1,
  zoom: null,
  chart: null,
};
const SIZES = [5e3, 5e4, Infinity]; // bases up to which a contig is drawn small, middling, large

function drawMap() {
  if (points.count < 3) return false;
  byId("map-chart").setAttribute(
    "aria-label",
    `${count(points.count)} contigs, coloured by bin. Contigs can be looked up by name above.`,
  );
  view.chart = chart("map-chart", mapOptions, {
    click: ({ seriesId, dataIndex }) => {
      const i = contigAt(seriesId, dataIndex);
      if (i >= 0 && points.bin[i] >= 0) choose(points.bin[i], { mark: false });
    },
    datazoom: () => {
      const { dataZoom } = view.chart.drawing.getOption();
      view.zoom = dataZoom.map(({ start, end }) => ({ start, end }));
    },
  });
  chosen.listeners.push(() => {
    byId("map-bin").value = chosen.marked;
    view.chart.draw();
  });
  chooseWhatIsDrawn();
  chooseWhatIsMarked();
  for (const [id, factor] of Object.entries({ in: 0.6, out: 1 / 0.6, all: Infinity }))
    byId(`map-${id}`).addEventListener("click", () => show({ zoom: zoomed(factor) }));
  show({});
  return true;
}

/** Draw with something changed. */
function show(change) {
  Object.assign(view, change);
  byId("map-sample-label").hidden = view.kind === "map" || !points.samples.length;
  byId("map-note").textContent = mapNote();
  view.chart.draw();
}

function chooseWhatIsDrawn() {
  const kinds = { map: "Map", gc: points.samples.length ? "GC and depth" : "GC and length" };
  byId("map-views").hidden = !points.x; // there is no choice then
  for (const [kind, title] of Object.entries(kinds)) {
    const onchange = () => show({ kind, zoom: null });
    const checked = kind === view.kind;
    const radio = { type: "radio", name: "map-view", value: kind, checked, onchange };
    byId("map-views").append(el("label", {}, el("input", radio), el("span", {}, title)));
  }
  const select = byId("map-sample");
  points.samples.forEach((s, i) => select.append(el("option", { value: i }, s)));
  select.append(el("option", { value: -1 }, "length instead"));
  select.addEventListener("change", () => show({ y: Number(select.value), zoom: null }));
}

function chooseWhatIsMarked() {
  const select = byId("map-bin");
  fillBins(select, "all bins");
  select.parentElement.hidden = !bins.count;
  select.addEventListener("change", () => {
    chosen.marked = Number(select.value);
    choose(chosen.marked < 0 ? chosen.bin : chosen.marked, { mark: false });
  });
  byId("map-find").addEventListener("input", (e) => findContig(e.target.value.trim()));
}

const zoomed = (factor) =>
  [0, 1].map((a) => {
    const { start, end } = view.zoom ? view.zoom[a] : { start: 0, end: 100 };
    const middle = (start + end) / 2;
    const half = Math.min(50, ((end - start) / 2) * factor);
    const low = Math.min(Math.max(middle - half, 0), 100 - 2 * half);
    return { start: low, end: low + 2 * half };
  });

function mapNote() {
  const y = view.y < 0 ? "length" : `depth in ${points.samples[view.y]}`;
  const places =
    "Contigs of like composition and depth are near each other; " +
    "directions and far distances mean nothing.";
  return [
    view.kind === "map" ? places : `Each contig by its GC and its ${y}.`,
    `Drawn: ${points.words}.`,
    bins.count > palette().length ? "Colours repeat." : "",
    "Grey: in no bin. Larger marks are longer contigs (from 5 and 50 kbp).",
    "Ctrl and the wheel zoom.",
  ]
    .filter(Boolean)
    .join(" ");
}

function findContig(text) {
  const exact = text ? points.names.indexOf(text) : -1;
  const i = exact >= 0 || !text ? exact : points.names.findIndex((name) => name.includes(text));
  const none = text ? `No contig that is drawn has ${text} in its name.` : "";
  byId("map-found").textContent = i < 0 ? none : inWords(i);
  show({ found: i });
}

function inWords(i) {
  const b = points.bin[i];
  const facts = [bases(points.length[i]), `GC ${percent(points.gc[i])}`];
  facts.push(b >= 0 ? `in ${bins.names[b]}` : "in no bin");
  if (points.probability) facts.push(`probability ${chance(i)}`);
  return `${points.names[i]}: ${facts.join(", ")}`;
}

const sizeClass = (i) => SIZES.findIndex((s) => points.length[i] < s);

/** Contigs that are drawn alike: by colour (-1: in no bin) and size. */
const groups = (() => {
  const made = new Map();
  for (let i = 0; i < points.count; i++) {
    const size = sizeClass(i);
    const colour = points.bin[i] < 0 ? -1 : bins.colour[points.bin[i]];
    const key = `${colour} ${size}`;
    if (!made.has(key)) made.set(key, { colour, size, rows: [] });
    made.get(key).rows.push(i);
  }
  return [...made.values()].sort((a, b) => a.colour - b.colour || a.size - b.size);
})();
let marked = [];

function contigAt(seriesId, index) {
  if (seriesId === "marked") return marked[index];
  return seriesId && seriesId.startsWith("g") ? groups[Number(seriesId.slice(1))].rows[index] : -1;
}

function mapOptions(width, height) {
  const onMap = view.kind === "map";
  const { at, limits } = onMap ? { at: (i) => [points.x[i], points.y[i]] } : byGcAnd(view.y);
  const b = chosen.marked;
  marked = b < 0 ? [] : points.bin.flatMap((of, i) => (of === b ? [i] : []));
  const edge = rem();
  return {
    grid: onMap ? { left: edge, right: edge, top: edge, bottom: edge } : common().grid,
    tooltip: tooltip(({ seriesId, dataIndex }) => {
      const i = contigAt(seriesId, dataIndex);
      return i >= 0 ? contigTip(i) : null;
    }),
    ...(onMap ? mapAxes(width - 2 * edge, height - 2 * edge) : gcAxes(limits)),
    dataZoom: ["x", "y"].map(zoomOf),
    series: [
      ...groups.map((group, j) => ({ id: `g${j}`, ...pointsOf(group, at) })),
      ...(b >= 0 ? [markedPoints(b, at)] : []),
      ...(view.found >= 0 ? [ringAround(at(view.found))] : []),
    ],
  };
}

/** Places by GC and depth in a sample, or by length; what is below the axis stands on it. */
function byGcAnd(sample) {
  const values = sample < 0 ? points.length : points.depth[sample];
  const limits = logLimits(values);
  return { at: (i) => [points.gc[i], Math.max(values[i], limits.min)], limits };
}

const gcAxes = (limits) => ({
  xAxis: xAxis("GC", { ...sharesLimits(points.gc), ...percents }),
  yAxis: yAxis(view.y < 0 ? "length, bp" : "depth", logAxis(limits)),
});

/** Marks of a size class; larger where there are few. */
function markSize(size) {
  const few = Math.min(2, Math.max(1, Math.sqrt(5000 / points.count)));
  return few * rem() * [0.2, 0.3, 0.45][size];
}

function pointsOf(group, at) {
  const inNone = group.colour < 0;
  const faded = chosen.marked >= 0;
  return {
    type: "scatter",
    large: true,
    largeThreshold: 1,
    progressive: 0,
    symbolSize: markSize(group.size),
    z: inNone ? 2 : 3,
    itemStyle: {
      color: inNone ? colour("--unbinned") : palette()[group.colour],
      opacity: faded ? 0.1 : inNone ? 0.45 : 0.75,
    },
    data: group.rows.map(at),
  };
}

function markedPoints(b, at) {
  const style = { borderColor: colour("--text"), borderWidth: 0.5 };
  return {
    id: "marked",
    type: "scatter",
    z: 4,
    data: marked.map(at),
    symbolSize: (_, { dataIndex }) => 1.3 * markSize(sizeClass(marked[dataIndex])),
    itemStyle: { color: palette()[bins.colour[b]], ...style },
  };
}

const ringAround = (place) => ({
  id: "found",
  type: "scatter",
  z: 5,
  silent: true,
  symbol: "circle",
  symbolSize: 1.6 * rem(),
  itemStyle: { color: "transparent", borderColor: colour("--text"), borderWidth: 2.5 },
  data: [place],
});

const zoomOf = (a, i) => ({
  type: "inside",
  [`${a}AxisIndex`]: 0,
  zoomOnMouseWheel: "ctrl",
  moveOnMouseWheel: false,
  moveOnMouseMove: !window.matchMedia("(pointer: coarse)").matches, // a finger scrolls the page
  filterMode: "none",
  ...(view.zoom ? view.zoom[i] : { start: 0, end: 100 }),
});

/** Axes of the map: as many bases a pixel in both directions. */
function mapAxes(width, height) {
  const span = (values) => {
    const [low, high] = extremes(values);
    return [(low + high) / 2, Math.max(high - low, 0.02)];
  };
  const [[x, w], [y, h]] = [span(points.x), span(points.y)];
  const unit = 1.04 * Math.max(w / width, h / height);
  const hidden = { show: false, type: "value" };
  return {
    xAxis: { ...hidden, min: x - (unit * width) / 2, max: x + (unit * width) / 2 },
    yAxis: { ...hidden, min: y - (unit * height) / 2, max: y + (unit * height) / 2 },
  };
}
