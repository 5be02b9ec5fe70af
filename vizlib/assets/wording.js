// What the pointer tells of each thing in a timeline: lines of plain text, the first of which is a heading, the others a
// label and a value with a tab between.  Numbers read as in `vizlib/words.py`.
({ states, transfers }) => {
  const UNITS = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

  // Decimals as Python writes them: a number half-way between two goes to the even one.
  const fixed = (value, decimals) => {
    const halves = value * 2 ** (decimals + 1);
    const scaled = Math.floor(value * 10 ** decimals);
    return (halves % 2 === 1 && scaled % 2 === 0 ? scaled / 10 ** decimals : value).toFixed(decimals);
  };
  const grouped = (text) => text.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  const count = (number, noun) => `${grouped(String(number))} ${noun}${number === 1 ? "" : "s"}`;

  const duration = (ns) => {
    const seconds = Math.round(ns / 1e9);
    if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor(seconds / 60) % 60} min`;
    if (seconds >= 120) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    const [size, unit] = UNITS.find(([least]) => ns >= least) ?? UNITS.at(-1);
    const value = ns / size;
    return `${fixed(value, size === 1 ? 0 : value < 9.995 ? 2 : value < 99.95 ? 1 : 0)} ${unit}`;
  };

  // A point in time, precise enough to tell it from one `near` nanoseconds later.
  const moment = (ns, near) => {
    const [size, unit] = UNITS.find(([least]) => ns >= least) ?? UNITS.at(-1);
    if (size === 1) return `${fixed(ns, 0)} ns`;
    const decimals = Math.min(Math.max(1, Math.ceil(Math.log10((size * 1000) / Math.max(near, 1)) - 1e-9)), Math.log10(size));
    return `${grouped(fixed(ns / size, decimals))} ${unit}`;
  };
  const bytes = (number) => {
    const [size, unit] = [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]].find(([least]) => number >= least * 0.9995) ?? [1, "B"];
    return `${size === 1 ? number : fixed(number / size, 1)} ${unit}`;
  };

  const when = (run, from, to) => {
    const near = Math.min(run.wall, 20 * Math.max(to - from, 1));
    return `from\t${moment(from, near)} to ${moment(to, near)}`;
  };
  const source = (run, worker, label, line) => {
    const { first, lines } = run.sources[run.workers[worker].source];
    const at = line - first;
    return line >= 0 && at >= 0 && at < lines.length ? [`${label} ${at + 1}\t${lines[at]}`] : [];
  };
  const inPercent = (parts, whole) => {
    const share = (ns) => (ns / whole < 0.005 ? "<1" : String(Math.round((100 * ns) / whole)));
    return parts.sort((a, b) => b[1] - a[1]).map(([name, ns]) => `${name}\t${share(ns)} %, ${duration(ns)}`);
  };
  const CLOSER = "to see each\tzoom in: double-click, or W";

  const span = (run, worker, i) => {
    const { began, ended, state, channel, line, inferred } = run.workers[worker].spans;
    return [
      `${states[state[i]].label} · ${duration(ended[i] - began[i])}`,
      `worker\t${run.workers[worker].name}`,
      when(run, began[i], ended[i]),
      ...(channel[i] >= 0 ? [`channel\t${run.channels[channel[i]].name}`] : []),
      ...source(run, worker, "line", line[i]),
      ...(inferred[i] ? ["evidence\tinferred, not measured"] : []),
    ].join("\n");
  };

  const stay = (run, { core, began, ended, kind }, i) => [
    `core ${core} · ${duration(ended[i] - began[i])}`,
    `worker\t${run.workers[kind[i]].name}`,
    when(run, began[i], ended[i]),
  ].join("\n");

  // Everything in one column of pixels, which is too narrow to show it one by one.
  const merged = (run, lane, { count: number, times }, from, to) => {
    const name = (kind) => (lane.core === undefined ? states[kind].label : run.workers[kind].name);
    const noun = lane.core === undefined ? "span" : "stay";
    const parts = [...times.keys()].filter((kind) => times[kind] > 0).map((kind) => [name(kind), times[kind]]);
    return [
      `${count(number, noun)} in this pixel of ${duration(to - from)}`,
      lane.core === undefined ? `worker\t${run.workers[lane.worker].name}` : `core\t${lane.core}`,
      when(run, Math.max(from, 0), to),
      ...inPercent(parts, times.reduce((sum, ns) => sum + ns, 0)).slice(0, 9),
      CLOSER,
    ].join("\n");
  };

  const stages = (run, i) => {
    const m = run.messages;
    const ways = [
      ["encode", m.began[i], m.encoded[i]], ["waited for room", m.encoded[i], m.admitted[i]],
      ["queued", Math.min(m.sent[i], m.taken[i]), m.taken[i]], ["decode", m.taken[i], m.received[i]],
    ];
    return ways.filter(([, from, to]) => from >= 0 && to >= from).map(([label, from, to]) => `${label}\t${duration(to - from)}`);
  };
  const message = (run, i) => {
    const m = run.messages;
    const receiver = run.workers[m.receiver[i]];
    const kind = transfers[m.transfer[i]];
    return [
      `${run.workers[m.sender[i]].name} → ${receiver?.name ?? "nobody"}`,
      `channel\t${run.channels[m.channel[i]].name}`,
      ...(m.preview[i] >= 0 ? [`value\t${run.texts[m.preview[i]]}`] : []),
      `crossed as\t${kind}${kind === "reference" ? "" : `, ${bytes(m.size[i])}`}`,
      ...stages(run, i),
      ...source(run, m.sender[i], "sent at line", m.send_line[i]),
      ...(receiver ? source(run, m.receiver[i], "received at line", m.recv_line[i]) : []),
    ].join("\n");
  };

  const at = (run, ns) => `at\t${moment(ns, run.wall)}`;
  const output = (run, i) => {
    const { worker, stream, text } = run.outputs;
    return [
      `${run.workers[worker[i]].name} ${stream[i] === 1 ? "printed" : "wrote to stderr"}`,
      `text\t${text[i] >= 0 ? run.printed[text[i]] : "not kept on this page"}`,
      at(run, run.outputs.at[i]),
    ].join("\n");
  };
  const ending = (run, worker) => {
    const { name, told, ended, line } = run.workers[worker];
    return [`${name} ${told}`, at(run, ended), ...source(run, worker, "line", line)].join("\n");
  };

  return { duration, moment, bytes, count, grouped, span, stay, merged, message, output, ending };
}
