"""Look at a saved trace: `python -m vizlib run.trace` says it in words, `-o page.html` writes a page that plays it.

`-o picture.svg` and `-o picture.png` make a picture for slides, `-o run.json` a file for Perfetto.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import vizlib
from runtime.errors import TraceFormatError
from runtime.tracing.traces import Trace
from vizlib import perfetto


def main(arguments: Sequence[str] | None = None) -> int:
    """Read one trace, or several to compare, and write what was asked for.  Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m vizlib", description=__doc__)
    parser.add_argument("trace", nargs="+", type=Path, help="a file that trace.save() wrote; several are compared")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="page.html, picture.svg, picture.png, or run.json (Perfetto)"
    )
    parser.add_argument("--view", choices=[*vizlib.VIEWS, "all"], default="all", help="what the page shows (all)")
    asked = parser.parse_args(arguments)
    try:
        traces = [Trace.load(path) for path in asked.trace]
    except (OSError, TraceFormatError) as error:
        print(error, file=sys.stderr)
        return 1
    if asked.output is not None and asked.output.suffix == ".json":
        if len(traces) > 1:
            parser.error("a Perfetto file holds one trace: give one")
        perfetto.export(traces[0], asked.output)
    else:
        view = _view(traces, asked.view)
        if asked.output is None:
            print(view)
        else:
            try:
                view.save(asked.output)
            except (OSError, ValueError, vizlib.BrowserError) as error:
                print(error, file=sys.stderr)
                return 1
    if asked.output is not None:
        print(f"wrote {asked.output}")
    return 0


def _view(traces: Sequence[Trace], name: str) -> vizlib.View:
    if len(traces) > 1:
        return vizlib.compare(*traces)
    return vizlib.show(traces[0]) if name == "all" else vizlib.VIEWS[name].make(traces[0])


if __name__ == "__main__":
    sys.exit(main())
