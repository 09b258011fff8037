#!/usr/bin/env python3
"""More of what the writer promises, each law found by somebody who tried to break it. As `laws.py`.

    more_laws.py [NAME…]       with `interbind` on the path
"""

import importlib.util
import io
import os
import pickle
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import types
import warnings

from interbind.pickle import own
from laws import LAWS, bare, fails, law, local, main, same
from source_snippets import SNIPPETS

LAWS.clear()


def ids(data):
    return set(re.findall(rb"\x8c\x16([A-Za-z0-9+/]{22})", data))


# --- what a class is made of

@law
def a_class_is_another_one_with_each_other_constant():
    pairs = [
        ("-1", "-2"),
        ("0.0", "-0.0"),
        ("1", "True"),
        ("1", "1.0"),
        ("(1,)", "(True,)"),
        ("(0.0,)", "(-0.0,)"),
        ("'a'", "b'a'"),
        ("0", "2**61 - 1"),
    ]
    source = """
class C:
  def m(self): return {one}
class D:
  def m(self): return {two}
D.m.__qualname__ = "C.m"
"""
    for one, two in pairs:
        C, D = local(source.format(one=one, two=two), "C", "D")
        before = own.dumps(C)
        C.m = D.m
        after = own.dumps(C)
        wanted = repr(eval(one)), repr(eval(two))
        check = f"a, b = map(pickle.loads, x)\nassert (repr(a().m()), repr(b().m())) == {wanted!r}"
        bare(pickle.dumps((before, after)), check)


#: A class with something of each kind in it.
CHANGED = """
class M2(type): pass
class B(metaclass=M2): pass
class B2(metaclass=M2):
  w = 1
class O: pass
def mk():
  y = 1
  class C(B):
    v = -1
    t = (-0.0,)
    l = []
    d = {}
    o = O()
    p = property(lambda s: 1)
    cm = classmethod(lambda c: 3)
    def m(self, a=1, *, k=2): return y
    def m2(self, a=1, *, k=2): return y + 1
  return C
C = mk()
"""
#: Changes of that class.
CHANGES = [
    "C.m.__defaults__ = (2,)",
    "C.m.__kwdefaults__ = {'k': 5}",
    "C.m.__doc__ = 'x'",
    "C.m.__closure__[0].cell_contents = 9",
    "C.m.__code__ = C.m2.__code__",
    "C.m.attr = 3",
    "C.p = property(lambda s: 2)",
    "C.cm = classmethod(lambda c: 4)",
    "C.l.append(1)",
    "C.d['x'] = 1",
    "C.o.x = 5",
    "C.t = (0.0,)",
    "C.v = -2",
    "del C.v",
    "C.__doc__ = 'd'",
    "C.__module__ = 'zz'",
    "C.__name__ = 'N'",
    "C.__qualname__ = 'Q'",
    "C.__bases__ = (B2,)",
    "C.__annotations__ = {'z': int}",
    "C.__match_args__ = ('a',)",
    "B.q = 3",
    "M2.z = 4",
]


def changed(source, change):
    space = {"__name__": "__main__"}
    exec(source, space)
    before = own.dumps(space["C"])
    assert before == own.dumps(space["C"]), change
    exec(change, space)
    return ids(before), ids(own.dumps(space["C"]))


@law
def whatever_changes_in_a_class_gives_it_another_id():
    for change in CHANGES:
        before, after = changed(CHANGED, change)
        assert before != after, change


