// The machine at the playhead's moment: rooms with their locks, pipes with their slots, messages as tokens on their way.
//
// Everything stands where the plan says; this script only fills it in.  Where a reader goes to a moment, each token is
// exactly as far as the record says.  While it plays, a crossing that takes no visible time is drawn for a fifth of a
// second of screen, after it happened and never before.
({ stage, content, run, states, transfers, clock, moments, wording }) => {
  const NS = "http://www.w3.org/2000/svg";
  const make = (parent, name, attributes = {}, text = null) => {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== null) element.textContent = text;
    parent.append(element);
    return element;
  };
  const short = (text, room) => (text.length <= room ? text : `${text.slice(0, Math.max(room - 1, 1))}…`);
  // A name keeps its end, where names usually differ: "philos… #3".
  const shortName = (name, room) => {
    if (name.length <= room) return name;
    const end = / #\d+$/.exec(name)?.[0].length ?? Math.floor(room / 3);
    return `${name.slice(0, Math.max(room - end - 1, 1))}…${name.slice(name.length - end)}`;
  };
  // As much of a name as fits into `room` pixels, in whatever font the page has.
  const fitName = (element, name, room) => {
    element.textContent = name;
    const wide = element.getComputedTextLength();
    if (wide > room) element.textContent = shortName(name, Math.floor((name.length * room) / wide));
  };
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  const set = (element, key, value) => { if (element.getAttribute(key) !== value) element.setAttribute(key, value); };
  const { messages: m } = run;
  const preview = (i) => (m.preview[i] < 0 ? "" : short(run.texts[m.preview[i]], 12));
  const bytes = (i) => (transfers[m.transfer[i]] === "reference" ? "reference" : wording.bytes(m.size[i]));

  // ---- what stands still ----------------------------------------------------------------------------------------

  let scene = null; // what is drawn now: the narrow picture or the wide one

  const LOCK = { shut: "M2 6V4a3 3 0 0 1 6 0v2", open: "M2 6V3a3 3 0 0 1 5.700-1.300" };
  const lock = (parent, x, y) => {
    const group = make(parent, "g", { transform: `translate(${x} ${y})`, class: "lab-lock" });
    return { group, bow: make(group, "path", { d: LOCK.open }), body: make(group, "rect", { x: 0, y: 6, width: 10, height: 7, rx: 1.5 }) };
  };

  const makeRoom = (parent, box, small) => {
    const worker = run.workers[box.index];
    const group = make(parent, "g", { class: "lab-room", transform: `translate(${box.x} ${box.y})` });
    const hint = make(group, "title");
    const frame = make(group, "rect", { width: box.width, height: box.height, rx: 6, stroke: worker.color, class: "lab-walls" });
    const head = small ? 13 : 20;
    make(group, "path", { fill: worker.color, d: `M0 ${head}V6a6 6 0 0 1 6-6H${box.width - 6}a6 6 0 0 1 6 6V${head}z` });
    const sign = make(group, "text", { x: small ? 4 : 8, y: small ? 10 : 14.5, class: small ? "lab-nick" : "lab-who" });
    fitName(sign, worker.name, box.width - (small ? 7 : 14));
    const swatch = make(group, "rect", small ? { x: 3, width: box.width - 6 } : { x: 8, width: 12 });
    const floor = small ? box.height - 3 : 40;
    if (small) return { worker, group, hint, frame, swatch, floor, tall: box.height - head - 5 };
    make(group, "path", { d: "M8 40.500h12", class: "lab-floor" });
    return {
      worker, group, hint, frame, swatch, floor, tall: 12, width: box.width,
      arrow: make(group, "path", { class: "lab-points" }),
      word: make(group, "text", { x: 25, y: 38, class: "lab-word" }),
      says: make(group, "text", { x: 8, y: 56, class: "lab-quiet" }),
      lock: run.gil === "none" ? null : lock(group, box.width - 19, box.height - 18),
    };
  };

  const makePipe = (parent, box) => {
    const { name, capacity } = run.channels[box.index];
    const group = make(parent, "g", { class: "lab-pipe" });
    const hint = make(group, "title");
    const label = make(group, "text", { x: box.x + box.width / 2, y: box.y - 6, "text-anchor": "middle" });
    const tube = make(group, "rect", { x: box.x, y: box.y, width: box.width, height: box.height, rx: box.height / 2, class: "lab-tube" });
    const pitch = box.slots ? (box.width - 16) / box.slots : 0;
    // Number 0 is the slot at the end where objects come out.
    const slotAt = (i) => ({
      x: box.rightward ? box.x + box.width - 8 - (i + 0.5) * pitch : box.x + 8 + (i + 0.5) * pitch, y: box.y + box.height / 2,
    });
    for (let i = 0; i < box.slots; i++) {
      make(group, "circle", { cx: slotAt(i).x, cy: slotAt(i).y, r: Math.min(2, pitch / 4), class: "lab-slot" });
    }
    label.textContent = name;
    const letter = (label.getComputedTextLength() || 6 * name.length) / name.length; // pixels
    return { box, name, capacity, hint, label, letter, tube, slotAt, pitch, middle: { x: box.x + box.width / 2, y: box.y + box.height / 2 } };
  };

  // A wait of a deadlock's ring: from the worker through the channel to the one that it waits for.
  const makeRing = (parent, links, { worker, awaited, channel, sending }) => {
    const group = make(parent, "g", { class: "lab-stuck" });
    make(group, "title", {}, `${run.workers[worker].name} waits for ${run.workers[awaited].name}`);
    for (const [who, sends, leaves] of [[worker, sending, true], [awaited, !sending, false]]) {
      const p = links.get(`${who} ${channel} ${sends}`);
      make(group, "path", { d: `M${p[0]} ${p[1]}C${p.slice(2).join(" ")}` });
      if (leaves) continue;
      const [x, y, from] = sends ? [p[0], p[1], p[2]] : [p[6], p[7], p[4]]; // its door
      const back = Math.sign(from - x) || 1;
      make(group, "path", { d: `M${x} ${y}l${9 * back} -5v10z`, class: "lab-stuck-head" });
    }
    return group;
  };
  const drawRing = (ns) => run.deadlock.forEach(({ channel, since_ns: since }, i) => {
    scene.ring[i].style.display = ns >= since ? "" : "none";
    scene.pipes[channel].tube.classList.toggle("lab-stuck-tube", ns >= since);
  });

  const build = (plan) => {
    stage.replaceChildren();
    const svg = make(stage, "svg", { viewBox: `0 0 ${plan.width} ${plan.height}`, class: `lab-machine${plan.small ? " lab-crowd" : ""}`, role: "img" });
    svg.style.maxWidth = `${plan.width * 1.12}px`;
    const links = new Map();
    const ways = make(svg, "g");
    for (const [worker, channel, sends, p] of plan.links) {
      links.set(`${worker} ${channel} ${sends}`, p);
      make(ways, "path", { d: `M${p[0]} ${p[1]}C${p.slice(2).join(" ")}`, class: "lab-way" });
    }
    const ring = run.deadlock.map((link) => makeRing(svg, links, link));
    const rooms = plan.rooms.map((box) => makeRoom(svg, box, plan.small));
    const pipes = plan.pipes.map((box) => makePipe(svg, box));
    const tokens = make(svg, "g", { class: "lab-tokens" });
    return { plan, svg, links, ring, rooms, pipes, tokens, alive: new Map() };
  };

  // ---- rooms ----------------------------------------------------------------------------------------------------

  // Who executes Python now, by number.  With one lock for all, two of them mean that we do not know who has it.
  const holders = (now) => now.flatMap(({ state }, i) => (state?.holds ? [i] : []));
  const lockWords = (now) => {
    const found = holders(now);
    const free = now.every(({ state }) => !state || state.holds === false);
    return found.length === 1 ? { holder: found[0] } : { unknown: !free };
  };

  const says = (state, mine, one) => {
    if (!state.state) return "";
    if (run.gil === "none") return "no GIL";
    if (run.gil === "own") return mine ? "holds own GIL" : state.state?.holds === null ? "own GIL" : "own GIL free";
    if (mine) return "has the GIL";
    return state.word === "gil-wait" ? "wants the GIL" : one.unknown && state.state?.holds ? "GIL: unknown" : "";
  };

  const POINTS = { right: "M-3-3L2 0L-3 3z", left: "M3-3L-2 0L3 3z" };
  const fillRoom = (room, state, mine, one, bytes) => {
    const { word, inferred } = state;
    const key = `${word} ${inferred} ${mine} ${one.unknown} ${bytes}`;
    if (room.key === key) return;
    room.key = key;
    const look = state.state;
    const tall = look ? Math.max(room.tall * look.height, 2) : 0;
    for (const [name, value] of Object.entries({ y: room.floor - tall, height: tall })) set(room.swatch, name, String(value));
    set(room.swatch, "fill", look?.color ?? "none");
    set(room.swatch, "stroke", look?.edge ?? "none");
    set(room.swatch, "fill-opacity", inferred ? "0.4" : "1");
    const failed = ["raised", "stopped", "lost"].includes(word);
    set(room.group, "class", `lab-room${look ? "" : failed ? " lab-idle lab-failing" : " lab-idle"}`);
    put(room.hint, `${room.worker.name}: ${word}${inferred ? " (inferred, not measured)" : ""}`);
    if (!room.word) return;
    const handles = `${word} ${bytes}`;
    const fits = bytes && ["encode", "decode"].includes(word) && 6 * handles.length < room.width - 27;
    put(room.word, fits ? handles : word);
    set(room.arrow, "d", POINTS[look?.points] ?? "");
    room.arrow.setAttribute("transform", `translate(14 ${room.floor - tall - 5})`);
    set(room.arrow, "fill", look?.color ?? "none");
    put(room.says, says(state, mine, one));
    if (!room.lock) return;
    room.lock.group.style.visibility = look && (run.gil === "own" || mine) ? "visible" : "hidden";
    set(room.lock.group, "class", mine ? "lab-lock lab-held" : "lab-lock");
    set(room.lock.bow, "d", mine ? LOCK.shut : LOCK.open);
  };

  // ---- tokens ---------------------------------------------------------------------------------------------------

  const along = (p, t) => {
    const u = 1 - t;
    const mix = (a, b, c, d) => u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
    return { x: mix(p[0], p[2], p[4], p[6]), y: mix(p[1], p[3], p[5], p[7]) };
  };
  const between = (a, b, t) => ({ x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t });
  const eased = (t) => (t <= 0 ? 0 : t >= 1 ? 1 : t * t * (3 - 2 * t));
  const part = (ns, from, to) => (to > from ? (ns - from) / (to - from) : 1);

  // Where message `i` is at `ns`, or null if it is nowhere: {x, y, grown, moves}.
  const placeOf = (i, ns, rank, hop) => {
    const pipe = scene.pipes[m.channel[i]];
    const way = scene.links.get(`${m.sender[i]} ${m.channel[i]} true`);
    const [admitted, taken, received] = [m.admitted[i], m.taken[i], m.received[i]];
    if (admitted < 0 || ns < admitted) {
      if (ns >= run.workers[m.sender[i]].ended) return null; // its sender ended before there was room
      const encoded = m.encoded[i];
      if (encoded < 0 || ns < encoded) {
        const grown = encoded < 0 ? 0.5 : part(ns, m.began[i], encoded);
        return { ...along(way, 0.3 * grown), grown: 0.4 + 0.6 * grown, moves: true, quiet: true };
      }
      return { ...along(way, 0.6), grown: 1, moves: true };
    }
    const slot = pipe.pitch ? pipe.slotAt(Math.min(rank, pipe.box.slots - 1)) : pipe.middle;
    if (taken < 0 || ns < taken) {
      if (pipe.pitch && rank >= pipe.box.slots) return null; // only counted
      const lasts = Math.min(hop, taken < 0 ? hop : (taken - admitted) / 2);
      const t = eased(part(ns, admitted, admitted + lasts));
      return { ...between(along(way, 0.6 + 0.4 * Math.min(1, 2 * t)), slot, Math.max(0, 2 * t - 1)), grown: 1, moves: t < 1 };
    }
    const until = Math.max(received, taken + hop);
    if (ns >= until) return null;
    const out = scene.links.get(`${m.receiver[i]} ${m.channel[i]} false`);
    const t = eased(part(ns, taken, until));
    return { ...along(out, t), grown: 1, moves: true };
  };

  const radius = (bytes) => Math.min(9, 4.2 + 0.85 * Math.log10(1 + bytes));
  const makeToken = (i) => {
    const token = make(scene.tokens, "g", { class: `lab-token lab-by-${transfers[m.transfer[i]]}` });
    const to = m.receiver[i] < 0 ? "nobody" : run.workers[m.receiver[i]].name;
    make(token, "title", {}, `${preview(i) || "a message"}: ${bytes(i)}, ${transfers[m.transfer[i]]}, ${run.workers[m.sender[i]].name} → ${to}`);
    const disc = make(token, "circle", { r: radius(m.size[i]) });
    const label = make(token, "text", { "text-anchor": "middle" });
    label.textContent = [short(preview(i), 9), m.size[i] ? bytes(i) : ""].filter(Boolean).join(" · ");
    return { token, disc, label };
  };

  // Words do not stand on words: of tokens side by side, the first has its name.
  let named = [];
  const isFree = (left, right, y) => {
    if (named.some(([from, to, at]) => left < to && right > from && Math.abs(y - at) < 10)) return false;
    named.push([left, right, y]);
    return true;
  };

  const drawToken = (i, at) => {
    let one = scene.alive.get(i);
    if (!one) scene.alive.set(i, (one = makeToken(i)));
    one.seen = true;
    one.token.style.transform = `translate(${at.x.toFixed(1)}px, ${at.y.toFixed(1)}px)`;
    const inSlot = !at.moves;
    const { pitch, box } = scene.pipes[m.channel[i]];
    set(one.disc, "r", String(((inSlot && pitch ? Math.min(radius(m.size[i]), pitch * 0.46) : radius(m.size[i])) * at.grown).toFixed(1)));
    // Its name stands clear of the pipe, and stays within the picture.
    const below = box.y + box.height + 12 - at.y;
    set(one.label, "y", String(below > 8 && below < 38 ? below : radius(m.size[i]) + 11));
    const half = 2.9 * one.label.textContent.length;
    const [x, y] = [Math.min(Math.max(at.x, half), scene.plan.width - half), at.y + Number(one.label.getAttribute("y"))];
    set(one.label, "x", String(x - at.x));
    one.label.style.display = inSlot || at.quiet || !isFree(x - half, x + half, y) ? "none" : "";
  };

  // Where many cross in that time, it is shortened so that about forty are on their way at once.
  const scarce = (40 * clock.end) / Math.max(m.began.length, 1);

  // Messages by the time of their admission, in which a queue hands them out; in blocks, of which those that cannot be
  // anywhere at a moment are passed over together.
  const BLOCK = 256;
  const order = Uint32Array.from(m.began.keys()).sort((a, b) => m.admitted[a] - m.admitted[b] || a - b);
  const isReceived = (i) => m.received[i] >= 0 && m.taken[i] >= 0;
  const goneAt = (i) => (isReceived(i) ? Math.max(m.received[i], m.taken[i]) : Infinity);
  const blocks = Array.from({ length: Math.ceil(order.length / BLOCK) }, (_, b) => {
    const members = order.subarray(b * BLOCK, (b + 1) * BLOCK);
    return {
      members,
      first: members.reduce((least, i) => Math.min(least, m.began[i]), Infinity),
      last: members.reduce((most, i) => Math.max(most, goneAt(i)), -Infinity),
    };
  });
  const maybeAt = function* (ns, hop) {
    for (const { members, first, last } of blocks) if (first <= ns && last + hop > ns) yield* members;
  };

  const drawMessages = (ns, hop) => {
    for (const one of scene.alive.values()) one.seen = false;
    named = [];
    const depth = scene.pipes.map(() => 0);
    const handled = new Map(); // worker -> the size of what it encodes or decodes
    for (const i of maybeAt(ns, hop)) {
      if (m.began[i] > ns || (isReceived(i) && ns >= Math.max(m.received[i], m.taken[i] + hop))) continue;
      const queued = m.admitted[i] >= 0 && m.admitted[i] <= ns && (m.taken[i] < 0 || ns < m.taken[i]);
      const at = placeOf(i, ns, depth[m.channel[i]], hop);
      if (queued) depth[m.channel[i]] += 1;
      if (at) drawToken(i, at);
      if (m.size[i] && ns < m.encoded[i]) handled.set(m.sender[i], bytes(i));
      if (m.size[i] && m.taken[i] >= 0 && ns >= m.taken[i] && ns < m.received[i]) handled.set(m.receiver[i], bytes(i));
    }
    for (const [i, { seen, token }] of scene.alive) {
      if (seen) continue;
      token.remove();
      scene.alive.delete(i);
    }
    return { depth, handled };
  };

  // A receiver frees its slot a moment before it notes that it did, so a full channel may seem to hold one more.
  const fillPipe = ({ name, capacity, label, letter, hint, tube, box }, seen) => {
    const depth = capacity ? Math.min(seen, capacity) : seen;
    const full = capacity !== null && capacity > 0 && depth >= capacity;
    const count = capacity === null ? String(depth) : capacity === 0 ? "hand-over" : `${depth}/${capacity}`;
    const room = Math.floor((box.width + 26) / letter);
    const facts = full && name.length + count.length + 6 <= room ? `${count} full` : count;
    put(label, `${shortName(name, Math.max(4, room - facts.length - 1))} ${facts}`);
    put(hint, `${name}: ${depth} queued${capacity === null ? ", no bound" : `, capacity ${capacity}`}`);
    set(tube, "class", full ? "lab-tube lab-full" : "lab-tube");
  };

  // ---- the moment -----------------------------------------------------------------------------------------------

  const draw = (ns, why) => {
    const now = run.workers.map((worker) => moments.stateAt(worker, ns));
    const one = run.gil === "one" ? lockWords(now) : {};
    const has = (i) => (run.gil === "one" ? one.holder === i : run.gil === "own" && Boolean(now[i].state?.holds));
    scene.svg.classList.toggle("lab-glides", why !== "play");
    const { depth, handled } = drawMessages(ns, why === "play" ? Math.min(0.2 * clock.pace, scarce) : 0);
    scene.pipes.forEach((pipe, i) => fillPipe(pipe, depth[i]));
    drawRing(ns);
    scene.plan.rooms.forEach((box, i) => fillRoom(scene.rooms[i], now[box.index], has(box.index), one, handled.get(box.index)));
    scene.svg.setAttribute("aria-label", `The machine at ${clock.moment(ns)}`);
    put(about, `${title} at t = ${clock.moment(ns)}${run.gil === "one" ? ` · the one GIL: ${lockSays(one)}` : ""}`.trim());
  };
  const lockSays = ({ holder, unknown }) => (holder !== undefined ? run.workers[holder].name : unknown ? "unknown" : "free");

  const about = stage.parentElement.querySelector(".lab-title span");
  const title = about.textContent;
  const [narrow, wide] = content;
  const fit = () => {
    const plan = stage.clientWidth >= 0.85 * wide.width ? wide : narrow;
    if (scene?.plan === plan) return;
    scene = build(plan);
    draw(clock.now, "start");
  };
  fit();
  const watch = new ResizeObserver(fit);
  watch.observe(stage);
  clock.follow(draw);
  return { close: () => watch.disconnect() };
}
