"""Which Python is chosen, and what is said of those that cannot be."""

import re
import sys
from pathlib import Path

import pytest

from bootstrap import (
    Python,
    best,
    is_worth_a_probe,
    launcher_paths,
    named_python,
    nearly_suitable,
    probe,
    why_unsuitable,
)


def python(version: str, **facts: object) -> Python:
    """A Python of this version that has all it needs; `facts` change that."""
    usual = {"implementation": "cpython", "final": True, "free_threaded": False, "missing": ()}
    numbers = tuple(map(int, version.split(".")))
    return Python(**{"path": f"/{version}", "home": "/", "version": numbers, **usual, **facts})


OLD, LATE, LATER = python("3.12.9"), python("3.14.2"), python("3.15.0")


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ([OLD, LATE, LATER], LATER),
        ([LATE, python("3.15.0", final=False)], LATE),
        ([LATE, python("3.15.0", free_threaded=True)], LATE),
        ([LATE, python("3.99.0")], LATE),  # no pins are known to fit it
        ([LATE, python("3.15.0", missing=("ensurepip",))], LATE),
        ([LATE, python("3.15.0", implementation="pypy")], LATE),
        ([python("3.99.0"), OLD], python("3.99.0")),
        ([python("3.15.0", final=False), python("3.14.0", free_threaded=True)], python("3.15.0", final=False)),
        ([LATE, LATE._replace(path="/another")], LATE),
        ([OLD], None),
        ([], None),
    ],
)
def test_the_newest_that_surely_works_is_chosen(found, chosen):
    assert best(found) == chosen


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (OLD, r"^it is Python 3\.12\.9, and the lab needs 3\.13 or later$"),
        (python("3.14.0", implementation="pypy"), "^it is pypy, and the lab needs CPython$"),
        (python("3.14.0", missing=("ssl", "ensurepip")), r"lacks ssl, ensurepip .*apt install python3\.14-venv"),
    ],
)
def test_an_unsuitable_python_is_told_why(candidate, reason):
    assert re.search(reason, why_unsuitable(candidate))


def test_a_python_that_only_lacks_a_package_is_remarked_upon():
    incomplete = python("3.14.0", missing=("ensurepip",), path="/usr/bin/python3")
    remark = nearly_suitable([OLD, incomplete])
    assert remark == (
        " (/usr/bin/python3 is no help: it lacks ensurepip (on Debian and Ubuntu: apt install python3.14-venv))"
    )
    assert nearly_suitable([OLD]) == ""


def test_what_is_missing_from_an_environment_does_not_make_its_python_unsuitable():
    assert why_unsuitable(python("3.14.0", missing=("jupyterlab",))) is None


@pytest.mark.parametrize("name", ["python", "python3", "python3.13", "python3.14t", "python.exe", "Python3.15.exe"])
def test_names_of_pythons_are_recognised(name):
    assert is_worth_a_probe(name)


@pytest.mark.parametrize("name", ["python2", "python2.7", "python3.12", "python3.14-config", "pythonw.exe", "ipython3"])
def test_other_names_and_old_versions_are_not_run(name):
    assert not is_worth_a_probe(name)


def test_the_windows_launchers_list_is_read():
    listing = r"""
 -V:3.15 *        C:\Users\A Student\AppData\Local\Programs\Python\Python315\python.exe
 -V:3.14t         C:\Python314\python3.14t.exe
 -3.13-64         C:\Python313\python.exe *
 -V:Astral/CPython3.13.1 D:\uv\python.exe
 (venv) C:\elsewhere
"""
    assert launcher_paths(listing) == [
        r"C:\Users\A Student\AppData\Local\Programs\Python\Python315\python.exe",
        r"C:\Python314\python3.14t.exe",
        r"C:\Python313\python.exe",
        r"D:\uv\python.exe",
    ]


def test_probing_this_python_tells_its_version_base_and_what_it_lacks():
    found = probe(sys.executable, ("pytest", "no_such_module"))
    assert found.version == sys.version_info[:3]
    assert found.home == sys.base_prefix
    assert found.missing == ("no_such_module",)


@pytest.mark.parametrize("content", ["", "#!/bin/sh\necho hello\n", '#!/bin/sh\necho "{}"\n', "#!/bin/sh\nexit 9\n"])
def test_what_is_no_python_is_passed_over(tmp_path: Path, content):
    impostor = tmp_path / "python3"
    impostor.write_text(content)
    impostor.chmod(0o755)
    assert probe(impostor) is None


def test_a_version_may_stand_for_a_path():
    assert named_python("{}.{}".format(*sys.version_info)).version[:2] == sys.version_info[:2]
