"""How the outputs of notebooks are compared: by their text.

Everything that the lab displays has a text form whose measured lines begin with `~` and are masked by
tests/notebooks/sanitize.cfg.  Its markup shows the same numbers without such marks, so it is not compared.  This file
stands here because nbval's collectors read it only from a folder above the notebooks.
"""

from typing import Any

import pytest

_NOT_COMPARED = ("text/html", "image/png", "application/vnd.jupyter.widget-view+json")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave markup and pictures out of the comparison of a notebook's outputs."""
    notebook: Any = collector
    if hasattr(notebook, "skip_compare"):
        notebook.skip_compare = (*notebook.skip_compare, *_NOT_COMPARED)
