// You are the scheduler: the panel walks through the states that were worked out beforehand.
// Runs once for each output; `root` is that output's own element, so any number of them share a page.
(async (root) => {
  "use strict";
  const unpack = async (element) => {
    const bytes = Uint8Array.from(atob(element.textContent.trim()), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const make = (parent, name, className = "", text = "") => {
    const element = document.createElement(name);
    if (className) element.className = className;
    if (text) element.textContent = text;
    parent?.append(element);
    return element;
  };
  // What stands between backticks is code.
  const prose = (element, text) => text.split("`").forEach((part, i) => (i % 2 ? make(element, "code", "", part) : element.append(part)));
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  // A button that is not to be used now keeps the focus, so that the keys go on working.
  const allow = (button, can) => button.setAttribute("aria-disabled", String(!can));
  const content = JSON.parse(await unpack(root.querySelector(".lab-content")));
  const { workers, nodes } = content;
  const board = root.querySelector(".lab-board");

  // ---- the way so far: a list of {worker, told: [...], to}, one for each choice ------------------------------------

  const way = [];
  const seen = new Set([0]);
  const unfolded = workers.map(() => new Set());
  const here = () => (way.length ? way.at(-1).to : 0);
  const stepOf = (worker, number) => {
    const at = nodes[number].at[worker];
    if (at < 0) return null;
    const [line, told, , first] = workers[worker].steps[at];
    return { at, line, told, first };
  };
  const substeps = workers.map(({ steps }) => {
    const lines = new Map();
    steps.forEach(([line, told, visible], at) => {
      if (visible) lines.set(line, [...(lines.get(line) ?? []), { at, told }]);
    });
    return lines;
  });
  const moveOf = (worker, number) => nodes[number].moves.find(([who]) => who === worker);

  // One choice: a single step of an unfolded line, or the rest of a folded one.
  const act = (worker) => {
    let number = here();
    const told = [];
    const { line } = stepOf(worker, number) ?? {};
    for (;;) {
      const move = moveOf(worker, number);
      if (!move) break;
      told.push(move[1]);
      number = move[2];
      seen.add(number);
      const next = stepOf(worker, number);
      if (unfolded[worker].has(line) || !next || next.line !== line || next.first || nodes[number].wrong) break;
    }
    if (!told.length) return;
    way.push({ worker, told, to: number });
    draw(`${workers[worker].name} ${told.join(", then ")}.`);
  };
  const back = (length) => {
    if (way.length <= length) return;
    way.length = length;
    draw(length ? "One step back." : "Back at the start.");
  };

  // ---- what stands still ----------------------------------------------------------------------------------------

  const head = make(board, "div");
  make(head, "span", "lab-name", content.name);
  make(head, "span", "lab-about", "You are the scheduler: choose who takes the next step.");
  prose(make(board, "p", "lab-asked"), content.asked);
  const crew = make(board, "div", "lab-crew");

  const cards = workers.map((worker, index) => {
    const card = make(crew, "section", "lab-one");
    card.style.setProperty("--c", worker.color);
    card.setAttribute("aria-label", worker.name);
    const header = make(card, "header");
    make(header, "b", "", worker.name);
    const said = make(header, "span");
    const list = make(card, "ol", "lab-lines");
    const lines = worker.lines.map((text, i) => {
      const row = make(list, "li");
      const parts = substeps[index].get(i + 1) ?? [];
      const button = parts.length > 1 ? make(row, "button", "lab-unfold") : make(row, "span");
      make(row, "code", "", text || " ");
      const below = parts.map(({ at, told }) => {
        const part = make(list, "li", "lab-substep");
        make(part, "span", "", told).style.gridColumn = "1 / 3";
        return { at, part };
      });
      if (parts.length > 1) {
        button.title = "Show the steps that this line is made of";
        button.setAttribute("aria-label", `Steps of line ${i + 1} of ${worker.name}`);
        button.addEventListener("click", () => unfold(index, i + 1));
      }
      return { row, button, below, has: parts.length > 1 };
    });
    const own = make(card, "div", "lab-own");
    const turn = make(make(card, "footer"), "button", "lab-turn");
    make(turn, "kbd", "", String(index + 1));
    const does = make(turn, "span");
    turn.addEventListener("click", () => act(index));
    return { said, lines, own, turn, does };
  });

  const unfold = (index, line, to = !unfolded[index].has(line)) => {
    if (to) unfolded[index].add(line);
    else unfolded[index].delete(line);
    draw();
  };

  const things = make(board, "div", "lab-things");
  const thing = (name) => {
    const row = make(things, "div", "lab-thing");
    make(row, "span", "", name);
    return row;
  };
  const places = content.places.map((name) => make(thing(name), "span", "lab-value"));
  const channels = content.channels.map(({ name, capacity }) => {
    const slots = make(thing(name), "span", `lab-slots${capacity === 0 ? " lab-meeting" : ""}`);
    return { slots, name, capacity };
  });
  const locks = content.locks.map((name) => make(thing(`lock ${name}`), "span", "lab-value"));
  things.hidden = !things.children.length;

  const bar = make(board, "div", "lab-verdict-bar");
  const verdict = make(bar, "b");
  const now = make(bar, "span");
  now.setAttribute("role", "status");
  const count = make(bar, "span", "lab-seen");

  const tools = make(board, "div", "lab-tools");
  const tool = (text, key, action) => {
    const button = make(tools, "button", "", `${text} `);
    make(button, "kbd", "", key);
    button.addEventListener("click", action);
    return button;
  };
  const undo = tool("Undo", "u", () => back(way.length - 1));
  const reset = tool("Start again", "r", () => back(0));
  const every = tool("Show all steps", "e", () => unfoldAll());
  const reveal = tool("Is there one?", "?", () => answer());
  every.setAttribute("aria-pressed", "false");
  make(tools, "span", "lab-keysaid", `Keys, when this has the focus: 1 to ${workers.length}, u, r, e, ?`);
  const schedule = make(board, "ol", "lab-schedule");
  schedule.setAttribute("aria-label", "The schedule so far");
  const asText = make(board, "p", "lab-astext", "The schedule as text: ");
  const names = make(asText, "code");
  const told = make(board, "div", "lab-answer");
  told.hidden = true;

  const unfoldAll = () => {
    const to = every.getAttribute("aria-pressed") !== "true";
    every.setAttribute("aria-pressed", String(to));
    put(every.firstChild, to ? "Hide all steps " : "Show all steps ");
    cards.forEach(({ lines }, index) => lines.forEach(({ has }, i) => {
      if (has && to) unfolded[index].add(i + 1);
      else unfolded[index].delete(i + 1);
    }));
    draw();
  };

  // ---- the answer -----------------------------------------------------------------------------------------------

  const answer = () => {
    told.hidden = !told.hidden;
    reveal.setAttribute("aria-expanded", String(!told.hidden));
    if (told.children.length) return;
    const ways = content.schedules ? `${content.schedules} schedules` : "schedules without end";
    make(told, "b", "", `${nodes.length.toLocaleString("en")} states and ${ways}, counted in single steps:`);
    const list = make(told, "ul");
    for (const { told: ending, schedules } of content.endings) {
      make(list, "li", "", `${schedules ? `${schedules}: ` : ""}${ending || "nothing is wrong at the end"}`);
    }
    if (!content.shortest) {
      make(told, "p", "", "So nothing goes wrong in any order: every state was visited. That is a proof, for these snippets and steps.");
      return;
    }
    const show = make(told, "button", "", `Show a shortest one that goes wrong (${content.shortest.length} steps)`);
    show.addEventListener("click", () => {
      if (every.getAttribute("aria-pressed") !== "true") unfoldAll();
      way.length = 0;
      for (const worker of content.shortest) act(worker);
    });
  };

  // ---- what moves -----------------------------------------------------------------------------------------------

  const drawWorker = (card, index, node, number) => {
    const step = stepOf(index, number);
    const can = Boolean(moveOf(index, number));
    const said = node.said[index];
    put(card.said, said || (can ? "can go on" : ""));
    card.said.classList.toggle("lab-stuck", Boolean(step) && Boolean(said));
    card.lines.forEach(({ row, button, below, has }, i) => {
      const open = unfolded[index].has(i + 1);
      if (has) button.setAttribute("aria-expanded", String(open));
      row.classList.toggle("lab-next", step?.line === i + 1);
      for (const { at, part } of below) {
        part.hidden = !has || !(open || (step?.line === i + 1 && !step.first));
        part.classList.toggle("lab-next", step?.at === at);
      }
    });
    card.own.replaceChildren();
    node.own[index].forEach(([name, value], i) => {
      card.own.append(i ? ", " : "", `${name}${name === "in hand" ? ": " : " = "}`);
      make(card.own, "b", "lab-mono", value);
    });
    allow(card.turn, can);
    const whole = step && !unfolded[index].has(step.line) && step.first && (substeps[index].get(step.line)?.length ?? 0) > 1;
    const what = !step ? "has ended" : whole ? `run line ${step.line}` : step.told;
    put(card.does, step && !can && said ? said : what);
    card.turn.setAttribute("aria-label", `${workers[index].name}: ${card.does.textContent}`);
  };

  const drawChannel = ({ slots, capacity }, queue) => {
    slots.replaceChildren();
    // The next to come out stands at the right, where receivers are.
    const shown = [...queue].reverse();
    const free = capacity ? Math.max(0, Math.min(capacity, 12) - shown.length) : 0;
    for (let i = 0; i < free; i++) make(slots, "i");
    for (const [sender, value] of shown) {
      const slot = make(slots, "i", "lab-taken", value);
      slot.style.setProperty("--c", workers[sender].color);
      slot.title = `from ${workers[sender].name}`;
    }
    if (!shown.length && !free) make(slots, "em", "", capacity === 0 ? "nobody is here" : "empty");
    slots.setAttribute("role", "img");
    slots.setAttribute("aria-label", queue.length ? `holds ${queue.map(([, value]) => value).join(", ")}` : "holds nothing");
  };

  const drawSchedule = () => {
    while (schedule.children.length > way.length) schedule.lastChild.remove();
    for (let i = schedule.children.length; i < way.length; i++) {
      const { worker, told: words } = way[i];
      const button = make(make(schedule, "li"), "button", "", `${workers[worker].name} ${words.join(", ")}`);
      button.style.setProperty("--c", workers[worker].color);
      button.title = "Go back to just after this step";
      button.addEventListener("click", () => back(i + 1));
    }
    schedule.hidden = asText.hidden = !way.length;
    put(names, way.flatMap(({ worker, told: words }) => words.map(() => workers[worker].name)).join(", "));
  };

  const draw = (said = "") => {
    const number = here();
    const node = nodes[number];
    const before = nodes[way.at(-2)?.to ?? 0];
    cards.forEach((card, index) => drawWorker(card, index, node, number));
    places.forEach((place, i) => {
      put(place, node.memory[i]);
      place.classList.toggle("lab-changed", way.length > 0 && before.memory[i] !== node.memory[i]);
    });
    channels.forEach((channel, i) => drawChannel(channel, node.queues[i]));
    locks.forEach((lock, i) => put(lock, node.owners[i] < 0 ? "free" : `${workers[node.owners[i]].name} has it`));
    bar.classList.toggle("lab-found", Boolean(node.wrong));
    const over = !node.moves.length;
    put(verdict, node.wrong ? `You found one: ${node.wrong}.` : over ? "The end, and nothing is wrong." : "");
    const all = seen.size === nodes.length;
    put(now, !way.length && !said ? "Nobody has done anything yet." : over && !node.wrong && !all ? `${said} Undo, and try another order.` : said);
    put(count, all ? `you have seen all ${nodes.length} states` : `you have seen ${seen.size} of ${nodes.length.toLocaleString("en")} states`);
    allow(undo, way.length > 0);
    allow(reset, way.length > 0);
    drawSchedule();
  };

  // ---- keys -----------------------------------------------------------------------------------------------------

  const keys = { u: () => back(way.length - 1), r: () => back(0), e: unfoldAll, "?": answer };
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // JupyterLab owns bare letters and digits (D twice deletes a cell), and Enter; not while this has the focus.
    if (event.key.length === 1 || (event.key === "Enter" && event.target.matches("button"))) event.stopPropagation();
    const worker = Number(event.key) - 1;
    const action = event.key === "Escape" ? leave : workers[worker] ? () => act(worker) : keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
  const leave = () => {
    const notebook = root.closest(".jp-Notebook");
    document.activeElement?.blur();
    notebook?.focus({ preventScroll: true });
  };
  board.tabIndex = 0;
  board.setAttribute("role", "group");
  board.setAttribute("aria-label", `Puzzle ${content.name}: press 1 to ${workers.length} for a worker's step, u to undo`);
  root.addEventListener("pointerdown", () => {
    if (!root.contains(document.activeElement)) board.focus({ preventScroll: true });
  });
  draw();
  root.dataset.ready = "true";
})(document.currentScript.parentElement);
