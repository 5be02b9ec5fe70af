"""`python -m runtime bench` measures: every contestant can play, and those that cannot are named."""

from __future__ import annotations

import os

import pytest

from runtime.__main__ import main
from runtime.bench import command, passing, results, turn, ways
from runtime.bench.catalogue import SUITES

TINY = {
    "slices": 2,
    "trips": 5,
    "streams": {"stream of 8 B": 20, "stream in batches": 4},
    "slow": {"slices": 1, "trips": 1, "streams": {"stream of 8 B": 4}},
}
NOT_OURS = ("culsans", "aiologic", "backport queue", "backport channel")
ALIKE = ("rendezvous", "unbounded", "unrecorded")  # they play as `recorded` does


@pytest.fixture
def tiny(monkeypatch):
    """The first suite, with hardly anything to do."""
    monkeypatch.setitem(SUITES, "pair", SUITES["pair"]._replace(plan=TINY, quick={}, rounds=1))


@pytest.mark.parametrize("name", [name for name in passing.PASSERS if name not in (*NOT_OURS, *ALIKE)])
def test_every_way_to_pass_objects_can_be_measured(name):
    contestant = SUITES["pair"].contestants[name]
    if contestant.missing():
        pytest.skip(contestant.missing())
    measured = turn.take_turn("pair", name, TINY)
    assert all(took > 0 for seen in measured.values() for took in seen)
    assert len(measured["round trip"]) == (1 if passing.PASSERS[name].slow else 2)
    assert ("stream of 8 B" in measured) == passing.PASSERS[name].streams


@pytest.mark.parametrize(
    ("suite", "name", "plan"),
    [
        ("fan", "threads", {"slices": 1, "messages": 8}),
        ("many", "recorded", {"slices": 1, "messages": 8, "channels": [1, 4]}),
        ("select", "recorded", {"slices": 1, "messages": 8}),
        ("flood", "recorded", {"messages": 100}),
        ("speedup", "in turn", {"size": 10}),
        ("pool", "recorded", {"slices": 1, "tasks": 5}),
        ("startup", "threads", {"runs": 1, "workers": [2]}),
        ("memory", "threads", {"workers": 2}),
        *(
            ("sizes", name, {"sizes": {"8 B": (8, 2), "4 kB": (4096, 2)}, "flow": 6, "held": 1_000_000})
            for name in ways.WAYS
        ),
    ],
)
def test_every_suite_can_be_measured(suite, name, plan):
    if not SUITES[suite].contestants[name].missing():
        assert turn.take_turn(suite, name, plan)


def test_the_command_prints_the_tables_and_keeps_the_figures(tiny, capsys, tmp_path):
    kept, page = str(tmp_path / "kept.json"), tmp_path / "page.md"
    assert main(["bench", "pair", "--only", "recorded,simple queue", "--json", kept, "--page", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "Round trip: an integer goes there and comes back" in printed
    assert "this runtime " in printed
    assert results.load(kept).ratio("pair", "round trip", "recorded", "simple queue").median > 0
    assert "# How fast" in page.read_text(encoding="utf-8")


def test_a_contestant_that_fails_is_named_with_its_last_words(monkeypatch, capsys):
    broken = SUITES["pair"]._replace(plan=TINY | {"streams": {"no such stream": 1}}, rounds=1)
    monkeypatch.setitem(SUITES, "pair", broken)
    assert main(["bench", "pair", "--only", "simple queue"]) == 0
    assert "queue.SimpleQueue, threads: failed: KeyError: 'no such stream'" in capsys.readouterr().out


@pytest.mark.skipif(not hasattr(os, "eventfd"), reason="the bare primitive needs eventfd")
def test_a_ratio_that_became_a_third_worse_fails(tiny, capsys, tmp_path):
    kept = str(tmp_path / "kept.json")
    main(["bench", "pair", "--only", "bare,recorded", "--json", kept])
    baseline = results.load(kept)
    entry = baseline.suites["pair"].entry("recorded")
    entry.turns = [{name: (took / 1e6, best / 1e6) for name, (took, best) in turn.items()} for turn in entry.turns]
    results.save(baseline, kept)
    capsys.readouterr()
    assert main(["bench", "pair", "--only", "bare,recorded", "--baseline", kept]) == 1
    assert "WORSE  pair / round trip / recorded : bare" in capsys.readouterr().out


def test_ctrl_c_keeps_the_suites_that_are_measured(tiny, monkeypatch, capsys, tmp_path):
    def take_turn(suite, contestant, plan):
        if suite == "fan":
            raise KeyboardInterrupt
        return {"round trip": [10.0]}

    monkeypatch.setattr(command, "take_turn", take_turn)
    kept = tmp_path / "kept.json"
    assert main(["bench", "pair", "fan", "--only", "recorded", "--json", str(kept)]) == 0
    assert "stopped before 'fan' was measured" in capsys.readouterr().out
    assert list(results.load(str(kept)).suites) == ["pair"]


def test_a_suite_that_there_is_not(capsys):
    assert main(["bench", "speed"]) == 2
    assert "there is no suite 'speed'; there are pair, fan" in capsys.readouterr().err
