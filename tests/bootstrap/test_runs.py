"""bootstrap.py run for real: what a person sees when it works, and when it cannot."""

import json
import os
import re
import signal
import sys
import time

import pytest

import bootstrap

posix_only = pytest.mark.skipif(os.name == "nt", reason="uses shell scripts and POSIX signals")


def assert_one_sentence(done, pattern: str) -> None:
    """The run failed and said why in one line on stderr."""
    assert done.returncode == 1
    assert re.fullmatch(r"bootstrap: [A-Z/].*\.\n", done.stderr)
    assert re.search(pattern, done.stderr)


def older_python() -> str:
    """A Python that can run bootstrap.py but not the lab; tests that need one skip where there is none."""
    fitting = (found.path for found in bootstrap.found_pythons() if (3, 8) <= found.version < bootstrap.OLDEST)
    return next(fitting, None) or pytest.skip("needs a Python from 3.8 to 3.12")


def test_naming_what_is_no_python(checkout):
    assert_one_sentence(checkout.run("lab", "--python", __file__), "cannot be run as a Python: name the path")


@posix_only
def test_naming_a_python_that_is_too_old(checkout):
    facts = {"path": "", "home": "", "version": [3, 8, 1], "implementation": "cpython", "final": True}
    old = checkout.root / "old"
    old.write_text(f"#!/bin/sh\necho '{json.dumps({**facts, 'free_threaded': False, 'missing': []})}'\n")
    old.chmod(0o755)
    assert_one_sentence(checkout.run("lab", "--python", str(old)), r"it is Python 3\.8\.1, and the lab needs 3\.13")


def test_naming_a_version_that_is_not_there(checkout):
    assert_one_sentence(checkout.run("lab", "--python", "3.99"), r"No usable Python 3\.99 was found: install it")


def test_no_python_and_none_to_be_fetched(checkout):
    done = checkout.run("lab", python=older_python())
    assert_one_sentence(done, r"none could be fetched: install Python 3\.14")
    assert "through uv" in done.stdout


def test_a_broken_environment_is_rebuilt_and_a_missing_network_named(checkout):
    venv = checkout.root / ".venv"
    bootstrap.venv_python(venv).parent.mkdir(parents=True)
    (venv / "pyvenv.cfg").touch()
    done = checkout.run("lab")
    assert_one_sentence(done, "could not be downloaded: connect to the network and run this again")
    assert "rebuilding .venv" in done.stdout
    assert bootstrap.probe(bootstrap.venv_python(venv)).version == sys.version_info[:3]


def test_a_folder_that_is_no_environment_is_left_alone(checkout):
    precious = checkout.root / "mine" / "precious"
    precious.parent.mkdir()
    precious.touch()
    assert_one_sentence(checkout.run("lab", "--venv", "mine"), "is not a virtual environment: move it away")
    assert precious.exists()


def test_a_checkout_without_notebooks(ready):
    assert_one_sentence(ready.run("lab"), "There is no folder .*notebooks: run the bootstrap.py of a complete checkout")


def test_a_ready_environment_starts_jupyterlab_at_once(ready):
    (ready.root / "notebooks").mkdir()
    done = ready.run("lab", "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("4.")  # JupyterLab's own answer, with nothing said before it


def test_a_ready_environment_costs_under_a_second(ready):
    def seconds() -> float:
        began = time.perf_counter()
        ready.bootstrap.prepare(ready.root / ".venv", None, "lab")
        return time.perf_counter() - began

    assert min(seconds() for _ in range(3)) < 1


@pytest.mark.parametrize("change", ["pyproject.toml", bootstrap.CONSTRAINTS])
def test_a_change_of_what_is_to_be_installed_is_noticed(ready, change):
    with (ready.root / change).open("a") as file:
        file.write("# changed\n")
    done = ready.run("lab")
    assert "installing into .venv" in done.stdout
    assert_one_sentence(done, "connect to the network")
    assert ready.bootstrap.read_stamp(ready.root / ".venv")["level"] == "test"  # still there to be used


def run_tests(checkout, *arguments: str, source: str = "def test_good(): pass\ndef test_bad(): assert False\n"):
    """Run `bootstrap.py test` over one file, without pytest's plugins, which take seconds to load."""
    (checkout.root / "pytest.ini").write_text("[pytest]\n")
    (checkout.root / "test_some.py").write_text(source)
    return checkout.run("test", *arguments, "test_some.py", "-c", "pytest.ini", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")


def test_arguments_reach_pytest_and_success_is_told(ready):
    done = run_tests(ready, "--no-static", "-k", "good")
    assert done.returncode == 0
    assert "1 passed, 1 deselected" in done.stdout
    assert done.stdout.endswith("bootstrap: all passed (tests)\n")


def test_a_failing_test_fails_the_run(ready):
    done = run_tests(ready, "--no-static")
    assert done.returncode == 1
    assert done.stdout.endswith("bootstrap: failed: tests\n")


def test_a_failing_static_check_fails_the_run_and_the_tests_run_all_the_same(ready):
    done = run_tests(ready, "-k", "good")
    assert done.returncode == 1  # this checkout has neither runtime nor vizlib to be checked
    assert "1 passed" in done.stdout
    assert "types" in done.stdout.splitlines()[-1]


@posix_only
def test_ctrl_c_ends_quietly(ready):
    done = run_tests(ready, "--no-static", source="import os\ndef test_stop(): os.killpg(0, 2)\n")
    assert done.returncode == 128 + signal.SIGINT
    assert "KeyboardInterrupt" in done.stdout  # pytest's own report
    assert "Traceback" not in done.stderr
