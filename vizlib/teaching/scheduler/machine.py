"""What a puzzle's workers do, one step at a time: a pure function from a state and the worker whose turn it is.

Channels, locks and shared memory follow the rules of the lab's own: a rendezvous hands an object over when a receiver
takes it, a channel with capacity n has room while n objects are not in it, `for` ends when no sender is left, a send
that nobody can receive any more raises `ChannelClosedError`.  Whoever waits longest at a rendezvous is served first.  A
wait with a timeout may end at any moment: that is one more step to choose.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runtime import errors
from vizlib.teaching.scheduler.state import Blocked, Life, Move, Rules, State, Worker, tidied
from vizlib.teaching.scheduler.steps import FUNCTIONS, LOOP, TEMPORARY, Expression, Step
from vizlib.teaching.scheduler.values import End, Lists, Lock, Ref, Shared, ends_in, shown

_ENDLESS = 1_000  # steps that nobody chooses, in a row


class _RaisedError(Exception):
    """Something was raised in a snippet: an exception's name, and its words."""


@dataclass(frozen=True)
class Machine:
    """The workers with what joins them.  `capacities` and `locks` are in the order of their numbers."""

    workers: Sequence[Worker]
    capacities: Sequence[int | None]
    shared: Sequence[tuple[Shared, tuple[Any, ...]]]
    locks: int
    rules: Rules = Rules()

    def start(self) -> State:
        """The state before anybody has done anything."""
        lists = Lists(())
        lives = []
        for worker in self.workers:
            lists = Lists(lists.lists)  # each worker has lists of its own
            lives.append(Life(0, tuple(sorted((name, lists.keep(value)) for name, value in worker.given.items()))))
        memory = tuple(tuple(map(lists.keep, values)) for _, values in self.shared)
        state = State(tuple(lives), memory, ((),) * len(self.capacities), (-1,) * self.locks, tuple(lists.lists))
        for index in range(len(self.workers)):
            state = _Turn(self, state, index).settled()
        return tidied(state)

    def turn(self, state: State, worker: int) -> Move | Blocked | None:
        """What becomes of `state` when it is this worker's turn; None when it has ended."""
        if state.lives[worker].ended:
            return None
        found = _Turn(self, state, worker).take()
        while self.rules.whole_lines and isinstance(found, Move) and self._in_a_line(found.state, worker):
            more = _Turn(self, found.state, worker).take()
            if isinstance(more, Blocked):
                break
            found = Move(worker, f"{found.told}, then {more.told}", more.state)
        return found._replace(state=tidied(found.state)) if isinstance(found, Move) else found

    def turns(self, state: State) -> list[Move | Blocked]:
        """The turns of all that have not ended."""
        found = [turn for worker in range(len(self.workers)) if (turn := self.turn(state, worker)) is not None]
        if self.rules.never_stuck and found and not any(isinstance(one, Move) for one in found):
            freed = [_Turn(self, state, one.worker, freed=True).take() for one in found]
            return [one._replace(state=tidied(one.state)) if isinstance(one, Move) else one for one in freed]
        return found

    def _in_a_line(self, state: State, worker: int) -> bool:
        life = state.lives[worker]
        return not life.ended and not life.offering and not self.workers[worker].steps[life.at].first

    def holders(self, state: State, end: End) -> tuple[int, ...]:
        """The workers that have this end of a channel and have not closed it."""
        return tuple(
            index
            for index, life in enumerate(state.lives)
            if not life.ended
            and any(_same(end, one) for _, value in life.names for one in ends_in(state.heap, value))
            and not any(_same(end, one) for one in life.closed)
        )

    def open(self, state: State, end: End) -> bool:
        """Whether somebody has this end, or may still receive it."""
        sent = (one for queue in state.queues for _, value in queue for one in ends_in(state.heap, value))
        return bool(self.holders(state, end)) or any(_same(end, one) for one in sent)


def _same(one: End, other: End) -> bool:
    return one[:2] == other[:2]


