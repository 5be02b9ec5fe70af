// Moving about in time: zooming, panning, and the way back.
//
// Moves glide for a moment, so that a reader sees where he went; where less motion is asked for they do not.  A view that
// stood still for a while is one that `back` returns to, whichever way it was left: by keys, wheel, dragging or the map.
({ range, whole }) => {
  const STILL = 400; // milliseconds without a move, after which a view counts as looked at
  const EASE = 70; // milliseconds in which a move covers two thirds of its way
  const MOST = 100; // views to go back to
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const past = [];
  let settled = [range.start, range.end];
  let target = null; // where a move under way leads
  let asked = 0;
  let waiting = 0;

  const now = () => [range.start, range.end];
  const differs = ([a, b], [c, d]) => Math.abs(a - c) + Math.abs(b - d) > 1e-6 * (b - a);
  const within = (start, end) => {
    const [low, high] = range.bounds;
    const wide = Math.min(Math.max(end - start, range.min_interval ?? 1), high - low);
    const from = Math.min(Math.max((start + end - wide) / 2, low), high - wide);
    return [from, from + wide];
  };
  const put = ([start, end]) => range.setv({ start, end });

  let before = 0;
  const step = (at) => {
    asked = 0;
    if (!target) return;
    const part = 1 - Math.exp(-Math.min(at - before, 100) / EASE);
    before = at;
    const [start, end] = now();
    const next = [start + (target[0] - start) * part, end + (target[1] - end) * part];
    const near = Math.abs(next[0] - target[0]) + Math.abs(next[1] - target[1]) < 0.004 * (target[1] - target[0]);
    moving = true;
    put(near ? target : next);
    moving = false;
    if (near) target = null;
    else asked = requestAnimationFrame(step);
  };
  let moving = false;

  const go = (start, end) => {
    const wanted = within(start, end);
    if (calm.matches || document.hidden) {
      target = null;
      put(wanted);
    } else {
      target = wanted;
      before = performance.now();
      asked ||= requestAnimationFrame(step);
    }
  };

  const settle = () => {
    waiting = 0;
    if (target || !differs(settled, now())) return;
    past.push(settled);
    if (past.length > MOST) past.shift();
    settled = now();
  };
  const noticed = () => {
    if (!moving) target = null; // somebody else moved the view
    clearTimeout(waiting);
    waiting = setTimeout(settle, STILL);
  };
  for (const property of ["start", "end"]) range.properties[property].change.connect(noticed);

  // Where the view is or is on its way to, so that keys that are held down add up.
  const aim = () => target ?? now();

  const zoom = (factor, about = null) => {
    const [start, end] = aim();
    const middle = about ?? (start + end) / 2;
    const wide = Math.min(Math.max((end - start) * factor, range.min_interval ?? 1), range.bounds[1] - range.bounds[0]);
    const from = middle - ((middle - start) / (end - start)) * wide;
    go(from, from + wide);
  };
  const move = (part) => {
    const [start, end] = aim();
    go(start + part * (end - start), end + part * (end - start));
  };
  const back = () => {
    clearTimeout(waiting);
    const there = target ?? now();
    const last = differs(settled, there) ? settled : past.pop();
    if (!last) return false;
    settled = last;
    go(...last);
    return true;
  };

  return {
    zoom, move, back, go,
    // An interval with some room around it.
    show: (from, to) => go(from - 0.04 * (to - from), to + 0.04 * (to - from)),
    fit: () => go(...whole()),
    // Without gliding: what follows a hand.
    put: (start, end) => {
      target = null;
      put(within(start, end));
    },
    // Without gliding, and nothing to go back to: what the picture does by itself.
    turn: (start, end) => {
      target = null;
      put(within(start, end));
      settled = now();
    },
    close: () => {
      clearTimeout(waiting);
      cancelAnimationFrame(asked);
    },
  };
}
