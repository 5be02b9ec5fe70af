// Draws the lanes of one run into its figure, anew for each view: few bars as bars, more as an image.
//
// The image covers the view and is painted below the bars.  Among few bars it shows only what is merged.
({ detail, run, figure, states, looks }) => {
  const FEW = 1_500; // spans up to which they are drawn one by one
  const MANY = 2_500; // spans beyond which they no longer are; between the two everything stays as it is
  const { plot } = figure;
  const source = (name) => plot.renderers.find((renderer) => renderer.name === name).data_source;
  const raster = source("raster");
  const sources = {
    bars: source("bars"), edges: source("edges"), dashes: source("dashed edges"), directions: source("directions"),
    names: source("core names"),
  };
  const Image = raster.data.image[0].constructor;

  const order = [...states.keys()].sort((a, b) => states[a].order - states[b].order);
  const rarity = [...states.keys()].sort((a, b) => states[a].rarity - states[b].rarity);
  const heights = states.map(({ height }) => height);
  const crew = [...run.workers.keys()];
  const lanes = [
    ...run.cores.map(({ core, began, ended, worker }, i) => ({
      core, began, ended, kind: worker, pale: null, heights: crew.map(() => 1), order: crew, rarity: null, ...run.lanes.cores[i],
    })),
    ...run.workers.map(({ spans }, worker) => ({
      worker, began: spans.began, ended: spans.ended, kind: spans.state, pale: spans.inferred.includes(1) ? spans.inferred : null,
      heights, order, rarity, ...run.lanes.workers[worker],
    })),
  ];
  const height = Math.ceil(run.lanes.height);

  // ---- colours ------------------------------------------------------------------------------------------------

  const PALE = 0.4;
  const FADED = 0.1;
  const alphaOf = (state, pale) => {
    if (looks.hides(states[state].label)) return 0;
    return looks.fades(states[state].label) ? FADED : pale ? PALE : 1;
  };
  // A colour as the image has it: four bytes, red first.
  const ink = (color, alpha) => {
    const [r, g, b] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return ((Math.round(alpha * 255) << 24) | (b << 16) | (g << 8) | r) >>> 0;
  };
  const inksOf = (lane) => {
    if (lane.core !== undefined) return run.workers.map(({ color }) => ink(color, 1));
    const every = (pale) => states.map(({ color }, i) => (alphaOf(i, pale) ? ink(color, alphaOf(i, pale)) : 0));
    return [...every(false), ...every(true)];
  };

  // ---- one view -----------------------------------------------------------------------------------------------

  const put = (target, columns) => {
    const [first] = Object.keys(columns);
    if (!columns[first].length && !target.data[first].length) return; // what was empty and stays so costs nothing
    Object.assign(target.data, columns);
    target.change.emit();
  };
  // Rows that become columns, those of one colour together, which makes a saved drawing small.
  const table = (...fields) => {
    const rows = new Map();
    const at = Math.max(fields.indexOf("color"), 0);
    const add = (...row) => { rows.has(row[at]) ? rows.get(row[at]).push(row) : rows.set(row[at], [row]); };
    const columns = () => {
      const every = [...rows.values()].flat();
      return Object.fromEntries(fields.map((field, i) => [field, every.map((row) => row[i])]));
    };
    return { add, columns };
  };
  const BAR = ["left", "right", "top", "bottom", "color", "alpha"];

  const TURN = { right: -Math.PI / 2, left: Math.PI / 2 };
  const EDGE = 4; // pixels that a bar must be wide to have edges: an edge is a pixel however narrow its bar
  const ARROW = 13; // and to have its direction told

  const drawn = () => ({
    bars: table(...BAR), edges: table(...BAR), dashes: table(...BAR),
    directions: table("x", "y", "angle", "color"), names: table("left", "bottom", "name"),
  });

  // The name of a stay that began before the view stands at the view's edge.
  const addStay = (to, lane, i, toPixels, { start, end }) => {
    const { name, color } = run.workers[lane.kind[i]];
    to.bars.add(lane.began[i], lane.ended[i], lane.top, lane.bottom, color, 1);
    const [left, right] = [Math.max(lane.began[i], start), Math.min(lane.ended[i], end)];
    if ((right - left) * toPixels > 6 * name.length + 8) to.names.add(left, lane.bottom, name);
  };

  const addSpan = (to, lane, i, toPixels) => {
    const [left, right, kind, inferred] = [lane.began[i], lane.ended[i], lane.kind[i], lane.pale?.[i] === 1];
    const wide = (right - left) * toPixels;
    const alpha = alphaOf(kind, inferred);
    if (!alpha) return;
    const { color, outline, points } = states[kind];
    const top = lane.bottom - (lane.bottom - lane.top) * lane.heights[kind];
    to.bars.add(left, right, top, lane.bottom, color, alpha);
    const line = inferred ? outline || color : outline;
    if (line && wide > EDGE) to[inferred ? "dashes" : "edges"].add(left, right, top, lane.bottom, line, alpha === FADED ? 0.15 : 1);
    if (points && wide > ARROW && alpha !== FADED) to.directions.add((left + right) / 2, top - 4, TURN[points], color);
  };

  let what = "all"; // that the image shows: all, only what is "merged" while wide spans are bars, or only "ticks"
  let seen = null; // of the view that is shown: {from, pitch, width, found}

  // `pixels` is the frame's width as a person measures it, `columns` as the screen has it.
  const draw = (range, pixels, columns) => {
    const pitch = (range.end - range.start) / columns;
    // Columns lie on a grid that does not move with the view, so that nothing flickers while it moves.
    const from = Math.floor(range.start / pitch) * pitch;
    const width = columns + 1;
    const found = lanes.map((lane) => detail.survey(lane, from, pitch, width, MANY));
    const count = (name) => found.reduce((sum, one) => sum + one[name].length, 0);
    const [wide, every] = [count("bars"), count("bars") + count("narrow")];
    if (every <= (what === "ticks" ? MANY : FEW)) what = "ticks";
    else if (wide <= (what === "all" ? FEW : MANY)) what = "merged";
    else what = "all";
    const image = new Image(width * height, [height, width]);
    let ticks = 0;
    lanes.forEach((lane, l) => { ticks += detail.paint(lane, found[l], { image, width, inks: inksOf(lane), what }); });
    put(raster, { image: [image], x: [from], y: [0], dw: [width * pitch], dh: [height] });
    const few = drawn();
    if (what !== "all") {
      lanes.forEach((lane, l) => {
        const add = lane.core === undefined ? addSpan : addStay;
        const drawn = what === "ticks" ? [...found[l].bars, ...found[l].narrow] : found[l].bars;
        for (const i of drawn) add(few, lane, i, pixels / (range.end - range.start), range);
      });
    }
    for (const [name, { columns }] of Object.entries(few)) put(sources[name], columns());
    seen = { from, pitch, width, found, image, what, ticks };
  };

  return { lanes, draw, inksOf, get seen() { return seen; } };
}
