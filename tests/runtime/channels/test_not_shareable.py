"""What cannot cross is refused, with the part that is to blame, and what would work instead."""

from __future__ import annotations

import math
import re
import threading
from types import SimpleNamespace

import pytest

from runtime.channels.ends import create_channel
from runtime.errors import NotShareableError


def local_class():
    class Point:
        pass

    return Point()


class Holder:
    def __init__(self, value):
        self.value = value


CASES = {
    "lock": (threading.Lock(), "message", "is a lock, which cannot cross to another interpreter: a lock guards memory"),
    "lambda": (lambda: 1, "message", "a lambda exists only in the interpreter that made it; put it into a module"),
    "generator": ((n for n in "abc"), "message", "a generator lives in its interpreter; send its values one by one"),
    "module": (math, "message", "is a module, .*: import the module in the snippet that uses it"),
    "local class": (local_class(), "message", "exists only in the interpreter that made it; send a tuple or a dict"),
    "memoryview": (memoryview(b"abc"), "message", r"send bytes\(view\)"),
    "in a list": ([1, [2, threading.Lock()]], "message[1][1]", r"message\[1\]\[1\] is a lock \(in a list\)"),
    "in a dict": ({"a": 1, "lock": threading.Lock()}, "message['lock']", "is a lock"),
    "in a tuple": ((1, lambda: 2), "message[1]", "a lambda exists only"),
    "as a key": ({threading.Lock(): 1}, "message key", "is a lock"),
    "in an object": (SimpleNamespace(a=1), None, None),
    "in an attribute": (
        Holder([threading.Lock()]),
        "message.value[0]",
        r"message\.value\[0\] is a lock \(in a .*Holder",
    ),
}
REFUSED = {name: case for name, case in CASES.items() if case[1]}


@pytest.mark.parametrize("name", REFUSED)
def test_the_error_names_the_part_and_what_would_work(name):
    value, path, text = REFUSED[name]
    _numbers, out = create_channel(capacity=1)
    with pytest.raises(NotShareableError, match=text) as caught:
        out.send(value)
    assert caught.value.path.startswith(path)
    assert isinstance(caught.value, TypeError)


def test_nothing_of_it_is_sent():
    numbers, out = create_channel(capacity=1)
    with pytest.raises(NotShareableError):
        out.send([threading.Lock()])
    assert numbers.stats()[:1] + numbers.stats()[6:] == (0, 0, 0, 0)
    out.send("there is still room")


def test_too_deep_to_be_copied():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    _numbers, out = create_channel(capacity=1)
    with pytest.raises(NotShareableError, match="nested too deeply to be copied; send it in parts"):
        out.send(nested)
    while nested:  # free it without recursion
        nested = nested.pop()


def test_the_receiver_is_told_what_cannot_be_made_again(place):
    if place.kind != "interpreter":
        pytest.skip("one interpreter has the class")
    numbers, out = place.channel(2)
    source = "import sys, types\nclass Point: pass\nsys.modules['elsewhere'] = types.ModuleType('elsewhere')\n"
    source += "Point.__module__ = 'elsewhere'\nsys.modules['elsewhere'].Point = Point\nout.send(Point())\nout.send(2)"
    place.start(source, out=out).result()
    with pytest.raises(NotShareableError, match=re.escape("came through channel 'numbers' that cannot be made again")):
        numbers.recv()
    assert numbers.recv() == 2
