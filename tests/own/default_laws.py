#!/usr/bin/env python3
"""What the writer promises where nothing is said about equal bytes. As `laws.py`.

    default_laws.py [NAME…]       with `interbind` on the path
"""

import functools
import gc
import hashlib
import io
import os
import pickle
import subprocess
import sys
import threading
import traceback
import types

from interbind.pickle import own
from laws import LAWS, bare, fails, law, local, main, refuser
from more_laws import ids

LAWS.clear()


class Asked:
    """Counts how often it is asked."""

    def __init__(self):
        self.times = 0

    def __reduce_ex__(self, protocol):
        self.times += 1
        return str, ("asked",)


# --- data

@law
def data_has_pythons_bytes():
    text = "".join(["some", " text"])
    shared = ["x"]
    data = [
        [text, "some text", text, (1, "q"), (1, "".join(["q"])), (1, "q")],
        {"k": shared, "l": shared, "m": {1, 2.5, True, 30}, "n": frozenset({5, 6})},
        [bytes([1, 2]), bytes([1, 2]), bytearray(b"z"), 10**40, float("nan"), None],
        [list(range(3000)), {str(i): i for i in range(3000)}, set(range(3000))],
    ]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        for obj in data:
            assert own.dumps(obj, protocol) == pickle.dumps(obj, protocol), (protocol, obj)
    for obj in [{"a", "b", "c"}, frozenset({"a", ("b",), None})]:
        for options in ({"portable": False}, {"deterministic": False}):
            assert own.dumps(obj, **options) == pickle.dumps(obj)


SETS = """
import datetime, decimal, hashlib, sys, uuid
from interbind.pickle import own
made = [
    {"a", "b", "c"}, {None, "a", 1, b"q", ...}, frozenset({("t", frozenset({"x", "y"})), "z"}), {frozenset(), frozenset({"k"})},
    {datetime.date(2020, 1, d) for d in range(1, 9)}, {decimal.Decimal(d) for d in range(9)}, {uuid.UUID(int=i) for i in range(9)},
    [{"a": {"x", "y", "z"}}, {"x", "a", "w"}], {int, str, len, print},
]
for protocol in range(6):
    print(hashlib.sha256(own.dumps(made, protocol)).hexdigest())
"""


@law
def sets_come_in_one_order_in_all_processes():
    said = {
        subprocess.run([sys.executable, "-c", SETS], env=dict(os.environ, PYTHONHASHSEED=seed), stdout=subprocess.PIPE, check=True).stdout
        for seed in ("0", "1", "2", "77")
    }
    assert len(said) == 1 and len(said.pop().split()) == 6


@law
def members_that_nobody_can_tell_apart_come_as_they_come():
    source = "class N: pass\na, b = N(), N()\na.other = b\nb.other = a\nS = [{a, b}, a]\ndef f(): return S"
    f, S = local(source, "f", "S")
    fails(pickle.PicklingError, own.dumps, S, deterministic=True)
    for obj in (S, f, [f, S]):
        assert own.dumps(obj) == own.dumps(obj)
    back = pickle.loads(own.dumps(S))
    assert back[1] in back[0] and len(back[0]) == 2 and back[1].other.other is back[1]


@law
def sets_that_hold_each_other_end_and_are_written():
    source = """
class N:
  def __init__(self): self.all = set()
nodes = [N() for _ in range(40)]
for one in nodes:
  one.all.update(nodes)
"""
    (nodes,) = local(source, "nodes"),
    back = pickle.loads(own.dumps(nodes))
    assert all(node.all == set(back) for node in back)


# --- where the rules begin

@law
def nobody_is_asked_twice():
    f = local("def f(): return 1", "f")
    before, after = Asked(), Asked()
    assert pickle.loads(own.dumps([before, f, after]))[::2] == ["asked", "asked"]
    assert (before.times, after.times) == (1, 1)

    buffers = []
    data = own.dumps([pickle.PickleBuffer(b"one"), f, pickle.PickleBuffer(b"two")], 5, buffer_callback=buffers.append)
    assert [bytes(buffer) for buffer in buffers] == [b"one", b"two"]
    assert pickle.loads(data, buffers=buffers)[1]() == 1

    seen = []

    class Persistent(own.Pickler):
        def persistent_id(self, obj):
            if type(obj) is Asked:
                seen.append(id(obj))
                return "asked"
            return None

    file = io.BytesIO()
    Persistent(file).dump([{Asked(), Asked(), "t"}, f])
    assert len(seen) == len(set(seen)) == 2

    reduced = []

    class Reducer(own.Pickler):
        def reducer_override(self, obj):
            if type(obj) is Asked:
                reduced.append(id(obj))
                return str, ("reduced",)
            return NotImplemented

    Reducer(io.BytesIO()).dump([{Asked(), Asked()}, f, Asked()])
    assert len(reduced) == len(set(reduced)) == 3


