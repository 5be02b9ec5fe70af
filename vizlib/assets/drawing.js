// The whole picture as one SVG of plain shapes and words, as slides and print want it: what the page shows, no more.
//
// The page is laid out by the browser, so it is walked as it stands: boxes become rectangles, lines of text become text
// where they are, figures are drawn anew by Bokeh as vectors, and drawings are copied with their looks written out.
// Everything happens between two frames, so nobody sees the page dressed for it.
({ root, one, figureViews, paint, clock }) => {
  const NS = "http://www.w3.org/2000/svg";
  const MARGIN = 24;
  const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
  const measuring = document.createElement("canvas").getContext("2d");

  const round = (value) => String(Math.round(value * 100) / 100);
  const make = (parent, name, attributes = {}, text = null) => {
    const element = document.createElementNS(NS, name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== undefined) element.setAttribute(key, typeof value === "number" ? round(value) : value);
    }
    if (text !== null) element.textContent = text;
    parent?.append(element);
    return element;
  };

  // A colour as programs for slides know it, and how opaque it is: `rgb(...)`, `rgba(...)` or `color(srgb ...)`.
  const parse = (color) => {
    const [r, g, b, alpha = 1] = (color.match(/[\d.]+(?:e-?\d+)?/g) ?? [0, 0, 0, 0]).map(Number);
    const scale = color.startsWith("color(") ? 255 : 1;
    const hex = [r, g, b].map((part) => Math.round(part * scale).toString(16).padStart(2, "0")).join("");
    return { ink: `#${hex}`, alpha };
  };
  const painted = (property, color) => {
    const { ink, alpha } = parse(color);
    return { [property]: ink, [`${property}-opacity`]: alpha < 1 ? alpha : undefined };
  };
  const isSeen = (color) => color !== "none" && parse(color).alpha > 0;

  let origin = { left: 0, top: 0 }; // of the picture, on the screen
  let count = 0; // of clippings
  const placed = ({ left, top, width, height }) => ({ x: left - origin.left, y: top - origin.top, width, height });

  // ---- boxes --------------------------------------------------------------------------------------------------

  const inset = ({ x, y, width, height }, by) => ({ x: x + by, y: y + by, width: Math.max(width - 2 * by, 0), height: Math.max(height - 2 * by, 0) });

  const drawBorders = (style, box, rx, into) => {
    const sides = ["Top", "Right", "Bottom", "Left"].map((side) => ({
      width: parseFloat(style[`border${side}Width`]), color: style[`border${side}Color`], line: style[`border${side}Style`],
    }));
    const drawn = sides.map(({ width, color, line }) => width > 0 && line !== "none" && isSeen(color));
    const dash = ({ line, width }) => (line === "dashed" ? `${2 * width + 1} ${width + 1}` : undefined);
    const { x, y, width, height } = box;
    if (drawn.every(Boolean) && sides.every(({ color }) => color === sides[0].color)) {
      const w = sides[0].width;
      make(into, "rect", { ...inset(box, w / 2), rx, fill: "none", ...painted("stroke", sides[0].color), "stroke-width": w, "stroke-dasharray": dash(sides[0]) });
      return;
    }
    const ways = [[0, 0, 1, 0], [1, 0, 1, 1], [0, 1, 1, 1], [0, 0, 0, 1]];
    sides.forEach((side, i) => {
      if (!drawn[i]) return;
      const [x1, y1, x2, y2] = ways[i];
      const half = side.width / 2;
      const [dx, dy] = [[0, half], [-half, 0], [0, -half], [half, 0]][i];
      make(into, "line", {
        x1: x + x1 * width + dx, y1: y + y1 * height + dy, x2: x + x2 * width + dx, y2: y + y2 * height + dy,
        ...painted("stroke", side.color), "stroke-width": side.width, "stroke-dasharray": dash(side),
      });
    });
  };

  // Inner shadows serve as edges (with a spread) and as a mark at the left (with an offset).
  const drawShadow = (style, box, rx, into) => {
    const found = /^(.*?\)) (-?[\d.]+)px (-?[\d.]+)px (-?[\d.]+)px (-?[\d.]+)px inset$/.exec(style.boxShadow);
    if (!found || !isSeen(found[1])) return;
    const [offset, spread] = [Number(found[2]), Number(found[5])];
    if (spread) make(into, "rect", { ...inset(box, spread / 2), rx, fill: "none", ...painted("stroke", found[1]), "stroke-width": spread });
    else if (offset) make(into, "rect", { ...box, width: offset, ...painted("fill", found[1]) });
  };

  const clipped = (box, into) => {
    const id = `lab-clip-${(count += 1)}`;
    make(make(into, "clipPath", { id }), "rect", box);
    return make(into, "g", { "clip-path": `url(#${id})` });
  };

  const drawHatching = (style, box, into) => {
    const { x, y, width, height } = box;
    let d = "";
    for (let at = -height; at < width; at += 8.5) d += `M${round(x + at)} ${round(y + height)}l${round(height)} ${round(-height)}`;
    const color = /(rgba?|color)\([^)]*\)/.exec(style.backgroundImage)[0];
    make(clipped(box, into), "path", { d, fill: "none", ...painted("stroke", color), "stroke-width": 1.5 });
  };

  const drawBox = (style, box, into) => {
    if (!box.width || !box.height) return;
    const rx = Math.min(parseFloat(style.borderTopLeftRadius) || 0, box.width / 2, box.height / 2) || undefined;
    if (isSeen(style.backgroundColor)) make(into, "rect", { ...box, rx, ...painted("fill", style.backgroundColor) });
    if (style.backgroundImage.startsWith("repeating-linear-gradient")) drawHatching(style, box, into);
    drawShadow(style, box, rx, into);
    drawBorders(style, box, rx, into);
  };

  // Bullets and the like, which stand where their style says.
  const drawBefore = (element, box, into) => {
    const style = getComputedStyle(element, "::before");
    if (style.content === "none" || style.position !== "absolute" || style.display === "none") return;
    if (element.matches(".lab-playhead")) { // a triangle, made of borders
      make(into, "path", { d: `M${round(box.x - 4)} ${round(box.y)}h10l-5 7z`, ...painted("fill", style.borderTopColor) });
      return;
    }
    const [left, top, width, height] = [style.left, style.top, style.width, style.height].map(parseFloat);
    drawBox(style, { x: box.x + left, y: box.y + top, width, height }, into);
  };

  // ---- words --------------------------------------------------------------------------------------------------

  // The lines into which a text was broken: what stands on each, and where.
  const linesOf = (node) => {
    const lines = [];
    const range = document.createRange();
    const take = (from, to) => {
      range.setStart(node, from);
      range.setEnd(node, to);
      const boxes = [...range.getClientRects()].filter(({ width }) => width > 0);
      if (boxes.length > 1 && to - from > 1) { // broken within
        for (let at = from; at < to; at += 1) take(at, at + 1);
        return;
      }
      const [box] = boxes;
      if (!box) return;
      const last = lines.at(-1);
      if (last && Math.abs(last.top - box.top) < 3) Object.assign(last, { to, right: box.right });
      else lines.push({ from, to, left: box.left, right: box.right, top: box.top, height: box.height });
    };
    for (const { index, 0: word } of node.data.matchAll(/\S+/g)) take(index, index + word.length);
    return lines.map((line) => ({ ...line, text: node.data.slice(line.from, line.to) }));
  };

  const shorten = (line, right) => {
    const width = right - line.left;
    if (line.right <= right + 0.5) return line;
    let text = line.text;
    while (text && measuring.measureText(`${text}…`).width > width) text = text.slice(0, -1);
    return { ...line, text: `${text.trimEnd()}…`, right };
  };

  const write = (node, element, style, into) => {
    measuring.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent: rise, fontBoundingBoxDescent: fall } = measuring.measureText("x");
    const ends = style.textOverflow === "ellipsis" ? element.getBoundingClientRect().right : Infinity;
    for (const line of linesOf(node).map((one) => shorten(one, ends))) {
      const spaced = style.whiteSpace.startsWith("pre") && /\s\s/.test(line.text);
      const text = spaced ? line.text : line.text.replace(/\s+/g, " ");
      const mono = style.fontFamily.includes("monospace") && !style.fontFamily.includes("sans-serif");
      make(into, "text", {
        x: line.left - origin.left, y: line.top - origin.top + (line.height * rise) / (rise + fall),
        "font-family": mono ? style.fontFamily.replaceAll('"', "'") : undefined,
        "font-size": parseFloat(style.fontSize), "font-weight": style.fontWeight === "400" ? undefined : style.fontWeight,
        "letter-spacing": style.letterSpacing === "normal" ? undefined : style.letterSpacing,
        "text-decoration": style.textDecorationLine === "none" ? undefined : style.textDecorationLine,
        "xml:space": spaced ? "preserve" : undefined, style: spaced ? "white-space: pre" : undefined,
        textLength: text.length > 1 ? line.right - line.left : undefined, ...painted("fill", style.color),
      }, text);
    }
  };

  // ---- drawings and figures -----------------------------------------------------------------------------------

  const LOOKS = [
    "fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linejoin", "opacity",
    "font-size", "font-weight", "text-anchor",
  ];
  const USUAL = { "fill-opacity": "1", "stroke-opacity": "1", opacity: "1", "stroke-dasharray": "none", "font-weight": "400", "text-anchor": "start", "stroke-linejoin": "miter" };

  const looks = (element, style) => {
    const found = {};
    for (const name of LOOKS) {
      const value = style.getPropertyValue(name);
      const isText = element.matches("text");
      if (value === USUAL[name] || (!isText && /^(font|text)/.test(name)) || (name.startsWith("stroke-") && style.stroke === "none")) continue;
      if (name === "fill" || name === "stroke") Object.assign(found, value === "none" ? { [name]: value } : painted(name, value));
      else found[name] = value.replaceAll("px", "");
    }
    if (style.transform !== "none" && element.style.transform) found.transform = style.transform;
    return found;
  };

  const KEPT = ["d", "x", "y", "width", "height", "rx", "r", "cx", "cy", "x1", "x2", "y1", "y2", "points", "transform"];

  const copy = (element, into) => {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden") return;
    const attributes = Object.fromEntries(KEPT.map((name) => [name, element.getAttribute(name) ?? undefined]));
    if (element.localName === "g" || element.localName === "svg") {
      const { transform, opacity } = { ...attributes, ...looks(element, style) };
      const group = make(into, "g", element.localName === "g" ? { transform, opacity } : { opacity });
      for (const child of element.children) copy(child, group);
    } else if (element.localName === "text") {
      const look = { ...attributes, ...looks(element, style) };
      const { stroke, "stroke-width": width, "stroke-linejoin": join, ...plain } = look;
      // Not everything that shows SVG paints the halo of a word below it.
      if (style.paintOrder.startsWith("stroke") && stroke !== "none") make(into, "text", { ...look, fill: stroke }, element.textContent);
      make(into, "text", plain, element.textContent);
    } else if (element.localName !== "title") {
      make(into, element.localName, { ...attributes, ...looks(element, style) });
    }
  };

  const copyDrawing = (svg, box, into) => {
    const { width, height } = svg.viewBox.baseVal;
    const scale = Math.min(box.width / width, box.height / height);
    const group = make(into, "g", { transform: `translate(${round(box.x + (box.width - width * scale) / 2)} ${round(box.y)}) scale(${scale.toFixed(4)})` });
    copy(svg, group);
  };

  const short = (numbers) => numbers.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, (number) => round(Number(number)));
  const lookOf = (path) => [...path.attributes].filter(({ name }) => name !== "d").map(({ name, value }) => `${name}=${value}`).join();

  // Bokeh clips every renderer by itself, most of them to the same frame.
  const joinClips = (svg) => {
    const first = new Map(); // by outline
    const same = new Map(); // by id
    for (const clip of [...svg.querySelectorAll("clipPath")]) {
      const outline = clip.firstElementChild?.getAttribute("d") ?? clip.id;
      same.set(`url(#${clip.id})`, `url(#${first.get(outline) ?? clip.id})`);
      if (first.has(outline)) clip.remove();
      else first.set(outline, clip.id);
    }
    for (const one of svg.querySelectorAll("[clip-path]")) {
      const name = one.getAttribute("clip-path");
      one.setAttribute("clip-path", same.get(name) ?? name);
    }
  };

  // Bokeh makes a path of every bar.  Opaque ones of one look become one path, which is a tenth of the size.
  const joinPaths = (parent) => {
    let last = null;
    let look = "";
    for (const path of [...parent.children]) {
      if (path.localName !== "path") { last = null; continue; }
      const d = path.getAttribute("d");
      if (!d || (path.getAttribute("fill") === "none" && path.getAttribute("stroke") === "none")) { path.remove(); continue; }
      path.setAttribute("d", short(d));
      if (path.getAttribute("stroke") === "none") path.removeAttribute("paint-order");
      const mine = lookOf(path);
      if (last && mine === look && path.getAttribute("stroke") === "none" && !/opacity=0/.test(mine)) {
        last.setAttribute("d", `${last.getAttribute("d")} ${path.getAttribute("d")}`);
        path.remove();
      } else [last, look] = [path, mine];
    }
  };

  const drawFigure = (view, box, into) => {
    for (const { glyph, model, all_indices: indices } of view.renderer_views.values()) {
      glyph?.set_visuals?.(model.data_source, indices); // the colours of this moment, which Bokeh takes over only later
    }
    const svg = view.export("svg", true).ctx.get_svg();
    joinClips(svg);
    joinPaths(svg);
    const group = make(into, "g", { transform: `translate(${round(box.x)} ${round(box.y)})` });
    for (const child of [...svg.children]) group.append(child);
  };

  // ---- the page -----------------------------------------------------------------------------------------------

  const walk = (element, into) => {
    const style = getComputedStyle(element);
    if (style.display === "none" || style.visibility === "hidden" || style.opacity === "0") return;
    const box = placed(element.getBoundingClientRect());
    const place = style.opacity === "1" ? into : make(into, "g", { opacity: style.opacity });
    const figure = figureViews.find((view) => view.el === element);
    if (figure) return drawFigure(figure, box, place);
    if (element.localName === "svg") return copyDrawing(element, box, place);
    if (element.localName === "canvas") return make(place, "image", { ...box, href: element.toDataURL() });
    drawBox(style, box, place);
    drawBefore(element, box, place);
    const inner = style.overflowX === "visible" || !box.width ? place : clipped(box, place);
    for (const child of element.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) write(child, element, style, inner);
      else if (child.nodeType === Node.ELEMENT_NODE) walk(child, inner);
    }
    if (inner !== place && !inner.childElementCount) inner.previousElementSibling.remove(), inner.remove();
  };

  const scrolled = () => {
    const found = [];
    for (let at = root; at; at = at.parentElement) if (at.scrollTop || at.scrollLeft) found.push([at, at.scrollTop, at.scrollLeft]);
    return () => { for (const [at, top, left] of found) Object.assign(at, { scrollTop: top, scrollLeft: left }); };
  };

  // Dressed for a picture, without what only a page can do: done, and undone, before the next frame.
  const posed = (light, action) => {
    const back = scrolled();
    root.classList.add("lab-posed");
    root.classList.toggle("lab-unplayed", !clock?.now);
    one(".lab-at").textContent = clock?.now ? `at t = ${clock.moment(clock.now)}` : "";
    if (light) paint("light");
    try {
      return action();
    } finally {
      root.classList.remove("lab-posed", "lab-unplayed");
      if (light) paint();
      back();
    }
  };

  // {svg, width, height}: the text of the picture, and its size in pixels.  `light`: for a white page, in any theme.
  return (light) => posed(light, () => {
    const picture = one(".lab-picture");
    const { left, top, width, height } = picture.getBoundingClientRect();
    origin = { left: left - MARGIN, top: top - MARGIN };
    count = 0;
    const size = { width: Math.ceil(width + 2 * MARGIN), height: Math.ceil(height + 2 * MARGIN) };
    const svg = make(null, "svg", { xmlns: NS, ...size, viewBox: `0 0 ${size.width} ${size.height}`, "font-family": FONT, role: "img" });
    make(svg, "title", {}, one(".lab-name").textContent);
    make(svg, "desc", {}, one(".lab-text").textContent);
    make(svg, "rect", { ...size, fill: parse(getComputedStyle(root).getPropertyValue("--lab-page").trim().replace(/^#(..)(..)(..)$/, (_, ...parts) => `rgb(${parts.slice(0, 3).map((part) => parseInt(part, 16))})`)).ink });
    walk(picture, svg);
    return { svg: new XMLSerializer().serializeToString(svg), ...size };
  });
}
