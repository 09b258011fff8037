#!/usr/bin/env python3
"""Attacks the drop-in: each ends in an exception or in the right bytes, never in a crash, a hang or a leak.

    hostile.py [NAME…]       with `interbind` on the path; cloudpickle may be there too
"""

import collections
import copyreg
import functools
import gc
import io
import json
import pickle
import random
import signal
import sys
import threading
import time
import types
import weakref

import interbind.pickle as ours

ATTACKS = []


def attack(function):
    ATTACKS.append(function)
    return function


def fails(kinds, call, *arguments, **keywords):
    try:
        made = call(*arguments, **keywords)
    except kinds as error:
        return error
    raise AssertionError(f"nothing was raised, but {made!r:.100} returned")


def local(source, name="made", **known):
    space = {"__name__": "__main__", **known}
    exec(source, space)
    return space[name]


@attack
def reduces_that_lie():
    class Text:
        def __reduce_ex__(self, protocol):
            return "no such name"

    class Raises:
        def __reduce_ex__(self, protocol):
            raise OSError("mine")

    class Itself:
        def __reduce_ex__(self, protocol):
            return self

    class Short:
        def __reduce_ex__(self, protocol):
            return (int,)

    class Long:
        def __reduce_ex__(self, protocol):
            return tuple(range(9))

    class NotCallable:
        def __reduce_ex__(self, protocol):
            return 5, ()

    class Endless:
        def __reduce_ex__(self, protocol):
            return Endless, (Endless(),)

    for kind in (Text, Itself, Short, Long, NotCallable, Endless):
        fails((pickle.PicklingError, TypeError, ValueError), ours.dumps, kind())
    assert str(fails(OSError, ours.dumps, Raises())) == "mine"


@attack
def classes_with_surprising_metaclasses():
    class NoSetattr(type):
        def __setattr__(cls, name, value):
            raise TypeError("not to be set")

    class NoHash(type):
        __hash__ = None

        def __eq__(cls, other):
            raise RuntimeError("not to be compared")

    class Everything(type):
        def __getattr__(cls, name):
            return name

    class Liar(type):
        @property
        def __dict__(cls):
            raise RuntimeError("no dict")

        @property
        def __module__(cls):
            return ["unhashable"]

    class LyingNames(type):
        def __getattribute__(cls, name):
            return {"__qualname__": 5, "__module__": 7.5}.get(name) or type.__getattribute__(cls, name)

    for meta in (NoSetattr, NoHash, Everything, Liar, LyingNames):
        made = meta("Made", (), {"m": lambda self: 1})
        for value in (made, made(), [made, made], lambda: made):
            try:
                data = ours.dumps(value)
            except Exception as error:
                assert type(error) in (TypeError, RuntimeError, pickle.PicklingError, AttributeError), error
            else:
                assert data[:1] == b"\x80"


@attack
def objects_that_answer_everything():
    class Yes:
        def __getattr__(self, name):
            return Yes()

        def __call__(self, *arguments, **keywords):
            return Yes()

    class YesClass(type):
        def __getattribute__(cls, name):
            return type.__getattribute__(cls, name) if name.startswith("__") else YesClass

    for value in (Yes(), lambda: Yes(), YesClass("C", (), {})):
        try:
            ours.dumps(value)
        except (TypeError, pickle.PicklingError, RecursionError, AttributeError, ValueError):
            pass


@attack
def strangers_in_sys_modules():
    class Stranger:
        def __getattr__(self, name):
            raise RuntimeError(name)

    made = local("def made(): return json.dumps, xml\nmade.__module__ = None", json=__import__("json"), xml=__import__("xml"))
    before = dict(sys.modules)
    try:
        sys.modules["stranger"] = Stranger()
        sys.modules["nothing"] = None
        sys.modules["xml.stranger"] = Stranger()
        sys.modules[(1, 2)] = 5
        sys.modules["\udc80.x"] = types.ModuleType("surrogate")
        for _ in range(5):
            assert ours.loads(ours.dumps(made))()[1] is sys.modules["xml"]
        odd = types.ModuleType("odd")
        odd.__getattr__ = lambda name: 1 / 0
        sys.modules["odd"] = odd
        assert ours.loads(ours.dumps([made] * 5))[0]()
        class Grows(types.ModuleType):
            def __getattr__(self, name):
                sys.modules[f"grown_{random.random()}"] = types.ModuleType("grown")
                raise AttributeError(name)
        sys.modules["grows"] = Grows("grows")
        for _ in range(5):
            ours.dumps([made, local("def made(): pass\nmade.__module__ = None")])
    finally:
        for name in set(sys.modules) - set(before):
            del sys.modules[name]


