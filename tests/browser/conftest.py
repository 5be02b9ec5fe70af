"""A real JupyterLab with a home of its own, and a real browser to use it with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import psutil
import pytest

from tests.browser.lab import Lab

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = Path(__file__).parent / "artifacts"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
QUIET = {"apputils-extension/notification.jupyterlab-settings": {"fetchNews": "false", "checkForUpdates": False}}


def _settings(home: Path) -> Path:
    """JupyterLab's settings of a user who has answered what it asks at the first start."""
    folder = home / "lab-settings"
    for name, content in QUIET.items():
        file = folder / "@jupyterlab" / name
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(content))
    return folder


def _read_to_end(pipe: IO[str]) -> None:
    with pipe:
        pipe.read()


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab on a free port, in a folder with copies of the notebooks.  Leaves no process behind."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(ROOT / "notebooks", home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "PYTEST", "XDG"))}
    env |= {"HOME": str(home), "JUPYTERLAB_SETTINGS_DIR": str(_settings(home)), "PYTHONPATH": str(ROOT)}
    env |= {"LAB_PROGRESS": "off"}  # each test is a reader of its own
    env |= {"JUPYTER_CONFIG_DIR": str(home / "config"), "JUPYTER_DATA_DIR": str(home / "data")}
    env |= {"JUPYTER_RUNTIME_DIR": str(home / "runtime"), "IPYTHONDIR": str(home / "ipython")}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ServerApp.port=0"]
    command += ["--expose-app-in-browser", f"--ServerApp.root_dir={home / 'notebooks'}", "--LabApp.news_url="]
    server = subprocess.Popen(
        command, env=env, cwd=home, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        lab = Lab.announced_in(server.stderr, home / "notebooks")
        threading.Thread(target=_read_to_end, args=(server.stderr,), daemon=True).start()  # or the server would wait
        yield lab
    finally:
        family = psutil.Process(server.pid).children(recursive=True)
        server.terminate()
        server.wait(20)
        _, orphans = psutil.wait_procs(family, timeout=10)
        for orphan in orphans:
            orphan.kill()
    assert not orphans, f"the server left processes behind: {orphans}"


@pytest.fixture(scope="session")
def playwright_browser():
    """A headless browser for all tests.  While it lives, so does its event loop, in this very thread."""
    from playwright.sync_api import sync_playwright

    import bootstrap

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=bootstrap.find_browser(), args=[*FLAGS])
        yield browser
        browser.close()


@pytest.fixture
def browser(browser_path, request):
    """The browser; the test skips where there is none."""
    return request.getfixturevalue("playwright_browser")


@pytest.fixture
def shot():
    """Save a screenshot of a page or an element for people to look at."""
    ARTIFACTS.mkdir(exist_ok=True)

    def save(what, name: str) -> None:
        what.screenshot(path=ARTIFACTS / f"{name}.png")

    return save
