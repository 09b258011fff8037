#!/usr/bin/env python3
"""Which callables of which binder pickle: each kind with each pickler and protocol, loaded here and in a fresh process.

    grid.py MODULE[=mended]…     with the modules on the path, each in the package `around` too; `interbind` for those that are mended

Prints the table of the guide, a line for each maker. A cell is `yes` when the same object comes back for every pickler
and protocol, `no` when for none, else for how many of them; empty: the maker has no such callable.
"""

import functools
import importlib
import importlib.util
import json
import os
import pickle
import subprocess
import sys
import tempfile

#: What the rows are called, by module.
TITLES = {
    "function": "record, C", "grid_records": "record, C++", "grid_rust": "record, Rust", "grid_pyo3_named": "PyO3, `interbind::names`", "grid_pyo3": "PyO3",
    "grid_nanobind": "nanobind", "grid_pybind11": "pybind11 3", "grid_pybind11_2": "pybind11 2", "rdkit.Chem.rdchem": "Boost.Python, in rdkit",
}
#: Where callables are in a package that isn't made for this: by the path that they have in the other makers' modules.
ELSEWHERE = {
    "rdkit.Chem.rdchem": {
        "around:deep": "GetAtomAlias", "K.method": "Mol.GetNumAtoms", "K().method": "Mol().GetNumAtoms", "lost": "GetPeriodicTable",
    },
}
#: Kinds of callables: a title, and where one is.
KINDS = (
    ("function", "deep"), ("in a package", "around:deep"), ("sub-module", "sub.deep"), ("unregistered one", "hidden.deep"), ("method", "K.method"),
    ("bound", "K().method"), ("static", "K.still"), ("class method", "K.of"), ("its `__func__`", "K.of.__func__"), ("in a nested class", "K.In.method"),
    ("static there", "K.In.still"), ("replaced", "lost"),
)
FRESH = """
import json, pickle, sys
for line in json.load(open(sys.argv[1])):
    try:
        loaded = pickle.loads(bytes.fromhex(line["stream"]))
        print(json.dumps([type(loaded).__name__, getattr(loaded, "__qualname__", None) or repr(loaded)]))
    except Exception:
        print("null")
"""


def picklers():
    found = {"_pickle": pickle.dumps, "pickle": pickle._dumps}
    for name in ("cloudpickle", "dill"):
        if importlib.util.find_spec(name):
            found[name] = importlib.import_module(name).dumps
    return found


def find(module, path):
    made, _, rest = path.partition("().")
    if rest:
        return getattr(getattr(module, made)(), rest)
    return functools.reduce(getattr, path.split("."), module)


def told(loaded):
    return [type(loaded).__name__, getattr(loaded, "__qualname__", None) or repr(loaded)]


def is_same(loaded, callable):
    """The very object; of a bound method, which is made anew each time, its function on an object of that class."""
    if loaded is callable or loaded == callable:
        return True
    before = getattr(callable, "__self__", None)
    after = getattr(loaded, "__self__", None)
    return before is not None and type(before) is type(after) and not isinstance(before, type(sys)) and told(loaded)[0] == told(callable)[0]


def combinations():
    return [(name, protocol) for name in picklers() for protocol in range(6)]


def attempt(callable, pickler, protocol):
    """Pickles in a child, as some picklers end the process over what they can't: whether it was written, what, and whether the same
    object comes back."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            stream = picklers()[pickler](callable, protocol)
            try:
                is_good = is_same(pickle.loads(stream), callable)
            except Exception:
                is_good = False
            os.write(writer, bytes([1, is_good]) + stream)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return len(text) > 1 and text[0] == 1, text[2:], len(text) > 1 and text[1] == 1


def row(name, kinds):
    """For each kind, how many combinations give the same object back; None: there is no such callable."""
    module, streams, cells = importlib.import_module(name), [], {}
    for title, path in kinds:
        try:
            callable = find(module, path)
        except AttributeError:
            cells[title] = None
            continue
        if title == "replaced":
            # Something else stands there now: whatever is loaded would be another function.
            setattr(module, path, vars(module).get("deep", len))
        cells[title] = 0
        for pickler, protocol in combinations():
            written, stream, is_good = attempt(callable, pickler, protocol)
            if title == "replaced":
                # What was replaced is to be refused.
                cells[title] += not written
            elif is_good:
                streams.append({"stream": stream.hex(), "kind": title, "told": told(callable)})
        if title == "replaced":
            setattr(module, path, callable)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "streams")
        with open(file, "w") as out:
            json.dump(streams, out)
        done = subprocess.run([sys.executable, "-c", FRESH, file], capture_output=True, text=True, check=True)
    for line, answer in zip(streams, done.stdout.splitlines()):
        loaded = json.loads(answer)
        cells[line["kind"]] += loaded is not None and loaded[0] == line["told"][0] and (loaded[1] == line["told"][1] or " at 0x" in loaded[1])
    return cells


def cell(count):
    every = len(combinations())
    return "" if count is None else "yes" if count == every else "no" if count == 0 else f"{count} of {every}"


def one(asked, around):
    """The cells of a maker, in a process of their own: not every binder can be imported under two names in one."""
    name, _, mended = asked.partition("=")
    elsewhere = ELSEWHERE.get(name)
    full = f"around.{name}" if around and not elsewhere else name
    if mended:
        from interbind import names

        names.mend(full)
    kinds = [(title, path) for title, path in KINDS if path.startswith("around:") == around]
    if elsewhere:
        kinds = [(title, elsewhere.get(path, "no.such")) for title, path in kinds]
    return row(full, [(title, path.removeprefix("around:")) for title, path in kinds])


def main(arguments):
    if arguments[0] in ("=top", "=around"):
        return print(json.dumps(one(arguments[1], arguments[0] == "=around")))
    print("| maker | " + " | ".join(title for title, _ in KINDS) + " |")
    print("|---|" + "---|" * len(KINDS))
    for asked in arguments:
        name, _, mended = asked.partition("=")
        cells = {}
        for where in "=top", "=around":
            done = subprocess.run([sys.executable, "-s", "-B", "-W", "ignore", __file__, where, asked], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{asked}: {done.returncode}\n{done.stderr}")
            cells.update(json.loads(done.stdout))
        title = TITLES[name] + (", mended" if mended else "")
        print(f"| {title} | " + " | ".join(cell(cells[kind]) for kind, _ in KINDS) + " |")


if __name__ == "__main__":
    main(sys.argv[1:])
