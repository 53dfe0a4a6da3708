// Sections that have something to say, in order.

byId("title").textContent = data.title;
byId("from").textContent = data.from;
byId("version").textContent = data.run.version;
const SECTIONS = [
  ["summary", "Summary", drawSummary],
  ["rounds", "Rounds", drawRounds],
  ["map", "Contigs", drawMap],
  ["quality", "Quality", drawQuality],
  ["depth", "Depth", drawDepth],
  ["bins", "Bins", drawBins],
  ["bin", "One bin", drawDetail],
  ["unbinned", "In no bin", drawUnbinned],
  ["run", "The run", drawRun],
];
for (const [id, title, draw] of SECTIONS) {
  byId(id).hidden = false; // before it is drawn, so that it has a size
  let drawn = true;
  try {
    drawn = draw();
  } catch (error) {
    // the other sections are still worth reading
    console.error(id, error);
    byId(id).append(el("p", { class: "note" }, `This part could not be drawn: ${error.message}`));
  }
  byId(id).hidden = !drawn;
  if (drawn && id !== "summary") byId("nav").append(el("a", { href: `#${id}` }, title));
}
if (!byId("quality").hidden && !byId("depth").hidden)
  byId("depth").parentElement.classList.add("pair");
document.documentElement.dataset.ready = "yes";
