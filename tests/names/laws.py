#!/usr/bin/env python3
"""What `interbind.names` promises, law by law, on modules that `_alike` makes; hostile ones among them.

    laws.py [NAME…]       with `interbind`, `alike` and `_alike` on the path

Each law runs in a process of its own and prints `holds: name`, or why it doesn't, or `skip: why`.
"""

import builtins
import copy
import copyreg
import gc
import importlib
import importlib.machinery
import os
import pickle
import subprocess
import sys
import threading
import time
import types

LAWS = []


def law(function):
    LAWS.append(function)
    return function


class Skip(Exception):
    pass


def fails(kinds, call, *arguments):
    try:
        made = call(*arguments)
    except kinds as error:
        return str(error)
    raise AssertionError(f"nothing was raised, but {made!r:.100} returned")


def back(value, protocols=range(6)):
    for protocol in protocols:
        for dumps in (pickle.dumps, pickle._dumps):
            loaded = pickle.loads(dumps(value, protocol))
            assert loaded is value, (protocol, dumps, loaded)
    assert copy.copy(value) is value and copy.deepcopy([value])[0] is value
    return True


def new(name, **values):
    """A module as the import system leaves it."""
    module = types.ModuleType(name)
    vars(module).update(values)
    sys.modules[name] = module
    return module


def state():
    """All that `mend` may change, but for what lies in modules."""
    return dict(copyreg.dispatch_table), set(sys.modules)


def names():
    return importlib.import_module("interbind.names")


def alike():
    return importlib.import_module("alike")


def native():
    return importlib.import_module("_alike")


# What it does


@law
def the_package_has_it_without_an_import_and_loads_it_late():
    import interbind

    assert "interbind.names" not in sys.modules and "names" in dir(interbind)
    assert interbind.names.mend is names().mend
    loaded = {name for name in sys.modules if name.startswith("interbind.")}
    assert not [name for name in loaded if not name.startswith("interbind.names")], loaded
    fails(AttributeError, getattr, interbind, "no_such_name")


@law
def every_kind_of_function_pickles_and_is_the_same():
    module = alike()
    fails(TypeError, pickle.dumps, module.nb_add, 2)
    fails(TypeError, pickle.dumps, module.Record.scale, 2)
    mended = names().mend(module)
    assert not mended.refused, mended
    for value in (
        module.nb_add, module.boost_add, module.capsule_add, module.record_add, module.bare_add, module.other_name,
        module.Nano.scale, module.Nano.make, module.Nano.Inner.scale, module.Nano.Inner.make,
        module.Derived.scale, module.Derived.make, module.Boost.scale,
        module.Record.scale, module.Record.make, module.Record.Inner.scale, module.Record.Inner.make,
        module.Capsule.scale, module.Capsule.make, module.Capsule.scale.__func__,
        module.sub.add, module.sub.Point, module.sub.nb_add, module.sub.deep.add,
    ):  # fmt: skip
        assert back(value), value


@law
def bound_methods_are_looked_up_in_the_instance():
    module = alike()
    names().mend(module)
    for value in (module.Derived(), module.Capsule()):
        for protocol in range(6):
            loaded = pickle.loads(pickle.dumps(value.scale, protocol))
            assert type(loaded) is type(value.scale) and loaded.__self__ == value and loaded(1, 2) == value.scale(1, 2)
        assert copy.deepcopy(value.scale).__self__ is not value


@law
def a_bound_method_that_the_instance_hides_is_refused():
    module = alike()
    names().mend(module)

    class Hides(module.Nano):
        def scale(self):
            return "another"

    said = fails(pickle.PicklingError, pickle.dumps, module.Nano.scale.__get__(Hides()))
    assert "'Hides.scale' is another object" in said, said
    del module.Nano.scale
    said = fails(pickle.PicklingError, pickle.dumps, module.Derived.scale.__get__(module.Nano()))
    assert "'Nano.scale' isn't there" in said, said


