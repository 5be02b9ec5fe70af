"""Ratios, and result files."""

from __future__ import annotations

import json

import pytest

from runtime.bench import regression
from runtime.bench.results import Entry, load, ratios, save
from tests.runtime.bench.built import BY_CHANNELS, entry, results


def test_a_ratio_is_the_median_of_the_rounds_so_that_a_slow_round_hurts_both():
    found = results(entry("bare", 10, 1000, 12), entry("recorded", 15, 1500, 18)).ratio(
        "pair", "round trip", "recorded", "bare"
    )
    assert found.median == 1.5
    assert found.best == 1.5


def test_a_turn_is_its_slices_median_and_best():
    one = Entry("one", "One")
    one.add({"round trip": [5.0, 1.0, 9.0], "stream": []})
    assert one.turns == [{"round trip": (5.0, 1.0)}]


def test_ratios_are_to_the_reference_or_to_the_first_column():
    both = Entry("recorded", "recorded")
    both.add({"1": [10.0], "64": [12.0]})
    assert dict(ratios(results(both, table=BY_CHANNELS, suite="many"))) == {
        "many / 64 / recorded : recorded": (1.2, 1.2)
    }
    assert list(dict(ratios(results(entry("bare", 10), entry("pipe", 30))))) == ["pair / round trip / pipe : bare"]


def test_without_the_reference_the_first_that_is_there_takes_its_place():
    suite = results(Entry("bare", "bare", "no eventfd"), entry("recorded", 10)).suites["pair"]
    assert suite.reference_of(suite.tables[0]).name == "recorded"


def test_a_result_file_reads_as_it_was_written(tmp_path):
    written = results(entry("bare", 10, 11), Entry("culsans", "culsans", "not installed"))
    save(written, str(tmp_path / "file.json"))
    assert ratios_of(load(str(tmp_path / "file.json"))) == ratios_of(written)
    assert load(str(tmp_path / "file.json")).suites["pair"].entries[1].missing == "not installed"


def ratios_of(read):
    return dict(ratios(read)), read.machine, read.suites["pair"].tables


@pytest.mark.parametrize("content", ["[]", "{}", '{"format": "other", "version": 1}', "no json"])
def test_a_foreign_file_is_refused(tmp_path, content):
    (tmp_path / "file.json").write_text(content)
    with pytest.raises(ValueError, match=r"file\.json"):
        load(str(tmp_path / "file.json"))


def test_a_file_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "file.json"
    save(results(entry("bare", 10)), str(path))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 99}))
    with pytest.raises(ValueError, match="version 99"):
        load(str(path))


def test_worse_is_what_both_the_median_and_the_best_say():
    before = results(entry("bare", 10, 10), entry("recorded", 12, 12), entry("pipe", 12, 12))
    now = results(entry("bare", 10, 10), entry("recorded", 17, 17), entry("pipe", 99, 99))
    (found,) = regression.worse(now, before)  # a peer that became slower is not our regression
    assert found.name == "pair / round trip / recorded : bare"
    assert (found.was, found.now) == (1.2, 1.7)
    assert not regression.worse(results(entry("bare", 10, 10), entry("recorded", 12, 99)), before)
    assert not regression.worse(before, now)


def test_what_was_not_measured_before_is_not_compared():
    before = results(entry("bare", 10))
    assert not regression.worse(results(entry("bare", 10), entry("recorded", 99)), before)
