// The arrows of one run: strong ones of what is pointed at, chosen or followed, and pale ones of all in view.
//
// Strong arrows and the frames of chosen bars lie in the overlay, so that pointing never repaints the bars.
({ run, figure, messages, lanes }) => {
  const MOST = 300; // drawn at once, of either kind
  const { plot } = figure;
  const source = (name) => plot.renderers.find((renderer) => renderer.name === name).data_source;
  const [frames, strong, pale] = ["chosen bars", "chosen arrows", "arrows"].map(source);
  const faint = ["arrows", "heads"].map((name) => plot.renderers.find((renderer) => renderer.name === name).glyph);
  // Bokeh does not clip what lies in the overlay, and an arrow may lead far out of the view.
  for (const [renderer, view] of figure.view.renderer_views) {
    if (renderer.level === "overlay" && renderer.name?.startsWith("chosen")) Object.defineProperty(view, "needs_clip", { value: true });
  }
  const { messages: m } = run;
  const state = { chosen: [], followed: [], pointed: null, mode: "direct" };

  const put = (target, columns) => {
    const [first] = Object.keys(columns);
    if (!columns[first].length && !target.data[first]?.length) return; // what was empty and stays so costs nothing
    Object.assign(target.data, columns);
    target.change.emit();
  };
  const middle = (worker) => (run.lanes.workers[worker].top + run.lanes.workers[worker].bottom) / 2;
  const asColumns = (list) => {
    const [y0, y1] = [list.map((i) => middle(m.sender[i])), list.map((i) => middle(m.receiver[i]))];
    return {
      message: list, x0: list.map(messages.left), x1: list.map((i) => m.taken[i]), y0, y1, middle: y0.map((y, at) => (y + y1[at]) / 2),
      head: list.map((i) => (m.receiver[i] < m.sender[i] ? "triangle" : "inverted_triangle")),
    };
  };

  // Of {worker, span}, {core, span} or {message}: the messages that belong to it.
  const ofPlace = (place) => {
    if (place.message !== undefined) return [place.message];
    return place.worker === undefined ? [] : messages.ofBar(place.worker, place.span, MOST + 1);
  };

  const frameOf = ({ worker, span, core }) => {
    if (span === undefined) return null;
    const lane = lanes.lanes.find((one) => (worker === undefined ? one.core === core : one.worker === worker));
    return { left: lane.began[span], right: lane.ended[span], top: lane.top, bottom: lane.bottom };
  };

  // Draws what is chosen; gives how many arrows that are, which may be more than are drawn.
  const show = () => {
    const places = [...state.chosen, ...(state.pointed ? [state.pointed] : [])];
    const framed = places.map(frameOf).filter(Boolean);
    const fields = ["left", "right", "top", "bottom"];
    const boxes = Object.fromEntries(fields.map((field) => [field, framed.map((one) => one[field])]));
    const direct = [...state.followed, ...places.flatMap(ofPlace)];
    const every = state.mode === "chain" ? direct.flatMap((i) => messages.chain(i, MOST + 1)) : direct;
    const found = [...new Set(every)];
    const key = [...found, "|", ...framed.map(({ left, top }) => `${left} ${top}`)].join();
    if (key !== state.key) {
      put(frames, boxes);
      put(strong, asColumns(found.slice(0, MOST)));
      state.key = key;
    }
    return found.length;
  };

  // Pale arrows of all messages in view, if they are to be shown; gives how many there are, up to one more than fit.
  const drawAll = ({ start, end }) => {
    const found = state.mode === "view" ? messages.inView(start, end, MOST) : [];
    const alpha = Math.min(0.34, 0.06 + 12 / Math.max(found.length, 1)); // many arrows must not hide the bars
    if (found.length && alpha !== state.alpha) {
      state.alpha = alpha;
      faint[0].setv({ line_alpha: { value: alpha } });
      faint[1].setv({ fill_alpha: { value: 1.5 * alpha } });
    }
    put(pale, asColumns(found.length > MOST ? [] : found));
    return found.length;
  };

  // The message whose drawn arrow passes within `reach` of a place in pixels, -1 for none.
  const near = (toPixels, x, y, reach) => {
    const away = ([ax, ay], [bx, by]) => {
      const length = (bx - ax) ** 2 + (by - ay) ** 2;
      const t = length ? Math.min(1, Math.max(0, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
      return Math.hypot(ax + t * (bx - ax) - x, ay + t * (by - ay) - y);
    };
    let [best, closest] = [-1, reach];
    for (const { message, x0, x1, y0, y1 } of [strong.data, pale.data]) {
      for (let i = 0; i < (message?.length ?? 0); i++) {
        let [px, py] = [toPixels(x0[i]), y0[i]];
        for (let step = 1; step <= 12; step++) {
          const t = step / 12;
          const [qx, qy] = [
            toPixels(x0[i]) + (toPixels(x1[i]) - toPixels(x0[i])) * (3 * t ** 2 - 2 * t ** 3),
            y0[i] + (y1[i] - y0[i]) * (1.5 * t * (1 - t) + t ** 3),
          ];
          const distance = away([px, py], [qx, qy]);
          if (distance < closest) [best, closest] = [message[i], distance];
          [px, py] = [qx, qy];
        }
      }
    }
    return best;
  };

  return { state, show, drawAll, near, ofPlace, MOST };
}
