// All contigs: by place on the map, or by GC and depth; coloured by bin.

const view = {
  kind: points.x ? "map" : "gc",
  y: points.samples.length ? 0 : -1,
  found: -1,
  zoom: null,
};
const SIZES = [5e3, 5e4, Infinity]; // bases up to which a contig is drawn small, middling, large

function drawMap() {
  if (points.count < 3) return false;
  const kinds = [
    ["map", "Map"],
    ["gc", points.samples.length ? "GC and depth" : "GC and length"],
  ];
  for (const [kind, title] of kinds.filter(([k]) => k !== "map" || points.x))
    byId("map-views").append(
      el(
        "label",
        {},
        el("input", {
          type: "radio",
          name: "map-view",
          value: kind,
          checked: kind === view.kind,
          onchange: () => show({ kind, zoom: null }),
        }),
        el("span", {}, title),
      ),
    );
  points.samples.forEach((s, i) => byId("map-sample").append(el("option", { value: i }, s)));
  byId("map-views").hidden = !points.x;
  byId("map-sample").append(el("option", { value: -1 }, "length instead"));
  byId("map-sample").addEventListener("change", (e) =>
    show({ y: Number(e.target.value), zoom: null }),
  );
  fillBins(byId("map-bin"), "all bins");
  byId("map-bin").parentElement.hidden = !bins.count;
  byId("map-bin").addEventListener("change", (e) => mapBin(Number(e.target.value)));
  byId("map-find").addEventListener("input", (e) => findContig(e.target.value.trim()));
  byId("map-chart").setAttribute(
    "aria-label",
    `${count(points.count)} contigs, coloured by bin. Contigs can be looked up by name above.`,
  );
  const made = chart("map-chart", mapOptions, {
    click: ({ data: d, seriesId, dataIndex }) => {
      const i = contigAt(seriesId, dataIndex);
      if (i >= 0 && points.bin[i] >= 0) choose(points.bin[i], { mark: false });
    },
    datazoom: () => {
      view.zoom = made.drawing.getOption().dataZoom.map(({ start, end }) => ({ start, end }));
    },
  });
  const show = (change) => {
    Object.assign(view, change);
    byId("map-sample-label").hidden = view.kind === "map" || !points.samples.length;
    byId("map-note").textContent = mapNote();
    made.draw();
  };
  const mapBin = (b) => {
    chosen.marked = b;
    if (b >= 0) chosen.bin = b;
    choose(chosen.bin, { mark: false });
  };
  for (const [id, factor] of [
    ["map-in", 0.6],
    ["map-out", 1 / 0.6],
    ["map-all", Infinity],
  ])
    byId(id).addEventListener("click", () => show({ zoom: zoomed(factor) }));
  chosen.listeners.push(() => {
    byId("map-bin").value = chosen.marked;
    made.draw();
  });
  drawMap.show = show;
  show({});
  return true;
}

const zoomed = (factor) =>
  [0, 1].map((a) => {
    const { start, end } = view.zoom ? view.zoom[a] : { start: 0, end: 100 };
    const middle = (start + end) / 2,
      half = Math.min(50, ((end - start) / 2) * factor);
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
  drawMap.show({ found: i });
}

function inWords(i) {
  const b = points.bin[i];
  const facts = [bases(points.length[i]), `GC ${percent(points.gc[i])}`];
  facts.push(b >= 0 ? `in ${bins.names[b]}` : "in no bin");
  if (points.probability) facts.push(`probability ${chance(i)}`);
  return `${points.names[i]}: ${facts.join(", ")}`;
}

/** Contigs that are drawn alike: by colour (-1: in no bin) and size. */
const groups = (() => {
  const made = new Map();
  for (let i = 0; i < points.count; i++) {
    const b = points.bin[i],
      size = SIZES.findIndex((s) => points.length[i] < s);
    const key = `${b < 0 ? -1 : bins.colour[b]} ${size}`;
    if (!made.has(key)) made.set(key, { colour: b < 0 ? -1 : bins.colour[b], size, rows: [] });
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
  const ys = onMap ? points.y : view.y < 0 ? points.length : points.depth[view.y];
  const xs = onMap ? points.x : points.gc;
  const limits = onMap ? null : logLimits(ys);
  const at = onMap ? (i) => [xs[i], ys[i]] : (i) => [xs[i], Math.max(ys[i], limits.min)];
  const grid = onMap ? { left: rem(), right: rem(), top: rem(), bottom: rem() } : common().grid;
  const b = chosen.marked;
  marked = b < 0 ? [] : points.bin.flatMap((of, i) => (of === b ? [i] : []));
  const few = Math.min(2, Math.max(1, Math.sqrt(5000 / points.count)));
  const size = (s) => few * rem() * [0.2, 0.3, 0.45][s];
  const colours = palette();
  const series = groups.map((g, j) => ({
    id: `g${j}`,
    type: "scatter",
    large: true,
    largeThreshold: 1,
    progressive: 0,
    symbolSize: size(g.size),
    z: g.colour < 0 ? 2 : 3,
    itemStyle: {
      color: g.colour < 0 ? colour("--unbinned") : colours[g.colour],
      opacity: b >= 0 ? 0.1 : g.colour < 0 ? 0.45 : 0.75,
    },
    data: g.rows.map(at),
  }));
  if (b >= 0)
    series.push({
      id: "marked",
      type: "scatter",
      z: 4,
      data: marked.map(at),
      symbolSize: (_, p) =>
        size(SIZES.findIndex((s) => points.length[marked[p.dataIndex]] < s)) * 1.3,
      itemStyle: {
        color: colours[bins.colour[b]],
        borderColor: colour("--text"),
        borderWidth: 0.5,
      },
    });
  if (view.found >= 0)
    series.push({
      id: "found",
      type: "scatter",
      z: 5,
      silent: true,
      symbol: "circle",
      symbolSize: 1.6 * rem(),
      itemStyle: { color: "transparent", borderColor: colour("--text"), borderWidth: 2.5 },
      data: [at(view.found)],
    });
  return {
    grid,
    tooltip: tooltip(({ seriesId, dataIndex }) => {
      const i = contigAt(seriesId, dataIndex);
      return i >= 0 ? contigTip(i) : null;
    }),
    ...(onMap
      ? mapAxes(width - 2 * rem(), height - 2 * rem())
      : {
          xAxis: xAxis("GC", { ...sharesLimits(points.gc), ...percents }),
          yAxis: yAxis(view.y < 0 ? "length, bp" : "depth", logAxis(limits)),
        }),
    dataZoom: ["x", "y"].map((a, i) => ({
      type: "inside",
      [`${a}AxisIndex`]: 0,
      zoomOnMouseWheel: "ctrl",
      moveOnMouseWheel: false,
      moveOnMouseMove: !window.matchMedia("(pointer: coarse)").matches,
      filterMode: "none",
      ...(view.zoom ? view.zoom[i] : { start: 0, end: 100 }),
    })),
    series,
  };
}

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