@law
def names_are_those_of_the_module_that_was_imported():
    module = alike()
    names().mend(module)
    assert sys.modules["alike.sub"] is module.sub and module.sub.__name__ == "alike.sub"
    assert sys.modules["alike.sub.deep"] is module.sub.deep
    assert module.sub.Point.__module__ == "alike.sub" and module.sub.add.__module__ == "alike.sub"
    assert module.bare_add.__module__ == "alike"


@law
def it_says_what_it_changed_and_changes_nothing_twice():
    module = alike()
    mended = names().mend("alike")
    changed = {(change.where, change.what) for change in mended.changes}
    for wanted in [
        ("nanobind.nb_func", "copyreg"), ("nanobind.nb_method", "copyreg"), ("nanobind.nb_bound_method", "copyreg"),
        ("instancemethod", "copyreg"), ("builtin_function_or_method", "copyreg"), ("Boost.Python.function", "copyreg"),
        ("alike.sub", "sys.modules"), ("alike.sub", "__name__"), ("alike.sub.Point", "__module__"),
        ("alike.sub.add", "__module__"), ("alike.bare_add", "__module__"),
    ]:  # fmt: skip
        assert wanted in changed, (wanted, changed)
    assert "alike.sub.Point.__module__: 'builtins' is now 'alike.sub'" in repr(mended).replace("changed ", ""), mended
    assert "alike.nb_add" in mended.functions and "alike.Nano.Inner.scale" in mended.functions
    assert repr(mended).startswith(f"<mended alike: {len(mended.functions)} functions pickle by name\n")
    before = state()
    again = names().mend(module)
    assert again.changes == () and again.functions == mended.functions and state() == before
    assert again.restore() == () and state() == before and back(module.nb_add)


@law
def restore_takes_all_of_it_back():
    module = alike()
    names()
    before = state()
    mended = names().mend(module)
    assert state() != before
    assert set(names().restore(module)) == set(mended.changes)
    assert state() == before
    assert module.sub.__name__ == "sub" and module.sub.Point.__module__ == "builtins" and module.sub.add.__module__ == "sub"
    assert module.bare_add.__module__ is None
    fails(TypeError, pickle.dumps, module.nb_add, 2)
    assert names().restore("alike") == () and mended.restore() == ()
    names().mend(module)
    assert back(module.nb_add)


@law
def what_another_changed_meanwhile_stays():
    module = alike()
    names().mend(module)
    module.sub.Point.__module__ = "elsewhere"
    mine = sys.modules["alike.sub.deep"] = types.ModuleType("mine")
    taught = copyreg.dispatch_table[type(module.boost_add)] = lambda function: "mine"
    undone = {(change.where, change.what) for change in names().restore(module)}
    assert ("alike.sub.Point", "__module__") not in undone and module.sub.Point.__module__ == "elsewhere"
    assert ("alike.sub.deep", "sys.modules") not in undone and sys.modules["alike.sub.deep"] is mine
    assert copyreg.dispatch_table[type(module.boost_add)] is taught


@law
def a_type_stays_taught_as_long_as_one_module_needs_it():
    module = alike()
    other = new("other", f=native().function("nb_func", "f", None))
    other.f = native().function("nb_func", "f", other)
    names().mend(module)
    names().mend(other)
    names().restore(module)
    assert back(other.f)
    names().restore(other)
    fails(TypeError, pickle.dumps, other.f, 2)


@law
def a_reducer_that_somebody_registered_stays_and_is_named():
    module = alike()
    copyreg.pickle(type(module.nb_add), theirs := lambda function: function.__name__)
    mended = names().mend(module)
    reasons = {refusal.where: refusal.reason for refusal in mended.refused}
    assert "copyreg has another reducer for 'nb_func'" in reasons["alike.nb_add"], reasons
    assert "alike.boost_add" in mended.functions and "alike.nb_add" not in mended.functions
    names().restore(module)
    assert copyreg.dispatch_table[type(module.nb_add)] is theirs


@law
def other_builtins_pickle_as_before():
    values = [len, sys.exit, pickle.dumps, dict.fromkeys, str.join, "a".join, time.sleep, builtins.open]
    before = [[pickle.dumps(value, protocol) for protocol in range(6)] for value in values]
    names().mend(alike())
    assert type(len) in copyreg.dispatch_table
    assert [[pickle.dumps(value, protocol) for protocol in range(6)] for value in values] == before
    said = fails(TypeError, pickle.dumps, native().builtin("capsule", "alone", None))
    assert "PyCapsule" in said, said


