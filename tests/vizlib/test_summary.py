"""The numbers of a run that one would tell first."""

from tests.vizlib import builders
from vizlib.views import summary


def test_the_summary_of_a_run():
    facts = dict(summary.facts(builders.squares(items=6)))
    assert facts["messages"] == "12 of 288 B together"
    assert facts["at work at once, on average"].endswith(" of 4 workers")
    assert facts["where all lives went"].startswith("running 66 %, recv-blocked ")
    assert facts["cores seen in use"] == "2 of 2"


def test_the_summary_says_what_is_missing():
    facts = dict(summary.facts(builders.failing()))
    assert facts["took"] == "100 ns, then cut short"
    assert facts["messages"] == "1 of 24 B together, 1 never received"
    assert facts["records lost"] == "3"
