"""One command from a clean checkout to a running lab, on any Python from 3.8 on.

    python3 bootstrap.py lab  [arguments for JupyterLab]
    python3 bootstrap.py test [arguments for pytest]
    python3 bootstrap.py pin

It finds the newest Python on this machine that can run the lab, makes `.venv` with it, installs the pinned versions
and the checkout itself (editable), and starts what was asked for. A stamp inside the environment says what was
installed, so that the next start goes straight ahead. Whatever goes wrong is told in one sentence.

Only the standard library is used, and only what Python 3.8 has: this file runs before anything is installed.
"""

from __future__ import annotations

import argparse
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple, Sequence

ROOT = Path(__file__).resolve().parent
CONSTRAINTS = ".ci/constraints.txt"
TOOLS = ROOT / ".tools"
STAMP = "interpreter-lab.json"
WINDOWS = os.name == "nt"

OLDEST = (3, 13)
NEWEST_PINNED = (3, 15)  # the newest for which the pinned versions are known to install
FETCHED = "3.14"

STANDARD_MODULES = ("ctypes", "sqlite3", "ssl", "venv", "ensurepip")
INSTALLED_MODULES = {
    "lab": ("pip", "jupyterlab", "ipywidgets", "bokeh", "jupyter_bokeh", "runtime"),
    "test": ("pytest", "nbval", "hypothesis", "playwright", "ruff", "mypy"),
}
NO_BROWSER = "No browser was found: install Chromium, Chrome or Edge, or name the path of one in LAB_BROWSER."
PIP_ASKS_NOTHING = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_USER": "0",
}
PIP_KEEPS_PINS = {
    "PIP_CONSTRAINT": CONSTRAINTS,  # a relative path, because pip splits these at spaces
    "PIP_BUILD_CONSTRAINT": CONSTRAINTS,
    "PYYAML_FORCE_LIBYAML": "0",  # where PyYAML has no wheel, its pure Python form needs no compiler
}
STATIC_CHECKS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy",),
}


class SetupProblem(Exception):
    """What went wrong and what to do, in one sentence for the person at the keyboard."""


def say(text: str) -> None:
    """Tell the person what is being done."""
    print(f"bootstrap: {text}", flush=True)


# --- Other programs ---------------------------------------------------------------------------------------------------


def child_environment(venv: Path | None = None, **settings: str) -> dict[str, str]:
    """Return the environment for a child: free of another Python's settings, with `venv` activated when given."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    if venv:
        env["VIRTUAL_ENV"] = str(venv)
        env["PATH"] = os.pathsep.join([str(venv_python(venv).parent), env.get("PATH", "")])
        env["JUPYTER_PREFER_ENV_PATH"] = "1"
    return {**env, **settings}


def ask(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a short command and return what it printed; nothing of it reaches the terminal."""
    return subprocess.run(
        command,
        env=child_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
    )


def run(command: Sequence[str], env: dict[str, str]) -> int:
    """Run a command in the checkout, on this terminal, and return its exit code; Ctrl-C is the command's to handle."""
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        raise