#: A class that holds nothing but what is compared without being written.
PLAIN = """
import abc
def mk():
  y = 1
  class C:
    v = -1
    t = (1, ("a", -0.0))
    l = [1, [2]]
    d = {"k": 1}
    kind = int
    p = property(lambda s: 1, doc="p")
    cm = classmethod(lambda c: 3)
    sm = staticmethod(lambda: 5)
    def m(self, a=1, *, k=2): return y, C
    def n(self): return y
    def other(self): return y
    l2 = l3 = l
    same = n
  return C
C = mk()
new = lambda x: (lambda: x).__closure__[0]
"""
PLAIN_CHANGES = [
    "C.m.__defaults__ = (2,)",
    "C.m.__defaults__ = (True,)",
    "C.m.__kwdefaults__ = {'k': 2.0}",
    "C.m.__doc__ = 'x'",
    "C.m.__name__ = 'x'",
    "C.m.__qualname__ = 'x'",
    "C.m.__module__ = 'x'",
    "C.m.__annotations__ = {'a': int}",
    "C.m.__closure__[1].cell_contents = 1.0",
    "del C.m.__closure__[1].cell_contents",
    "C.n.__code__ = C.n.__code__.replace(co_firstlineno=77)",
    "C.m.attr = 3",
    "C.p = property(lambda s: 1, doc='q')",
    "C.p = property(lambda s: 1, lambda s, v: 1, doc='p')",
    "C.cm = staticmethod(C.__dict__['cm'].__func__)",
    "C.sm = classmethod(C.__dict__['sm'].__func__)",
    "C.sm = C.__dict__['sm'].__func__",
    "C.l.append(1)",
    "C.l[1].append(1)",
    "C.l = (1, [2])",
    "C.d['k'] = '1'",
    "C.d = {'k': 1, 'l': None}",
    "C.t = (1, ('a', 0.0))",
    "C.kind = float",
    "C.kind = abc.ABC",
    "C.v = C",
    "C.v = b'-1'",
    "C.v = '-1'",
    "C.v = object()",
    "C.v = C.l",
    "C.l2 = [1, [2]]; C.l3 = C.l",
    "C.same = C.other",
    "C.other = mk().other",
    "C.other = mk().other; C.n = mk().n",
    "C.__name__ = 'N'",
    "C.__qualname__ = 'N'",
    "C.__doc__ = 'd'",
    "del C.v",
]


@law
def whatever_changes_in_a_plain_class_gives_it_another_id():
    for change in PLAIN_CHANGES:
        before, after = changed(PLAIN, change)
        assert len(before) == 1 and before != after, change
    # What is only remembered is no change.
    for use in ("import copyreg; copyreg._slotnames(C)", "C().m()", "getattr(C, '__annotations__', 0)", "isinstance(3, C)", "C.m.__annotations__"):
        before, after = changed(PLAIN, use)
        assert before == after, use


@law
def copies_of_a_metaclass_fit_their_classes():
    source = "class M(type): pass\nclass B(metaclass=M):\n  def m(self): return 1\nclass C(B): v = 2"
    M1, B1, C1 = local(source, "M", "B", "C")
    M2, B2, C2 = local(source, "M", "B", "C")
    first, second = same([M1, B2]), same([C2(), C1()])
    check = "M, B = pickle.loads(x[0])\na, b = pickle.loads(x[1])\nassert a.m() + a.v == 3 and type(a).__mro__[1] is B"
    bare(pickle.dumps((first, second)), check)


INTERPRETER = """
import sys
sys.path[:] = PATH
import pickle
from interbind.pickle import own
space = {"__name__": "__main__"}
exec('''import enum
N = [0]
class M(type): pass
class B(metaclass=M):
  def __init_subclass__(cls): N.append(cls.__name__)
class C(B):
  v = -1
  def m(self): return C, N
class E(enum.Enum):
  A = 1
def f(): return f, E.A, {"x", "y"}
''', space)
obj = [space["C"], space["f"], space["C"]()]
for _ in range(5):
    one, other = pickle.loads(own.dumps(obj)), pickle.loads(own.dumps(obj, deterministic=True))
    assert one[2].m()[0] is one[0] and other[1]()[0] is other[1]
made = own.digest(obj)
assert WANTED in (None, made), made
"""


@law
def each_interpreter_writes_for_itself():
    try:
        import _interpreters as interpreters
    except ImportError:
        print("skip: this Python has no _interpreters")
        return
    space = {"PATH": sys.path, "WANTED": None}
    exec(INTERPRETER, space)
    code = f"PATH, WANTED = {sys.path!r}, {space['made']!r}\n{INTERPRETER}"
    faults = []

    def run():
        for kind in ("isolated", "legacy"):
            made = interpreters.create(kind)
            try:
                raised = interpreters.exec(made, code)
                if raised:
                    faults.append(raised.formatted)
            finally:
                interpreters.destroy(made)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]


