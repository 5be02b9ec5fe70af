"""The table of faults: every mistake that we could think of, and what must come of it.

A row's `deed` is the body of a worker, as text.  It runs after the worker has sent the text "before" into a channel of
capacity 2, which nobody empties; in scope are `out` and `inbox`, the two ends of that channel.  `ends_with` is the
error that the run raises (None: it ends well) and `says` is in its message.  Processes start slowly: in the ordinary
suite only the rows that are `about_processes` run on them, the others with `-m soak`.
"""

from __future__ import annotations

from typing import NamedTuple

import runtime

INTERPRETERS = ("interpreters", "shared-gil")
ISOLATED = (*INTERPRETERS, "processes")
ONE_PROCESS = (*INTERPRETERS, "threads")
EVERYWHERE = (*ISOLATED, "threads")

RAISED = runtime.WorkerError
CRASHED = runtime.HostCrashError
TIMED_OUT = runtime.RunTimeoutError
STUCK = runtime.DeadlockError
LIMITED = runtime.RunLimitError


class Fault(NamedTuple):
    """One row."""

    name: str
    deed: str
    ends_with: type[runtime.RunError] | tuple[type[runtime.RunError], ...] | None
    says: str = ""
    backends: tuple[str, ...] = EVERYWHERE
    timeout: float = 30.0  # seconds; a row that needs it to end has a short one
    limits: runtime.Limits = runtime.Limits()
    about_processes: bool = False


