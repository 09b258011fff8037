#!/usr/bin/env python3
"""What pickling costs of functions that were mended, beside a plain C function and pybind11 3's own way, in one run.

    bench.py     with `interbind`, contourpy 1.4.0 (pybind11) and apytypes 0.5.1 (nanobind) on the path

Processor time in microseconds, the best of seven.
"""

import math
import pickle
import time
import timeit

import apytypes._apytypes
import contourpy._contourpy

from interbind import names


def best(call, number=20_000):
    return min(timeit.repeat(call, number=number, repeat=7, timer=time.process_time)) / number * 1e6


def row(what, function):
    stream = pickle.dumps(function, 5)
    dumps, loads = best(lambda: pickle.dumps(function, 5)), best(lambda: pickle.loads(stream))
    print(f"| {what} | {dumps:.2f} | {loads:.2f} | {len(stream)} |", flush=True)


if __name__ == "__main__":
    print("| function | dumps | loads | bytes |\n|---|---:|---:|---:|")
    row("plain C, `math.hypot`", math.hypot)
    row("pybind11 3, its own way", contourpy._contourpy.max_threads)
    row("`len` before", len)
    for module in (contourpy._contourpy, apytypes._apytypes):
        names.mend(module)
    row("pybind11 3, mended", contourpy._contourpy.max_threads)
    row("pybind11 3, a method", contourpy._contourpy.SerialContourGenerator.lines)
    row("nanobind", apytypes._apytypes.set_float_quantization_mode)
    row("nanobind, a method", apytypes._apytypes.APyFixed.to_bits)
    row("`len` after", len)
    row("plain C, again", math.hypot)
