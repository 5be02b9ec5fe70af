"""What a channel stands on: memory, semaphores and a queue; how they are made, found from elsewhere, and given back.

| between | objects wait in | others find it by |
| --- | --- | --- |
| threads (`local`) | a deque | - |
| interpreters of one process | the interpreters' own queue | its number; descriptors are good everywhere |
| processes (where a `broker` is bound) | a list in the file behind the words | a number of the broker |
"""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable
from typing import NamedTuple

from runtime import cpython
from runtime.channels import broker, letterbox, parking, processbox
from runtime.channels.letterbox import MAX_CREDITS, ROW_BITS
from runtime.errors import ChannelNotFoundError

ROWS = 1 << ROW_BITS
ROW_WORDS = 32
WORDS_BYTES = ROWS * ROW_WORDS * 8
NEWEST = 14  # the word of row 0 that a letterbox has for itself
STATE_BYTES = WORDS_BYTES + ROWS * MAX_CREDITS


class Address(NamedTuple):
    """What another interpreter needs to reach the channel.  Plain data, shareable.

    In another process only the key means the same: see `find`.
    """

    key: int
    name: str
    capacity: int  # -1: no bound
    offers: int  # the queue of offers, for a rendezvous between interpreters
    arrivals: tuple[int, ...]  # descriptors of the gates
    room: tuple[int, ...]
    mutex: tuple[int, ...]
    shared: tuple[int, ...]  # between processes: the lock of the list of letters, and the offers
    state: int
    local: bool

    @property
    def descriptors(self) -> tuple[int, ...]:
        """All of them."""
        return (*self.arrivals, *self.room, *self.mutex, *self.shared, *((self.state,) if self.state >= 0 else ()))


def lay(name: str | None, capacity: int | None, *, local: bool) -> Address:
    """Make what a new channel stands on: for threads only, or for all interpreters or processes there are."""
    home = None if local else broker.bound()
    with contextlib.ExitStack() as undo:
        key = offers = 0
        if home is None:
            key = cpython.create_queue(capacity or 0)  # a local channel uses only its number
            undo.callback(cpython.destroy_queue, key)
            if capacity == 0 and not local:
                offers = cpython.create_queue()
                undo.callback(cpython.destroy_queue, offers)

        def made(create: Callable[[], parking.Semaphore]) -> tuple[int, ...]:
            descriptors = create().descriptors
            for fd in descriptors:
                undo.callback(os.close, fd)
            return descriptors

        arrivals, room, mutex = made(parking.create_bell), made(parking.create_bell), made(_unlocked)
        shared = made(_unlocked) + made(parking.create_semaphore) if home is not None else ()
        state = -1
        if not local:
            state = _new_file(STATE_BYTES + (home.memory_bytes if home is not None else 0))
            undo.callback(os.close, state)
        bound = -1 if capacity is None else capacity
        address = Address(key, name or f"channel-{key}", bound, offers, arrivals, room, mutex, shared, state, local)
        if home is not None:
            key = home.publish(address.descriptors)
            address = address._replace(key=key, name=name or f"channel-{key}")
        undo.pop_all()
    return address


def _unlocked() -> parking.Semaphore:
    return parking.create_semaphore(1)


def _new_file(size: int) -> int:
    """Create the file behind the words: anonymous, gone with its last descriptor, sparse."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("channel", os.MFD_CLOEXEC)
    else:
        import tempfile  # noqa: PLC0415 - slow to import, and Linux needs it never

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    return fd


def find(address: Address) -> Address:
    """The address as it can be used here.  Raises `ChannelNotFoundError` when the channel no longer exists."""
    if address.shared:
        home = broker.bound()
        found = [] if home is None else home.fetch(address.key)
        if not found:
            raise ChannelNotFoundError(f"channel {address.name!r} is between processes of a run that is over")
        arrivals, room, mutex, lock, offers, state = found
        return address._replace(arrivals=(arrivals,), room=(room,), mutex=(mutex,), shared=(lock, offers), state=state)
    if not cpython.queue_exists(address.key):  # its descriptors may be another's by now
        raise ChannelNotFoundError(f"channel {address.name!r} no longer exists: every end of it is gone")
    return address


def memory_of(address: Address) -> memoryview:
    """The channel's words and credits, and what comes after them."""
    if address.local:
        return memoryview(bytearray(STATE_BYTES))
    size = os.fstat(address.state).st_size if address.shared else STATE_BYTES
    if os.name == "posix":
        return memoryview(mmap.mmap(address.state, size, trackfd=False))
    return memoryview(mmap.mmap(address.state, size))


def letterbox_of(address: Address, memory: memoryview) -> letterbox.Letterbox:
    """Where the channel's objects wait."""
    bound = max(0, address.capacity)
    if address.local:
        return letterbox.LocalLetterbox(bound)
    if address.shared:
        lock = parking.attach_semaphore(address.shared[:1])
        return processbox.ProcessLetterbox(memory[STATE_BYTES:], bound, lock)
    newest = memory[NEWEST * 8 : (NEWEST + 1) * 8].cast("Q")
    return letterbox.InterpreterLetterbox(address.key, bound, memory[WORDS_BYTES:STATE_BYTES], newest)


def offers_of(address: Address) -> letterbox.Tokens | None:
    """The offers of a rendezvous; None for a channel with room."""
    if address.capacity != 0:
        return None
    if address.local:
        return letterbox.LocalTokens()
    if address.shared:
        return processbox.ProcessTokens(parking.attach_semaphore(address.shared[1:]))
    return letterbox.InterpreterTokens(address.offers)


def give_back(address: Address, *, last: bool) -> None:
    """Leave the channel; the `last` interpreter that leaves ends it.  May be done again.

    In one process the descriptors are everybody's until then; each process has its own.
    """
    if address.shared:
        home = broker.bound()
        if last and home is not None:
            home.forget(address.key)
    elif not last or not cpython.destroy_queue(address.key):
        return
    elif address.offers:
        cpython.destroy_queue(address.offers)
    for fd in address.descriptors:
        os.close(fd)
