"""What lessons are made of, besides pictures: predictions, questions and exercises that a check marks.

    predict(question, [wrong(...), right(...)], key=...)   a choice, recorded before the run; then all reasons
    estimate(question, key=...)                            the same with a number
    prediction(key)                                        what was predicted
    reveal(key, measured, what)                            the prediction drawn beside what was measured
    bars(title, {name: number}, unit)                      a few measured numbers, drawn
    quiz(ask(question, options), ...)                      a self-test
    check(trace, results_add_up_to(...), ...)              marks an exercise from the trace of its run

    Puzzle(name, wanted=...)                               you are the scheduler: play, walk, explore
    contrast(misconception, trace, program)                what you would see if it were true, from a model
    lesson(number).run(program, backend)                   live, or from a recording where this machine cannot
    progress(), export_progress(name)                      what you have done; a file to hand in

What a check can ask for:

    results_add_up_to, result_is, all_returned, no_deadlock, workers_at_least, runs_on          how it ended
    reason_is                                              and why it was done so, chosen from a few reasons
    every_message_received, order_kept, depth_at_most, channels_bounded, capacity_at_most, messages_sent, bytes_sent,
    bytes_copied, crosses_by
                                                           what went through the channels: the same on any machine
    right_in_every_order, never_wrong                      in every order of steps, as a puzzle, whatever a run showed
    faster_than, work_divided, parallel_at_least, blocked_at_most, time_in
                                                           where the time went: measured, so give it room

Everything shows itself in a notebook, and reads as text without one.  What it is told stays on this machine.
"""

from vizlib.teaching.answers import prediction
from vizlib.teaching.bars import Bars, bars
from vizlib.teaching.efforts import blocked_at_most, faster_than, parallel_at_least, time_in, work_divided
from vizlib.teaching.flows import (
    bytes_copied,
    bytes_sent,
    capacity_at_most,
    channels_bounded,
    crosses_by,
    depth_at_most,
    every_message_received,
    messages_sent,
    order_kept,
)
from vizlib.teaching.forms import Form, ask, estimate, predict, quiz
from vizlib.teaching.misconceptions import MISCONCEPTIONS, Contrast, contrast
from vizlib.teaching.orders import never_wrong, right_in_every_order
from vizlib.teaching.progress import Progress, export_progress, progress, read_exported
from vizlib.teaching.questions import Option, right, wrong
from vizlib.teaching.replay import Lesson, ReplayError, lesson
from vizlib.teaching.report import NotDoneError, Report, check
from vizlib.teaching.requirements import (
    Requirement,
    Verdict,
    all_returned,
    no_deadlock,
    reason_is,
    result_is,
    results_add_up_to,
    runs_on,
    workers_at_least,
)
from vizlib.teaching.reveal import Reveal, reveal
from vizlib.teaching.scheduler import Puzzle, PuzzleError

__all__ = [
    "MISCONCEPTIONS",
    "Bars",
    "Contrast",
    "Form",
    "Lesson",
    "NotDoneError",
    "Option",
    "Progress",
    "Puzzle",
    "PuzzleError",
    "ReplayError",
    "Report",
    "Requirement",
    "Reveal",
    "Verdict",
    "all_returned",
    "ask",
    "bars",
    "blocked_at_most",
    "bytes_copied",
    "bytes_sent",
    "capacity_at_most",
    "channels_bounded",
    "check",
    "contrast",
    "crosses_by",
    "depth_at_most",
    "estimate",
    "every_message_received",
    "export_progress",
    "faster_than",
    "lesson",
    "messages_sent",
    "never_wrong",
    "no_deadlock",
    "order_kept",
    "parallel_at_least",
    "predict",
    "prediction",
    "progress",
    "quiz",
    "read_exported",
    "reason_is",
    "result_is",
    "results_add_up_to",
    "reveal",
    "right",
    "right_in_every_order",
    "runs_on",
    "time_in",
    "work_divided",
    "workers_at_least",
    "wrong",
]
