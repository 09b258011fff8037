#!/usr/bin/env python3
"""What function records promise, law by law, on modules of C and C++.

    laws.py [first=MODULE] [NAME…]    with `function`, `functioncpp` and `around.function` on the path; `limited` where it is built

Each law runs in a process of its own and prints `holds: name`, or why it doesn't, or `skip: why`. The module that is `first` is
imported there before all others, so the class of functions is its.
"""

import copy
import faulthandler
import functools
import gc
import importlib
import importlib.util
import inspect
import io
import itertools
import os
import pickle
import pickletools
import pydoc
import subprocess
import sys
import threading
import types
import unittest.mock
import weakref

LAWS = []
PYPY = sys.implementation.name == "pypy"


def law(function):
    LAWS.append(function)
    return function


def overwriting(function):
    """Freed memory is overwritten in the law's process, so that what is read after it was freed is seen."""
    function.environment = {"PYTHONMALLOC": "debug"}
    return function


class Skip(Exception):
    pass


def fails(kinds, call, *arguments, **names):
    try:
        made = call(*arguments, **names)
    except kinds as error:
        return str(error)
    raise AssertionError(f"nothing was raised, but {made!r:.100} returned")


def picklers():
    found = {"_pickle": pickle.dumps, "pickle": pickle._dumps}
    for name in ("cloudpickle", "dill"):
        if importlib.util.find_spec(name):
            found[name] = importlib.import_module(name).dumps
    return found


def every(module):
    """Every kind of callable of a module, by its path."""
    for holder in ("", "sub.", "hidden."):
        for path in "deep", "K.method", "K.still", "K.of.__func__", "K.In.method", "K.In.still", "K.In.of.__func__":
            yield holder + path, functools.reduce(getattr, (holder + path).split("."), module)
    # What CPython itself reduces to the class, which can't be found in a module that isn't registered.
    for path in "K.of", "K.In.of", "sub.K.of", "sub.K.In.of":
        yield path, functools.reduce(getattr, path.split("."), module)


FRESH = """
import functools, importlib, json, pickle, sys
assert not any(name.split('.')[0] in ('function', 'around') for name in sys.modules)
for module, path, streams in json.load(open(sys.argv[1])):
    loaded = [pickle.loads(bytes.fromhex(stream)) for stream in streams]
    found = functools.reduce(getattr, path.split('.'), importlib.import_module(module))
    assert all(one == found and type(one) is type(found) for one in loaded), (path, loaded)
print('fresh')
"""


@law
def a_function_tells_its_names():
    import function
    dot = function.dot
    assert (dot.__name__, dot.__qualname__, dot.__module__) == ("dot", "dot", "function")
    assert repr(dot) == "<native function function.dot>"
    assert repr(function.sub.K.method) == "<native function function.sub.K.method>"
    assert function.sub.K.In.method.__qualname__ == "K.In.method"
    assert type(dot).__name__.startswith("function_1_0_") and type(dot).__module__ == "interbind"
    assert dot.__doc__ == "dot(x: float, y: float = 1.0)\nMultiplies."
    import around.function as inside
    assert repr(inside.sub.deep) == "<native function around.function.sub.deep>"
    for module in function, inside:
        assert not [name for name in dir(module) if "interbind" in name or "record" in name]


@law
def inspect_and_help_know_it():
    import function
    dot = function.dot
    assert str(inspect.signature(dot)) == dot.__text_signature__ == "(x, y=1.0)"
    assert str(inspect.signature(function.call)) == "(arg0, /, *args)"
    assert function.what.__text_signature__ is None
    fails(ValueError, inspect.signature, function.what)
    assert str(inspect.signature(function.K().method)) == "()" and str(inspect.signature(function.K.method)) == "(self, /)"
    assert inspect.isroutine(dot) and callable(dot)
    shown = pydoc.plain(pydoc.render_doc(dot))
    assert "dot(x, y=1.0)" in shown and "Multiplies." in shown, shown
    shown = pydoc.plain(pydoc.render_doc(function.K))
    assert "method(self, /)" in shown and "Class methods" in shown and "Static methods" in shown, shown


@law
def tools_take_it_for_a_function_of_c():
    import function
    for one in function.dot, function.K.method, function.K.still, function.sub.deep:
        # PyPy has another type for functions of C.
        assert PYPY or inspect.isbuiltin(one) and isinstance(one, types.BuiltinFunctionType)
        assert inspect.isroutine(one)
        # What it is, its type says.
        assert type(one) is not types.BuiltinFunctionType and not inspect.isfunction(one) and not inspect.isclass(one)
        assert inspect.ismethoddescriptor(one) or PYPY
        assert one.__name__ in pydoc.render_doc(one)


@law
def a_default_that_cannot_be_read_back_shows_as_dots():
    import function

    class Loud:
        def __repr__(self):
            raise ValueError("loud")

    for value, shown in ((1, "(value=1)"), ("a", "(value='a')"), (None, "(value=None)"), ([], "(value=...)"), (float("nan"), "(value=...)"), (Loud(), "(value=...)")):
        made = function.make("f", value)
        assert made.__text_signature__ == shown, made.__text_signature__
        [parameter] = inspect.signature(made).parameters.values()
        assert parameter.default is ... if "..." in shown else parameter.default == value
    assert function.make("f", Loud()).__doc__ == "f(value=...)"
    # Python writes no number of so many digits.
    long = function.make("f", 10**5000)
    assert long.__doc__ == "f(value=...)" and (long.__text_signature__ == "(value=...)" or PYPY)


@law
def attributes_are_set_as_those_of_a_function_of_python():
    import function
    made = function.make("f", 1)
    made.__name__, made.__qualname__, made.__doc__, made.__module__ = "a", "b.a", "text", "c"
    assert (made.__name__, made.__qualname__, made.__doc__, made.__module__) == ("a", "b.a", "text", "c")
    for name in "__name__", "__qualname__":
        fails(TypeError, setattr, made, name, 5)
        fails(TypeError, delattr, made, name)
    for value in 5, None, made, ["a"]:
        made.__doc__ = made.__module__ = value
        assert made.__doc__ is made.__module__ is value
    del made.__doc__, made.__module__
    assert made.__doc__ is made.__module__ is None
    made.__doc__ = "again"
    assert made.__doc__ == "again" and "__doc__" not in made.__dict__
    made.other = 3
    assert made.__dict__["other"] == 3 and made.other == 3
    made.__dict__ = {"only": 1}
    assert made.only == 1 and not hasattr(made, "other")
    fails(TypeError, setattr, made, "__dict__", 5)
    fails(AttributeError, setattr, made, "__text_signature__", "()")
    fails(AttributeError, setattr, made, "__call__", len)

    class Name(str):
        pass

    made.__name__ = Name("n")
    assert type(made.__name__) is str