def run_logged(command: Sequence[str], env: dict[str, str], log: Path) -> list[str]:
    """Run an installer with its output in a file; return the output when it failed, an empty list when it did not."""
    with log.open("w", encoding="utf-8") as output:
        code = subprocess.call(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    return log.read_text(encoding="utf-8", errors="replace").splitlines() or ["it said nothing"] if code else []


# --- Pythons: find them, ask each what it is, choose one --------------------------------------------------------------


class Python(NamedTuple):
    """What an executable said of itself when it was run once."""

    path: str
    home: str
    version: tuple[int, ...]
    implementation: str
    final: bool
    free_threaded: bool
    missing: tuple[str, ...]  # what could not be imported, of the modules it was asked for

    @property
    def name(self) -> str:
        """The version as people write it, with `t` for a free-threaded build."""
        return ".".join(map(str, self.version)) + ("t" if self.free_threaded else "")

    @property
    def series(self) -> str:
        """The version without its last number, such as 3.14 or 3.14t."""
        return "{}.{}".format(*self.version) + ("t" if self.free_threaded else "")


# Runs on any Python 3, so that an old one can say that it is old. In an environment it names the base executable.
PROBE = """
import json, sys, sysconfig
missing = []
for name in sys.argv[1].split(","):
    try:
        __import__(name)
    except Exception:
        missing.append(name)
if sys.argv[2]:
    import importlib.util
    missing += [name for name in sys.argv[2].split(",") if importlib.util.find_spec(name) is None]
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "home": sys.base_prefix,
    "version": sys.version_info[:3],
    "implementation": sys.implementation.name,
    "final": sys.version_info[3] == "final",
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "missing": missing,
}))
"""


def probe(path: str | Path, installed: Sequence[str] = ()) -> Python | None:
    """Run the executable once and return what it is, or None where it cannot be run or is no Python."""
    command = [str(path), "-I", "-c", PROBE, ",".join(STANDARD_MODULES), ",".join(installed)]
    try:
        facts = json.loads(ask(command).stdout.splitlines()[-1])
        return Python(**{**facts, "version": tuple(facts["version"]), "missing": tuple(facts["missing"])})
    except (OSError, subprocess.SubprocessError, ValueError, IndexError, TypeError, KeyError):
        return None


def why_unsuitable(python: Python) -> str | None:
    """Say what keeps this Python from running the lab, or None when nothing does."""
    oldest = ".".join(map(str, OLDEST))
    if python.implementation != "cpython":
        return f"it is {python.implementation}, and the lab needs CPython"
    if python.version < OLDEST:
        return f"it is Python {python.name}, and the lab needs {oldest} or later"
    lacking = [name for name in python.missing if name in STANDARD_MODULES]
    if lacking:
        package = "python{}.{}-venv".format(*python.version)
        return f"it lacks {', '.join(lacking)} (on Debian and Ubuntu: apt install {package})"
    return None


def preference(python: Python) -> tuple[object, ...]:
    """Order Pythons: a GIL build, a finished release, one that the pins are known to fit, the newest."""
    return (not python.free_threaded, python.final, python.version[:2] <= NEWEST_PINNED, python.version)


def best(pythons: Iterable[Python]) -> Python | None:
    """Return the suitable Python to prefer, the first among equals, or None."""
    return max((p for p in pythons if why_unsuitable(p) is None), key=preference, default=None)


def launcher_paths(listing: str) -> list[str]:
    """Read the executables out of what the Windows launcher prints for `py --list-paths`."""
    return re.findall(r"(?mi)^\s*-\S+[\s*]+(\S.*?\.exe)[\s*]*$", listing)


def is_worth_a_probe(name: str) -> bool:
    """Tell a Python executable's name from others, leaving out the versions that are too old by name."""
    match = re.fullmatch(r"python(?:3(?:\.(\d+)t?)?)?(?:\.exe)?", name, re.IGNORECASE)
    return match is not None and (match.group(1) is None or (3, int(match.group(1))) >= OLDEST)


def on_path() -> Iterator[str]:
    """Yield every executable on PATH that is named like a Python."""
    for folder in filter(None, os.environ.get("PATH", "").split(os.pathsep)):
        paths = glob.glob(os.path.join(glob.escape(folder), "python*"))
        yield from sorted((path for path in paths if is_worth_a_probe(os.path.basename(path))), reverse=True)


def from_launcher() -> list[str]:
    """Ask the Windows launcher, where there is one."""
    launcher = shutil.which("py") if WINDOWS else None
    if launcher is None:
        return []
    return launcher_paths(ask([launcher, "--list-paths"]).stdout)


def from_managers() -> Iterator[str]:
    """Yield the Pythons that pyenv, conda, uv and python.org's installer keep outside PATH."""
    home = Path.home()
    pyenv = os.environ.get("PYENV_ROOT") or home / ".pyenv"
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or home / (
        "AppData/Roaming/uv/python" if WINDOWS else ".local/share/uv/python"
    )
    prefixes = [f"{pyenv}/versions/*", f"{pyenv}/pyenv-win/versions/*", f"{uv}/*", f"{TOOLS}/python/*"]
    prefixes += ["/Library/Frameworks/Python.framework/Versions/*"]
    condas = [home / name for name in ("miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba")]
    if os.environ.get("CONDA_EXE"):
        condas.append(Path(os.environ["CONDA_EXE"]).parent.parent)
    for conda in (os.environ.get("CONDA_PREFIX"), os.environ.get("MAMBA_ROOT_PREFIX"), *condas):
        prefixes += [f"{conda}", f"{conda}/envs/*"] if conda else []
    for prefix in prefixes:
        yield from sorted(glob.glob(f"{prefix}/python.exe" if WINDOWS else f"{prefix}/bin/python3"), reverse=True)


def found_pythons() -> Iterator[Python]:
    """Probe every Python that can be found on this machine, each file once."""
    seen = set()
    for path in (sys.executable, *on_path(), *from_launcher(), *from_managers()):
        real = os.path.realpath(path) if path else None
        if real and real not in seen:
            seen.add(real)
            python = probe(path)
            if python:
                yield python


def named_python(name: str) -> Python:
    """Return the Python that `--python` names: a version such as 3.14, a command or a path."""
    if re.fullmatch(r"3\.\d+t?", name):
        python = best(python for python in found_pythons() if python.series == name)
        if python is None:
            raise SetupProblem(f"No usable Python {name} was found: install it, or name its path with --python.")
        return python
    python = probe(shutil.which(name) or name)
    if python is None:
        raise SetupProblem(f"{name} cannot be run as a Python: name the path of a Python 3.13 or later with --python.")
    reason = why_unsuitable(python)
    if reason:
        raise SetupProblem(f"{name} cannot run the lab: {reason}.")
    return python


def newest_python() -> Python:
    """Return the Python to use when none is named; fetch one where the machine has none."""
    say("looking for a Python 3.13 or later")
    found = list(found_pythons())
    return best(found) or fetched_python(nearly_suitable(found))


def nearly_suitable(found: Iterable[Python]) -> str:
    """Tell of a Python that is new enough and only lacks something, which may be easier to mend than to replace."""
    incomplete = (python for python in found if python.version >= OLDEST and python.implementation == "cpython")
    return next((f" ({python.path} is no help: {why_unsuitable(python)})" for python in incomplete), "")


def fetched_python(remark: str) -> Python:
    """Fetch a Python through uv, which is installed into a private environment for that."""
    say(f"found none, fetching Python {FETCHED} through uv into {TOOLS.name}")
    TOOLS.mkdir(exist_ok=True)
    uv = shutil.which("uv") or private_uv()
    env = child_environment(UV_PYTHON_INSTALL_DIR=str(TOOLS / "python"), UV_PYTHON_INSTALL_BIN="0")
    if uv and not run_logged([uv, "python", "install", FETCHED], env, TOOLS / "uv.log"):
        python = best(found_pythons())
        if python:
            return python
    raise SetupProblem(
        f"No Python 3.13 or later was found{remark} and none could be fetched: install Python {FETCHED} (from "
        f"python.org or with your system's package manager) and run this again, or name one with --python."
    )


def private_uv() -> str | None:
    """Install uv into its own environment inside the checkout; return its path, or None where that fails."""
    home = TOOLS / "uv"
    commands = ([sys.executable, "-m", "venv", str(home)], [str(venv_python(home)), "-m", "pip", "install", "uv"])
    env = child_environment(None, **PIP_ASKS_NOTHING)
    if any(run_logged(command, env, TOOLS / "uv.log") for command in commands):
        return None
    return str(venv_python(home).parent / "uv")


# --- The environment: make it, install into it, know when nothing is to be done ---------------------------------------


def venv_python(venv: Path) -> Path:
    """Return where a virtual environment has its Python."""
    return venv / ("Scripts/python.exe" if WINDOWS else "bin/python")


def fingerprint() -> str:
    """Return a digest of all that decides what is installed: the pins, the dependencies and where the checkout is."""
    files = (ROOT / "pyproject.toml", ROOT / CONSTRAINTS)
    return hashlib.sha256(b"\0".join([os.fsencode(ROOT), *(file.read_bytes() for file in files)])).hexdigest()


def read_stamp(venv: Path) -> dict[str, str] | None:
    """Return what the environment was made from and what it holds, or None when it bears no stamp of ours."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(venv: Path, **stamp: str) -> None:
    """Record what an environment is; without a fingerprint it counts as unfinished."""
    (venv / STAMP).write_text(json.dumps(stamp), encoding="utf-8")


def prepare(venv: Path, choice: str | None, level: str) -> None:
    """Bring the environment to what `level` ("lab" or "test") needs; do nothing when it is there already."""
    stamp = read_stamp(venv)
    present = probe(venv_python(venv), modules_for(level))
    if present and is_finished(stamp) and is_wanted(present, choice):
        up_to_date = is_current(stamp, level)
        if up_to_date and not present.missing:
            return
        if not up_to_date and ask([str(venv_python(venv)), "-m", "pip", "--version"]).returncode == 0:
            install(venv, level)
            return
    build(venv, python_for(choice, stamp))
    install(venv, level)


def modules_for(level: str) -> tuple[str, ...]:
    """Return the modules that must be importable at a level; a test environment serves the lab too."""
    return INSTALLED_MODULES["lab"] + (INSTALLED_MODULES["test"] if level == "test" else ())


def is_finished(stamp: dict[str, str] | None) -> bool:
    """Say whether an environment was not left half installed; one made by hand, without a stamp, was not."""
    return stamp is None or "fingerprint" in stamp


def is_wanted(present: Python, choice: str | None) -> bool:
    """Say whether an environment is of a suitable Python, and of the one that was named if one was."""
    if why_unsuitable(present):
        return False
    if choice in (None, present.series):
        return True
    named = named_python(str(choice))
    return (present.home, present.series) == (named.home, named.series)


def is_current(stamp: dict[str, str] | None, level: str) -> bool:
    """Say whether what the stamp tells of is what would be installed now."""
    return stamp is not None and stamp.get("fingerprint") == fingerprint() and stamp.get("level") in (level, "test")


def python_for(choice: str | None, stamp: dict[str, str] | None) -> Python:
    """Return the Python for a new environment: the one named, else the one the old environment had, else the newest."""
    if choice:
        return named_python(choice)
    remembered = probe((stamp or {}).get("python", ""))
    return remembered if remembered and why_unsuitable(remembered) is None else newest_python()


def build(venv: Path, python: Python) -> None:
    """Make a new environment, in the place of a broken or different one of ours; touch no other folder."""
    if venv.exists():
        if not is_environment(venv):
            raise SetupProblem(f"{venv} is not a virtual environment: move it away, or name another with --venv.")
        say(f"rebuilding {venv.name}")
        shutil.rmtree(venv)
    say(f"making {venv.name} with Python {python.name} ({python.path})")
    venv.mkdir(parents=True)
    write_stamp(venv, python=python.path)
    if run_logged([python.path, "-m", "venv", str(venv)], child_environment(), venv / "venv.log"):
        raise SetupProblem(
            f"Python {python.name} could not make a virtual environment (see {venv / 'venv.log'}): "
            f"name another Python with --python."
        )


def is_environment(folder: Path) -> bool:
    """Say whether a folder is, or was meant to be, a virtual environment, so that it may be replaced."""
    traces = (STAMP, "pyvenv.cfg", "Scripts" if WINDOWS else "bin/activate")
    return folder.is_dir() and (not os.listdir(folder) or any((folder / trace).exists() for trace in traces))


def install(venv: Path, level: str) -> None:
    """Install the checkout and its pinned dependencies; where pip cannot begin, the environment stays as it was."""
    say(f"installing into {venv.name} (about a minute, once)")
    before = read_stamp(venv) or {}
    present = probe(venv_python(venv))
    base = present.path if present else before.get("python", "")
    level = "test" if "test" in (level, before.get("level")) else "lab"
    write_stamp(venv, python=base)
    command = [str(venv_python(venv)), "-m", "pip", "install", "--prefer-binary", "--editable"]
    log = venv / "install.log"
    env = child_environment(venv, **PIP_ASKS_NOTHING, **PIP_KEEPS_PINS)
    output = run_logged([*command, ".[test]" if level == "test" else "."], env, log)
    if output:
        write_stamp(venv, **before)
        raise SetupProblem(f"{pip_problem(output)} (pip's own words are in {log}).")
    write_stamp(venv, python=base, fingerprint=fingerprint(), level=level)
    say("installed")


def pip_problem(output: Sequence[str]) -> str:
    """Turn what pip printed into one sentence, without its full stop, that says what to do."""
    text = "\n".join(output)
    if re.search(r"(?i)connection|resolution|getaddrinfo|timed out|retries exceeded|proxy|from versions: none", text):
        return "The packages could not be downloaded: connect to the network and run this again"
    if "No space left" in text:
        return "The disk is full: make room and run this again"
    errors = [line for line in output if line.lower().startswith("error")] or output
    return f"Installing the packages failed: {errors[-1].strip().rstrip('.')}"


# --- The browser ------------------------------------------------------------------------------------------------------


def browser_places() -> Iterator[str]:
    """Yield where a Chromium, Chrome or Edge may be, the one named by LAB_BROWSER alone where it is set."""
    if os.environ.get("LAB_BROWSER"):
        yield os.environ["LAB_BROWSER"]
        return
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge"):
        yield shutil.which(name) or ""
    for name in ("Chromium", "Google Chrome", "Microsoft Edge"):
        yield f"/Applications/{name}.app/Contents/MacOS/{name}"
    for folder in filter(None, map(os.environ.get, ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"))):
        for name in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe"):
            yield os.path.join(folder, name)


def find_browser() -> str | None:
    """Return the path of a browser that Playwright can drive, or None."""
    return next((place for place in browser_places() if place and os.path.isfile(place)), None)


def browser_installers() -> list[list[str]]:
    """Return the commands that install a browser with this machine's package manager, without asking anything."""
    commands = {
        "apt-get": (["apt-get", "update"], ["apt-get", "install", "-y", "chromium"]),
        "dnf": (["dnf", "install", "-y", "chromium"],),
        "pacman": (["pacman", "-Sy", "--noconfirm", "chromium"],),
        "zypper": (["zypper", "--non-interactive", "install", "chromium"],),
        "apk": (["apk", "add", "chromium"],),
        "brew": (["brew", "install", "--cask", "chromium"],),
        "winget": (["winget", "install", "--exact", "--silent", "--accept-package-agreements",
                    "--accept-source-agreements", "--id", "Google.Chrome"],),
    }  # fmt: skip
    manager = next(filter(shutil.which, commands), None)
    if manager is None:
        return []
    if manager in ("brew", "winget") or os.geteuid() == 0:
        return list(commands[manager])
    if shutil.which("sudo") and ask(["sudo", "-n", "true"]).returncode == 0:
        return [["sudo", "-n", *command] for command in commands[manager]]
    return []


def may_need_browser(arguments: Sequence[str]) -> bool:
    """Say whether browser tests may be among those that pytest's arguments select."""
    selecting = [a for a in arguments if a.startswith(("-k", "-m")) or (ROOT / a.partition("::")[0]).exists()]
    return not selecting or any("browser" in argument for argument in arguments)


def provide_browser(may_install: bool) -> str | None:
    """Return a browser's path, after installing one where there is none and the machine's package manager can."""
    browser = find_browser()
    if browser or not may_install or os.environ.get("LAB_BROWSER"):
        return browser
    say("no browser found, installing one for the browser tests")
    env = child_environment(DEBIAN_FRONTEND="noninteractive")
    TOOLS.mkdir(exist_ok=True)
    for command in browser_installers():
        run_logged(command, env, TOOLS / "browser.log")
    return find_browser()


# --- Commands ---------------------------------------------------------------------------------------------------------


def lab(venv: Path, arguments: Sequence[str]) -> int:
    """Open JupyterLab in the notebooks' folder."""
    notebooks = ROOT / "notebooks"
    if not notebooks.is_dir():
        raise SetupProblem(f"There is no folder {notebooks}: run the bootstrap.py of a complete checkout.")
    command = [str(venv_python(venv)), "-m", "jupyterlab", f"--ServerApp.root_dir={notebooks}"]
    if not WINDOWS and os.geteuid() == 0:
        command.append("--allow-root")
    command += arguments
    if WINDOWS:
        return run(command, child_environment(venv))
    os.chdir(notebooks)
    return os.execve(command[0], command, child_environment(venv))  # signals then reach JupyterLab itself


def test(venv: Path, arguments: Sequence[str], static: bool = True) -> int:
    """Run the static checks and then every test, and say at the end what failed."""
    env = child_environment(venv)
    browser = provide_browser(may_install=may_need_browser(arguments))
    if browser:
        env["LAB_BROWSER"] = browser
    else:
        say(f"browser tests cannot run: {NO_BROWSER}")
    checks = {**(STATIC_CHECKS if static else {}), "tests": ("pytest", *arguments)}
    failed = []
    for name, (module, *options) in checks.items():
        say(f"{name}: {' '.join([module, *options])}")
        if run([str(venv_python(venv)), "-m", module, *options], env) != 0:
            failed.append(name)
    say(f"failed: {', '.join(failed)}" if failed else f"all passed ({', '.join(checks)})")
    return 1 if failed else 0


def pin(venv: Path) -> int:
    """Write the newest versions that fit pyproject.toml into the constraints file."""
    say("asking pip for the newest versions")
    report = venv / "report.json"
    env = child_environment(venv, **PIP_ASKS_NOTHING)
    command = [str(venv_python(venv)), "-m", "pip", "install", "--dry-run", "--ignore-installed", "--prefer-binary"]
    output = run_logged([*command, "--report", str(report), ".[test]", "setuptools"], env, venv / "pin.log")
    if output:
        raise SetupProblem(f"{pip_problem(output)}.")
    file = ROOT / CONSTRAINTS
    resolved = json.loads(report.read_text(encoding="utf-8"))["install"]
    versions = {item["metadata"]["name"]: item["metadata"]["version"] for item in resolved}
    file.write_text(pinned(file.read_text(encoding="utf-8"), versions), encoding="utf-8")
    say(f"wrote {CONSTRAINTS}; the next start installs from it")
    return 0


def pinned(old: str, versions: dict[str, str]) -> str:
    """Return the constraints file's new text: its comments and marked lines as they were, then the versions."""
    kept = [line for line in old.splitlines() if line.startswith("#") or ";" in line]
    lines = [f"{name.lower()}=={version}" for name, version in versions.items() if name != "interpreter-lab"]
    return "\n".join([*kept, *sorted(lines)]) + "\n"


def parse(argv: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Split the command line into this program's options and what goes on to JupyterLab or pytest."""
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Sets up Interpreter Lab in .venv and starts it.",
        epilog="All other arguments go to JupyterLab (lab) or pytest (test).",
        allow_abbrev=False,
    )
    parser.add_argument("command", choices=("lab", "test", "pin"), help="open JupyterLab, run all tests, refresh pins")
    parser.add_argument("--python", help="a version such as 3.14, or a path; .venv is rebuilt if it is of another one")
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the environment's folder (default: .venv)")
    parser.add_argument("--no-static", action="store_true", help="test: leave out format, lint and type checks")
    return parser.parse_known_args(argv)


def main(argv: Sequence[str]) -> int:
    """Do what the command line says; return the exit code."""
    options, arguments = parse(argv)
    venv = options.venv.absolute()
    try:
        prepare(venv, options.python, "test" if options.command == "test" else "lab")
        if options.command == "lab":
            return lab(venv, arguments)
        if options.command == "test":
            return test(venv, arguments, static=not options.no_static)
        return pin(venv)
    except SetupProblem as problem:
        print(f"bootstrap: {problem}", file=sys.stderr)
        return 1
    except (OSError, subprocess.SubprocessError) as error:
        print(f"bootstrap: The system did not do what was asked of it: {error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
