"""What a page unpacks is what was packed: checked with a reader made from the format's description alone."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vizlib.packing import Near, numbers, pack

WHOLE = st.integers(-(2**50), 2**50)
DTYPES = {"i1": np.int8, "i2": np.int16, "i4": np.int32, "f8": np.int64}


def read(note, table, data):
    """The numbers of a column, in exact Python integers."""
    offset, count, wide, how, _ = note["column"]
    found = []
    for i in range(count):
        unsigned = sum(data[offset + plane * count + i] << (8 * plane) for plane in range(wide))
        found.append(unsigned // 2 if unsigned % 2 == 0 else -(unsigned + 1) // 2)
    if how == "steps":
        return [int(one) for one in np.cumsum(np.array(found, dtype=np.int64))]
    if how != "plain":
        name, ahead = how
        near = read(table[name], table, data)
        return [one + near[min(i + ahead, count - 1)] for i, one in enumerate(found)]
    return found


@st.composite
def tables(draw):
    rows = draw(st.integers(0, 30))
    column = st.lists(WHOLE, min_size=rows, max_size=rows)
    table = {"began": np.array(draw(column), dtype=np.int64)}
    table["ended"] = Near(np.array(draw(column), dtype=np.int64), "began", draw(st.integers(0, 2)))
    table["taken"] = Near(np.array(draw(column), dtype=np.int64), "ended")
    small = st.lists(st.integers(-128, 127), min_size=rows, max_size=rows)
    table["state"] = np.array(draw(small), dtype=draw(st.sampled_from([np.int8, np.int16, np.int32])))
    return table


@given(st.lists(tables(), max_size=3))
def test_every_number_survives(made):
    noted, data = pack({"runs": made, "name": "squares"})
    noted = json.loads(json.dumps(noted))
    assert noted["name"] == "squares"
    for table, notes in zip(made, noted["runs"], strict=True):
        for name, column in table.items():
            assert read(notes[name], notes, data) == numbers(column).tolist()
            kind = notes[name]["column"][-1]
            assert DTYPES[kind] == numbers(column).dtype


def test_spans_that_abut_take_no_room_for_their_ends():
    began = np.arange(1_000, dtype=np.int64) * 977
    ended = np.append(began[1:], began[-1])
    noted, data = pack({"began": began, "ended": Near(ended, "began", 1)})
    assert noted["ended"]["column"][2] == 0
    assert len(data) == 2 * len(began)


def test_too_large_a_difference_is_refused():
    with pytest.raises(ValueError, match=r"differences up to 2\*\*52, got one of 9,007,199,254,740,992"):
        pack({"at": np.array([2**53, -(2**53)])})
