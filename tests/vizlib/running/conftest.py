import pytest
from ipywidgets.widgets.widget import _instances

from tests.vizlib.running.fakes import FakeKernel
from vizlib.running import notebook


@pytest.fixture
def kernel(monkeypatch):
    """A notebook's kernel, as far as displaying is concerned."""
    kernel = FakeKernel()
    monkeypatch.setattr(notebook, "has_kernel", lambda: True)
    monkeypatch.setattr(notebook, "cell", lambda: kernel.cell)
    monkeypatch.setattr(notebook, "_display", kernel.display)
    monkeypatch.setattr(notebook, "_watch_cells", lambda: None)
    yield kernel
    notebook._guests.clear()


@pytest.fixture
def _no_widget_is_left():
    """Every widget that the test made is closed when it ends."""
    before = set(_instances)
    yield
    assert set(_instances) <= before