@law
def wrappers_and_mocks_take_it():
    import function

    @functools.wraps(function.dot)
    def wrapped(*args):
        return function.dot(*args)

    assert (wrapped.__name__, wrapped.__module__, wrapped.__doc__) == ("dot", "function", function.dot.__doc__)
    assert str(inspect.signature(wrapped)) == "(x, y=1.0)"
    made = function.make("f", 1)
    functools.update_wrapper(made, wrapped)
    assert made.__wrapped__ is wrapped and made.__name__ == "dot"
    mock = unittest.mock.create_autospec(function.dot, return_value=3)
    assert mock(1) == mock(1, y=2) == 3
    fails(TypeError, mock)
    fails(TypeError, mock, 1, 2, 3)
    assert functools.partial(function.dot, 2)(3) == 6.0
    assert staticmethod(function.dot).__get__(None, int)(2) == 2.0


@law
def arguments_come_by_place_and_by_name():
    import function
    dot, what = function.dot, function.what
    assert dot(2) == dot(x=2) == dot(2, 1) == dot(y=1, x=2) == dot(*(2,), **{"y" + "": 1}) == 2.0
    for call in (lambda: dot(), lambda: dot(1, 2, 3), lambda: dot(1, x=2), lambda: dot(1, z=2), lambda: dot(y=1)):
        said = fails(TypeError, call)
        assert said.startswith("dot(): incompatible arguments (") and said.endswith("takes:\n  dot(x: float, y: float = 1.0)"), said
    assert what(1) == "int 1" and what("a") == what(text="a") == "text a" and what("a", loud=True) == "text a!"
    assert what("a", True) == (("a", True), {}) and what() == ((), {}) and what(1, b=2) == ((1,), {"b": 2})
    assert what(name=1) == ((), {"name": 1})
    assert function.K().still() is None and function.K.of() is function.K
    thing = function.K()
    assert thing.method() is thing and function.K.method(thing) is thing and thing.method.__self__ is thing
    said = fails(TypeError, function.never, 1, int)
    assert said == "never(): incompatible arguments (int, type[int]); takes:\n  never(x: float, y: float = 1.0, /)", said


@law
def what_is_not_given_by_place_has_its_default():
    import functioncpp
    either = functioncpp.either
    assert either(1.0) == 6.0 and either(1.0, 1) == 5.0 and either(1, 1, 1) == 3.0 and either(y=1, x=1) == 5.0
    assert either("a") == "a5" and either("a", 1) == "a1" and either(x="a") == "a5"
    for arguments in (), (None,), ("a", 2.5), (1, 2, 3, 4), ("a", 1, 1):
        said = fails(TypeError, either, *arguments)
        assert said.startswith("either(): incompatible arguments (") and len(said.splitlines()) == 3, said
    assert "(NoneType)" in fails(TypeError, either, None)

    class Number:
        def __float__(self):
            raise KeyError("mine")

    assert "mine" in fails(KeyError, either, Number())


@law
def names_reach_their_parameters_whatever_text_they_are():
    import functioncpp
    dot, either, y = functioncpp.dot, functioncpp.either, "".join(["", "y"])
    for name in "y", y, type("Text", (str,), {})("y"):
        assert dot(2, **{name: 3}) == 6.0 and dot(**{"x": 2, name: 3}) == 6.0, name
    assert either(1, z=5) == 8.0 and either(z=5, x=1) == 8.0 and either(1, y=0, z=0) == 1.0 and either("a", y=1) == "a1"
    for names in {"x": 1}, {"w": 1}, {"y": 1, "w": 2}, {"y": "text"}, {"": 1}:
        assert fails(TypeError, dot, 2, **names).startswith("dot(): incompatible arguments"), names
    for names in {"y": 1}, {"z": 1}:
        assert fails(TypeError, either, **names).startswith("either(): incompatible arguments"), names
    assert functioncpp.given(None, x=2.5) == 2.5 and functioncpp.given(x=2.5, f=None) == 2.5 and functioncpp.given(f=None) == 1.0
    # A reference too few to a default would have freed it by now, and another number would be there.
    for number in range(1000):
        dot(2.5, y=1e300), either(z=5, x=1), dot(x=2.5), fails(TypeError, dot, y=1)
    kept = [number + 0.5 for number in range(1000)]
    assert dot(x=2.5) == dot(2.5) == 2.5 and either(z=5, x=1) == 8.0 and len(kept) == 1000


@law
def a_converter_that_runs_no_python_is_called_without_being_counted():
    import functioncpp
    # The method's object is converted by its class alone: a callback among numbers is counted all the same.
    box = functioncpp.Box()
    assert box.plus(2.5) == 2.5 and box.plus(x=1) == 1.0 and functioncpp.Box.plus(box, 2) == 2.0
    for wrong in (lambda: functioncpp.Box.plus(1, 2), lambda: box.plus("a"), lambda: box.plus()):
        assert fails(TypeError, wrong).startswith("Box.plus(): incompatible arguments")

    class Endless:
        pass

    Endless.__float__ = functools.partialmethod(lambda self: box.plus(self))
    fails(RecursionError, box.plus, Endless())
    functioncpp.aim(box.fire)
    fails(RecursionError, box.fire)
    functioncpp.aim(int)
    assert box.fire() is None


@law
@overwriting
def a_default_lives_as_long_as_the_call_that_it_is_given_to():
    import functioncpp
    partial, gone = functools.partial(functioncpp.text), []

    def go():
        partial.__setstate__((len, (), {}, {}))
        del functioncpp.text
        gc.collect()
        gone.extend(bytearray(b"\xff" * size) for size in range(16, 512, 8) for _ in range(20))

    functioncpp.aim(int)
    assert partial() == "kept by nobody else"
    functioncpp.aim(go)
    assert partial() == "kept by nobody else" and gone


@law
def parameters_that_cannot_be_are_refused_when_the_function_is_made():
    import function
    for kinds in ((), (0, 1, 2, 3, 4), (1, 3, 3), (0, 0), (-1, 1)):
        assert function.wrong(kinds[:4]) is None, kinds
    for kinds in ((1, 0), (2, 2), (4, 4), (5,), (2**31,), (4, 3), (-2,), (-3,), (3, 1)):
        assert "can't be" in fails(ValueError, function.wrong, kinds), kinds


@law
def what_an_author_gets_wrong_is_said_when_the_function_is_made():
    import function
    holder = types.ModuleType("holder")
    for what, said in enumerate((
        "'NULL' has no name", "'mistaken' has no name, no call", "no parameters where", "parameter 1 of 'mistaken' has the name of another",
        "parameter 1 of 'mistaken' has no default, and the one before has", "has a default, and takes the rest", "has a default, and takes the rest",
        "an argument is NULL", "an argument is NULL", "too many parameters", "utf-8", "utf-8",
    )):
        assert said in fails((ValueError, SystemError), function.mistake, what, holder), what
    assert not hasattr(holder, "mistaken")
    for answer in 5, None, b"K", ["K"]:
        class Meta(type):
            def __getattribute__(self, name):
                return answer if name == "__qualname__" else super().__getattribute__(name)

        kind = Meta("K", (), {})
        assert "the name of a class must be a str, not" in fails(TypeError, function.mistake, 99, kind)
        assert not hasattr(kind, "mistaken")
        holder.__name__ = answer
        assert "the name of a module must be a str, not" in fails(TypeError, function.mistake, 99, holder)
    holder.__name__ = "holder"
    assert function.mistake(99, holder) is None and holder.mistaken(1, b=2) == 1


