"""Deadlocks over channels that workers make themselves: found and named, and never where somebody could still act."""

from __future__ import annotations

import sys

import pytest

import runtime
from runtime.tracing.model import State
from runtime.tracing.text import describe


def clients(**pairs):
    """A program of pairs: each client has a channel to its server and one from it, and so has the server."""
    program = runtime.Program("pairs")
    for name, (client, server) in pairs.items():
        requests_in, requests_out = program.channel(f"{name} requests", capacity=1)
        other_in, other_out = program.channel(f"{name} other", capacity=1)
        program.worker(requests_out, other_out, name=f"{name} client")(client)
        program.worker(requests_in, other_in, name=f"{name} server")(server)
    return program


def ring_of(program, backend):
    """The deadlock of the program, and its trace."""
    with pytest.raises(runtime.DeadlockError) as caught:
        program.run(backend, timeout=30)
    return caught.value


def asks(requests, other):
    import runtime

    answer, reply = runtime.create_channel("reply")
    requests.send(reply)
    reply.close()
    return answer.recv()


def waits_for_more(requests, other):
    reply = requests.recv()
    other.recv()
    reply.send("answer")


def waits_before(requests, other):
    other.recv()
    requests.recv().send("answer")


def test_a_reply_that_never_comes_is_found_and_named(backend):
    error = ring_of(clients(bank=(asks, waits_for_more)), backend)
    client, server = error.ring
    line = asks.__code__.co_firstlineno
    assert (client.worker, client.channel, client.sending) == ("bank client", "reply", False)
    assert (client.made_by, client.made_line, client.line) == ("bank client", line + 3, line + 6)
    assert (server.worker, server.channel, server.made_by, server.lies_in) == ("bank server", "bank other", "", "")
    assert f"for 'bank server' to send to 'reply' (made by 'bank client' at line {line + 3}), at line" in str(error)


def test_an_end_that_lies_in_a_message_is_named(backend):
    error = ring_of(clients(bank=(asks, waits_before)), backend)
    assert (error.ring[0].channel, error.ring[0].lies_in) == ("reply", "bank requests")
    assert "its sending end lies in 'bank requests', not received" in str(error)


def test_the_trace_has_the_ring_with_the_channel_that_a_worker_made(backend, tmp_path):
    trace = ring_of(clients(bank=(asks, waits_before)), backend).trace
    client, server = trace.deadlock
    assert trace.channels[client.channel].name == "reply"
    assert (client.worker, client.awaited, server.worker, server.awaited) == (0, 1, 1, 0)
    waited = [span.channel for span in trace.spans if span.worker == 0 and span.state == State.RECV_BLOCKED]
    assert waited[-1] == client.channel
    assert "bank client waits for bank server to send to reply" in "\n".join(describe(trace))
    trace.save(tmp_path / "own.trace")
    assert runtime.Trace.load(tmp_path / "own.trace").deadlock == trace.deadlock


def test_without_a_recording_it_is_found_too(backend):
    with pytest.raises(runtime.DeadlockError, match=r"to send to 'reply' \(made by 'bank client'; its sending"):
        clients(bank=(asks, waits_before)).run(backend, timeout=30, record=False)


def talks_to_itself(requests, other):
    import runtime

    inbox, _out = runtime.create_channel("mirror")
    inbox.recv()


def fills(requests, other):
    import runtime

    inbox, out = runtime.create_channel("narrow", capacity=1)
    requests.send(inbox)
    inbox.close()
    out.send(1)
    out.send(2)


def selects(requests, other):
    import runtime

    made = [runtime.create_channel(f"reply {n}") for n in range(3)]
    for _, reply in made:
        requests.send(reply)
        reply.close()
    runtime.select(*[answer for answer, _ in made])


def takes_three(requests, other):
    replies = [requests.recv() for _ in range(3)]
    other.recv()
    return replies


def locks(requests, other):
    import runtime

    first, second = runtime.Lock("first"), runtime.Lock("second")
    requests.send((first, second))
    with first:
        requests.send("go")
        requests.send("go on")  # there is room for it when the other has the second one
        requests.send("and on")
        with second:
            pass


def locks_the_other_way(requests, other):
    first, second = requests.recv()
    with second:
        requests.recv()
        requests.recv()
        with first:
            pass


def hides_one_end_in_another(requests, other):
    import runtime

    answer, reply = runtime.create_channel("reply")
    letters, post = runtime.create_channel("post", capacity=1)
    post.send(reply)
    requests.send(letters)
    for end in (reply, letters, post):
        end.close()
    answer.recv()


def leaves(requests, other):
    """Nobody to wait for."""


@pytest.mark.parametrize(
    ("pair", "channels"),
    [
        ((talks_to_itself, leaves), {"mirror"}),
        ((fills, waits_for_more), {"narrow", "x other"}),
        ((selects, takes_three), {"x other"}),
        ((locks, locks_the_other_way), {"first", "second"}),
        ((hides_one_end_in_another, waits_before), {"reply", "x other"}),
    ],
    ids=lambda value: value[0].__name__ if isinstance(value, tuple) else "",
)
def test_every_kind_of_wait_is_found(backend, pair, channels):
    ring = ring_of(clients(x=pair), backend).ring
    assert {stuck.channel for stuck in ring} >= channels


def works_for_a_while():
    import time

    time.sleep(0.6)


def test_two_are_found_while_a_third_works(backend):
    program = clients(bank=(asks, waits_before))
    program.worker()(works_for_a_while)
    assert len(ring_of(program, backend).ring) == 2


# --- no alarm ---------------------------------------------------------------------------------------------------


