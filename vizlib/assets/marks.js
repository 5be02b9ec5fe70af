// Marks of one run: prints, messages that nobody received, workers that failed.  Those of a kind that would lie on each
// other are one larger mark, which tells how many it stands for.
({ run, figure, messages, detail, wording }) => {
  const APART = 6; // pixels
  const { plot } = figure;
  const lanes = run.lanes.workers;
  const { outputs, messages: m } = run;

  // In the order of time: when, on which lane, at which height, and what each tells.
  const kinds = new Map();
  const add = (kind, at, lane, y, told) => {
    if (!kinds.has(kind)) kinds.set(kind, { at: [], lane: [], y: [], told: [] });
    const marks = kinds.get(kind);
    for (const [name, value] of Object.entries({ at, lane, y, told })) marks[name].push(value);
  };
  const middle = ({ top, bottom }) => (top + bottom) / 2;
  for (let i = 0; i < outputs.at.length; i++) {
    const lane = outputs.worker[i];
    add(outputs.stream[i] === 1 ? "print" : "stderr", outputs.at[i], lane, lanes[lane].top, [wording.output, i]);
  }
  const lost = [];
  for (let i = 0; i < messages.count; i++) if (!messages.isDelivered(i) && m.sent[i] >= 0) lost.push(i);
  for (const i of lost.sort((a, b) => m.sent[a] - m.sent[b])) {
    add("undelivered", m.sent[i], m.sender[i], middle(lanes[m.sender[i]]), [wording.message, i]);
  }
  const failed = [...run.workers.keys()].filter((i) => run.workers[i].failed);
  for (const i of failed.sort((a, b) => run.workers[a].ended - run.workers[b].ended)) {
    add(run.workers[i].ending === "raised" ? "raised" : "stopped", run.workers[i].ended, i, middle(lanes[i]), [wording.ending, i]);
  }

  let shown = []; // {kind, x, y, first, count, marks}, of this view

  const draw = ({ start, end }, pixels) => {
    const wide = (APART * (end - start)) / pixels;
    shown = [];
    for (const [kind, marks] of kinds) {
      const open = new Map(); // the last mark of each lane
      for (let i = detail.place(marks.at, start - wide); i < marks.at.length && marks.at[i] <= end; i++) {
        const last = open.get(marks.lane[i]);
        if (last && marks.at[i] - last.x < wide) last.count += 1;
        else {
          const one = { kind, x: marks.at[i], y: marks.y[i], first: i, count: 1, marks };
          shown.push(one);
          open.set(marks.lane[i], one);
        }
      }
    }
    for (const renderer of plot.renderers) {
      if (!renderer.name?.startsWith("mark:")) continue;
      const mine = shown.filter(({ kind }) => `mark:${kind}` === renderer.name);
      const { data_source: source } = renderer;
      if (!mine.length && !source.data.x.length) continue;
      const size = Number(renderer.tags[0]);
      Object.assign(source.data, {
        x: mine.map(({ x }) => x), y: mine.map(({ y }) => y), size: mine.map(({ count }) => (count > 1 ? size + 3 : size)),
      });
      source.change.emit();
    }
  };

  // What the mark at a place tells, or null.
  const near = (ns, y, reach) => {
    const found = shown.filter((one) => Math.abs(one.x - ns) <= reach && Math.abs(one.y - y) <= 6);
    const [best] = found.sort((a, b) => Math.abs(a.x - ns) - Math.abs(b.x - ns));
    if (!best) return null;
    const [tell, i] = best.marks.told[best.first];
    const words = tell(run, i);
    return best.count === 1 ? words : `${words}\nand\t${wording.count(best.count - 1, "more mark")} within ${APART} pixels: zoom in`;
  };

  return { draw, near };
}