@law
def what_a_hook_raises_is_raised_and_ends_the_call():
    import function

    class Bad:
        def __float__(self):
            raise KeyError("mine")

    assert "mine" in fails(KeyError, function.dot, Bad())
    assert "mine" in fails(KeyError, function.dot, x=Bad())


@law
def a_function_that_is_replaced_while_it_runs_ends_its_call():
    import function
    made = [function.make("f", [1])]
    seen = weakref.ref(made[0])

    class Callee:
        def __call__(self, *args):
            function.call = None
            del function.what
            made.clear()
            gc.collect()
            return args

    assert function.call(Callee(), 1, 2) == (1, 2) and function.call is None
    if not PYPY:
        assert seen() is None


@law
def a_function_that_its_caller_lets_go_ends_its_call():
    import functioncpp

    class Going:
        def go(self):
            # A partial doesn't hold what it calls, and here nobody else does.
            partial.__setstate__((len, (), {}, {}))
            gc.collect()
            gone.extend(bytearray(b"\xff" * size) for size in range(16, 512, 8) for _ in range(50))

        def __float__(self):
            self.go()
            raise TypeError("not this one")

        def __call__(self):
            self.go()

    for name, arguments, names in (("one", (Going(),), {}), ("given", (1,), {"x": Going()}), ("dot", (Going(),), {})):
        gone, partial = [], functools.partial(vars(functioncpp).pop(name))
        said = fails(TypeError, partial, *arguments, **names)
        assert said.startswith(f"{name}(): incompatible arguments (") and gone, said
    gone, partial = [], functools.partial(vars(functioncpp).pop("held"))
    assert partial(Going()) == "k" * 100 and gone


@law
def recursion_ends_with_an_exception():
    import function
    import functioncpp
    for callee in function.call, functioncpp.apply:
        endless = functools.partial(callee)
        endless.__setstate__((callee, (endless,), {}, {}))
        assert fails(RecursionError, endless)


@law
def a_conversion_that_leads_back_to_its_function_ends_with_an_exception():
    import functioncpp

    # A function in a class is its method: converting an argument calls the function again, and no code of Python is between.
    class Endless:
        __float__ = functioncpp.one
        __index__ = functioncpp.unsigned_

    for name in "one", "unsigned_":
        assert fails(RecursionError, getattr(functioncpp, name), Endless()), name
        assert getattr(functioncpp, name)(3) == 3


@law
def a_function_without_arguments_that_leads_back_to_itself_ends_with_an_exception():
    import functioncpp
    functioncpp.aim(functioncpp.fire)
    assert fails(RecursionError, functioncpp.fire)
    functioncpp.aim(int)
    assert functioncpp.fire() is None


@law
def every_kind_of_callable_pickles_with_every_pickler_and_protocol():
    import json
    import tempfile
    rows = []
    for name in "function", "around.function":
        module = importlib.import_module(name)
        for path, callee in every(module):
            streams = []
            for pickler, dumps in picklers().items():
                for protocol in range(6):
                    stream = dumps(callee, protocol=protocol)
                    loaded = pickle.loads(stream)
                    assert loaded == callee and type(loaded) is type(callee), (pickler, protocol, path, loaded)
                    assert type(callee) is types.MethodType or loaded is callee
                    assert b"interbind" not in stream and b"eval" not in stream, stream
                    streams.append(stream.hex())
            assert copy.copy(callee) == callee and copy.deepcopy([callee]) == [callee]
            rows.append((name, path, streams))
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "streams.json")
        with open(file, "w") as out:
            json.dump(rows, out)
        said = subprocess.run([sys.executable, "-c", FRESH, file], capture_output=True, text=True)
        assert said.stdout.strip() == "fresh", said.stdout + said.stderr
    print(f"{len(rows)} callables, {sum(len(row[2]) for row in rows)} pickles")


@law
def a_stream_holds_the_function_s_own_names_alone():
    import function

    class Only(pickle.Unpickler):
        def find_class(self, module, name):
            if module.split(".")[0] != "function":
                raise pickle.UnpicklingError(f"{module}.{name}")
            return super().find_class(module, name)

    for path, callee in every(function):
        if not path.startswith("hidden") and type(callee) is not types.MethodType:
            for protocol in 4, 5:
                assert Only(io.BytesIO(pickle.dumps(callee, protocol))).load() is callee
    # A name of eight letters, in a module of eight.
    assert len(pickle.dumps(function.dot, 5)) <= 40
    names = {(argument) for _, argument, _ in pickletools.genops(pickle.dumps(function.hidden.deep, 5)) if isinstance(argument, str)}
    assert names <= {"operator", "_operator", "attrgetter", "hidden.deep", "importlib", "import_module", "function"}, names


@law
def what_has_no_path_is_refused_and_the_step_is_said():
    import function
    nothing, refused = function.nothing, lambda callee: fails(pickle.PicklingError, pickle.dumps, callee)
    function.nothing = function.dot
    assert refused(nothing) == "can't pickle <native function function.nothing>: function.nothing is now another object"
    del function.nothing
    assert refused(nothing).endswith("function has no attribute 'nothing'")
    function.nothing = nothing
    assert pickle.loads(pickle.dumps(nothing)) is nothing
    assert "its __module__ is None, not a str" in refused(function.make("<lambda>", 1))
    lost = function.make("<lambda>", 1)
    lost.__module__ = "function"
    assert "function has no attribute '<lambda>'" in refused(lost)
    assert copy.deepcopy({"a": lost})["a"] is lost and copy.copy(lost) is lost
    method = function.K.method
    function.K.__qualname__ = "Other"
    assert pickle.loads(pickle.dumps(method)) is method
    held = function.K
    del function.K
    assert "function has no attribute 'K'" in refused(method)
    function.K = types.SimpleNamespace(method=len)
    assert "function.K.method is now another object" in refused(method)
    function.K = held


@law
def what_was_deleted_or_renamed_since_is_an_error_when_it_is_loaded():
    import function
    streams = [pickle.dumps(one, protocol) for one in (function.K.still, function.sub.deep, function.hidden.deep) for protocol in range(6)]
    kept = function.K, function.sub.deep, function.hidden.deep
    function.Other = function.K
    del function.K, function.sub.deep, function.hidden.deep
    for stream in streams:
        said = fails((AttributeError, pickle.UnpicklingError), pickle.loads, stream)
        assert "K" in said or "deep" in said, said
    function.K, function.sub.deep, function.hidden.deep = kept
    assert all(callable(pickle.loads(stream)) for stream in streams)
    # Shadowed while it is written: the step is said, and both sides.
    class K:
        still = staticmethod(len)

    still, function.K = function.K.still, K
    said = fails(pickle.PicklingError, pickle.dumps, still)
    assert "function.K.still is now another object" in said, said


