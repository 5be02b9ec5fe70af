"""Pull: values are made when they are taken, at most one ahead, each for one taker."""

from __future__ import annotations

import pytest

import runtime


def pulled(take: int, takers: int = 1, *, made: int | None = None) -> runtime.Program:
    """One producer, of `made` values or of values without end, and those who take from it."""
    program = runtime.Program("pull")
    values_in, values_out = program.channel("values")

    @program.worker(values_out, made)
    def produce(values, made):
        import itertools

        from runtime.patterns import pulling

        count = 0

        def numbers():
            nonlocal count
            for n in itertools.count() if made is None else range(made):
                count += 1
                yield n
            return "all"

        pulling.give(numbers(), values)
        return count

    @program.worker(values_in, take, copies=takers, name="take")
    def consume(values, take):
        import itertools

        from runtime.patterns import pulling

        source = pulling.Source(values)
        got = list(itertools.islice(source, take))
        if len(got) == take:
            source.enough()
        return got, source.returned

    return program


def test_nothing_is_made_more_than_one_ahead(backend):
    trace = pulled(take=25).run(backend, timeout=60)
    assert trace.results["take"] == (list(range(25)), None)
    assert trace.results["produce"] <= 26


def test_several_take_each_value_once_and_one_is_told_what_was_returned(backend):
    trace = pulled(take=10**6, takers=3, made=600).run(backend, timeout=60)
    got = [trace.results[f"take #{n}"] for n in (1, 2, 3)]
    assert sorted(value for values, _ in got for value in values) == list(range(600))
    assert all(values == sorted(values) for values, _ in got)
    assert sorted(returned or "" for _, returned in got) == ["", "", "all"]


def test_what_the_producer_raises_comes_out_where_it_is_taken(backend):
    program = runtime.Program("raise")
    values_in, values_out = program.channel("values")

    @program.worker(values_out)
    def produce(values):
        from runtime.patterns import pulling

        pulling.give((6 // n for n in (2, 1, 0)), values)

    @program.worker(values_in)
    def consume(values):
        from runtime.patterns import pulling

        source = pulling.Source(values)
        return [source.take(), source.take()], source.take()

    with pytest.raises(runtime.WorkerError, match="RemoteError: the producer raised ZeroDivisionError"):
        program.run(backend, timeout=60)


def test_take_has_a_timeout():
    from runtime.patterns import pulling

    values, _out = runtime.create_channel()
    with pytest.raises(runtime.ChannelTimeoutError):
        pulling.Source(values).take(timeout=0.01)
