#!/usr/bin/env python3
"""Dumps each kind with the writer, loads it under `python -I -S` with Python's own pickle, and judges.

    check_kinds.py INTERBIND        the folder to be put on the path

Each kind must load right, and both by default and with `deterministic=True` have the same bytes in each of these processes: other
hash seeds, other imports, another folder, the program under the name that `multiprocessing` gives it, objects
that have been used, a process that has loaded its own pickle, and one that knows nothing but the pickle.
"""

import hashlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
import types
import warnings

warnings.simplefilter("ignore")
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from changed_kinds import KINDS as CHANGED  # noqa: E402
from further_kinds import KINDS as FURTHER  # noqa: E402
from mixed_kinds import KINDS as MIXED  # noqa: E402
from more_kinds import KINDS  # noqa: E402
from odd_kinds import KINDS as ODD  # noqa: E402

KINDS = KINDS + ODD + MIXED + FURTHER + CHANGED

#: Kinds that are refused by design, with a part of the reason; `locks="recreate"` takes them.
REFUSED = {"class_lock_attr": "locks='recreate'"}
#: Kinds that are refused whatever is asked for, with a part of the reason.
NEVER = {
    "class_ctypes": "its metaclass PyCStructType has no name by which it is found",
    "class_ctypes_inst": "its metaclass PyCStructType has no name by which it is found",
    # As Python's pickle refuses it.
    "cmp_to_key": "cannot pickle 'functools.KeyWrapper' object",
    "hook_plain_later_self": "requires 'cls', which the class statement gave and nobody has kept",
    "init_subclass_required": "requires 'kind', which the class statement gave and nobody has kept",
}
if sys.version_info >= (3, 14):
    NEVER["itertools_"] = "cannot pickle 'itertools.count' object"
#: What isn't the same in a process that still has the originals: a hook of a base runs again.
NOT_AFTER_OWN = {"init_subclass_reads_class"}

#: Data, which has the bytes of Python's own pickler by default. That writes a string twice or once, as Python has kept it.
AS_PICKLE = {"typing_aliases", "typing_special_forms"} if sys.version_info >= (3, 14) else set()

#: As it is dumped by default, and with `deterministic=True`.
MODES = ("usual", "same")
#: name, hash seed, what is special
RUNS = [
    ("plain", "0", ""),
    ("again", "0", ""),
    ("seed", "1", ""),
    ("seeds", "4242", ""),
    ("imports", "0", "imports"),
    ("folder", "0", "folder"),
    ("mp", "0", "mp"),
    ("used", "0", "used"),
    ("own", "0", "own"),
]


def make(source, expression, special):
    name = "__mp_main__" if special == "mp" else "__main__"
    home = types.ModuleType(name)
    sys.modules["__main__"] = home
    if special == "mp":
        sys.modules["__mp_main__"] = home
    path = "/somewhere/else/script.py" if special == "folder" else "script.py"
    home.__file__ = path
    exec(compile(source, path, "exec"), home.__dict__)
    return eval(expression, home.__dict__), home


def use(home):
    """Let caches fill that belong to nobody's content."""
    import copyreg
    import inspect

    for value in list(vars(home).values()):
        if isinstance(value, type) and value.__module__ == home.__name__:
            for act in (
                lambda: isinstance(3, value),
                lambda: issubclass(int, value),
                lambda: value.__annotations__,
                lambda: inspect.signature(value),
                lambda: hash(value),
                lambda: copyreg._slotnames(value),
                lambda: list(value),
                lambda: value[int],
            ):
                try:
                    act()
                except Exception:
                    pass
        elif isinstance(value, types.FunctionType):
            try:
                inspect.signature(value)
            except Exception:
                pass


def dump(out, special):
    import gc

    from interbind.pickle import own

    if special == "imports":
        import asyncio, concurrent.futures, ctypes, decimal, email.message, http.client, sqlite3, unittest, xml.dom.minidom  # noqa

    results = {}
    for name, since, source, expression, _ in KINDS:
        if sys.version_info[:2] < since:
            continue
        try:
            made, home = make(source, expression, special)
            if special == "used":
                use(home)
            if special == "own":
                # Classes of one kind may have the ids of another's.
                gc.collect()
                kept = own.loads(own.dumps(made, deterministic=True, locks="recreate"))
                del kept
            options = {"deterministic": True, "locks": "recreate"}
            data = own.dumps(made, **options)
            found = {"sha": hashlib.sha256(data).hexdigest()}
            if special != "own":
                found["digest"] = own.digest(made, locks="recreate")
            with open(os.path.join(out, name + ".same"), "wb") as file:
                file.write(data)
            try:
                if special == "own":
                    gc.collect()
                    kept = own.loads(own.dumps(made))
                    del kept
                data = own.dumps(made)
            except Exception as error:
                found["refused"] = f"{type(error).__name__}: {error}"
            else:
                found["usual"] = hashlib.sha256(data).hexdigest()
                with open(os.path.join(out, name + ".usual"), "wb") as file:
                    file.write(data)
        except BaseException as error:
            import traceback

            found = {"error": "".join(traceback.format_exception_only(type(error), error))}
        results[name] = found
    return results