@law
def a_class_that_comes_back_is_the_class_that_went():
    there = """
import pickle, sys
from interbind.pickle import own
x = pickle.loads(sys.stdin.buffer.read())
x.back = type(x)
first = own.dumps(x)
type(x).changed = True
second = own.dumps([x, type(x)(), {"n": [type(x)]}])
sys.stdout.buffer.write(pickle.dumps((first, second)))
"""
    C = local("class B: pass\nclass C(B):\n  n = 0\n  def me(self): return C", "C")
    for options in ({}, {"identity": "content"}, {"deterministic": True}):
        done = subprocess.run([sys.executable, "-c", there], input=own.dumps(C(), **options), stdout=subprocess.PIPE, check=True)
        first, second = pickle.loads(done.stdout)
        back = pickle.loads(first)
        assert (type(back) is C and back.back is C and back.me() is C) or options
        # Its id comes from what it is made of, unless bytes may differ.
        D, E = local("class D: v = 1", "D"), local("class D: v = 1", "D")
        assert ids(own.dumps(D, identity="content")) == ids(own.dumps(D)) == ids(own.dumps(E))
        D.v = E.v = 2
        assert not ids(own.dumps(D, deterministic=False)) & ids(own.dumps(E))
        # Changed there, it is another one.
        other = pickle.loads(second)[0]
        assert type(other).changed and not hasattr(C, "changed") and type(other) is not C


@law
def instances_have_pythons_bytes_whatever_their_metaclass_says():
    home = sys.modules["data_home"] = type(sys)("data_home")
    try:
        for name in ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__class__", "__slots__", "other"):
            source = f"class M(type):\n  {name} = property(lambda cls: 5)\nclass C(metaclass=M): pass\nc = C()\nc.v = 1"
            exec(source if name != "__slots__" else source.replace("  __slots__", "  pass\nM.__slots__"), vars(home))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                wanted, made = (call(module, home.c, protocol) for module in (pickle, own) for call in (attempt,))
                assert made == wanted, (name, protocol, made, wanted)
    finally:
        del sys.modules["data_home"]


def attempt(module, obj, protocol):
    try:
        return module.dumps(obj, protocol)
    except Exception as error:
        return type(error).__name__


# --- modules

#: A module of a user's that hides one of Python's.
HIDING = """
K = [7]
class A:
  def m(self): return K
def f(): return K
"""
DUMPS_HIDING = """
import pickle, sys
from interbind.pickle import digest, own

folder = sys.argv[1]
sys.path.insert(0, folder)
for name in sys.argv[2:]:
    sys.modules.pop(name, None)
    module = __import__(name)
    assert module.__file__.startswith(folder)
    data = own.dumps((module.f, module.A), by_value=[name])
    with open(f"{folder}/{name}.pkl", "wb") as file:
        file.write(data)
    before = digest(module.f, code="project")
    module.K.append(1)
    assert digest(module.f, code="project") != before, name
"""


@law
def a_users_module_named_as_one_of_pythons():
    names = ["colorsys", "this", "antigravity"]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            with open(os.path.join(folder, name + ".py"), "w") as file:
                file.write(HIDING)
        done = subprocess.run([sys.executable, "-c", DUMPS_HIDING, folder, *names], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr.decode()[-800:]
        for name in names:
            with open(os.path.join(folder, name + ".pkl"), "rb") as file:
                bare(file.read(), f"assert x[0]() == [7] and x[1]().m() == [7] and {name!r} not in sys.modules")


PACKAGE = {
    "__init__.py": (
        "import warnings\nfrom . import sub\nV = 3\n__annotations__ = {}\n"
        "def f():\n  warnings.warn('x')\n  return V, sub.W\n"
    ),
    "sub/__init__.py": "W = 4\nfrom . import leaf\nx: int = 3\n",
    "sub/leaf.py": "def g(): return 9\nclass K: pass\n",
}


def package_dumps(use):
    """Return what is written of a package that lies in a folder of its own; `use`: after it has warned."""
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "shp_pkg", "sub"))
        for name, text in PACKAGE.items():
            with open(os.path.join(folder, "shp_pkg", name), "w") as file:
                file.write(text)
        sys.path.insert(0, folder)
        importlib.invalidate_caches()
        try:
            import shp_pkg

            if use:
                with warnings.catch_warnings():
                    warnings.simplefilter("always")
                    shp_pkg.f()
            made = [same(obj, by_value="shp_pkg") for obj in (shp_pkg, shp_pkg.f, shp_pkg.sub.leaf.K)]
            return [*made, own.digest(shp_pkg, by_value="shp_pkg")]
        finally:
            sys.path.remove(folder)
            for name in [name for name in sys.modules if name.startswith("shp_pkg")]:
                del sys.modules[name]


