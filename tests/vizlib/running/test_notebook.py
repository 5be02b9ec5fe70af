"""The notebook's interrupt button while no cell runs."""

import asyncio
import os
import signal
import sys

import pytest

from vizlib.running.notebook import Interrupts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there the kernel is interrupted by another way")


@pytest.fixture
def idle():
    """An idle kernel ignores the signal."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


async def settled(wanted):
    for _ in range(1_000):
        if signal.getsignal(signal.SIGINT) == wanted:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{signal.getsignal(signal.SIGINT)} is not {wanted}")


@pytest.mark.usefixtures("idle")
def test_the_interrupt_stops_what_goes_on_and_is_ignored_again_afterwards():
    async def kernel():
        stops, interrupts = [], Interrupts()

        def stop():
            stops.append(True)

        interrupts.add(stop)
        await settled(interrupts._interrupt)
        os.kill(os.getpid(), signal.SIGINT)
        assert stops == [True]
        interrupts.remove(stop)
        await settled(signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGINT)
        assert stops == [True]

    asyncio.run(kernel())


@pytest.mark.usefixtures("idle")
def test_while_a_cell_runs_the_interrupt_is_its_own():
    async def kernel():
        stops, interrupts = [], Interrupts()
        saved = signal.signal(signal.SIGINT, signal.default_int_handler)  # as the kernel does before a cell
        interrupts.add(lambda: stops.append(True))
        await asyncio.sleep(0.2)  # many turns of the loop
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert stops == []
        signal.signal(signal.SIGINT, saved)
        await settled(interrupts._interrupt)

    asyncio.run(kernel())


def test_without_a_loop_nothing_is_taken():
    before = signal.getsignal(signal.SIGINT)
    interrupts = Interrupts()
    interrupts.add(lambda: None)
    assert signal.getsignal(signal.SIGINT) == before
    interrupts.remove(lambda: None)
