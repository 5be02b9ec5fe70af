"""The page's own functions, in a real browser, against straightforward ones: what is merged, counted, found, said."""

from __future__ import annotations

from importlib import resources

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.vizlib import builders
from tests.vizlib.test_packing import tables
from tests.vizlib.test_played import traces
from vizlib import packing, played, words

pytestmark = pytest.mark.browser

SOME = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def scripts(playwright_browser):
    """A page that holds the scripts as the pictures do, each as a function in `window`."""
    page = playwright_browser.new_page()
    for name in ("detail", "columns", "wording", "messages"):
        source = resources.files("vizlib").joinpath("assets", f"{name}.js").read_text("utf-8")
        page.evaluate(f"() => {{ window.{name} = {source} }}")
    page.evaluate("() => { window.Detail = detail() }")
    yield page
    page.close()


@pytest.fixture
def page(browser_path, scripts):
    return scripts


# ---- what is seen of a lane ----------------------------------------------------------------------------------------

HEIGHTS = [1.0, 0.82, 0.5, 0.3]
ORDER, RARITY = [0, 1, 3, 2], [3, 2, 1, 0]
TOP, BOTTOM, ROWS = 6, 28, 34
INKS = [11, 22, 33, 44, 55, 66, 77, 88]  # by kind, then pale by kind

LANE = """([spans, pale]) => ({
    began: Float64Array.from(spans, (one) => one[0]), ended: Float64Array.from(spans, (one) => one[1]),
    kind: Int8Array.from(spans, (one) => one[2]), pale: pale ? Int8Array.from(spans, (one) => one[3]) : null,
    heights: %s, order: %s, rarity: %s, top: %d, bottom: %d,
})""" % (HEIGHTS, ORDER, RARITY, TOP, BOTTOM)  # noqa: UP031  # braces are JavaScript's

SEE = f"""([spans, pale, from, pitch, width, most, what]) => {{
    const lane = ({LANE})([spans, pale]);
    const found = Detail.survey(lane, from, pitch, width, most);
    const image = new Uint32Array(width * {ROWS});
    const ticks = Detail.paint(lane, found, {{ image, width, inks: {INKS}, what }});
    const plain = Object.fromEntries(Object.entries(found).map(([name, value]) =>
        [name, typeof value === "number" ? value : [...value]]));
    return {{ ...plain, ticks, image: [...image] }};
}}"""


@st.composite
def lanes(draw, overlapping=False):
    """Spans in the order of time, as [began, ended, kind, pale]: mostly abutting, some with gaps, some of no length."""
    spans, at = [], draw(st.integers(0, 20))
    lengths = st.one_of(st.just(0), st.integers(1, 5), st.integers(1, 70))
    for _ in range(draw(st.integers(0, 40))):
        length = draw(lengths)
        spans.append([at, at + length, draw(st.integers(0, 3)), draw(st.integers(0, 1))])
        at += draw(st.integers(0, length)) if overlapping else length + draw(st.sampled_from([0, 0, 0, 7]))
    return sorted(spans)


@st.composite
def views(draw):
    """Where the first column begins, how long one is, and how many there are."""
    pitch = draw(st.sampled_from([0.5, 1, 2.5, 5, 16, 100]))
    return draw(st.integers(-20, 60)), pitch, draw(st.integers(1, 25))


def overlap(span, begin, end):
    return max(0.0, min(span[1], end) - max(span[0], begin))


@SOME
@given(st.one_of(lanes(), lanes(overlapping=True)), views(), st.booleans())
def test_no_time_is_lost_or_moved_and_every_span_is_counted(page, spans, view, pale):
    start, pitch, width = view
    end = start + pitch * width
    seen = page.evaluate(SEE, [spans, pale, start, pitch, width, 1_000, "all"])
    inside = [i for i, one in enumerate(spans) if one[0] < end and one[1] > start]
    wide = [i for i in inside if spans[i][1] - spans[i][0] >= pitch]
    assert (seen["shown"], seen["joined"]) == (len(inside), len(inside) - len(wide))
    assert (seen["bars"], seen["narrow"]) == (wide, [i for i in inside if i not in wide])
    slots = 8 if pale else 4
    area = np.array(seen["area"]).reshape(width, slots)
    for slot in range(slots):
        mine = [one for one in spans if one[2] + (4 if pale and one[3] else 0) == slot]
        for column in range(width):
            begin = start + column * pitch
            expected = sum(overlap(one, begin, begin + pitch) for one in mine) / pitch
            assert area[column, slot] == pytest.approx(expected, abs=1e-6)


