// The timelines of a page: one for each run, drawn anew whenever the view changes, at most once in a frame.
({ root, all, one, content, figures, range, tip, heardOf, travel, parts }) => {
  const { runs, states, wording } = content;
  const detail = parts.detail();
  const SHARP = 2; // columns of the image to a pixel, at most: as many as the screen has

  const lookers = [() => redraw()]; // told when the legend changes how states look
  const looks = parts.legend({ all, changed: () => lookers.forEach((look) => look()) });
  const pictures = figures.filter(({ plot }) => plot.name === "timeline").map((figure, i) => {
    const run = runs[i];
    const messages = parts.messages({ run, detail, states });
    const lanes = parts.lanes({ detail, run, figure, states, looks });
    const marks = parts.marks({ run, figure, messages, detail, wording });
    const arrows = parts.arrows({ run, figure, messages, lanes });
    return { run, figure, messages, lanes, marks, arrows, note: all(".lab-merged")[i] };
  });

  if (!pictures.length) return { pictures, chosen: () => null, forget: () => false, changed: () => {}, wording, close: () => {} };

  // ---- what is said of it -------------------------------------------------------------------------------------

  const counted = ({ seen }) => {
    const [shown, joined] = ["shown", "joined"].map((name) => seen.found.reduce((sum, lane) => sum + lane[name], 0));
    return { shown, joined };
  };
  const sayMerged = ({ note, lanes }) => {
    const { shown, joined } = counted(lanes);
    const { what, ticks, pitch } = lanes.seen;
    const merged = joined && what !== "ticks";
    if (note.hidden && !merged && !ticks) return;
    note.hidden = false; // and so it stays, so that nothing below moves up and down
    const parts = [merged
      ? `${wording.grouped(String(joined))} of ${wording.count(shown, "span")} in view are narrower than a pixel `
        + `(${wording.duration(pitch)}) and drawn merged: each colour has the area of its bars.`
      : `Each of ${wording.count(shown, "span")} in view is a bar of its own.`];
    if (ticks) parts.push("A tick above a lane is a state too short to be seen in it.");
    if (ticks || merged) parts.push("Zoom in to see more.");
    note.textContent = parts.join(" ");
  };

  const told = one(".lab-arrows-told");
  const menu = one(".lab-arrows select");
  const sayArrows = () => {
    const [strong, pale] = ["strong", "pale"].map((name) => pictures.reduce((sum, picture) => sum + (picture[name] ?? 0), 0));
    const most = pictures[0].arrows.MOST;
    const number = (count, some) => (count > most ? `more than ${most}${some}` : String(count));
    const parts = menu.value === "view" ? [pale > most ? `over ${most}: zoom in` : `${pale} in view`] : [];
    if (strong) parts.push(`${number(strong, ", some drawn")} chosen`);
    told.textContent = told.title = parts.join(", ");
  };

  // ---- drawing ------------------------------------------------------------------------------------------------

  const drawOne = (picture) => {
    const pixels = Math.round(picture.figure.plot.inner_width ?? 0);
    if (pixels < 1) return; // not laid out yet
    picture.lanes.draw(range, pixels, pixels * Math.min(Math.max(Math.round(devicePixelRatio), 1), SHARP));
    picture.marks.draw(range, pixels);
    picture.pale = picture.arrows.drawAll(range);
    sayMerged(picture);
  };
  const redraw = () => {
    pictures.forEach(drawOne);
    sayArrows();
  };

  // At once, so that Bokeh paints the new view only once; a second change within a frame waits for the next.
  let [asked, again] = [0, false];
  const soon = () => {
    if (asked) {
      again = true;
      return;
    }
    redraw();
    const next = () => {
      asked = 0;
      if (again) { again = false; soon(); }
    };
    asked = requestAnimationFrame(next);
  };
  for (const property of ["start", "end"]) range.properties[property].change.connect(soon);
  for (const { figure } of pictures) figure.plot.properties.inner_width.change.connect(soon);

  const changed = (picture) => {
    picture.strong = picture.arrows.show();
    sayArrows();
  };
  const setMode = () => {
    for (const picture of pictures) picture.arrows.state.mode = menu.value;
    redraw();
    pictures.forEach(changed);
  };
  menu.value = runs.reduce((sum, run) => sum + run.messages.began.length, 0) <= pictures[0].arrows.MOST ? "view" : "direct";
  menu.addEventListener("change", setMode);
  setMode();
  const pointing = parts.pointing({ root, tip, heardOf, pictures, detail, wording, looks, states, travel, changed });

  // The interval of what is chosen, null when nothing is.
  const chosen = () => {
    const found = pictures.flatMap(({ run, messages, lanes, arrows }) => arrows.state.chosen.map(({ message, worker, core, span }) => {
      if (message !== undefined) return [messages.left(message), run.messages.taken[message]];
      const lane = lanes.lanes.find((lane) => (worker === undefined ? lane.core === core : lane.worker === worker));
      return [lane.began[span], lane.ended[span]];
    }));
    return found.length ? [Math.min(...found.map(([from]) => from)), Math.max(...found.map(([, to]) => to))] : null;
  };
  const forget = () => {
    const any = pictures.some(({ arrows }) => arrows.state.chosen.length);
    for (const picture of pictures) {
      picture.arrows.state.chosen = [];
      changed(picture);
    }
    return any;
  };

  return {
    pictures, chosen, forget, changed, detail, wording,
    onLook: (look) => lookers.push(look),
    close: () => {
      cancelAnimationFrame(asked);
      pointing.close();
    },
  };
}
