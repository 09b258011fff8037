#!/usr/bin/env python3
"""Holds the drop-in's surface against cloudpickle's, and what it promises around that.

    surface.py INTERBIND CLOUDPICKLE CLOUDPICKLE_3_1_2
"""

import os
import subprocess
import sys

SCRIPTS = {}


def script(function):
    import inspect
    import textwrap

    SCRIPTS[function.__name__] = textwrap.dedent("\n".join(inspect.getsource(function).split("\n")[2:]))
    return function


@script
def every_name_of_cloudpickle_is_there():
    import cloudpickle, cloudpickle.cloudpickle as inside, pickle, inspect
    import interbind.pickle as ours

    assert ours.__all__ == cloudpickle.__all__ and ours.__version__ == cloudpickle.__version__
    missing = [name for name in vars(cloudpickle) if not name.startswith("__") and not hasattr(ours, name) and name not in ("k", "v")]
    missing += [name for name in vars(inside) if not name.startswith("__") and not hasattr(ours.cloudpickle, name)
                and name not in ("_extract_code_globals_cache", "k", "v", "_pickle_getattribute")]
    assert not missing, missing
    missing = [name for name in dir(cloudpickle.Pickler) if not hasattr(ours.Pickler, name)]
    assert missing in ([], ["_dispatch_table"]), missing
    assert ours.HIGHEST_PROTOCOL == pickle.HIGHEST_PROTOCOL and ours.DEFAULT_PROTOCOL == cloudpickle.DEFAULT_PROTOCOL
    assert ours.CloudPickler is ours.Pickler and issubclass(ours.Pickler, pickle.Pickler)
    assert issubclass(ours.Unpickler, pickle.Unpickler)
    for name in ("Pickler", "dump"):
        theirs = [p.name for p in inspect.signature(getattr(cloudpickle, name)).parameters.values()]
        mine = [p.name for p in inspect.signature(getattr(ours, name)).parameters.values()]
        assert mine[: len(theirs)] == theirs, (name, mine)
    table = dict(ours.Pickler.dispatch_table)
    assert set(cloudpickle.Pickler.dispatch_table) <= set(table) and dict(ours.Pickler.dispatch) == table
    import io
    assert type(ours.Pickler(io.BytesIO()).dispatch_table) is dict
    assert type(ours.Pickler.reducer_override).__name__ == "method_descriptor"
    try:
        ours.no_such_name
    except AttributeError as error:
        assert "no_such_name" in str(error)


@script
def cloudpickle_is_imported_when_it_is_needed():
    import sys
    before = set(sys.modules)
    import interbind.pickle as ours

    assert ours.loads(ours.dumps([1, {"a": (2.5, None)}, b"x", int, len])) == [1, {"a": (2.5, None)}, b"x", int, len]
    # What the interpreter's own site has imported doesn't count.
    heavy = [name for name in ("cloudpickle", "logging", "typing", "dataclasses", "inspect", "dis", "uuid") if name in set(sys.modules) - before]
    assert not heavy, heavy
    assert ours.loads(ours.dumps(lambda: 5))() == 5
    assert "cloudpickle" in sys.modules and "interbind.pickle.cloudpickle" not in sys.modules


@script
def older_bytes_are_those_of_3_1_2():
    import cloudpickle, cloudpickle.cloudpickle as inside, types, sys
    import interbind.pickle as ours

    made = eval(compile("[lambda x: x + 1, (lambda y: lambda: y)(3)]", "some/file.py", "eval"), {"__name__": "__main__"})
    assert cloudpickle.__version__ == "3.1.2"
    assert ours.dumps(made, compat="3.1.2") == cloudpickle.dumps(made) != ours.dumps(made)
    assert ours.dumps(made) == ours.dumps(made, compat="3.1.3") and b"some/file.py" not in ours.dumps(made)


@script
def without_cloudpickle_its_streams_load():
    import pickle, sys, base64, os
    import interbind.pickle as ours

    try:
        import cloudpickle
    except ImportError:
        pass
    else:
        raise AssertionError("it should not be there")
    streams = pickle.loads(base64.b64decode(os.environ["STREAMS"]))
    add, Made, instance, closure, color = [ours.loads(stream) for stream in streams]
    assert add(1) == 2 and Made().m() == 5 and type(instance) is Made and closure() == 7 and color.name == "RED"
    import io
    assert ours.load(io.BytesIO(streams[0]))(1) == 2 and ours.Unpickler(io.BytesIO(streams[0])).load()(1) == 2
    mine = ours.dumps([add, Made, instance, closure, color])
    assert b"interbind.pickle.cloudpickle" in mine and b"\x17cloudpickle.cloudpickle" not in mine
    assert ours.loads(mine)[0](1) == 2 and ours.loads(mine)[1] is Made


