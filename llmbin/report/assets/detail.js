// One bin: its numbers, its contigs by GC and depth, and those that may not belong.

const LINK = "#bin=";

function drawDetail() {
  if (!bins.count) return false;
  const select = byId("bin-choice");
  fillBins(select);
  select.addEventListener("change", () => choose(Number(select.value)));
  byId("bin-before").addEventListener("click", () => choose(chosen.bin - 1));
  byId("bin-after").addEventListener("click", () => choose(chosen.bin + 1));
  let rows = [];
  const made = chart("bin-chart", () => contigsChart(rows));
  const show = () => {
    const b = chosen.bin;
    rows = points.bin.flatMap((of, i) => (of === b ? [i] : []));
    select.value = b;
    byId("bin-before").disabled = b === 0;
    byId("bin-after").disabled = b === bins.count - 1;
    byId("bin-title").textContent = bins.names[b];
    byId("bin-facts").replaceChildren(...factsOf(b));
    byId("bin-doubtful").replaceChildren(doubtfulOf(b));
    byId("bin-doubtful").parentElement.hidden = !points.probability;
    byId("bin-chart").hidden = rows.length < 2;
    const axes = `by GC and ${meanDepth() ? "depth" : "length"}`;
    byId("bin-chart").setAttribute("aria-label", `The contigs of ${bins.names[b]} ${axes}`);
    byId("bin-note").textContent = binNote(b, rows);
    made.draw();
  };
  chosen.listeners.push(() => {
    show();
    history.replaceState(null, "", LINK + encodeURIComponent(bins.names[chosen.bin]));
  });
  show();
  followLink();
  window.addEventListener("hashchange", followLink);
  return true;
}

/** A link to one bin: report.html#bin=bin.0007 */
function followLink() {
  if (!location.hash.startsWith(LINK)) return;
  const wanted = location.hash.slice(LINK.length);
  const b = bins.names.findIndex((name) => [name, encodeURIComponent(name)].includes(wanted));
  if (b >= 0) choose(b, { scroll: true });
}

function factsOf(b) {
  const facts = [["quality", bins.columns.quality[b]]];
  for (const title of ["completeness", "contamination"])
    if (Number.isFinite(bins.number(title, b))) facts.push([title, `${withInterval(title, b)} %`]);
  facts.push(
    ["size", bases(bins.number("bp", b))],
    ["contigs", count(bins.number("contigs", b))],
    ["N50", bases(bins.number("n50", b))],
    ["GC", percent(bins.number("gc", b))],
  );
  const shown = ["bin", "quality", "completeness", "contamination", "bp", "contigs", "n50", "gc"];
  for (const [title, column] of Object.entries(bins.columns))
    if (
      !shown.includes(title) &&
      !/_(low|high)$/.test(title) &&
      column[b] !== "" &&
      column[b] !== "NA" &&
      !(title.startsWith("bp_") && column[b] === "0")
    )
      facts.push([
        titleOf(title),
        title === "confidence"
          ? Number(column[b]).toFixed(3)
          : title.startsWith("bp_")
            ? bases(Number(column[b]))
            : column[b],
      ]);
  return facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value)));
}

const meanDepth = () => points.samples.length > 0;
const sumDepth = (i) => points.depth.reduce((sum, of) => sum + of[i], 0);

function binNote(b, rows) {
  const whole = bins.number("contigs", b);
  const drawn =
    rows.length < whole ? `Drawn: ${count(rows.length)} of ${plural(whole, "contig")}. ` : "";
  const what = meanDepth()
    ? points.samples.length > 1
      ? `Depth is the sum over ${points.samples.length} samples. `
      : ""
    : "";
  const some = rows.some((i) => !sure(i)) ? "Diamonds: probability under 0.9." : "";
  return rows.length < 2 && whole < 2 ? "One contig." : drawn + what + some;
}

function contigsChart(rows) {
  const depths = meanDepth();
  const y = depths ? sumDepth : (i) => points.length[i];
  const values = rows.map(y),
    limits = logLimits(values);
  const longest = Math.max(1, ...rows.map((i) => points.length[i]));
  const fill = palette()[bins.colour[chosen.bin]];
  const series = (name, symbol, some, style) => ({
    name,
    type: "scatter",
    symbol,
    data: some.map((i) => ({ value: [points.gc[i], Math.max(y(i), limits.min)], contig: i })),
    symbolSize: (_, p) => rem() * (0.3 + 0.9 * Math.sqrt(points.length[p.data.contig] / longest)),
    itemStyle: style,
  });
  return {
    grid: { left: 4 * rem(), right: rem(), top: rem(), bottom: 3.4 * rem() },
    tooltip: tooltip(({ data: d }) => contigTip(d.contig)),
    xAxis: xAxis("GC", { ...sharesLimits(rows.map((i) => points.gc[i])), ...percents }),
    yAxis: yAxis(depths ? "depth" : "length, bp", logAxis(limits)),
    series: [
      series("sure", "circle", rows.filter(sure), { color: fill, opacity: 0.65 }),
      series(
        "doubtful",
        "diamond",
        rows.filter((i) => !sure(i)),
        { color: fill, opacity: 1, borderColor: colour("--text"), borderWidth: 1.5 },
      ),
    ],
  };
}

function doubtfulOf(b) {
  const list = data.doubtful[b];
  if (!list.length)
    return el(
      "p",
      { class: "note" },
      "None: every contig of this bin belongs to it with a probability of 0.9 or more.",
    );
  const heads = [
    { title: "contig" },
    { title: "length", number: true },
    { title: "GC", number: true },
    ...(meanDepth() ? [{ title: "depth", number: true }] : []),
    { title: "probability", number: true },
  ];
  const rows = list.map(([name, length, gc, depth, p]) => [
    el("td", { class: "name" }, name),
    bases(length),
    percent(gc),
    ...(meanDepth() ? [depthText(depth)] : []),
    p.toFixed(2),
  ]);
  return el(
    "div",
    {},
    el("div", { class: "scroll" }, table("", heads, rows)),
    el("p", { class: "note" }, "The least probable first, up to ten; contigs.tsv has all."),
  );
}
