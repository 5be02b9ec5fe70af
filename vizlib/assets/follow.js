// Following a message from one of its ends to the other: the chosen bar's message, or the last one that was sent.
({ clock, figures, arrowsOf, show, say }) => {
  const column = (figure) => figure.messages?.data ?? { x0: [], x1: [] };
  let led = null; // [figure, message] that the keys lead along

  const lastSent = () => {
    let found = null;
    let at = -1;
    for (const figure of figures) {
      column(figure).x0.forEach((sent, i) => {
        if (sent <= clock.now && sent > at) [found, at] = [[figure, i], sent];
      });
    }
    return found;
  };
  const chosen = () => {
    const figure = figures.find((one) => one.chosen.length);
    const [message] = figure ? arrowsOf(figure, figure.chosen[0]) : [];
    return message === undefined ? null : [figure, message];
  };
  const isThere = ([figure, i]) => [column(figure).x0[i], column(figure).x1[i]].includes(clock.now);

  const forget = () => {
    const any = led !== null;
    for (const figure of figures) figure.followed = [];
    led = null;
    show();
    return any;
  };

  const go = (end) => {
    const next = led && isThere(led) ? led : chosen() ?? lastSent();
    if (!next) return;
    forget();
    led = next;
    const [figure, i] = led;
    figure.followed = [i];
    clock.pause();
    clock.go(end === "sent" ? column(figure).x0[i] : column(figure).x1[i]);
    const [who, ...facts] = column(figure).words[i].split("\n");
    const value = facts.find((fact) => fact.startsWith("value\t"))?.slice(6);
    say(`${end === "sent" ? "sent" : "taken"}: ${who}${value === undefined ? "" : `, ${value}`}`);
    show();
  };
  return { go, forget };
}
