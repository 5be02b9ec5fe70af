// The playhead over the figures in time, the axis that drags it, and the interval that a reader selected.
//
// All of it lies in a layer of plain elements over each figure, so that moving it never repaints the figure.
({ clock, figures, range, turn }) => {
  const make = (name, parent) => {
    const element = document.createElement("div");
    element.className = name;
    parent.append(element);
    return element;
  };

  const layers = figures.map(({ plot, view }) => {
    const place = view.el.closest(".lab-plot") ?? view.el.getRootNode().host.closest(".lab-plot");
    const layer = make("lab-layer", place);
    const frame = make("lab-frame", layer);
    const axis = make("lab-axis", layer);
    axis.title = "Drag: move through time · Shift+drag: select an interval";
    return {
      plot, view, place, layer, frame, axis,
      selected: make("lab-selected", frame), line: make("lab-playhead", layer), knob: make("lab-knob", axis), width: 0, left: 0,
    };
  });

  const across = (layer, ns) => ((ns - range.start) / (range.end - range.start)) * layer.width;

  const drawLine = (layer, ns) => {
    const x = across(layer, ns);
    const shown = x >= -1 && x <= layer.width + 1;
    layer.line.style.visibility = layer.knob.style.visibility = shown ? "visible" : "hidden";
    layer.line.style.transform = `translateX(${(layer.left + x).toFixed(2)}px)`;
    layer.knob.style.transform = `translateX(${x.toFixed(2)}px)`;
  };
  const drawSelected = (layer) => {
    layer.selected.hidden = !clock.brush;
    if (!clock.brush) return;
    const [from, to] = clock.brush.map((ns) => across(layer, ns));
    Object.assign(layer.selected.style, { left: `${from}px`, width: `${Math.max(to - from, 1)}px` });
  };

  // Where the frame of the figure is, which changes with the page's width.
  const measure = (layer) => {
    const box = layer.view.frame.bbox;
    Object.assign(layer, { left: box.left, width: box.width });
    Object.assign(layer.frame.style, { left: `${box.left}px`, width: `${box.width}px`, top: `${box.top}px`, height: `${box.height}px` });
    Object.assign(layer.axis.style, { left: `${box.left}px`, width: `${box.width}px`, top: `${box.bottom}px` });
    Object.assign(layer.line.style, { top: `${box.top}px`, height: `${box.height + 5}px` });
  };
  const draw = () => {
    for (const layer of layers) {
      measure(layer);
      drawLine(layer, clock.now);
      drawSelected(layer);
    }
  };

  // While it plays, a picture that is zoomed in turns its pages with the playhead.
  const keepInView = (ns, why) => {
    if (why === "start" || (ns >= range.start && ns <= range.end)) return;
    const span = range.end - range.start;
    turn(ns - 0.1 * span, ns + 0.9 * span);
  };
  clock.follow((ns, why) => {
    keepInView(ns, why);
    for (const layer of layers) drawLine(layer, ns);
  });

  // ---- the pointer --------------------------------------------------------------------------------------------

  const timeAt = (layer, event) => {
    const left = layer.axis.getBoundingClientRect().left;
    return Math.min(Math.max(range.start + ((event.clientX - left) / layer.width) * (range.end - range.start), 0), clock.end);
  };
  const select = (from, to) => {
    clock.brush = to > from ? [from, to] : null;
    layers.forEach(drawSelected);
    for (const follower of changed) follower(clock.brush);
  };
  const changed = [];

  let selecting = false; // whether dragging in a figure selects
  const dragged = (layer, element, brushes) => {
    let began = null;
    element.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !(brushes === null || brushes() || event.shiftKey)) return;
      const scrubs = brushes === null && !event.shiftKey;
      began = { scrubs, at: timeAt(layer, event) };
      element.setPointerCapture(event.pointerId);
      if (!scrubs) return;
      clock.pause();
      clock.go(began.at);
    });
    element.addEventListener("pointermove", (event) => {
      if (!began) return;
      const at = timeAt(layer, event);
      if (began.scrubs) clock.go(at);
      else select(Math.min(at, began.at), Math.max(at, began.at));
    });
    const ended = () => { began = null; };
    element.addEventListener("pointerup", ended);
    element.addEventListener("pointercancel", ended);
  };
  for (const layer of layers) {
    dragged(layer, layer.axis, null);
    dragged(layer, layer.frame, () => selecting);
    layer.view.model.properties.inner_width.change.connect(() => requestAnimationFrame(draw));
  }
  for (const property of ["start", "end"]) range.properties[property].change.connect(draw);
  draw();

  return {
    select,
    onSelect: (follower) => changed.push(follower),
    // Dragging in a figure selects: then the layer takes the pointer, and the figure under it does not move.
    setSelecting: (on) => {
      selecting = on;
      for (const { frame } of layers) frame.classList.toggle("lab-takes-pointer", on);
    },
  };
}
