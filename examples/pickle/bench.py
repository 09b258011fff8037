#!/usr/bin/env python3
"""Times `interbind.pickle` beside cloudpickle, Python's pickle and dill, all in this run, and prints ratios.

    python examples/pickle/bench.py [--quick] [LOAD…]

A rival that can't be imported is named and left out. "Cold" is the first dump of an object in a process: objects are made anew
for each turn. The ratio is the rival's time to ours: above 1 we are faster. Medians of interleaved turns, in processor time.
"""

import gc
import importlib
import statistics
import subprocess
import sys
import time
import types

import pickle
import interbind.pickle as ours

QUICK = "--quick" in sys.argv
WANTED = [word for word in sys.argv[1:] if not word.startswith("-")]
TURNS = 3 if QUICK else 7
SCALE = 10 if QUICK else 1


def rival(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} isn't installed: its column is left out")
        return None


cloudpickle, dill = rival("cloudpickle"), rival("dill")


def source(text, name="__main__", count=1):
    """Run source in a namespace of its own, which looks like a script's."""
    namespace = {"__name__": name}
    exec(compile(text, "script.py", "exec"), namespace)
    return namespace


def closures():
    def make(n):
        def closure(x):
            return x + n

        return closure

    make.__module__ = "__main__"
    made = [make(n) for n in range(10_000 // SCALE)]
    for closure in made:
        closure.__module__ = "__main__"
    return made


def closure():
    return closures()[0]


FUNCTION = "def f{n}(a, b={n}):\n    c = a * {n} + CONST\n    for i in range(b): c += len(str(i)) + other(c)\n    return json.dumps([c, OPTIONS, {n}])\n"
HEAD = "import json\nCONST = 5\nOPTIONS = {'a': 1}\ndef other(x): return x\n"


def functions():
    count = 2_000 // SCALE
    space = source(HEAD + "".join(FUNCTION.format(n=n) for n in range(count)))
    return [space[f"f{n}"] for n in range(count)]


CLASS = "class C{n}:\n    'doc'\n    limit = {n}\n    def __init__(self, a): self.a = a + {n}\n    def run(self, x): return self.a * x + CONST + {n}\n    @property\n    def p(self): return self.a\n    @staticmethod\n    def s(x): return x + {n}\n"


def classes():
    count = 1_000 // SCALE
    space = source(HEAD + "".join(CLASS.format(n=n) for n in range(count)))
    return [space[f"C{n}"] for n in range(count)]


BEAM = """
import json
def make(n):
    config = {'n': n, 'name': 'step%d' % n}
    class Do(object):
        def __init__(self, suffix): self.suffix = suffix
        def process(self, element):
            yield json.dumps([config, element, self.suffix])
    key = lambda element: (element, config['n'])
    keep = lambda element: json.loads(element) is not None
    return Do('x'), key, keep
steps = [make(n) for n in range(COUNT)]
"""


def beam():
    return source(BEAM.replace("COUNT", str(200 // SCALE)))["steps"]


def orphans():
    made = []
    for n in range(2_000 // SCALE):
        namespace = {}
        exec(f"def f(x): return x + {n}", namespace)
        namespace["f"].__module__ = None
        made.append(namespace["f"])
    return made


home = types.ModuleType("bench_objects")
exec(
    "import dataclasses\nclass Plain:\n    def __init__(self, n): self.n = n; self.name = 'n'; self.more = (n, n)\n"
    "@dataclasses.dataclass\nclass Inner:\n    x: int\n    y: float\n"
    "@dataclasses.dataclass\nclass Outer:\n    a: Inner\n    b: list\n",
    home.__dict__,
)
sys.modules["bench_objects"] = home


def objects():
    return [home.Plain(n) for n in range(100_000 // SCALE)]


def dataclasses():
    return [home.Outer(home.Inner(n, 0.5), [home.Inner(n, 1.5)] * 2) for n in range(6_500 // SCALE)]


def ints():
    return list(range(1_000_000 // SCALE))


def array():
    return bytearray(80_000_000 // SCALE)


LOADS = {
    # name: (what makes it, rivals, cold too)
    "closures": (closures, "cloudpickle dill", False),
    "one closure": (closure, "cloudpickle dill", False),
    "functions": (functions, "cloudpickle dill", True),
    "classes": (classes, "cloudpickle dill", True),
    "beam": (beam, "cloudpickle dill", False),
    "beam at 3,000 modules": (beam, "cloudpickle", False),
    "without __module__": (orphans, "cloudpickle", False),
    "objects": (objects, "pickle cloudpickle dill", False),
    "dataclasses": (dataclasses, "pickle cloudpickle dill", False),
    "ints": (ints, "pickle cloudpickle", False),
    "array": (array, "pickle cloudpickle", False),
}


def timed(dumps, made, times):
    gc.collect()
    start = time.process_time()
    for _ in range(times):
        dumps(made)
    return (time.process_time() - start) / times


def modules(count):
    """Fill `sys.modules` up."""
    for n in range(count):
        name = f"bench_package_{n % 40}.part{n // 40}"
        module = sys.modules.setdefault(name, types.ModuleType(name))
        module.__package__ = name


def measure(name):
    make, rivals, cold = LOADS[name]
    by_name = {"pickle": pickle, "cloudpickle": cloudpickle, "dill": dill}
    subjects = {"ours": ours.dumps}
    for rival_name in rivals.split():
        if by_name[rival_name] is not None:
            subjects[rival_name] = by_name[rival_name].dumps
    protocol = {"pickle": lambda made: pickle.dumps(made, 5)}
    for subject, dumps in protocol.items():
        if subject in subjects:
            subjects[subject] = dumps
    times = 1000 if name == "one closure" else 1
    for temperature in ("warm", "cold") if cold else ("warm",):
        taken = {subject: [] for subject in subjects}
        made = make()
        for subject in list(subjects):
            try:
                subjects[subject](made)
            except Exception as error:
                print(f"{name:24} {subject} fails: {type(error).__name__}: {error}"[:100])
                del subjects[subject]
        for turn in range(TURNS + 1):
            for subject, dumps in subjects.items():
                if temperature == "cold":
                    if subject == "dill":
                        continue
                    made = make()
                one = timed(dumps, made, times)
                if turn:
                    taken[subject].append(one)
        base = statistics.median(taken["ours"])
        text = "".join(
            f"   {subject} {statistics.median(found) / base:6.2f}x"
            for subject, found in taken.items()
            if subject != "ours" and found
        )
        print(f"{name + (' (cold)' if temperature == 'cold' else ''):24} ours {base * 1e3:9.3f} ms{text}", flush=True)


def importing(name):
    def once(module):
        code = f"import time; start = time.perf_counter(); import {module}; print(time.perf_counter() - start)"
        return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)

    turns = range(5 if QUICK else 15)
    taken = {module: [once(module) for _ in turns] for module in ("interbind.pickle", "cloudpickle")}
    mine, theirs = (statistics.median(taken[module]) for module in taken)
    print(f"{name:24} ours {mine * 1e3:9.3f} ms   cloudpickle {theirs / mine:6.2f}x")


def main():
    print(f"Python {sys.version.split()[0]}, {len(sys.modules)} modules; ratio of a rival's time to ours")
    for name in LOADS:
        if WANTED and name not in WANTED:
            continue
        if name.endswith("modules"):
            modules(3_000 - len(sys.modules))
        measure(name)
    if cloudpickle is not None and (not WANTED or "import" in WANTED):
        importing("import")


if __name__ == "__main__":
    main()