@SOME
@given(lanes(), views())
def test_a_span_narrower_than_a_column_marks_where_it_is(page, spans, view):
    start, pitch, width = view
    seen = page.evaluate(SEE, [spans, False, start, pitch, width, 1_000, "all"])
    merged, short = [0] * width, [0] * width
    for i in seen["narrow"]:
        began, ended, kind, _ = spans[i]
        first, last = max((began - start) / pitch, 0), min((ended - start) / pitch, width)
        merged[min(int(first), width - 1)] = merged[min(int(last), width - 1)] = 1
        short[min(int((first + last) / 2), width - 1)] |= 1 << kind
    assert seen["merged"] == merged
    assert seen["short"] == short


@SOME
@given(lanes(), views(), st.booleans(), st.sampled_from(["all", "merged", "ticks"]))
def test_each_column_has_the_area_of_its_bars_and_a_tick_for_what_is_too_short(page, spans, view, pale, what):
    start, pitch, width = view
    seen = page.evaluate(SEE, [spans, pale, start, pitch, width, 1_000, what])
    image = np.array(seen["image"]).reshape(ROWS, width)
    area = np.array(seen["area"]).reshape(width, -1)
    ticks = 0
    for x in range(width):
        expected = [0] * ROWS
        visible, risen, level = set(), 0, 0.0
        for slot in [*ORDER, *(kind + 4 for kind in ORDER)][: area.shape[1]]:
            level += area[x, slot] * HEIGHTS[slot % 4]
            rows = min(int(np.floor(level * (BOTTOM - TOP) + 0.5)), BOTTOM - TOP)
            if rows > risen:
                if what != "ticks":
                    expected[BOTTOM - rows : BOTTOM - risen] = [INKS[slot]] * (rows - risen)
                risen = rows
                visible.add(slot % 4)
        hidden = [kind for kind in RARITY if seen["short"][x] >> kind & 1 and kind not in visible]
        if hidden:
            expected[TOP - 3 : TOP - 1] = [INKS[hidden[0]]] * 2
            ticks += 1
        if what != "all" and not seen["merged"][x]:
            expected = [0] * ROWS
        assert image[:, x].tolist() == expected
    assert seen["ticks"] == ticks


@SOME
@given(lanes(overlapping=True), st.integers(-10, 500), st.integers(1, 60))
def test_what_the_pointer_is_over_is_found_in_the_columns(page, spans, at, wide):
    ask = f"([spans, at, to]) => {{ const lane = ({LANE})([spans, false]);"
    ask += " const found = Detail.within(lane, at, to);"
    ask += " return [found.count, [...found.times], Detail.at(lane, at)]; }"
    count, times, here = page.evaluate(ask, [spans, at, at + wide])
    inside = [one for one in spans if one[0] < at + wide and one[1] > at]
    assert count == len(inside)
    assert times == [sum(overlap(one, at, at + wide) for one in inside if one[2] == kind) for kind in range(4)]
    under = [i for i, one in enumerate(spans) if one[0] <= at < one[1]]
    assert here == (under[0] if under else -1)


# ---- columns and words ---------------------------------------------------------------------------------------------


@SOME
@given(tables())
def test_the_page_reads_what_was_packed(page, table):
    noted, data = packing.pack({"table": table, "name": "squares"})
    read = page.evaluate(
        """([noted, bytes]) => {
            const { table, name } = columns({ bytes: Uint8Array.from(bytes) }).revive(noted);
            return [name, Object.fromEntries(Object.entries(table).map(([key, column]) => [key, [...column]]))];
        }""",
        [noted, list(data)],
    )
    assert read == ["squares", {name: packing.numbers(column).tolist() for name, column in table.items()}]


