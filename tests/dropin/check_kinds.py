#!/usr/bin/env python3
"""Dumps each kind with cloudpickle and with the drop-in, loads both in fresh processes without the drop-in, and judges.

    check_kinds.py INTERBIND CLOUDPICKLE     folders to be put on the path

Ours must load right with plain cloudpickle. Where cloudpickle's stream loads right too, ours is the same, byte by byte, but for
what `DIFFERS` names and gives a reason for. With `strict=True` it always is, or the same error is raised.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import types
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from kinds import KINDS  # noqa: E402

#: What is lost in cloudpickle's stream of kinds whose check passes with it too.
DIFFERS = {
    "annotations that can't be evaluated yet are kept": ("undefined_annotation_class",),
    "annotations of classes are kept, from 3.14": ("answers_meta_call", "forward_ref_class", "typeddict", "namedtuple_method", "nt_generic", "td_required"),
    "`__slots__` are kept": (
        "answers_meta_annotations",
        "dataclass_slots_super",
        "slots_base_default",
        "slots_class_cell",
        "slots_deleted_descriptor",
        "slots_doc_class",
        "slots_exc",
        "slots_generic",
        "slots_getstate",
        "slots_init_subclass",
        "slots_property_over",
        "slots_self_ref",
        "slots_setname",
        "slots_two_lists",
    ),
    "an override that equals the base's is kept": ("dataclass_inherits_default",),
    "what is compared by `is` in `dataclasses` stays what it is": tuple(
        name for name, _, source, _, _ in KINDS if "dataclass" in source
    ),
    "the second names of members are kept": ("enum",),
    "type parameters of functions are kept": ("pep695_fn_closure", "pep695_method"),
}
#: Kinds that cloudpickle refuses, or writes so that they can't be loaded, and the drop-in refuses, with the error.
REFUSED = {
    "class_lock_attr": "TypeError",
    "class_ctypes": "TypeError",
    "class_ctypes_inst": "TypeError",
    "cmp_to_key": "TypeError",
    "contextvar": "TypeError",
    "init_subclass_required": "PicklingError",
    "itertools_": "TypeError" if sys.version_info >= (3, 14) else None,
    "metaclass_kwargs": "PicklingError",
}
#: Sets of objects that hash by address come in another order each time: compared in length alone.
BY_ADDRESS = ("set_of_instances", "set_with_cycle", "abc_registered_used", "weakset")


def make(source, expression):
    home = sys.modules["__main__"] = types.ModuleType("__main__")
    exec(compile(source, "script.py", "exec"), home.__dict__)
    return eval(expression, home.__dict__)


def dump(out):
    import cloudpickle
    import cloudpickle.cloudpickle as inside

    import interbind.pickle as ours

    numbers = itertools.count()

    class Ids:
        @staticmethod
        def uuid4():
            return types.SimpleNamespace(hex=f"{next(numbers):032x}")

    inside.uuid = Ids
    real = sys.modules["__main__"]
    results = {}
    for place, (name, since, source, expression, _) in enumerate(KINDS):
        if sys.version_info[:2] < since:
            continue
        found = {}
        # Where cloudpickle meets the limit of recursion with its lock taken, it may keep it, and would wait for it for ever.
        inside._DYNAMIC_CLASS_TRACKER_LOCK = threading.RLock()
        # The first time some names aren't interned yet, and cloudpickle's own bytes differ by that.
        make(source, expression)
        for label, dumps in (
            ("cloudpickle", cloudpickle.dumps),
            ("ours", ours.dumps),
            ("strict", lambda made: ours.dumps(made, strict=True)),
        ):
            numbers = itertools.count(place * 1000)
            try:
                data = dumps(make(source, expression))
            except Exception as error:
                # The path follows before 3.11; what has no name is shown by its address.
                text = f"{type(error).__name__}: {error}".splitlines()[0]
                found[label] = re.sub("0x[0-9a-f]+", "0x0", text)
                continue
            with open(os.path.join(out, f"{name}.{label}"), "wb") as file:
                file.write(data)
            found[label] = None
        results[name] = found
    sys.modules["__main__"] = real
    with open(os.path.join(out, "results.json"), "w") as file:
        json.dump(results, file)


def load(out, label):
    import pickle

    assert not any(name.startswith("interbind") for name in sys.modules)
    results = {}
    for name, _, _, _, check in KINDS:
        path = os.path.join(out, f"{name}.{label}")
        if os.path.exists(path):
            try:
                with open(path, "rb") as file:
                    results[name] = bool(eval(check, {"x": pickle.loads(file.read())}))
            except BaseException as error:
                results[name] = f"{type(error).__name__}: {error}"
    with open(os.path.join(out, f"loaded.{label}"), "w") as file:
        json.dump(results, file)


def run(arguments, path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), "PYTHONHASHSEED": "0"}
    subprocess.run([sys.executable, "-B", __file__, *arguments], env=environment, check=True, timeout=1800)


def main(interbind, cloudpickle):
    problems = []
    with tempfile.TemporaryDirectory() as out:
        run(["--dump", out], [interbind, cloudpickle])
        for label in ("cloudpickle", "ours"):
            run(["--load", out, label], [cloudpickle])
        read = lambda name: json.load(open(os.path.join(out, name)))  # noqa: E731
        results = read("results.json")
        theirs, mine = read("loaded.cloudpickle"), read("loaded.ours")
        same = repaired = 0
        for name, found in results.items():
            bytes_of = lambda label: open(os.path.join(out, f"{name}.{label}"), "rb").read()  # noqa: E731
            if REFUSED.get(name):
                if not (found["ours"] or "").startswith(REFUSED[name]):
                    problems.append(f"{name}: should be refused with {REFUSED[name]}, said {found['ours']}")
                continue
            if found["cloudpickle"] != found["strict"]:
                problems.append(f"{name}: strict says {found['strict']}, cloudpickle {found['cloudpickle']}")
            elif found["strict"] is None:
                a, b = bytes_of("cloudpickle"), bytes_of("strict")
                if a != b and not (name in BY_ADDRESS and len(a) == len(b)):
                    problems.append(f"{name}: strict bytes differ")
            if found["ours"] is not None:
                problems.append(f"{name}: not dumped: {found['ours']}")
                continue
            if mine.get(name) is not True:
                problems.append(f"{name}: loads wrong: {mine.get(name)}")
            if found["cloudpickle"] is None and theirs.get(name) is True:
                a, b = bytes_of("cloudpickle"), bytes_of("ours")
                if a == b or (name in BY_ADDRESS and len(a) == len(b)):
                    same += 1
                elif not any(name in names for names in DIFFERS.values()):
                    problems.append(f"{name}: cloudpickle's stream is right, and ours differs: {len(a)}, {len(b)} bytes")
            else:
                repaired += 1
    version = sys.version.split()[0]
    print(f"{version}: {len(results)} kinds, {same} with cloudpickle's bytes, {repaired} where it is wrong or fails")
    for problem in problems:
        print("  " + problem)
    sys.exit(bool(problems))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if sys.argv[1] == "--dump":
        dump(sys.argv[2])
    elif sys.argv[1] == "--load":
        load(*sys.argv[2:4])
    else:
        main(*sys.argv[1:3])
