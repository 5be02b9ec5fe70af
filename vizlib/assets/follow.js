// Following a message from one of its ends to the other: the chosen one, or the last one that was sent.
({ clock, timelines, say }) => {
  const { pictures } = timelines;
  let led = null; // {picture, message} that the keys lead along

  const ends = ({ picture: { run, messages }, message }) => [messages.left(message), run.messages.taken[message]];
  const lastSent = () => {
    const found = pictures.map((picture) => ({ picture, message: picture.messages.lastSent(clock.now) }));
    const sent = found.filter(({ message }) => message >= 0).sort((a, b) => ends(b)[0] - ends(a)[0]);
    return sent[0] ?? null;
  };
  const chosen = () => {
    const picture = pictures.find(({ arrows }) => arrows.state.chosen.length);
    const [message] = picture ? picture.arrows.ofPlace(picture.arrows.state.chosen[0]) : [];
    return message === undefined ? null : { picture, message };
  };

  const forget = () => {
    const any = led !== null;
    led = null;
    for (const picture of pictures) {
      picture.arrows.state.followed = [];
      timelines.changed(picture);
    }
    return any;
  };

  const go = (end) => {
    const next = led && ends(led).includes(clock.now) ? led : chosen() ?? lastSent();
    if (!next) return;
    forget();
    led = next;
    const { picture, message } = led;
    picture.arrows.state.followed = [message];
    clock.pause();
    clock.go(ends(led)[end === "sent" ? 0 : 1]);
    const [who, ...facts] = timelines.wording.message(picture.run, message).split("\n");
    const value = facts.find((fact) => fact.startsWith("value\t"))?.slice(6);
    say(`${end === "sent" ? "sent" : "taken"}: ${who}${value === undefined ? "" : `, ${value}`}`);
    timelines.changed(picture);
  };
  return { go, forget };
}
