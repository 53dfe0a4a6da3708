// Completeness against contamination: a mark a bin.

const BARS = [
  ["completeness", 0],
  ["contamination", 1],
];

function drawQuality() {
  const judged = [...bins.names.keys()].filter((b) => place(b).every(Number.isFinite));
  if (!judged.length) return false;
  const many = plural(judged.length, "bin");
  byId("quality-chart").setAttribute(
    "aria-label",
    `${many} by completeness and contamination. The table of bins has the same numbers.`,
  );
  const made = chart("quality-chart", () => qualityOptions(judged), {
    click: ({ data: d }) => d && d.bin !== undefined && choose(d.bin),
  });
  chosen.listeners.push(made.draw);
  return true;
}

const place = (b) => BARS.map(([title]) => bins.number(title, b));

function qualityOptions(judged) {
  const classes = CLASSES.filter((c) => judged.some((b) => bins.columns.quality[b] === c));
  const top = niceTop(Math.max(10, ...judged.map((b) => 1.05 * place(b)[1])));
  return {
    legend: {
      top: 0,
      left: "center",
      itemGap: 1.2 * rem(),
      itemWidth: 0.9 * rem(),
      itemHeight: 0.9 * rem(),
      data: classes,
      textStyle: { color: colour("--soft"), fontSize: 0.85 * rem() },
    },
    grid: { left: 3.6 * rem(), right: 1.2 * rem(), top: 2.4 * rem(), bottom: 3.4 * rem() },
    tooltip: tooltip(({ data: d }) => (d && d.bin !== undefined ? binTip(d.bin) : null)),
    xAxis: xAxis("completeness, %", { min: 0, max: 100 }),
    yAxis: yAxis("contamination, %", { min: 0, ...top, nameGap: 2.2 * rem() }),
    series: [
      zone(),
      ...BARS.map((bar) => intervals(judged, ...bar)).filter(Boolean),
      ...classes.map((c) => marksOf(c, judged)),
    ],
  };
}

/** The bins of a class; their areas are as their bases. */
function marksOf(quality, judged) {
  const largest = Math.max(...judged.map((b) => bins.number("bp", b)));
  const chosenStyle = { opacity: 1, borderColor: colour("--text"), borderWidth: 2 };
  return {
    name: quality,
    type: "scatter",
    symbol: classSymbol(quality),
    z: 3,
    color: colour(classColour(quality)),
    itemStyle: { opacity: 0.8, borderColor: colour("--card"), borderWidth: 1 },
    data: judged
      .filter((b) => bins.columns.quality[b] === quality)
      .map((b) => ({
        value: place(b),
        bin: b,
        symbolSize: rem() * (0.4 + Math.sqrt(bins.number("bp", b) / largest)),
        itemStyle: b === chosen.marked ? chosenStyle : undefined,
      })),
  };
}

/** The end of an axis from 0, and the step of its numbers. */
function niceTop(most) {
  const step =
    [2, 5, 10, 20, 50, 100, 200, 500].find((s) => most / s <= 6) ||
    10 ** Math.ceil(Math.log10(most / 6));
  return { max: step * Math.ceil(most / step), interval: step };
}

/** The limits of the classes, as areas under the marks. */
function zone() {
  const area = (name, from, to) => [
    { name, xAxis: from, yAxis: 0, itemStyle: { color: colour("--zone") } },
    { xAxis: 100, yAxis: to },
  ];
  return {
    type: "scatter",
    data: [],
    silent: true,
    markArea: {
      silent: true,
      label: {
        position: "insideTopLeft",
        color: colour("--soft"),
        fontSize: 0.75 * rem(),
        distance: 0.3 * rem(),
      },
      data: [area("medium", 50, 10), area("high", 70, 10), area("", 90, 5)],
    },
  };
}

/** Bars from a column's _low to its _high, where the table has them. */
function intervals(judged, title, which) {
  if (!bins.columns[`${title}_low`] || !bins.columns[`${title}_high`]) return null;
  const ends = (b) =>
    ["_low", "_high"].map((end) => {
      const at = place(b);
      at[which] = bins.number(title + end, b);
      return at;
    });
  return {
    type: "line",
    silent: true,
    symbol: "none",
    z: 2,
    connectNulls: false,
    lineStyle: { color: colour("--soft"), width: 1, opacity: 0.55 },
    data: judged.flatMap((b) => [...ends(b), ["-", "-"]]),
  };
}

function binTip(b) {
  const rows = [["quality", bins.columns.quality[b]]];
  for (const title of ["completeness", "contamination"])
    if (Number.isFinite(bins.number(title, b))) rows.push([title, `${withInterval(title, b)} %`]);
  rows.push(
    ["size", bases(bins.number("bp", b))],
    ["contigs", count(bins.number("contigs", b))],
    ["N50", bases(bins.number("n50", b))],
  );
  return tip(bins.names[b], rows);
}

/** A number, and from where to where it may be, if the table says so. */
function withInterval(title, b) {
  const [value, low, high] = ["", "_low", "_high"].map((end) => bins.number(title + end, b));
  const text = Number.isFinite(value) ? value.toFixed(1) : "";
  return Number.isFinite(low) && Number.isFinite(high)
    ? `${text} (${low.toFixed(0)}\u2013${high.toFixed(0)})`
    : text;
}
