"""The records that a trace is made of: plain, immutable data.

All times are integers, nanoseconds since the run began (the moment that every worker was ready and all were released
together), read from the monotonic clock.  `NONE` (-1) stands for "did not happen": a message that nobody received has
`received_ns == NONE`.  Workers, channels and cores are numbered; `trace.workers[i].name` gives the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from runtime.tracing.vocabulary import NONE as NONE
from runtime.tracing.vocabulary import Ending as Ending
from runtime.tracing.vocabulary import Evidence as Evidence
from runtime.tracing.vocabulary import State as State
from runtime.tracing.vocabulary import Transfer as Transfer


class Message(NamedTuple):
    """One object's way through a channel.

    sender      |encode|--wait for room--|put|
    receiver          |------wait for a message------|--decode--|
                ^      ^                 ^  ^        ^          ^
           began_ns encoded_ns    admitted_ns sent_ns taken_ns received_ns

    Under a rendezvous (capacity 0) room appears when a receiver is ready.  `received_ns` and the other receiver's
    fields are NONE when nobody received it.
    """

    sender: int  # worker
    serial: int  # counts the messages of its sender, from 0; (sender, serial) identifies a message
    channel: int
    receiver: int  # worker, or NONE
    transfer: int  # Transfer
    size: int  # bytes of payload; 0 for a reference
    preview: int  # index into trace.texts of a short text of the value, or NONE
    send_line: int  # line of the sender's snippet, in its own file's numbering
    recv_line: int
    began_ns: int  # send called
    encoded_ns: int
    admitted_ns: int  # room found
    sent_ns: int  # send returned
    asked_ns: int  # recv called
    taken_ns: int  # the receiver has it, still encoded
    received_ns: int  # recv returned

    @property
    def encode_ns(self) -> int:
        """Nanoseconds that the sender took to encode it."""
        return self.encoded_ns - self.began_ns

    @property
    def room_wait_ns(self) -> int:
        """Nanoseconds that the sender waited for room, or under a rendezvous for a receiver."""
        return self.admitted_ns - self.encoded_ns

    @property
    def queued_ns(self) -> int:
        """Nanoseconds from its admission until the receiver took it; NONE when nobody did."""
        return self.taken_ns - self.admitted_ns if self.receiver != NONE else NONE

    @property
    def recv_wait_ns(self) -> int:
        """Nanoseconds that the receiver waited for it; NONE when nobody received it."""
        return self.taken_ns - self.asked_ns if self.receiver != NONE else NONE

    @property
    def decode_ns(self) -> int:
        """Nanoseconds that the receiver took to decode it; NONE when nobody received it."""
        return self.received_ns - self.taken_ns if self.receiver != NONE else NONE

    @property
    def latency_ns(self) -> int:
        """Nanoseconds from the call of `send` until `recv` returned it; NONE when nobody received it."""
        return self.received_ns - self.began_ns if self.receiver != NONE else NONE


class Span(NamedTuple):
    """An interval in which one worker was in one state.  Spans of one worker abut and never overlap."""

    worker: int
    state: int  # State
    began_ns: int
    ended_ns: int
    evidence: int  # Evidence
    channel: int  # what a send-blocked, recv-blocked, encode or decode span concerns, or NONE
    line: int  # line of the snippet, or NONE where it is not known

    @property
    def length_ns(self) -> int:
        """How long it lasted."""
        return self.ended_ns - self.began_ns


class CoreSpan(NamedTuple):
    """An interval in which one worker was seen on one core."""

    core: int
    worker: int
    began_ns: int
    ended_ns: int


class Line(NamedTuple):
    """A worker begins to execute a line of its snippet.  Recorded on request only."""

    worker: int
    line: int  # in its file's numbering
    at_ns: int


class Output(NamedTuple):
    """One line that a worker printed."""

    worker: int
    stream: int  # 1 stdout, 2 stderr
    at_ns: int
    text: int  # index into trace.texts


@dataclass(frozen=True, slots=True)
class Worker:
    """One snippet in one interpreter (or thread, or process), for one run.

    `startup_ns` is how long it took until it was ready to start.  Of its memory, `ready_bytes` and `ended_bytes` are
    its own, when it was ready and when it had ended; `shared_bytes` it has together with all the other workers: program
    and libraries, and where they are in one process, what that had before them.  Workers of one process have one heap:
    there its growth is divided evenly, which `memory_inferred` says.  NONE where the system does not tell, or not yet.
    """

    index: int
    name: str  # unique in the program: "square #2"
    snippet: str  # the function's name: "square"
    source: str  # its text
    filename: str
    first_line: int  # the line of `filename` on which `source` begins
    began_ns: int = 0
    ended_ns: int = 0
    ending: Ending = Ending.RETURNED
    startup_ns: int = NONE
    ready_bytes: int = NONE
    ended_bytes: int = NONE
    shared_bytes: int = NONE
    memory_inferred: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of the program.  `capacity` is 0 for a rendezvous, None for no bound.

    A lock is a channel, too: one with a single token, which whoever takes the lock receives, and sends to give it back.
    """

    index: int
    name: str
    capacity: int | None
    lock: bool = False


@dataclass(frozen=True, slots=True)
class WorkerFailure:
    """What a worker raised, as text: the exception itself stays in the interpreter that it belongs to."""

    worker: str
    type: str
    message: str
    traceback: str
    line: int  # of the snippet, in its file's numbering, or NONE


@dataclass(frozen=True, slots=True)
class Deadlocked:
    """One worker of a deadlock's ring: it waits for the next one, the last for the first, and nobody else can help."""

    worker: int
    awaited: int  # worker; its own number where it waits for itself
    channel: int
    sending: bool  # whether it waits to send, or to receive
    since_ns: int
    line: int  # of the snippet, in its file's numbering, or NONE


@dataclass(frozen=True, slots=True)
class Environment:
    """Where the run took place."""

    python: str = ""
    implementation: str = ""
    os: str = ""
    machine: str = ""
    cores: int = 0  # that the host may use
    gil: bool = True


@dataclass(frozen=True, slots=True)
class Overhead:
    """What observing cost, measured on the host.

    `record_ns` is one record's cost, calibrated before the run, and `shares` the part of each worker's life that its
    records took, from 0 to 1, in the order of the workers.  `observer_ns` is the CPU time that the observer used,
    `interval_ns` the interval that it was asked for (0: nobody looked), `median_interval_ns` the one that it kept and
    `longest_interval_ns` the longest in which it did not look at some worker.  `late_share` is the part of the time,
    from 0 to 1, in which its next look came more than half an interval late.

    `workers_ns` is what the operating system's account of the whole host process leaves for the workers: its CPU time
    during the run, less the coordinator's and the observer's.  Nothing else in a trace comes from there, so it is a
    witness for the time that the spans give as on a core (running, encode and decode).  0 when the host was killed.
    """

    record_ns: float = 0.0
    records: int = 0
    observer_ns: int = 0
    interval_ns: int = 0
    median_interval_ns: int = 0
    samples: int = 0
    longest_interval_ns: int = 0
    shares: tuple[float, ...] = ()
    workers_ns: int = 0
    late_share: float = 0.0

    @property
    def kept_up(self) -> bool:
        """Whether the observer looked as often as it was asked to: for nine tenths of the time within a half."""
        return 2 * self.median_interval_ns <= 3 * self.interval_ns and self.late_share <= 0.1