def load(out, mode):
    results = {}
    for name, _, _, _, check in KINDS:
        path = os.path.join(out, f"{name}.{mode}")
        if os.path.exists(path):
            try:
                with open(path, "rb") as file:
                    x = pickle.loads(file.read())
                results[f"{name}.{mode}"] = "ok" if eval(check, {"x": x}) else "WRONG"
            except BaseException as error:
                results[f"{name}.{mode}"] = f"{type(error).__name__}: {error}"[:200]
    return results


def round_trip(out, mode):
    from interbind.pickle import own

    import gc

    results, options = {}, {"deterministic": True, "locks": "recreate"} if mode == "same" else {}
    for name, *_ in KINDS:
        # Classes of one kind may have the ids of another's.
        gc.collect()
        path = os.path.join(out, f"{name}.{mode}")
        if os.path.exists(path):
            with open(path, "rb") as file:
                data = file.read()
            try:
                results[f"{name}.{mode}"] = own.dumps(own.loads(data), **options) == data
            except BaseException as error:
                results[f"{name}.{mode}"] = f"{type(error).__name__}: {error}"[:200]
    return results


def run(arguments, seed="0", package=None, flags=()):
    env = dict(os.environ, PYTHONHASHSEED=seed)
    env.pop("PYTHONPATH", None)
    if package:
        env["PYTHONPATH"] = package
    done = subprocess.run(
        [sys.executable, "-B", *flags, os.path.abspath(__file__), *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    if done.returncode:
        sys.exit(f"{arguments} ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    return json.loads(done.stdout.decode().splitlines()[-1])


def main(package):
    faults = []
    with tempfile.TemporaryDirectory() as root:
        runs = {}
        for name, seed, special in RUNS:
            out = os.path.join(root, name)
            os.mkdir(out)
            runs[name] = run(["--dump", out, special], seed, package)
        plain = os.path.join(root, "plain")
        # Each by itself: a class has one id in both.
        loaded, again = {}, {}
        for mode in MODES:
            loaded.update(run(["--load", plain, mode], flags=("-I", "-S")))
            again.update(run(["--round", plain, mode], package=package))
    total = 0
    for name, first in runs["plain"].items():
        total += 1
        if name in NEVER:
            said = [results[name].get("error", "no error") for results in runs.values()]
            if not all(NEVER[name] in error for error in said):
                faults.append(f"{name}: not refused everywhere as it should be: {said}")
            continue
        if "error" in first:
            faults.append(f"{name}: not dumped: {first['error']}")
            continue
        if name in REFUSED:
            if REFUSED[name] not in first.get("refused", ""):
                faults.append(f"{name}: not refused as it should be: {first.get('refused')}")
        elif "refused" in first:
            faults.append(f"{name}: refused: {first['refused']}")
        for mode in MODES:
            said = loaded.get(f"{name}.{mode}")
            if said != "ok" and not (mode == "usual" and name in REFUSED):
                faults.append(f"{name}: {mode}, loaded {said}")
        for mode in ("sha", "usual"):
            different = [run for run, results in runs.items() if results[name].get(mode) != first.get(mode)]
            different = [run for run in different if not (run == "own" and name in NOT_AFTER_OWN)]
            if different:
                error = runs[different[0]][name].get("error", "")
                faults.append(f"{name}: other bytes{' by default' if mode == 'usual' else ''}: {', '.join(different)} {error}")
        digests = {results[name]["digest"] for results in runs.values() if "digest" in results[name]}
        if len(digests) > 1:
            faults.append(f"{name}: several digests")
        for mode in MODES:
            said = again.get(f"{name}.{mode}")
            if said is not True and not (mode == "usual" and (name in REFUSED or name in AS_PICKLE)):
                faults.append(f"{name}: {mode}, after a round trip in another process: {said}")
    for fault in faults:
        print(fault)
    print(f"kinds: {total} on {sys.version.split()[0]}, {len(faults)} faults")
    return len(faults) > 0


if __name__ == "__main__":
    sys.setrecursionlimit(5000)
    if sys.argv[1] == "--dump":
        print("\n" + json.dumps(dump(sys.argv[2], sys.argv[3])))
    elif sys.argv[1] == "--load":
        print("\n" + json.dumps(load(sys.argv[2], sys.argv[3])))
    elif sys.argv[1] == "--round":
        print("\n" + json.dumps(round_trip(sys.argv[2], sys.argv[3])))
    else:
        sys.exit(main(os.path.abspath(sys.argv[1])))
