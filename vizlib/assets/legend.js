// The legend: a click singles a state out, Shift+click hides it.  Tells by its word whether a state is faded or hidden.
({ all, changed }) => {
  let single = null;
  const hidden = new Set();
  const hides = (state) => hidden.has(state);
  const fades = (state) => hidden.has(state) || (single !== null && single !== state);

  const show = () => {
    for (const part of all(".lab-parts [data-state]")) part.style.opacity = fades(part.dataset.state) ? "0.12" : "";
    for (const button of all(".lab-legend button")) {
      button.setAttribute("aria-pressed", String(single === button.dataset.state));
      button.classList.toggle("lab-off", hidden.has(button.dataset.state));
    }
    changed();
  };

  const press = (state, hide) => {
    if (hide) hidden.has(state) ? hidden.delete(state) : hidden.add(state);
    else if (hidden.delete(state)) { /* a hidden state comes back */ }
    else single = single === state ? null : state;
    show();
  };

  for (const button of all(".lab-legend button")) {
    button.addEventListener("click", (event) => press(button.dataset.state, event.shiftKey));
  }
  return { hides, fades };
}
