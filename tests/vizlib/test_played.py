"""What a page draws and plays is what was recorded: every span, stay, message and print, at its time."""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.tracing.model import NONE, Channel, CoreSpan, Evidence, Message, Output, State, Transfer
from tests.vizlib import builders
from vizlib import played
from vizlib.packing import numbers
from vizlib.palette import RARITY, STYLES

TIME = st.integers(0, 10**13)  # up to nearly three hours


@st.composite
def traces(draw):
    """Any trace at all: lives that abut, here and there with gaps, messages in every stage, prints, stays on cores."""
    workers = draw(st.integers(1, 4))
    spans, cores, messages = [], [], []
    who = st.integers(0, workers - 1)
    for worker in range(workers):
        moments = sorted(draw(st.lists(TIME, max_size=12)))
        for began, ended in itertools.pairwise(moments):
            state = draw(st.sampled_from(list(State)))
            more = {"channel": draw(st.integers(NONE, 1)), "line": draw(st.integers(NONE, 14))}
            spans.append(builders.span(worker, state, began, ended, draw(st.sampled_from(list(Evidence))), **more))
        cores += [CoreSpan(draw(st.integers(0, 2)), worker, *pair) for pair in itertools.pairwise(moments[::2])]
    for serial in range(draw(st.integers(0, 8))):
        stages = draw(st.integers(1, 7))
        times = [*sorted(draw(st.lists(TIME, min_size=stages, max_size=stages))), *[NONE] * (7 - stages)]
        receiver = draw(who) if stages == 7 else NONE
        messages.append(Message(draw(who), serial, 0, receiver, draw(st.sampled_from(list(Transfer))), draw(TIME),
                                draw(st.integers(NONE, 1)), 13, 11, *times))  # fmt: skip
    moments = draw(st.lists(TIME, max_size=4))
    outputs = [Output(draw(who), draw(st.integers(1, 2)), at, draw(st.integers(NONE, 1))) for at in moments]
    return builders.trace(
        [builders.worker(index, f"w #{index}", 0, 10**13) for index in range(workers)], spans, messages=messages,
        core_spans=cores, outputs=outputs, channels=[Channel(0, "c", 1), Channel(1, "d", None)], texts=["one", "two"],
    )  # fmt: skip


def columns(table, *fields):
    return list(zip(*(numbers(table[field]).tolist() for field in fields), strict=True))


@given(traces())
def test_every_span_is_there_at_its_time(trace):
    run = played.played(trace, "title")
    fields = ("state", "began", "ended", "channel", "line", "inferred")
    shown = [(index, *row) for index, one in enumerate(run["workers"]) for row in columns(one["spans"], *fields)]
    assert sorted(shown) == sorted(
        (s.worker, s.state, s.began_ns, s.ended_ns, s.channel, s.line, int(s.evidence == Evidence.INFERRED))
        for s in trace.spans
    )
    for one in run["workers"]:
        assert columns(one["spans"], "began", "ended") == sorted(columns(one["spans"], "began", "ended"))


@given(traces())
def test_every_stay_on_a_core_is_there_at_its_time(trace):
    run = played.played(trace, "title")
    shown = [(one["core"], *row) for one in run["cores"] for row in columns(one, "worker", "began", "ended")]
    assert sorted(shown) == sorted(trace.core_spans)
    assert len(run["lanes"]["cores"]) == len(run["cores"])


@given(traces())
def test_every_message_is_there_with_all_its_moments(trace):
    run = played.played(trace, "title")
    fields = ("sender", "receiver", "channel", "transfer", "size", "send_line", "recv_line",
              "began", "encoded", "admitted", "sent", "asked", "taken", "received")  # fmt: skip
    shown = columns(run["messages"], *fields)
    expected = [
        tuple(getattr(m, name if hasattr(m, name) else f"{name}_ns") for name in fields) for m in trace.messages
    ]
    assert sorted(shown) == sorted(expected)
    texts = [run["texts"][i] if i >= 0 else "" for i in run["messages"]["preview"].tolist()]
    assert sorted(texts) == sorted(trace.text(m.preview) for m in trace.messages)
    assert run["messages"]["began"].tolist() == sorted(m.began_ns for m in trace.messages)


@given(traces())
def test_every_print_is_there(trace):
    run = played.played(trace, "title")
    shown = [
        (at, worker, stream, run["printed"][text] if text >= 0 else "")
        for at, worker, stream, text in columns(run["outputs"], "at", "worker", "stream", "text")
    ]
    assert sorted(shown) == sorted((o.at_ns, o.worker, o.stream, trace.text(o.text)) for o in trace.outputs)


def test_of_too_many_texts_the_first_are_kept_and_it_is_said(monkeypatch):
    monkeypatch.setattr(played, "TEXTS", 10)
    trace = builders.squares()
    run = played.played(trace, "")
    assert len(run["messages"]["began"]) == 48
    assert run["texts"] == list(trace.texts[:10])
    assert set(run["messages"]["preview"].tolist()) == {NONE, *range(10)}
    assert list(played.notes(trace)) == [
        "Of 48 different values the first 10 can be read here; all messages are drawn."
    ]


def test_who_has_a_lock():
    assert played.gil(builders.squares()) == "own"
    assert played.gil(builders.squares("threads")) == "one"
    assert played.gil(builders.trace(backend="shared-gil")) == "one"
    free = builders.trace(backend="threads", environment=dataclasses.replace(builders.PLACE, gil=False))
    assert played.gil(free) == "none"


def test_states_are_told_by_their_number():
    table = played.states()
    assert [one["label"] for one in table] == [state.label for state in State]
    assert all(table[state]["color"] == STYLES[state].color for state in State)
    assert sorted(RARITY) == list(State)


@pytest.mark.parametrize("ending", ["raised ValueError: not a <number>", "was stopped"])
def test_a_failed_worker_says_how_it_ended(ending):
    workers = played.played(builders.failing(), "")["workers"]
    assert ending in [worker["told"] for worker in workers if worker["failed"]]
