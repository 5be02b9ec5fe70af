"""Trace files: what is saved loads equal, and what is not a trace is refused with the place."""

import json
import math
import os
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import TraceFormatError
from runtime.tracing import files
from runtime.tracing.decode import decode
from runtime.tracing.model import (
    Channel,
    CoreSpan,
    Deadlocked,
    Ending,
    Environment,
    Line,
    Message,
    Output,
    Overhead,
    Span,
    Worker,
    WorkerFailure,
)
from runtime.tracing.tables import Table
from runtime.tracing.traces import Trace
from runtime.tracing.values import SavedRepr, pack, unpack
from tests.runtime.tracing.lanes import recordings

PREFIX = struct.Struct("<8sIII")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.trace"


def example(**changes):
    """A trace with something in every field."""
    fields = {
        "name": "squares \N{SNAKE}",
        "backend": "interpreters",
        "wall_ns": 1_000,
        "workers": (
            Worker(0, "produce", "produce", "def produce(): ...\n", "cell.py", 3, 5, 900),
            Worker(1, "square #1", "square", "", "cell.py", 9, 0, 1_000, Ending.RAISED),
        ),
        "channels": (Channel(0, "numbers", 8), Channel(1, "log", None)),
        "messages": Table.of(
            Message,
            [
                (0, 0, 0, 1, 1, 24, 0, 4, 10, 10, 20, 30, 40, 15, 45, 50),
                (0, 1, 1, -1, 0, 2**40, -1, 4, -1, 50, 60, 70, 80, -1, -1, -1),
            ],
        ),
        "spans": Table.of(Span, [(0, 0, 5, 10, 1, -1, -1), (0, 5, 10, 20, 0, 0, 4), (1, 0, 0, 1_000, 0, -1, -1)]),
        "core_spans": Table.of(CoreSpan, [(1, 0, 5, 900)]),
        "outputs": Table.of(Output, [(0, 1, 12, 1), (1, 2, 13, -1)]),
        "lines": Table.of(Line, [(0, 4, 7), (1, 9, 8)]),
        "texts": ("42", "one \ud83d line", ""),
        "results": {"produce": None, "square #1": {"total": [1, 2.5, "x"]}},
        "errors": (WorkerFailure("square #1", "ValueError", "no", "Traceback...", 12),),
        "deadlock": (Deadlocked(0, 1, 1, True, 80, 4), Deadlocked(1, 0, 0, False, 90, -1)),
        "dropped": 3,
        "complete": False,
        "overhead": Overhead(310.5, 2, 1_000, 1_000_000, 1_010_000, 7, 2_500_000, (0.25, 0.5), 12, 0.125),
        "environment": Environment("3.14.0", "CPython", "Linux", "x86_64", 2, False),
    }
    return Trace(**{**fields, **changes})


# --- round trips -------------------------------------------------------------------------------------------------


def test_a_saved_trace_loads_equal(path):
    example().save(path)
    assert Trace.load(path) == example()


def test_an_empty_trace_loads_equal(path):
    trace = Trace(name="", backend="threads", wall_ns=0, workers=())
    trace.save(path)
    assert Trace.load(path) == trace


@given(recordings())
def test_whatever_was_recorded_loads_equal(tmp_path_factory, recording):
    path = tmp_path_factory.getbasetemp() / "any.trace"
    trace = Trace(name="any", backend="threads", **decode(recording).fields())
    trace.save(path)
    assert Trace.load(path) == trace


_PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=()))
    | st.binary(),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.lists(parts, max_size=4).map(tuple)
        | st.dictionaries(st.integers() | st.text() | st.tuples(st.integers(), st.text()), parts, max_size=4)
        | st.sets(st.integers() | st.text() | st.binary(), max_size=4)
        | st.frozensets(st.floats(allow_nan=False), max_size=4)
    ),
    max_leaves=20,
)


def exactly(value):
    """A text that differs whenever types, signs or orders differ."""
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}({sorted(map(exactly, value))})"
    if isinstance(value, dict):
        return f"dict({[(exactly(k), exactly(v)) for k, v in value.items()]})"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({list(map(exactly, value))})"
    return f"{type(value).__name__}({hex(value) if type(value) is int else repr(value)})"


@given(_PLAIN)
def test_plain_values_come_back_with_their_types(value):
    assert exactly(unpack(json.loads(json.dumps(pack(value), allow_nan=False)))) == exactly(value)


def test_a_number_that_is_none_comes_back_as_such():
    assert math.isnan(unpack(pack(math.nan)))


