"""Ways to work together over channels, each a short module to read, built on nothing but the public channel API.

| module | whose idea | what it promises |
| --- | --- | --- |
| `actors` | Erlang | each message is handled once; a crash costs the message that caused it, and no other |
| `pulling` | Ruby's Ractors | a value is made when somebody takes it, at most one ahead |
| `stealing` | Cilk; lifelines | each task runs once, no worker idles while another has two, and the end is noticed |
| `transactions` | Haskell's STM | transactions are as if one after the other; none sees half of another |
| `broadcast` | - | every receiver gets every message, in order |
| `ring` | the Disruptor | each item is received once, each producer's in order, with no copy of its own |
| `codes` | Unison | a function is compiled once in each interpreter, and is what its hash says |

Snippets import them: `from runtime.patterns import actors`.
"""