@attack
def a_module_that_goes_while_it_is_used():
    package = types.ModuleType("going")
    package.__package__ = "going"
    part = types.ModuleType("going.part")
    sys.modules.update({"going": package, "going.part": part})

    class Deletes:
        def __reduce__(self):
            sys.modules.pop("going.part", None)
            return int, ()

    made = local("def made(): return going.part", going=package)
    other = local("def made(): return going.part, 1", going=package)
    data = ours.dumps([made, Deletes(), other])
    assert data.count(b"going.part") >= 1
    sys.modules.pop("going")


@attack
def names_with_surrogates_and_nul():
    made = local("def made(): pass")
    made.__name__, made.__qualname__ = "a\udc80b", "c\0d\udcff"
    made.__module__ = "\udcaa"
    back = pickle.loads(ours.dumps(made))
    assert (back.__name__, back.__qualname__, back.__module__) == ("a\udc80b", "c\0d\udcff", "\udcaa")


@attack
def globals_of_a_dict_class():
    class Odd(dict):
        def __getitem__(self, key):
            return 5 if key == "A" else super().__getitem__(key)

        def __missing__(self, key):
            raise KeyError(key)

    space = Odd(__name__="__main__", A=1)
    exec("def made(): return A, B", space)
    data = ours.dumps(space["made"])
    assert pickle.loads(data).__globals__["A"] == 5


@attack
def code_that_nobody_compiled():
    import opcode

    made = local("def made(a): return b")
    # Names and variables that the code doesn't have. Bytes that aren't operations at all crash Python itself.
    far = bytes([opcode.opmap["LOAD_GLOBAL"], 255]) + bytes(2 * 16)
    deref = bytes([opcode.opmap["STORE_DEREF"], 255]) + bytes(2 * 16)
    for bad in (far, far[:2], deref, bytes([opcode.EXTENDED_ARG, 255]) * 3 + far):
        odd = local("def mk():\n  b = 1\n  def made(a): return b\n  return made\nmade = mk()")
        odd.__code__ = odd.__code__.replace(co_code=bad)
        for value in (odd, made):
            try:
                ours.dumps(value)
            except (ValueError, pickle.PicklingError, IndexError) as error:
                assert "interbind._pickle failed" not in str(error), error


@attack
def depth():
    nested = []
    for _ in range(100_000):
        nested = [nested]
    # In bytes, data may be as deep as it is. Python's own pickler, which users may inherit from, has a limit.
    made = [nested]
    for thing in (nested, lambda: made):
        assert ours.dumps(thing).count(b"]") > 100_000
        error = fails(pickle.PicklingError, ours.Pickler(io.BytesIO()).dump, thing)
        assert isinstance(error.__cause__, RecursionError)

    class Endless:
        def __reduce__(self):
            return self.__reduce__()

    error = fails(pickle.PicklingError, ours.dumps, Endless())
    assert isinstance(error.__cause__, RecursionError)
    while nested:
        nested = nested.pop()


@attack
def picklers_that_were_not_started():
    class Lazy(ours.Pickler):
        def __init__(self):
            pass

    fails((AttributeError, pickle.PicklingError), Lazy().dump, 5)
    fails(AttributeError, lambda: Lazy().reducer_override(len))
    fails(TypeError, ours.Pickler, object())
    fails(TypeError, ours.dumps)
    fails(TypeError, ours.dumps, 1, 2, 3, 4)
    fails(TypeError, ours.dumps, 1, wrong=2)
    fails(ValueError, ours.dumps, 1, compat="2.0")
    fails(ValueError, ours.dumps, 1, 99)
    fails(TypeError, ours.dumps, 1, by_value=[5])
    picker = ours.Pickler(io.BytesIO())
    picker._session = 5
    fails((TypeError, AttributeError), picker.reducer_override, lambda: 1)
    picker.__init__(io.BytesIO())
    picker.dump(lambda: 1)


@attack
def files_that_fail():
    class Full:
        def write(self, data):
            raise OSError("disk full")

    class Strange:
        def write(self, data):
            return object()

    assert "disk full" in str(fails(OSError, ours.dump, lambda: 1, Full()))
    ours.dump([b"x" * 200_000, lambda: 1], Strange())
    file = io.BytesIO()
    ours.dump([b"x" * 200_000, lambda: 1] * 3, file)
    assert len(pickle.loads(file.getvalue())) == 6