FAULTS = (
    # --- mistakes in the snippet itself
    Fault("a name that does not exist", "undefined_name", RAISED, "NameError: name 'undefined_name' is not defined"),
    Fault("an exception", "raise ValueError('wrong')", RAISED, "ValueError: wrong"),
    Fault("an exception of its own class", "class Own(Exception): pass\nraise Own(1, 2)", RAISED, "Own: (1, 2)"),
    Fault(
        "an exception that cannot be shown",
        "class Mute(Exception):\n    def __str__(self): 1 / 0\nraise Mute",
        RAISED,
        "Mute",
    ),
    Fault(
        "a group of exceptions",
        "raise ExceptionGroup('all', [ValueError(1), KeyError(2)])",
        RAISED,
        "all (2 sub-exceptions)",
    ),
    Fault(
        "a chain of exceptions", "try: 1 / 0\nexcept Exception as e: raise KeyError('k') from e", RAISED, "direct cause"
    ),
    Fault("a BaseException", "class Base(BaseException): pass\nraise Base('x')", RAISED, "Base: x"),
    Fault("exit", "import sys; sys.exit(3)", RAISED, "SystemExit: 3 (a worker ends by returning"),
    Fault("quit without a code", "raise SystemExit", RAISED, "a worker ends by returning"),
    Fault("an interrupt of its own", "raise KeyboardInterrupt", RAISED, "KeyboardInterrupt"),
    Fault("GeneratorExit", "raise GeneratorExit", RAISED, "GeneratorExit"),
    Fault("an assertion", "assert 1 == 2, 'sums'", RAISED, "AssertionError: sums"),
    Fault("text that does not parse", "exec('def')", RAISED, "SyntaxError: invalid syntax"),
    Fault("an error text with a lone surrogate", "raise ValueError('\\udcff')", RAISED, "ValueError"),
    Fault("a very long error text", "raise ValueError('x' * 1_000_000)", RAISED, "ValueError: xxx"),
    Fault("recursion without end", "def down(): return down()\ndown()", RAISED, "RecursionError"),
    Fault(
        "recursion past every limit",
        "import sys; sys.setrecursionlimit(10**9)\ndef down(): return down()\ndown()",
        (RAISED, CRASHED),
        limits=runtime.Limits(memory_bytes=256 << 20),
    ),
    Fault(
        "an asyncio task that fails",
        "import asyncio\nasync def f(): raise OSError('gone')\nasyncio.run(f())",
        RAISED,
        "gone",
    ),
    Fault(
        "a thread of its own that fails",
        "import threading\nt = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
        None,
    ),
    Fault(
        "a thread of its own that never ends",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(999,)).start()",
        None,
    ),
    Fault("input from nobody", "input()", RAISED, "EOFError"),
    Fault(
        "a signal handler",
        "import signal; signal.signal(signal.SIGINT, print)",
        RAISED,
        "signal only works in main thread",
        backends=ONE_PROCESS,
    ),
    Fault(
        "a signal handler that raises, while it waits for itself",
        "import signal\ndef late(*_): raise OSError('late')\nsignal.signal(signal.SIGALRM, late); signal.alarm(1)\n"
        "inbox.recv(); inbox.recv(timeout=9)",
        RAISED,
        "OSError: late",
        backends=("processes",),
        about_processes=True,
    ),
    # --- memory, locks, several ends
    Fault(
        "a buffer that is used after it was moved",
        "import runtime\nb = runtime.create_buffer(8)\nout.send(b, move=True)\nb[0] = 1",
        RAISED,
        "MovedError: this buffer was moved through channel 'line' at line 5",
    ),
    Fault(
        "a buffer that is moved while it is looked at",
        "import runtime\nb = runtime.create_buffer(8)\nv = b.view('q')\nout.send(b, move=True)",
        RAISED,
        "BufferError: 1 memoryview of this buffer is in use",
        backends=("interpreters",),
    ),
    Fault(
        "a buffer larger than all memory",
        "import runtime\nruntime.create_buffer(1 << 44)",
        RAISED,
        "MemoryError: the run may use",
        about_processes=True,
    ),
    Fault(
        "a lock that is taken twice",
        "import runtime\nlock = runtime.Lock('own')\nwith lock: lock.acquire()",
        RAISED,
        "this thread has lock 'own' already",
        backends=("interpreters",),
    ),
    Fault("a select from itself", "import runtime\ninbox.recv()\nruntime.select(inbox)", STUCK, "waits for itself"),
    Fault(
        "a kill in a select",
        "import os, runtime, signal, threading\nthreading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()\n"
        "inbox.recv()\nruntime.select(inbox, runtime.after(60))",
        CRASHED,
        "signal SIGKILL",
        backends=("interpreters", "processes"),
    ),
    # --- imports
    Fault("a module that does not exist", "import no_such_module", RAISED, "No module named 'no_such_module'"),
    Fault("an extension that stays home", "import numpy", RAISED, "backend='threads'", backends=INTERPRETERS),
    # --- what cannot cross
    Fault("a lock", "import threading; out.send(threading.Lock())", RAISED, "message is a lock", backends=ISOLATED),
    Fault(
        "a lock deep inside",
        "import threading; out.send({'a': [1, (2, threading.Lock())]})",
        RAISED,
        "message['a'][1][1] is a lock",
        backends=ISOLATED,
    ),
    Fault(
        "a lambda",
        "out.send(lambda: 1)",
        RAISED,
        "a lambda exists only in the interpreter",
        backends=ISOLATED,
    ),
    Fault("a generator", "out.send(n for n in ())", RAISED, "message is a generator", backends=ISOLATED),
    Fault("a module", "import json; out.send([json])", RAISED, "message[0] is a module", backends=ISOLATED),
    Fault("an open file", "out.send(open('/dev/null'))", RAISED, "send the file's path", backends=ISOLATED),
    Fault("a memoryview", "out.send(memoryview(b'x'))", RAISED, "send bytes(view)", backends=ISOLATED),
    Fault(
        "an object of a class of its own",
        "class Point: pass\nout.send(Point())",
        RAISED,
        "send a tuple or a dict",
        backends=ISOLATED,
    ),
    Fault(
        "an object that refuses to be copied",
        "class No:\n    def __reduce__(self): raise OSError('never')\nout.send(No())",
        RAISED,
        "exists only in the interpreter that made it",
        backends=ISOLATED,
    ),
    Fault(
        "an object without end",
        "x = []\nfor _ in range(100_000): x = [x]\nout.send(x)",
        RAISED,
        "NotShareableError",
        backends=ISOLATED,
    ),
    Fault("a result that cannot leave", "return [lambda: 1]", RAISED, "the value that it returned[0] is a function"),
    Fault(
        "a result of a class of its own", "class Point: pass\nreturn Point()", RAISED, "the value that it returned is"
    ),
    # --- channels
    Fault(
        "receive for ever from itself",
        "inbox.recv(); inbox.recv()",
        STUCK,
        "one worker waits for itself",
    ),
    Fault(
        "receive for ever over a channel of its own",
        "import runtime\ninbox.recv()\nreceiving, sending = runtime.create_channel('answers')\nreceiving.recv()",
        STUCK,
        "made by 'worker' at line",
    ),
    Fault(
        "wait for an answer, and nobody takes the question",
        "import runtime\ninbox.recv()\nreceiving, sending = runtime.create_channel('answers')\n"
        "out.send(sending)\ndel sending\nreceiving.recv()",
        STUCK,
        "lies in 'line', not received",
    ),
    Fault("send for ever to itself", "out.send(1); out.send(2)", STUCK, "one worker waits for itself"),
    Fault("no room now", "out.send(1); out.send_nowait(2)", RAISED, "ChannelFullError: no room in channel 'line' now"),
    Fault("nothing to receive now", "inbox.recv(); inbox.recv_nowait()", RAISED, "ChannelEmptyError"),
    Fault("a wait that is over", "inbox.recv(); inbox.recv(timeout=0.05)", RAISED, "ChannelTimeoutError"),
    Fault(
        "an end that it has closed",
        "out.close(); out.send(1)",
        RAISED,
        "ChannelClosedError: this sending end of channel 'line' is closed",
    ),
    Fault("a channel that is over", "out.close(); inbox.recv(); inbox.recv()", RAISED, "ChannelClosedError"),
    Fault("nobody is left to receive", "inbox.close(); out.send(1)", RAISED, "ChannelClosedError"),
    Fault(
        "a timeout that is no length of time",
        "inbox.recv(timeout=-1)",
        RAISED,
        "timeout must be None or a number of seconds from 0 on, not -1",
    ),
    Fault("a timeout of text", "inbox.recv(timeout='soon')", RAISED, "TypeError"),
    # --- never ending
    Fault("an endless loop", "while True: pass", TIMED_OUT, "had not ended after 0.3 s", timeout=0.3),
    Fault(
        "a loop that swallows everything",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        TIMED_OUT,
        timeout=0.3,
    ),
    Fault(
        "a call that stays in C",
        "import re; re.match('(a+)+b', 'a' * 64)",
        TIMED_OUT,
        timeout=0.3,
        about_processes=True,
    ),
    Fault("a long sleep", "import time; time.sleep(999)", TIMED_OUT, timeout=0.3),
    Fault("a wait with a long timeout", "inbox.recv(); inbox.recv(timeout=999)", TIMED_OUT, timeout=0.3),
    Fault("printing for ever", "while True: print('x' * 80)", TIMED_OUT, timeout=0.3),
    # --- output
    Fault("a print of fifty megabytes", "print('x' * 50_000_000)", None),
    Fault("a print of what is no text", "print('\\udcff\\x00\\x1b[2J')", None),
    Fault("no standard output any more", "import sys; sys.stdout = None; print('lost')", None),
    Fault(
        "bytes to standard output",
        "import sys; sys.stdout.write(b'x')",
        RAISED,
        "write() argument must be str, not bytes",
    ),
    # --- limits
    Fault(
        "a memory bomb",
        "x = []\nwhile True: x.append(bytes(10_000_000))",
        RAISED,
        "the run may use 0.5 GiB of memory",
        limits=runtime.Limits(memory_bytes=512 << 20),
        about_processes=True,
    ),
    Fault(
        "too many threads",
        "import threading as t, time as s\nfor _ in range(200): t.Thread(target=s.sleep, args=[9]).start()\ns.sleep(9)",
        LIMITED,
        "threads",
        limits=runtime.Limits(threads=100),
    ),
    Fault(
        "more events than fit",
        "for _ in range(200): inbox.recv(); out.send(1)",
        None,
        limits=runtime.Limits(events=100),
    ),
    # --- crashes
    Fault("abort", "import os; os.abort()", CRASHED, "SIGABRT"),
    Fault("exit of the process", "import os; os._exit(3)", CRASHED, "ended with exit code 3", about_processes=True),
    Fault("exit of the process as if all were well", "import os; os._exit(0)", CRASHED, "ended with exit code 0"),
    Fault("kill -9 of itself", "import os; os.kill(os.getpid(), 9)", CRASHED, "SIGKILL"),
    Fault("a polite signal to itself", "import os; os.kill(os.getpid(), 15)", CRASHED, "SIGTERM"),
    Fault("a segmentation fault", "import ctypes; ctypes.string_at(0)", CRASHED, "SIGSEGV", about_processes=True),
    Fault("an alarm that nobody handles", "import signal, time; signal.alarm(1); time.sleep(9)", CRASHED, "SIGALRM"),
    Fault(
        "descriptors closed under everybody",
        "import os; os.closerange(3, 999)",
        (RAISED, CRASHED, TIMED_OUT),
        timeout=3,
        about_processes=True,
    ),
    # --- processes
    Fault(
        "a fork",
        "import os; os.fork()",
        RAISED,
        "fork not supported for isolated subinterpreters",
        backends=INTERPRETERS,
    ),
    Fault(
        "a fork among threads",
        "import os\nif os.fork() == 0: os._exit(0)",
        None,
        backends=("threads", "processes"),
        about_processes=True,
    ),
    Fault(
        "a child that it leaves behind",
        "import subprocess; subprocess.Popen(['sleep', '999'])",
        None,
        about_processes=True,
    ),
    Fault(
        "a child that inherits all it can, and is left behind",
        "import subprocess; subprocess.Popen(['sleep', '999'], close_fds=False)",
        None,
        about_processes=True,
    ),
    Fault(
        "a kill of the process that started it",
        "import os; os.kill(os.getppid(), 9); inbox.recv(); inbox.recv(timeout=9)",
        CRASHED,
        "SIGKILL",
        backends=("processes",),
        about_processes=True,
    ),
    Fault(
        "more in a channel than there is memory for",
        "import runtime\ninto, many = runtime.create_channel(capacity=None)\nwhile True: many.send(bytes(10_000_000))",
        RAISED,
        "MemoryError",
        limits=runtime.Limits(memory_bytes=256 << 20),
        about_processes=True,
    ),
)
