// Contigs in no bin, and the run itself: stages, versions, inputs, command.

function drawUnbinned() {
  const rows = data.unbinned;
  const t = data.totals;
  if (!rows.length) return false;
  const left = t.bases - t.binned_bases;
  const contigs = plural(t.contigs - t.binned_contigs, "contig");
  const of = percent(share(left, t.bases));
  byId("unbinned-note").textContent = `${contigs} with ${bases(left)}, ${of} of all.`;
  const most = Math.max(1, ...rows.map((r) => r.bases));
  const reads = t.mapped_share !== null;
  const heads = [
    { title: "why" },
    { title: "bases" },
    { title: "contigs", number: true },
    ...(reads ? [{ title: "of mapped bases", number: true }] : []),
  ];
  const made = table(
    "",
    heads,
    rows.map((r) => [
      el("td", { class: "name" }, r.why, ...meaning(r.why)),
      meter(r.bases / most, bases(r.bases)),
      count(r.contigs),
      ...(reads ? [r.reads === null ? "" : percent(r.reads)] : []),
    ]),
  );
  byId("unbinned-table").replaceWith(el("div", { id: "unbinned-table" }, made));
  return true;
}

const MEANINGS = {
  "no clear home": "the contigs that are most like them are in several bins",
  "unlike every bin": "further from every bin than 99 of 100 contigs are from their own",
  "its bin is smaller than": "a cluster by themselves, under --min-bin-size",
  "no cluster is large and clean enough to be a bin": "there are no bins at all",
  "no contig is long enough to begin a bin": "none has --min-length bases",
  "shorter than": "not looked at",
};

/** What a reason means, in a line of its own. */
function meaning(why) {
  const known = Object.keys(MEANINGS).find((start) => why.startsWith(start));
  return known ? [el("br"), el("small", {}, MEANINGS[known])] : [];
}

/** A bar beside a number. */
function meter(of, text) {
  return el(
    "div",
    { class: "meter" },
    el("i", { "aria-hidden": "true", style: { width: `${(5.5 * of).toFixed(2)}rem` } }),
    el("span", {}, text),
  );
}

function drawRun() {
  const { facts, inputs, stages, command } = data.run;
  if (stages.length) {
    const most = Math.max(1e-9, ...stages.map((s) => s[1] || 0));
    const seconds = (v) => (v === null || v === undefined ? "" : `${v.toFixed(1)} s`);
    const heads = [
      { title: "stage" },
      { title: "time" },
      { title: "CPU", number: true },
      { title: "memory, peak so far", number: true },
    ];
    const rows = stages.map(([name, wall, cpu, peak]) => [
      name,
      meter((wall || 0) / most, seconds(wall)),
      seconds(cpu),
      peak ? `${count(peak)} MiB` : "",
    ]);
    const sum = (k) => stages.reduce((total, s) => total + (s[k] || 0), 0);
    rows.push([el("b", {}, "all"), el("b", {}, seconds(sum(1))), el("b", {}, seconds(sum(2))), ""]);
    byId("run-stages").append(
      el("div", { class: "scroll" }, table("Time and memory", heads, rows)),
    );
  }
  byId("run-facts").append(
    el(
      "div",
      { class: "scroll" },
      table("Versions", [{ title: "what" }, { title: "which" }], facts),
    ),
  );
  if (inputs.length)
    byId("run-inputs").append(
      el(
        "div",
        { class: "scroll" },
        table(
          "Inputs",
          [{ title: "file" }, { title: "bytes", number: true }, { title: "sha256" }],
          inputs.map(([path, size, hash]) => [
            path,
            size === null || size === undefined ? "" : count(size),
            el("code", { class: "hash" }, hash || ""),
          ]),
        ),
      ),
    );
  if (command)
    byId("run-command").append(el("h3", {}, "To do it again"), el("pre", { tabindex: 0 }, command));
  return true;
}