@given(st.lists(st.one_of(st.integers(0, 10**4), st.integers(0, 10**13)), min_size=1, max_size=200))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_numbers_read_as_they_do_elsewhere(page, values):
    values = [*values, 1_125, 12_500, 9_995, 99_950, 119_500_000_000, 10**9 - 1]
    said = page.evaluate(
        """(values) => { const { duration, bytes, grouped } = wording({ states: [], transfers: [] });
            return values.map((one) => [duration(one), bytes(one), grouped(String(one))]); }""",
        values,
    )
    assert said == [[words.duration(one), words.size(one), f"{one:,}"] for one in values]


# ---- messages ------------------------------------------------------------------------------------------------------


def found_in_browser(page, trace, what):
    """What the page's search of `trace`'s messages finds: `what` is an expression in `found` and `run`."""
    content, data = packing.pack({"run": played.played(trace, "")})
    return page.evaluate(
        f"""([content, bytes, states]) => {{
            const {{ run }} = columns({{ bytes: Uint8Array.from(bytes) }}).revive(content);
            const found = messages({{ run, detail: Detail, states }});
            return {what};
        }}""",
        [content, list(data), played.states()],
    )


def delivered(trace):
    """(left, taken, message) of each arrow, in the order in which the sends began."""
    rows = sorted(trace.messages, key=lambda one: one.began_ns)
    return [
        (i, one.taken_ns if one.sent_ns < 0 else min(one.sent_ns, one.taken_ns), one)
        for i, one in enumerate(rows)
        if one.receiver >= 0 and one.taken_ns >= 0
    ]


@SOME
@given(traces(), st.integers(0, 10**13), st.integers(0, 10**13))
def test_the_arrows_in_view_are_those_that_cross_it(page, trace, one, other):
    low, high = sorted((one, other))
    shown = found_in_browser(page, trace, f"found.inView({low}, {high}, 1e9)")
    assert shown == [i for i, left, message in delivered(trace) if left <= high and message.taken_ns >= low]


def test_a_bar_has_the_messages_of_its_operation_and_one_between_operations_those_beside_it(page):
    trace = builders.squares()
    every = found_in_browser(
        page, trace,
        "run.workers.map(({ spans }, worker) => [...spans.state].map((_, span) => found.ofBar(worker, span, 1e9)))",
    )  # fmt: skip
    operations = {state for state, one in enumerate(played.states()) if one["operates"]}
    spans = sorted(trace.spans, key=lambda one: (one.worker, one.began_ns))
    for shown, span in zip((bar for life in every for bar in life), spans, strict=True):
        strict = span.state in operations
        expected = set()
        for i, left, one in delivered(trace):
            for worker, begin, end in ((one.sender, one.began_ns, left), (one.receiver, one.asked_ns, one.received_ns)):
                within = begin < span.ended_ns and end > span.began_ns
                beside = begin <= span.ended_ns and end >= span.began_ns
                if worker == span.worker and (within if strict else beside):
                    expected.add(i)
        assert set(shown) == expected


def test_a_chain_leads_from_what_was_taken_before_to_what_was_sent_after(page):
    trace = builders.squares()
    arrows = delivered(trace)
    for i, _, message in arrows[::5]:
        expected = [i]
        while True:
            first = next(one for at, _, one in arrows if at == expected[0])
            before = [
                (one.taken_ns, at) for at, _, one in arrows
                if one.receiver == first.sender and max(one.received_ns, one.taken_ns) <= first.began_ns
            ]  # fmt: skip
            if not before:
                break
            expected.insert(0, max(before)[1])
        while True:
            last = next(one for at, _, one in arrows if at == expected[-1])
            after = [
                at for at, _, one in arrows
                if one.sender == last.receiver and one.began_ns >= max(last.received_ns, last.taken_ns)
            ]  # fmt: skip
            if not after:
                break
            expected.append(after[0])
        assert found_in_browser(page, trace, f"found.chain({i}, 100)") == expected
        assert len(expected) == 2  # a number and its square
        assert found_in_browser(page, trace, f"found.lastSent({message.sent_ns})") >= i
