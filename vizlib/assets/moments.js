// What the columns of a run say of one moment: the state of each worker, and the same as a sentence.
({ states }) => {
  // The last span that began at or before `ns`.
  const spanAt = ({ began }, ns) => {
    let [low, high] = [0, began.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (began[middle] <= ns) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  // {word, state, line, channel, inferred}; `state` is missing where the worker had not begun, had ended, or where
  // nothing was recorded.  At the very end of a life its last state no longer holds.
  const stateAt = (worker, ns) => {
    if (ns < worker.began) return { word: "not begun" };
    if (ns >= worker.ended) return { word: worker.ending };
    const { spans } = worker;
    const i = spanAt(spans, ns);
    if (i < 0 || ns >= spans.ended[i]) return { word: "not recorded" };
    const state = states[spans.state[i]];
    return {
      word: state.label, state, line: spans.line[i], channel: spans.channel[i], inferred: spans.inferred[i] === 1,
      index: i,
    };
  };

  const FEW = 8; // workers named one by one
  const told = ({ workers }, ns) => {
    const words = workers.map((worker) => stateAt(worker, ns).word);
    if (workers.length <= FEW) return workers.map(({ name }, i) => `${name} ${words[i]}`).join(", ");
    const counts = new Map();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    return [...counts].sort((a, b) => b[1] - a[1]).map(([word, count]) => `${count} ${word}`).join(", ");
  };
  const sentence = (runs, ns) => (runs.length === 1 ? told(runs[0], ns)
    : runs.map((run) => `\n${run.title}: ${told(run, ns)}`).join(""));

  return { stateAt, spanAt, sentence };
}
