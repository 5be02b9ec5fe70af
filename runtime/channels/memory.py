"""Blocks of memory that all interpreters of a process see: made, counted, handed over, given back by the last.

An object belongs to its interpreter, which frees it when it ends, wherever its memory was shown to.  So what crosses
without a copy must not be an object: a block is plain memory of the process's own heap, known by its address, and
crossing means to send a number.  No page is mapped or copied for that, so it takes as long for 8 bytes as for 100 MB.

**Holders.**  Somebody must know when nobody uses a block any more, and interpreters share no counter that they could
change at once.  But a queue's length is one.  Each block has a queue (its key) with one item for each holder.  Who
holds it may put an item for another; who is done takes one, and who then finds the queue empty destroys it, which can
succeed only once: he frees the memory.  That works in a finalizer, too: it takes no lock and never waits.

**Travelling.**  What is on its way in a message is held by the message.  Whoever gets hold of that share must be one
alone: the receiver, or a sender who takes it back (a timeout, Ctrl-C in doubt, an interpreter that ends while its
message is still queued: then the message is lost).  Each journey has a queue of its own, its claim, with nothing in
it: of several who destroy it, one succeeds, and has the share.

So in doubt memory stays allocated; it is never freed under somebody's eyes.  Between processes blocks are files: see
`mapped`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
from collections.abc import Buffer
from itertools import islice
from typing import Any, NamedTuple

from runtime import cpython
from runtime.channels import broker, mapped
from runtime.channels.mapped import BETWEEN_PROCESSES, MappedBlock
from runtime.errors import ChannelNotFoundError

_READ, _WRITE = 0x100, 0x200  # PyBUF_READ, PyBUF_WRITE: the same in every version
_LOOKS = 4  # journeys that are looked at, when another begins, whether they are over


class Block(NamedTuple):
    """Where a block of the process's heap is.  Plain data, which means something in one process only."""

    key: int
    address: int
    size: int
    process: int

    @property
    def ticket(self) -> tuple[int, int, int, int]:
        """What a receiver needs beside the claim."""
        return self.key, self.address, self.size, self.process

    def stand(self) -> tuple[int, int, int, int]:
        """What those need who attach it, once each is expected."""
        return self.key, self.address, self.size, self.process

    def expect(self) -> None:
        """One more will attach it."""
        hold(self.key)

    def view(self) -> memoryview:
        """A view of the memory, which keeps nothing alive."""
        return view(self.address, self.size)

    def depart(self, *, shared: bool) -> int:
        """Begin a journey with the caller's share, or, `shared`, with one more; return its claim."""
        if shared:
            hold(self.key)
        return depart(self.key, self.address)

    def take_back(self, claim: int) -> bool:
        """End a journey before it arrives.  False when it has arrived."""
        return take_back(claim)

    def gone(self) -> None:
        """It has moved to another, and the share with it."""

    def release(self) -> None:
        """Hold it no more.  The last one frees it."""
        if let_go(self.key):
            _heap().free(self.address)


type AnyBlock = Block | MappedBlock


def create(size: int) -> AnyBlock:
    """Allocate a block of zeros, which its caller holds.  Raises `MemoryError`."""
    if broker.bound() is not None:
        return MappedBlock.create(size)
    address = _heap().allocate(1, size)
    if not address:
        raise MemoryError(f"no memory for a buffer of {size:,} bytes")
    return Block(new_key(), address, size, os.getpid())


def adopt(claim: int, ticket: tuple[int, int, int, int]) -> AnyBlock:
    """Receive a block that travelled.

    Raises `ChannelNotFoundError` when another has received it, or its sender took it back.
    """
    if ticket[-1] == BETWEEN_PROCESSES:
        return MappedBlock.adopt(claim, ticket)
    block = Block(*ticket)
    if block.process != os.getpid():
        raise ChannelNotFoundError("a buffer came from another process: its memory is not here")
    arrive(claim)
    return block


def attach(ticket: tuple[int, int, int, int]) -> AnyBlock:
    """Get hold of a block that stands for all who are expected."""
    return MappedBlock.attach(ticket) if ticket[-1] == BETWEEN_PROCESSES else Block(*ticket)


def new_key() -> int:
    """A key with one holder."""
    key = cpython.create_queue()
    hold(key)
    return key


def hold(key: int) -> None:
    """Let one more hold what has this key.  Only who holds it may do that."""
    cpython.putter(key)(1)


def let_go(key: int) -> bool:
    """Hold it no more; return whether that was the last holder, who then has to free it.  Never waits."""
    try:
        with contextlib.suppress(cpython.ItemLost):  # put there by an interpreter that has ended: as good as any
            cpython.getter(key)()
        return not cpython.queue_length(key) and cpython.destroy_queue(key)
    except (cpython.QueueEmpty, cpython.QueueNotFound):  # somebody else was the last
        return False