@law
def a_function_that_was_removed_or_replaced_is_refused_by_pickle():
    module = alike()
    names().mend(module)
    function, method, inner = module.nb_add, module.Record.scale, module.capsule_add
    module.nb_add = module.boost_add
    del module.Record.scale
    module.capsule_add = len
    for value in (function, method):
        for protocol in range(6):
            fails(pickle.PicklingError, pickle.dumps, value, protocol)
            fails(pickle.PicklingError, pickle._dumps, value, protocol)
        assert copy.deepcopy(value) is value
    fails((TypeError, pickle.PicklingError), pickle.dumps, inner)
    again = {refusal.where for refusal in names().mend(module).refused}
    assert "alike.nb_add" not in again


@law
def a_function_with_a_used_id_is_no_other_one():
    module = alike()
    names().mend(module)
    for _ in range(2000):
        module.capsule_add = module.record_add = None
        gc.collect(0)
        made = [native().builtin("capsule", f"f{at}", None) for at in range(3)]
        for value in (made[0], [].append, "x".join):
            try:
                pickle.dumps(value)
            except TypeError as error:
                assert "Capsule" in str(error), error
        del made


@law
def protocols_from_four_name_the_module_and_the_path_alone():
    module = alike()
    names().mend(module)
    for path in ("nb_add", "capsule_add", "Nano.Inner.scale", "Record.Inner.make", "Capsule.scale"):
        value = module
        for part in path.split("."):
            value = getattr(value, part)
        for protocol in (4, 5):
            stream = pickle.dumps(value, protocol)
            assert len(stream) <= 20 + len("alike") + len(path), (len(stream), stream)
            for word in (b"eval", b"getattr", b"import", b"interbind"):
                assert word not in stream, stream


@law
def what_isnt_imported_or_no_module_is_refused():
    assert "isn't in sys.modules" in fails(ValueError, names().mend, types.ModuleType("nowhere"))
    assert "'int'" in fails(TypeError, names().mend, 3)
    assert "'int'" in fails(TypeError, names().restore, 3)
    fails(ImportError, names().mend, "no_such_module")
    assert names().restore("no_such_module") == ()


@law
def another_interpreter_has_its_own_names():
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            raise Skip("there are no second interpreters")
    module = alike()
    code = f"""
import sys; sys.path[:] = {sys.path!r}
import alike, copyreg, pickle
assert type(alike.nb_add) not in copyreg.dispatch_table
from interbind import names
assert not names.mend(alike).refused
for protocol in range(6):
    for value in (alike.nb_add, alike.Record.scale, alike.sub.Point, alike.capsule_add):
        assert pickle.loads(pickle.dumps(value, protocol)) is value
assert len(names.restore(alike)) > 10
names.mend(alike)
"""
    isolated = [True, False] if sys.version_info >= (3, 12) else [False]
    for own in isolated:
        for _ in range(3):
            if hasattr(interpreters, "exec"):
                number = interpreters.create("isolated" if own else "legacy")
                failed = interpreters.exec(number, code)
                assert failed is None, failed
            else:
                number = interpreters.create(isolated=own)
                interpreters.run_string(number, code)
            interpreters.destroy(number)
    fails(TypeError, pickle.dumps, module.nb_add, 2)


# Hostile modules: pure Python, and liars


@law
def getattr_of_a_module_is_never_called():
    class Loud(types.ModuleType):
        def __getattribute__(self, name):
            raise SystemError(f"asked for {name}")

    asked = []

    def __getattr__(name):
        asked.append(name)
        return object()

    module = new("loud", __getattr__=__getattr__, f=None)
    module.f = native().function("nb_func", "gone", module)
    module.inner = Loud("inner")
    vars(types.ModuleType)["__dict__"].__get__(module.inner)["g"] = native().builtin("plain", "g", None)
    mended = names().mend(module)
    assert asked == [], asked
    reasons = {refusal.where: refusal.reason for refusal in mended.refused}
    assert reasons == {"loud.inner.g": "looking it up gives another object"}, mended
    assert "loud.f" in mended.functions and back(module.f)


