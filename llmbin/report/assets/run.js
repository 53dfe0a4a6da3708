// Contigs in no bin, and the run itself: stages, versions, inputs, command.

function drawUnbinned() {
  const rows = data.unbinned, t = data.totals;
  if (!rows.length) return false;
  const left = t.bases - t.binned_bases;
  byId("unbinned-note").textContent = `${plural(t.contigs - t.binned_contigs, "contig")} with ${bases(left)}, ${percent(share(left, t.bases))} of all.`;
  const most = Math.max(1, ...rows.map((r) => r.bases));
  const reads = t.mapped_share !== null;
  const heads = [{ title: "why" }, { title: "bases" }, { title: "contigs", number: true }, ...(reads ? [{ title: "of mapped bases", number: true }] : [])];
  const made = table("", heads, rows.map((r) => [
    el("td", { class: "name" }, r.why), meter(r.bases / most, bases(r.bases)), count(r.contigs),
    ...(reads ? [r.reads === null ? "" : percent(r.reads)] : [])]));
  byId("unbinned-table").replaceWith(el("div", { id: "unbinned-table" }, made));
  return true;
}

/** A bar beside a number. */
function meter(of, text) {
  return el("div", { class: "meter" },
    el("i", { "aria-hidden": "true", style: { width: `${(5.5 * of).toFixed(2)}rem` } }), el("span", {}, text));
}

function drawRun() {
  const { facts, inputs, stages, command } = data.run;
  if (stages.length) {
    const most = Math.max(1e-9, ...stages.map((s) => s[1] || 0));
    const seconds = (v) => (v === null || v === undefined ? "" : `${v.toFixed(1)} s`);
    const heads = [{ title: "stage" }, { title: "time" }, { title: "CPU", number: true }, { title: "memory, peak so far", number: true }];
    const rows = stages.map(([name, wall, cpu, peak]) => [name, meter((wall || 0) / most, seconds(wall)), seconds(cpu), peak ? `${count(peak)} MiB` : ""]);
    const sum = (k) => stages.reduce((total, s) => total + (s[k] || 0), 0);
    rows.push([el("b", {}, "all"), el("b", {}, seconds(sum(1))), el("b", {}, seconds(sum(2))), ""]);
    byId("run-stages").append(el("div", { class: "scroll" }, table("Time and memory", heads, rows)));
  }
  byId("run-facts").append(el("div", { class: "scroll" }, table("Versions", [{ title: "what" }, { title: "which" }], facts)));
  if (inputs.length)
    byId("run-inputs").append(el("div", { class: "scroll" }, table("Inputs", [{ title: "file" }, { title: "bytes", number: true }, { title: "sha256" }],
      inputs.map(([path, size, hash]) => [path, size === null || size === undefined ? "" : count(size), el("code", { class: "hash" }, hash || "")]))));
  if (command) byId("run-command").append(el("h3", {}, "To do it again"), el("pre", { tabindex: 0 }, command));
  return true;
}