@law
def a_module_by_value_has_no_folder():
    first, second = package_dumps(use=False), package_dumps(use=True)
    bare(first[0], "assert x.V == 3 and x.sub.W == 4 and x.sub.leaf.g() == 9 and x.sub.__name__ == 'shp_pkg.sub'")
    assert first == second


# --- the stream

#: Functions whose code has the same bytes, the same names and other constants.
ALIKE = "".join(f"def f{n}(a, b=2):\n  t = a + {n + 1000}\n  return [t, b, OTHER, len(str(t))]\n" for n in range(100))


@law
def what_code_objects_have_in_common_is_written_once():
    made = local("OTHER = 7\n" + ALIKE, *(f"f{n}" for n in range(100)))
    assert {function.__code__.co_code for function in made} == {made[0].__code__.co_code}
    for options in ({}, {"deterministic": True}):
        data = own.dumps(made, **options)
        assert data.count(made[0].__code__.co_code) == 1 and data.count(b"OTHER") == 1
        # Of each function: name, place and constants, and two dozen references.
        assert len(data) < 8_000, len(data)
        bare(data, "assert [f(1)[0] for f in x] == list(range(1001, 1101)) and x[7](1) == [1008, 2, 7, 4] and x[7].__qualname__ == 'f7'")


@law
def which_of_two_equal_tuples_it_is_doesnt_count():
    def make(content, default):
        def f(a=default):
            return content, a

        return f

    def new(*items):
        return tuple(list(items))

    shared, deep = new(1, "a"), new(1, new(2))
    for equal in (lambda: new(1, "a"), lambda: new(1, new(2)), lambda: new(1, new(int, frozenset([3])))):
        one = equal()
        assert same([make(one, one), make(one, one)]) == same([make(equal(), equal()), make(equal(), equal())])
    bare(same([make(shared, deep), make(shared, deep)]), "assert [f() for f in x] == [((1, 'a'), (1, (2,)))] * 2")


@law
def defaults_may_lead_back_to_the_function():
    source = "def f(a=[]): return a\ndef g(a=(1, [2])): return a\nf.__defaults__[0].append(f)\ng.__defaults__[0][1].append(g)"
    f, g = local(source, "f", "g")
    for options in ({}, {"deterministic": True}):
        bare(own.dumps([f, g], **options), "f, g = x\nassert f() == [f] and g()[1] == [2, g]")


# --- order

class Unequal:
    """Each is another one, and all hash alike."""

    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return False


def sorted_digest(obj):
    return own.digest(obj, sort_keys=True)


@law
def sort_keys_takes_any_keys():
    keys = [1, "1", None, (1,), b"x", 1.5, frozenset([1]), int, 1j]
    digests = set()
    for seed in range(6):
        items = list(zip(keys, "abcdefghi"))
        random.Random(seed).shuffle(items)
        digests.add(sorted_digest(dict(items)))
    assert len(digests) == 1
    assert len({sorted_digest({key: "a"}) for key in (1, True, 1.0)}) == 3
    assert sorted_digest({Unequal(1): 1})
    nan = float("nan")
    assert sorted_digest({nan: 1, float("nan"): 2}) == sorted_digest({float("nan"): 2, nan: 1})
    assert sorted_digest({nan: 1, float("nan"): 2}) != sorted_digest({nan: 1, float("nan"): 3})


