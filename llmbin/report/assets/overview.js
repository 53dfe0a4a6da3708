// The numbers that matter, in a sentence and in tiles.

function leadSentence() {
  const t = data.totals;
  if (!t.contigs) return "There are no contigs.";
  const sentences = [
    bins.count ? whatIsBinned(t) : `No bins, of ${contigsWith(t.contigs, t.bases)}.`,
  ];
  if (t.bases > t.binned_bases && data.unbinned.length) {
    const { why, contigs, bases: size } = data.unbinned[0];
    sentences.push(`What keeps most of the rest out: ${why} (${contigsWith(contigs, size)}).`);
  }
  return sentences.join(" ");
}

const contigsWith = (n, size) => `${plural(n, "contig")} with ${bases(size)}`;

function whatIsBinned(t) {
  const good = t.classes["near-complete"];
  const which = t.classes.unknown ? "" : `, ${good ? count(good) : "none"} near-complete`;
  const of = percent(share(t.binned_bases, t.bases));
  const size = `with ${bases(t.binned_bases)} of ${bases(t.bases)} (${of})`;
  const reads =
    t.mapped_share === null
      ? ""
      : ` and ${percent(t.mapped_share)} of the mapped bases of the reads`;
  return `${plural(bins.count, "bin")}${which}, ${size}${reads}.`;
}

function tile(value, text) {
  return el("div", { class: "tile" }, el("b", {}, value), el("span", {}, text));
}

const WHOLE_NAMES = new Set(["near-complete", "not judged"]); // classes that say it all

function drawSummary() {
  const t = data.totals;
  byId("lead").textContent = leadSentence();
  const judged = CLASSES.filter((c) => t.classes[c] !== undefined && c !== "unknown");
  const tiles = t.classes.unknown
    ? [tile(count(bins.count), "bins, quality not estimated")]
    : judged.map((c) => tile(count(t.classes[c]), WHOLE_NAMES.has(c) ? c : `${c} quality`));
  tiles.push(tile(percent(share(t.binned_bases, t.bases)), `of ${bases(t.bases)} binned`));
  if (t.mapped_share !== null) tiles.push(tile(percent(t.mapped_share), "of mapped bases binned"));
  tiles.push(tile(count(t.binned_contigs), `of ${plural(t.contigs, "contig")} binned`));
  byId("tiles").append(...tiles);
  byId("classes").append(basesBar());
  return true;
}

/** Bases by class of bin, and those in none. */
function basesBar() {
  const of = new Map();
  bins.names.forEach((_, b) => {
    const c = bins.columns.quality[b];
    of.set(c, (of.get(c) || 0) + bins.number("bp", b));
  });
  const rows = CLASSES.filter((c) => of.get(c)).map((c) => [
    c === "unknown" ? "in bins" : c,
    of.get(c),
    `var(${classColour(c)})`,
    c,
  ]);
  rows.push(["in no bin", data.totals.bases - data.totals.binned_bases, "var(--line)", null]);
  const words = rows.map(([name, n]) => `${name} ${bases(n)}`).join(", ");
  const bar = el(
    "div",
    { class: "bar", role: "img", "aria-label": `Bases: ${words}` },
    ...rows
      .filter(([, n]) => n > 0)
      .map(([, n, fill]) => el("i", { style: { flexGrow: n, background: fill } })),
  );
  const key = el(
    "div",
    { class: "key", "aria-hidden": "true" },
    el("span", {}, "Bases:"),
    ...rows.map(([name, n, , c]) => el("span", {}, c ? mark(c) : null, `${name} ${bases(n)}`)),
  );
  return el("div", {}, bar, key);
}
