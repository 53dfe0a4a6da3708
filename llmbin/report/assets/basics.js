// The data of the page, elements without markup, and numbers for people.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

/** An element; text is always text. Properties that begin with "on" are listeners. */
function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(made.style, value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}

/** Numbers as report/encode.py has packed them. */
function decode(packed) {
  if (packed === null) return null;
  if (packed.u32 !== undefined)
    return Array.from(new Uint32Array(bytesOf(packed.u32)), (v) => v - 1);
  const scale = (packed.high - packed.low) / 65535;
  return Float64Array.from(new Uint16Array(bytesOf(packed.u16)), (step) => {
    const value = packed.low + step * scale;
    return !packed.log ? value : step === 0 ? 0 : 10 ** value;
  });
}

const points = data.points;
for (const key of ["length", "bin", "reason", "gc", "probability", "x", "y"])
  // some may be null
  points[key] = decode(points[key]);
points.depth = points.depth.map(decode);
points.names = points.count ? points.names.split("\n") : [];

const bins = data.bins;
bins.names = bins.columns.bin;
bins.count = bins.names.length;
bins.number = (title, b) => {
  const text = (bins.columns[title] || [])[b];
  return text === undefined || text === "" ? NaN : Number(text);
};

const CLASSES = ["near-complete", "high", "medium", "low", "not judged", "unknown"];
CLASSES.push(...new Set(bins.columns.quality.filter((c) => !CLASSES.includes(c))));
const DRAFTS = ["high-quality draft", "medium-quality draft", "low-quality draft", "contaminated"];
const CLASS_COLOURS = { "near-complete": "--good", high: "--fair", medium: "--poor" };
const CLASS_SYMBOLS = { "near-complete": "circle", high: "diamond", medium: "triangle" };
const classColour = (quality) => CLASS_COLOURS[quality] || "--bad";
const classSymbol = (quality) => CLASS_SYMBOLS[quality] || "rect";
const CLASS_PATH = {
  circle: "M6 1a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
  diamond: "M6 0L12 6L6 12L0 6z",
  triangle: "M6 1L12 11L0 11z",
  rect: "M1.5 1.5h9v9h-9z",
};

const TITLES = {
  rrna_5s: "5S rRNA",
  rrna_16s: "16S rRNA",
  rrna_23s: "23S rRNA",
  trna_amino_acids: "amino acids with tRNA",
  mimag: "MIMAG",
};
/** A column of the table of bins, for people. */
const titleOf = (title) => TITLES[title] || title.replace(/^bp_/, "bases, ").replaceAll("_", " ");

/** The mark of a class of quality: shape and colour say the same. */
function mark(quality) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", CLASS_PATH[classSymbol(quality)]);
  path.style.fill = `var(${classColour(quality)})`;
  svg.append(path);
  return svg;
}

const count = (n) => Math.round(n).toLocaleString("en-US");
const plural = (n, word) => `${count(n)} ${word}${n === 1 ? "" : "s"}`;
const digits = (value, most) => Number(value.toPrecision(most)).toLocaleString("en-US");
function bases(n) {
  if (!Number.isFinite(n)) return "";
  if (n >= 1e9) return `${(n / 1e9).toFixed(2)} Gbp`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(n < 1e8 ? 2 : 1)} Mbp`;
  return n >= 1e3 ? `${(n / 1e3).toFixed(1)} kbp` : `${n} bp`;
}
function percent(share, places = 1) {
  if (!Number.isFinite(share)) return "";
  const text = (100 * share).toFixed(places);
  if (share > 0 && Number(text) === 0) return `< ${10 ** -places} %`;
  return share < 1 && Number(text) === 100 ? `> ${100 - 10 ** -places} %` : `${text} %`;
}
const depthText = (d) =>
  d === 0 ? "0" : d >= 100 ? d.toFixed(0) : d >= 1 ? d.toFixed(1) : digits(d, 2);
const share = (part, whole) => (whole > 0 ? part / whole : 0);

/** A table with a title, and rows of text, or of cells. */
function table(caption, heads, rows) {
  const cell = (content, i) =>
    content instanceof Element && content.tagName === "TD"
      ? content
      : el("td", { class: heads[i].number ? "number" : undefined }, content);
  return el(
    "table",
    {},
    caption ? el("caption", {}, caption) : null,
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ...heads.map((h) =>
          el("th", { scope: "col", class: h.number ? "number" : undefined }, h.title),
        ),
      ),
    ),
    el("tbody", {}, ...rows.map((row) => el("tr", {}, ...row.map(cell)))),
  );
}

/** The bin that is looked at, and who wants to know. */
const chosen = { bin: bins.count ? 0 : -1, marked: -1, listeners: [] };
function choose(bin, { mark: marked = true, scroll = false } = {}) {
  chosen.bin = bin;
  if (marked) chosen.marked = bin;
  for (const listener of chosen.listeners) listener();
  if (!scroll) return;
  byId("bin").scrollIntoView();
  byId("bin-title").focus({ preventScroll: true }); // the next Tab goes on from there
}
function fillBins(select, first) {
  if (first) select.append(el("option", { value: -1 }, first));
  bins.names.forEach((name, b) => select.append(el("option", { value: b }, name)));
}