@law
def sort_keys_takes_keys_that_look_alike():
    N = local("class N:\n  def __init__(self, v): self.v = v", "N")
    one, other = N(1), N(1)
    assert sorted_digest({one: "a", other: "b"}) == sorted_digest({other: "b", one: "a"})
    # One of them is referred to again.
    assert sorted_digest([{one: 1, other: 2}, one]) == sorted_digest([{other: 2, one: 1}, one])
    assert sorted_digest([{one: 1, other: 2}, one]) != sorted_digest([{one: 1, other: 2}, other])


@law
def members_that_look_alike_have_an_order_or_are_refused():
    node = "class N:\n  def __init__(s, *o): s.o = list(o)\n"
    ring = node + "a, b, c, d = N(), N(), N(), N()\na.o, b.o, c.o, d.o = [b], [c], [d], [a]\n"
    shared = "L = [1]\ndef f(a): return L\ndef g(a): return L"
    counters = "def mk():\n  n = 0\n  def inc():\n    nonlocal n\n    n += 1\n  def get(): return n\n  return inc, get\np, q = mk(), mk()"

    def both(source, *names):
        return local(source, *names) + local(source, *names)

    def globals_of():
        f, g, other, _ = both(shared, "f", "g")
        return {f, other}, g

    def cells():
        p, q = local(counters, "p", "q")
        return {p[0], q[0]}, p[1]

    # Which of two neighbours comes first shows in what the other one is.
    for make in (lambda: set(local(ring, "a", "b")), globals_of, cells):
        assert "look alike" in fails(pickle.PicklingError, same, make())
    # These can change places.
    opposite = lambda: set(local(ring, "a", "c"))  # noqa: E731
    crossed = node + "s, t = N(), N()\nS = {N(s, t), N(t, s)}"
    for make in (opposite, lambda: local(crossed, "S")):
        assert len({same(make()) for _ in range(10)}) == 1
    turned = node + "s, t, u = N(), N(), N()\nS = {N(s, t), N(t, u)}"
    assert "look alike" in fails(pickle.PicklingError, same, local(turned, "S"))
    make = local("def make():\n  class T:\n    def m(self): return T\n  return T", "make")
    A, B = make(), make()
    A.other, B.other = B, A
    assert same({A, B}) == same({B, A})


# --- source

