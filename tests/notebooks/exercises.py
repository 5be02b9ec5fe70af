"""What a person knows of each lesson's exercise: which mistakes are made, and what each is to be told.

A mistake is the folded solution with one change; the first of a lesson is its stub, as it is.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """One wrong answer, and the requirement that it must fail."""

    title: str
    told: str
    old: str | None = None  # None: the stub
    new: str = ""
    times: int = -1  # how many of several `old` are changed; -1 for all


@dataclass(frozen=True)
class Exercise:
    """One lesson's exercise.  `given`: code, and cells by their id, that the answer starts from."""

    lesson: str
    mistakes: tuple[Mistake, ...]
    given: tuple[str, ...] = ()
    gaps: int = 1  # lines of the last hint that have a gap


TABLE = (
    Exercise(
        "00_which_python_is_this",
        (
            Mistake("it runs on interpreters", "This run was on threads"),
            Mistake("two workers or more", "This run had 1 worker.", "@first.worker()\ndef idle():\n    pass\n", ""),
            Mistake("the result of answer is right", "It returned 13; expected was 42", "a * b", "a + b"),
            Mistake("the result of answer is right", "the workers of this run: 'reply'", "answer", "reply"),
        ),
        gaps=2,
    ),
    Exercise(
        "01_threads_take_turns",
        (
            Mistake("two workers or more", "This run had 1 worker."),
            Mistake("the work is divided evenly", "second part did", "0.7 * size", "0.5 * size"),
            Mistake("the results add up", "counted twice", "worker(middle, size", "worker(2, size"),
            Mistake("the results add up", "left out", "worker(middle, size", "worker(middle + 1000, size"),
            Mistake("at least 1.6 times as fast as before", "asked for is 1.6×", '"interpreters"', '"threads"'),
        ),
        given=("import runtime\nbelow = 80_000", "whole-job"),
        gaps=2,
    ),
    Exercise(
        "02_the_gil_is_not_your_lock",
        (
            Mistake("the result of keeper is right", "It returned 0; expected was 20000"),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
            Mistake(
                "at most 10 messages", "20,0", "        mine += 1\n", "        mine += 1\n        counted.send(0)\n"
            ),
            Mistake("the result of keeper is right", "It returned 10000", "sum(counted)", "counted.recv()"),
            Mistake(
                "every worker finishes",
                "keeper raised ChannelClosedError",
                "sum(counted)",
                "counted.recv() + counted.recv() + counted.recv()",
            ),
        ),
        gaps=2,
    ),
    Exercise(
        "03_a_second_interpreter",
        (
            Mistake("it runs on interpreters", "This run was on threads"),
            Mistake(
                "the result of till #1 is right",
                "It returned None",
                "return today.recv()",
                "today.recv()\n    import string\n    return getattr(string, 'discount', None)",
            ),
            Mistake(
                "the result of till #2 is right",
                "It returned 'as decided'",
                "return today.recv()",
                "today.recv()\n    return 'as decided'",
            ),
            Mistake("every worker finishes", "raised", "    today.send(percent)\n", "", times=1),
            Mistake("at least 2 messages", "No message was sent", "return today.recv()", "return 15"),
        ),
        given=("discount",),
        gaps=3,
    ),
    Exercise(
        "04_what_may_cross",
        (
            Mistake("every worker finishes", "message['cups'] is a generator"),
            Mistake("everything crosses by share in orders", "1 message by pickle", "((2, 3), 250)", "[[2, 3], 250]"),
            Mistake("the result of waiter is right", "It returned 500; expected was 1250", "(2, 3)", "(2,)"),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
            Mistake("every worker finishes", "message[1] is a function", "250))", "lambda n: 250 * n))"),
        ),
        given=("from runtime.tracing.vocabulary import Transfer",),
        gaps=2,
    ),
    Exercise(
        "05_reply_channels",
        (
            Mistake("the result of client is right", "It returned [4, 9, 49, 100]; expected was [9, 100, 49, 4]"),
            Mistake("no deadlock", "calculator", "    questions.close()\n", ""),
            Mistake("the result of client is right", "No worker 'client' returned", "((label, n * n))", "((n, n * n))"),
            Mistake("at least 8 messages", "6 messages", "enumerate(numbers)", "enumerate(numbers[1:])"),
            Mistake(  # one question too many; all its answers are there before the client takes as many as it needs
                "every message is received",
                "answers",
                "    questions.close()\n",
                "    questions.send((99, 9))\n    questions.close()\n    while len(answers) < 5:\n        pass\n",
            ),
        ),
        gaps=3,
    ),
    Exercise(
        "06_back_pressure",
        (
            Mistake("at most 10 % of the time blocked by sensor", "Blocked for"),
            Mistake("every channel has a bound", "No bound: readings", "capacity=1", "capacity=None"),
            Mistake("at most 2 objects at once in readings", "At its fullest it held", "capacity=1", "capacity=10"),
            Mistake("the results add up", "something is left out", "return dropped", "return 0"),
            Mistake("at most 10 % of the time blocked by sensor", "Blocked for", "send_nowait(value)", "send(value)"),
        ),
        gaps=2,
    ),
    Exercise(
        "07_deadlock_without_locks",
        (
            Mistake("no deadlock", "ann waits for bob to receive from ann to bob"),
            Mistake("no deadlock", "to send to", "(tell_first)", "(listen_first)"),
            Mistake(
                "every channel is a rendezvous",
                "More room has ann to bob (capacity 1)",
                '"ann to bob"',
                '"ann to bob", 1',
            ),
            Mistake("the result of eve is right", "It returned 3; expected was 2", "return heard", "return number"),
            Mistake("the result of ann is right", "It returned 4; expected was 3", "eve_ann_out, 3", "eve_ann_out, 4"),
            Mistake("the result of bob is right", "It returned 2; expected was 1", "ann_bob_out, 1", "ann_bob_out, 2"),
            Mistake("every worker finishes", "raised ChannelClosedError", "    return left.recv()", "    return 1"),
        ),
        gaps=2,
    ),
    Exercise(
        "08_what_a_crossing_costs",
        (
            Mistake("at most 10 messages", "5,000 messages"),
            Mistake("at least 1 message", "No message was sent", "numbers.send((0, 5_000))", "pass"),
            Mistake("at most 1,000 bytes", "bytes", "send((0, 5_000))", "send(tuple(range(5_000)))"),
            Mistake(
                "the result of divider is right", "expected was 715", "range(first, last)", "range(first + 1, last)"
            ),
            Mistake("it runs on interpreters", "This run was on threads", "sevens.run()", 'sevens.run("threads")'),
        ),
        gaps=2,
    ),
    Exercise(
        "09_extensions_that_stay_home",
        (
            Mistake("it runs on interpreters", "This run was on threads"),
            Mistake("every worker finishes", "left raised ImportError", "halves[0].tolist()", "halves[0]"),
            Mistake("every worker finishes", "right raised ImportError", "halves[1].tolist()", "list(halves[1])"),
            Mistake("the result of left is right", "expected was", "abs(value) > 2", "value > 2"),
            Mistake("the result of right is right", "expected was", "halves[1]", "halves[0]"),
        ),
        given=("halves",),
        gaps=2,
    ),
    Exercise(
        "10_choosing",
        (
            Mistake("at most 1,000 bytes", "64,000,000 bytes"),
            Mistake("the reason is right", "'?' is none of the reasons"),
            Mistake("the reason is right", "Here nothing waits for a disk", 'reason = "c"', 'reason = "b"'),
            Mistake("at most 1,000 bytes", "64,000,000 bytes", '"threads"', '"processes"'),
            Mistake("the results add up", "2 fewer than 16", "range(16)", "range(14)"),
            Mistake(
                "at most 25 % of the time in gil-wait",
                "in gil-wait",
                "hashlib.sha256(block).digest()",
                "sum(n * n for n in range(200_000))",
            ),
        ),
        given=("from vizlib.teaching import right, wrong", "reasons", 'reason = "?"'),
        gaps=2,
    ),
    Exercise(
        "11_copy_share_move",
        (
            Mistake("at most 1,000 bytes copied", "8,000,"),
            Mistake(
                "everything crosses by move in raw",
                "4 messages by buffer",
                "raw.send(frame, move=True)",
                "raw.send(frame)",
            ),
            Mistake(
                "every worker finishes",
                "raised MovedError",
                "    for number in range(4):\n        frame = runtime.create_buffer(1_000_000)\n",
                "    frame = runtime.create_buffer(1_000_000)\n    for number in range(4):\n",
            ),
            Mistake(
                "every worker finishes",
                "invert raised MovedError",
                "        frame[0] = 255 - frame[0]\n        done.send(frame, move=True)",
                "        done.send(frame, move=True)\n        frame[0] = 255 - frame[0]",
            ),
            Mistake(
                "everything crosses by move in done",
                "4 messages by share",
                "done.send(frame, move=True)",
                "done.send(bytes(frame))",
            ),
            Mistake("the result of store is right", "expected was", "255 - frame[0]", "255"),
            Mistake("it runs on interpreters", "This run was on threads", "film.run()", 'film.run("threads")'),
        ),
        gaps=2,
    ),
    Exercise(
        "12_floats_as_bytes",
        (
            Mistake("at most 25 messages", "2,050 messages"),
            Mistake(
                "the result of log is right",
                "It returned (2000,",
                "    if batch:\n        readings.send(batch.tobytes())\n",
                "",
            ),
            Mistake("at least 20 messages", "3 messages", "== 100", "== 1_000"),
            Mistake("at most 16,400 bytes", "bytes", "send(batch.tobytes())", "send(batch.tobytes() + bytes(1_600))"),
            Mistake("the result of log is right", "expected was", '"d"', '"f"'),
            Mistake("the result of log is right", "False)", "seen.extend(", "seen[:0] = ("),
            Mistake("it runs on interpreters", "This run was on threads", "station.run()", 'station.run("threads")'),
        ),
        gaps=2,
    ),
    Exercise(
        "13_actors_and_letting_it_crash",
        (
            Mistake("the result of client is right", "(2, 500), 'down', (1, 200)]"),
            Mistake(  # the half of a change outlives the crash
                "the result of till is right",
                "It returned (4, 700); expected was (3, 700)",
                "            price = prices[order.content]\n            orders += 1\n            total += price\n",
                "            orders += 1\n            total += prices[order.content]\n",
            ),
            Mistake("the result of monitor is right", "It returned []", "prices[order.content]", "200"),
            Mistake(
                "every worker finishes", "till raised KeyError", "monitor=crashes)", "monitor=crashes, restarts=0)"
            ),
            Mistake(  # no answer: the till holds the way back while it waits for the next order
                "no deadlock",
                "client waits for till to send to reply",
                "            price = prices[order.content]\n",
                "            if order.content not in prices:\n                continue\n"
                "            price = prices[order.content]\n",
            ),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
        ),
        gaps=2,
    ),
    Exercise(
        "14_a_ring_and_who_owns_it",
        (
            Mistake("it is right in every order of steps", "at the end results['consume'] is [0, 0, 10], but wanted"),
            Mistake(  # only the producer lets go in time
                "it is right in every order of steps",
                "at the end results['consume'] is [30, 20, 30]",
                "        items.append(slots[number])\n        free.send(number)\n",
                "        free.send(number)\n        items.append(slots[number])\n",
            ),
            Mistake(  # only the consumer
                "it is right in every order of steps",
                "at the end results['consume'] is [0, 0, 10]",
                "        slots[number] = item\n        filled.send(number)\n",
                "        filled.send(number)\n        slots[number] = item\n",
            ),
            Mistake("it is right in every order of steps", "at the end", "free.send(1)", "free.send(0)"),  # two owners
            Mistake("every worker finishes", "was stopped", "    filled.close()\n", ""),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
        ),
        given=("make-given", "produce = consume = None"),
        gaps=2,
    ),
    Exercise(
        "15_processes_interpreters_threads_memory",
        (
            Mistake("the result of hang is right", "It returned 0; expected was 400000"),
            Mistake("at most 100 bytes copied", "1,600,0"),
            Mistake("every worker finishes", "hang raised MovedError", "send(poster)", "send(poster, move=True)"),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
            Mistake("the result of hang is right", "It returned 100000", "part * 100_000", "0"),
            Mistake(
                "at most 100 bytes copied",
                "400,000 bytes",
                'send("done")',
                "send(bytes(poster[first:first + 100_000]))",
            ),
        ),
    ),
    Exercise(
        "16_without_the_lock",
        (
            Mistake("it is right in every order of steps", "at the end box[0] is 1"),
            Mistake("at most 4 messages in lock", "No message was sent in lock"),
            Mistake(
                "at most 4 messages in lock",
                "200 messages",
                "        mine += 1\n    with lock:\n        box[0] += mine\n",
                "        with lock:\n            box[0] += 1\n",
            ),
            Mistake(
                "it is right in every order of steps",
                "at the end box[0] is 1",
                "        box[0] += mine\n",
                "        old = box[0]\n    box[0] = old + mine\n",
            ),
            Mistake("it is right in every order of steps", "at the end box[0] is 4", "mine += 1", "mine += 2"),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
            Mistake("every worker finishes", "raised NameError", "with lock:", "with the_lock:"),
        ),
        given=("counters", "count = None"),
        gaps=2,
    ),
    Exercise(
        "17_transactions",
        (
            Mistake("the result of bank is right", "It returned {'a': 75, 'b': 125, 'c': 75}"),
            Mistake("the result of bank is right", "It returned {'a': 75, 'b': 100", "        tx[target] += 1\n", ""),
            Mistake("it runs on interpreters", "This run was on threads", '"interpreters"', '"threads"'),
            Mistake("every worker finishes", "raised TypeError", "def move(tx)", "def move()"),
            Mistake(
                "at least 200 messages in requests",
                "messages",
                "    for _ in range(times):\n        store.atomically(move)\n",
                "    def all_at_once(tx):\n        for _ in range(times):\n            move(tx)\n"
                "    store.atomically(all_at_once)\n",
            ),
            Mistake(
                "at least 2 messages in start",
                "No message was sent in start",
                '    for _ in range(2):\n        start.send("go")\n',
                "",
            ),
        ),
        given=("bank",),
        gaps=2,
    ),
)
