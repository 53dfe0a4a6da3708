// The table of bins: sorted by a click on a title, filtered by name and class.

const FIRST_ROWS = 100;
const SHOWN = {
  bp: "size",
  n50: "N50",
  gc: "GC",
  depth: bins.samples.length > 1 ? "depth, all samples" : "depth",
};
const FIXED = [
  "bin",
  "quality",
  "kind",
  "completeness",
  "contamination",
  "mimag",
  "bp",
  "n50",
  "contigs",
  "gc",
  "depth",
  "confidence",
];
const LAST = ["quality_basis", "sample"];

/** Titles of the columns that are shown: the known ones first, then whatever else the table has. */
function columnTitles() {
  const some = (title) =>
    bins.columns[title] && bins.columns[title].some((text) => text !== "" && text !== "NA");
  const known = FIXED.filter((t) => (t === "depth" ? bins.samples.length : some(t)));
  const others = Object.keys(bins.columns).filter(
    (t) =>
      !FIXED.includes(t) &&
      !LAST.includes(t) &&
      !/^(completeness|contamination)_(low|high)$|^bp_/.test(t),
  );
  return [...known, ...others.filter(some), ...(some("sample") ? ["sample"] : [])];
}

function columnOf(title) {
  const text = bins.columns[title] || [];
  const values =
    title === "depth"
      ? bins.depth.map((row) => row.reduce((a, d) => a + d, 0))
      : text.map((t) => (t === "" ? NaN : Number(t)));
  const number =
    title !== "bin" &&
    values.every((v, b) => Number.isFinite(v) || text[b] === "NA" || text[b] === "");
  const say = {
    bp: bases,
    n50: bases,
    contigs: count,
    gc: percent,
    depth: depthText,
    confidence: (v) => v.toFixed(2),
  }[title];
  const ranks = { quality: CLASSES, mimag: DRAFTS }[title]; // the best first
  return {
    title,
    number,
    key: (b) => (ranks ? rank(ranks, text[b]) : number ? values[b] : text[b]),
    cell: (b) => {
      if (title === "quality") return el("td", { class: "nowrap" }, mark(text[b]), text[b]);
      if (title === "completeness" || title === "contamination")
        return el("td", { class: "number" }, ...intervalCell(title, b));
      const kind = number ? "number" : title === "mimag" ? "nowrap" : "name";
      return el(
        "td",
        { class: kind },
        number && say && Number.isFinite(values[b]) ? say(values[b]) : text[b],
      );
    },
  };
}

function rank(ranks, text) {
  const at = ranks.indexOf(text);
  return at < 0 ? NaN : at; // what is not known comes last
}

function intervalCell(title, b) {
  const [value, low, high] = ["", "_low", "_high"].map((end) => bins.number(title + end, b));
  const parts = [Number.isFinite(value) ? `${value.toFixed(1)} %` : "NA"];
  if (Number.isFinite(low) && Number.isFinite(high))
    parts.push(el("small", {}, ` ${low.toFixed(0)}\u2013${high.toFixed(0)}`));
  return parts;
}

function drawBins() {
  if (!bins.count) return false;
  const table = new TableOfBins(columnTitles().map(columnOf));
  chosen.listeners.push(() => table.markChosen());
  table.fill();
  return true;
}

class TableOfBins {
  constructor(columns) {
    this.columns = columns;
    this.sorted = { column: null, down: false };
    this.all = bins.count <= FIRST_ROWS;
    this.order = [...bins.names.keys()];
    this.rows = new Map(); // made when first shown
    this.heads = columns.map((column) => this.head(column));
    this.body = el("tbody");
    byId("bins-table").append(el("thead", {}, el("tr", {}, ...this.heads)), this.body);
    this.classes = byId("bins-class");
    this.classes.append(el("option", { value: "" }, "all"));
    for (const c of CLASSES.filter((known) => bins.columns.quality.includes(known)))
      this.classes.append(el("option", { value: c }, c));
    this.classes.addEventListener("change", () => this.fill());
    byId("bins-filter").addEventListener("input", () => this.fill());
    byId("bins-more").addEventListener("click", () => {
      this.all = true;
      this.fill();
    });
  }

  head(column) {
    const title = SHOWN[column.title] || titleOf(column.title);
    const button = el("button", { type: "button", onclick: () => this.sortBy(column) }, title);
    return el("th", { scope: "col", class: column.number ? "number" : undefined }, button);
  }

  rowOf(b) {
    if (!this.rows.has(b)) {
      const name = el("th", { scope: "row" }, el("button", { type: "button" }, bins.names[b]));
      const cells = this.columns.slice(1).map((column) => column.cell(b));
      const look = () => choose(b, { scroll: true });
      this.rows.set(b, el("tr", { "data-bin": b, onclick: look }, name, ...cells));
    }
    return this.rows.get(b);
  }

  wanted(b) {
    const text = byId("bins-filter").value.trim().toLowerCase();
    const names = [bins.names[b], (bins.columns.sample || [])[b] || ""];
    const named = names.some((name) => name.toLowerCase().includes(text));
    return named && (!this.classes.value || bins.columns.quality[b] === this.classes.value);
  }

  fill() {
    const some = this.order.filter((b) => this.wanted(b));
    const shown = this.all ? some : some.slice(0, FIRST_ROWS);
    const part = some.length < bins.count ? `${count(some.length)} of ` : "";
    this.body.replaceChildren(...shown.map((b) => this.rowOf(b)));
    byId("bins-count").textContent = part + plural(bins.count, "bin");
    byId("bins-more").hidden = shown.length === some.length;
    byId("bins-more").textContent = `Show all ${count(some.length)}`;
    this.markChosen();
  }

  markChosen() {
    for (const [b, row] of this.rows)
      if (b === chosen.marked) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
  }

  /** Numbers from the largest, names from the first; again for the other way. Unknown ones last. */
  sortBy(column) {
    const again = this.sorted.column === column;
    this.sorted = { column, down: again ? !this.sorted.down : column.number };
    const sign = this.sorted.down ? -1 : 1;
    const known = (key) => typeof key === "string" || Number.isFinite(key);
    const compare = (a, b) => {
      if (!known(a) || !known(b)) return Number(known(b)) - Number(known(a));
      return sign * (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
    };
    this.order.sort((a, b) => compare(column.key(a), column.key(b)) || a - b);
    this.columns.forEach((other, i) => {
      if (other !== column) this.heads[i].removeAttribute("aria-sort");
      else this.heads[i].setAttribute("aria-sort", this.sorted.down ? "descending" : "ascending");
    });
    this.fill();
  }
}
