"""What is installed, when it counts as installed, and what is said when it cannot be."""

import ast
import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bootstrap

PROJECT = tomllib.loads((bootstrap.ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = (bootstrap.ROOT / bootstrap.CONSTRAINTS).read_text(encoding="utf-8")


def requirements(specs: list[str]) -> dict[str, Requirement]:
    """Requirements by their canonical name."""
    return {canonicalize_name(requirement.name): requirement for requirement in map(Requirement, specs)}


def wanted() -> dict[str, Requirement]:
    """What the product needs: what it depends on, and the two packages that run its notebooks as tests."""
    tests = requirements(PROJECT["project"]["optional-dependencies"]["test"])
    return requirements(PROJECT["project"]["dependencies"]) | {name: tests[name] for name in ("pytest", "nbval")}


def test_conda_users_get_the_same_packages_within_the_same_bounds():
    environment = yaml.safe_load((bootstrap.ROOT / "environment.yml").read_text(encoding="utf-8"))
    specs = [spec for spec in environment["dependencies"] if isinstance(spec, str)]
    named = {name: str(spec.specifier) for name, spec in requirements([s for s in specs if "python=" not in s]).items()}
    assert named.pop("pip") == ""
    assert named == {name: str(requirement.specifier) for name, requirement in wanted().items()}


def test_conda_users_get_the_checkout_itself_from_one_channel():
    environment = yaml.safe_load((bootstrap.ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    assert f"python={bootstrap.FETCHED}" in environment["dependencies"]
    assert environment["dependencies"][-1] == {"pip": ["-e ."]}


def test_every_dependency_is_pinned_within_its_bounds():
    pins = requirements([line for line in PINS.splitlines() if line[0] != "#"])
    tests = requirements(PROJECT["project"]["optional-dependencies"]["test"])
    for name, requirement in (wanted() | tests).items():
        (pin,) = pins[name].specifier
        assert pin.operator == "=="
        assert pin.version in requirement.specifier, f"{name} {pin.version} is pinned, {requirement} is wanted"
        assert "<" in str(requirement.specifier), f"{requirement} has no upper bound"


def test_the_listed_packages_are_those_that_exist():
    rooms = [file for room in ("runtime", "vizlib") for file in (bootstrap.ROOT / room).rglob("__init__.py")]
    found = {".".join(file.parent.relative_to(bootstrap.ROOT).parts) for file in rooms}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_bootstrap_needs_nothing_newer_than_python_3_8():
    source = (bootstrap.ROOT / "bootstrap.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"argparse", "glob", "hashlib", "json", "os", "re", "shutil", "subprocess", "sys"}


def test_new_pins_keep_comments_and_marked_lines():
    old = '# why\nbokeh==3.9\ncolorama==0.4.6 ; sys_platform == "win32"\n'
    versions = {"interpreter-lab": "0.1.0", "Jinja2": "3.1.6", "bokeh": "3.10.2"}
    new = '# why\ncolorama==0.4.6 ; sys_platform == "win32"\nbokeh==3.10.2\njinja2==3.1.6\n'
    assert bootstrap.pinned(old, versions) == new


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("WARNING: ... Failed to establish a new connection: [Errno 111]", "connect to the network"),
        ("Temporary failure in name resolution", "connect to the network"),
        ("ERROR: Could not find a version that satisfies x (from versions: none)", "connect to the network"),
        ("ERROR: [Errno 28] No space left on device", "make room"),
        ("ERROR: x conflicts with y.", "^Installing the packages failed: ERROR: x conflicts with y$"),
        ("strange", "^Installing the packages failed: strange$"),
    ],
)
def test_pips_failure_becomes_a_sentence(line, sentence):
    assert re.search(sentence, bootstrap.pip_problem(["Collecting x", line]))


def test_a_stamp_comes_back_as_written(tmp_path):
    assert bootstrap.read_stamp(tmp_path) is None
    bootstrap.write_stamp(tmp_path, python="/p", level="lab")
    assert bootstrap.read_stamp(tmp_path) == {"python": "/p", "level": "lab"}


@pytest.mark.parametrize("content", ["", "[]", "{", "\xff"])
def test_a_damaged_stamp_means_unfinished(tmp_path, content):
    (tmp_path / bootstrap.STAMP).write_bytes(content.encode("latin-1"))
    assert not bootstrap.is_finished(bootstrap.read_stamp(tmp_path))


@pytest.mark.parametrize(
    ("installed", "wanted_level", "current"),
    [("lab", "lab", True), ("test", "lab", True), ("test", "test", True), ("lab", "test", False)],
)
def test_a_test_environment_serves_the_lab_too(installed, wanted_level, current):
    stamp = {"fingerprint": bootstrap.fingerprint(), "level": installed}
    assert bootstrap.is_current(stamp, wanted_level) is current


def test_other_pins_are_not_current():
    assert not bootstrap.is_current({"fingerprint": "of yesterday", "level": "test"}, "lab")
    assert not bootstrap.is_current(None, "lab")


@pytest.mark.parametrize(
    ("line", "options", "rest"),
    [
        ("lab --no-browser --port=9999", {"command": "lab", "python": None}, ["--no-browser", "--port=9999"]),
        ("test -x -k name tests/a.py", {"command": "test"}, ["-x", "-k", "name", "tests/a.py"]),
        ("test -p no:x --python 3.14 -m soak", {"python": "3.14"}, ["-p", "no:x", "-m", "soak"]),
        ("test --no-static --pyargs x", {"no_static": True, "python": None}, ["--pyargs", "x"]),
    ],
)
def test_arguments_of_others_pass_through_in_order(line, options, rest):
    namespace, others = bootstrap.parse(line.split())
    assert options.items() <= vars(namespace).items()
    assert others == rest
