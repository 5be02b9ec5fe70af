// The selected interval as a table: how long each worker was in each state within it.
({ one, runs, states, clock, moments, playhead, zoomTo }) => {
  const place = one(".lab-brushed");
  const make = (parent, name, className = "", text = "") => {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    parent.append(element);
    return element;
  };

  // Nanoseconds by state, of one worker between two moments.
  const sums = ({ spans }, from, to) => {
    const found = new Float64Array(states.length);
    for (let i = Math.max(moments.spanAt(spans, from), 0); i < spans.began.length && spans.began[i] < to; i++) {
      found[spans.state[i]] += Math.max(0, Math.min(spans.ended[i], to) - Math.max(spans.began[i], from));
    }
    return found;
  };

  const button = (parent, text, action) => {
    const element = make(parent, "button", "", text);
    element.type = "button";
    element.addEventListener("click", action);
  };

  const cell = (row, state, ns, whole) => {
    const part = whole ? (100 * ns) / whole : 0;
    const td = make(row, "td");
    if (!ns) return;
    make(td, "b", "", part > 0 && part < 0.5 ? "<1 %" : `${Math.round(part)} %`);
    make(td, "span", "", clock.duration(ns));
    td.style.setProperty("--w", `${part}%`);
    td.style.setProperty("--c", state.color);
  };

  const table = (run, from, to) => {
    const rows = run.workers.map((worker) => ({ name: worker.name, found: sums(worker, from, to) }));
    const used = states.map((state, i) => [state, i]).filter(([, i]) => rows.some(({ found }) => found[i] > 0));
    const element = make(place, "table");
    if (runs.length > 1) make(element, "caption", "", run.title);
    const head = make(make(element, "thead"), "tr");
    make(head, "th", "", "worker").scope = "col";
    for (const [state] of used) make(head, "th", "", state.label).scope = "col";
    const body = make(element, "tbody");
    for (const { name, found } of rows) {
      const row = make(body, "tr");
      make(row, "th", "", name).scope = "row";
      for (const [state, i] of used) cell(row, state, found[i], to - from);
    }
  };

  playhead.onSelect((interval) => {
    place.hidden = !interval;
    place.replaceChildren();
    if (!interval) return;
    const [from, to] = interval;
    const head = make(place, "div", "lab-title");
    make(head, "b", "", `${clock.duration(to - from)} selected`);
    make(head, "span", "", `${clock.moment(from)} to ${clock.moment(to)}: what each worker did in it`);
    button(head, "zoom to it", () => zoomTo(from, to));
    button(head, "clear", () => playhead.select(0, 0));
    for (const run of runs) table(run, from, to);
  });
}
