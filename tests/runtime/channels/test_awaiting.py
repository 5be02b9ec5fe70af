"""Awaiting a receive in asyncio: other tasks go on, no wake-up is lost, and a task that is cancelled takes nothing."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

import runtime
from runtime.channels.ends import create_channel
from runtime.errors import ChannelClosedError, ChannelTimeoutError
from runtime.tracing.model import Ending, State
from tests.runtime.helpers import Elsewhere, wait_until


@pytest.mark.parametrize("capacity", [0, 1, None])
def test_other_tasks_go_on_meanwhile(place, capacity):
    numbers, out = place.channel(capacity)
    ready, tell = place.channel(1)
    other = place.start("ready.recv()\nout.send('there')", ready=ready, out=out)

    async def main():
        waiting = asyncio.create_task(numbers.arecv())
        turns = 0
        while numbers.stats().tasks_waiting_receive == 0:
            turns += 1
            await asyncio.sleep(0)
        tell.send("go on")
        return await waiting, turns

    received, turns = asyncio.run(main())
    assert received == "there"
    assert turns > 0
    assert numbers.stats().tasks_waiting_receive == 0
    other.result()


def test_receives_until_the_end(place):
    numbers, out = place.channel(2)
    other = place.start("for n in range(20): out.send(n)", out=out)

    async def main():
        return [n async for n in numbers]

    assert asyncio.run(main()) == list(range(20))
    with pytest.raises(ChannelClosedError):
        asyncio.run(numbers.arecv())
    other.result()


@pytest.mark.parametrize("capacity", [0, 1])
@pytest.mark.parametrize("seconds", [0, 0.02, 0.1])
def test_a_timeout_is_kept(capacity, seconds):
    numbers, _out = create_channel("numbers", capacity)
    began = time.monotonic()
    with pytest.raises(ChannelTimeoutError, match=f"nothing came through channel 'numbers' within {seconds} s"):
        asyncio.run(numbers.arecv(timeout=seconds))
    assert seconds <= time.monotonic() - began < seconds + 0.5


def test_several_tasks_share_one_end():
    numbers, out = create_channel(capacity=None)

    async def main():
        tasks = [asyncio.create_task(numbers.arecv()) for _ in range(10)]
        while numbers.stats().tasks_waiting_receive == 0:
            await asyncio.sleep(0)
        for n in range(10):
            out.send(n)
        return await asyncio.gather(*tasks)

    assert sorted(asyncio.run(main())) == list(range(10))


def test_closing_wakes_who_awaits(place):
    numbers, out = place.channel(1)

    async def main():
        waiting = asyncio.create_task(numbers.arecv())
        while numbers.stats().tasks_waiting_receive == 0:
            await asyncio.sleep(0)
        out.close()
        with pytest.raises(ChannelClosedError):
            await waiting

    asyncio.run(main())


def test_who_is_cancelled_leaves_it_to_others(place):
    numbers, out = place.channel(1)
    waiter = place.start("result = numbers.recv()", numbers=numbers.clone())

    async def main():
        waiting = asyncio.create_task(numbers.arecv())
        while numbers.stats().tasks_waiting_receive < 2:
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    out.send("for the other")
    assert waiter.result() == "for the other"


SEND = "for n in range(count): out.send((seed, n))"


@pytest.mark.stress
@pytest.mark.parametrize("capacity", [0, 1, 8, None])
def test_cancelled_at_random_nothing_is_lost_and_nothing_comes_twice(capacity):
    seed = random.randrange(1 << 30)
    dice = random.Random(seed)
    numbers, out = create_channel(capacity=capacity)
    senders = [Elsewhere(SEND, {"out": out.clone(), "seed": n, "count": 300}, "interpreter") for n in range(3)]
    out.close()
    got = []

    async def receive():
        while True:
            try:
                got.append(await asyncio.wait_for(numbers.arecv(), dice.random() * 0.001))
            except TimeoutError:
                continue
            except ChannelClosedError:
                return

    async def main():
        await asyncio.gather(*(receive() for _ in range(4)))

    asyncio.run(main())
    for sender in senders:
        sender.result()
    assert sorted(got) == sorted((n, m) for n in range(3) for m in range(300)), seed


def test_a_worker_may_run_asyncio(backend):
    program = runtime.Program("server")
    requests_in, requests_out = program.channel("requests", capacity=4)

    @program.worker(requests_in)
    def serve(requests):
        import asyncio

        async def answer(n, reply):
            await asyncio.sleep(0.01)
            reply.send(n * n)
            reply.close()

        async def main():
            async with asyncio.TaskGroup() as group:
                async for n, reply in requests:
                    group.create_task(answer(n, reply))

        asyncio.run(main())

    @program.worker(requests_out)
    def ask(requests):
        import runtime

        answers = []
        for n in range(10):
            receiving, sending = runtime.create_channel(capacity=1)
            requests.send((n, sending))
            answers.append(receiving)
        return [answer.recv() for answer in answers]

    trace = program.run(backend)

    assert trace.results["ask"] == [n * n for n in range(10)]
    assert len([message for message in trace.messages if message.receiver == 0]) == 10


def test_a_worker_whose_tasks_await_sleeps_and_is_not_blocked():
    program = runtime.Program("slow")
    receiving, sending = program.channel("line")

    @program.worker(receiving)
    def awaits(inbox):
        import asyncio

        return asyncio.run(inbox.arecv())

    @program.worker(sending)
    def late(out):
        import time

        time.sleep(0.3)
        out.send("here")

    life = program.run().breakdown()[0]
    assert life.share(State.RECV_BLOCKED) < 0.1
    assert life.share(State.SLEEPING) > 0.2


def test_a_worker_that_awaits_is_stopped(backend):
    program = runtime.Program("stopped")
    receiving, sending = program.channel("line")

    @program.worker(receiving)
    def awaits(inbox):
        import asyncio

        async def main():
            await asyncio.gather(inbox.arecv(), inbox.arecv())

        asyncio.run(main())

    @program.worker(sending)
    def keeps(out):
        import runtime

        runtime.after(600).recv()

    run = program.start(backend)
    wait_until(lambda: any(span.worker == 1 and span.state == State.RECV_BLOCKED for span in run.trace.spans))
    assert run.stop() in ("woken", "interrupted")
    assert [worker.ending for worker in run.trace.workers] == [Ending.STOPPED] * 2
