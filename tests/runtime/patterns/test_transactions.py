"""Transactions: no update is lost, none sees half of another, write skew cannot happen, retry waits."""

from __future__ import annotations

import pytest

import runtime


def bank(program, accounts):
    """Declare the worker `store`; return the end through which it is asked."""
    requests_in, requests_out = program.channel("requests", capacity=None)

    @program.worker(requests_in, accounts)
    def store(requests, accounts):
        from runtime.patterns import transactions

        return transactions.serve(requests, accounts)

    return requests_out


def counting(clients: int, each: int) -> runtime.Program:
    program = runtime.Program("count")

    @program.worker(bank(program, {"n": 0}), each, copies=clients, name="client")
    def client(requests, each):
        from runtime.patterns import transactions

        store = transactions.Store(requests)

        def increment(tx):
            tx["n"] += 1
            return tx["n"]

        return [store.atomically(increment) for _ in range(each)], store.conflicts

    return program


def test_no_update_is_lost_and_none_is_made_twice(backend):
    trace = counting(3, 40).run(backend, timeout=120)
    assert trace.results["store"] == {"n": 120}
    seen = [value for n in (1, 2, 3) for value in trace.results[f"client #{n}"][0]]
    assert sorted(seen) == list(range(1, 121))


def test_no_transaction_sees_half_of_another(backend):
    program = runtime.Program("transfers")
    requests = bank(program, dict.fromkeys("abcd", 100))

    @program.worker(requests, copies=2)
    def move(requests):
        import random

        from runtime.patterns import transactions

        store = transactions.Store(requests)
        dice = random.Random(1)

        def transfer(tx, source, target, amount):
            tx[source] -= amount
            tx[target] += amount

        for _ in range(60):
            store.atomically(transfer, *dice.sample("abcd", 2), dice.randint(1, 50))

    @program.worker(requests)
    def audit(requests):
        from runtime.patterns import transactions

        store = transactions.Store(requests)
        attempts = []

        def total(tx):
            attempts.append(sum(tx[account] for account in "abcd"))
            return attempts[-1]

        return [store.atomically(total) for _ in range(40)], attempts

    trace = program.run(backend, timeout=120)
    totals, attempts = trace.results["audit"]
    assert set(totals) == {400}
    assert set(attempts) == {400}  # not even one that had to run again saw anything else
    assert sum(trace.results["store"].values()) == 400


def test_write_skew_cannot_happen(backend):
    """Each takes its own only while both are there: one after the other, so one stays (Berenson et al., 1995)."""
    program = runtime.Program("skew")
    requests = bank(program, {})

    def leave_all(requests, mine, other):
        from runtime.patterns import transactions

        store = transactions.Store(requests)

        def leave(tx, n):
            if not tx[mine, n] and not tx[other, n]:
                tx[mine, n] = True

        for n in range(60):
            store.atomically(leave, n)

    program.worker(requests, "a", "b", name="a")(leave_all)
    program.worker(requests, "b", "a", name="b")(leave_all)
    left = program.run(backend, timeout=120).results["store"]
    assert len(left) == 60
    assert {n for _, n in left} == set(range(60))


def test_retry_waits_until_something_changes(backend):
    program = runtime.Program("retry")
    requests = bank(program, {"box": None})

    @program.worker(requests)
    def consume(requests):
        from runtime.patterns import transactions

        store = transactions.Store(requests)
        attempts = []

        def take(tx):
            attempts.append(1)
            if tx["box"] is None:
                tx.retry()
            value, tx["box"] = tx["box"], None
            return value

        return [store.atomically(take) for _ in range(20)], len(attempts)

    @program.worker(requests)
    def produce(requests):
        from runtime.patterns import transactions

        store = transactions.Store(requests)

        def put(tx, value):
            if tx["box"] is not None:
                tx.retry()
            tx["box"] = value

        for n in range(20):
            store.atomically(put, n)

    values, attempts = program.run(backend, timeout=120).results["consume"]
    assert values == list(range(20))
    assert attempts <= 3 * 20 + 1  # it waits, it does not look again and again


def test_an_error_writes_nothing(backend):
    program = runtime.Program("error")

    @program.worker(bank(program, {"n": 1}))
    def client(requests):
        from runtime.patterns import transactions

        store = transactions.Store(requests)

        def spoil(tx):
            tx["n"] = 99
            raise OverflowError("too much")

        try:
            store.atomically(spoil)
        except OverflowError as error:
            return str(error)

    trace = program.run(backend, timeout=60)
    assert (trace.results["client"], trace.results["store"]) == ("too much", {"n": 1})


@pytest.mark.soak
def test_many_clients(backend):
    trace = counting(8, 300).run(backend, timeout=600)
    assert trace.results["store"] == {"n": 2_400}
    assert sum(trace.results[f"client #{n}"][1] for n in range(1, 9)) > 0
