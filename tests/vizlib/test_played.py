"""What a page plays is what was recorded."""

import dataclasses

import pytest

from runtime.tracing.model import NONE, State
from tests.vizlib import builders
from vizlib import played
from vizlib.palette import STYLES


@pytest.mark.parametrize("backend", ["interpreters", "threads"])
def test_every_span_is_played_at_its_time(backend):
    trace = builders.squares(backend)
    run = played.played(trace, "title")
    recorded = [(s.worker, s.state, s.began_ns, s.ended_ns, s.channel, s.line) for s in trace.spans]
    fields = ("state", "began", "ended", "channel", "line")
    shown = [
        (index, *row)
        for index, worker in enumerate(run["workers"])
        for row in zip(*(worker["spans"][field] for field in fields), strict=True)
    ]
    assert shown == recorded


def test_every_message_is_played():
    trace = builders.squares()
    messages = played.played(trace, "")["messages"]
    shown = zip(*(messages[name] for name in ("sender", "receiver", "channel", "admitted", "taken")), strict=True)
    assert sorted(shown) == sorted((m.sender, m.receiver, m.channel, m.admitted_ns, m.taken_ns) for m in trace.messages)
    assert messages["preview"][:2] == ["0", "1"]
    assert set(messages["bytes"]) == {"24 B"}
    assert messages["began"] == sorted(messages["began"])


def test_too_many_spans_are_joined_and_said(monkeypatch):
    monkeypatch.setattr(played, "SPANS", 40)
    trace = builders.squares()
    run = played.played(trace, "")
    spans = [worker["spans"] for worker in run["workers"]]
    assert sum(map(sum, (one["count"] for one in spans))) == len(trace.spans)
    for one in spans:
        assert all(end <= begin for end, begin in zip(one["ended"], one["began"][1:], strict=False))
    assert "are short and played joined" in run["notes"][0]


def test_too_many_messages_are_cut_and_said(monkeypatch):
    monkeypatch.setattr(played, "MESSAGES", 10)
    run = played.played(builders.squares(), "")
    assert len(run["messages"]["began"]) == 10
    assert run["notes"] == ["The first 10 of 48 messages are played."]


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


def test_a_joined_span_concerns_no_channel(monkeypatch):
    monkeypatch.setattr(played, "SPANS", 2)
    spans = played.played(builders.squares(), "")["workers"][0]["spans"]
    assert spans["channel"] == [NONE] * len(spans["channel"])
