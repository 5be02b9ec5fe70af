// The messages of one run, found fast: those of a bar, those in view, and what led to one and came of it.
//
// Columns are in the order in which the sends began.  An arrow goes from the end of the send to the moment that the
// receiver took the object.  A receiver may hold it before the sender's call has returned: such an arrow stands upright
// at the moment of the taking, since one that points back in time would show an effect before its cause.
({ run, detail, states }) => {
  const { messages: m, workers } = run;
  const count = m.began.length;
  const BLOCK = 512; // messages that are skipped together where none of them can be in view

  const isDelivered = (i) => m.receiver[i] >= 0 && m.taken[i] >= 0;
  const left = (i) => (m.sent[i] < 0 ? m.taken[i] : Math.min(m.sent[i], m.taken[i]));
  const asked = (i) => (m.asked[i] < 0 ? m.taken[i] : m.asked[i]);
  const received = (i) => Math.max(m.received[i], m.taken[i]);

  // For each worker the delivered messages that it sent and took, in the order of time.
  let index = null;
  const byWorker = () => {
    if (index) return index;
    const sent = workers.map(() => []);
    const took = workers.map(() => []);
    for (let i = 0; i < count; i++) {
      if (!isDelivered(i)) continue;
      sent[m.sender[i]].push(i);
      took[m.receiver[i]].push(i);
    }
    for (const list of took) list.sort((a, b) => m.taken[a] - m.taken[b]);
    return (index = { sent, took });
  };
  // How many of a list come before the first for which `isLater`, which is so for all after it.
  const before = (list, isLater) => {
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isLater(list[middle])) high = middle;
      else low = middle + 1;
    }
    return low;
  };

  // The bar of a channel operation has its own messages; one between operations those just before and just after it.
  const ofBar = (worker, span, most) => {
    const { spans } = workers[worker];
    const [began, ended] = [spans.began[span], spans.ended[span]];
    const meets = states[spans.state[span]].operates ? (a, b) => a < ended && b > began : (a, b) => a <= ended && b >= began;
    const found = [];
    const collect = (list, from, until) => {
      for (let at = before(list, (i) => from(i) > ended) - 1; at >= 0 && found.length < most; at--) {
        if (until(list[at]) < began) break;
        if (meets(from(list[at]), until(list[at]))) found.push(list[at]);
      }
    };
    const { sent, took } = byWorker();
    collect(sent[worker], (i) => m.began[i], left);
    collect(took[worker], asked, received);
    return [...new Set(found)].sort((a, b) => a - b);
  };

  // What led to a message (the last one that its sender took before), and what came of it (the first that its receiver
  // sent after), and so on in both directions.
  const chain = (message, most) => {
    const { sent, took } = byWorker();
    const found = [message];
    for (let i = message; found.length < most; found.unshift(i)) {
      const mine = took[m.sender[i]];
      const at = before(mine, (one) => received(one) > m.began[i]) - 1;
      if (at < 0) break;
      i = mine[at];
    }
    for (let i = message; found.length < most; found.push(i)) {
      const next = sent[m.receiver[i]];
      const at = before(next, (one) => m.began[one] >= received(i));
      if (at === next.length) break;
      i = next[at];
    }
    return found;
  };

  // The arrows that lie in an interval, up to one more than `most`.
  let blocks = null;
  const inView = (from, to, most) => {
    blocks ??= Array.from({ length: Math.ceil(count / BLOCK) }, (_, b) => {
      let [first, last] = [Infinity, -Infinity];
      for (let i = b * BLOCK; i < Math.min((b + 1) * BLOCK, count); i++) {
        if (!isDelivered(i)) continue;
        first = Math.min(first, left(i));
        last = Math.max(last, m.taken[i]);
      }
      return { first, last };
    });
    const found = [];
    for (let b = 0; b < blocks.length && found.length <= most; b++) {
      if (blocks[b].last < from || blocks[b].first > to) continue;
      for (let i = b * BLOCK; i < Math.min((b + 1) * BLOCK, count) && found.length <= most; i++) {
        if (isDelivered(i) && left(i) <= to && m.taken[i] >= from) found.push(i);
      }
    }
    return found;
  };

  // The last message that was sent by a moment, -1 for none.
  const lastSent = (ns) => {
    let found = -1;
    for (const list of byWorker().sent) {
      const at = before(list, (i) => left(i) > ns) - 1;
      if (at >= 0 && (found < 0 || left(list[at]) > left(found))) found = list[at];
    }
    return found;
  };

  return { count, isDelivered, left, ofBar, chain, inView, lastSent };
}
