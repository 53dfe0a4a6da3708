// The numbers that matter, in a sentence and in tiles.

function leadSentence() {
  const t = data.totals, none = data.unbinned;
  if (!t.contigs) return "There are no contigs.";
  const left = t.bases - t.binned_bases;
  const parts = [];
  if (bins.count) {
    const good = t.classes["near-complete"];
    const judged = !t.classes.unknown;
    const which = judged ? `, ${good ? count(good) : "none"} near-complete` : "";
    parts.push(`${plural(bins.count, "bin")}${which}, with ${bases(t.binned_bases)} of ${bases(t.bases)} (${percent(share(t.binned_bases, t.bases))})`
      + (t.mapped_share === null ? "." : ` and ${percent(t.mapped_share)} of the mapped bases of the reads.`));
  } else parts.push(`No bins, of ${plural(t.contigs, "contig")} with ${bases(t.bases)}.`);
  if (left > 0 && none.length) {
    const first = none[0];
    parts.push(`What keeps most of the rest out: ${first.why} (${bases(first.bases)} in ${plural(first.contigs, "contig")}).`);
  }
  return parts.join(" ");
}

function tile(value, text) {
  return el("div", { class: "tile" }, el("b", {}, value), el("span", {}, text));
}

function drawSummary() {
  const t = data.totals;
  byId("lead").textContent = leadSentence();
  const judged = CLASSES.filter((c) => t.classes[c] !== undefined && c !== "unknown");
  const tiles = t.classes.unknown ? [tile(count(bins.count), "bins, quality not estimated")]
    : judged.map((c) => tile(count(t.classes[c]), c === "near-complete" ? c : `${c} quality`));
  tiles.push(tile(percent(share(t.binned_bases, t.bases)), `of ${bases(t.bases)} binned`));
  if (t.mapped_share !== null) tiles.push(tile(percent(t.mapped_share), "of mapped bases binned"));
  tiles.push(tile(count(t.binned_contigs), `of ${plural(t.contigs, "contig")} binned`));
  byId("tiles").append(...tiles);
  byId("classes").append(basesBar());
}

/** Bases by class of bin, and those in none. */
function basesBar() {
  const of = new Map();
  bins.names.forEach((_, b) => {
    const c = bins.columns.quality[b];
    of.set(c, (of.get(c) || 0) + bins.number("bp", b));
  });
  const rows = CLASSES.filter((c) => of.get(c)).map((c) => [c === "unknown" ? "in bins" : c, of.get(c), `var(${CLASS_COLOUR[c]})`, c]);
  rows.push(["in no bin", data.totals.bases - data.totals.binned_bases, "var(--line)", null]);
  const words = rows.map(([name, n]) => `${name} ${bases(n)}`).join(", ");
  const bar = el("div", { class: "bar", role: "img", "aria-label": `Bases: ${words}` },
    ...rows.filter(([, n]) => n > 0).map(([, n, fill]) => el("i", { style: { flexGrow: n, background: fill } })));
  const key = el("div", { class: "key", "aria-hidden": "true" }, el("span", {}, "Bases:"),
    ...rows.map(([name, n, , c]) => el("span", {}, c ? mark(c) : null, `${name} ${bases(n)}`)));
  return el("div", {}, bar, key);
}