@attack
def what_is_written_is_not_written_again():
    # Three functions share a variable, and the last one sets it: the dump wants to start again.
    made = local(
        "def mk():\n  n = 0\n  def r1(): return n\n  def r2(): return n\n  def w():\n    nonlocal n; n += 1\n  return r1, r2, w\nmade = mk()"
    )
    for before in (0, 100, 70_000, 300_000):
        for after in (0, 70_000):
            graph = [b"x" * before, list(range(before // 10)), made, b"y" * after]
            file = io.BytesIO()
            ours.dump(graph, file)
            written = file.getvalue()
            for data in (written, ours.dumps(graph)):
                first, numbers, (r1, r2, w), last = pickle.loads(data)
                w()
                assert (len(first), len(numbers), len(last)) == (before, before // 10, after)
                if before < 60_000 or data is not written:
                    assert r1() == r2() == 1
    file = io.BytesIO()
    pickler = ours.Pickler(file)
    for graph in (1, made, made):
        pickler.dump(graph)
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    assert unpickler.load() == 1 and unpickler.load()[0]() == 0 and unpickler.load()[1]() == 0


@attack
def a_pickler_that_is_used_inside_itself():
    file = io.BytesIO()
    pickler = ours.Pickler(file)

    class Again:
        def __reduce__(self):
            pickler.dump([list(range(100)), {"k": b"v" * 100_000}])
            return str, ("again",)

    for made in ([Again(), "a"], {"k": [Again()]}, (Again(),)):
        assert "is writing an object" in str(fails(RuntimeError, pickler.dump, made))
    pickler.clear_memo()
    place = file.seek(0, 2)
    pickler.dump([1])
    assert ours.loads(file.getvalue()[place:]) == [1]


@attack
def a_table_that_raises():
    class Raises(dict):
        def __getitem__(self, key):
            raise OSError("table")

    class Mine(ours.Pickler):
        dispatch_table = Raises()

    fails(OSError, Mine(io.BytesIO()).dump, types.MappingProxyType({}))


@attack
def users_reducers_win():
    class Mine(ours.Pickler):
        def reducer_override(self, obj):
            if isinstance(obj, types.FunctionType) and obj.__name__ == "special":
                return int, (5,)
            return super().reducer_override(obj)

    file = io.BytesIO()
    Mine(file).dump([local("def special(): pass", "special"), lambda: 6])
    five, six = pickle.loads(file.getvalue())
    assert (five, six()) == (5, 6)
    for place in ("instance", "class", "copyreg", "table"):
        file = io.BytesIO()
        if place == "copyreg":
            copyreg.pickle(functools.partialmethod, lambda obj: (int, (8,)))
            try:
                assert pickle.loads(ours.dumps(functools.partialmethod(len))) == 8
            finally:
                del copyreg.dispatch_table[functools.partialmethod]
            continue
        if place == "class":
            kind = type("K", (ours.Pickler,), {"dispatch_table": {property: lambda obj: (int, (7,))}})
            pickler = kind(file)
        else:
            pickler = ours.Pickler(file)
            if place == "instance":
                pickler.dispatch_table = {property: lambda obj: (int, (7,))}
            else:
                pickler.dispatch_table[property] = lambda obj: (int, (7,))
        # Cells and code have their reducers still, wherever the user's are.
        pickler.dump([property(len), lambda: place])
        seven, function = pickle.loads(file.getvalue())
        assert seven == 7 and function() == place, (place, seven)
    assert pickle.loads(ours.dumps(property(len))).fget is len


@attack
def registering_nonsense():
    for call in (ours.register_pickle_by_value, ours.unregister_pickle_by_value):
        fails(ValueError, call, "text")
    fails(ValueError, ours.register_pickle_by_value, types.ModuleType("nowhere"))
    fails(ValueError, ours.unregister_pickle_by_value, io)


@attack
def by_value_for_one_dump():
    package, inner = types.ModuleType("pack"), types.ModuleType("pack.inner")
    sys.modules.update({"pack": package, "pack.inner": inner})
    try:
        exec("def deep(): return 4", inner.__dict__)
        package.inner = inner
        exec("from pack import inner\ndef top(): return inner.deep()", package.__dict__)
        by_name = ours.dumps(package.top)
        assert len(by_name) < 60
        asked = []
        rules = [[package], ["pack"], ["pack."], [lambda name: asked.append(name) or name.startswith("pack")], "pack", package]
        for rule in rules:
            data = ours.dumps(package.top if rule != ["pack."] else inner.deep, by_value=rule)
            assert len(data) > 200, rule
            file = io.BytesIO()
            ours.Pickler(file, by_value=rule).dump(inner.deep)
            assert pickle.loads(file.getvalue())() == 4
        data = ours.dumps(package.top, by_value=[package])
        del sys.modules["pack"], sys.modules["pack.inner"]
        assert pickle.loads(data)() == 4
        assert all(isinstance(name, str) for name in asked)
    finally:
        sys.modules.pop("pack", None)
        sys.modules.pop("pack.inner", None)


@attack
def signals_in_the_middle():
    if not hasattr(signal, "setitimer"):
        return

    class Hit(Exception):
        pass

    def handler(number, frame):
        raise Hit

    class Slow:
        def __reduce__(self):
            for _ in range(200):
                pass
            return int, ()

    graph = [[local(f"def made(a): return a + {n}"), Slow()] for n in range(100)]
    expected = len(ours.dumps(graph))
    old = signal.signal(signal.SIGALRM, handler)
    hits = 0
    try:
        for turn in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.Random(turn).uniform(1e-5, 4e-3))
                data = ours.dumps(graph)
                signal.setitimer(signal.ITIMER_REAL, 0)
                assert len(data) == expected
            except Hit:
                hits += 1
            finally:
                try:
                    signal.setitimer(signal.ITIMER_REAL, 0)
                except Hit:
                    hits += 1
    finally:
        signal.signal(signal.SIGALRM, old)
    assert len(ours.dumps(graph)) == expected and hits


@attack
def no_memory_at_any_point():
    try:
        import _testcapi
    except ImportError:
        print("skip: no_memory_at_any_point: this Python has no _testcapi")
        return
    graph = local(
        "import json\nN = 1\ndef mk():\n  n = 0\n  def r1(): return n\n  def r2(): return n, json\n  def w():\n    nonlocal n; n += N\n"
        "  class C:\n    x = {1: 2}\n    def m(self): return super().__init__, n\n    @property\n    def p(self): return 1\n"
        "  class S:\n    __slots__ = ('a',)\n  return [r1, r2, w, C, C(), staticmethod(r1), S]\nmade = mk()"
    )
    if sys.version_info[:3] in ((3, 12, 1), (3, 13, 0)):
        # These Pythons crash themselves when Python code runs out of memory: only what the native half does alone.
        del graph[-1]
    # Pickling an instance leaves `__slotnames__` in its class, which then goes along.
    ours.dumps(graph)
    expected = len(ours.dumps(graph))
    errors = done = 0
    for at in range(1, 3000):
        data = None
        _testcapi.set_nomemory(at, at + 1)
        try:
            data = ours.dumps(graph)
        except MemoryError:
            errors += 1
        except Exception:
            # Python itself may turn it into another error.
            errors += 1
        finally:
            _testcapi.remove_mem_hooks()
        if data is not None:
            done += 1
            assert abs(len(data) - expected) < 200, (len(data), expected)
            if done > 30:
                break
    assert errors > 50, errors
    assert len(ours.dumps(graph)) == expected, (len(ours.dumps(graph)), expected)


@attack
def nothing_stays():
    blocks = getattr(sys, "getallocatedblocks", None)
    graph = local(
        "def mk(n):\n  def r(): return n\n  def w():\n    nonlocal n; n += 1\n  class C:\n    def m(self): return super().__init__\n"
        "  return [r, w, C, C()]\nmade = mk(1)"
    )
    single = local("def made(x): return x")
    orphan = local("def made(x): return x\nmade.__module__ = None")

    def turn():
        ours.dumps(single)
        ours.dumps(graph)
        ours.dumps(orphan)
        fails(TypeError, ours.dumps, [single, graph, threading.Lock()])
        pickler = ours.Pickler(io.BytesIO())
        pickler.dump(graph)
        # A cycle through the pickler itself.
        pickler.mine = pickler
        pickler.dispatch_table[int] = lambda obj: (int, ())

    for _ in range(200):
        turn()
    gc.collect()
    objects, before = len(gc.get_objects()), blocks() if blocks else 0
    for _ in range(2_000):
        turn()
    for _ in range(100_000):
        ours.dumps(single)
    gc.collect()
    after, now = len(gc.get_objects()), blocks() if blocks else 0
    assert after - objects < 50, (objects, after)
    assert now - before < 400, (before, now)


@attack
def threads_share_everything():
    graph = local(
        "import json\ndef mk(n):\n  def f(): return n, json\n  class C:\n    def m(self): return f\n  return [f, C, C(), property(f)]\n"
        "made = [mk(n) for n in range(20)]"
    )
    ours.dumps(graph)
    expected = ours.dumps(graph)
    wrong, stop = [], time.time() + 3

    def work():
        try:
            while time.time() < stop:
                if ours.dumps(graph) != expected:
                    wrong.append("bytes")
        except BaseException as error:
            wrong.append(repr(error))

    def disturb():
        n = 0
        while time.time() < stop:
            n += 1
            sys.modules[f"disturbing.m{n % 50}"] = types.ModuleType(f"disturbing.m{n % 50}")
            sys.modules.pop(f"disturbing.m{(n + 25) % 50}", None)

    threads = [threading.Thread(target=work) for _ in range(4)] + [threading.Thread(target=disturb)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in [name for name in sys.modules if name.startswith("disturbing")]:
        del sys.modules[name]
    assert not wrong, wrong[:3]


@attack
def another_interpreter():
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            return
    code = "import sys; sys.path[:] = {path!r}\nimport interbind.pickle as p\nf = lambda n: n + 1\nassert p.loads(p.dumps(f))(1) == 2\n"
    code += "class C:\n  def m(self): return 5\nassert p.loads(p.dumps(C()))"
    for _ in range(3):
        inner = interpreters.create()
        run = getattr(interpreters, "run_string")
        failed = run(inner, code.format(path=sys.path))
        assert not failed, failed
        interpreters.destroy(inner)
    assert ours.loads(ours.dumps(lambda: 3))() == 3


@attack
def what_is_asked_once_is_asked_once():
    """What later functions do with a variable is known without asking anything twice."""

    def several():
        n = 0

        def first():
            return n

        def second():
            return n

        def third():
            nonlocal n
            n += 1

        return first, second, third

    class Buffer:
        def __init__(self, content):
            self.content = content

        def __reduce_ex__(self, protocol):
            return bytes, (pickle.PickleBuffer(self.content),)

    class Once:
        def __init__(self):
            self.items = iter([1, 2, 3])

        def __reduce__(self):
            return list, (), None, self.items

    class Registered:
        pass

    asked = []
    copyreg.pickle(Registered, lambda thing: asked.append(thing) or (int, (7,)))
    functions = several()
    one, _, three = pickle.loads(ours.dumps(functions))
    three()
    assert one() == 1
    buffers = []
    data = ours.dumps([Buffer(b"one"), functions, Buffer(b"two")], buffer_callback=buffers.append)
    assert len(buffers) == 2 and pickle.loads(data, buffers=buffers)[::2] == [b"one", b"two"]
    assert pickle.loads(ours.dumps([Once(), functions]))[0] == [1, 2, 3]
    assert pickle.loads(ours.dumps([Registered(), functions]))[0] == 7 and len(asked) == 1
    del copyreg.dispatch_table[Registered]
    things = []

    class Watching(ours.Pickler):
        def persistent_id(self, thing):
            if isinstance(thing, Registered):
                things.append(thing)
                return len(things)

    class Swallowing(ours.Pickler):
        def reducer_override(self, thing):
            try:
                return super().reducer_override(thing)
            except RuntimeError:
                return str, ("lost",)

    file = io.BytesIO()
    Watching(file).dump([Registered(), functions])
    assert len(things) == 1
    file = io.BytesIO()
    Swallowing(file).dump(functions)
    assert pickle.loads(file.getvalue())[2] != "lost"
    pickler = ours.Pickler(io.BytesIO())
    pickler.persistent_id = lambda thing: things.append(thing) if isinstance(thing, Registered) else None
    pickler.dump([Registered(), functions])
    assert len(things) == 2
    one, _, three = second_stream(functions)
    three()
    assert one() == 1


def second_stream(functions):
    file = io.BytesIO()
    pickler = ours.Pickler(file)
    pickler.dump(b"x" * 200_000)
    pickler.dump(functions)
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    unpickler.load()
    return unpickler.load()


@attack
def a_failed_dump_leaves_nothing_in_the_memo():
    shared = ["the", "data"]
    file = io.BytesIO()
    pickler = ours.Pickler(file)
    for _ in range(2):
        fails(TypeError, pickler.dump, [shared, (item for item in ())])
    pickler.dump(["abc", shared])
    assert pickle.loads(file.getvalue()) == ["abc", shared]
    # What an earlier stream has is in the memo too: then the next dump says so, until the memo is cleared.
    fails(TypeError, pickler.dump, [["new"], (item for item in ())])
    fails(pickle.PicklingError, pickler.dump, shared)
    fails(pickle.PicklingError, pickler.dump, shared)
    pickler.clear_memo()
    file.seek(0)
    file.truncate()
    pickler.dump(shared)
    assert pickle.loads(file.getvalue()) == shared


@attack
def errors_say_where():
    class Holder:
        pass

    class Slotted:
        __slots__ = ("part",)

    class Raises:
        def __reduce_ex__(self, protocol):
            raise ValueError("mine")

    class Fresh:
        def __reduce__(self):
            return Holder, ((item for item in ()),)

    holder, slotted = Holder(), Slotted()
    holder.key = [1, {"deep": (item for item in ())}]
    slotted.part = sys._getframe()

    def function(default=holder):
        return default

    place = ["when serializing dict item 'deep'", "when serializing list item 1", "when serializing dict item 'key'"]
    expected = [
        (holder, place),
        (function, place),
        ([0, function], place),
        (slotted, ["when serializing dict item 'part'", "when serializing tuple item 1"]),
        ([1, {"k": Raises()}], ["when serializing dict item 'k'", "when serializing list item 1"]),
        ([Fresh()], ["when serializing list item 0"]),
    ]
    for thing, notes in expected:
        for dump in (ours.dumps, lambda thing: ours.dump(thing, io.BytesIO())):
            try:
                dump(thing)
            except Exception as error:
                said = getattr(error, "__notes__", None)
                assert said is not None and (said[: len(notes)] == notes or notes == said[-1:]), (thing, said)
                if isinstance(error, ValueError):
                    assert error.args == ("mine",)
                elif sys.version_info < (3, 11):
                    assert notes[0] in str(error)
            else:
                raise AssertionError(thing)


@attack
def weak_references_alone():
    class Node:
        pass

    node = Node()
    for alone in (
        weakref.ref(node),
        [weakref.ref(node)],
        weakref.WeakValueDictionary(a=node),
        weakref.WeakKeyDictionary({node: 1}),
    ):
        fails(TypeError, ours.dumps, alone)
        fails(TypeError, ours.dump, alone, io.BytesIO())
        kept = pickle.loads(ours.dumps([alone, node]))
        assert type(kept[1]).__name__ == "Node"
    back, again = pickle.loads(ours.dumps([weakref.ref(node), node]))
    assert back() is again
    # What goes by name is kept by its module.
    assert pickle.loads(ours.dumps(weakref.ref(collections.OrderedDict)))() is collections.OrderedDict


@attack
def methods_that_users_override_are_called():
    asked = []

    class Dynamic(ours.Pickler):
        def _dynamic_function_reduce(self, function):
            asked.append("dynamic")
            return super()._dynamic_function_reduce(function)

    class Function(ours.Pickler):
        def _function_reduce(self, function):
            asked.append("function")
            return super()._function_reduce(function)

    class Arguments(ours.Pickler):
        def _function_getnewargs(self, function):
            asked.append("arguments")
            code, globals_, *rest = super()._function_getnewargs(function)
            return (code, {**globals_, "extra": "added"}, *rest)

    class Mine(ours.Pickler):
        def _dynamic_function_reduce(self, function):
            return str, ("mine",)

    class Unstarted(ours.Pickler):
        def __init__(self):
            pass

    def made():
        return globals().get("extra")

    results = []
    for kind in (Dynamic, Function, Arguments, Mine):
        file = io.BytesIO()
        kind(file).dump([made, json.dumps])
        results.append(pickle.loads(file.getvalue()))
    # The functions that loading calls are asked about too.
    assert asked[0] == "dynamic" and asked[-1] == "arguments" and asked.count("function") >= 2, asked
    assert results[2][0]() == "added" and results[3][0] == "mine"
    assert all(result[1] is json.dumps for result in results)
    pickler = ours.Pickler(io.BytesIO())
    pickler._dynamic_function_reduce = lambda function: asked.append("own") or (str, ("own",))
    pickler.dump(made)
    assert asked[-1] == "own"
    fails(pickle.PicklingError, Unstarted().dump, 1)


def main():
    for made in ATTACKS:
        if sys.argv[1:] and made.__name__ not in sys.argv[1:]:
            continue
        made()
        print("held:", made.__name__, flush=True)


if __name__ == "__main__":
    main()
