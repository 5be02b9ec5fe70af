"""Where the browser for browser tests comes from, and what happens when there is none."""

import sys
from pathlib import Path

import pytest

import bootstrap

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere browsers stand in fixed places too")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH, empty."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LAB_BROWSER", raising=False)
    monkeypatch.setattr(bootstrap, "TOOLS", tmp_path / "tools")
    return tmp_path


def add_program(folder: Path, name: str, script: str = "") -> Path:
    """Put a shell script there."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome", "msedge"])
def test_a_browser_on_path_is_found(programs, name):
    assert bootstrap.find_browser() is None
    browser = add_program(programs, name)
    assert bootstrap.find_browser() == str(browser)


def test_the_browser_that_a_person_names_comes_first(programs, monkeypatch):
    add_program(programs, "chromium")
    named = add_program(programs, "another")
    monkeypatch.setenv("LAB_BROWSER", str(named))
    assert bootstrap.find_browser() == str(named)


def test_a_named_browser_that_is_missing_is_not_replaced(programs, monkeypatch):
    add_program(programs, "chromium")
    monkeypatch.setenv("LAB_BROWSER", str(programs / "gone"))
    assert bootstrap.provide_browser(may_install=True) is None


def test_a_missing_browser_is_installed_by_the_package_manager(programs):
    add_program(programs, "sudo", 'shift; "$@"')  # for whoever is not root
    add_program(programs, "apt-get", f'case "$*" in *chromium) /bin/cp "$0" {programs}/chromium;; esac')
    assert bootstrap.provide_browser(may_install=False) is None
    assert bootstrap.provide_browser(may_install=True) == str(programs / "chromium")


def test_a_package_manager_that_fails_leaves_no_browser(programs):
    add_program(programs, "sudo", 'shift; "$@"')
    add_program(programs, "dnf", "exit 1")
    assert bootstrap.provide_browser(may_install=True) is None


def test_without_a_package_manager_nothing_is_tried(programs):
    assert bootstrap.browser_installers() == []


@pytest.mark.parametrize(
    "arguments", ["", "-x --durations=3", "-m browser", "-k page tests/browser", "-m soak -k browser"]
)
def test_runs_that_may_need_a_browser(arguments):
    assert bootstrap.may_need_browser(arguments.split())


@pytest.mark.parametrize("arguments", ["-k channel", "-m soak", "-x tests/bootstrap", "tests/conftest.py::test_it"])
def test_runs_for_which_none_is_installed(arguments):
    assert not bootstrap.may_need_browser(arguments.split())


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip), ("false", pytest.skip), ("true", pytest.fail)])
def test_without_a_browser_its_tests_skip_and_in_ci_they_fail(programs, monkeypatch, request, ci, outcome):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome.Exception, match="install Chromium, Chrome or Edge"):
        request.getfixturevalue("browser_path")


def test_with_a_browser_its_tests_get_the_path(programs, request):
    browser = add_program(programs, "chromium")
    assert request.getfixturevalue("browser_path") == str(browser)