def answers_late(requests, other):
    import time

    reply = requests.recv()
    time.sleep(0.3)
    reply.send("answer")


def receives_late(requests, other):
    import time

    time.sleep(0.3)
    requests.recv().send("answer")


def closes_late(requests, other):
    import time

    reply = requests.recv()
    time.sleep(0.3)
    reply.close()
    other.recv(timeout=0.2)


def survives_the_end(requests, other):
    import runtime

    answer, reply = runtime.create_channel("reply")
    requests.send(reply)
    reply.close()
    try:
        answer.recv()
    except runtime.ChannelClosedError:
        other.send("well")
        return "answer"


def asks_in_a_list(requests, other):
    import runtime

    answer, reply = runtime.create_channel("reply")
    requests.send([{"reply": reply}])
    return answer.recv()


def answers_from_a_list(requests, other):
    import time

    (request,) = requests.recv()
    time.sleep(0.3)
    request["reply"].send("answer")


def asks_by_hand(requests, other):
    import pickle

    import runtime

    answer, reply = runtime.create_channel("reply")
    requests.send(pickle.dumps(reply))
    reply.close()
    return answer.recv()


def answers_by_hand(requests, other):
    import pickle
    import time

    data = requests.recv()
    time.sleep(0.3)
    pickle.loads(data).send("answer")


def has_a_thread(requests, other):
    import threading
    import time

    import runtime

    answer, reply = runtime.create_channel("reply")

    def help_me():
        time.sleep(0.3)
        reply.send("answer")

    threading.Thread(target=help_me).start()
    return answer.recv()


def gives_up(requests, other):
    import runtime

    _, reply = runtime.create_channel("reply")
    full, way = runtime.create_channel("way")
    requests.send(full)
    requests.send("go")
    try:
        way.send(reply, timeout=0.3)
    except runtime.ChannelTimeoutError:
        return "answer"


def holds_on(requests, other):
    import time

    inbox = requests.recv()
    requests.recv()
    time.sleep(0.4)
    inbox.close()


HARMLESS = {
    "late": (asks, answers_late),
    "unread": (asks, receives_late),
    "closed": (survives_the_end, closes_late),
    "list": (asks_in_a_list, answers_from_a_list),
    "hand": (asks_by_hand, answers_by_hand),
    "giving up": (gives_up, holds_on),
}


def test_who_could_still_be_released_is_not_stuck(backend):
    results = clients(**HARMLESS).run(backend, timeout=60).results
    assert {name for name, result in results.items() if result == "answer"} == {f"{name} client" for name in HARMLESS}


def test_a_thread_of_its_own_could_act_for_a_worker(backend):
    assert clients(x=(has_a_thread, leaves)).run(backend, timeout=60).results["x client"] == "answer"


@pytest.mark.parametrize("place", ["keep.out = out", "keep.outs = [out]", "keep.box = keep.Box(out)"])
def test_an_end_in_a_module_is_everybody_s(place, tmp_path, monkeypatch):
    (tmp_path / "keep.py").write_text("class Box:\n    def __init__(self, out):\n        self.out = out\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    program = runtime.Program("a module between them")
    inbox, out = program.channel("inbox", capacity=1)
    begin, begun = program.channel("begin", capacity=1)

    @program.worker(inbox, out, begun, place)
    def leave(inbox, out, begun, place):
        import keep

        exec(place, {"keep": keep, "out": out})
        begun.send("it is there")
        return inbox.recv()

    @program.worker(begin)
    def take(begin):
        import time

        import keep

        begin.recv()
        time.sleep(0.3)  # meanwhile the other one waits
        out = getattr(keep, "out", None) or (keep.outs[0] if hasattr(keep, "outs") else keep.box.out)
        out.send("from another")

    assert program.run("threads", timeout=30).results["leave"] == "from another"


def test_a_list_of_ends_between_threads_is_both_sides():
    program = runtime.Program("lists")
    inbox, out = program.channel("inbox")
    lists_in, lists_out = program.channel("lists", capacity=1)

    @program.worker(inbox, out, lists_out)
    def lend(inbox, out, lists):
        lists.send([out])
        return inbox.recv()

    @program.worker(lists_in)
    def borrow(lists):
        import time

        (out,) = lists.recv()
        time.sleep(0.3)
        out.send("answer")

    assert program.run("threads", timeout=60).results["lend"] == "answer"


def test_an_end_in_a_cycle_that_its_worker_left_behind_is_no_deadlock(backend):
    def leaves_garbage(requests, other):
        import gc

        gc.disable()
        cycle = [requests.recv()]
        cycle.append(cycle)

    with pytest.raises(runtime.RunTimeoutError):
        clients(x=(asks, leaves_garbage)).run(backend, timeout=0.6)


def answers_in_a_signal_handler(requests, other):
    import signal

    import runtime

    answer, reply = runtime.create_channel("reply", capacity=1)
    signal.signal(signal.SIGALRM, lambda *_: reply.send("answer"))
    signal.setitimer(signal.ITIMER_REAL, 0.4)
    return answer.recv()


def lets_a_child_answer(requests, other):
    import os
    import time

    import runtime

    answer, reply = runtime.create_channel("reply", capacity=1)
    if not os.fork():
        time.sleep(0.4)
        reply.send("answer")
        os._exit(0)
    return answer.recv()


@pytest.mark.skipif(sys.platform != "linux", reason="the backend `processes` needs Linux")
@pytest.mark.parametrize("deed", [answers_in_a_signal_handler, lets_a_child_answer])
def test_who_could_act_for_a_process(deed):
    assert clients(x=(deed, leaves)).run("processes", timeout=60).results["x client"] == "answer"
