"""Benchmarks: what is promised of speed, measured on the machine at hand.

`secondline bench NAME` runs one, `secondline bench all` every one in the order below.

A benchmark is a name here and the module that measures it:

    def run(name: str, tell: Tell) -> list[Row]

It blocks, starts what it needs (embedded stores in a folder of its own), stops it again whatever
happens, and answers one `Row` for each figure that has a goal (`router/bench/rows.py`: `at_most`,
`at_least`, `unmeasured`). Several names may share a module, and several figures a name: `match`
answers its mean, its p99 and its ratio as three rows called `match`, that differ by unit and goal.

- `tell("filling, 20,000 of 110,000")` shows on stderr how far it is; call it as often as you like.
- Repeats take turns between the two sides of a comparison; `figure(repeats)` is their median, with
  the least and the most as spread.
- A peer that cannot be had is `unmeasured(...)`: a row with its goal that holds not. Never a guess.
- Where contacts are assigned, raise `Broken` when one was assigned twice or got lost.
- What is fetched for a bench (`router/bench/peers.py`) goes into the cache folder, pinned.
"""

BENCHES = {
    "match": "match",
    "bullmq": "bullmq",
    "skip-locked": "skip_locked",
    "offer-latency": "offer_latency",
    "drain-10": "drain",
    "drain-100": "drain",
    "drain-1000": "drain",
    "drain-10000": "drain",
    "busy-10": "drain",
    "busy-100": "drain",
    "busy-1000": "drain",
    "growth-waiting": "growth",
    "growth-idle": "growth",
    "growth-registered": "growth",
    "growth-queues": "growth",
    "overlap-distinct": "overlap",
    "overlap-300": "overlap",
    "unservable": "unservable",
    "position": "position",
    "lives": "lives",
    "sign-in": "sign_in",
}
"""Each benchmark's module; the order is that of the table."""
