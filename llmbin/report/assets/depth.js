// Depth of bins in samples: a heat map of logarithms.

const MOST_ROWS = 300;
const STEPS = {
  light: [
    "#f3f5f7",
    "#dbe3ec",
    "#b5c9dd",
    "#8badcd",
    "#5f90bd",
    "#3a74ab",
    "#1f5890",
    "#103f6e",
    "#07284a",
  ],
  dark: [
    "#1d262f",
    "#20374a",
    "#235068",
    "#2b6a85",
    "#3a86a0",
    "#55a2b6",
    "#7cbdc7",
    "#aad7d8",
    "#dcf1ec",
  ],
};

const shades = () => (dark.matches ? STEPS.dark : STEPS.light);

function drawDepth() {
  const rows = Math.min(bins.count, MOST_ROWS);
  if (bins.samples.length < 2 || !rows) return false;
  const heat = heatOf(bins.depth.slice(0, rows));
  const size = sizeOf(bins.names.slice(0, rows), bins.samples);
  const box = byId("depth-chart");
  box.style.height = `${size.height}rem`;
  box.style.minWidth = `${size.width}rem`;
  box.setAttribute(
    "aria-label",
    `${rows} bins in ${bins.samples.length} samples by depth. bins.tsv holds the numbers.`,
  );
  const which = rows < bins.count ? `; the ${rows} largest of ${count(bins.count)} bins` : "";
  byId("depth-note").textContent =
    `Mean number of reads on a base, by colour on a logarithmic scale${which}.`;
  chart("depth-chart", (width, height) => depthOptions(heat, size, width, height), {
    click: ({ data: d }) => choose(d.value[1], { scroll: true }),
  });
  const key = () => byId("depth-key").replaceChildren(...depthKey(heat));
  key();
  dark.addEventListener("change", key);
  return true;
}

/** Depths, and which of the nine shades each has. */
function heatOf(depths) {
  const [least, max] = extremes(depths.flat().filter((d) => d > 0));
  const top = max > 0 ? max : 1;
  const min = Math.min(Math.max(least, top / 1e4), top / 10);
  const ninths = (d) => Math.floor((9 * Math.log10(d / min)) / Math.log10(top / min));
  return { depths, min, max: top, shade: (d) => (d <= min ? 0 : Math.min(8, ninths(d))) };
}

/** Lengths in rem: of the chart, of names on its left, of samples above it, of a row. */
function sizeOf(names, samples) {
  const letters = (texts) => Math.max(...texts.map((text) => text.length));
  const left = Math.min(14, 1.2 + 0.46 * Math.min(letters(names), 28));
  const across = Math.min(9, 1.5 + 0.45 * letters(samples));
  const turned = samples.length > 8 || across > 5;
  const top = turned ? across : 2;
  const row = Math.min(2.2, Math.max(0.3, 38 / names.length));
  const width = left + samples.length * (samples.length > 8 ? 1.1 : 2.5);
  return { names, left, top, turned, row, width, height: top + 0.6 + names.length * row };
}

function depthOptions(heat, size, width, height) {
  const [left, top, edge] = [size.left * rem(), size.top * rem(), 0.6 * rem()];
  const cell = [
    (width - left - edge) / bins.samples.length,
    (height - top - edge) / heat.depths.length,
  ];
  const gap = Math.min(...cell) > 8 ? 1 : 0;
  const bare = { type: "category", splitLine: { show: false }, axisLine: { show: false } };
  const colours = shades();
  return {
    grid: { left, right: edge, top, bottom: edge },
    tooltip: tooltip(({ data: { value } }) => depthTip(...value)),
    xAxis: axis("", {
      ...bare,
      data: bins.samples,
      position: "top",
      axisLabel: {
        rotate: size.turned ? 90 : 0,
        interval: cell[0] > 0.9 * rem() || !size.turned ? 0 : "auto",
        width: 8 * rem(),
        overflow: "truncate",
      },
    }),
    yAxis: axis("", {
      ...bare,
      data: size.names,
      inverse: true,
      axisLabel: {
        interval: size.row >= 0.6 ? 0 : "auto",
        fontSize: Math.min(0.8, Math.max(0.6, 0.9 * size.row)) * rem(),
        width: left - 0.8 * rem(),
        overflow: "truncate",
      },
    }),
    series: [
      {
        type: "scatter",
        symbol: "rect",
        symbolSize: cell.map((side) => Math.max(1, side - gap)),
        progressive: 0,
        data: heat.depths.flatMap((row, b) =>
          row.map((d, s) => ({
            value: [s, b],
            itemStyle: { color: colours[heat.shade(d)], opacity: 1 },
          })),
        ),
      },
    ],
  };
}

function depthTip(s, b) {
  return tip(bins.names[b], [[bins.samples[s], depthText(bins.depth[b][s])]]);
}

function depthKey({ min, max }) {
  const ramp = shades().map((shade) => el("i", { style: { background: shade } }));
  return [
    el("span", {}, `${depthText(min)} or less`),
    el("span", { class: "ramp", "aria-hidden": "true" }, ...ramp),
    el("span", {}, depthText(max)),
  ];
}
