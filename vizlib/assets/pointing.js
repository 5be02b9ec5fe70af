// What the pointer is over in the timelines, what it tells of it, and what a click chooses.
//
// Looked up in the columns, not in what is drawn: so it is the same whether a span is a bar or part of an image.
({ root, tip, heardOf, pictures, detail, wording, looks, states, travel, changed }) => {
  const REACH = 4; // pixels
  let pressed = null; // where the button went down

  // {picture, ns, y, pitch}: which timeline, when, how far down, and nanoseconds to a pixel.
  const placeOf = ([x, y]) => {
    for (const picture of pictures) {
      const { view, plot } = picture.figure;
      const outer = view.el.getBoundingClientRect();
      const { left, top, width, height } = view.frame.bbox;
      const [across, down] = [x - outer.left - left, y - outer.top - top];
      if (across < 0 || down < 0 || across > width || down > height) continue;
      const { start, end } = plot.x_range;
      const pitch = (end - start) / width;
      return { picture, ns: start + across * pitch, x: across, y: down, pitch, toPixels: (ns) => (ns - start) / pitch };
    }
    return null;
  };

  // The span of a lane at a place, or all that share its column of pixels.  The whole height of a lane answers.
  const inLane = ({ picture, ns, y, pitch }) => {
    const { lanes, run } = picture;
    const lane = lanes.lanes.find(({ top, bottom }) => y >= top - 2 && y <= bottom + 1);
    if (!lane) return null;
    const i = detail.at(lane, ns);
    const wide = i >= 0 && lane.ended[i] - lane.began[i] >= pitch;
    if (!wide) {
      const [from, to] = [ns - pitch / 2, ns + pitch / 2];
      const found = detail.within(lane, from, to);
      if (found.count > 1) return { words: wording.merged(run, lane, found, from, to), around: [from - 20 * pitch, to + 20 * pitch] };
      if (!found.count) return null;
      return one(run, lane, found.first);
    }
    return one(run, lane, i);
  };
  const one = (run, lane, i) => {
    const around = [lane.began[i], lane.ended[i]];
    if (lane.core !== undefined) return { words: wording.stay(run, lane, i), place: { core: lane.core, span: i }, around };
    if (looks.hides(states[lane.kind[i]].label)) return null;
    return { words: wording.span(run, lane.worker, i), place: { worker: lane.worker, span: i }, around };
  };

  const find = (where) => {
    if (!where) return null;
    const { picture, ns, x, y, pitch, toPixels } = where;
    const mark = picture.marks.near(ns, y, 6 * pitch);
    if (mark) return { words: mark };
    const message = picture.arrows.near(toPixels, x, y, REACH);
    if (message < 0) return inLane(where);
    const { run, messages } = picture;
    return {
      words: wording.message(run, message), place: { message }, around: [messages.left(message), run.messages.taken[message]],
    };
  };

  const isOver = () => pictures.some(({ figure: { view } }) => view.el.matches(":hover"));
  const look = () => {
    const where = isOver() && !pressed ? placeOf(tip.pointer) : null;
    const found = find(where);
    tip.show(heardOf() ?? found?.words ?? null);
    for (const picture of pictures) {
      picture.arrows.state.pointed = (where?.picture === picture && found?.place) || null;
      changed(picture);
    }
  };
  let asked = 0;
  const soon = () => { asked ||= requestAnimationFrame(() => { asked = 0; look(); }); };

  const isSame = (a, b) => a.worker === b.worker && a.core === b.core && a.span === b.span && a.message === b.message;
  const choose = (event) => {
    const where = placeOf([event.clientX, event.clientY]);
    if (!where) return;
    const place = find(where)?.place;
    for (const picture of pictures) {
      const { state } = picture.arrows;
      const mine = where.picture === picture;
      if (!mine && event.shiftKey) continue;
      const others = event.shiftKey ? state.chosen : [];
      const again = mine && place && state.chosen.some((one) => isSame(one, place));
      state.chosen = mine && place && !again ? [...others, place] : others.filter((one) => !place || !isSame(one, place));
    }
    soon();
  };

  const onPlot = (event) => event.composedPath().some((element) => element.classList?.contains("lab-plot"));
  root.addEventListener("pointermove", soon);
  root.addEventListener("pointerleave", soon);
  root.addEventListener("pointerdown", (event) => {
    if (event.button === 0 && onPlot(event)) pressed = [event.clientX, event.clientY];
    soon();
  });
  const released = (event) => {
    const still = pressed && Math.hypot(event.clientX - pressed[0], event.clientY - pressed[1]) < 4;
    pressed = null;
    if (still && event.type === "pointerup" && onPlot(event)) choose(event);
    soon();
  };
  window.addEventListener("pointerup", released);
  window.addEventListener("pointercancel", released);
  root.addEventListener("dblclick", (event) => {
    const found = onPlot(event) && find(placeOf([event.clientX, event.clientY]));
    if (found?.around) travel.show(...found.around);
  });

  return {
    soon,
    close: () => {
      window.removeEventListener("pointerup", released);
      window.removeEventListener("pointercancel", released);
    },
  };
}