def is_held(key: int) -> bool:
    """Whether somebody holds what has this key."""
    return cpython.queue_exists(key)


def view(address: int, size: int, *, readonly: bool = False) -> memoryview:
    """A view of memory.  It keeps nothing alive: whoever has it must hold what lies there."""
    found: memoryview = _heap().view(address, size, _READ if readonly else _WRITE)
    return found


def address_of(exporter: Buffer) -> int:
    """Where an object's memory begins.  Raises `BufferError` when it does not lie in one piece.

    It stays there as long as somebody has a memoryview of the object.
    """
    return _heap().address_of(exporter)


# --- travelling ---------------------------------------------------------------------------------------------------


_departed: dict[int, tuple[int, int]] = {}  # claim -> (key, address) of what this interpreter has sent


def depart(key: int, address: int) -> int:
    """Begin a journey; return its claim.  From now on the share of one holder is the message's."""
    claim = cpython.create_queue()
    for earlier in list(islice(_departed, _LOOKS)):
        share = _departed.pop(earlier, None)
        if share is not None and cpython.queue_exists(earlier):
            _departed[earlier] = share  # still on its way: to the end of the line
    _departed[claim] = key, address
    return claim


def arrive(claim: int) -> None:
    """End a journey: the share of the message is the caller's.  Raises `ChannelNotFoundError` when somebody has it."""
    if not cpython.destroy_queue(claim):
        raise ChannelNotFoundError(
            "a buffer came that is not there: it has arrived before (each copy arrives once), or its sender took it "
            "back because he was interrupted, or his interpreter ended"
        )


def take_back(claim: int) -> bool:
    """End a journey before it arrives.  False when it has arrived."""
    _departed.pop(claim, None)
    return cpython.destroy_queue(claim)


def give_up(claim: int, key: int, address: int, process: int) -> None:
    """Nobody will receive this message: hold no more what travels in it.

    Who is the last frees it, unless its address is 0: then it belongs to its lender.
    """
    if process == BETWEEN_PROCESSES:
        mapped.give_up(claim)
    elif cpython.destroy_queue(claim) and let_go(key) and address:
        _heap().free(address)


def give_up_departed() -> None:
    """The interpreter ends: what it has sent and nobody has received is lost."""
    for claim, (key, address) in list(_departed.items()):
        give_up(claim, key, address, os.getpid())


atexit.register(give_up_departed)


# --- the interpreter's own functions ------------------------------------------------------------------------------


class _Heap:
    """The part of CPython's C interface that knows memory by its address."""

    def __init__(self) -> None:
        import ctypes  # noqa: PLC0415 - costs milliseconds in each interpreter, and most never need it

        class PyBuffer(ctypes.Structure):  # Py_buffer: a part of the stable ABI
            _fields_ = [
                ("buf", ctypes.c_void_p),
                ("obj", ctypes.c_void_p),
                ("len", ctypes.c_ssize_t),
                ("itemsize", ctypes.c_ssize_t),
                ("readonly", ctypes.c_int),
                ("ndim", ctypes.c_int),
                *((name, ctypes.c_void_p) for name in ("format", "shape", "strides", "suboffsets", "internal")),
            ]

        pointer, size = ctypes.c_void_p, ctypes.c_ssize_t
        # prototypes of our own: those of ctypes.pythonapi's attributes are everybody's
        function = ctypes.PYFUNCTYPE
        self.allocate: Any = function(pointer, size, size)(("PyMem_RawCalloc", ctypes.pythonapi))
        self.free: Any = function(None, pointer)(("PyMem_RawFree", ctypes.pythonapi))
        self.view: Any = function(ctypes.py_object, pointer, size, ctypes.c_int)(
            ("PyMemoryView_FromMemory", ctypes.pythonapi)
        )
        self.keep_for_ever: Any = function(None, ctypes.py_object)(("Py_IncRef", ctypes.pythonapi))
        self._get: Any = function(ctypes.c_int, ctypes.py_object, ctypes.POINTER(PyBuffer), ctypes.c_int)(
            ("PyObject_GetBuffer", ctypes.pythonapi)
        )
        self._release: Any = function(None, ctypes.POINTER(PyBuffer))(("PyBuffer_Release", ctypes.pythonapi))
        self._new, self._byref = PyBuffer, ctypes.byref

    def address_of(self, exporter: Buffer) -> int:
        found = self._new()
        self._get(exporter, self._byref(found), 0)  # PyBUF_SIMPLE: in one piece
        self._release(self._byref(found))
        return found.buf or 0


@functools.cache
def _heap() -> _Heap:
    return _Heap()


def keep_for_ever(thing: object) -> None:
    """Never free an object, not even when this interpreter ends."""
    _heap().keep_for_ever(thing)
