"""A checkout of its own for each test, cut off from the network and from the machine's other Pythons."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

import bootstrap

COPIED = ("bootstrap.py", "pyproject.toml", bootstrap.CONSTRAINTS, "tests/notebooks/sanitize.cfg")


class Checkout(NamedTuple):
    """A copy of the files that bootstrap.py works on, and the environment variables to run it with."""

    root: Path
    env: dict[str, str]
    bootstrap: ModuleType

    def run(self, *arguments: str, python: str = sys.executable, **env: str) -> subprocess.CompletedProcess[str]:
        """Run the copy's bootstrap.py as a person would, in a session of its own."""
        return subprocess.run(
            [python, "bootstrap.py", *arguments],
            cwd=self.root,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            timeout=120,
            start_new_session=True,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout with nothing installed, where nothing can be downloaded and no other Python be found."""
    root = tmp_path / "a checkout"  # people have spaces in their paths
    for name in COPIED:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(bootstrap.ROOT / name, root / name)
    nowhere = str(tmp_path / "nowhere")
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "LAB_", "CONDA", "MAMBA"))}
    env.update(PATH=nowhere, HOME=nowhere, PYENV_ROOT=nowhere, UV_PYTHON_INSTALL_DIR=nowhere)
    env.update(PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="0", PIP_NO_CACHE_DIR="1")
    spec = importlib.util.spec_from_file_location("copied_bootstrap", root / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Checkout(root, env, module)


@pytest.fixture
def ready(checkout: Checkout) -> Checkout:
    """The same with an environment that counts as installed: it borrows the packages of the one that runs this test."""
    venv = checkout.root / ".venv"
    base = sys._base_executable
    subprocess.run([base, "-m", "venv", "--without-pip", venv], check=True)
    inside = subprocess.run(
        [bootstrap.venv_python(venv), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    )
    borrowed = f"{sysconfig.get_path('purelib')}\n{bootstrap.ROOT}\n"
    Path(inside.stdout.strip(), "borrowed.pth").write_text(borrowed, encoding="utf-8")
    stamp = {"python": base, "fingerprint": checkout.bootstrap.fingerprint(), "level": "test"}
    checkout.bootstrap.write_stamp(venv, **stamp)
    return checkout