@law
def what_was_written_before_is_known_again():
    text, numbers = "a text of some length that is in both", tuple(range(50))
    f = local(f"def f(v={numbers!r}): return {text!r}, {numbers!r}", "f")
    alone = len(own.dumps(f))
    both = own.dumps([text, numbers, f])
    assert len(both) < alone + 20, (alone, len(both))
    back = pickle.loads(both)
    assert back[2]() == (text, numbers) and back[2].__defaults__[0] == numbers
    # Whichever of two equal objects it is.
    again = [str(bytes(text, "ascii"), "ascii"), tuple(list(numbers)), f]
    assert own.dumps(again) == both


@law
def the_rules_hold_as_long_as_a_picklers_memo():
    f, text = local("def f(): return 'some text'", "f"), "".join(["some", " text"])
    file = io.BytesIO()
    pickler = own.Pickler(file)
    pickler.dump(f)
    first = file.tell()
    pickler.dump([text, {"b", "a"}])
    assert b"some text" not in file.getvalue()[first:]
    file.seek(0)
    unpickler = pickle.Unpickler(file)
    assert unpickler.load()()== unpickler.load()[0]
    pickler.clear_memo()
    place = file.seek(0, 2)
    data = [text, "".join(["some", " text"])]
    pickler.dump(data)
    assert file.getvalue()[place:] == pickle.dumps(data)


@law
def code_has_the_name_of_its_file_without_folders():
    streams = []
    for path in ("/one/folder/script.py", "/another/script.py", "script.py", "C:\\folder\\script.py", "<string>", "<a/b>"):
        home = {"__name__": "__main__"}
        exec(compile("def f():\n  return (lambda: 1 / 0)()", path, "exec"), home)
        streams.append(own.dumps(home["f"]))
        back = pickle.loads(streams[-1])
        name = path if path.startswith("<") else "script.py"
        assert back.__code__.co_filename == name
        try:
            back()
        except ZeroDivisionError:
            assert name in traceback.format_exc()
        kept = pickle.loads(own.dumps(home["f"], deterministic=False))
        assert kept.__code__.co_filename == path
        assert pickle.loads(own.dumps(home["f"], deterministic=True)).__code__.co_filename == "<pickled>"
    assert len(set(streams)) == 3


# --- classes

@law
def a_class_keeps_its_id_until_it_changes():
    source = "LIMIT = 1\nclass C:\n  v = 1\n  def m(self): return LIMIT"
    C, space = local(source + "\nspace = globals()", "C", "space")
    first = ids(own.dumps(C))
    # A global is no part of the class.
    space["LIMIT"] = 2
    assert ids(own.dumps(C)) == first
    # For another program, whose class has never been written, it is.
    D = local(source.replace("LIMIT = 1", "LIMIT = 2"), "C")
    E = local(source, "C")
    assert ids(own.dumps(E)) == first != ids(own.dumps(D))
    C.v = 2
    second = ids(own.dumps(C))
    assert second != first
    C.v = [2]
    assert ids(own.dumps(C)) not in (first, second)
    C.v, space["LIMIT"] = 1, 1
    assert ids(own.dumps(C)) == first
    # Whatever else was asked for meanwhile.
    for options in ({"deterministic": False}, {"identity": "content"}, {"identity": None}, {"deterministic": True}):
        own.dumps(C, **options)
        assert ids(own.dumps(C)) == first
    C.m.__defaults__ = ()
    C.m.__kwdefaults__ = {"x": 1}
    assert ids(own.dumps(C)) != first


@law
def twins_of_one_dump_keep_their_ids():
    make = local("def make():\n  class T: pass\n  return T", "make")
    one, two, alone = make(), make(), make()
    data = own.dumps([one, two, one(), two()])
    back = pickle.loads(data)
    assert [type(item) for item in back[2:]] == back[:2] == [one, two]
    assert pickle.loads(own.dumps(two)) is two and pickle.loads(own.dumps(one)) is one
    # Alone it has the bytes that any of them has alone.
    assert own.dumps(alone) == own.dumps(make())


@law
def what_is_loaded_where_it_came_from_has_the_same_bytes():
    sources = [
        ("import typing\nT = typing.TypeVar('T')\nclass G(typing.Generic[T]):\n  def m(self, v: T) -> T: return v\nX = (T, G, G[int], T)", None),
        ("import re\nP = re.compile('(?x) a [0-9]+', re.I)\nclass C:\n  p = P\nX = (P, C, C())", None),
        ("class C: v = 1\nX = [C, C(), {'k': C}, {C}]", None),
        ("def mk(v):\n  class C: value = v\n  return C\nX = [mk(1), mk(1), mk(2)]", None),
        ("class G[T, *Ts, **P]:\n  def m[U](self, v: T) -> U: return v\nX = (G, G.__type_params__, G.__type_params__[1])", (3, 12)),
    ]
    for source, since in sources:
        if since is None or sys.version_info >= since:
            X = local(source, "X")
            for options in ({}, {"deterministic": True}):
                data = own.dumps(X, **options)
                back = pickle.loads(data)
                assert own.dumps(back, **options) == data, (source, options)
                assert own.dumps(X, **options) == data
    if sys.version_info >= (3, 12):
        assert back[0] is X[0] and back[1] == X[1] == X[0].__type_params__


