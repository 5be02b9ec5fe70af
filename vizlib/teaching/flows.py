"""What went through the channels, as an exercise can ask for it: judged by counts and orders, never by the clock.

So the verdict is the same on a fast machine and a busy one.  Where the recorder had to drop records it would rest on
gaps, so there it is no verdict at all.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.tracing.model import NONE, Message, Transfer
from runtime.tracing.traces import Trace
from vizlib import words
from vizlib.teaching.requirements import Requirement, Verdict

_WITHOUT_COPY = (Transfer.BUFFER, Transfer.MOVE, Transfer.REFERENCE)


def every_message_received(channel: str | None = None) -> Requirement:
    """Nothing that was sent, into `channel` or any, stayed there."""

    def judge(trace: Trace, messages: list[Message]) -> Verdict:
        lost = [message for message in messages if message.receiver == NONE]
        if lost:
            where = [words.plain(name) for name in dict.fromkeys(trace.channels[one.channel].name for one in lost)]
            verb = "was" if len(lost) == 1 else "were"
            told = f"{len(lost):,} of {words.count(len(messages), 'message')} {verb} never received"
            return Verdict(False, f"{told}, sent into {words.listed(where)}.")
        return Verdict(True, f"All {words.count(len(messages), 'message')}.")

    return Requirement(f"every message is received{_of(channel)}", _over(channel, judge))


def order_kept(channel: str | None = None) -> Requirement:
    """Whoever received from a sender received its messages in the order in which they were sent.

    Between the messages of different senders, or at different receivers, there is no such order, and none is asked for.
    """

    def judge(trace: Trace, messages: list[Message]) -> Verdict:
        last: dict[tuple[int, int, int], int] = {}
        for message in sorted(messages, key=lambda one: one.taken_ns):
            if message.receiver == NONE:
                continue
            way = (message.sender, message.channel, message.receiver)
            before, last[way] = last.get(way, NONE), message.serial
            if message.serial < before:
                sender, receiver = (words.name(trace.workers[one]) for one in (message.sender, message.receiver))
                return Verdict(
                    False,
                    f"{receiver} received message {message.serial + 1} of {sender} after message {before + 1}.",
                )
        return Verdict(True, f"In order, from {words.count(len({way[0] for way in last}), 'sender')}.")

    return Requirement(f"each sender’s messages arrive in order{_of(channel)}", _over(channel, judge))


def depth_at_most(channel: str, most: int) -> Requirement:
    """`channel` never held more than `most` objects.

    Of a channel without bound the depth follows from moments that its two sides read next to the deed, so leave it
    room for as many more as there are senders.
    """

    def judge(trace: Trace, messages: list[Message]) -> Verdict:
        number = messages[0].channel
        fullest = max((depth for _, depth in trace.depth(number)), default=0)
        return Verdict(fullest <= most, f"At its fullest it held {words.count(fullest, 'object')}.")

    return Requirement(f"at most {words.count(most, 'object')} at once{_of(channel)}", _over(channel, judge))


def capacity_at_most(most: int) -> Requirement:
    """No channel was given room for more than `most` objects; 0 asks that each is a rendezvous."""

    def judge(trace: Trace) -> Verdict:
        larger = [channel for channel in trace.channels if channel.capacity is None or channel.capacity > most]
        if not trace.channels:
            return Verdict(False, "This run had no channel.")
        told = [f"{words.plain(one.name)} ({_room(one.capacity)})" for one in larger]
        return Verdict(not larger, f"More room has {words.listed(told)}." if larger else "None has more.")

    title = (
        f"no channel has room for more than {words.count(most, 'object')}" if most else "every channel is a rendezvous"
    )
    return Requirement(title, judge)


def _room(capacity: int | None) -> str:
    return "no bound" if capacity is None else f"capacity {capacity}"


def channels_bounded() -> Requirement:
    """Every channel has a capacity: none can grow for ever when its receivers are slow."""

    def judge(trace: Trace) -> Verdict:
        endless = [words.plain(channel.name) for channel in trace.channels if channel.capacity is None]
        if not trace.channels:
            return Verdict(False, "This run had no channel.")
        if endless:
            return Verdict(False, f"No bound: {words.listed(endless)}. Give a capacity instead of None.")
        return Verdict(True, "All have a capacity.")

    return Requirement("every channel has a bound", judge)


def messages_sent(
    *, at_most: int | None = None, at_least: int | None = None, channel: str | None = None
) -> Requirement:
    """At most, or at least, so many messages were sent, into `channel` or in all."""
    return _bounded("messages_sent", at_most, at_least, channel, "message", len)


def bytes_sent(*, at_most: int | None = None, at_least: int | None = None, channel: str | None = None) -> Requirement:
    """At most, or at least, so many bytes crossed, as the messages were encoded.  By reference none do."""
    return _bounded(
        "bytes_sent", at_most, at_least, channel, "byte", lambda messages: sum(one.size for one in messages)
    )


def bytes_copied(*, at_most: int | None = None, at_least: int | None = None, channel: str | None = None) -> Requirement:
    """At most, or at least, so many bytes were copied on their way.  Of buffers, shown or moved, none are."""
    return _bounded(
        "bytes_copied",
        at_most,
        at_least,
        channel,
        "byte",
        lambda messages: sum(one.size for one in messages if one.transfer not in _WITHOUT_COPY),
        "copied",
    )


def crosses_by(*transfers: Transfer, channel: str | None = None) -> Requirement:
    """Everything sent, into `channel` or any, crossed in one of these ways, such as `Transfer.SHARE`."""
    if not transfers:
        raise ValueError("crosses_by() expected at least one Transfer and got none")
    asked = [transfer.label for transfer in transfers]

    def judge(trace: Trace, messages: list[Message]) -> Verdict:
        counts = {kind: sum(one.transfer == kind for one in messages) for kind in Transfer}
        told = words.listed(
            [f"{words.count(many, 'message')} by {kind.label}" for kind, many in counts.items() if many]
        )
        if trace.backend == "threads" and Transfer.REFERENCE not in transfers:
            return Verdict(False, "Between threads nothing has to cross: run it on interpreters.")
        return Verdict(sum(counts[kind] for kind in transfers) == len(messages), f"{told}.")

    return Requirement(f"everything crosses by {' or '.join(asked)}{_of(channel)}", _over(channel, judge))


def _bounded(
    who: str,
    at_most: int | None,
    at_least: int | None,
    channel: str | None,
    noun: str,
    measure: Callable[[list[Message]], int],
    what: str = "",
) -> Requirement:
    if (at_most is None) == (at_least is None):
        raise ValueError(f"{who}() expected one of at_most and at_least: pass exactly one of them")

    def judge(trace: Trace, messages: list[Message]) -> Verdict:
        found = measure(messages)
        met = found <= at_most if at_most is not None else found >= (at_least or 0)
        return Verdict(met, f"{words.count(found, noun)}.")

    bound = f"at most {words.count(at_most, noun)}" if at_most is not None else ""
    bound = bound or f"at least {words.count(at_least or 0, noun)}"
    return Requirement(" ".join(filter(None, (bound, what))) + _of(channel), _over(channel, judge))


def _of(channel: str | None) -> str:
    return "" if channel is None else f" in {words.plain(channel)}"


def _over(channel: str | None, judge: Callable[[Trace, list[Message]], Verdict]) -> Callable[[Trace], Verdict]:
    """`judge` on the messages of one channel or of all, where there are some and none is missing in the record."""

    def judged(trace: Trace) -> Verdict:
        numbers = {one.index for one in trace.channels if channel in (None, one.name)}
        if channel is not None and not numbers:
            known = words.listed([repr(one.name) for one in trace.channels]) or "none"
            return Verdict(False, f"There is no channel {channel!r}; the channels of this run: {known}.")
        if trace.dropped:
            return Verdict(None, f"{words.count(trace.dropped, 'record')} did not fit: send less in one run.")
        messages = [one for one in trace.messages if one.channel in numbers]
        if not messages:
            return Verdict(False, f"No message was sent{_of(channel)} at all.")
        return judge(trace, messages)

    return judged
