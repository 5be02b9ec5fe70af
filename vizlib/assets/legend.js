// The legend: a click singles a state out, Shift+click hides it.  Returns whether it hides a state, by its word.
({ all, figures }) => {
  let single = null;
  const hidden = new Set();

  const apply = () => {
    const fades = (state) => hidden.has(state) || (single !== null && single !== state);
    for (const { plot } of figures) {
      for (const renderer of plot.renderers) {
        if (!renderer.name?.startsWith("state:")) continue;
        const state = renderer.name.slice(6);
        renderer.visible = !hidden.has(state);
        const full = renderer.glyph.tags.includes("inferred") ? 0.4 : 1;
        const [fill, line] = fades(state) ? [0.1, 0.15] : [full, 1];
        renderer.glyph.setv({ fill_alpha: { value: fill }, line_alpha: { value: line } });
      }
    }
    for (const part of all(".lab-parts [data-state]")) part.style.opacity = fades(part.dataset.state) ? "0.12" : "";
    for (const button of all(".lab-legend button")) {
      button.setAttribute("aria-pressed", String(single === button.dataset.state));
      button.classList.toggle("lab-off", hidden.has(button.dataset.state));
    }
  };

  const press = (state, hide) => {
    if (hide) hidden.has(state) ? hidden.delete(state) : hidden.add(state);
    else if (hidden.delete(state)) { /* a hidden state comes back */ }
    else single = single === state ? null : state;
    apply();
  };

  for (const button of all(".lab-legend button")) {
    button.addEventListener("click", (event) => press(button.dataset.state, event.shiftKey));
  }
  return (state) => hidden.has(state);
}
