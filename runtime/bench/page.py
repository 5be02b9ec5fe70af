"""The page of results, as Markdown: what is promised and met, every table, and how to get one's own."""

from __future__ import annotations

from pathlib import Path

from runtime.bench import goals, tables
from runtime.bench.catalogue import SUITES
from runtime.bench.results import Results

_HEAD = """\
# How fast

Written by a run of the benchmark; do not edit.  Your own:

```sh
{command}
```

Each contestant takes turns with all others, in a fresh process each time; a ratio is the median of the rounds' ratios,
and in parentheses that of the bests.  Times are the median of all turns and the best slice.

{machine}

"""


def write(results: Results, path: str) -> None:
    """Write the page."""
    Path(path).write_text(text_of(results, path), encoding="utf-8")


def text_of(results: Results, path: str = "RESULTS.md") -> str:
    """The page."""
    verdicts = goals.judge(results)
    parts = [_HEAD.format(command=_command(results, path), machine=_machine(results))]
    if verdicts:
        parts.append("## Goals\n\n| goal | measured | |\n| --- | --- | --- |\n")
        parts += [f"| {it.text} | {it.measured} | {'met' if it.met else 'open'} |\n" for it in verdicts]
        parts.append("\n")
    for suite in results.suites.values():
        parts.append(f"## {suite.title}\n\n```text\n")
        parts += [f"{line}\n" for line in tables.lines_of(suite)]
        parts.append("```\n\n")
    return "".join(parts).rstrip() + "\n"


def _command(results: Results, path: str) -> str:
    words = ["python -m runtime bench", *(() if set(results.suites) == set(SUITES) else results.suites)]
    if results.settings.get("quick"):
        words.append("--quick")
    if results.settings.get("rounds"):
        words.append(f"--rounds {results.settings['rounds']}")
    return " ".join([*words, "--page", path])


def _machine(results: Results) -> str:
    machine = results.machine
    load = machine.get("load before"), machine.get("load after")
    busy = "" if None in load else f"\nLoad average: {load[0]} before, {load[1]} after."
    return (
        f"CPython {machine['python']} ({machine['build']}), {machine['os']}, {machine['processor']}, "
        f"{machine['cores']} cores; {machine['date']}.{busy}"
    )
