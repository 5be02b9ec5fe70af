// A snippet's lines, with the time spent on each, and a flag for each worker at the line where it is.
({ stage, content, run, clock, moments }) => {
  const make = (parent, name, className, text = "") => {
    const element = document.createElement(name);
    element.className = className;
    element.textContent = text;
    parent.append(element);
    return element;
  };
  const list = make(stage, "div", "lab-code-lines");
  const rows = content.lines.map((line, i) => {
    const row = make(list, "div", "lab-line");
    make(row, "span", "lab-share", content.percent[i]);
    make(row, "code", "", line || " ");
    return { row, flags: make(row, "span", "lab-flags") };
  });

  const flags = content.workers.map((index) => {
    const { name, color } = run.workers[index];
    const flag = document.createElement("span");
    flag.className = "lab-flag";
    flag.style.setProperty("--c", color);
    const told = content.workers.length > 1 ? (/#\d+$/.exec(name)?.[0] ?? name) : name;
    make(flag, "i", "", "after ");
    flag.append(told.length > 16 ? `${told.slice(0, 9)}…${told.slice(-6)}` : told);
    return flag;
  });

  // {line, known}: the line from 1, and whether the worker is in it or somewhere after it.
  const lineAt = ({ at, line, until }, ns) => {
    const i = moments.spanAt({ began: at }, ns);
    return i < 0 ? null : { line: line[i], known: ns < until[i] };
  };

  const draw = (ns) => {
    const here = rows.map(() => "");
    content.workers.forEach((index, w) => {
      const { state, word } = moments.stateAt(run.workers[index], ns);
      const place = state ? lineAt(content.walks[w], ns) : null;
      const row = place && rows[place.line - 1];
      const key = row ? `${place.line} ${place.known} ${word}` : "";
      if (row && (place.known || here[place.line - 1] === "")) here[place.line - 1] = place.known ? "lab-here" : "lab-after";
      if (flags[w].key === key) return;
      flags[w].key = key;
      if (!row) return flags[w].remove();
      flags[w].title = `${run.workers[index].name}: ${word}${place.known ? "" : ", after this line"}`;
      flags[w].classList.toggle("lab-vague", !place.known);
      row.flags.append(flags[w]);
      row.flags.append(...flags.slice(w + 1).filter((later) => later.parentElement === row.flags)); // in the workers' order
    });
    rows.forEach(({ row }, i) => {
      const wanted = `lab-line ${here[i]}`.trim();
      if (row.className !== wanted) row.className = wanted;
    });
  };
  clock.follow(draw);
  return { close: () => {} };
}
