#!/usr/bin/env python3
"""Pickles every public function and method of modules that were mended, with every pickler and protocol.

    grid.py [--report FILE] MODULE…     with `interbind` on the path, and cloudpickle and dill where they should be tried

What is tried is found by `dir` and `getattr`, not by `mend`. What is written is loaded here, and in a process that has
imported nothing: there without interbind. Prints a line for each module; exits with 1 after a fault.
"""

import copy
import importlib
import importlib.util
import io
import json
import os
import pickle
import pickletools
import subprocess
import sys
import tempfile

from interbind import names

#: What may be called like that is a function of a binder; the others are none of `mend`'s business.
TYPES = ("nb_func", "nb_method", "instancemethod", "function", "builtin_function_or_method")
#: What no stream may name: whatever runs code, or looks beyond the function's own name.
EVIL = ("eval", "exec", "__import__", "import_module", "attrgetter", "interbind", "globals")

FRESH = """
import functools, importlib, json, pickle, sys
for name, streams in json.load(open(sys.argv[1])):
    for stream in streams:
        loaded = pickle.loads(bytes.fromhex(stream))
        module, path = name
        found = functools.reduce(getattr, path.split('.'), importlib.import_module(module))
        assert loaded is found, (name, loaded, found)
assert not any(name.split('.')[0] == 'interbind' for name in sys.modules), 'interbind was needed'
print('fresh')
"""


def picklers():
    found = {"_pickle": pickle.dumps, "pickle": pickle._dumps}
    for name in ("cloudpickle", "dill"):
        if importlib.util.find_spec(name):
            found[name] = importlib.import_module(name).dumps
    return found


def is_native(value):
    kind = type(value)
    # `int.from_bytes` of an enum: Python's own, and bound anew each time.
    return not isinstance(getattr(value, "__self__", None), type) and kind.__name__ in TYPES and kind.__module__ in ("nanobind", "Boost.Python", "builtins") and not hasattr(value, "__code__")


def public(module, root, seen, path=""):
    """Every public function of a module or class, and of what lies in it: (module, path), function."""
    for name in dir(module):
        if name.startswith("_"):
            continue
        try:
            value = getattr(module, name)
        except Exception:
            continue
        inside = f"{path}.{name}" if path else name
        if isinstance(value, type):
            if id(value) not in seen and value.__module__.startswith(root.split(".")[0]):
                seen[id(value)] = value
                yield from public(value, root, seen, inside)
        elif type(value) is type(sys) and value.__name__.startswith(root + ".") and id(value) not in seen:
            seen[id(value)] = value
            yield from ((found, function) for found, function in public(value, value.__name__, seen))
        elif is_native(value):
            yield (root, inside), value


def pickles_before(function):
    try:
        return pickle.loads(pickle.dumps(function)) is function
    except Exception:
        return False


def words(stream):
    return {part for op, arg, _ in pickletools.genops(stream) if isinstance(arg, str) for part in arg.replace(" ", ".").split(".")}


def check(module, report):
    functions = list(public(importlib.import_module(module), module, {}))
    before = sum(pickles_before(function) for _, function in functions)
    mended = names.mend(module)
    again = names.mend(module)
    faults = [f"mended twice: {again!r}"] if again.changes else []
    fresh, good = [], 0
    for name, function in functions:
        streams, wrong = [], []
        for pickler, dumps in picklers().items():
            for protocol in range(6):
                try:
                    stream = dumps(function, protocol)
                    if pickle.loads(stream) is not function:
                        wrong.append(f"{pickler} {protocol}: loads another object")
                    evil = words(stream).intersection(EVIL)
                    # Below protocol 4 a path with dots takes `getattr`.
                    # Boost.Python's methods take it always: their `__module__` is the class's name.
                    if protocol >= 4 and type(function).__module__ != "Boost.Python":
                        evil |= words(stream).intersection(["getattr"])
                    if evil:
                        wrong.append(f"{pickler} {protocol}: names {evil}")
                    streams.append(stream.hex())
                except Exception as error:
                    wrong.append(f"{pickler} {protocol}: {type(error).__name__}: {error}")
        for copying in (copy.copy, copy.deepcopy):
            if copying([function])[0] is not function or copying(function) is not function:
                wrong.append(f"{copying.__name__} makes another object")
        if wrong:
            faults.append(f"{'.'.join(name)}: {'; '.join(wrong[:3])}")
        else:
            good += 1
            fresh.append((name, sorted(set(streams))))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "streams")
        with open(file, "w") as out:
            json.dump(fresh, out)
        ran = subprocess.run([sys.executable, "-c", FRESH, file], capture_output=True, text=True)
        if ran.stdout != "fresh\n":
            faults.append(f"in a fresh process: {ran.stderr.strip().splitlines()[-1]}")
    undone = names.restore(module)
    after = sum(pickles_before(function) for _, function in functions)
    if len(undone) != len(mended.changes) or after != before:
        faults.append(f"restored {len(undone)} of {len(mended.changes)}, {after} pickle instead of {before}")
    row = {
        "module": module,
        "functions": len(functions),
        "before": before,
        "mended": good,
        "refused": len(mended.refused),
        "picklers": list(picklers()),
    }
    report.append(row)
    print(json.dumps(row))
    for fault in faults:
        print("fault:", fault)
    return not faults


if __name__ == "__main__":
    arguments, report = sys.argv[1:], []
    file = arguments[1] if arguments[:1] == ["--report"] else None
    arguments = arguments[2:] if file else arguments
    fine = [check(module, report) for module in arguments]
    if file:
        with io.open(file, "w") as out:
            json.dump(report, out)
    sys.exit(not all(fine))
