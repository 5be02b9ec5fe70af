// Level of detail: what can be seen of a run's lanes between two moments, on so many columns of pixels.
//
// A picture of 1,000 columns cannot show a million spans one by one, and Bokeh would draw them all at every zoom.  So
// what is drawn is worked out here, from all of them, whenever the view changes; zooming in shows each at last.
//
// - While few spans are in view, each is a bar of its own.  While few of them are at least a column wide, those are.
// - All others are merged: in each column every state gets the area that its bars would have there.  A bar fills a part
//   of its lane's height that tells its state, and in a column its state has a part of the time: the product of both is
//   its height in the merged column, stacked in the order of the legend.  So a column of one state looks like its bar,
//   and many narrow bars look as they would from afar: nothing moves, and no state looks larger than it is.
// - What is too short to have a row of pixels in its column would vanish.  It is a tick above the lane: of several the
//   rarest kind, so that one stall of a microsecond is seen in a run of an hour.
//
// Pure functions of plain columns; a lane is {began, ended, kind, pale, heights, order, rarity, top, bottom}.  Kinds are
// numbers below `heights.length`; `pale` (or null) marks spans that are drawn pale, and doubles the kinds.
() => {
  const TICK = 2; // rows of a tick, with one free below it

  // The last moment reached by the spans up to each, for which `ended` itself serves where no two overlap.
  const reachOf = (ended) => {
    for (let i = 1; i < ended.length; i++) {
      if (ended[i] >= ended[i - 1]) continue;
      const reach = Float64Array.from(ended);
      for (let j = i; j < reach.length; j++) reach[j] = Math.max(reach[j], reach[j - 1]);
      return reach;
    }
    return ended;
  };

  // How many leading numbers of an ascending column are below `value`, or with `until` also equal to it.
  const place = (column, value, until = false) => {
    let [low, high] = [0, column.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (column[middle] < value || (until && column[middle] === value)) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  // The first span that may lie after `ns`.
  const firstAfter = (lane, ns) => place((lane.reach ??= reachOf(lane.ended)), ns, true);

  // Adds up a lane in columns of `pitch` nanoseconds from `from` on: `area` is the part of each column by kind.
  const survey = (lane, from, pitch, width, most) => {
    const { began, ended, kind, pale } = lane;
    const kinds = lane.heights.length;
    const slots = pale ? 2 * kinds : kinds;
    const area = (lane.area = lane.area?.length === width * slots ? lane.area.fill(0) : new Float64Array(width * slots));
    const short = new Uint32Array(width); // kinds that something narrower than a column has there, as bits (states only)
    const merged = new Uint8Array(width); // whether something narrower than a column touches it
    const bars = []; // spans that are at least a column wide, up to one more than `most`
    const narrow = []; // the others, likewise
    const to = from + width * pitch;
    const last = width - 1;
    let shown = 0;
    let joined = 0;
    let [end, b, q] = [NaN, 0, 0]; // of the span before, in whose end most begin
    for (let i = firstAfter(lane, from); i < began.length; i++) {
      const start = began[i];
      if (start >= to) break;
      if (ended[i] <= from) continue;
      shown += 1;
      const state = kind[i];
      const slot = pale !== null && pale[i] ? state + kinds : state;
      const abuts = start === end;
      end = ended[i];
      const a = abuts ? b : Math.max((start - from) / pitch, 0);
      const p = abuts ? q : Math.min(a | 0, last);
      b = Math.min((end - from) / pitch, width);
      q = Math.min(b | 0, last);
      if (end - start < pitch) {
        joined += 1;
        merged[p] = merged[q] = 1;
        if (joined <= most + 1) narrow.push(i);
        short[p === q ? p : Math.min(((a + b) / 2) | 0, last)] |= 1 << state;
      } else if (bars.length <= most) bars.push(i);
      if (p === q) area[p * slots + slot] += b - a;
      else {
        area[p * slots + slot] += p + 1 - a;
        for (let x = p + 1; x < q; x++) area[x * slots + slot] += 1;
        area[q * slots + slot] += b - q;
      }
    }
    return { area, short, merged, bars, narrow, shown, joined, slots };
  };

  // Rows of the image that belong to a lane.
  const rowsOf = ({ top, bottom }) => [Math.round(top), Math.round(bottom)];

  // Paints a surveyed lane: `what` is "all" columns, those in which something is "merged", or only "ticks".  Gives how
  // many ticks there are.
  const paint = (lane, found, { image, width, inks, what }) => {
    const { heights, order, rarity } = lane;
    const kinds = heights.length;
    const [top, bottom] = rowsOf(lane);
    const tall = bottom - top;
    const fill = (x, first, last, ink) => {
      for (let row = first; row < last; row++) image[row * width + x] = ink;
    };
    let ticks = 0;
    for (let x = 0; x < width; x++) {
      if (what !== "all" && !found.merged[x]) continue;
      let [level, risen, visible] = [0, 0, 0];
      for (let place = 0; place < found.slots; place++) {
        const kind = order[place % kinds];
        const slot = place < kinds ? kind : kind + kinds;
        const part = found.area[x * found.slots + slot];
        if (!part) continue;
        level += part * heights[kind];
        const rows = Math.min(Math.round(level * tall), tall);
        if (rows <= risen) continue;
        if (inks[slot] && what !== "ticks") fill(x, bottom - rows, bottom - risen, inks[slot]);
        risen = rows;
        visible |= 1 << kind;
      }
      const hidden = found.short[x] & ~visible;
      if (!hidden || !rarity) continue;
      const rarest = rarity.find((kind) => hidden & (1 << kind) && inks[kind]);
      if (rarest === undefined) continue;
      fill(x, Math.max(top - TICK - 1, 0), Math.max(top - 1, 0), inks[rarest]);
      ticks += 1;
    }
    return ticks;
  };

  // What touches an interval of a lane: how many spans, and nanoseconds by kind within it.
  const within = (lane, from, to) => {
    const times = new Float64Array(lane.heights.length);
    let [count, first] = [0, -1];
    for (let i = firstAfter(lane, from); i < lane.began.length && lane.began[i] < to; i++) {
      if (lane.ended[i] <= from) continue;
      if (first < 0) first = i;
      count += 1;
      times[lane.kind[i]] += Math.min(lane.ended[i], to) - Math.max(lane.began[i], from);
    }
    return { count, times, first };
  };

  // The span at a moment, -1 where there is none.
  const at = (lane, ns) => {
    for (let i = firstAfter(lane, ns); i < lane.began.length && lane.began[i] <= ns; i++) if (lane.ended[i] > ns) return i;
    return -1;
  };

  return { place, survey, paint, within, at };
}