@law
def names_that_are_no_text_are_reasons():
    class Text(str):
        def __eq__(self, other):
            raise RuntimeError("compared")

        __hash__ = str.__hash__

    module = new("oddities")
    for at, odd in enumerate([None, 3, [], Text("odd"), b"odd", object(), "x" * 10**6, "a.b", "\ud800", "", "."]):
        inner = types.ModuleType("inner")
        vars(inner).update(__name__=odd, f=native().builtin("plain", "f", None))
        inner.f.__module__ = odd
        inner.K = native().native_class("builtins.K")
        inner.K.__module__ = odd
        inner.n = native().function("nb_func", "n", inner)
        vars(module)[f"inner{at}"] = inner
    vars(module)[Text("f")] = len
    vars(module)[3] = len
    module.g = native().builtin("plain", "g", None)
    module.g.__module__ = Text("odd")
    module.h = native().function("boost", "h", new("odd2", __name__=Text("odd")))
    mended = names().mend(module)
    assert len(mended.refused) == 12 and "oddities.h" in {refusal.where for refusal in mended.refused}, mended
    assert "odd" in repr(mended) and all(len(refusal.reason) < 400 for refusal in mended.refused)
    assert back(module.g)
    names().restore(module)
    assert type(module.g.__module__) is Text


@law
def liars_about_their_module_are_moved_or_refused():
    module = new("honest")
    module.f = native().builtin("plain", "f", "json")
    module.g = native().builtin("plain", "g", "not_imported_yet")
    module.K = native().native_class("json.K")
    module.Other = type("Own", (), {"__module__": "honest"})
    module.h = native().function("nb_func", "h", importlib.import_module("json"))
    module.Later = native().native_class("not_imported_yet.Later")
    # cryptography's classes name another module of their own extension.
    module.sub, module.other = types.ModuleType("sub"), types.ModuleType("other")
    module.sub.K = native().native_class("honest.other.K")
    mended = names().mend(module)
    reasons = {refusal.where: refusal.reason for refusal in mended.refused}
    said = "its __module__ is 'json', where it isn't"
    # It may be there as soon as somebody imports it, as `ctypes.ArgumentError` of `_ctypes` is.
    later = {"honest.g": "its __module__ is 'not_imported_yet', which isn't imported", "honest.Other": "its name is 'Own', where it isn't"}
    assert reasons == {"honest.f": said, "honest.K": said, "honest.h": said, **later}, mended
    assert back(module.sub.K) and module.sub.K.__module__ == "honest.sub"
    assert "not_imported_yet" not in sys.modules
    for value in (module.f, module.h):
        fails((TypeError, pickle.PicklingError), pickle.dumps, value)


@law
def cycles_and_chains_of_modules_end():
    module = new("ring")
    inner = module.ring = types.ModuleType("ring")
    inner.ring = inner
    inner.module = module
    inner.f = native().builtin("plain", "f", "ring")
    link = module.link = types.ModuleType("link")
    for _ in range(100_000):
        link.link = types.ModuleType("link")
        link = link.link
    cls = module.K = native().native_class("builtins.K")
    for _ in range(1000):
        cls.K = native().native_class("builtins.K")
        cls = cls.K
    mended = names().mend(module)
    assert sys.modules["ring.ring"] is inner and back(inner.f)
    reasons = [refusal.reason for refusal in mended.refused]
    assert "it lies more than 100 modules deep" in reasons and "it lies more than 100 classes deep" in reasons, reasons
    assert len([name for name in sys.modules if name.startswith("ring.")]) == 101
    names().restore(module)
    assert not [name for name in sys.modules if name.startswith("ring.")]


