#!/usr/bin/env python3
"""Random graphs of functions, closures, classes and containers: byte by byte as cloudpickle, and alive in a fresh process.

    graphs.py INTERBIND CLOUDPICKLE [COUNT [SEED]]

A graph is a program, run twice: cloudpickle dumps what the first run made, the drop-in what the second made. Nothing in it is of
a kind that cloudpickle loads wrong, so the default and `strict=True` have the same bytes. A third of the graphs also goes
through `Pickler` objects that dump twice, and through out-of-band buffers.
"""

import io
import itertools
import os
import pickle
import random
import subprocess
import sys
import tempfile
import types


def program(rng):
    """Write a program that leaves a list named `result`."""
    lines = ["import json, xml.dom.minidom, collections, os.path, functools", "import xml", "K = 3", "TABLE = {'a': [1, 2]}"]
    functions, classes, values = [], [], ["K", "TABLE", "json", "collections.OrderedDict(a=1)", "b'bytes' * 3"]
    for n in range(rng.randint(2, 9)):
        kind = rng.choice(["function", "closure", "class", "class", "value", "method", "lambda", "recursive"])
        used = rng.choice(functions + ["len", "K", "json.dumps", "xml.dom.minidom.Node", "os.path.join"])
        if kind == "function":
            default = rng.choice(["1", "None", "TABLE", "'text'"])
            note = rng.choice(["", ": int", ": 'later'"])
            lines += [f"def f{n}(a{note}, b={default}, *c, d=4, **e):", f"    '''doc {n}'''", f"    return a, b, {used}"]
            if rng.random() < 0.3:
                lines += [f"f{n}.tag = {rng.choice(values)}"]
            functions.append(f"f{n}")
        elif kind == "closure":
            shared = rng.random() < 0.5
            lines += [f"def make{n}(v, w):", f"    def inner(x): return x, v, {used}"]
            lines += ["    def other(): return w, v" if shared else "    def other(): return w"]
            lines += [f"    inner.n = {n}", "    return inner, other", f"c{n} = make{n}({rng.choice(values)}, {n})"]
            functions.append(f"c{n}[0]")
            values.append(f"c{n}")
        elif kind == "recursive":
            lines += [f"def make{n}():", "    def down(k): return k if k < 1 else down(k - 1)", "    return down"]
            lines += [f"r{n} = make{n}()"]
            functions.append(f"r{n}")
        elif kind == "lambda":
            lines += [f"l{n} = [lambda x, i=i: (x, i, {used}) for i in range({rng.randint(1, 3)})]"]
            values.append(f"l{n}")
        elif kind == "class":
            bases = rng.sample(classes, min(len(classes), rng.choice([0, 0, 1, 1, 2])))
            order = sorted(bases, key=lambda base: -int(base[1:]))
            lines += [f"class C{n}({', '.join(order)}):", f"    'a class {n}'", f"    v{n} = {rng.choice(values)}"]
            lines += [f"    def __init__(self, a=1): self.a{n} = a"]
            lines += [f"    def m{n}(self): return self, {used}", f"    @property\n    def p{n}(self): return 1"]
            if rng.random() < 0.5:
                lines += [f"    @classmethod\n    def k{n}(cls, x=C{rng.choice(classes)[1:]}): return cls" if classes else "    pass"]
                lines += [f"    @staticmethod\n    def s{n}(): return K", f"    def u{n}(self): return super().__init__"]
            classes.append(f"C{n}")
            values += [f"C{n}", f"C{n}()"]
        elif kind == "method" and classes:
            cls = rng.choice(classes)
            values.append(f"{cls}().m{cls[1:]}")
        else:
            items = ", ".join(rng.choice(values + functions) for _ in range(rng.randint(1, 4)))
            lines += [f"d{n} = {{'k{n}': [{items}], {n}: ({items},)}}"]
            if rng.random() < 0.3:
                lines += [f"d{n}['self'] = d{n}"]
            values.append(f"d{n}")
    chosen = rng.sample(functions + classes + values, min(4, len(functions + classes + values)))
    lines += [f"result = [{', '.join(chosen)}]", "result.append(functools.partial(len, result))"]
    return "\n".join(lines)


def run(source):
    home = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(source, "script.py", "exec"), home.__dict__)
    return home.result


def through_pickler(module, graph, **options):
    file = io.BytesIO()
    pickler = module.Pickler(file, protocol=5, **options)
    pickler.dump(graph)
    pickler.dump([graph, graph[0]])
    return file.getvalue()


def out_of_band(module, graph, **options):
    buffers = []
    view = pickle.PickleBuffer(bytearray(b"x" * 100))
    return module.dumps([graph, view], buffer_callback=buffers.append, **options), len(buffers)


def dump(count, seed, path):
    import cloudpickle
    import cloudpickle.cloudpickle as inside

    import interbind.pickle as ours

    real, numbers = sys.modules["__main__"], itertools.count()
    inside.uuid = types.SimpleNamespace(uuid4=lambda: types.SimpleNamespace(hex=f"{next(numbers):032x}"))
    kept = []
    for turn in range(count):
        source = program(random.Random(seed * 100_003 + turn))
        run(source)
        ways = [lambda module, made, **o: module.dumps(made, **o), lambda module, made, **o: module.dumps(made, 2, **o)]
        if turn % 3 == 0:
            ways += [through_pickler, out_of_band]
        for way in ways:
            made = []
            for module, options in ((cloudpickle, {}), (ours, {}), (ours, {"strict": True})):
                numbers = itertools.count(turn * 1000)
                made.append(way(module, run(source), **options))
            if not made[0] == made[1] == made[2]:
                print(f"graph {turn} of seed {seed} differs, way {ways.index(way)}:\n{source}")
                sys.exit(1)
        kept.append(ours.dumps(run(source)))
    sys.modules["__main__"] = real
    with open(path, "wb") as file:
        pickle.dump(kept, file)


def load(path):
    assert not any(name.startswith("interbind") for name in sys.modules)
    with open(path, "rb") as file:
        for data in pickle.load(file):
            result = pickle.loads(data)
            assert result[-1]() == len(result)


def main(interbind, cloudpickle, count, seed):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "graphs")
        for arguments, search in ((["--dump", count, seed, path], [interbind, cloudpickle]), (["--load", path], [cloudpickle])):
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(search), "PYTHONHASHSEED": "0"}
            done = subprocess.run([sys.executable, "-B", __file__, *arguments], env=environment)
            if done.returncode:
                sys.exit(done.returncode)
    print(f"{sys.version.split()[0]}: {count} graphs of seed {seed}, byte by byte")


if __name__ == "__main__":
    if sys.argv[1] == "--dump":
        dump(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    elif sys.argv[1] == "--load":
        load(sys.argv[2])
    else:
        count, seed = (sys.argv[3:] + ["60", "1"][len(sys.argv) - 3 :])[:2]
        main(sys.argv[1], sys.argv[2], count, seed)
