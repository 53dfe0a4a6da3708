// Genomes by reads, of all rounds beside a sequencer so far.

function drawRounds() {
  const rounds = data.rounds;
  if (rounds.length < 2) return false;
  const last = rounds[rounds.length - 1];
  const good = plural(last.near_complete, "near-complete bin");
  byId("rounds-note").textContent =
    `${good} of ${count(last.bins)} after ${plural(rounds.length, "round")} and ` +
    `${digits(last.gbp, 3)} Gbp. Where the curve is flat more sequencing hardly pays.`;
  byId("rounds-chart").setAttribute(
    "aria-label",
    `Bins by bases of reads, ${plural(rounds.length, "round")}: ` +
      rounds.map((r) => `${digits(r.gbp, 3)} Gbp ${r.near_complete} near-complete`).join(", "),
  );
  chart("rounds-chart", () => roundsOptions(rounds));
  return true;
}

function roundsOptions(rounds) {
  const kinds = [
    ["near-complete bins", "near_complete", colour("--good"), "circle"],
    ["all bins", "bins", colour("--soft"), "emptyCircle"],
  ];
  return {
    legend: {
      top: 0,
      left: "center",
      itemGap: 1.2 * rem(),
      textStyle: { color: colour("--soft"), fontSize: 0.85 * rem() },
    },
    grid: { left: 3.6 * rem(), right: 1.2 * rem(), top: 2.4 * rem(), bottom: 3.4 * rem() },
    tooltip: tooltip(({ dataIndex: i }) => roundTip(rounds[i])),
    xAxis: xAxis("Gbp of reads on the contigs", { min: 0, splitLine: { show: false } }),
    yAxis: yAxis("bins", { min: 0, minInterval: 1, nameGap: 2.2 * rem() }),
    series: kinds.map(([name, key, fill, symbol]) => ({
      name,
      type: "line",
      symbol,
      symbolSize: 0.5 * rem(),
      color: fill,
      data: rounds.map((r) => [r.gbp, r[key]]),
    })),
  };
}

const roundTip = (r) =>
  tip(`round ${r.round}`, [
    ["reads", `${digits(r.gbp, 3)} Gbp`],
    ["near-complete", count(r.near_complete)],
    ["bins", count(r.bins)],
  ]);
