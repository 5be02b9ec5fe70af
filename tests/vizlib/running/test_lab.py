"""The panel for experiments, in a notebook whose front end is a test."""

import inspect
import threading

import pytest

import runtime
import vizlib
from tests.vizlib.running.fakes import PATIENCE_S, FakeRun, failing
from vizlib.running import notebook
from vizlib.running.notebook import WIDGET


class FakeProgram:
    """Hands out the runs that a test has prepared, and remembers how each was started."""

    name = "squares"

    def __init__(self, *runs):
        self.prepared, self.started = list(runs), []

    def start(self, **settings):
        self.started.append(settings)
        return self.prepared.pop(0)


def ready(**facts):
    run = FakeRun(**facts)
    run.finish()
    return run


@pytest.fixture
def panel(kernel):
    """Make a panel whose program hands out these runs, and display it."""
    panels = []

    def make(*runs, **ranges):
        program = FakeProgram(*runs)

        def squares(copies=1, size=10):
            program.made = {"copies": copies, "size": size}
            return program

        shown = vizlib.lab(squares, copies=(1, 4), **ranges)
        shown._ipython_display_()
        shown.program = program
        panels.append(shown)
        return shown

    yield make
    for shown in panels:
        shown.close()


def settle(panel):
    """Wait until no run goes on and the last one is shown."""
    while True:
        with panel._lock:
            watch = panel._watch
        if watch is None:
            return
        assert watch.join(PATIENCE_S)


def press_run(panel):
    panel._controls._run.click()
    settle(panel)


def slider(panel, name):
    return next(one.widget for one in panel._parameters.shown if one.name == name)


def faces(panel):
    return [chip.description for chip in panel._controls._chips.children[1:]]


def chip(panel, index):
    return panel._controls._chips.children[1 + index]


def shown(panel):
    """The markup of the picture, or nothing."""
    outputs = panel._controls._picture.outputs
    return outputs[0]["data"]["text/html"] if outputs else ""


def test_run_runs_with_what_is_chosen(panel):
    one = panel(ready(), size=[10, 20])
    slider(one, "copies").value = 3
    slider(one, "backend").value = "threads"
    press_run(one)
    assert one.program.made == {"copies": 3, "size": 10}
    assert one.program.started == [{"backend": "threads", "timeout": 60.0}]
    assert "Finished in" in one._stage._strip.value
    assert "lab-view" in shown(one)
    assert (one._controls._run.disabled, one._controls._stop.disabled) == (False, True)


def test_runs_are_buttons_and_several_are_compared(panel):
    one = panel(ready(), ready(), ready())
    for _ in range(3):
        press_run(one)
    assert faces(one) == ["1.0×"] * 3
    assert [chip(one, n).value for n in range(3)] == [False, False, True]
    alone = shown(one)
    chip(one, 0).value = True
    assert one._picked == [3, 1]
    assert len(shown(one)) > len(alone)
    chip(one, 2).value = False
    assert one._controls._listed.value.count("<p>") == 1
    chip(one, 0).value = False
    assert shown(one) == ""


def test_a_prediction_is_told_beside_the_result(panel):
    one = panel(ready(), ready())
    guess = one._controls._guess
    assert guess.disabled
    press_run(one)
    assert not guess.disabled
    guess.value = "1.5×"
    press_run(one)
    assert "you predicted 1.5×, measured 1.0×: less than you thought" in one._controls._revealed.value
    assert guess.value == ""


@pytest.mark.parametrize("entered", ["much", "-1", "0", "<b>"])
def test_a_prediction_that_is_none_is_refused(panel, entered):
    one = panel(ready(), ready())
    press_run(one)
    one._controls._guess.value = entered
    press_run(one)
    assert "A prediction is a number like 1.5" in one._controls._problem.value
    assert "<b>" not in one._controls._problem.value
    assert len(one.runs) == 1
    one._controls._guess.value = ""
    press_run(one)
    assert one._controls._problem.value == ""
    assert len(one.runs) == 2


def test_stop_stops_and_the_panel_lives_on(panel):
    going = FakeRun(how="killed")
    one = panel(going, ready())
    one._controls._run.click()
    watch = one._watch
    assert one._controls._run.disabled
    assert going.looked.wait(PATIENCE_S)
    one._controls._stop.click()
    assert watch.join(PATIENCE_S)
    assert "its process had to be killed" in one._stage._strip.value
    press_run(one)
    assert faces(one) == ["■", "1.0×"]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (failing(), "worker &#x27;produce&#x27; failed: &lt;b&gt;no&lt;/b&gt;"),
        (runtime.DeadlockError("two wait for each other"), "Deadlock: two wait for each other"),
        (runtime.RunTimeoutError("it had not ended after 60 s"), "RunTimeoutError: it had not ended"),
    ],
)
def test_what_goes_wrong_is_told_and_the_panel_lives_on(panel, error, says):
    one = panel(ready(error=error), ready())
    press_run(one)
    assert says in one._stage._strip.value
    press_run(one)
    assert faces(one) == ["✕", "1.0×"]


