// The table of bins: sorted by a click on a title, filtered by name and class.

const FIRST_ROWS = 100;
const sorting = { title: null, down: false };
const SHOWN = { bp: "size", n50: "N50", gc: "GC", depth: "depth, all samples" };
const FIXED = ["bin", "quality", "completeness", "contamination", "bp", "n50", "contigs", "gc", "depth", "confidence"];
const LAST = ["quality_basis", "sample"];

/** Titles of the columns that are shown: the known ones first, then whatever else the table has. */
function columnTitles() {
  const some = (title) => bins.columns[title] && bins.columns[title].some((text) => text !== "" && text !== "NA");
  const known = FIXED.filter((t) => (t === "depth" ? bins.samples.length : some(t)));
  const others = Object.keys(bins.columns).filter((t) => !FIXED.includes(t) && !LAST.includes(t) && !/^(completeness|contamination)_(low|high)$/.test(t));
  return [...known, ...others.filter(some), ...(some("sample") ? ["sample"] : [])];
}

function columnOf(title) {
  const text = bins.columns[title] || [];
  const values = title === "depth" ? bins.depth.map((row) => row.reduce((a, d) => a + d, 0)) : text.map(Number);
  const number = title !== "bin" && values.every((v, b) => Number.isFinite(v) || text[b] === "NA" || text[b] === "");
  const say = {
    bp: bases, n50: bases, contigs: count, gc: percent, depth: depthText, confidence: (v) => v.toFixed(2),
  }[title];
  const class_ = (c) => CLASSES.indexOf(c);
  return {
    title, number,
    key: title === "quality" ? (b) => class_(text[b]) : number ? (b) => values[b] : (b) => text[b],
    cell: (b) => {
      if (title === "quality") return el("td", { class: "nowrap" }, mark(text[b]), text[b]);
      if (title === "completeness" || title === "contamination") return el("td", { class: "number" }, ...intervalCell(title, b));
      return el("td", { class: number ? "number" : "name" }, number && say && Number.isFinite(values[b]) ? say(values[b]) : text[b]);
    },
  };
}

function intervalCell(title, b) {
  const [value, low, high] = ["", "_low", "_high"].map((end) => bins.number(title + end, b));
  const parts = [Number.isFinite(value) ? `${value.toFixed(1)} %` : "NA"];
  if (Number.isFinite(low) && Number.isFinite(high)) parts.push(el("small", {}, ` ${low.toFixed(0)}\u2013${high.toFixed(0)}`));
  return parts;
}

function drawBins() {
  if (!bins.count) return false;
  const columns = columnTitles().map(columnOf);
  let all = bins.count <= FIRST_ROWS;
  const body = el("tbody");
  const heads = columns.map((c) => el("th", { scope: "col", class: c.number ? "number" : undefined },
    el("button", { type: "button", onclick: () => sortBy(c) }, SHOWN[c.title] || c.title.replaceAll("_", " "))));
  byId("bins-table").append(el("thead", {}, el("tr", {}, ...heads)), body);
  const select = byId("bins-class");
  select.append(el("option", { value: "" }, "all"));
  CLASSES.filter((c) => bins.columns.quality.includes(c)).forEach((c) => select.append(el("option", { value: c }, c)));

  const lines = bins.names.map((name, b) => {
    const first = el("th", { scope: "row" }, el("button", { type: "button" }, name));
    return { b, first, row: null };
  });
  const rowOf = (line) => {
    line.row ??= el("tr", { "data-bin": line.b, onclick: () => choose(line.b, { scroll: true }) },
      line.first, ...columns.slice(1).map((c) => c.cell(line.b)));
    return line.row;
  };
  const wanted = ({ b }) => {
    const text = byId("bins-filter").value.trim().toLowerCase(), of = bins.columns.sample;
    return (!text || bins.names[b].toLowerCase().includes(text) || (of && of[b].toLowerCase().includes(text)))
      && (!select.value || bins.columns.quality[b] === select.value);
  };
  const fill = () => {
    const some = lines.filter(wanted), shown = all ? some : some.slice(0, FIRST_ROWS);
    body.replaceChildren(...shown.map(rowOf));
    byId("bins-count").textContent = some.length === bins.count ? plural(bins.count, "bin") : `${count(some.length)} of ${plural(bins.count, "bin")}`;
    byId("bins-more").hidden = shown.length === some.length;
    byId("bins-more").textContent = `Show all ${count(some.length)}`;
    markRow();
  };
  const markRow = () => lines.forEach(({ b, row }) => row && (b === chosen.marked ? row.setAttribute("aria-current", "true") : row.removeAttribute("aria-current")));
  const sortBy = (column) => {
    sorting.down = sorting.title === column.title ? !sorting.down : column.number;
    sorting.title = column.title;
    const sign = sorting.down ? -1 : 1;
    const compare = (a, b) => (typeof a === "string" ? a.localeCompare(b, "en", { numeric: true }) : a - b);
    const isNumber = (v) => typeof v === "string" || Number.isFinite(v);
    lines.sort((one, two) => {
      const a = column.key(one.b), b = column.key(two.b);
      if (!isNumber(a) || !isNumber(b)) return Number(isNumber(b)) - Number(isNumber(a)) || one.b - two.b;
      return sign * compare(a, b) || one.b - two.b;
    });
    heads.forEach((head, i) => (columns[i] === column ? head.setAttribute("aria-sort", sorting.down ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
    fill();
  };
  byId("bins-filter").addEventListener("input", fill);
  select.addEventListener("change", fill);
  byId("bins-more").addEventListener("click", () => { all = true; fill(); });
  chosen.listeners.push(markRow);
  fill();
  return true;
}