def test_two_halves_of_a_character_stay_two():
    halves = "\ud83d" + "\ude00"
    assert unpack(json.loads(json.dumps(pack(halves)))) == halves


class Point:
    def __repr__(self):
        return "Point(1, 2)"


def test_other_results_are_kept_as_text(path):
    example(results={"produce": [Point(), 1]}).save(path)
    loaded = Trace.load(path)
    assert loaded.results == {"produce": [SavedRepr("Point(1, 2)"), 1]}
    assert repr(loaded.results["produce"][0]) == "Point(1, 2)"
    loaded.save(path)
    assert Trace.load(path) == loaded


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no")


def test_a_result_whose_repr_raises_is_named_by_its_type():
    assert unpack(pack(Unshowable())).text == "<Unshowable whose repr raises RuntimeError>"


def test_a_result_that_contains_itself_is_kept_as_text():
    loop = []
    loop.append(loop)
    assert "[...]" in str(unpack(pack(loop)))


def test_a_result_of_too_many_parts_is_kept_as_short_text():
    value = []
    for _ in range(60):
        value = [value, value]
    assert isinstance(unpack(pack(value)), SavedRepr)


# --- writing -----------------------------------------------------------------------------------------------------


def test_a_trace_that_could_not_be_loaded_is_not_saved(path):
    spans = Table.of(Span, [(7, 0, 0, 1, 0, -1, -1)])
    with pytest.raises(ValueError, match=r"cannot be saved: spans.worker: row 0 is 7, from 0 to 1 was expected"):
        example(spans=spans).save(path)
    assert not path.exists()


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    example().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        example(dropped=4).save(path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_spans_of_several_workers_may_be_mixed(path):
    spans = Table.of(Span, [(1, 0, 0, 5, 0, -1, -1), (0, 0, 3, 9, 0, -1, -1), (1, 0, 5, 8, 0, -1, -1)])
    example(spans=spans).save(path)
    assert Trace.load(path).spans == spans


# --- files that are not right ------------------------------------------------------------------------------------


def refused(path, data):
    path.write_bytes(data)
    with pytest.raises(TraceFormatError) as caught:
        Trace.load(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert ";" in text  # what to do
    return text


def built(header, sections=b"", version=1):
    text = json.dumps(header).encode()
    return PREFIX.pack(files.MAGIC, version, len(text), zlib.crc32(text)) + text + sections


def taken_apart(path):
    """The header of a good file, and its sections by name."""
    data = path.read_bytes()
    _, _, length, _ = PREFIX.unpack_from(data)
    header = json.loads(data[PREFIX.size : PREFIX.size + length])
    at, sections = PREFIX.size + length, {}
    for section in header["sections"]:
        sections[section["name"]] = data[at : at + section["bytes"]]
        at += section["bytes"]
    return header, sections


def with_section(path, name, data, **changes):
    """A good file in which one section is another one, with the right checksum."""
    header, sections = taken_apart(path)
    sections[name] = data
    (entry,) = (entry for entry in header["sections"] if entry["name"] == name)
    entry.update(bytes=len(data), crc32=zlib.crc32(data), packed=False, **changes)
    return built(header, b"".join(sections.values()))


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04" + bytes(100), b'{"nbformat": 4}', os.urandom(500)])
def test_a_foreign_file_is_refused(path, data):
    assert "byte 0: this is not a trace file" in refused(path, data)


def test_a_newer_version_says_so(path):
    assert "update this one" in refused(path, built({}, version=2))


@pytest.mark.parametrize("kept", [8, 15, 20, 60, -1])
def test_a_file_cut_short_is_refused(path, kept):
    example().save(path)
    refused(path, path.read_bytes()[:kept])


def test_a_file_with_something_behind_is_refused(path):
    example().save(path)
    assert "bytes follow the last section" in refused(path, path.read_bytes() + b"!")


def test_a_length_beyond_the_file_takes_no_memory(path):
    data = PREFIX.pack(files.MAGIC, 1, 0xFFFF_FFFF, 0) + b"{}"
    assert "4294967295 bytes were expected, the file has 2 more" in refused(path, data)


def test_a_section_s_length_beyond_the_file_takes_no_memory(path):
    example().save(path)
    header, _ = taken_apart(path)
    header["sections"][0]["bytes"] = 1 << 60
    assert "bytes were expected" in refused(path, built(header))


def test_a_bomb_is_not_inflated(path):
    example().save(path)
    bomb = zlib.compress(bytes(1 << 20), 9)
    header, sections = taken_apart(path)
    header["sections"][0].update(bytes=len(bomb), crc32=zlib.crc32(bomb), packed=True, items=1 << 40)
    first = header["sections"][0]["name"]
    assert "may inflate to" in refused(path, built(header, b"".join({**sections, first: bomb}.values())))
    header["sections"][0].update(items=10, type="b")
    assert "does not inflate to the 10 bytes" in refused(
        path, built(header, b"".join({**sections, first: bomb}.values()))
    )


def test_nesting_without_end_is_refused(path):
    refused(path, built({}).replace(b"{}", b"[" * 2))
    text = b"[" * 200_000
    refused(path, PREFIX.pack(files.MAGIC, 1, len(text), zlib.crc32(text)) + text)


@pytest.mark.parametrize(
    ("section", "values", "kind", "says"),
    [
        ("messages.sender", [0, 2], "b", "messages.sender: row 1 is 2, from 0 to 1 was expected"),
        ("messages.receiver", [-2, 0], "b", "messages.receiver: row 0 is -2, from -1 to 1"),
        ("messages.channel", [0, 5], "i", "messages.channel: row 1 is 5"),
        ("messages.transfer", [0, 77], "b", "messages.transfer: row 1 is 77"),
        ("messages.preview", [3, 0], "b", "messages.preview: row 0 is 3"),
        ("messages.began_ns", [-1, 0], "q", "messages.began_ns: row 0 is -1"),
        ("messages.sent_ns", [0, 80], "q", "messages: row 0 has admitted_ns 30 after sent_ns 0"),
        ("messages.sent_ns", [40], "q", "columns of Message differ in length"),
        ("spans.state", [0, 9, 0], "b", "spans.state: row 1 is 9"),
        ("spans.evidence", [0, 2, 0], "b", "spans.evidence: row 1 is 2"),
        (
            "spans.began_ns",
            [5, 9, 0],
            "q",
            "spans: row 1 begins at 9, before the span of worker 0 ahead of it ends (10)",
        ),
        ("spans.ended_ns", [4, 20, 1_000], "q", "spans: row 0 has began_ns 5 after ended_ns 4"),
        ("core_spans.core", [-1], "q", "core_spans.core: row 0 is -1"),
        ("outputs.stream", [1, 3], "b", "outputs.stream: row 1 is 3"),
        ("outputs.text", [1, 9], "b", "outputs.text: row 1 is 9"),
        ("texts.lengths", [2, -1, 12], "q", "the lengths do not add up"),
    ],
)
def test_values_that_cannot_be_are_refused(path, section, values, kind, says):
    example().save(path)
    data = struct.pack(f"<{len(values)}{kind}", *values)
    assert says in refused(path, with_section(path, section, data, type=kind, items=len(values)))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda h: h.pop("workers"), "an array was expected at 'workers'"),
        (lambda h: h["workers"][0].pop("name"), "header, workers[0]: 'name' is missing"),
        (lambda h: h["workers"][0].update(ending="escaped"), "one of returned, raised, stopped, lost was expected"),
        (lambda h: h["workers"][0].update(began_ns=1_000), "a life from 1000 to 900 cannot be"),
        (lambda h: h["workers"][0].update(index=1), "header, workers[0]: its index is 1"),
        (lambda h: h["fields"].update(wall_ns={"int": "0x" + "f" * 99}), "it does not fit into 64 bits"),
        (lambda h: h["channels"][0].update(capacity="8"), "int | None was expected, not '8'"),
        (lambda h: h["fields"].update(wall_ns=1.5), "int was expected, not 1.5"),
        (lambda h: h["fields"].update(complete=1), "bool was expected, not 1"),
        (lambda h: h["overhead"].update(shares={"tuple": [0.5, "x"]}), "shares: numbers were expected, not 'x'"),
        (lambda h: h["overhead"].update(shares=[0.5]), "shares: tuple[float, ...] was expected"),
        (lambda h: h["deadlock"][0].update(worker=2), "deadlock[0]: Deadlocked(worker=2"),
        (lambda h: h["deadlock"][1].update(channel=2), "was not expected with 2 workers, 2 channels"),
        (lambda h: h["deadlock"].pop(), "deadlock[0]: it waits for worker 1, 0 was expected, the next of the ring"),
        (lambda h: h["results"].append(["x"]), "results[2]: a worker's name and its result were expected"),
        (lambda h: h["results"].append(["x", {"eval": "1"}]), "results[2]: unknown tag 'eval'"),
        (lambda h: h["results"].append(["x", {"set": [[1]]}]), "results[2]: tag 'set'"),
        (lambda h: h["results"].append(["x", {"bytes": "?"}]), "results[2]: tag 'bytes'"),
        (lambda h: h["sections"].append(h["sections"][0]), "is there twice"),
        (lambda h: h["sections"][0].update(items=-1), "a length is negative"),
        (lambda h: h["sections"][0].update(name="messages.colour"), "section 'messages.sender': it is missing"),
    ],
)
def test_headers_that_cannot_be_are_refused(path, change, says):
    example().save(path)
    header, sections = taken_apart(path)
    change(header)
    assert says in refused(path, built(header, b"".join(sections.values())))