@law
def a_module_that_lies_is_never_believed():
    import function
    nothing, refused = function.nothing, lambda kind=pickle.PicklingError: fails(kind, pickle.dumps, nothing)

    class Module(types.ModuleType):
        pass

    liar, calls = Module("liar"), []
    sys.modules["liar"] = liar
    nothing.__module__ = "liar"
    assert "liar has no attribute 'nothing'" in refused()
    Module.__getattr__ = lambda self, name: calls.append(name) or object()
    assert "liar.nothing is now another object" in refused() and calls
    Module.__getattr__ = lambda self, name: importlib.import_module("no.such")
    assert refused(ImportError)

    def interrupted(self, name):
        raise KeyboardInterrupt

    Module.__getattr__ = interrupted
    refused(KeyboardInterrupt)
    Module.__getattr__ = lambda self, name: nothing
    assert pickle.loads(pickle.dumps(nothing)) is nothing
    del sys.modules["liar"]
    assert "'liar' isn't in sys.modules" in refused()
    for name, said in (("", "isn't in sys.modules"), (".", "isn't in sys.modules"), ("a.b.c", "isn't in sys.modules"), ("os", "os has no attribute 'nothing'"), (5, "its __module__ is 5, not a str"), (b"os", "not a str"), (None, "its __module__ is None")):
        nothing.__module__ = name
        assert said in refused(), name
    nothing.__module__ = "builtins"
    nothing.__qualname__ = "len"
    assert "builtins.len is now another object" in refused()
    for name in "", ".", "..", "a..b", "x" * 10**6:
        nothing.__qualname__ = name
        refused()
    # Long names take a time by their length; a lot of steps, too.
    faulthandler.dump_traceback_later(100, exit=True)
    function.nothing.itself = function.nothing
    times = 500_000 if not PYPY else 50_000
    nothing.__module__, nothing.__qualname__ = "function", "nothing" + ".itself" * times
    assert pickle.loads(pickle.dumps(nothing)) is nothing
    nothing.__qualname__ += ".other"
    assert refused().endswith(".itself has no attribute 'other'")
    nothing.__module__, nothing.__qualname__ = "function" + ".a" * times, "nothing"
    assert refused().endswith("isn't in sys.modules")
    faulthandler.cancel_dump_traceback_later()
    sys.modules["odd"] = None
    nothing.__module__ = "odd"
    refused()


@law
def no_pickle_and_no_python_makes_or_breaks_the_class():
    import function
    kind = type(function.dot)
    for stream in (
        b"c%s\n%s\n." % (kind.__module__.encode(), kind.__name__.encode()),
        b"cinterbind\nfunction\n.",
        pickle.dumps(function.dot, 0).replace(b"dot", b"dott"),
    ):
        fails((AttributeError, ModuleNotFoundError, ImportError), pickle.loads, stream)
    fails(TypeError, kind)
    fails(TypeError, type, "Sub", (kind,), {})
    if not PYPY:
        fails(TypeError, object.__new__, kind)
    else:
        empty = object.__new__(kind)
        assert repr(empty) == "<native function ?>" and empty.__name__ == "?" and empty.__doc__ is None
        fails(TypeError, empty)
        fails(pickle.PicklingError, pickle.dumps, empty)
    if sys.version_info >= (3, 10) and not PYPY:
        fails(TypeError, setattr, kind, "__reduce_ex__", None)
    try:
        function.dot.__class__ = types.FunctionType
    except (TypeError, AttributeError):
        pass
    else:
        raise AssertionError("the class was changed")
    fails(pickle.PicklingError, pickle.dumps, kind)
    alike = function.hidden.deep.__reduce_ex__(4)[1][0]
    fails(TypeError, alike)
    assert pickle.loads(pickle.dumps(alike)) is function and "module" in repr(alike) and alike.__doc__ is None
    assert alike.__text_signature__ is None


@law
def a_path_whose_steps_python_code_takes_away_is_walked_to_its_end():
    import function
    if PYPY:
        raise Skip("PyPy's collector shows no list")
    nothing, taken = function.nothing, []

    class Module(types.ModuleType):
        def __getattribute__(self, name):
            if name in path:
                for one in gc.get_objects():
                    if type(one) is list and len(one) == len(path) and one[0] == path[0] and one is not path:
                        one.clear()
                        taken.append(1)
                del name
            raise AttributeError

    class Answers(Module):
        def __getattr__(self, name):
            taken.extend(" " * size for size in range(2, 200))
            if name != path[0]:
                raise AttributeError(name)
            return nothing

    path = ["".join(("first", "_step")), "".join(("second", "_step"))]
    for kind, said in (Module, f"liar has no attribute '{path[0]}'"), (Answers, f"liar.{path[0]} has no attribute '{path[1]}'"):
        sys.modules["liar"] = kind("liar")
        nothing.__module__, nothing.__qualname__ = "liar", ".".join(path)
        assert said in fails(pickle.PicklingError, nothing.__reduce_ex__, 4)


@law
def what_nobody_has_filled_is_no_function():
    for name in "function", "limited":
        if not importlib.util.find_spec(name):
            continue
        module = importlib.import_module(name)
        kind = type(module.dot)
        try:
            # 3.9 and PyPy let Python code change classes of C.
            kind.__new__ = lambda cls: object.__new__(cls)
            empty = kind()
        except TypeError:
            try:
                empty = object.__new__(kind)
            except TypeError:
                continue
        assert repr(empty) == "<native function ?>" and empty.__doc__ is None
        for arguments, names in (((), {}), ((1, 2), {}), ((1,), {"a": 2})):
            fails(TypeError, empty, *arguments, **names)
            fails(TypeError, types.MethodType(empty, 1), *arguments, **names)
        fails(pickle.PicklingError, pickle.dumps, empty)
        del empty
        gc.collect()
        assert module.dot(2, 3) == 6.0


@law
def weak_references_and_cycles_are_collected():
    if PYPY:
        raise Skip("PyPy doesn't collect cycles through objects of C")
    import function
    made, kept = function.make("f", (default := [])), []
    default.append(made)
    made.itself = made
    seen = weakref.ref(made, kept.append)
    del made, default
    gc.collect()
    assert seen() is None and kept == [seen]
    made = function.make("f", 1)
    assert weakref.ref(made) is weakref.ref(made) and gc.is_tracked(made)