@script
def a_class_has_one_id_for_both():
    import cloudpickle, pickle
    import interbind.pickle as ours

    class Made:
        pass

    Made.__module__ = "__main__"
    assert ours.dumps(Made) == cloudpickle.dumps(Made)
    assert pickle.loads(ours.dumps(Made)) is Made
    import interbind.pickle.cloudpickle as inside
    assert inside._get_or_create_tracker_id(Made) == cloudpickle.cloudpickle._get_or_create_tracker_id(Made)
    cloudpickle.cloudpickle._get_or_create_tracker_id = lambda cls: "given"
    assert b"given" in ours.dumps(Made)


@script
def a_lock_that_cloudpickle_never_gives_back_stops_no_dump():
    import cloudpickle, threading
    import interbind.pickle as ours
    from interbind.pickle._lock import Lock

    class Made:
        pass

    class Named:
        pass

    Made.__module__ = Named.__module__ = "__main__"
    # As where the stack ends in the statement that releases it.
    cloudpickle.cloudpickle._DYNAMIC_CLASS_TRACKER_LOCK.acquire()
    data = ours.dumps(Made)
    assert ours.dumps(Made) == data
    given = ours.CloudPickleConfig(id_generator=lambda cls: "given")
    assert b"given" in ours.dumps(Named, config=given)
    cloudpickle.cloudpickle._DYNAMIC_CLASS_TRACKER_LOCK.release()
    assert cloudpickle.dumps(Made) == data and ours.loads(data) is Made
    # Ours keeps other threads away, lets its own in, and is free afterwards, also after an error.
    lock, order = Lock(), []

    def other():
        with lock:
            order.append("other")

    try:
        with lock, lock:
            waits = threading.Thread(target=other)
            waits.start()
            waits.join(0.2)
            order.append("first")
            raise RecursionError
    except RecursionError:
        waits.join()
    assert order == ["first", "other"]


@script
def what_was_registered_with_cloudpickle_holds():
    import cloudpickle, json, textwrap
    import interbind.pickle as ours

    cloudpickle.register_pickle_by_value(json)
    assert b"json.encoder" not in ours.dumps(json.dumps)[:60] and ours.dumps(json.dumps) == cloudpickle.dumps(json.dumps)
    assert "json" in ours.list_registry_pickle_by_value()
    ours.unregister_pickle_by_value(json)
    assert len(ours.dumps(json.dumps)) < 60 and "json" not in cloudpickle.list_registry_pickle_by_value()
    ours.register_pickle_by_value(textwrap)
    assert len(ours.dumps(textwrap.dedent)) > 200


@script
def the_fields_of_beams_configuration():
    import pickle, sys
    import interbind.pickle as ours
    from interbind.pickle import CloudPickleConfig, GetCodeObjectParams

    class Made:
        x = 1

    made = eval(compile("lambda: 5", "/some/where/file.py", "eval"), {"__name__": "__main__", "__file__": "/some/where/file.py"})
    Made.__module__ = "__main__"
    config = CloudPickleConfig(id_generator=lambda cls: "id of " + cls.__name__)
    assert b"id of Made" in ours.dumps(Made, config=config)
    class Other:
        pass
    Other.__module__ = "__main__"
    assert pickle.loads(ours.dumps(Other, config=CloudPickleConfig(id_generator=None))) is not Other
    config = CloudPickleConfig(filepath_interceptor=lambda path: path.replace("/some/where", "/app"))
    data = ours.dumps(made, config=config)
    assert b"/some/where" not in data and b"/app/file.py" in data
    assert pickle.loads(data).__code__.co_filename == "/app/file.py"
    config = CloudPickleConfig(skip_reset_dynamic_type_state=True)
    data = ours.dumps(Made, config=config)
    assert pickle.loads(data) is Made
    Made.x = 2
    assert pickle.loads(data).x == 2
    assert pickle.loads(ours.dumps(Made)) is Made
    import interbind.pickle.cloudpickle as inside
    codes = {"the path": made.__code__}
    sys.modules["__main__"].find = find = codes.__getitem__
    import operator
    params = GetCodeObjectParams(lambda function: "the path" if function is made else None, operator.methodcaller("upper"))
    config = CloudPickleConfig(get_code_object_params=params)
    data = ours.dumps(made, config=config)
    assert b"the path" in data and b"_make_function_from_identifier" in data
    sys.modules["__main__"].top = top = eval("lambda: 1", {"__name__": "__main__"})
    top.__qualname__ = "top"
    assert len(ours.dumps(top, config=CloudPickleConfig(pickle_main_by_ref=True))) < 60
    import io
    file = io.BytesIO()
    ours.Pickler(file, config=CloudPickleConfig(pickle_main_by_ref=True)).dump(top)
    assert len(file.getvalue()) < 60


