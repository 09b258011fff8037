#!/usr/bin/env python3
"""Function records beside nanobind's, pybind11's and PyO3's functions, and plain C's: each row of the bounds table, in one run.

    bench.py build FOLDER PACKAGES     compiles all of them for this Python; nanobind and pybind11 are in PACKAGES (pip --target)
    bench.py FOLDER [PACKAGES]         measures; scipy from PACKAGES

A call's number is the best of many rounds in which all sides take turns, so what else runs meets all of them.
"""

import importlib
import importlib.util
import math
import os
import pickle
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
import timeit

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
FREE = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
#: The functions of the modules whose size and import are measured; compiling a thousand takes minutes, and 0 leaves them out.
MANY = int(os.environ.get("MANY", 1000))
#: What is compiled: all sides, or those whose name has this in it.
PART = os.environ.get("PART", "")


# ---- Building. ----


def compiled(folder, source, module, *flags):
    out = os.path.join(folder, module + SUFFIX)
    if PART not in module:
        return
    command = ["g++", "-std=c++17", "-O3", "-DNDEBUG", "-shared", "-fPIC", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections",
               "-Wl,--gc-sections", "-Wl,-s", f"-DMODULE={module}", f"-I{sysconfig.get_path('include')}", f"-I{HERE}", *flags]
    subprocess.run([*command, *([source] if isinstance(source, str) else source), "-o", out], check=True)


def build(folder, packages):
    os.makedirs(folder, exist_ok=True)
    nanobind = os.path.join(packages, "nanobind")
    of_nanobind = [f"-I{nanobind}/include", f"-I{nanobind}/ext/robin_map/include", "-fno-strict-aliasing", "-fno-stack-protector"]
    if FREE:
        of_nanobind.append("-DNB_FREE_THREADED")
    for many in sorted({0, MANY}):
        name = f"many{many}_" if many else ""
        sources = [os.path.join(HERE, "nanobind.cpp"), f"{nanobind}/src/nb_combined.cpp"]
        compiled(folder, sources, f"{name}rival_nanobind", f"-DMANY={many}", *of_nanobind)
        compiled(folder, os.path.join(HERE, "pybind11.cpp"), f"{name}rival_pybind11", f"-DMANY={many}", f"-I{packages}/pybind11/include")
        compiled(folder, os.path.join(HERE, "records.cpp"), f"{name}records", f"-DMANY={many}", f"-I{ROOT}/shim/include")
    if PART not in "bench_functions":
        return
    target = os.path.join(folder, "cargo")
    environment = dict(os.environ, PYO3_PYTHON=sys.executable, PYO3_BUILD_EXTENSION_MODULE="1", CARGO_TARGET_DIR=target)
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=f"{ROOT}/tests/fixtures/bench-functions", env=environment, check=True)
    shutil.copy(f"{target}/release/libbench_functions.so", os.path.join(folder, "bench_functions" + SUFFIX))


# ---- Measuring. ----


def best(sides, number=20000, rounds=60):
    """The best time of each statement, taken in turns, in nanoseconds."""
    timers = [timeit.Timer(statement, globals=names) for statement, names in sides]
    times = [min(each) for each in zip(*([timer.timeit(number) for timer in timers] for _ in range(rounds)))]
    return [time / number * 1e9 for time in times]


def say(row, mine, rivals, bound):
    """A row: ours, each rival with its name, what the ratio to the first or to the faster may be."""
    against = ", ".join(f"{name} {value:.1f}" for name, value in rivals.items())
    ratio = mine / min(rivals.values())
    print(f"{row:44} {mine:9.1f} | {against:48} | {ratio:6.2f} | {bound}", flush=True)
    return ratio


def calls(records, rivals, rounds):
    for row, name, arguments in (("0 arguments", "zero", ""), ("1 by place", "one", "x"), ("3 by place", "three", "x, x, x"), ("2 by name", "dot", "x=x, y=x"), ("1 and a default", "dot", "x")):
        sides = [(f"f({arguments})", {"f": getattr(module, name), "x": 1.5}) for module in (records, *rivals.values())]
        mine, *theirs = best(sides, rounds=rounds)
        say(f"call, {row}", mine, dict(zip(rivals, theirs)), "<= 1.0 of the faster of nanobind and PyO3")
    sides = [("k.times(x)", {"k": module.K(), "x": 1.5}) for module in (records, *rivals.values())]
    mine, *theirs = best(sides, rounds=rounds)
    say("method on an instance", mine, dict(zip(rivals, theirs)), "<= 1.0 of nanobind")


def wrapped(pyo3, rounds):
    for row, names, arguments in (("1 by place", ("lent_one", "one"), "x"), ("2 by name", ("lent_dot", "dot"), "x=x, y=x")):
        mine, theirs = best([(f"f({arguments})", {"f": getattr(pyo3, name), "x": 1.5}) for name in names], rounds=rounds)
        say(f"#[interbind::function], {row}", mine, {"PyO3's own": theirs}, "<= + 2 ns")


