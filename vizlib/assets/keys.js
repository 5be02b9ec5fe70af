// The keys, which answer only while the picture has the focus, as people know them from Perfetto.
({ root, one, clock, actions, navigate }) => {
  const table = {
    ".": () => clock.step(true),
    ",": () => clock.step(false),
    "[": () => actions.follow?.("sent"),
    "]": () => actions.follow?.("taken"),
    "?": () => actions.keys(),
    w: () => navigate?.zoom(0.6),
    s: () => navigate?.zoom(1 / 0.6),
    a: () => navigate?.move(-0.2),
    d: () => navigate?.move(0.2),
    f: () => navigate?.fit(),
    z: () => actions.closer?.(),
    Backspace: () => actions.back?.(),
    " ": () => actions.play(),
  };

  const leave = () => {
    if (actions.clear?.()) return;
    const notebook = root.closest(".jp-Notebook");
    document.activeElement?.blur();
    notebook?.focus({ preventScroll: true });
  };

  // A control that has the focus keeps the keys that it knows itself.
  const isTyped = (target) => target.matches("input:not([type=range]), textarea, select, [contenteditable]");
  const isPressed = (target, key) => key === " " && target.matches("button, summary, a, input");

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    // JupyterLab owns bare letters (X cuts the cell, D twice deletes it), but not while the picture has the focus.
    if (event.key.length === 1) event.stopPropagation();
    if (isTyped(event.target) || isPressed(event.target, event.key)) return;
    const action = event.key === "Escape" ? leave : table[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
  one(".lab-picture").tabIndex = 0;
  one(".lab-picture").setAttribute("role", "group");
  one(".lab-picture").setAttribute("aria-label", "Picture; press ? for its keys");
  // A click anywhere in the picture gives it the focus.
  root.addEventListener("pointerdown", () => {
    if (!root.contains(document.activeElement)) one(".lab-picture").focus({ preventScroll: true });
  });
}
