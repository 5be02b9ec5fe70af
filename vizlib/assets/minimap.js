// The map: the whole of all runs in a strip, with a window over what the timelines show.  The window can be dragged,
// resized at its edges and moved with the arrow keys; a drag beside it draws a new one, a click beside it brings it there.
({ place, figures, range, timelines, travel, clock }) => {
  const { detail, pictures } = timelines;
  const TALL = 34; // rows, at least
  const canvas = place.querySelector("canvas");
  const pane = place.querySelector(".lab-window");
  const line = place.querySelector(".lab-map-now");
  const lanes = pictures.flatMap(({ lanes: { lanes: every, inksOf } }) =>
    every.filter(({ core }) => core === undefined).map((lane) => ({ lane, inksOf })));

  const width = () => place.clientWidth;
  const across = (ns) => ((ns - range.bounds[0]) / (range.bounds[1] - range.bounds[0])) * width();
  const timeAt = (event) => {
    const { left } = place.getBoundingClientRect();
    const [low, high] = range.bounds;
    return Math.min(Math.max(low + ((event.clientX - left) / width()) * (high - low), low), high);
  };

  // ---- drawing ------------------------------------------------------------------------------------------------

  const paint = () => {
    const columns = Math.round(width() * Math.min(devicePixelRatio, 2));
    if (columns < 1 || !lanes.length) return;
    const rows = Math.max(1, Math.floor(TALL / lanes.length));
    Object.assign(canvas, { width: columns, height: rows * lanes.length });
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    const [low, high] = range.bounds;
    lanes.forEach(({ lane, inksOf }, i) => {
      // A copy, whose sums are its own.
      const small = { ...lane, area: null, rarity: null, top: i * rows, bottom: (i + 1) * rows - (rows > 4 ? 1 : 0) };
      const found = detail.survey(small, low, (high - low) / columns, columns, 0);
      detail.paint(small, found, { image: pixels, width: columns, inks: inksOf(lane), what: "all" });
    });
    context.putImageData(image, 0, 0);
  };

  const frame = () => {
    const [left, right] = [across(range.start), across(range.end)];
    Object.assign(pane.style, { left: `${left}px`, width: `${Math.max(right - left, 2)}px` });
    place.classList.toggle("lab-whole", right - left > width() - 2);
    const words = `${clock.duration(range.end - range.start)} from ${clock.moment(Math.max(range.start, 0))} on`;
    pane.setAttribute("aria-valuetext", words);
    pane.setAttribute("aria-valuenow", String(Math.round((100 * (range.start - range.bounds[0])) / (range.bounds[1] - range.bounds[0]))));
  };
  const drawLine = (ns) => { line.style.transform = `translateX(${across(ns).toFixed(1)}px)`; };

  // As wide as the frames of the figures, whose time it shows.
  const fit = () => {
    const { left, width: wide } = figures[0].view.frame.bbox;
    if (wide < 1) return;
    Object.assign(place.style, { marginLeft: `${left}px`, width: `${wide}px` });
    paint();
    frame();
    drawLine(clock.now);
  };

  // ---- the pointer --------------------------------------------------------------------------------------------

  const EDGE = 7; // pixels on which an edge is taken hold of
  let held = null;

  const partAt = (event) => {
    const x = event.clientX - place.getBoundingClientRect().left;
    const [left, right] = [across(range.start), across(range.end)];
    const reach = Math.min(EDGE, Math.max((right - left) / 4, 3));
    if (Math.abs(x - left) <= reach && left > 1 - EDGE) return "start";
    if (Math.abs(x - right) <= reach) return "end";
    return x > left && x < right && !place.classList.contains("lab-whole") ? "window" : "beside";
  };
  const CURSORS = { start: "ew-resize", end: "ew-resize", window: "grab", beside: "crosshair" };

  place.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    held = { part: partAt(event), at: timeAt(event), x: event.clientX, start: range.start, end: range.end, moved: false };
    place.setPointerCapture(event.pointerId);
    pane.focus({ preventScroll: true });
    event.preventDefault();
  });
  place.addEventListener("pointermove", (event) => {
    if (!held) {
      place.style.cursor = CURSORS[partAt(event)];
      return;
    }
    const at = timeAt(event);
    held.moved ||= Math.abs(event.clientX - held.x) > 3;
    if (!held.moved) return;
    const { part, start, end } = held;
    if (part === "window") travel.put(start + at - held.at, end + at - held.at);
    else {
      const fixed = part === "start" ? end : part === "end" ? start : held.at;
      travel.put(Math.min(at, fixed), Math.max(at, fixed));
    }
  });
  const released = (event) => {
    if (held && !held.moved && held.part === "beside" && event.type === "pointerup") {
      const half = (range.end - range.start) / 2;
      travel.go(held.at - half, held.at + half);
    }
    held = null;
  };
  place.addEventListener("pointerup", released);
  place.addEventListener("pointercancel", released);
  place.addEventListener("dblclick", () => travel.fit());
  pane.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.2, ArrowRight: 0.2 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    travel.move(step);
  });

  for (const property of ["start", "end"]) range.properties[property].change.connect(frame);
  range.properties.bounds.change.connect(() => requestAnimationFrame(fit));
  const watch = new ResizeObserver(() => requestAnimationFrame(fit));
  watch.observe(place.parentElement);
  timelines.onLook(paint);
  clock.follow(drawLine);
  fit();
  return { close: () => watch.disconnect() };
}
