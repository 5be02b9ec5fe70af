import base64
import gzip
import json
import re

import pytest

import vizlib
from runtime.tracing.model import Channel, Output, State, WorkerFailure
from tests.vizlib import builders
from vizlib.palette import DARK, LIGHT, STYLES, worker_color

EVIL = "</script><img src=x onerror=alert(1)>&\"'"


@pytest.fixture(scope="module")
def pair():
    return vizlib.compare(builders.squares(items=6), builders.squares("threads", items=6))


def unpacked(html, kind):
    packed = re.search(rf'<script type="text/plain" class="{kind}">([^<]*)</script>', html).group(1)
    return gzip.decompress(base64.b64decode(packed)).decode()


def test_a_view_offers_html_and_text(pair):
    bundle = pair._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    assert bundle["text/plain"] == str(pair)
    assert repr(pair) == "<View: Interpreters and Threads compared>"


def test_the_html_carries_everything_it_needs(pair):
    html = pair.html()
    assert "Bokeh" in unpacked(html, "lab-library")
    content = json.loads(unpacked(html, "lab-document"))
    assert len(content["item"]["root_ids"]) == content["markup"].count('class="lab-plot"') == 2
    assert not re.search(r'(src|href)="', html)
    assert len(html) < 700_000


def test_figures_under_each_other_share_one_time_axis(pair):
    first, second = (section.figure for section in pair.sheet().sections)
    assert first.x_range is second.x_range


def test_the_text_form_is_the_text_alternative(pair):
    html = pair.html()
    assert '<pre class="lab-text">Interpreters and Threads compared' in html
    markup = json.loads(unpacked(html, "lab-document"))["markup"]
    assert markup.count('role="figure" aria-label="Timeline, ') == 2
    assert 'aria-label="produce: running ' in markup


def test_the_same_view_can_be_shown_twice(pair):
    assert pair.html()
    assert pair.html()


def test_a_saved_page_is_one_file(pair, tmp_path):
    page = tmp_path / "run.html"
    pair.save(page)
    saved = page.read_text("utf-8")
    assert saved.startswith("<!DOCTYPE html>")
    assert '<div class="lab-view lab-alone"' in saved


def test_nothing_from_a_program_becomes_markup():
    worker = builders.worker(0, EVIL)
    trace = builders.trace(
        [worker], [builders.span(0, State.RUNNING, 0, 100, channel=0)], name=EVIL, backend=EVIL,
        channels=(Channel(0, EVIL, 1),), messages=[builders.message(0, 0, 40, 50, preview=0)], texts=[EVIL],
        outputs=[Output(0, 1, 5, 0)], errors=(WorkerFailure(EVIL, EVIL, EVIL, EVIL, 10),),
    )  # fmt: skip
    html = vizlib.compare(trace, trace).html()
    assert len(re.findall(r"</script>", html, re.IGNORECASE)) == 5
    markup = json.loads(unpacked(html, "lab-document"))["markup"]
    for part in (html, markup):
        assert "<img" not in part.lower()
        assert "&lt;/script&gt;&lt;img" in part
    assert "</script" not in markup


def test_the_legend_names_the_states_that_occur(pair):
    legend = pair.sheet().legend
    for state in (State.RUNNING, State.GIL_WAIT, State.ENCODE):
        assert f'data-state="{state.label}"' in legend
    assert "sleeping" not in legend


def test_a_timeline_says_first_what_went_wrong():
    headline, failure = vizlib.timeline(builders.failing()).sheet().sentences
    assert headline == "Two workers were recorded for 100 ns, with 1 message."
    assert failure == "produce raised ValueError: not a <number>"


def test_compare_wants_a_trace():
    with pytest.raises(ValueError, match=r"expected at least one trace and got none: pass the traces"):
        vizlib.compare()


@pytest.mark.parametrize("trace", [builders.trace(), builders.failing()], ids=["empty", "failing"])
def test_any_trace_makes_a_page(trace):
    assert vizlib.timeline(trace).html()
    assert vizlib.compare(trace).html()


def luminance(color):
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_words_can_be_read(theme):
    for role in ("ink", "quiet", "alarm"):
        assert contrast(theme[role], theme["page"]) >= 4.5, role
        assert contrast(theme[role], theme["panel"]) >= 4.5, role


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_bar_stands_out_from_the_page(theme):
    for state, style in STYLES.items():
        edges = [style.color, style.outline or style.color]
        assert max(contrast(edge, theme["page"]) for edge in edges) >= 3, state


def test_every_state_has_a_style_of_its_own():
    assert set(STYLES) == set(State)
    looks = {(style.color, style.height) for style in STYLES.values()}
    assert len(looks) == len(STYLES)


def test_names_on_cores_can_be_read():
    for index in range(8):
        assert contrast(worker_color(index), "#FFFFFF") >= 4.5
        assert contrast(worker_color(index), DARK["page"]) >= 3
