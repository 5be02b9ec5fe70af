"""The live view in a notebook whose front end is a test."""

import pytest

import runtime
import vizlib
from tests.runtime.programs.examples import squares
from tests.vizlib import builders
from tests.vizlib.running.fakes import PATIENCE_S, FakeRun, failing
from vizlib.running import notebook
from vizlib.running.stage import Stage

WIDGET = notebook.WIDGET


def displayed(run):
    view = vizlib.live(run)
    view._ipython_display_()
    return view


def buttons(view):
    return view._stop_button, view._stage._ready


@pytest.mark.usefixtures("_no_widget_is_left")
def test_the_output_becomes_the_finished_picture(kernel):
    run = FakeRun()
    view = displayed(run)
    (output,) = kernel.outputs
    assert WIDGET in output
    run.finish()
    assert view.wait() is run.trace
    (output,) = kernel.outputs
    assert WIDGET not in output
    assert "lab-view" in output["text/html"]
    assert "Finished in" in output["text/html"]


def test_its_text_has_the_same_lines_however_far_the_run_is(kernel):
    run = FakeRun()
    view = displayed(run)
    run.finish()
    view.wait()
    for bundle in next(iter(kernel.shown.values())):
        first, measured = bundle["text/plain"].splitlines()
        assert first == "squares on interpreters, live"
        assert measured.startswith("~ so far: ")


@pytest.mark.usefixtures("_no_widget_is_left")
def test_the_stop_button_stops(kernel):
    run = FakeRun(how="killed")
    view = displayed(run)
    stop, _ = buttons(view)
    stop.click()
    assert stop.disabled
    with pytest.raises(runtime.RunStoppedError):
        view.wait()
    assert "its process had to be killed" in kernel.outputs[0]["text/html"]


def test_the_figure_waits_for_the_page(kernel):
    run = FakeRun()
    view = displayed(run)
    stage, (_, ready) = view._stage, buttons(view)
    assert run.looked.wait(PATIENCE_S)
    assert stage._slot.children == ()
    ready.value = "one 0"
    while not stage._slot.children:  # it comes with the next look
        pass
    run.finish()
    view.wait()


@pytest.mark.usefixtures("_no_widget_is_left")
def test_a_page_that_is_opened_again_gets_a_figure_of_its_own():
    stage = Stage()
    stage.clear("squares")
    stage.show("running", FakeRun().progress())
    stage._ready.value = "one 0"
    (first,) = stage._slot.children
    stage._ready.value = "one 1"  # the kernel was slow to answer
    assert stage._slot.children == (first,)
    stage._ready.value = "two 0"
    (second,) = stage._slot.children
    assert stage._ready.placeholder == "two"
    assert first is not second
    assert first.comm is None
    stage.close()


def test_a_page_that_was_opened_again_keeps_its_widgets(kernel):
    run = FakeRun()
    view = displayed(run)
    stage, (_, ready) = view._stage, buttons(view)
    ready.value = "one 0"
    ready.value = "two 0"
    run.finish()
    view.wait()
    assert "Finished in" in stage._strip.value
    assert stage.box.comm is not None
    notebook._before_cell(type("Info", (), {"cell_id": "cell"}))
    assert stage.box.comm is None


@pytest.mark.usefixtures("_no_widget_is_left")
def test_running_the_cell_again_ends_the_former_run(kernel):
    first, second = FakeRun(), FakeRun()
    displayed(first)
    notebook._before_cell(type("Info", (), {"cell_id": "another"}))
    assert first.stops == 0
    notebook._before_cell(type("Info", (), {"cell_id": "cell"}))
    assert first.stops == 1
    assert WIDGET in kernel.outputs[0]  # nothing is put where the new output will stand
    view = displayed(second)
    second.finish()
    view.wait()
    assert second.stops == 0


@pytest.mark.usefixtures("_no_widget_is_left")
def test_a_failure_is_told_with_the_trace_so_far(kernel):
    run = FakeRun(error=failing())
    view = displayed(run)
    run.finish()
    with pytest.raises(runtime.WorkerError):
        view.wait()
    html = kernel.outputs[0]["text/html"]
    assert "worker &#x27;produce&#x27; failed: &lt;b&gt;no&lt;/b&gt;" in html
    assert "lab-view" in html


def test_displayed_again_it_shows_the_picture(kernel):
    run = FakeRun()
    view = displayed(run)
    run.finish()
    view.wait()
    kernel.shown.clear()
    view._ipython_display_()
    assert "lab-view" in kernel.outputs[0]["text/html"]


def test_without_a_kernel_it_is_text(capsys):
    run = squares(count=5).start()
    view = vizlib.live(run)
    view._ipython_display_()
    assert view.wait().results["total"] == 30
    first, measured = capsys.readouterr().out.splitlines()
    assert first == "squares on interpreters, live"
    assert measured.startswith("~ so far: ")
    assert "over" in repr(view)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (builders.trace(), r"got a trace, whose run is over: vizlib.timeline\(trace\) draws it"),
        (runtime.Program("x"), r"got a program that was not started: vizlib.live\(program.start\(\)\)"),
        (3, r"got 'int': vizlib.live\(program.start\(\)\)"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(given, says):
    with pytest.raises(TypeError, match=says):
        vizlib.live(given)


def test_stop_returns_when_all_is_shown(kernel):
    run = FakeRun(how="woken")
    view = displayed(run)
    assert view.stop() == "woken"
    assert "lab-view" in kernel.outputs[0]["text/html"]
    assert view._stage is None
