"""What the panel carries: the text form, plain data for its script, and nothing of a snippet as markup."""

from __future__ import annotations

import base64
import gzip
import json
import re

from vizlib.teaching import Puzzle

EVIL = "</script><img src=x onerror='window.harmed = true'>"


def evil():
    puzzle = Puzzle(EVIL, wanted=f"account.name == {EVIL!r}")
    account = puzzle.shared("account", name="")

    @puzzle.worker(account, name=EVIL)
    def rename(account):
        account.name = "</script><img src=x onerror='window.harmed = true'>"

    return puzzle


def content(html):
    packed = re.search(r'class="lab-content">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_the_panel_carries_every_state_and_where_each_step_leads():
    found = content(evil().play().html())
    assert [len(node["moves"]) for node in found["nodes"]] == [1, 0]
    worker, told, goes_to = found["nodes"][0]["moves"][0]
    assert (worker, goes_to) == (0, 1)
    assert told.startswith("writes account.name")
    assert found["endings"] == [{"told": "", "schedules": "1"}]
    assert found["shortest"] is None


def test_nothing_that_was_written_becomes_markup():
    puzzle = evil()
    for html in (puzzle.play().html(), puzzle.explore().html(), puzzle.check(EVIL).html()):
        assert "<img" not in html


def test_the_text_form_shows_snippets_with_their_steps_and_spoils_nothing():
    puzzle = Puzzle("deposits", wanted="account.balance == 2")
    account = puzzle.shared("account", balance=0)

    @puzzle.worker(account, copies=2)
    def deposit(account):
        account.balance += 1

    bundle = puzzle.play()._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    lines = bundle["text/plain"].splitlines()
    assert lines[1] == "  shared: account.balance = 0"
    assert lines[4].endswith("# read account.balance, add: account.balance + 1, write account.balance")
    assert "schedules" not in bundle["text/plain"]
    assert len(bundle["text/html"]) < 60_000