@law
def a_class_that_changes_while_it_is_written():
    source = """
class Changes:
  def __init__(self, call): self.call = call
  def __reduce_ex__(self, protocol):
    self.call()
    return str, ("changed",)
class C:
  v = 1
"""
    Changes, C = local(source, "Changes", "C")
    C.item = Changes(lambda: setattr(C, f"more{len(vars(C))}", 1))
    for _ in range(3):
        assert pickle.loads(own.dumps([C, C()]))[0].v == 1
    del C.item
    members = {1, "a"}
    members.add(Changes(lambda: members.add(len(members))))
    for obj in (members, [C, members]):
        try:
            assert "changed" in pickle.loads(own.dumps(obj))[-1:] or True
        except (RuntimeError, TypeError):
            pass
    raises = set()
    raises.add(Changes(lambda: 1 / 0))
    raises.add("b")
    for obj in (raises, [C, raises]):
        fails(ZeroDivisionError, own.dumps, obj)


@law
def families_of_classes_are_written_in_time():
    count = 400
    lines = [f"class C{i}:\n  def all(self): return {', '.join(f'C{j}' for j in range(i % 7, count, 7))},\n" for i in range(count)]
    home = {"__name__": "__main__"}
    exec("".join(lines), home)
    back = pickle.loads(own.dumps([home[f"C{i}"] for i in range(count)]))
    assert len(back) == count and len(back[0]().all()) == len(range(0, count, 7))
    chain = local("\n".join(["class C0: pass"] + [f"class C{i}(C{i - 1}): v{i} = {i}" for i in range(1, 150)]), "C149")
    assert pickle.loads(own.dumps(chain)).v149 == 149


@law
def much_code_that_is_nearly_alike_is_written_in_time():
    count = 20_000
    home = {"__name__": "__main__"}
    exec("\n".join("f = lambda x: x + 1; fs.append(f)" for _ in range(count)), {**home, "fs": home.setdefault("fs", [])})
    nested = []
    for i in range(2000):
        space = {"__name__": "__main__"}
        exec(f"def f(): return lambda: {i}", space)
        nested.append(space["f"])
    back = pickle.loads(own.dumps([home["fs"], nested]))
    assert len(back[0]) == count and [f()() for f in back[1][:3]] == [0, 1, 2]


# --- what was used, changed or made to mislead

@law
def asking_for_type_hints_leaves_no_trace():
    source = """
import typing
class C: pass
def f(a: 'C', b: typing.List['C'], c: typing.Optional['C'] = None): return 1
class D:
  x: typing.List['C']
R = typing.ForwardRef('C')
def g(r=R): return r
"""
    C, f, D, g, R, typing = local(source, "C", "f", "D", "g", "R", "typing")
    ways = [own.dumps, functools.partial(own.dumps, deterministic=True), own.digest]
    before = [way([obj]) for way in ways for obj in (f, D, g)]
    for obj in (f, D):
        typing.get_type_hints(obj, {"C": C})
    typing.get_type_hints(types.SimpleNamespace(__annotations__={"r": R}), {"C": C})
    assert [way([obj]) for way in ways for obj in (f, D, g)] == before
    back = pickle.loads(own.dumps(f))
    assert typing.get_type_hints(back, {"C": C})["b"] == typing.List[C]


@law
def what_is_set_on_a_static_method_is_the_classs_own():
    if sys.version_info >= (3, 10):
        C = local("class C:\n  @staticmethod\n  def s(): return 1\n  @classmethod\n  def c(cls): return 2", "C")
        first = ids(own.dumps(C))
        vars(C)["s"].tag = 1
        second = ids(own.dumps(C))
        vars(C)["c"].tag = 2
        assert len({*map(tuple, (first, second, ids(own.dumps(C))))}) == 3


@law
def code_that_holds_itself_is_refused():
    source = """
def f(): return 'X'
class C:
  def m(self): return 'X'
def put(g, value):
  g.__code__ = g.__code__.replace(co_consts=tuple(value if c == 'X' else c for c in g.__code__.co_consts))
put(f, [f])
put(C.m, (1, C))
"""
    f, C = local(source, "f", "C")
    for options in ({}, {"deterministic": True}, {"deterministic": False}, {"identity": None}):
        said = fails(pickle.PicklingError, own.dumps, f, **options)
        assert "its constants lead back to it" in said, said
    fails(pickle.PicklingError, own.digest, f)
    assert pickle.loads(own.dumps(C))().m()[1].__name__ == "C"