@law
def a_million_functions_leave_nothing_behind():
    if PYPY:
        raise Skip("PyPy counts other things")
    import function

    def use(times):
        for _ in range(times):
            made = function.make("f", [])
            made.__doc__ = "d"
            made.x = 1
            made(2)
            try:
                made(1, 2)
            except TypeError:
                pass
    use(100)
    gc.collect()
    import resource
    before, size = sys.getallocatedblocks(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    use(int(os.environ.get("TIMES", "50000")))
    gc.collect()
    after = sys.getallocatedblocks()
    assert abs(after - before) < 2000, (before, after)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - size < 8192


@law
def deep_chains_of_attributes_are_freed():
    import function
    made = None
    for _ in range(100_000 if not PYPY else 1000):
        one = function.make("f", 1)
        one.__doc__ = one.__module__ = one.next = made
        made = one
    del made, one
    gc.collect()


@law
def deep_chains_of_functions_are_freed():
    import function
    import native
    builds = [(function, native)]
    if importlib.util.find_spec("limited"):
        import limited
        import nativelimited
        builds.append((limited, nativelimited))
    times = 200_000 if not PYPY else 1000
    for maker, lender in builds:
        made = kept = None
        for _ in range(times):
            made = maker.make("f", made)
            one = maker.make("f", 1)
            lender.lend(one, "double (double)", kept)
            kept = one
        del made
        del kept, one
        gc.collect()
    if len(builds) > 1:
        for number in range(times):
            made = builds[number % 2][0].make("f", made if number else None)
        del made
        gc.collect()


@law
def two_builds_live_side_by_side():
    import function
    import functioncpp
    assert type(functioncpp.dot) is type(function.dot)
    if not importlib.util.find_spec("limited"):
        raise Skip("no build for the limited API")
    import limited
    assert type(limited.dot) is not type(function.dot) and "abi3" in type(limited.dot).__name__
    assert limited.dot(2, y=3) == 6.0 and str(inspect.signature(limited.dot)) == "(x, y=1.0)"
    assert limited.what("a", loud=True) == "text a!" and limited.K.of() is limited.K
    thing = limited.K()
    assert thing.method() is thing
    for protocol in range(6):
        assert pickle.loads(pickle.dumps(limited.hidden.deep, protocol)) is limited.hidden.deep


@law
def a_pickle_of_one_build_loads_in_another():
    if not importlib.util.find_spec("limited"):
        raise Skip("no build for the limited API")
    import function
    import limited
    # As a process would that has another build under the name.
    streams = [pickle.dumps(function.K.method, protocol) for protocol in range(6)]
    sys.modules["function"] = limited
    assert all(pickle.loads(stream) is limited.K.method for stream in streams)


@law
def functions_of_cpp_take_what_fits():
    import functioncpp as m
    assert m.dot(2) == 2.0 and m.dot(2.0, 3.0) == 6.0 and m.dot(y=3, x=1) == 3.0 and m.zero() is None
    assert m.dot.__doc__ == "dot(x: float, y: float = 1.0) -> float\nThe product." and m.three(1, 2, z=3.0) == 6.0
    assert m.over(5) == 5 and m.over("x") == "x" and m.over(-128) == -128 and m.over(True, s="x") == "x!"
    assert m.rest(1, 2, 3, x=4) == ((2, 3), {"x": 4})
    assert m.rest.__text_signature__ == "(x, /, *r, **n)" and m.unsigned_(2**64 - 1) == 2**64 - 1
    for call, kind in (
        (lambda: m.over(128), OverflowError), (lambda: m.over(2**70), OverflowError), (lambda: m.unsigned_(-1), OverflowError),
        (lambda: m.over(1.5), TypeError), (lambda: m.over("\ud800"), UnicodeEncodeError), (lambda: m.fails(), IndexError),
        (lambda: m.dot("a"), TypeError), (lambda: m.rest(x=1), TypeError), (lambda: m.dot(2**2000), OverflowError),
    ):
        fails(kind, call)
    assert fails(TypeError, m.over, 1.5).count("over(") == 4
    assert m.missing(1) is None


@law
def what_a_callable_holds_goes_with_the_function():
    if PYPY:
        raise Skip("PyPy frees objects of C later")
    import functioncpp as m
    assert m.counted() == m.alive() == 1
    del m.counted
    gc.collect()
    assert m.alive() == 0


def refuser():
    """What takes Python's memory away."""
    try:
        import _testcapi
    except (ImportError, OSError):
        raise Skip("this Python has no _testcapi")
    if PYPY or not hasattr(_testcapi, "set_nomemory"):
        raise Skip("this Python's memory can't be taken away")
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise Skip("a Python without a GIL has memory of its own for objects")
    return _testcapi


def without_memory(prepare, works, kinds=(MemoryError,), at=None):
    """An operation's allocations fail, each once, or that one: it works, or raises MemoryError, and works the next time. How many
    failed."""
    _testcapi = refuser()
    failed = 0
    for at in range(120) if at is None else (at,):
        act = prepare()
        try:
            _testcapi.set_nomemory(at, at + 1)
            try:
                result = act()
            finally:
                _testcapi.remove_mem_hooks()
        except kinds:
            failed += 1
        else:
            assert works(result), (at, result)
        assert works(prepare()()), at
    return failed


@law
def without_memory_every_use_of_a_function_says_so_or_works():
    import function
    import native
    refuser()

    made = itertools.count()
    dot, K = function.dot, function.K

    def fresh():
        return function.make(f"f{next(made)}", [1])

    def is_function(found):
        return type(found) is type(dot) and found(5) == 5 and found() == [1]

    def set_each(found):
        for name in "__name__", "__qualname__", "__module__", "__doc__", "mark":
            setattr(found, name, "some text")
        return found.__name__ + found.mark

    operations = [
        (lambda: lambda: function.make("f", [1]), is_function),
        (lambda: functools.partial(dot, 2, y=3.5), lambda found: found == 7.0),
        (lambda: functools.partial(dot, *[2]), lambda found: found == 2.0),
        (lambda: functools.partial(function.what, 1, 2, a=3), lambda found: type(found) is str or found),
        (lambda: functools.partial(repr, dot), lambda found: found == "<native function function.dot>"),
        (lambda: lambda: dot.__text_signature__, lambda found: found == "(x, y=1.0)"),
        (lambda: lambda: dot.__doc__, lambda found: found.endswith("Multiplies.")),
        (lambda: lambda: dot.__module__, lambda found: found == "function"),
        (lambda: functools.partial(set_each, fresh()), lambda found: found == "some textsome text"),
        (lambda: functools.partial(getattr, fresh(), "__dict__"), lambda found: found == {}),
        (lambda: functools.partial(weakref.ref, fresh()), lambda found: True),
        (lambda: functools.partial(getattr, K(), "method"), lambda found: found.__func__ is K.method),
        (lambda: functools.partial(native.canonical, b"unsigned  int ( const char* )"), lambda found: found),
    ]
    for protocol in range(6):
        for one in dot, K.method, K.of.__func__, function.sub.K.In.method, function.hidden.deep, function.hidden.K.of.__func__:
            operations.append((lambda one=one, protocol=protocol: functools.partial(one.__reduce_ex__, protocol), lambda found: found))
    for operation in operations:
        without_memory(*operation)
    assert without_memory(*operations[0]) > 1
    # What is refused is refused, or memory has run out.
    lost = function.lost
    del function.lost
    # Python itself says that this is no number; before 3.12 its own exceptions may lack their text then.
    of_python = functools.partial(dot, "a")
    for act in (
        functools.partial(lost.__reduce_ex__, 4), of_python, functools.partial(dot, 1, z=2), functools.partial(dot),
        functools.partial(function.mistake, 0, None), functools.partial(type(dot)),
        functools.partial(function.mistake, 9, None), functools.partial(native.call, function.deep, 3, 4),
    ):  # fmt: skip
        refused = (TypeError, ValueError, SystemError, AttributeError, pickle.PicklingError)

        def tried(act=act, may_lack=act is of_python and sys.version_info < (3, 12)):
            try:
                return act()
            except refused as error:
                # Its text may lack what there was no memory for.
                return type(error), (may_lack or str(error) != "") and "returned a result" not in str(error) and "without setting" not in str(error)

        said = tried()
        without_memory(lambda: tried, lambda found: found == said and said[1] is True)


@law
def threads_call_change_and_pickle_one_function():
    import function
    made, errors = function.make("f", [1]), []
    made.__module__ = "function"
    function.f = made
    start = threading.Barrier(4)

    def work(number):
        try:
            start.wait()
            for turn in range(2000):
                assert made(turn) == turn and made() == [1]
                made.__doc__ = [None, "a", number][turn % 3]
                made.__name__ = f"f{turn}"
                made.__doc__, made.__name__, made.__dict__, made.__text_signature__
                if turn % 20 == 0:
                    assert pickle.loads(pickle.dumps(made)) is made
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


@law
def what_threads_set_at_a_time_is_never_lost():
    import function
    made, errors, start = function.make("f", 1), [], threading.Barrier(6)
    made.__module__ = made.__doc__ = "a"

    def work(number):
        try:
            start.wait()
            for turn in range(4000):
                made.__module__ = f"a{turn}" if (turn + number) % 2 else turn
                made.__doc__ = turn if (turn + number) % 3 else f"a{turn}"
                assert made.__module__ is not None and made.__doc__ is not None, "lost"
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


@law
@overwriting
def threads_rename_and_reduce_what_stands_for_a_module():
    import function
    alike, errors, start = function.hidden.deep.__reduce_ex__(4)[1][0], [], threading.Barrier(3)
    # With a GIL there is no step between.
    turns = 1000 if getattr(sys, "_is_gil_enabled", lambda: True)() else 400_000

    def work(number):
        try:
            start.wait()
            for turn in range(turns):
                if number == 0:
                    alike.__name__ = f"module_{turn}"
                else:
                    assert type(alike.__reduce_ex__(4)[1][0]) is str
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


INTERPRETER = """
import function, pickle, gc
assert function.dot(2) == 2.0 and function.what('a', loud=True) == 'text a!'
assert pickle.loads(pickle.dumps(function.K.method)) is function.K.method
function.dot.itself = function.dot
gc.collect()
"""


@law
def every_interpreter_has_its_own_class():
    interpreters = next((importlib.import_module(name) for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)), None)
    if interpreters is None or sys.version_info < (3, 12):
        raise Skip("no interpreters with a GIL of their own")
    import function
    for _ in range(5):
        one = interpreters.create()
        done = interpreters.run_string(one, f"import sys; sys.path[:] = {sys.path!r}\n" + INTERPRETER)
        assert done is None, done
        interpreters.destroy(one)
    exec(INTERPRETER)