def source_module(text, name):
    path = os.path.join(tempfile.mkdtemp(), name + ".py")
    with open(path, "w") as file:
        file.write(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PYTHONS = [sys.executable, *filter(None, os.environ.get("INTERBIND_OTHER_PYTHONS", "").split(os.pathsep))]

#: Constants that are equal, or look alike, and aren't the same.
SIGNS = """
def a(): return 0.0
def b(): return -0.0
def c(): return (1, (True, 1.0, 0.0, -0.0, 1j, -1j))
zeros = [lambda: 0.0, lambda: -0.0]
ones = [lambda: 1, lambda: True, lambda: 1.0]
tuples = [lambda: (1,), lambda: (True,), lambda: (1.0,), lambda: (0.0,), lambda: (-0.0,)]
complexes = [lambda: complex(0.0, -0.0), lambda: 0j, lambda: -0j]
obj = [a, b, c, *zeros, *ones, *tuples, *complexes]
"""


@law
def source_keeps_signs_and_classes_of_constants():
    module = source_module(SIGNS, "made_signs")
    data = own.dumps(module.obj, portable="source", by_value=[module])
    wanted = [repr(function()) for function in module.obj]
    for python in PYTHONS:
        bare(data, f"assert [repr(function()) for function in x] == {wanted!r}, x", python=python)


def version_of(python):
    said = subprocess.run([python, "-I", "-S", "-c", "import sys; print(*sys.version_info[:2])"], stdout=subprocess.PIPE, check=True)
    return tuple(map(int, said.stdout.split()))


@law
def source_means_the_same_on_every_python():
    faults = []
    versions = {python: version_of(python) for python in PYTHONS}
    for snippet in SNIPPETS:
        if sys.version_info[:2] < snippet.since:
            continue
        module = source_module(snippet.source, "snippet_" + snippet.name)
        try:
            data = own.dumps(module.f, portable="source", by_value=[module])
        except Exception as error:
            faults.append(f"{snippet.name}: refused: {error}")
            continue
        for python, version in versions.items():
            if version >= snippet.loads_since:
                try:
                    bare(data, f"assert {snippet.check}", python=python)
                except AssertionError as error:
                    faults.append(f"{snippet.name} on {python}: {error}")
    assert not faults, "\n".join(faults)


# --- instances that answer whatever they are asked for

ANSWERING = """
class Answers:
  def __getattr__(self, name): return lambda *_: name
class Inner:
  def __init__(self, inner): self.inner = inner
  def __getattr__(self, name): return getattr(self.inner, name)
class All:
  __slots__ = ("a", "b")
  def __getattribute__(self, name): return 7
class Meta(type):
  def __getattribute__(cls, name): return 3
class OfMeta(metaclass=Meta):
  v = 1
  def __init__(self): self.w = 2
  def m(self): return self.w
class Both(OfMeta):
  def __getattr__(self, name): return 4
"""


@law
def what_instances_answer_is_not_asked_for():
    Answers, Inner, All, Both = local(ANSWERING, "Answers", "Inner", "All", "Both")
    answers, inner, all_, both = Answers(), Inner({1: 2}), All(), Both()
    answers.v = [answers]
    object.__setattr__(all_, "a", all_)
    graph = [answers, inner, all_, both]
    check = """
answers, inner, all_, both = x
assert answers.v[0] is answers and answers.q() == "q" and inner.inner == {1: 2} and list(inner.keys()) == [1]
assert object.__getattribute__(all_, "a") is all_ and all_.q == 7 and not type(all_).__dictoffset__
assert both.m() == 2 and both.q == 4 and type(both).q == 3 and type.__getattribute__(type(both), "v") == 1
"""
    for data in (own.dumps(graph), same(graph), own.dumps(graph, identity=None), own.dumps(graph, 4)):
        bare(data, check)
    # Python's own pickler in Python loads it too: it asks by other ways.
    for stream in (own.dumps(graph), same(graph)):
        exec(check, {"x": pickle._loads(stream)})
    assert own.digest(graph) == own.digest(graph)


@law
def instances_found_by_name_have_pythons_bytes():
    module = types.ModuleType("answering")
    sys.modules["answering"] = module
    try:
        exec(ANSWERING.replace("3", "type.__getattribute__(cls, name)"), module.__dict__)
        answers, inner = module.Answers(), module.Inner(1)
        answers.v = 1
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            for obj in (inner, [inner, inner]) + ((answers,) if sys.version_info >= (3, 11) and protocol >= 2 else ()):
                assert own.dumps(obj, protocol) == pickle.dumps(obj, protocol), (protocol, obj)
    finally:
        del sys.modules["answering"]


@law
def hooks_of_instances_still_count():
    source = """
class C:
  def __getattr__(self, name): return 42
  def __reduce_ex__(self, protocol): return made, (protocol,)
class D(C):
  def __reduce_ex__(self, protocol): return object.__reduce_ex__(self, protocol)
  def __getstate__(self): return {"w": 1}
class E(C):
  def __reduce_ex__(self, protocol): return "name"
def made(protocol): return ["made", protocol]
"""
    C, D, E = local(source, "C", "D", "E")
    bare(own.dumps([C(), D()], 5), "assert x[0] == ['made', 5] and x[1].w == 1 and x[1].q == 42")
    fails(pickle.PicklingError, own.dumps, E())
    seen = []

    class Pickler(own.Pickler):
        def reducer_override(self, obj):
            seen.append(type(obj).__name__)
            return (list, ()) if type(obj).__name__ == "C" else NotImplemented

    file = io.BytesIO()
    Pickler(file).dump([C()])
    assert pickle.loads(file.getvalue()) == [[]] and seen == ["C", "type"]


@law
def a_method_of_a_class_that_is_there_is_that_classs_own():
    source = """
class C:
  @classmethod
  def m(cls): return cls.__name__
  def n(self): return 1
C.bound = C.m
"""
    C = local(source, "C")
    for obj in (C.m, [C.m, C], [C, C.m]):
        data = same(obj)
        loaded = own.loads(data)
        assert loaded == obj and same(loaded) == data
    bare(same([C.m, C]), "assert x[0].__self__ is x[1] and x[0].__func__ is x[1].m.__func__ and x[0]() == 'C' == x[1].bound()")
    other = types.MethodType(lambda cls: 3, C)
    bare(own.dumps([other, C]), "assert x[0]() == 3 and x[0].__self__ is x[1]")


# --- depth

@law
def a_chain_of_functions_is_none_of_calls():
    def wrap(f):
        return lambda: f

    def link(g):
        def f():
            return G  # noqa: F821

        return types.FunctionType(f.__code__, {"G": g, "__name__": "__main__"})

    def default(f):
        def g(f=f):
            return f

        return g

    def attribute(f):
        def g():
            return 1

        g.f = f
        return g

    def method(f):
        return type("C", (), {"f": lambda self: f, "__module__": "__main__"})

    depth = 100_000
    for make, next_one in (
        (wrap, lambda f: f()),
        (link, lambda f: f()),
        (default, lambda f: f()),
        (attribute, lambda f: f.f),
    ):
        made = 1
        for _ in range(depth):
            made = make(made)
        loaded = pickle.loads(own.dumps(made))
        for _ in range(depth):
            loaded = next_one(loaded)
        assert loaded == 1, make
    made = 1
    for _ in range(200):
        made = method(made)
    loaded = pickle.loads(own.dumps(made))
    for _ in range(200):
        loaded = loaded().f()
    assert loaded == 1


@law
def cells_that_a_closure_has_twice_stay_one():
    def two():
        a = b = 1

        def both(set=None):
            nonlocal a, b
            if set is not None:
                a = set
            return a, b

        return both

    one = two()
    cell = types.CellType(5)
    f = types.FunctionType(one.__code__, {}, "both", (None,), (cell, cell))
    for data in (own.dumps(f), same(f)):
        bare(data, "assert x() == (5, 5) and x(6) == (6, 6)")


@law
def fast_mode_takes_functions_and_classes():
    source = """
class C:
  def __init__(self): self.v = [1]
  def m(self): return C, __class__
def make():
  n, l = 0, [1]
  def f(again=None):
    nonlocal n
    n += 1
    return n, l, f, C
  return f
f = make()
"""
    C, f = local(source, "C", "f")
    for protocol in (4, 5):
        file = io.BytesIO()
        pickler = own.Pickler(file, protocol)
        pickler.fast = True
        pickler.dump([C, f, C(), f])
        bare(file.getvalue(), "C, f, c, g = x\nassert f()[2:] == (f, C) and f()[:2] == (2, [1]) and g is f and c.m() == (C, C) and c.v == [1]")


# --- memory

@law
def a_failed_allocation_is_a_memory_error_and_the_next_dump_is_right():
    try:
        import _testcapi
    except ImportError:
        print("skip: this Python has no _testcapi")
        return
    if sys.version_info < (3, 14):
        # Where it can't make a function or a generator, it gives a reference to its code away twice.
        print("skip: this Python doesn't survive it by itself")
        return
    source = """
class B:
  def __init_subclass__(cls): pass
class C(B):
  k = [1]
  def m(self): return K, C
  @classmethod
  def c(cls): return cls
class G:
  def __getattr__(self, n): return 1
class S:
  __slots__ = ("a",)
def make():
  n = [0]
  def f(x, y=(1, 2), *, z=3):
    nonlocal n
    return x, y, z, n, C, f
  return f
f, g, K = make(), G(), {1, 2}
g.v = [1]
"""
    f, C, G, S, g = local(source, "f", "C", "G", "S", "g")
    for obj in (f, C, (C.c, g, S), [f, C(), S()]):
        for call in (own.dumps, same, own.digest):
            expected, quiet, at = call(obj), 0, 0
            while quiet < 5:
                at += 1
                try:
                    _testcapi.set_nomemory(at, at + 1)
                    try:
                        call(obj)
                    finally:
                        _testcapi.remove_mem_hooks()
                    quiet += 1
                except MemoryError:
                    quiet = 0
                assert call(obj) == expected, (call, at)


# --- submodules

@law
def whether_a_submodule_has_been_imported_does_not_count():
    with tempfile.TemporaryDirectory() as folder:
        package = os.path.join(folder, "lazily")
        os.makedirs(os.path.join(package, "inner"))
        files = {
            "__init__.py": "def __getattr__(name):\n  import importlib\n  return importlib.import_module('lazily.' + name)\ndef own(): return 1\n",
            "inner/__init__.py": "from . import deepest\n",
            "inner/deepest.py": "value = 3\n",
            "own.py": "value = 4\n",
        }
        for name, content in files.items():
            with open(os.path.join(package, name), "w") as file:
                file.write(content)
        code = f"""
import sys
sys.path.insert(0, {folder!r})
import lazily
if sys.argv[1:]: import lazily.inner.deepest
from interbind.pickle import own
space = dict(__name__="__main__", lazily=lazily)
exec("def f(): return lazily.inner.deepest.value, lazily.own()", space)
data = own.dumps(space["f"], deterministic=True)
if sys.argv[1:]: assert space["f"]() == own.loads(data)() == (3, 1)
print(data.hex(), own.digest(space["f"]))
"""
        path = os.pathsep.join(sys.path)
        runs = [
            subprocess.run([sys.executable, "-c", code, *more], stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=path), check=True).stdout
            for more in ((), ("imported",))
        ]
        assert runs[0] == runs[1]


