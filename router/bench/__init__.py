"""Benchmarks: each module has `run() -> dict[str, float | int | str]`, its figures by name.

`secondline bench NAME` runs one. Each starts what it needs and stops it again.
"""
