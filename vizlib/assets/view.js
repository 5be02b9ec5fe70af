// One picture: waits for BokehJS, draws the document, and answers pointer, legend, buttons and theme.
// Runs once for each output; `root` is that output's own element, so any number of them share a page.
async (root, { page, unpacked, run }) => {
  const all = (selector) => [...root.querySelectorAll(selector)];
  const one = (selector) => root.querySelector(selector);
  const version = "VERSION"; // of BokehJS

  // Every output carries the library, and the first of them that needs it loads it for the whole page.
  const library = () => window.Bokeh?.[version]
    ?? (page.libraries[version] ??= run(one(".lab-library")).then(() => window.Bokeh[version]));

  // ---- theme --------------------------------------------------------------------------------------------------

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

  // ---- figures ------------------------------------------------------------------------------------------------

  const IN_TIME = ["timeline", "depth"]; // the figures that share the time axis
  const figures = []; // those in time, from top to bottom: {plot, view}
  const figureViews = []; // of all figures, in time or not
  const tip = PARTS.tip({ root });
  const pointed = new Map(); // renderer -> words, of what Bokeh's own hover finds under the pointer
  const heardOf = () => [...pointed.values()].at(-1) ?? null;
  let playhead = null;

  const embed = async (bokeh, docs, item) => {
    item.roots = Object.fromEntries(item.root_ids.map((id, i) => [id, all(".lab-plot")[i]]));
    const [views] = await bokeh.embed.embed_items(docs, [item]);
    // The page says itself how to zoom; Bokeh's own reminder cannot be read in a dark theme.
    for (const view of views.roots) {
      view.notify_about = () => {};
      view.el.tabIndex = -1; // the keys are the picture's, and its axis has the focus
    }
    figureViews.push(...views.roots);
    for (const view of views.roots) if (IN_TIME.includes(view.model.name)) figures.push({ view, plot: view.model });
    return views.roots[0].model.document;
  };

  // The whole run, with room for the words at the end of the longest, however wide the page is.
  const whole = () => {
    const width = figures[0].plot.inner_width;
    const end = Math.max(...figures.map(({ plot }) => plot.tags[0]));
    const until = end / (1 - Math.min(0.4, 136 / Math.max(width ?? 800, 200)));
    return [-0.004 * until, until];
  };
  const frame = () => {
    const [start, end] = whole();
    figures[0].plot.x_range.setv({ bounds: [start, end], start, end });
  };
  const showsAll = () => {
    const { start, end, bounds } = figures[0].plot.x_range;
    return start <= bounds[0] && end >= bounds[1];
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

  const actions = {
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

  // ---- playing ------------------------------------------------------------------------------------------------

  // The moment under the pointer, when it is over a figure, else the playhead's.
  const focus = (clock) => {
    const under = figures.find(({ view }) => view.el.matches(":hover"));
    if (!under) return clock.now;
    const { left, width } = under.view.frame.bbox;
    const { start, end } = under.plot.x_range;
    const x = tip.pointer[0] - under.view.el.getBoundingClientRect().left - left;
    return x < 0 || x > width ? clock.now : start + (x / width) * (end - start);
  };

  // What only figures in time have: their contents, the playhead, the selection, ways to move about in them.
  const playFigures = (content, clock, moments, tell) => {
    const { runs, states } = content;
    const range = figures[0].plot.x_range;
    const travel = PARTS.travel({ range, whole });
    const timelines = PARTS.timelines({ root, all, one, content, figures, range, tip, heardOf, travel, parts: PARTS });
    playhead = PARTS.playhead({ clock, figures, range, turn: travel.turn });
    PARTS.scrubber({ axes: all(".lab-axis"), clock, playhead });
    PARTS.brush({ one, runs, states, clock, moments, playhead, zoomTo: travel.show });
    const follow = PARTS.follow({ clock, timelines, say: tell });
    const map = one(".lab-map") && PARTS.minimap({ place: one(".lab-map"), figures, range, timelines, travel, clock });
    Object.assign(actions, {
      follow: follow.go,
      fit: travel.fit,
      in: () => travel.zoom(0.5),
      out: () => travel.zoom(2),
      back: travel.back,
      closer: () => {
        const found = clock.brush ?? timelines.chosen();
        if (found) travel.show(...found);
      },
      clear: () => {
        const selected = clock.brush !== null;
        if (selected) playhead.select(0, 0);
        return [follow.forget(), timelines.forget(), selected].some(Boolean);
      },
    });
    const close = () => { for (const part of [timelines, map, travel]) part?.close(); };
    return { move: travel.move, fit: travel.fit, zoom: (factor) => travel.zoom(factor, focus(clock)), pictures: timelines.pictures, close };
  };

  const play = (content) => {
    const { runs, panels, states, transfers } = content;
    const end = Math.max(1, ...runs.map(({ wall, workers }) => Math.max(wall, ...workers.map(({ ended }) => ended))));
    const clock = PARTS.clock({ root, one, runs, end });
    const moments = PARTS.moments({ states });
    const wording = PARTS.wording({ states, transfers });
    const said = one(".lab-said");
    said.style.setProperty("--lines", runs.length > 1 ? runs.length + 1 : 1);
    said.textContent = "Click here, then: Space plays, . and , step from event to event, ? shows all keys.";
    const tell = (more = "") => {
      said.textContent = `t = ${clock.moment(clock.now)}: ${more && `${more}; `}${moments.sentence(runs, clock.now)}`;
    };
    clock.follow((ns, why) => { if (why === "jump") tell(); });
    Object.assign(actions, clock.actions);
    const navigate = figures.length ? playFigures({ ...content, wording }, clock, moments, tell) : null;
    const drawn = all(".lab-stage").map((stage, i) => {
      const { kind, content: shown, run } = panels[i];
      return PARTS[kind]?.({ stage, content: shown, run: runs[run], states, transfers, clock, moments, wording });
    });
    PARTS.keys({ root, one, clock, actions, navigate });
    return {
      clock,
      pictures: navigate?.pictures,
      close: () => {
        clock.close();
        navigate?.close();
        for (const panel of drawn) panel?.close();
      },
    };
  };

  // ---- start --------------------------------------------------------------------------------------------------

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

  // What Bokeh's own hover finds, which tells of each renderer by itself.
  const heard = {
    point: ({ renderer, index }) => {
      if (index.indices.length) pointed.set(renderer, renderer.data_source.data.words[index.indices.at(-1)]);
      else pointed.delete(renderer);
      tip.show(heardOf());
    },
  };

  sweep();
  const [told, buffer] = await Promise.all([unpacked(one(".lab-document")).text(), unpacked(one(".lab-columns")).arrayBuffer()]);
  const { markup, docs, item, states, transfers, data } = JSON.parse(told);
  const { runs, panels } = PARTS.columns({ bytes: new Uint8Array(buffer) }).revive(data);
  const content = { runs, panels, states, transfers };
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
    pictures: player?.pictures ?? [],
    take: saving.take,
    hear: (from, event, detail) => { if (doc && from === doc) heard[event](detail); },
    close: () => {
      theme.stop();
      player?.close();
      doc?.clear();
      bokeh?.documents.splice(bokeh.documents.indexOf(doc), 1);
    },
  });
  // Where the page was made narrower while this was out of view (JupyterLab skips such cells), Chromium may keep the old
  // size of what lies in a shadow tree, although its style has changed.  Taken away and put back, it is styled anew.
  const refit = () => {
    for (const { canvas_view: canvas, bbox } of figureViews) {
      if (!canvas || canvas.primary.el.clientWidth === bbox.width) continue;
      canvas.el.style.display = "none";
      canvas.el.getBoundingClientRect();
      canvas.el.style.display = "";
    }
  };
  let waiting = 0;
  const soon = () => {
    waiting ||= requestAnimationFrame(() => { waiting = 0; refit(); if (figures.length && showsAll()) frame(); });
  };
  for (const { model } of figureViews) model.properties.inner_width?.change.connect(soon);
  for (const button of all("[data-do]")) button.addEventListener("click", () => actions[button.dataset.do]());
  root.dataset.ready = "true";
}
