// Reads columns of numbers: what `vizlib/packing.py` wrote, which says how.
//
// Takes content with notes in place of columns, and the bytes that they speak of; gives the content with the columns.
({ bytes }) => {
  const KINDS = { i1: Int8Array, i2: Int16Array, i4: Int32Array, f8: Float64Array };

  // All lowest bytes stand first, then all next higher ones.  Few bytes are put together as integers, which is faster.
  const differences = (offset, count, wide) => {
    const found = new Float64Array(count);
    if (wide <= 4) {
      const whole = new Uint32Array(count);
      for (let plane = 0; plane < wide; plane++) {
        const from = offset + plane * count;
        for (let i = 0; i < count; i++) whole[i] |= bytes[from + i] << (8 * plane);
      }
      for (let i = 0; i < count; i++) found[i] = (whole[i] >>> 1) ^ -(whole[i] & 1);
      return found;
    }
    for (let plane = 0, scale = 1; plane < wide; plane++, scale *= 256) {
      const from = offset + plane * count;
      for (let i = 0; i < count; i++) found[i] += bytes[from + i] * scale;
    }
    for (let i = 0; i < count; i++) {
      const half = Math.floor(found[i] / 2);
      found[i] = half * 2 === found[i] ? half : -half - 1;
    }
    return found;
  };

  const column = ([offset, count, wide, how, kind], table) => {
    const found = differences(offset, count, wide);
    if (how === "steps") {
      for (let i = 1; i < count; i++) found[i] += found[i - 1];
    } else if (how !== "plain") {
      const [name, ahead] = how;
      const near = table[name];
      for (let i = 0; i < count; i++) found[i] += near[Math.min(i + ahead, count - 1)];
    }
    return kind === "f8" ? found : new KINDS[kind](found);
  };

  const revive = (content) => {
    if (content === null || typeof content !== "object") return content;
    const whole = Array.isArray(content) ? [] : {};
    for (const [name, value] of Object.entries(content)) {
      whole[name] = Array.isArray(value?.column) ? column(value.column, whole) : revive(value);
    }
    return whole;
  };
  return { revive };
}