@script
def a_picklers_functions_share_globals():
    import io, pickle
    import interbind.pickle as ours

    space = {"__name__": "__main__", "N": 0}
    exec("def up():\n  global N\n  N += 1\ndef get(): return N", space)
    file = io.BytesIO()
    pickler = ours.Pickler(file)
    pickler.dump(space["up"])
    first = file.tell()
    pickler.dump(space["get"])
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    up, get = unpickler.load(), unpickler.load()
    up()
    assert get() == 1 and len(pickler.globals_ref) == 1
    other = ours.Pickler(io.BytesIO())
    assert other.globals_ref == {} and other.globals_ref is not pickler.globals_ref


@script
def imports_inside_a_package_are_followed():
    import os, subprocess, sys, tempfile, base64
    import interbind.pickle as ours

    folder = tempfile.mkdtemp()
    os.makedirs(os.path.join(folder, "pack", "deep"))
    content = {
        "pack/__init__.py": "from . import first\n",
        "pack/first.py": "import pack\nfrom . import second\ndef top(n):\n    from .deep.third import three\n    import pack.second as s\n"
        "    return three(n) + s.two(n) + pack.second.two(n) + second.two(n)\n",
        "pack/second.py": "import pack\ndef two(n):\n    from pack import first\n    return n * 2 if first else None\n",
        "pack/deep/__init__.py": "",
        "pack/deep/third.py": "BASE = 3\ndef three(n): return n * BASE\n",
    }
    for name, text in content.items():
        with open(os.path.join(folder, name), "w") as file:
            file.write(text)
    sys.path.insert(0, folder)
    import pack, pack.first, pack.deep.third
    assert pack.first.top(1) == 9
    for rule in ([pack], ["pack"], [lambda name: name.partition(".")[0] == "pack"], ["pack.", "pack"]):
        data = ours.dumps(pack.first.top, by_value=rule)
        code = "import pickle, sys, base64\nassert pickle.loads(base64.b64decode(sys.argv[1]))(1) == 9\n"
        code += "assert 'interbind' not in sys.modules\n"
        path = os.environ["PYTHONPATH"].split(os.pathsep)
        environment = {**os.environ, "PYTHONPATH": path[-1]}
        subprocess.run([sys.executable, "-c", code, base64.b64encode(data).decode()], env=environment, check=True)


@script
def torch_saves_through_it():
    # What torch.save does with a pickle module.
    import io
    import interbind.pickle as module

    class Storage:
        pass

    class Pickler(module.Pickler):
        def persistent_id(self, obj):
            return "kept" if isinstance(obj, Storage) else None

    class Unpickler(module.Unpickler):
        def persistent_load(self, key):
            return key

    file = io.BytesIO()
    Pickler(file, protocol=2).dump([Storage(), lambda: 4])
    file.seek(0)
    kept, four = Unpickler(file).load()
    assert kept == "kept" and four() == 4


def streams():
    import base64
    import enum
    import pickle

    import cloudpickle

    space = {"__name__": "__main__", "enum": enum}
    exec(
        "def add(x): return x + 1\nclass Made:\n  def m(self): return 5\ndef mk(n):\n  def c(): return n\n  return c\n"
        "class Color(enum.Enum):\n  RED = 1",
        space,
    )
    made = [space["add"], space["Made"], space["Made"](), space["mk"](7), space["Color"].RED]
    print(base64.b64encode(pickle.dumps([cloudpickle.dumps(one) for one in made])).decode())


def main(interbind, cloudpickle, older):
    def run(code, path, **more):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path), **more}
        command = [sys.executable, "-B", *code]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    given = run([__file__, "--streams"], [cloudpickle]).stdout.strip()
    failed = 0
    for name, code in SCRIPTS.items():
        path = [interbind, older if "3_1_2" in name else cloudpickle]
        if "without_cloudpickle" in name:
            path = [interbind]
        done = run(["-c", code], path, STREAMS=given)
        if "without_cloudpickle" in name and "it should not be there" in done.stderr:
            print("skip: without_cloudpickle_its_streams_load: this Python has a cloudpickle of its own")
            continue
        print(f"{'held' if not done.returncode else 'FAILED'}: {name}")
        if done.returncode:
            failed += 1
            print(done.stderr)
    sys.exit(bool(failed))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--streams"]:
        streams()
    else:
        main(*sys.argv[1:4])