def test_a_function_that_fails_or_gives_no_program_is_told(kernel):
    answers = [ZeroDivisionError("of course"), None, runtime.Program("empty")]

    def make():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    one = vizlib.lab(make)
    one._ipython_display_()
    for says in (
        "ZeroDivisionError: of course",
        "make() returned None, not a program: end it with `return program`",
        "ProgramError: program &#x27;empty&#x27; has no workers",
    ):
        press_run(one)
        assert says in one._stage._strip.value
    assert "at line" not in one._stage._strip.value
    one.close()


def test_on_change_it_runs_with_every_change_and_stops_what_goes_on(panel):
    going = FakeRun()
    one = panel(going, ready(), on_change=True)
    slider(one, "copies").value = 2
    first = one._watch
    assert going.looked.wait(PATIENCE_S)
    slider(one, "copies").value = 3
    assert first.join(PATIENCE_S)  # it starts the other
    settle(one)
    assert going.stops == 1
    assert faces(one) == ["■", "1.0×"]
    assert one.program.made["copies"] == 3


def test_running_the_cell_again_takes_the_panel_away(panel):
    going = FakeRun()
    one = panel(going)
    one._controls._run.click()
    notebook._before_cell(type("Info", (), {"cell_id": "cell"}))
    assert going.stops == 1
    assert one._controls is None


@pytest.mark.usefixtures("_no_widget_is_left")
def test_nothing_is_left_of_a_closed_panel(kernel):
    threads = threading.active_count()
    one = vizlib.lab(FakeProgram(ready(), ready()))
    one._ipython_display_()
    press_run(one)
    press_run(one)
    one.close()
    assert threading.active_count() == threads


def test_the_file_keeps_the_picture_for_pages_without_the_panel(panel, kernel):
    one = panel(ready())
    first, kept = kernel.outputs
    assert WIDGET in first
    assert "template" not in kept["text/html"]
    press_run(one)
    first, kept = kernel.outputs
    assert "<template><div" in kept["text/html"]
    assert one._mark in kept["text/html"]
    assert one._mark in one._controls.box._dom_classes


def test_its_text_depends_on_the_program_alone(panel, kernel):
    one = panel(ready())
    first, measured = repr(one).splitlines()
    assert first == (
        "experiment squares: copies from 1 to 4; backend one of interpreters, shared-gil, threads, processes"
    )
    assert measured == "~ runs: none yet"
    press_run(one)
    assert repr(one).splitlines()[0] == first


def doubled(count=3):
    program = runtime.Program("doubled")
    receiving, sending = program.channel("numbers", capacity=2)

    @program.worker(sending, count)
    def produce(out, count):
        for n in range(count):
            out.send(n)

    @program.worker(receiving)
    def total(numbers):
        return 2 * sum(numbers)

    return program


def test_without_a_kernel_it_is_text_and_runs_by_name(capsys):
    panel = vizlib.lab(doubled, count=[3, 5])
    panel._ipython_display_()
    assert capsys.readouterr().out.startswith("experiment doubled: count one of 3, 5; backend one of")
    assert panel.run(count=5).results["total"] == 20
    assert panel.run(count=3, backend="threads").results["total"] == 6
    assert [trace.backend for trace in panel.runs] == ["interpreters", "threads"]
    assert "run 2: count 3, backend threads; finished in" in repr(panel)
    with pytest.raises(ValueError, match="count can be one of 3, 5, not 4"):
        panel.run(count=4)


def test_the_documented_example_runs(tmp_path):
    lines = inspect.getdoc(vizlib.lab).splitlines()
    example = "\n".join(line[4:] for line in lines if not line or line.startswith("    "))
    file = tmp_path / "example.py"
    file.write_text(example)
    names = {}
    exec(compile(example, file, "exec"), names)
    trace = names["panel"].run(copies=3, size=1_000)
    assert [worker.name for worker in trace.workers] == ["produce", "square #1", "square #2", "square #3"]


def test_run_raises_what_went_wrong():
    panel = vizlib.lab(FakeProgram(ready(error=failing()), ready()))
    with pytest.raises(runtime.WorkerError):
        panel.run()
    assert panel.run() is not None
