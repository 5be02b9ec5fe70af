// One picture: waits for BokehJS, draws the document, and answers pointer, legend, buttons and theme.
// Runs once for each output; `root` is that output's own element, so any number of them share a page.
(async (root, version) => {
  const all = (selector) => [...root.querySelectorAll(selector)];
  const one = (selector) => root.querySelector(selector);

  // What the outputs of one page share: BokehJS by version, and the views that are there, by their root element.
  const page = (window.__lab ??= { libraries: {}, views: new Map() });

  // ---- unpacking ----------------------------------------------------------------------------------------------

  const unpack = async (element) => {
    const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };

  // Every output carries the library, and the first of them that needs it loads it for the whole page.
  const library = () => {
    if (window.Bokeh?.[version]) return window.Bokeh[version];
    return (page.libraries[version] ??= unpack(one(".lab-library")).then((code) => {
      const script = document.createElement("script");
      script.textContent = code;
      document.head.append(script);
      script.remove();
      return window.Bokeh[version];
    }));
  };

  const coalesced = (action) => {
    let waiting = false;
    return () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; action(); });
    };
  };

  // ---- theme --------------------------------------------------------------------------------------------------

  let hides = () => false; // whether the legend hides a state, by its word
  let states = []; // how each is called and looks

  const alone = root.classList.contains("lab-alone");
  const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () =>
    alone ? prefersDark.matches
      : document.body.dataset.jpThemeLight === "false" || document.body.matches(".vscode-dark, .vscode-high-contrast");

  const paintTheme = (models, theme) => {
    root.dataset.theme = theme ?? (isDark() ? "dark" : "light");
    const style = getComputedStyle(root);
    for (const model of models) {
      for (const tag of model.tags) {
        const [, property, role] = /^(\w+)=(\w+)$/.exec(tag) ?? [];
        if (!property) continue;
        const color = style.getPropertyValue(`--lab-${role}`).trim();
        const vector = typeof model[property] === "object" && model[property] !== null;
        model.setv({ [property]: vector ? { value: color } : color });
      }
    }
  };

  // ---- hover --------------------------------------------------------------------------------------------------

  const tip = document.createElement("div");
  tip.className = "lab-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  if (tip.showPopover) tip.popover = "manual"; // the top layer: no scrolling ancestor clips or displaces it
  root.append(tip);

  const fillTip = (words) => {
    const [heading, ...lines] = words.split("\n");
    const title = document.createElement("b");
    title.textContent = heading;
    const list = document.createElement("dl");
    for (const line of lines) {
      const [label, ...value] = line.split("\t");
      const dt = document.createElement("dt");
      const dd = document.createElement("dd");
      dt.textContent = label;
      dd.textContent = value.join("\t");
      if (/line \d+$/.test(label) || label === "value" || label === "text") dd.className = "lab-code";
      list.append(dt, dd);
    }
    tip.replaceChildren(title, list);
  };

  const placeTip = (x, y) => {
    const box = tip.getBoundingClientRect();
    const left = x + 16 + box.width > innerWidth ? x - 12 - box.width : x + 16;
    const top = y + 18 + box.height > innerHeight ? y - 12 - box.height : y + 18;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  };

  const IN_TIME = ["timeline", "depth"]; // the figures that share the time axis
  const PRIORITY = ["mark", "arrows", "cores", "touch"];
  const pointed = new Map(); // renderer -> index, of what is under the pointer now
  let pointer = [0, 0];

  const rank = (renderer) => PRIORITY.findIndex((name) => renderer.name.startsWith(name));
  const wordsOf = (renderer, index) => {
    const { words } = renderer.data_source.data;
    return words ? words[index] : figureOf(renderer).messages.data.words[index];
  };

  // A state that the legend hides does not answer the pointer.
  const isHidden = ({ name, data_source: { data } }, index) => name === "touch" && hides(states[data.state[index]].label);

  const showPointed = () => {
    const seen = [...pointed.entries()].filter(([renderer, index]) => !isHidden(renderer, index));
    const [best] = seen.sort(([a], [b]) => rank(a) - rank(b));
    tip.hidden = !best;
    if (tip.showPopover && tip.matches(":popover-open") !== Boolean(best)) best ? tip.showPopover() : tip.hidePopover();
    if (best) {
      fillTip(wordsOf(...best));
      placeTip(...pointer);
    }
    for (const figure of figures) showChosen(figure, best && figureOf(best[0]) === figure ? best : null);
  };

  const soon = coalesced(() => showPointed());

  root.addEventListener("pointermove", (event) => {
    pointer = [event.clientX, event.clientY];
    if (!tip.hidden) placeTip(...pointer);
  });
  root.addEventListener("pointerleave", () => { pointed.clear(); soon(); });

  // ---- arrows -------------------------------------------------------------------------------------------------

  // The bar of a channel operation shows its own messages; one between operations those just before and just after it.
  const arrowsOf = (figure, index) => {
    const { worker, operation, left, right } = figure.spans.data;
    const m = figure.messages.data;
    const meets = (begin, end) => operation[index] ? begin < right[index] && end > left[index]
      : begin <= right[index] && end >= left[index];
    const found = [];
    for (let i = 0; i < m.x0.length; i++) {
      if ((m.sender[i] === worker[index] && meets(m.began[i], m.x0[i]))
        || (m.receiver[i] === worker[index] && meets(m.asked[i], m.received[i]))) found.push(i);
    }
    return found;
  };

  const setIndices = ({ view: { filter } }, indices) => {
    if (indices.join() !== filter.indices.join()) filter.indices = indices;
  };

  const showChosen = (figure, best) => {
    const [renderer, index] = best ?? [];
    const bars = new Set(figure.chosen);
    if (!figure.bars) return; // no lanes of states
    if (renderer?.name === "touch") bars.add(index);
    const arrows = new Set([...figure.followed, ...[...bars].flatMap((bar) => arrowsOf(figure, bar))]);
    if (renderer?.name === "arrows") arrows.add(index);
    setIndices(figure.bars, [...bars].sort((a, b) => a - b));
    setIndices(figure.strong, [...arrows].sort((a, b) => a - b));
  };

  // ---- zoom ---------------------------------------------------------------------------------------------------

  // Names on core bars and directions on blocked bars appear where there is room for them.
  const fit = (figure) => {
    const { start, end } = figure.plot.x_range;
    const pixels = (figure.plot.inner_width ?? 800) / (end - start);
    if (pixels === figure.pixels) return;
    figure.pixels = pixels;
    const fitting = (renderer, room) => {
      if (!renderer) return;
      const { length, data } = renderer.data_source;
      setIndices(renderer, [...Array(length).keys()].filter(room(data)));
    };
    fitting(figure.coreNames, ({ left, right, name, count }) => (i) =>
      count[i] === 1 && (right[i] - left[i]) * pixels > 6 * name[i].length + 8);
    fitting(figure.directions, ({ width }) => (i) => width[i] * pixels > 13);
    for (const edges of figure.edges) fitting(edges, ({ left, right }) => (i) => (right[i] - left[i]) * pixels > 4);
  };

  // Room for the words at the end of the longest run, however wide the page is.
  const frame = () => {
    const { x_range: range, inner_width: width } = figures[0].plot;
    const end = Math.max(...figures.map(({ plot }) => plot.tags[0]));
    const whole = end / (1 - Math.min(0.4, 136 / Math.max(width ?? 800, 200)));
    const bounds = [-0.004 * whole, whole];
    range.setv({ bounds, start: bounds[0], end: bounds[1] });
  };

  const showsAll = () => {
    const { start, end, bounds } = figures[0].plot.x_range;
    return start <= bounds[0] && end >= bounds[1];
  };

  // About `middle`, which stays where it is on the screen.
  const zoom = (factor, middle = null) => {
    const range = figures[0].plot.x_range;
    const [low, high] = range.bounds;
    const span = range.end - range.start;
    const wide = Math.min(Math.max(span * factor, range.min_interval ?? 1), high - low);
    const about = middle ?? (range.start + range.end) / 2;
    const start = Math.min(Math.max(about - ((about - range.start) / span) * wide, low), high - wide);
    range.setv({ start, end: start + wide });
  };

  const move = (part) => {
    const range = figures[0].plot.x_range;
    const [low, high] = range.bounds;
    const span = range.end - range.start;
    const start = Math.min(Math.max(range.start + part * span, low), high - span);
    range.setv({ start, end: start + span });
  };

  const actions = {
    fit: () => frame(),
    in: () => zoom(0.5),
    out: () => zoom(2),
    pan: () => drag("pan"),
    box: () => drag("box"),
    brush: () => drag("brush"),
    keys: () => {
      const keys = one(".lab-keys");
      keys.hidden = !keys.hidden;
      one("[data-do=keys]")?.setAttribute("aria-expanded", String(!keys.hidden));
    },
    text: () => {
      const shown = root.classList.toggle("lab-worded");
      one("[data-do=text]").setAttribute("aria-pressed", String(shown));
    },
  };

  const drag = (name) => {
    for (const { plot } of figures) {
      plot.toolbar.active_drag = plot.toolbar.tools.find((tool) => tool.name === name) ?? null;
      plot.toolbar.tools.forEach((tool) => { if (["pan", "box"].includes(tool.name)) tool.active = tool.name === name; });
    }
    playhead?.setSelecting(name === "brush");
    for (const button of all("[data-do=pan], [data-do=box], [data-do=brush]")) {
      button.setAttribute("aria-pressed", String(button.dataset.do === name));
    }
  };

  // ---- start --------------------------------------------------------------------------------------------------

  const figures = []; // those in time, from top to bottom
  const plotViews = []; // theirs
  const figureViews = []; // of all figures, in time or not
  const figureOf = (renderer) => figures.find(({ plot }) => plot.renderers.includes(renderer));

  const describe = (plot) => {
    const named = (name) => plot.renderers.find((renderer) => renderer.name === name);
    const source = (name) => named(name)?.data_source;
    return {
      plot,
      chosen: [],
      followed: [], // messages that the keys lead along
      spans: source("touch"),
      coreNames: named("core names"),
      directions: named("directions"),
      edges: plot.renderers.filter((renderer) => renderer.glyph?.tags?.includes("edge")),
      messages: source("chosen arrows"),
      bars: named("chosen bars"),
      strong: named("chosen arrows"), // its heads share its view
    };
  };

  // A cell that runs again drops its output.  JupyterLab also takes outputs out of the page while they are scrolled away,
  // but those stay within their output area.
  const isGone = (element) => !element.isConnected && !element.closest(".jp-OutputArea");
  const sweep = () => {
    for (const [element, view] of page.views) {
      if (!isGone(element)) continue;
      page.views.delete(element);
      view.close();
    }
  };

  const heard = {
    point: ({ renderer, index }) => {
      if (index.indices.length) pointed.set(renderer, index.indices.at(-1));
      else pointed.delete(renderer);
      soon();
    },
    choose: ({ source }) => {
      figures.find(({ spans }) => spans?.selected === source).chosen = [...source.indices];
      soon();
    },
  };

  const embed = async (bokeh, docs, item) => {
    item.roots = Object.fromEntries(item.root_ids.map((id, i) => [id, all(".lab-plot")[i]]));
    const [views] = await bokeh.embed.embed_items(docs, [item]);
    // The page says itself how to zoom; Bokeh's own reminder cannot be read in a dark theme.
    for (const view of views.roots) view.notify_about = () => {};
    figureViews.push(...views.roots);
    plotViews.push(...views.roots.filter(({ model }) => IN_TIME.includes(model.name)));
    figures.push(...plotViews.map((view) => describe(view.model)));
    return views.roots[0].model.document;
  };

  const followTheme = (doc) => {
    const models = [...new Set((doc?.roots() ?? []).flatMap((plot) => [...plot.references()]))];
    const paint = (theme) => paintTheme(models, typeof theme === "string" ? theme : null);
    const observer = new MutationObserver(paint);
    observer.observe(document.body, { attributeFilter: ["data-jp-theme-light", "class"] });
    prefersDark.addEventListener("change", paint);
    paint();
    const stop = () => {
      observer.disconnect();
      prefersDark.removeEventListener("change", paint);
    };
    return { paint, stop };
  };

  // ---- playing ------------------------------------------------------------------------------------------------

  let playhead = null;

  // The moment under the pointer, when it is over a figure, else the playhead's.
  const focus = (clock) => {
    const at = plotViews.findIndex((view) => view.el.matches(":hover"));
    if (at < 0) return clock.now;
    const { left, width } = plotViews[at].frame.bbox;
    const { start, end } = figures[at].plot.x_range;
    const x = pointer[0] - plotViews[at].el.getBoundingClientRect().left - left;
    return x < 0 || x > width ? clock.now : start + (x / width) * (end - start);
  };

  // What only figures in time have: the playhead, the selection, arrows to follow.  Returns how to move about in them.
  const playFigures = (clock, runs, tell) => {
    const range = figures[0].plot.x_range;
    playhead = PARTS.playhead({ clock, figures, plotViews, range });
    const zoomTo = (start, end) => {
      const pad = 0.04 * (end - start);
      range.setv({ start: start - pad, end: end + pad });
    };
    PARTS.brush({ one, runs, states, clock, playhead, zoomTo });
    const show = () => figures.forEach((figure) => showChosen(figure, null));
    const follow = PARTS.follow({ clock, figures, arrowsOf, show, say: tell });
    actions.follow = follow.go;
    actions.clear = () => {
      const selected = clock.brush !== null;
      if (selected) playhead.select(0, 0);
      return follow.forget() || selected;
    };
    return { move, fit: frame, zoom: (factor) => zoom(factor, focus(clock)) };
  };

  const play = ({ runs, panels }) => {
    const end = Math.max(1, ...runs.map(({ wall, workers }) => Math.max(wall, ...workers.map(({ ended }) => ended))));
    const clock = PARTS.clock({ root, one, runs, end });
    const moments = PARTS.moments({ states });
    const said = one(".lab-said");
    said.style.setProperty("--lines", runs.length > 1 ? runs.length + 1 : 1);
    said.textContent = "Click here, then: Space plays, . and , step from event to event, ? shows all keys.";
    const tell = (more = "") => {
      said.textContent = `t = ${clock.moment(clock.now)}: ${more && `${more}; `}${moments.sentence(runs, clock.now)}`;
    };
    clock.follow((ns, why) => { if (why === "jump") tell(); });
    Object.assign(actions, clock.actions);
    const navigate = figures.length ? playFigures(clock, runs, tell) : null;
    const drawn = all(".lab-stage").map((stage, i) => {
      const { kind, content, run } = panels[i];
      return PARTS[kind]?.({ stage, content, run: runs[run], states, clock, moments });
    });
    PARTS.keys({ root, one, clock, actions, navigate });
    return {
      clock,
      close: () => {
        clock.close();
        for (const panel of drawn) panel?.close();
      },
    };
  };

  const start = async () => {
    sweep();
    const content = JSON.parse(await unpack(one(".lab-document")));
    const { markup, docs, item, runs } = content;
    states = content.states;
    const bokeh = item.docid ? await library() : null;
    root.dataset.theme = isDark() ? "dark" : "light";
    one(".lab-picture").innerHTML = markup;
    const doc = bokeh ? await embed(bokeh, docs, item) : null;
    const theme = followTheme(doc);
    if (figures.length) frame();
    const player = runs.length ? play(content) : null;
    const draw = PARTS.drawing({ root, one, figureViews, paint: theme.paint, clock: player?.clock });
    const saving = PARTS.saving({ one, draw, clock: player?.clock });
    Object.assign(actions, saving.actions);
    page.views.set(root, {
      clock: player?.clock,
      take: saving.take,
      hear: (from, event, detail) => { if (doc && from === doc) heard[event](detail); },
      close: () => {
        theme.stop();
        player?.close();
        doc?.clear();
        bokeh?.documents.splice(bokeh.documents.indexOf(doc), 1);
      },
    });
    for (const figure of figures) {
      const fitSoon = coalesced(() => fit(figure));
      for (const property of ["start", "end"]) figure.plot.x_range.properties[property].change.connect(fitSoon);
      figure.plot.properties.inner_width.change.connect(fitSoon);
      fitSoon();
    }
    const reframe = coalesced(() => showsAll() && frame());
    figures[0]?.plot.properties.inner_width.change.connect(reframe);
    for (const button of all("[data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());
    hides = PARTS.legend({ all, figures });
    root.dataset.ready = "true";
  };

  try {
    await start();
  } catch (error) {
    root.classList.add("lab-failed");
    console.error("The picture could not be drawn; its text form is shown instead.", error);
  }
})(document.currentScript.parentElement, "VERSION");
