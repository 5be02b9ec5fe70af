"""How a timeline holds up at scale: `python -m tests.benchmarks.bench_pictures [SPANS ...] [--page FILE.md]`.

Of 100,000 and of 1,000,000 spans, unless told otherwise.

For each size a made trace, and a really recorded one, in headless Chromium on this machine: the page's size, the time
from its address to its first paint, frames a second while it plays, and the time from a step (pan or zoom) to the
painted result.  Beside it what one would write first with Bokeh: one `quad` for each span, one `segment` for each
message, a `Span` as the playhead, default settings, the same trace.

The aims: below 20 MB, first paint within 3 s, 30 frames a second or more, steps within 100 ms.
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from bokeh.embed import file_html
from bokeh.models import ColumnDataSource, Span
from bokeh.plotting import figure
from bokeh.resources import INLINE

import runtime
import vizlib
from runtime.tracing.model import State
from tests.vizlib.large import large
from vizlib.palette import STYLES

AIMS = {"page": 20.0, "first paint": 3_000.0, "frames a second": 30.0, "step": 100.0}
PATIENCE_MS = 120_000
STEPS = 8
PARTS = (0.98, 0.1, 0.001)
"""Of the run that is in view while it is panned and zoomed."""
FLAGS = ["--no-sandbox", "--disable-gpu"]

READY = """new Promise((done) => {
    const look = () => {
        const drawn = window.Bokeh?.documents?.length && Bokeh.documents.every((one) => one.is_idle);
        const view = document.querySelector(".lab-view");
        if (drawn && (!view || view.dataset.ready)) {
            requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
        } else requestAnimationFrame(look);
    };
    look();
})"""

# Milliseconds of each of some steps at one depth: every second one pans, the others zoom.
MOVE = """async ([part, steps]) => {
    const view = Bokeh.index.roots?.[0] ?? Object.values(Bokeh.index)[0];
    const range = view.model.x_range;
    window.whole ??= [range.start, range.end];
    const [low, high] = whole;
    const painted = () => new Promise((done) => {
        const once = () => { view.repainted.disconnect(once); done(performance.now()); };
        view.repainted.connect(once);
    });
    const times = [];
    let [start, wide] = [low + 0.3 * (high - low) * (1 - part), part * (high - low)];
    for (let step = 0; step < steps; step++) {
        if (step % 2) wide *= 0.98; else start += 0.05 * wide * (step % 4 ? 1 : -1) + 1;
        const began = performance.now();
        const done = painted();
        range.setv({ start, end: start + wide });
        times.push(await done - began);
        await new Promise(requestAnimationFrame);
        if (times.reduce((sum, one) => sum + one) > 20_000) break;
    }
    return times;
}"""

# Frames a second while the playhead crosses the whole run in three seconds.
PLAY = """async () => {
    const lab = window.__lab && [...window.__lab.views.values()][0].clock;
    const view = Bokeh.index.roots?.[0] ?? Object.values(Bokeh.index)[0];
    const head = view.model.center.find((one) => one.type === "Span");
    let frames = 0;
    const began = performance.now();
    if (lab) {
        lab.pace = lab.end / 3;
        lab.follow((_, why) => { if (why === "play") frames += 1; });
        lab.play();
        await new Promise((done) => setTimeout(done, 2_500));
        lab.pause();
    } else {
        while (performance.now() - began < 2_500) {
            const painted = new Promise((done) => {
                const once = () => { view.repainted.disconnect(once); done(); };
                view.repainted.connect(once);
            });
            head.location = (head.location ?? 0) + 1e6;
            await painted;
            frames += 1;
        }
    }
    return (1000 * frames) / (performance.now() - began);
}"""


def recorded(spans: int) -> runtime.Trace:
    """A real run of four pairs of workers, with about as many spans."""
    program = runtime.Program("recorded")
    for pair in range(1, 5):
        inbox, out = program.channel(f"channel {pair}", capacity=64)

        @program.worker(out, spans // 16, name=f"send #{pair}")
        def send(out, messages):
            for n in range(messages):
                out.send(n)

        @program.worker(inbox, name=f"receive #{pair}")
        def receive(inbox):
            return sum(inbox)

    return program.run(timeout=300)


def naive(trace: runtime.Trace, path: Path) -> None:
    """The same spans and messages, one glyph for each, as one writes it first."""
    columns = {name: np.asarray(column) for name, column in trace.spans.columns.items()}
    colors = np.array([STYLES[state].color for state in State])
    plot = figure(width=1_200, height=500, tools="xpan,xwheel_zoom,reset", output_backend="canvas")
    bars = {"left": columns["began_ns"], "right": columns["ended_ns"], "top": columns["worker"] + 0.8}
    bars |= {"bottom": columns["worker"], "color": colors[columns["state"]]}
    plot.quad("left", "right", "top", "bottom", fill_color="color", line_color=None, source=ColumnDataSource(bars))
    m = {name: np.asarray(column) for name, column in trace.messages.columns.items()}
    got = m["taken_ns"] >= 0
    ways = {"x0": m["sent_ns"][got], "x1": m["taken_ns"][got], "y0": m["sender"][got], "y1": m["receiver"][got]}
    plot.segment("x0", "y0", "x1", "y1", source=ColumnDataSource(ways))
    plot.add_layout(Span(location=0, dimension="height"))
    path.write_text(file_html(plot, INLINE), "utf-8")


def measure(browser, path: Path) -> dict[str, float]:
    """What a page takes; only its size where it shows nothing within our patience."""
    found = {"page": path.stat().st_size / 1e6}
    page = browser.new_page(viewport={"width": 1_400, "height": 900})
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(path.as_uri(), timeout=PATIENCE_MS)
        found["first paint"] = page.evaluate(READY)
        found["frames a second"] = page.evaluate(PLAY)
        for part in PARTS:
            found[f"step at {part:.1%}"] = statistics.median(page.evaluate(MOVE, [part, STEPS]))
    finally:
        page.close()
    return found


def report(title: str, ours: dict[str, float], theirs: dict[str, float]) -> Iterator[str]:
    """Both, line by line, with the aim."""
    yield title
    for name, value in ours.items():
        aim = next(value for key, value in AIMS.items() if name.startswith(key))
        unit = "MB" if name == "page" else "" if name == "frames a second" else "ms"
        good = value >= aim if name == "frames a second" else value < aim
        other = f"{theirs[name]:,.1f} {unit}".rstrip() if name in theirs else "not reached"
        sign = ">=" if name == "frames a second" else "<"
        aimed = f"{sign} {aim:,.0f} {unit}".strip()
        yield f"  {name:16} {value:10,.1f} {unit:2}  {'ok' if good else 'MISSED':6} (aim {aimed}); naive Bokeh {other}"


def write(page: Path, lines: list[str], browser: str) -> None:
    """The page of results."""
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    today = f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}"
    page.write_text(
        "# How a timeline holds up\n\nWritten by a run of the benchmark; do not edit.  Your own:\n\n"
        "```sh\npython -m tests.benchmarks.bench_pictures --page "
        f"{page.as_posix()}\n```\n\n"
        f"CPython {platform.python_version()}, Chromium {browser} without a screen, {platform.system()}, "
        f"{os.cpu_count()} cores; {today}; load average {load} at the end.\n\n"
        "```text\n" + "\n".join(lines) + "\n```\n",
        "utf-8",
    )


def main(sizes: list[int], page: Path | None) -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    import bootstrap

    lines: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=bootstrap.find_browser(), args=FLAGS)
        for size in sizes:
            for kind, trace in (("made", large(size)), ("recorded", recorded(size))):
                found = compare(browser, kind, trace, Path(folder))
                print("\n".join(found), end="\n\n", flush=True)
                lines += [*([""] if lines else []), *found]
        version = browser.version
        browser.close()
    if page:
        write(page, lines, version)


def compare(browser, kind: str, trace: runtime.Trace, folder: Path) -> list[str]:
    """Our page and the naive one of a trace."""
    began = time.perf_counter()
    page, plain = folder / "ours.html", folder / "naive.html"
    vizlib.timeline(trace).save(page)
    took = time.perf_counter() - began
    naive(trace, plain)
    told = f"{len(trace.spans):,} spans and {len(trace.messages):,} messages, {kind}; saved in {took:.1f} s"
    ours = measure(browser, page)
    try:
        theirs = measure(browser, plain)
    except Exception as error:  # a browser that gives up on a page is a result too
        print(f"  naive Bokeh: {str(error).splitlines()[0]}")
        theirs = {"page": plain.stat().st_size / 1e6}
    return list(report(told, ours, theirs))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[100_000, 1_000_000], metavar="SPANS")
    parser.add_argument("--page", type=Path, metavar="FILE.md", help="write the page of results")
    options = parser.parse_args()
    main(options.sizes, options.page)
