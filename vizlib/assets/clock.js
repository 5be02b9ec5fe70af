// The clock of a picture: the one moment that everything in it shows, and the buttons that move it.
//
// Times are nanoseconds of the run.  Followers are told of every new moment; only while playing does the clock ask for
// frames, and it stands still while the picture is out of sight.
({ root, one, runs, end }) => {
  const followers = [];
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  const clock = { now: 0, playing: false, looping: false, brush: null, pace: 1, end };
  let visible = true;
  let asked = 0; // the frame that was asked for, 0 for none
  let before = 0; // when the last frame was, on the screen's clock

  // ---- words --------------------------------------------------------------------------------------------------

  const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];
  const unitOf = (ns) => UNITS.find(([size]) => ns >= size) ?? UNITS.at(-1);
  // A moment has as many decimals as tell a two-thousandth of the run, always the same, so that its digits stay in place.
  const [size, unit] = unitOf(end / 2);
  const decimals = size === 1 ? 0 : Math.min(6, Math.max(0, Math.ceil(Math.log10((size / end) * 2000) - 1e-9)));
  const LONG = 120e9; // from here on in minutes and hours
  const inMinutes = (ns) => {
    const seconds = Math.round(ns / 1e9);
    const [h, min, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return h ? `${h} h ${String(min).padStart(2, "0")} min ${String(s).padStart(2, "0")} s` : `${min} min ${String(s).padStart(2, "0")} s`;
  };
  clock.moment = (ns) => (end >= 2 * LONG ? inMinutes(ns) : `${(ns / size).toFixed(decimals)} ${unit}`);
  clock.duration = (ns) => {
    if (ns >= LONG) return inMinutes(ns);
    const [scale, name] = unitOf(ns);
    const value = ns / scale;
    const places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    return `${value.toFixed(scale === 1 && value >= 1 ? 0 : places)} ${name}`;
  };

  // ---- the moment ---------------------------------------------------------------------------------------------

  // `why` is "play" for the next frame of many, "jump" when a reader went there.
  clock.go = (ns, why = "jump") => {
    clock.now = Math.min(Math.max(ns, 0), end);
    clock.fresh = why === "start"; // where the picture began, and no reader has been anywhere yet
    one(".lab-time").textContent = `t = ${clock.moment(clock.now)}`;
    for (const follower of followers) follower(clock.now, why);
  };
  clock.follow = (follower) => { followers.push(follower); follower(clock.now, "start"); };

  const tick = (at) => {
    asked = 0;
    if (!clock.playing || !visible) return;
    const passed = before ? Math.min(at - before, 100) : 0; // a page that was busy goes on where it was
    before = at;
    const [from, to] = (clock.looping && clock.brush) || [0, end];
    const next = clock.now + (passed / 1000) * clock.pace;
    if (next < to || (!clock.looping && clock.now < end && next < end)) clock.go(next, "play");
    else if (clock.looping) clock.go(from, "play");
    else { clock.go(end, "play"); clock.pause(); }
    ask();
  };
  const ask = () => { if (!asked && clock.playing && visible) asked = requestAnimationFrame(tick); };

  const show = () => {
    const button = one("[data-do=play]");
    button.setAttribute("aria-pressed", String(clock.playing));
    button.setAttribute("aria-label", clock.playing ? "pause" : "play");
    button.title = still.matches ? "This system asks for less motion: step instead ( . and , )"
      : `${clock.playing ? "Pause" : "Play"} (Space)`;
    button.disabled = still.matches;
    one("[data-do=loop]").setAttribute("aria-pressed", String(clock.looping));
  };

  clock.play = () => {
    if (still.matches) return;
    const [from, to] = (clock.looping && clock.brush) || [0, end];
    if (clock.now < from || clock.now >= to || clock.fresh) clock.go(from);
    clock.playing = true;
    before = 0;
    show();
    ask();
  };
  clock.pause = () => {
    if (clock.playing) {
      clock.playing = false;
      clock.go(clock.now); // exact, and in words
    }
    show();
  };

  // ---- events -------------------------------------------------------------------------------------------------

  // Columns of moments, each in the order of time, made when they are first asked for: there may be millions.
  let columns = null;
  const moments = () => (columns ??= [
    Float64Array.of(0, end),
    ...runs.flatMap(({ workers, messages, outputs }) => [
      ...workers.flatMap(({ spans, began, ended }) => [spans.began, Float64Array.of(began, ended)]),
      ...[messages.admitted, messages.taken, messages.received].map((column) => column.slice().sort()),
      outputs.at,
    ]),
  ]);

  // The number of a column's moments before `ns`.
  const place = (column, ns) => {
    let [low, high] = [0, column.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (column[middle] < ns) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  clock.step = (forward) => {
    clock.pause();
    const after = (column) => column[place(column, clock.now + 1e-3)] ?? end;
    const before = (column) => column[place(column, clock.now) - 1] ?? 0;
    const found = moments().map(forward ? after : before);
    clock.go(forward ? found.reduce((a, b) => Math.min(a, b)) : found.reduce((a, b) => Math.max(a, b)));
  };

  // ---- speed --------------------------------------------------------------------------------------------------

  // From a thousandth of real time to ten times, and further where a run is so short or long that it takes about ten
  // seconds of screen only beyond.
  const usual = end / 10 / 1e9;
  const speed = one("[data-role=speed]");
  speed.min = Math.log10(Math.min(1e-3, usual / 10));
  speed.max = Math.log10(Math.max(10, usual * 10));
  const setPace = () => {
    clock.pace = 10 ** Number(speed.value) * 1e9;
    const told = `1 s of screen = ${clock.duration(clock.pace)} of run`;
    one(".lab-speed-words").textContent = told;
    speed.setAttribute("aria-valuetext", told);
  };
  speed.addEventListener("input", setPace);
  speed.value = Math.log10(usual);
  setPace();

  // ---- when not to move ---------------------------------------------------------------------------------------

  const sight = new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    before = 0;
    ask();
  });
  sight.observe(root);
  const calm = () => { if (still.matches) clock.pause(); show(); };
  still.addEventListener("change", calm);

  clock.actions = {
    start: () => clock.go((clock.looping && clock.brush?.[0]) || 0),
    previous: () => clock.step(false),
    next: () => clock.step(true),
    play: () => (clock.playing ? clock.pause() : clock.play()),
    loop: () => { clock.looping = !clock.looping; show(); },
  };
  clock.close = () => {
    clock.playing = false;
    cancelAnimationFrame(asked);
    sight.disconnect();
    still.removeEventListener("change", calm);
  };
  // A run that got stuck is looked at first when it just did.
  clock.go(Math.max(0, ...runs.flatMap(({ deadlock }) => deadlock.map(({ since_ns: since }) => since))), "start");
  show();
  return clock;
}
