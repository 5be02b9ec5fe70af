// The time axis as a slider: who has no pointer moves through time with the arrow keys, and with Shift selects.
({ axes, clock, playhead }) => {
  const [axis] = axes; // all of them are one slider
  axis.tabIndex = 0;
  axis.setAttribute("role", "slider");
  axis.setAttribute("aria-label", "moment of the run; with Shift the arrow keys select");
  axis.setAttribute("aria-valuemin", "0");
  axis.setAttribute("aria-valuemax", String(clock.end));

  const STEPS = { ArrowRight: 0.005, ArrowUp: 0.005, ArrowLeft: -0.005, ArrowDown: -0.005, PageUp: 0.1, PageDown: -0.1, Home: -1, End: 1 };
  let anchor = null; // where a selection began

  axis.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    anchor = event.shiftKey ? anchor ?? clock.now : null;
    clock.pause();
    clock.go(clock.now + step * clock.end);
    if (anchor !== null) playhead.select(Math.min(anchor, clock.now), Math.max(anchor, clock.now));
  });
  axis.addEventListener("blur", () => { anchor = null; });

  clock.follow((ns, why) => {
    if (why === "play") return; // not sixty times a second
    axis.setAttribute("aria-valuenow", String(Math.round(ns)));
    axis.setAttribute("aria-valuetext", clock.moment(ns));
  });
}
