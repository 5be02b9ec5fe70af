"""Lending: show the memory of an object to other interpreters, without a copy.

Any object with a buffer (bytes, bytearray, array, mmap, a memoryview of one of them) lends its memory: the receiver
gets a memoryview of it, and each sees what the other writes.  The object itself stays with its interpreter, which keeps
a view of it (so that it is neither freed nor resized) until every borrower has let go.  That is seen when the lender
lends again, not at once: until then the memory is kept.

The interpreters' own way to share a memoryview is not used: what it lends is given back by a call in the lender's
interpreter, and such calls are lost when many are due (see `letterbox`); and on 3.13.0 the process crashes when a
borrower lets go of a view whose lender has ended.  Here a lender that ends never frees what is still lent.
"""

from __future__ import annotations

import atexit
import os
from itertools import islice
from typing import Any, NamedTuple

from runtime.channels import broker, memory
from runtime.errors import ChannelNotFoundError, NotShareableError

_LOOKS = 4  # loans that are looked at, when another is made, whether they are over

_lent: dict[int, memoryview] = {}  # by key: what this interpreter lends


class Loan(NamedTuple):
    """What a borrower needs.  Plain data, which means something in one process only."""

    key: int
    address: int
    size: int
    process: int
    readonly: bool
    format: str
    shape: tuple[int, ...]


def lend(view: memoryview) -> tuple[int, Loan]:
    """Lend the memory of a view; return the journey's claim, and the loan.  Raises `NotShareableError`."""
    if broker.bound() is not None:
        raise NotShareableError(
            "this memory belongs to its process, and others do not see it: put what they shall see into a buffer, "
            "runtime.create_buffer(...), and send that"
        )
    _check(view)
    _look_after_loans(_LOOKS)
    address = memory.address_of(view)
    key = memory.new_key()
    _lent[key] = view
    loan = Loan(key, address, view.nbytes, os.getpid(), view.readonly, view.format, view.shape or ())
    return memory.depart(key, 0), loan


def _check(view: memoryview) -> None:
    if not view.c_contiguous:
        raise NotShareableError("the buffer does not lie in memory in one piece; send a copy: bytes(view)")
    try:
        memoryview(bytes(view.itemsize)).cast(view.format)  # type: ignore[call-overload]
    except ValueError:
        raise NotShareableError(
            f"the buffer's items have the format {view.format!r}, which a memoryview elsewhere cannot have; "
            "send it as plain bytes: view.cast('B')"
        ) from None


def _look_after_loans(most: int) -> None:
    """Let go of what nobody borrows any more, among the oldest loans."""
    for key in list(islice(_lent, most)):
        view = _lent.pop(key, None)
        if view is not None and memory.is_held(key):
            _lent[key] = view  # to the end of the line


def borrow(claim: int, terms: tuple[Any, ...]) -> memoryview:
    """Receive a loan: the borrower's view.  The loan ends when nobody uses the view any more.

    Raises `ChannelNotFoundError` when somebody has received it, or its lender took it back.
    """
    loan = Loan(*terms)
    if loan.process != os.getpid():
        raise ChannelNotFoundError("a buffer came from another process: its memory is not here")
    memory.arrive(claim)
    whole = memoryview(_Borrowed(loan))
    if loan.format == "B" and len(loan.shape) == 1:
        return whole
    if 0 in loan.shape:  # nothing to see, and cast cannot do it
        return whole
    return whole.cast(loan.format, loan.shape)  # type: ignore[call-overload,no-any-return]


class _Borrowed:
    """What is behind a borrower's view: lives as long as somebody uses the view, or a part of it."""

    __slots__ = ("_key", "_memory")

    def __init__(self, loan: Loan) -> None:
        self._key = loan.key
        if loan.size:
            self._memory = memory.view(loan.address, loan.size, readonly=loan.readonly)
        else:
            self._memory = memoryview(b"")

    def __buffer__(self, flags: int) -> memoryview:
        return self._memory[:]

    def __del__(self) -> None:
        memory.let_go(self._key)


def lent_here() -> int:
    """How many loans of this interpreter are not over."""
    _look_after_loans(len(_lent))
    return len(_lent)


def _outlive() -> None:
    """The interpreter ends: what others still borrow from it stays where it is."""
    memory.give_up_departed()
    for key, view in list(_lent.items()):
        if memory.is_held(key):
            memory.keep_for_ever(view)


atexit.register(_outlive)
