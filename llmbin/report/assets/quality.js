// Completeness against contamination: a mark a bin.

const BARS = [["completeness", 0], ["contamination", 1]];

function drawQuality() {
  const judged = bins.names.map((_, b) => b).filter((b) => Number.isFinite(bins.number("completeness", b)));
  if (!judged.length) return false;
  const place = (b) => [bins.number("completeness", b), bins.number("contamination", b)];
  const top = Math.max(12, ...judged.map((b) => 1.06 * place(b)[1]));
  const largest = Math.max(...judged.map((b) => bins.number("bp", b)));
  const size = (b) => rem() * (0.4 + 1.0 * Math.sqrt(bins.number("bp", b) / largest));
  byId("quality-chart").setAttribute("aria-label",
    `${judged.length} bins by completeness and contamination. The table of bins has the same numbers.`);
  const made = chart("quality-chart", () => ({
    legend: {
      top: 0, left: "center", itemGap: 1.2 * rem(), itemWidth: 0.9 * rem(), itemHeight: 0.9 * rem(),
      data: CLASSES.filter((c) => judged.some((b) => bins.columns.quality[b] === c)),
      textStyle: { color: colour("--soft"), fontSize: 0.85 * rem() },
    },
    grid: { left: 3.6 * rem(), right: 1.2 * rem(), top: 2.4 * rem(), bottom: 3.4 * rem() },
    tooltip: tooltip(({ data: d }) => (d && d.bin !== undefined ? binTip(d.bin) : null)),
    xAxis: xAxis("completeness, %", { min: 0, max: 100 }),
    yAxis: yAxis("contamination, %", { min: 0, max: Math.ceil(top / 2) * 2, nameGap: 2.2 * rem() }),
    series: [
      zone(),
      ...BARS.map((bar) => intervals(judged, place, ...bar)).filter(Boolean),
      ...CLASSES.map((c) => ({
        name: c, type: "scatter", symbol: CLASS_SYMBOL[c], z: 3, color: colour(CLASS_COLOUR[c]),
        itemStyle: { opacity: 0.8, borderColor: colour("--card"), borderWidth: 1 },
        data: judged.filter((b) => bins.columns.quality[b] === c).map((b) => ({
          value: place(b), bin: b, symbolSize: size(b),
          itemStyle: b === chosen.marked ? { opacity: 1, borderColor: colour("--text"), borderWidth: 2 } : undefined,
        })),
      })).filter((s) => s.data.length),
    ],
  }), { click: ({ data: d }) => d && d.bin !== undefined && choose(d.bin) });
  chosen.listeners.push(made.draw);
  return true;
}

/** The limits of the classes, as areas under the marks. */
function zone() {
  const area = (name, from, to) => [
    { name, xAxis: from, yAxis: 0, itemStyle: { color: colour("--zone") } }, { xAxis: 100, yAxis: to },
  ];
  return {
    type: "scatter", data: [], silent: true,
    markArea: {
      silent: true,
      label: { position: "insideTopLeft", color: colour("--soft"), fontSize: 0.75 * rem(), distance: 0.3 * rem() },
      data: [area("medium", 50, 10), area("high", 70, 10), area("", 90, 5)],
    },
  };
}

/** Bars from a column's _low to its _high, where the table has them. */
function intervals(judged, place, title, which) {
  if (!bins.columns[`${title}_low`] || !bins.columns[`${title}_high`]) return null;
  const ends = (b) => ["_low", "_high"].map((end) => {
    const at = place(b);
    at[which] = bins.number(title + end, b);
    return at;
  });
  return {
    type: "line", silent: true, symbol: "none", z: 2, connectNulls: false,
    lineStyle: { color: colour("--soft"), width: 1, opacity: 0.55 },
    data: judged.flatMap((b) => [...ends(b), ["-", "-"]]),
  };
}

function binTip(b) {
  const rows = [["quality", bins.columns.quality[b]]];
  for (const title of ["completeness", "contamination"])
    if (Number.isFinite(bins.number(title, b))) rows.push([title, `${withInterval(title, b)} %`]);
  rows.push(["size", bases(bins.number("bp", b))], ["contigs", count(bins.number("contigs", b))], ["N50", bases(bins.number("n50", b))]);
  return tip(bins.names[b], rows);
}

/** A number, and from where to where it may be, if the table says so. */
function withInterval(title, b) {
  const [value, low, high] = ["", "_low", "_high"].map((end) => bins.number(title + end, b));
  const text = Number.isFinite(value) ? value.toFixed(1) : "";
  return Number.isFinite(low) && Number.isFinite(high) ? `${text} (${low.toFixed(0)}\u2013${high.toFixed(0)})` : text;
}