@law
def a_class_may_lie_about_everything():
    class Meta(type):
        def __getattribute__(cls, name):
            raise ZeroDivisionError(name)

        def __instancecheck__(cls, value):
            raise ZeroDivisionError

        __subclasscheck__ = __instancecheck__
        __setattr__ = __instancecheck__

        def mro(cls):
            return [cls, object]

    hostile = Meta("Hostile", (), {"__module__": "builtins", "f": native().function("nb_method", "f", None)})

    class Liar:
        __class__ = property(lambda self: types.ModuleType)
        __module__ = property(lambda self: 1 / 0)
        __qualname__ = "Liar"

    class nb_func:
        __module__ = "nanobind"

        def __getattribute__(self, name):
            raise ZeroDivisionError(name)

    module = new("hostile", Hostile=hostile, liar=Liar(), Liar=Liar, fake=nb_func())
    module.f = native().function("nb_func", "f", Liar())
    mended = names().mend(module)
    reasons = {refusal.where: refusal.reason for refusal in mended.refused}
    assert set(reasons) == {"hostile.Liar", "hostile.Hostile.f", "hostile.f"}, mended
    assert nb_func not in copyreg.dispatch_table


@law
def modules_that_arent_ours_arent_touched():
    outside = types.ModuleType("outside")
    outside.__spec__ = importlib.machinery.ModuleSpec("outside", None)
    alias = types.ModuleType("called")
    later = types.ModuleType("later")
    module = new("host", json=importlib.import_module("json"), outside=outside, alias=alias, first=later, later=later)
    there = sys.modules["host.taken"] = object()
    module.taken = types.ModuleType("taken")
    before = dict(vars(outside)), dict(vars(sys.modules["json"]))
    mended = names().mend(module)
    assert (dict(vars(outside)), dict(vars(sys.modules["json"]))) == before
    assert "host.outside" not in sys.modules and "host.json" not in sys.modules
    assert sys.modules["host.later"] is later and "host.first" not in sys.modules
    assert sys.modules["host.taken"] is there
    reasons = {refusal.where: refusal.reason for refusal in mended.refused}
    assert reasons == {
        "host.alias": "its __name__ is 'called', so it isn't known to belong here",
        "host.taken": "sys.modules has another 'host.taken'",
    }, reasons


@law
def python_functions_and_classes_are_left_alone():
    def make():
        class Local:
            pass

        return Local

    module = new("plain", Local=make(), f=lambda: 0, value=3)
    mended = names().mend(module)
    assert mended.changes == mended.refused == mended.functions == (), mended


# Attacks