def natives(records, pyo3, rounds):
    table = {"direct": lambda: records.direct_ns(200000), "direct, Rust": lambda: pyo3.direct_ns(200000), "held": lambda: records.held_ns(records.dot, 200000), "held, Rust": lambda: pyo3.held_ns(records.dot, 200000),
             "looked up": lambda: records.looked_up_ns(records.dot, 20000), "looked up, Rust": lambda: pyo3.looked_up_ns(records.dot, 20000),
             "attribute": lambda: records.attribute_ns(records, 20000)}
    least = {name: math.inf for name in table}
    for _ in range(rounds):
        for name, measure in table.items():
            least[name] = min(least[name], measure())
    for name, rival in ("held", "direct"), ("held, Rust", "direct, Rust"):
        say(f"native call, {name}", least[name], {f"direct call of {'Rust' if 'Rust' in name else 'C'}": least[rival]}, "<= 1.1")
    for name in "looked up", "looked up, Rust":
        say(f"native call, {name}", least[name], {"PyObject_GetAttrString": least["attribute"]}, "<= 2")


def quad(records):
    if not importlib.util.find_spec("scipy"):
        return print("quad: scipy isn't installed")
    import scipy.integrate
    from scipy import LowLevelCallable
    lent = LowLevelCallable.from_cython(records, "one")
    # An integrand that takes many evaluations: the limit is never met.
    sides = [("quad(f, 0, 1, points=p, limit=200)", {"quad": scipy.integrate.quad, "f": f, "p": [i / 100 for i in range(1, 100)]}) for f in (lent, records.one)]
    native, python = best(sides, number=20, rounds=20)
    print(f"{'quad over a native entry':44} {native:9.0f} | {'through Python ' + format(python, '.0f'):48} | {python / native:6.2f} | >= 5 x faster")


def pickles(records, pybind11, rounds):
    functions = {"records": records.eightchr, "plain C": math.hypot, "pybind11": pybind11.eightchr}
    for row, statement in (("pickle.dumps", "dumps(f, 5)"), ("pickle.loads", "loads(s)")):
        sides = [(statement, {"dumps": pickle.dumps, "loads": pickle.loads, "f": f, "s": pickle.dumps(f, 5)}) for f in functions.values()]
        mine, c, theirs = best(sides, number=3000, rounds=rounds)
        say(row, mine, {"plain C": c}, "dumps: <= 1.5")
        print(f"{'':44} {'':9} | {'pybind11 ' + format(theirs, '.1f'):48} | {theirs / mine:6.2f} | >= 2 (dumps), >= 10 (loads) x faster")
    print(f"{'bytes, protocol 5, a name of 8 letters':44} {len(pickle.dumps(records.eightchr, 5)):9} | pybind11 {len(pickle.dumps(pybind11.eightchr, 5)):<39} | {'':6} | <= 40")


IMPORT = "import sys, time; sys.path.insert(0, sys.argv[1]); start = time.perf_counter(); __import__(sys.argv[2]); print(time.perf_counter() - start)"


def sizes(folder):
    names = "records", "rival_nanobind", "rival_pybind11"
    size = {name: (os.path.getsize(f"{folder}/many{MANY}_{name}{SUFFIX}") - os.path.getsize(f"{folder}/{name}{SUFFIX}")) / MANY for name in names}
    say(f"bytes for each of {MANY} functions", size["records"], {"nanobind": size["rival_nanobind"], "pybind11": size["rival_pybind11"]}, "<= 1.0 of nanobind")
    least = dict.fromkeys(names, math.inf)
    for _ in range(25):
        for name in names:
            done = subprocess.run([sys.executable, "-I", "-c", IMPORT, folder, f"many{MANY}_{name}"], capture_output=True, text=True, check=True)
            least[name] = min(least[name], float(done.stdout) * 1e6)
    say(f"import of {MANY} functions, us", least["records"], {"nanobind": least["rival_nanobind"], "pybind11": least["rival_pybind11"]}, "<= 1.0 of nanobind")


def threads(records, rivals):
    """Calls in a second of all threads together, as so many times those of one."""
    def rate(function, count, seconds=0.4):
        done, gate = [], threading.Barrier(count + 1)

        def work():
            calls, x = 0, 1.5
            gate.wait()
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                for _ in range(200):
                    function(x)
                calls += 200
            done.append(calls)

        workers = [threading.Thread(target=work) for _ in range(count)]
        for worker in workers:
            worker.start()
        gate.wait()
        for worker in workers:
            worker.join()
        return sum(done) / seconds

    sides = {"records": records.one, **{name: module.one for name, module in rivals.items()}}
    for count in (1, 2, 4, 8):
        most = {name: max(rate(function, count) for _ in range(3)) for name, function in sides.items()}
        if count == 1:
            single = most
        print(f"{f'{count} threads, one function':44} " + ", ".join(f"{name} {most[name] / single[name]:.2f} x ({most[name] / 1e6:.1f} M/s)" for name in sides))


def main(folder, packages=None, rounds=60):
    sys.path.insert(0, folder)
    if packages:
        sys.path.append(packages)
    records, nanobind, pybind11, pyo3 = (importlib.import_module(name) for name in ("records", "rival_nanobind", "rival_pybind11", "bench_functions"))
    print(f"Python {sys.version.split()[0]}{' free-threaded' if FREE else ''}, nanoseconds")
    rivals = {"nanobind": nanobind, "PyO3": pyo3}
    calls(records, rivals, rounds)
    wrapped(pyo3, rounds)
    natives(records, pyo3, rounds)
    quad(records)
    pickles(records, pybind11, rounds)
    if MANY:
        sizes(folder)
    if FREE:
        threads(records, rivals)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(*sys.argv[2:])
    else:
        main(*sys.argv[1:3])
