// What all charts have in common: colours of the page, size, axes, and what is said on hover.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const PALETTE = {
  light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#882255", "#999933"],
  dark: ["#4ba3e3", "#ff8243", "#2ec99a", "#f0a0cd", "#a6dcff", "#ffc04d", "#d1608f", "#cccc66"],
};
const palette = () => (dark.matches ? PALETTE.dark : PALETTE.light);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const drawn = [];

/** A chart in an element; build(width, height) gives its options, for every size and theme. */
function chart(id, build, events = {}) {
  const box = byId(id);
  const drawing = echarts.init(box, null, { renderer: "canvas" });
  const draw = () => {
    if (!box.clientWidth) return;
    drawing.resize();
    drawing.setOption({ ...common(), ...build(box.clientWidth, box.clientHeight) }, true);
  };
  for (const [name, listener] of Object.entries(events)) drawing.on(name, listener);
  let size = "";
  new ResizeObserver(() => {
    const now = `${box.clientWidth} ${box.clientHeight}`;
    if (now !== size) draw();
    size = now;
  }).observe(box);
  const made = { draw, drawing, box };
  drawn.push(made);
  return made;
}
dark.addEventListener("change", () => drawn.forEach(({ draw }) => draw()));

function common() {
  const family = getComputedStyle(document.body).fontFamily;
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: family, fontSize: 0.8 * rem(), color: colour("--soft") },
    grid: { left: 4 * rem(), right: 1.2 * rem(), top: 1.2 * rem(), bottom: 3.4 * rem() },
  };
}

function tooltip(content) {
  return {
    trigger: "item",
    confine: true,
    backgroundColor: colour("--card"),
    borderColor: colour("--line"),
    padding: [0.5 * rem(), 0.7 * rem()],
    textStyle: { color: colour("--text") },
    formatter: content,
  };
}

/** What a chart says on hover: a title and rows of two; elements, never markup. */
function tip(title, rows) {
  const list = el("dl");
  for (const [name, value] of rows) list.append(el("dt", {}, name), el("dd", {}, value));
  return el("div", { class: "tip" }, el("b", {}, title), list);
}

function axis(name, more = {}) {
  const line = { lineStyle: { color: colour("--line") } };
  const label = { color: colour("--soft"), fontSize: 0.8 * rem(), hideOverlap: true };
  return {
    name,
    nameLocation: "middle",
    nameTextStyle: { color: colour("--soft"), fontSize: 0.85 * rem() },
    type: "value",
    axisLine: { show: true, ...line },
    splitLine: line,
    axisTick: { show: false },
    ...more,
    axisLabel: { ...label, ...(more.axisLabel || {}) },
  };
}
const xAxis = (name, more) => axis(name, { nameGap: 2 * rem(), ...more });
const yAxis = (name, more) => axis(name, { nameGap: 2.9 * rem(), ...more });

/** The next of 1, 2, 5, 10, 20 ... on one side. */
function round125(value, to) {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = to === Math.ceil ? [1, 2, 5, 10] : [5, 2, 1];
  return (
    power * (steps.find((s) => (to === Math.ceil ? s * power >= value : s * power <= value)) || 1)
  );
}

/** Ends of a logarithmic axis for all numbers above zero, but over five powers of ten at most. */
function logLimits(values) {
  const [low, high] = extremes(values.filter((v) => v > 0));
  if (low > high) return { min: 0.01, max: 1 };
  const least = Math.max(low, high / 1e5);
  return { min: round125(least, Math.floor), max: round125(high * 1.001, Math.ceil) };
}
const logAxis = (limits) => ({
  type: "log",
  ...limits,
  axisLabel: { formatter: (v) => (v >= 1e3 ? `${v / 1e3}k` : String(Number(v.toPrecision(2)))) },
});

/** Ends of an axis for shares, with its steps: whole hundredths around all of them. */
function sharesLimits(values) {
  const [low, high] = extremes(values);
  if (low > high) return { min: 0, max: 1 };
  const wide = 100 * (high - low);
  const step = [1, 2, 5, 10].find((s) => wide / s <= 6) || 20;
  const ends = [Math.floor((100 * low - 0.2) / step), Math.ceil((100 * high + 0.2) / step)];
  const [min, max] = ends.map((end) => Math.min(1, Math.max(0, (end * step) / 100)));
  return { min, max, interval: step / 100 };
}

/** The least and the largest of some numbers. */
function extremes(values) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) {
    if (v < low) low = v;
    if (v > high) high = v;
  }
  return [low, high];
}
const percents = { axisLabel: { formatter: (v) => `${Math.round(100 * v)} %` } };

/** The probability of a contig's best bin; nobody knows it for bins of other programs. */
const chance = (i) => (points.probability ? points.probability[i].toFixed(2) : "");
const sure = (i) => !points.probability || points.probability[i] >= 0.9;

/** What is known of a contig, for hover. */
function contigTip(i) {
  const b = points.bin[i];
  const rows = [
    ["length", bases(points.length[i])],
    ["GC", percent(points.gc[i])],
  ];
  points.samples
    .slice(0, 4)
    .forEach((s, j) => rows.push([`depth ${s}`, depthText(points.depth[j][i])]));
  if (points.samples.length > 4) rows.push(["", `and ${points.samples.length - 4} more samples`]);
  if (b >= 0) rows.push(["bin", bins.names[b]]);
  else rows.push(["in no bin", data.unbinned.find((u) => u.row === points.reason[i])?.why || ""]);
  if (points.probability) rows.push([b >= 0 ? "probability" : "of its best bin", chance(i)]);
  return tip(points.names[i], rows);
}
