// The words beside the pointer.  The first line is a heading; the others are a label and a value with a tab between.
// They are shown as text, never as markup, so what a program printed or sent cannot become part of the page.
({ root }) => {
  const tip = document.createElement("div");
  tip.className = "lab-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  if (tip.showPopover) tip.popover = "manual"; // the top layer: no scrolling ancestor clips or displaces it
  root.append(tip);
  let pointer = [0, 0];
  let shown = null;

  const fill = (words) => {
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

  const place = () => {
    const [x, y] = pointer;
    const box = tip.getBoundingClientRect();
    const left = x + 16 + box.width > innerWidth ? x - 12 - box.width : x + 16;
    const top = y + 18 + box.height > innerHeight ? y - 12 - box.height : y + 18;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${Math.max(4, top)}px`;
  };

  // Shows these words, or with null none.
  const show = (words) => {
    if (words !== shown) {
      shown = words;
      tip.hidden = words === null;
      if (tip.showPopover && tip.matches(":popover-open") === tip.hidden) tip.hidden ? tip.hidePopover() : tip.showPopover();
      if (words !== null) fill(words);
    }
    if (words !== null) place();
  };
  root.addEventListener("pointermove", (event) => {
    pointer = [event.clientX, event.clientY];
    if (!tip.hidden) place();
  });
  return { show, get pointer() { return pointer; } };
}