# --- threads

@law
def threads_may_change_what_is_written():
    source = """
def make(n):
  K = [n]
  class B:
    def __init_subclass__(cls): pass
  class C(B):
    __slots__ = ("a",)
    l, s, d = [1, 2], {"a", (1, 2)}, {"k": 1}
    def m(self, a=1, *, k=2): return K, C, n
  def f(a=1, *, b=2):
    nonlocal n
    n += 1
    return C, K, n
  c = C()
  c.a = 1
  return C, f, c, K
C, f, c, K = make(1)
"""
    C, f, c, K = obj = local(source, "C", "f", "c", "K")
    until, odd = time.monotonic() + 1.5, []

    def change():
        at = 0
        while time.monotonic() < until:
            at += 1
            C.l[:] = range(at % 40)
            C.s.add(at % 50)
            C.s.discard((at + 7) % 50)
            C.d[at % 50] = at
            C.d.pop((at + 9) % 50, None)
            setattr(C, f"n{at % 5}", at)
            if hasattr(C, f"n{(at + 2) % 5}"):
                delattr(C, f"n{(at + 2) % 5}")
            f.__defaults__, f.__kwdefaults__, f.__dict__, f.__doc__ = (at,), {"b": at}, {"tag": {at: at}}, str(at)
            f.__code__ = f.__code__.replace(co_name=f"f{at % 3}")
            f.__annotations__ = {"a": at}
            c.__dict__ = {"x": [at]}
            c.y = at
            K[:] = range(at % 30)
            f.__closure__[1].cell_contents = [at]

    def write():
        while time.monotonic() < until:
            for call in (own.dumps, same, own.digest, lambda obj: own.dumps(obj, identity=None)):
                try:
                    made = call(obj)
                    if isinstance(made, bytes):
                        pickle.loads(made)
                except RuntimeError as error:
                    if "changed" not in str(error):
                        odd.append(repr(error))
                except BaseException as error:
                    odd.append(repr(error))

    threads = [threading.Thread(target=change)] + [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not odd, odd[:5]


@law
def sets_have_one_order_in_every_protocol():
    there = """
import sys
from interbind.pickle import own
words = {"a", "b", "c", "d"}
made = [words, frozenset("abcdef"), {frozenset("ab"), frozenset("cd")}, {1, "a", 2.5, None, (1, 2)}, {(1, "x"), (2, "y")}]
for protocol in range(6):
    sys.stdout.buffer.write(own.dumps(made, protocol, deterministic=True))
"""
    path = os.pathsep.join(sys.path)
    said = {
        subprocess.run([sys.executable, "-c", there], stdout=subprocess.PIPE, env=dict(os.environ, PYTHONPATH=path, PYTHONHASHSEED=seed), check=True).stdout
        for seed in "12345"
    }
    assert len(said) == 1 and next(iter(said)), said


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