def test_what_a_later_release_adds_is_ignored(path):
    example().save(path)
    header, sections = taken_apart(path)
    header["mood"] = "good"
    header["fields"]["mood"] = "good"
    header["workers"][0]["mood"] = "good"
    header["sections"].append(
        {"name": "moods", "type": "z", "items": 3, "bytes": 3, "crc32": zlib.crc32(b"abc"), "packed": False}
    )
    path.write_bytes(built(header, b"".join([*sections.values(), b"abc"])))
    assert Trace.load(path) == example()


def test_a_field_that_an_earlier_release_did_not_know_has_its_default(path):
    example().save(path)
    header, sections = taken_apart(path)
    del header["fields"]["dropped"], header["overhead"]["samples"]
    path.write_bytes(built(header, b"".join(sections.values())))
    assert Trace.load(path).dropped == 0


def test_a_file_without_lines_has_none(path):
    example().save(path)
    header, sections = taken_apart(path)
    header["sections"] = [entry for entry in header["sections"] if not entry["name"].startswith("lines.")]
    path.write_bytes(built(header, b"".join(sections[entry["name"]] for entry in header["sections"])))
    assert Trace.load(path) == example(lines=Table.of(Line, []))


def test_a_file_of_before_deadlocks_were_saved_has_none(path):
    example().save(path)
    header, sections = taken_apart(path)
    del header["deadlock"]
    path.write_bytes(built(header, b"".join(sections.values())))
    assert Trace.load(path) == example(deadlock=())