class _Turn:
    """One worker's turn: collects what changes."""

    def __init__(self, machine: Machine, state: State, worker: int, *, freed: bool = False) -> None:
        self.machine, self.worker, self.freed = machine, worker, freed
        self.adopt(state)
        self.load(state.lives[worker])

    def adopt(self, state: State) -> None:
        self.lives, self.memory = list(state.lives), list(state.memory)
        self.queues, self.owners = list(state.queues), list(state.owners)
        self.lists = Lists(state.heap)

    def load(self, life: Life) -> None:
        self.life = life
        self.names = dict(life.names)
        self.at = life.at

    @property
    def step(self) -> Step:
        return self.machine.workers[self.worker].steps[self.at]

    def state(self) -> State:
        """The state with what this turn has changed so far."""
        if self.at >= 0:
            self.life = self.life._replace(at=self.at, names=tuple(sorted(self.names.items())))
        self.lives[self.worker] = self.life
        return State(
            tuple(self.lives), tuple(self.memory), tuple(self.queues), tuple(self.owners), tuple(self.lists.lists)
        )

    def shown(self, value: Any) -> str:
        """A value as Python writes it."""
        return shown(self.lists.lists, value)

    def name(self, worker: int) -> str:
        return self.machine.workers[worker].name

    # --- one step -----------------------------------------------------------------------------------------------

    def take(self) -> Move | Blocked:
        """Take the worker's next step, and what follows it of itself."""
        step = self.step
        try:
            told = self.offering(step) if self.life.offering else self.do(step)
        except _RaisedError as raised:
            told = self.unwind(step, raised)
        if isinstance(told, Blocked):
            return told
        return Move(self.worker, told, self.settled())

    def settled(self) -> State:
        """The state after the steps that nobody has to choose."""
        for _ in range(_ENDLESS):
            if self.at < 0 or self.life.offering or self.step.visible:
                return self.state()
            step = self.step
            try:
                self.do(step)
            except _RaisedError as raised:
                self.unwind(step, raised)
        return self.end(raised="RuntimeError: it goes round and round without doing anything")

    def do(self, step: Step) -> str | Blocked:
        self.at += 1
        told: str | Blocked = getattr(self, f"do_{step.does.value}")(step)
        if isinstance(told, Blocked):
            self.at -= 1
            if step.hurried:
                self.at += 1
                raise _RaisedError("ChannelTimeoutError", "its timeout is over")
        return told

    def end(self, result: Any = None, raised: str = "") -> State:
        self.at = -1
        self.life = Life(-1, (), False, result, raised)
        return self.state()

    def unwind(self, step: Step, raised: _RaisedError) -> str:
        """Go to the handler of what was raised, giving back the locks on the way; or end with it."""
        name, said = raised.args
        self.life = self.life._replace(offering=False)
        self.forget()
        for one in step.unwinds:
            if isinstance(one, Expression):
                self.owners[self.evaluate(one).number] = -1
            elif any(_catches(caught, name) for caught in one[0]):
                self.at = one[1]
                return f"raises {name}, which is caught"
        self.end(raised=f"{name}: {said}" if said else name)
        return f"raises {name}"

    def evaluate(self, value: Expression | None) -> Any:
        """What an expression is now, as values are kept."""
        assert value is not None
        seen = {name: self.lists.thaw(kept) for name, kept in self.names.items()}
        try:
            return self.lists.keep(eval(value.code, {"__builtins__": FUNCTIONS}, seen))
        except Exception as error:
            raise _RaisedError(type(error).__name__, str(error)) from None

    def assign(self, target: tuple[str, ...], value: Any) -> str:
        """Give `value` its names; returns them in words."""
        if target[-1] == "":
            self.names[target[0]] = value
            if target[0].startswith(LOOP):
                self.names.pop(f"{target[0]}n", None)  # where a loop that was broken off had come to
            return "" if target[0].startswith((TEMPORARY, LOOP)) else f"{target[0]} = {self.shown(value)}"
        if not isinstance(value, tuple) or len(value) != len(target):
            raise _RaisedError("ValueError", f"{self.shown(value)} has not {len(target)} parts")
        self.names.update(zip(target, value, strict=True))
        return ", ".join(f"{name} = {self.shown(part)}" for name, part in zip(target, value, strict=True))

    def forget(self) -> None:
        for name in [name for name in self.names if name.startswith(TEMPORARY)]:
            del self.names[name]

    # --- memory and computing -----------------------------------------------------------------------------------

    def where(self, step: Step) -> tuple[int, int, str]:
        """Number of the shared object, of the place in it, and the place's name."""
        place = step.place
        assert place is not None
        shared = place.shared
        if place.index is None:
            return shared.number, shared.fields.index(place.field), place.text
        index = self.evaluate(place.index)
        length = len(self.memory[shared.number])
        if not isinstance(index, int) or not -length <= index < length:
            raise _RaisedError("IndexError", f"{shared.name} has no place {index!r}")
        return shared.number, index % length, f"{shared.name}[{index}]"

    def do_read(self, step: Step) -> str:
        number, index, text = self.where(step)
        value = self.memory[number][index]
        name = self.assign(step.target, value)
        return f"reads {text}: {self.shown(value)}" + (f", so {name}" if name else "")

    def do_write(self, step: Step) -> str:
        number, index, text = self.where(step)
        value = self.evaluate(step.value)
        places = list(self.memory[number])
        places[index] = value
        self.memory[number] = tuple(places)
        return f"writes {text} = {self.shown(value)}"

    def do_compute(self, step: Step) -> str:
        value = self.evaluate(step.value)
        name = self.assign(step.target, value)
        return f"sets {name}" if name else f"computes {step.value.text if step.value else ''}: {self.shown(value)}"

    def do_test(self, step: Step) -> str:
        met = bool(self.evaluate(step.value))
        self.forget()
        if not met:
            self.at = step.goto
        return f"tests {step.value.text if step.value else ''}: {'yes' if met else 'no'}"

    def do_skip(self, step: Step) -> str:
        if bool(self.evaluate(step.value)) is step.wanted:
            self.at = step.goto
        return ""

    def do_jump(self, step: Step) -> str:
        self.at = step.goto
        return f"goes on ({step.told})"

    def do_forget(self, step: Step) -> str:
        self.forget()
        return ""

    def do_pass(self, step: Step) -> str:
        return {"nothing": "does nothing", "print": "prints"}.get(step.told, "sleeps")

    def do_append(self, step: Step) -> str:
        name, value = step.target[0], self.evaluate(step.value)
        before = self.list_of(name)
        self.lists.put(before, (*self.lists.lists[before.number], value))
        return f"appends {self.shown(value)} to {name}"

    def do_put(self, step: Step) -> str:
        name = step.target[0]
        before = self.list_of(name)
        index, value = self.evaluate(step.value)
        content = list(self.lists.lists[before.number])
        if not isinstance(index, int) or not -len(content) <= index < len(content):
            raise _RaisedError("IndexError", f"{name} has no place {index!r}")
        content[index] = value
        self.lists.put(before, tuple(content))
        return f"sets {name}[{index}] = {self.shown(value)}"

    def list_of(self, name: str) -> Ref:
        value = self.names.get(name)
        if not isinstance(value, Ref):
            raise _RaisedError("TypeError", f"{name} is no list")
        return value

    def do_assert(self, step: Step) -> str:
        if not self.evaluate(step.value):
            raise _RaisedError("AssertionError", step.told)
        return f"finds that {step.value.text if step.value else ''}"

    def do_return(self, step: Step) -> str:
        result = self.evaluate(step.value)
        said = self.shown(result)
        self.end(result)
        return f"returns {said}"

    # --- locks --------------------------------------------------------------------------------------------------

    def lock(self, step: Step) -> Lock:
        lock = self.evaluate(step.value)
        if not isinstance(lock, Lock):
            raise _RaisedError("TypeError", f"{step.value.text if step.value else ''} is no lock")
        return lock

    def do_acquire(self, step: Step) -> str | Blocked:
        lock = self.lock(step)
        owner = self.owners[lock.number]
        if owner >= 0:
            whose = "it has itself" if owner == self.worker else f"{self.name(owner)} has"
            return Blocked(self.worker, f"waits for {lock.name}, which {whose}", (owner,))
        self.owners[lock.number] = self.worker
        return f"takes {lock.name}"

    def do_release(self, step: Step) -> str:
        lock = self.lock(step)
        if self.owners[lock.number] < 0:
            raise _RaisedError("RuntimeError", "release unlocked lock")
        self.owners[lock.number] = -1
        return f"gives {lock.name} back"

    # --- channels -----------------------------------------------------------------------------------------------

    def end_of(self, value: Any, text: str, *, sending: bool) -> End:
        if not isinstance(value, End) or value.sending is not sending:
            raise _RaisedError("TypeError", f"{text} is no {'sending' if sending else 'receiving'} end")
        if any(_same(value, one) for one in self.life.closed):
            raise _RaisedError("ChannelClosedError", f"this end of {value.name} is closed")
        return value

    def others(self, end: End, *, sending: bool) -> tuple[int, ...]:
        return self.machine.holders(self.state(), End(end.channel, sending, end.name))

    def is_open(self, end: End, *, sending: bool) -> bool:
        return self.machine.open(self.state(), End(end.channel, sending, end.name))

    def do_send(self, step: Step) -> str | Blocked:
        pair = self.evaluate(step.value)
        end, value = self.end_of(pair[0], step.value.text if step.value else "", sending=True), pair[1]
        if not self.is_open(end, sending=False):
            if self.machine.rules.never_stuck:
                return f"goes on, although nobody receives from {end.name} any more"
            raise _RaisedError("ChannelClosedError", f"nobody receives from {end.name} any more")
        capacity, queue = self.machine.capacities[end.channel], self.queues[end.channel]
        if capacity is not None and not step.patient and len(queue) >= capacity:
            raise _RaisedError("ChannelFullError", f"no room in {end.name}")
        if capacity is not None and 0 < capacity <= len(queue):
            if self.freed:
                return f"goes on, although {end.name} is full"
            return Blocked(self.worker, f"waits for room in {end.name}", self.others(end, sending=False))
        if not self.machine.rules.references:
            value = self.lists.copied(value)
        self.queues[end.channel] = (*queue, (self.worker, value))
        if capacity == 0:
            self.at -= 1  # it stays here until its object is taken
            self.life = self.life._replace(offering=True)
            return f"offers {self.shown(value)} at {end.name}"
        return f"sends {self.shown(value)} into {end.name}"

    def offering(self, step: Step) -> str | Blocked:
        """The turn of a worker whose object nobody has taken yet."""
        end = self.evaluate(step.value)[0]
        open_still = self.is_open(end, sending=False)
        if open_still and not step.hurried and not self.freed:
            told = f"waits at {end.name} until somebody takes its object"
            return Blocked(self.worker, told, self.others(end, sending=False))
        self.queues[end.channel] = tuple(one for one in self.queues[end.channel] if one[0] != self.worker)
        self.at += 1
        if self.freed or (self.machine.rules.never_stuck and not open_still):
            self.life = self.life._replace(offering=False)
            return f"goes on, although nobody has taken its object at {end.name}"
        if open_still:
            raise _RaisedError("ChannelTimeoutError", "its timeout is over")
        raise _RaisedError("ChannelClosedError", f"nobody receives from {end.name} any more")

    def do_receive(self, step: Step) -> str | Blocked:
        end = self.end_of(self.evaluate(step.value), step.value.text if step.value else "", sending=False)
        if not self.queues[end.channel]:
            if not self.is_open(end, sending=True) and not self.machine.rules.never_stuck:
                raise _RaisedError("ChannelClosedError", f"nobody sends into {end.name} any more")
            if not step.patient:
                raise _RaisedError("ChannelEmptyError", f"nothing in {end.name}")
            if self.freed:
                self.assign(step.target, None)
                return f"goes on with None, although {end.name} is empty"
            return Blocked(self.worker, f"waits for a message in {end.name}", self.others(end, sending=True))
        return self.received(end, step.target)

    def received(self, end: End, target: tuple[str, ...]) -> str:
        (sender, value), *rest = self.queues[end.channel]
        self.queues[end.channel] = tuple(rest)
        if self.machine.capacities[end.channel] == 0 and self.lives[sender].offering:
            self.hand_over(sender)
        name = self.assign(target, value)
        from_whom = f" from {self.name(sender)}" if self.machine.capacities[end.channel] == 0 else ""
        return f"receives {self.shown(value)}{from_whom} through {end.name}" + (f": {name}" if name else "")

    def hand_over(self, sender: int) -> None:
        """The sender at a rendezvous goes on: its object was taken."""
        life = self.lives[sender]
        other = _Turn(self.machine, self.state(), sender)
        other.load(life._replace(at=life.at + 1, offering=False))
        self.adopt(other.settled())

    def do_next(self, step: Step) -> str | Blocked:
        rest, *names = step.target
        source = self.names[rest]
        if isinstance(source, End):
            end = self.end_of(source, source.name, sending=False)
            if self.queues[end.channel]:
                return self.received(end, tuple(names))
            if self.is_open(end, sending=True):
                return Blocked(self.worker, f"waits for a message in {end.name}", self.others(end, sending=True))
            told = f"finds that {end.name} is at its end"
        elif isinstance(source, Ref | tuple | str):
            taken = self.names.setdefault(f"{rest}n", 0)
            content = self.lists.lists[source.number] if isinstance(source, Ref) else source
            if taken < len(content):
                self.names[f"{rest}n"] = taken + 1
                return f"goes on with {self.assign(tuple(names), content[taken])}"
            told = "has gone through all"
            del self.names[f"{rest}n"]
        else:
            raise _RaisedError("TypeError", f"cannot go through {source!r}")
        del self.names[rest]
        self.at = step.goto
        return told

    def do_close(self, step: Step) -> str:
        end = self.evaluate(step.value)
        if not isinstance(end, End):
            raise _RaisedError("TypeError", f"{step.value.text if step.value else ''} is no end of a channel")
        self.life = self.life._replace(closed=tuple(sorted({*self.life.closed, end})))
        return f"closes its end of {end.name}"


def _catches(caught: str, raised: str) -> bool:
    wanted, found = (getattr(errors, name, getattr(builtins, name, None)) for name in (caught, raised))
    if isinstance(wanted, type) and isinstance(found, type):
        return issubclass(found, wanted)
    return caught in (raised, "BaseException", "Exception")