@law
def threads_may_mend_and_restore_at_once():
    module = alike()
    faults = []
    stop = time.monotonic() + 3

    def work(number):
        try:
            while time.monotonic() < stop:
                names().mend(module)
                if number % 2:
                    names().restore(module)
        except BaseException as error:
            faults.append(error)

    def change():
        at = 0
        while time.monotonic() < stop:
            at += 1
            setattr(module, f"more{at % 50}", native().function("nb_func", f"more{at % 50}", module))
            if at % 3 == 0:
                vars(module).pop(f"more{(at + 7) % 50}", None)
            module.Nano.late = native().function("nb_method", "late", module.Nano)

    threads = [threading.Thread(target=work, args=(at,)) for at in range(4)] + [threading.Thread(target=change)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults
    names().restore(module)
    names().mend(module)
    assert back(module.nb_add) and back(module.Record.scale)
    names().restore(module)
    assert module.sub.__name__ == "sub" and "alike.sub" not in sys.modules and type(len) not in copyreg.dispatch_table


@law
def pickling_meanwhile_gives_the_function_or_an_error():
    module = alike()
    names()
    values = [module.nb_add, module.record_add, module.capsule_add, module.Record.scale, module.Nano.scale, module.sub.Point]
    stop, faults, good = time.monotonic() + 3, [], []

    def mend():
        while time.monotonic() < stop:
            names().mend(module)
            names().restore(module)

    def dump(at):
        while time.monotonic() < stop:
            at += 1
            value = values[at % len(values)]
            try:
                loaded = pickle.loads((pickle.dumps if at % 2 else pickle._dumps)(value, at % 6))
            except (TypeError, RuntimeError, pickle.PicklingError, ImportError):
                continue
            if loaded is not value:
                faults.append((value, loaded))
            good.append(at)

    threads = [threading.Thread(target=mend)] + [threading.Thread(target=dump, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults and good, (faults[:3], len(good))


@law
def without_stack_it_says_so_and_nothing_is_left_half_done():
    module = alike()
    names().mend(module)
    names().restore(module)
    before = state()

    def deep(left):
        return deep(left - 1) if left else names().mend(module)

    limit, raised = sys.getrecursionlimit(), 0
    depth = 1
    while depth < limit - 3:
        depth += 1 if depth > limit - 60 else 20
        try:
            deep(depth)
        except RecursionError:
            raised += 1
            assert state() == before, depth
        else:
            names().restore(module)
            assert state() == before, depth
    assert raised > 3, raised


@law
def without_memory_it_says_so_and_nothing_is_left_half_done():
    try:
        import _testcapi
    except ImportError:
        raise Skip("this Python has no _testcapi")
    if sys.version_info < (3, 14):
        raise Skip("CPython before 3.14 goes on with a broken frame where it has no memory for a generator or a closure")
    if hasattr(sys, "gettotalrefcount"):
        raise Skip("CPython's own loop fails an assertion of debug builds where a list can't grow")
    if not hasattr(_testcapi, "set_nomemory"):
        raise Skip("this Python's memory can't be taken away")
    module = alike()
    names().mend(module)
    names().restore(module)
    before, raised, mend = state(), 0, names().mend
    for start in range(0, 12_000, 7):
        try:
            _testcapi.set_nomemory(start, start + 1)
            try:
                mend(module)
            finally:
                _testcapi.remove_mem_hooks()
        except MemoryError:
            raised += 1
            assert state() == before, start
        else:
            names().restore(module)
            assert state() == before, start
    assert raised > 20, raised


@law
def code_that_runs_in_a_look_up_may_mend_again():
    module = alike()
    calls = []

    class Meta(Meta0 := type(module.Record)):
        def __getattribute__(cls, name):
            if name == "scale" and len(calls) < 5:
                calls.append(name)
                names().mend(module)
                names().restore(module)
                del sys.modules["alike"]
                sys.modules["alike"] = module
            return Meta0.__getattribute__(cls, name)

    module.Odd = Meta("Odd", (), {"__module__": "alike", "scale": native().instancemethod(native().builtin("capsule", "scale", "alike"))})
    mended = names().mend(module)
    assert calls and "alike.Odd.scale" in mended.functions, mended
    assert back(module.Odd.scale)


@law
def a_collection_at_any_time_may_mend_and_restore():
    module = alike()

    class Finalizer:
        def __init__(self):
            self.me = self

        def __del__(self):
            names().mend(module)
            names().restore(module)

    names()
    threshold = gc.get_threshold()
    gc.set_threshold(20)
    try:
        for _ in range(30):
            Finalizer()
            names().mend(module)
    finally:
        gc.set_threshold(*threshold)
    gc.collect()
    names().restore(module)
    names().mend(module)
    assert back(module.nb_add) and back(module.Record.make)


@law
def nothing_is_kept_alive_but_the_report():
    module = alike()
    names().mend(module)
    names().restore(module)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(50):
        names().mend(module)
        names().restore(module)
    gc.collect()
    assert len(gc.get_objects()) - before < 50, len(gc.get_objects()) - before


def run(name):
    (function,) = [function for function in LAWS if function.__name__ == name]
    try:
        function()
    except Skip as why:
        print(f"skip: {name}: {why}")
    else:
        print(f"holds: {name}")


if __name__ == "__main__":
    if os.environ.get("ONE_LAW") and len(sys.argv) == 2:
        run(sys.argv[1])
        sys.exit()
    failed = False
    for function in LAWS:
        if sys.argv[1:] and function.__name__ not in sys.argv[1:]:
            continue
        command = [sys.executable, "-B", "-X", "faulthandler", __file__, function.__name__]
        try:
            ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "ONE_LAW": "1"}, timeout=120)
            said, fine = ran.stdout + ran.stderr, ran.returncode == 0
        except subprocess.TimeoutExpired:
            said, fine = f"{function.__name__} hangs\n", False
        failed |= not fine
        print(said if fine else f"broken: {function.__name__}\n{said}", end="", flush=True)
    sys.exit(failed)