@law
def a_function_of_another_interpreter_is_refused_also_when_its_own_has_ended():
    # Only one with the same GIL and memory can have code that passes an object on.
    interpreters = next((importlib.import_module(name) for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)), None)
    if interpreters is None or sys.version_info < (3, 9) or not getattr(sys, "_is_gil_enabled", lambda: True)():
        raise Skip("no interpreters that share the GIL")
    import function
    import native
    for name in "native.length", "function.dot", "function.make('f', [1])":
        one = interpreters.create("legacy") if sys.version_info >= (3, 13) else interpreters.create(isolated=False)
        code = f"import sys; sys.path[:] = {sys.path!r}\nimport function, native\nnative.keep({name})"
        done = interpreters.run_string(one, code)
        assert done is None, done
        other = native.kept()
        for has_ended in False, True:
            assert type(other) is not type(function.dot)
            assert "(wrong-object)" in fails(TypeError, native.call, other, 3, 4) and "(wrong-object)" in fails(TypeError, native.find, other, "int (int)")
            fails(TypeError, native.lend, other, "int (int)", None)
            assert repr(other).startswith("<native function ") and other.__text_signature__
            # Its name leads to this interpreter's own, which is another one.
            said = fails(pickle.PicklingError, pickle.dumps, other)
            assert "is now another object" in said or "its __module__ is None" in said, said
            if not has_ended:
                interpreters.destroy(one)
                gc.collect()
        other.__doc__ = "still an object"
        if sys.version_info < (3, 13):
            # The end of any object reaches for its interpreter's lists, which are gone.
            native.keep(other)
        del other
        gc.collect()
        assert function.dot(2) == 2.0 and native.call(native.length, 3, 4) == 5.0


#: Uses functions when the interpreter has let its modules go: in an object's end, one that `sys` keeps, one that a function's own
#: attribute leads to, and at the exit. What can't be done any more is an exception.
ENDING = """
import atexit, builtins, function, native, os, pickle, sys


class Late:
    def __init__(self, way):
        self.kept = function.dot, native.length, function.make("f", 1), native.call, native.find, function.make, pickle.dumps, os.write, way

    def __del__(self):
        dot, length, made, call, find, make, dumps, write, way = self.kept
        answers = []
        for attempt in (
            lambda: dot(2), lambda: made(), lambda: repr(dot), lambda: dot.__text_signature__, lambda: call(length, 3, 4), lambda: call(dot, 3, 4),
            lambda: find(5, "double (double)"), lambda: make("g", 2)(), lambda: dumps(dot), lambda: setattr(dot, "x", 1), lambda: dot(1, 2, 3),
        ):
            try:
                answers.append(attempt())
            except Exception as error:
                answers.append(error)
        write(way, b"+" if answers[:5] == [2.0, 1, "<native function function.dot>", "(x, y=1.0)", 5.0] else repr(answers).encode())


sys.late, builtins.late, late = Late(way), Late(way), Late(way)
function.dot.late = Late(way)
atexit.register(Late(way).__del__)
native.hold(native.length)
"""


