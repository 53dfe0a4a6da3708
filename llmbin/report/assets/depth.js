// Depth of bins in samples: a heat map of logarithms.

const MOST_ROWS = 300;
const STEPS = {
  light: ["#f3f5f7", "#dbe3ec", "#b5c9dd", "#8badcd", "#5f90bd", "#3a74ab", "#1f5890", "#103f6e", "#07284a"],
  dark: ["#1d262f", "#20374a", "#235068", "#2b6a85", "#3a86a0", "#55a2b6", "#7cbdc7", "#aad7d8", "#dcf1ec"],
};

function drawDepth() {
  const samples = bins.samples, rows = Math.min(bins.count, MOST_ROWS);
  if (samples.length < 2 || !rows) return false;
  const values = bins.depth.slice(0, rows).flat().filter((d) => d > 0);
  const { min, max } = logLimits(values);
  const step = (d) => d <= min ? 0 : Math.min(8, Math.floor((9 * Math.log10(d / min)) / Math.log10(max / min)));
  const box = byId("depth-chart");
  const longest = Math.max(...bins.names.slice(0, rows).map((n) => n.length));
  const left = () => Math.min(14, 1.2 + 0.46 * Math.min(longest, 28)) * rem();
  const tall = rows <= 60 ? 1.15 : rows <= 120 ? 0.6 : 0.3;
  const headings = Math.min(9, 1.5 + 0.45 * Math.max(...samples.map((s) => s.length)));
  const turned = samples.length > 8 || headings > 5;
  const top = () => (turned ? headings : 2) * rem();
  box.style.height = `${(turned ? headings : 2) + 0.6 + rows * tall}rem`;
  box.style.minWidth = `${Math.min(14, 1.2 + 0.46 * Math.min(longest, 28)) + samples.length * (samples.length > 8 ? 1.1 : 2.5)}rem`;
  byId("depth-note").textContent = `Mean number of reads on a base, by colour on a logarithmic scale${
    rows < bins.count ? `; the ${rows} largest of ${bins.count} bins` : ""}.`;
  box.setAttribute("aria-label", `${rows} bins in ${samples.length} samples by depth. bins.tsv holds the numbers.`);
  const made = chart("depth-chart", (width, height) => {
    const colours = dark.matches ? STEPS.dark : STEPS.light;
    const cell = [(width - left() - 0.6 * rem()) / samples.length, (height - top() - 0.6 * rem()) / rows];
    const gap = cell[1] > 8 && cell[0] > 8 ? 1 : 0;
    return {
      grid: { left: left(), right: 0.6 * rem(), top: top(), bottom: 0.6 * rem() },
      tooltip: tooltip(({ data: d }) => tip(bins.names[d.value[1]], [[samples[d.value[0]], depthText(bins.depth[d.value[1]][d.value[0]])]])),
      xAxis: axis("", {
        type: "category", data: samples, position: "top", splitLine: { show: false }, axisLine: { show: false },
        axisLabel: { rotate: turned ? 90 : 0, interval: cell[0] > 0.9 * rem() || !turned ? 0 : "auto", width: 8 * rem(), overflow: "truncate" },
      }),
      yAxis: axis("", {
        type: "category", data: bins.names.slice(0, rows), inverse: true, splitLine: { show: false }, axisLine: { show: false },
        axisLabel: { interval: tall > 1 ? 0 : "auto", width: left() - 0.8 * rem(), overflow: "truncate" },
      }),
      series: [{
        type: "scatter", symbol: "rect", symbolSize: [Math.max(1, cell[0] - gap), Math.max(1, cell[1] - gap)], progressive: 0,
        data: bins.depth.slice(0, rows).flatMap((of, b) => of.map((d, s) => ({ value: [s, b], itemStyle: { color: colours[step(d)] } }))),
      }],
    };
  }, { click: ({ data: d }) => choose(d.value[1], { scroll: true }) });
  drawDepth.key = () => byId("depth-key").replaceChildren(
    el("span", {}, `${depthText(min)} or less`),
    el("span", { class: "ramp", "aria-hidden": "true" }, ...(dark.matches ? STEPS.dark : STEPS.light).map((c) => el("i", { style: { background: c } }))),
    el("span", {}, depthText(max)));
  drawDepth.key();
  dark.addEventListener("change", drawDepth.key);
  return Boolean(made);
}