@law
def what_a_signals_handler_raises_is_never_lost():
    import signal

    class Stop(Exception):
        pass

    def handler(*_):
        raise Stop

    f = local("import xml, xml.dom.minidom\ndef f(): return xml.dom.minidom.Document", "f")
    wanted, stopped = own.dumps(f), 0
    before = signal.signal(signal.SIGALRM, handler)
    try:
        for turn in range(1500):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-6 + turn % 100 * 4e-6)
                try:
                    made = own.dumps(f)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Stop:
                stopped += 1
            else:
                assert made == wanted
    finally:
        signal.signal(signal.SIGALRM, before)
    assert stopped > 0


@law
def modules_that_mislead_are_refused():
    source = """
import types
class Named(types.ModuleType):
  __name__ = property(lambda self: 1)
class Held(types.ModuleType):
  __dict__ = property(lambda self: 5)
one, other = Named('one'), Held('other')
"""
    one, other = local(source, "one", "other")
    for options in ({}, {"deterministic": True}, {"deterministic": False}):
        assert "name" in fails(TypeError, own.dumps, [one], **options)
        assert "__dict__" in fails(TypeError, own.dumps, [other], **options)


# --- deep, long, many

@law
def a_million_levels():
    deep = None
    for _ in range(1_000_000):
        deep = [deep]
    data = own.dumps([deep, local("def f(): return 1", "f")])
    assert data.count(b"]") >= 1_000_000
    back = pickle.loads(data)[0]
    tuples = ()
    for _ in range(300_000):
        tuples = (tuples, 1)
    f = local("def f(): return 1", "f")
    assert own.dumps([f, tuples]) == own.dumps([f, tuples])
    partials = f
    for _ in range(100_000):
        partials = functools.partial(partials)
    assert len(own.dumps([f, functools.partial(f, partials)])) > 0
    make = local("def make(inner):\n  def f(): return inner\n  return f", "make")
    closures = f
    for _ in range(200_000):
        closures = make([closures])
    assert own.dumps(closures).count(b"R") > 200_000
    sets = frozenset({"a"})
    for _ in range(2_000):
        sets = frozenset({sets, "a"})
    assert own.dumps([sets, f]) == own.dumps([sets, f])
    for obj in (deep, back, tuples, partials, closures, sets):
        unlink(obj)


def unlink(obj):
    # The end of what is this deep is Python's own matter: it is kept.
    KEPT.append(obj)


KEPT = []


@law
def dumps_leave_nothing_behind():
    # Before the first thread: from then on, the free-threaded Python 3.13 keeps all classes and functions for ever.
    import tracemalloc

    make = local("def make(n):\n  class C:\n    v = n\n    def m(self): return n\n  return C", "make")

    def turn(first):
        for i in range(first, first + 2000):
            own.dumps([{"text": i, "s": {"a", "b"}}, make(i), (1, 2)])
        gc.collect()

    turn(0)
    tracemalloc.start()
    turn(10_000)
    before = tracemalloc.get_traced_memory()[0]
    turn(20_000)
    turn(30_000)
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert after - before < 60_000, after - before


@law
def threads_write_one_class():
    source = "K = {'a', 'b'}\nclass B:\n  def m(self): return K\nclass C(B):\n  s = {'x', 'y', 'z'}\n  def n(self): return C, super().m()"
    for _ in range(20):
        C, B = local(source, "C", "B")
        start, made = threading.Barrier(6), []

        def run():
            start.wait()
            made.append(own.dumps([C, B, C()]))

        threads = [threading.Thread(target=run) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(made) == 6 and len(set(made)) == 1


@law
def a_failed_allocation_in_the_midst_of_data_and_functions():
    _testcapi = refuser()
    if _testcapi is None:
        return
    source = "T = (1, 'two', 2.5)\ndef f(v=(1, 'two', 2.5)): return T, 'text'\nclass C:\n  s = {'a', 'b'}"
    f, C = local(source, "f", "C")
    obj = ["text", (1, "two", 2.5), {"z", "y", (3, "w")}, {"text": b"bytes"}, f, C, C(), (1, "two", 2.5)]
    wanted, failed = own.dumps(obj), 0
    for at in range(700):
        try:
            _testcapi.set_nomemory(at, at + 1)
            try:
                made = own.dumps(obj)
            finally:
                _testcapi.remove_mem_hooks()
        except MemoryError:
            failed += 1
        else:
            assert made == wanted, at
    assert failed > 10
    assert own.dumps(obj) == wanted


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
