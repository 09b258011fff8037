#!/usr/bin/env python3
"""Calls and pickles of function records beside nanobind's functions and plain C's: the best of many, in turns, and the ratio.

    bench.py        with `functioncpp` (tests/fixtures/capi/function.cpp) and, where it is built, `rival` (rival.cpp) on the path
"""

import importlib.util
import math
import pickle
import timeit

import functioncpp as ours

CALLS = {"0 arguments": ("zero", ""), "1": ("one", "x"), "3 by place": ("three", "x, x, x"), "2 by name": ("dot", "x=x, y=x"), "1 and a default": ("dot", "x")}


def compare(label, first, second, number=20000, rounds=60):
    """Prints the best of each, taken in turns: what else runs meets both."""
    timers = [timeit.Timer(statement, globals=names) for statement, names in (first, second)]
    best = [min(times) for times in zip(*([timer.timeit(number) for timer in timers] for _ in range(rounds)))]
    mine, theirs = (time / number * 1e9 for time in best)
    print(f"{label:32} {mine:8.1f} ns against {theirs:8.1f}: {mine / theirs:.2f}")


if importlib.util.find_spec("rival"):
    import rival

    for label, (name, arguments) in CALLS.items():
        statement = f"f({arguments})"
        compare(f"call, {label}, against nanobind", (statement, {"f": getattr(ours, name), "x": 1.5}), (statement, {"f": getattr(rival, name), "x": 1.5}))
else:
    print("no nanobind: build rival.cpp")
for label, statement in (("dumps", "pickle.dumps(f, 5)"), ("loads", "pickle.loads(s)")):
    sides = [(statement, {"pickle": pickle, "f": f, "s": pickle.dumps(f, 5)}) for f in (ours.dot, math.hypot)]
    compare(f"pickle.{label}, against plain C", *sides, number=3000)
print(f"{len(pickle.dumps(ours.dot, 5))} bytes for {ours.dot.__module__}.{ours.dot.__name__}")