@law
def functions_of_an_interpreter_that_ends_answer_or_raise_until_its_end():
    if PYPY:
        raise Skip("objects don't end with their interpreter here")
    import function
    import native

    def ended(run):
        reading, writing = os.pipe()
        run(f"import sys; sys.path[:] = {sys.path!r}\nway = {writing}\n" + ENDING)
        os.close(writing)
        with os.fdopen(reading) as answers:
            said = answers.read()
        # At the exit, and once for each object that ended; what its module keeps may be left as it is.
        assert said.strip("+") == "" and len(said) >= 3, said

    def main(code):
        done = subprocess.run([sys.executable, "-c", code], pass_fds=[int(code.split("way = ")[1].split()[0])], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done

    ended(main)
    interpreters = next((importlib.import_module(name) for name in ("_interpreters", "_xxsubinterpreters") if importlib.util.find_spec(name)), None)
    if interpreters is None or sys.version_info < (3, 12):
        return

    def sub(code):
        one = interpreters.create()
        done = interpreters.run_string(one, code)
        assert done is None, done
        interpreters.destroy(one)

    def many():
        try:
            for _ in range(3):
                ended(sub)
        except BaseException as error:
            failed.append(error)

    # One ends while others begin and end, and while this one calls functions of its own.
    failed, threads = [], [threading.Thread(target=many) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert function.dot(2) == 2.0 and native.call(native.length, 3, 4) == 5.0
    for thread in threads:
        thread.join()
    assert not failed, failed
    # The C function is the library's, which stays.
    assert native.call_held(3, 4) == 5.0


@law
def a_list_that_python_code_took_away_is_made_anew():
    import function
    key = "__interbind_functions_v1__"
    holders = [one for one in gc.get_objects() if type(one) is dict and key in one]
    if PYPY:
        import builtins
        holders = [vars(builtins)]
    if not holders:
        raise Skip("Python code can't reach the list here")
    for holder in holders:
        del holder[key]
    gc.collect()
    made = function.make("f", 1)
    assert made() == 1 and function.dot(2) == 2.0 and pickle.loads(pickle.dumps(function.dot)) is function.dot
    for holder in holders:
        holder[key] = 5
    said = fails(ImportError, function.make, "f", 1)
    assert "not-a-capsule" in said, said
    for holder in holders:
        del holder[key]
    assert function.make("f", 1)() == 1


@law
def processes_take_methods():
    import multiprocessing
    import function
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(function.dot, [1.0, 2.0]) == [1.0, 2.0]
        assert pool.map(function.K.still, [], 1) == [] and pool.apply(function.K.of).__qualname__ == "K"
        assert pool.apply(function.K().still) is None


@law
def joblib_maps_a_method_in_processes():
    if not importlib.util.find_spec("joblib"):
        raise Skip("joblib isn't installed")
    import function
    import joblib
    for backend in "loky", "multiprocessing":
        work = joblib.Parallel(n_jobs=2, backend=backend)
        assert work(joblib.delayed(function.dot)(x, y=2.0) for x in (1.0, 2.0, 3.0)) == [2.0, 4.0, 6.0]
        assert work(joblib.delayed(function.K().still)() for _ in range(2)) == [None, None]
        assert work(joblib.delayed(function.K.of)() for _ in range(2)) == [function.K, function.K]


@law
def a_graph_that_holds_functions_is_copied():
    import function

    class Model:
        pass

    model = Model()
    model.activation, model.table = function.dot, {"still": function.K.still, "deep": [function.sub.deep, function.make("nowhere", 1)]}
    model.bound = function.K().method
    again = copy.deepcopy(model)
    assert again.activation is function.dot and again.table["still"] is function.K.still
    assert again.table is not model.table and again.table["deep"][0] is function.sub.deep
    # Even what has no path.
    assert again.table["deep"][1] is model.table["deep"][1]
    assert again.bound.__func__ is model.bound.__func__ and again.bound.__self__ is not model.bound.__self__


@law
def stub_generators_list_no_helper():
    import tempfile
    import functioncpp
    own = {name for name in vars(functioncpp) if not name.startswith("__")}
    tried = 0
    for needs, command in (("mypy", ["-c", "from mypy.stubgen import main; main()", "-m", "functioncpp", "-o"]), ("pybind11_stubgen", ["-m", "pybind11_stubgen", "functioncpp", "-o"])):
        if not importlib.util.find_spec(needs):
            continue
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, *command, folder], capture_output=True, text=True)
            assert done.returncode == 0, done
            [file] = [os.path.join(path, name) for path, _, names in os.walk(folder) for name in names]
            with open(file) as stub:
                text = stub.read()
        import ast
        said = {node.name for node in ast.parse(text).body if hasattr(node, "name")}
        assert said == own, (needs, said ^ own, text)
        assert "interbind" not in text and "capsule" not in text.lower(), text
        tried += 1
    if not tried:
        raise Skip("neither mypy nor pybind11-stubgen is installed")


@law
def a_signature_has_one_form():
    from native import canonical
    for text, form in (
        ("double(double,double)", "double (double, double)"), ("  double\t( double , double )\n", "double (double, double)"),
        ("const double (const double, double const)", "double (double, double)"), ("int()", "int (void)"), ("void (void)", "void (void)"),
        ("unsigned (long int, int unsigned long long, short signed, signed char)", "unsigned int (long, unsigned long long, short, signed char)"),
        ("int (const char*, char const  *, char * const)", "int (char const *, char const *, char *)"),
        ("int (double**, double *const*, const double * const *)", "int (double **, double *const *, double const *const *)"),
        ("double (int, double *, void *)", "double (int, double *, void *)"), ("long double (long double)", "long double (long double)"),
        ("int (intptr_t, struct point *, org.frame.Point@0af *)", "int (intptr_t, struct point *, org.frame.Point@0af *)"),
        ("_Bool (enum kind)", "_Bool (enum kind)"),
    ):
        assert canonical(text.encode()) == form == canonical(form.encode()), (text, canonical(text.encode()))
    for text in (
        "", "double", "double (", "double )", "(double)", "double (double", "double (double))", "double (double) x", "double (,)",
        "double (double,)", "double (double x)", "double (...)", "double (double, void)", "double (void, double)", "double (*)(double)",
        "double (double[2])", "double & (double)", "const (int)", "unsigned signed (int)", "long long long (int)", "short long (int)",
        "unsigned double (int)", "struct (int)", "struct int (int)", "int (int restrict)", "int (volatile int)", "int (char * * x)",
        "5 (int)", "double (double)\0", "d\u00fcble (int)", "int (const const int)", "int (int * const const)", "double (double;)",
    ):
        assert canonical(text.encode()) == "", (text, canonical(text.encode()))
    for text in (b"x" * 2**20, b"double (" + b"double, " * 2**17 + b"double)", b"double (double " + b"*" * 2000 + b")", b"(" * 2**20, b" " * 2**20, bytes(range(256)) * 100):
        assert canonical(text) == ""
    assert canonical(b"int (" + b", ".join([b"int"] * 64) + b")") and not canonical(b"int (" + b", ".join([b"int"] * 65) + b")")
    import random
    draw, parts = random.Random(5), ["double", "int", "const", "unsigned", "long", " ", " ", " *", "*", "(", ")", ",", ", ", "char", "void", "x.y@1", "\0"]
    read = 0
    for _ in range(20000):
        words = ["int", "("] + [draw.choice(parts) for _ in range(draw.randrange(6))] + [")"]
        if draw.randrange(4) == 0:
            words[draw.randrange(len(words))] = draw.choice(parts)
        text = "".join(words).encode()
        form = canonical(text)
        read += form != ""
        assert not form or canonical(form.encode()) == form, (text, form)
    assert read > 500, read


