"""Broadcast: every receiver gets every message, in order."""

from __future__ import annotations

import pytest

import runtime
from runtime.patterns.broadcast import Broadcast


def test_everyone_gets_everything_in_order(backend):
    program = runtime.Program("news")
    channels = [program.channel(f"to {n}", capacity=2) for n in range(3)]

    @program.worker(*(sending for _, sending in channels))
    def station(*outs):
        from runtime.patterns import broadcast

        news = broadcast.Broadcast(*outs)
        counts = {news.send(("item", n)) for n in range(50)}
        news.close()
        return counts

    for receiving, _ in channels:

        @program.worker(receiving, name=f"listener of {receiving.channel}")
        def listen(inbox):
            return list(inbox)

    results = program.run(backend).results
    assert results.pop("station") == {3}
    assert list(results.values()) == [[("item", n) for n in range(50)]] * 3


def test_who_is_gone_is_left_out():
    (a, a_out), (b, b_out) = runtime.create_channel(capacity=None), runtime.create_channel(capacity=None)
    news = Broadcast(a_out)
    news.add(b_out)
    assert (news.send(1), len(news)) == (2, 2)
    a.close()
    assert (news.send(2), len(news)) == (1, 1)
    b.close()
    assert (news.send(3), len(news)) == (0, 0)


def test_the_timeout_is_for_all_together():
    channels = [runtime.create_channel(capacity=1) for _ in range(3)]
    news = Broadcast(*(out for _, out in channels))
    news.send(1)
    channels[0][0].recv()
    with pytest.raises(runtime.ChannelTimeoutError):
        news.send(2, timeout=0.05)
    assert [len(receiving) for receiving, _ in channels] == [1, 1, 1]
    assert channels[0][0].recv() == 2
