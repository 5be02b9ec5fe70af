"""What lessons are made of, besides pictures: predictions, questions and exercises that a check marks.

    predict(question, [wrong(...), right(...)], key=...)   a choice, recorded before the run; then all reasons
    estimate(question, key=...)                            the same with a number
    prediction(key)                                        what was predicted
    reveal(key, measured, what)                            the prediction drawn beside what was measured
    quiz(ask(question, options), ...)                      a self-test
    check(trace, results_add_up_to(...), ...)              marks an exercise from the trace of its run

Everything shows itself in a notebook, reads as text without one, and keeps what it was told in the kernel alone.
"""

from vizlib.teaching.answers import prediction
from vizlib.teaching.forms import Form, ask, estimate, predict, quiz
from vizlib.teaching.questions import Option, right, wrong
from vizlib.teaching.report import Report, check
from vizlib.teaching.requirements import (
    Requirement,
    Verdict,
    all_returned,
    every_message_received,
    faster_than,
    result_is,
    results_add_up_to,
    time_in,
    work_divided,
    workers_at_least,
)
from vizlib.teaching.reveal import Reveal, reveal

__all__ = [
    "Form",
    "Option",
    "Report",
    "Requirement",
    "Reveal",
    "Verdict",
    "all_returned",
    "ask",
    "check",
    "estimate",
    "every_message_received",
    "faster_than",
    "predict",
    "prediction",
    "quiz",
    "result_is",
    "results_add_up_to",
    "reveal",
    "right",
    "time_in",
    "work_divided",
    "workers_at_least",
    "wrong",
]