def test_a_ring_that_is_none_is_not_saved(path):
    with pytest.raises(ValueError, match=r"cannot be saved: deadlock\[0\]: it waits for worker 1, 0 was expected"):
        example(deadlock=(Deadlocked(0, 1, 0, False, 0, -1),)).save(path)


def mutated(data, chance):
    """`data` with one thing wrong."""
    at = chance.randrange(len(data))
    kind = chance.randrange(4)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at]
    if kind == 2:
        return data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:]
    return data[:at] + chance.randbytes(min(8, len(data) - at)) + data[at + 8 :]


def with_checksums(data):
    """`data` with checksums that are right again, as far as it can be taken apart: so that they do not catch all."""
    try:
        magic, version, length, _ = PREFIX.unpack_from(data)
        text = data[PREFIX.size : PREFIX.size + length]
        header, at = json.loads(text), PREFIX.size + length
        for section in header["sections"]:
            section["crc32"] = zlib.crc32(data[at : at + section["bytes"]])
            at += section["bytes"]
        sections = data[PREFIX.size + length :]
        text = json.dumps(header).encode()
    except (struct.error, ValueError, KeyError, TypeError, RecursionError):
        return data
    return PREFIX.pack(magic, version, len(text), zlib.crc32(text)) + text + sections


def survive(path, count, seed):
    chance = random.Random(seed)
    example().save(path)
    good = path.read_bytes()
    loaded = 0
    for _ in range(count):
        damaged = mutated(good, chance)
        if chance.randrange(2):
            damaged = with_checksums(damaged)
        path.write_bytes(damaged)
        try:
            trace = Trace.load(path)
        except TraceFormatError:
            continue
        loaded += 1
        trace.breakdown()
        trace.save(path)
        assert Trace.load(path).messages == trace.messages
    return loaded


def test_a_damaged_file_is_refused_or_means_something(path):
    assert survive(path, 2_000, seed=1) < 2_000


@pytest.mark.soak
def test_a_hundred_thousand_damaged_files(path):
    survive(path, 100_000, seed=2)


def test_checksums_catch_every_damage(path):
    chance = random.Random(3)
    example().save(path)
    good = path.read_bytes()
    for _ in range(300):
        damaged = mutated(good, chance)
        if damaged != good:
            refused(path, damaged)