@law
def a_native_entry_is_called_by_other_builds():
    import native
    assert native.length(3, 4) == native.call(native.length, 3, 4) == 5.0
    assert native.find(native.length, "double(const double,double)") is True
    said = fails(TypeError, native.find, native.length, "float (float)")
    assert "(signature-differs)" in said and "provider has double (double, double), this module expects float (float)" in said, said
    native.lend(native.length, "double (double)", None)
    said = fails(TypeError, native.find, native.length, "float (float)")
    assert "provider has double (double, double)" in said and "provider has double (double)," in said and "fix: " in said, said
    assert "already" in fails(ValueError, native.lend, native.length, "double(double)", None)
    for signature in "", "double", "double (" * 1000, "x" * 2**20:
        assert "is not the type of a C function" in fails(ValueError, native.find, native.length, signature)
        fails(ValueError, native.lend, native.length, signature, None)
        fails(ValueError, native.capsule, signature)
    for thing in len, 5, None, fails, "length", native, type(native.length), native.length.__get__(1):
        said = fails(TypeError, native.call, thing, 1, 2)
        assert "(wrong-object)" in said, said
        fails(TypeError, native.lend, thing, "double (double)", None)
    if not importlib.util.find_spec("nativelimited"):
        raise Skip("no build for the limited API")
    import nativelimited
    assert nativelimited.call(native.length, 3, 4) == native.call(nativelimited.length, 3, 4) == 5.0
    fails(TypeError, nativelimited.lend, native.length, "int (int)", None)
    import functioncpp
    assert functioncpp.call(native.length, 3, 4) == functioncpp.call(nativelimited.length, 3, 4) == 5.0
    assert native.call(functioncpp.dot, 3, 4) == nativelimited.call(functioncpp.dot, 3, 4) == 12.0
    assert "(signature-differs)" in fails(TypeError, functioncpp.call, native.__pyx_capi__ and types.SimpleNamespace(__name__="square", __module__="native"), 1, 2)
    text = functioncpp.signature()
    assert native.canonical(text.encode()) == "unsigned long (char const *, double const *const *, int *, void *, int, _Bool)", text


@law
def what_stands_in_pyx_capi_is_found_and_named_by_its_signature():
    import native
    assert set(native.__pyx_capi__) == {"length", "square"}
    assert '"double (double)"' in repr(native.__pyx_capi__["square"])

    def length(x, y):
        raise AssertionError("Python was asked")

    length.__module__ = "native"
    # What wraps a function has its names, and is another.
    assert "(wrong-object)" in fails(TypeError, native.call, length, 3, 4)
    kept, native.length = native.length, length
    assert native.call(length, 3, 4) == 5.0
    assert "(signature-differs)" in fails(TypeError, native.find, length, "double (double)")
    for name, module in ((5, "native"), ("other", "native"), ("length", "no.such"), ("length", "os"), ([], "native")):
        odd = types.SimpleNamespace(__name__=name, __module__=module)
        assert "(wrong-object)" in fails(TypeError, native.call, odd, 1, 2)
    native.__pyx_capi__["length"] = 5
    assert "(wrong-object)" in fails(TypeError, native.call, length, 1, 2)
    native.__pyx_capi__["length"] = native.__pyx_capi__["square"]
    assert "(signature-differs)" in fails(TypeError, native.call, length, 1, 2)
    native.length = kept
    assert native.call(native.length, 3, 4) == 5.0

    class Odd:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    fails(KeyboardInterrupt, native.call, Odd(), 1, 2)


@law
def an_entry_that_no_build_of_ours_writes_is_refused():
    import native
    for what, reason in enumerate(("bad-magic", "malformed-record", "other-major", "malformed-record", None, None, "malformed-record")):
        done = subprocess.run([sys.executable, "-c", f"import native\nnative.spoil(native.length, {what})\nprint(native.call(native.length, 3, 4))"], capture_output=True, text=True)
        if reason is None:
            assert done.stdout.strip() == "5.0", done
        else:
            assert f"({reason})" in done.stderr and "TypeError" in done.stderr, (what, done)


@law
def what_an_entry_keeps_lives_as_long_as_its_function():
    if PYPY:
        raise Skip("PyPy frees objects of C later")
    import function
    import native
    made = function.make("f", 1)

    class Kept:
        pass

    kept = Kept()
    seen = weakref.ref(kept)
    native.lend(made, "double (double)", kept)
    del kept
    gc.collect()
    assert seen() is not None and native.find(made, "double(double)")
    del made
    gc.collect()
    assert seen() is None


def numba_calls(module, name):
    """Numba calls the C function of two numbers that a module lends, without Python between."""
    if not importlib.util.find_spec("numba"):
        raise Skip("numba isn't installed")
    import ctypes
    import numba
    from numba.extending import get_cython_function_address
    length = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double)(get_cython_function_address(module, name))

    @numba.njit
    def total(count):
        sum = 0.0
        for _ in range(count):
            sum += length(3.0, 4.0)
        return sum

    assert total(10) == 50.0


@law
def scipy_and_numba_call_what_is_lent():
    if not importlib.util.find_spec("scipy"):
        raise Skip("scipy isn't installed")
    import native
    import scipy.integrate
    from scipy import LowLevelCallable
    for lent in LowLevelCallable.from_cython(native, "square"), LowLevelCallable(native.capsule("double(double)")), LowLevelCallable(native.__pyx_capi__["square"]):
        assert lent.signature == "double (double)"
        assert abs(scipy.integrate.quad(lent, 0, 3)[0] - 9) < 1e-9
    numba_calls("native", "length")


def main(wanted, script=__file__):
    first = [one for one in wanted if one.startswith("first=")]
    wanted = [one for one in wanted if one not in first]
    if len(wanted) == 1 and wanted[0].startswith("="):
        [function] = [one for one in LAWS if one.__name__ == wanted[0][1:]]
        if first:
            importlib.import_module(first[0][6:])
        try:
            function()
        except Skip as why:
            print(f"skip: {function.__name__}: {why}")
        else:
            print(f"holds: {function.__name__}")
        return 0
    failed = 0
    for function in LAWS:
        if wanted and function.__name__ not in wanted:
            continue
        environment = os.environ | getattr(function, "environment", {})
        command = [sys.executable, "-B", script, *first, "=" + function.__name__]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        sys.stdout.write(done.stdout)
        if done.returncode or function.__name__ not in done.stdout:
            failed += 1
            print(f"fails: {function.__name__} ({done.returncode})\n{done.stderr[-3000:]}")
    return failed


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 100))
