#!/usr/bin/env python3
"""What function records promise that are made of PyO3's functions, by `interbind::add_function`.

    rust.py [NAME…]     with `grid_rust`, `function` and `native` on the path

Each law runs in a process of its own, as in `laws.py`; a law of both languages runs with either's class, as that of the first module.
"""

import functools
import gc
import inspect
import pickle
import pickletools
import sys
import threading
import types
import weakref

import laws
from laws import fails, law

laws.LAWS.clear()


def made():
    import grid_rust

    return grid_rust


@law
def a_function_of_rust_is_a_record_of_the_class_that_c_makes():
    import grid_rust
    import function
    assert type(grid_rust.dot) is type(grid_rust.repeat) is type(function.deep) is not type(len)
    assert type(grid_rust.dot).__name__.startswith("function_1_0_") and type(grid_rust.dot).__module__ == "interbind"
    assert repr(grid_rust.dot) == "<native function grid_rust.dot>" and repr(grid_rust.sub.deep) == "<native function grid_rust.sub.deep>"
    assert type(grid_rust.plain_dot) is type(len)


@law
def it_says_what_pyo3_s_own_says():
    rust = made()
    assert inspect.signature(rust.dot) == inspect.signature(rust.plain_dot) and rust.dot.__text_signature__ == "(x, y=1.0)"
    assert str(inspect.signature(rust.numbers)) == "(small, wide=Ellipsis, up=True, other=Ellipsis)"
    assert str(inspect.signature(rust.repeat)) == "(text, times=1, *, between=', ', last=None)"
    assert str(inspect.signature(rust.gather)) == "(first, /, *rest, **words)" and str(inspect.signature(rust.by_place)) == "(number, /)"
    assert str(inspect.signature(rust.nothing)) == "()" and str(inspect.signature(rust.unsaid)) == "(*args, **kwargs)"
    assert rust.dot.__doc__ == "The product of two numbers." and rust.dot.__name__ == rust.dot.__qualname__ == "dot"
    assert rust.dot.__module__ == "grid_rust" and rust.sub.deep.__module__ == "grid_rust.sub" and "deep" in rust.__all__
    assert inspect.isroutine(rust.dot) and inspect.isbuiltin(rust.dot) and rust.dot.__class__ is types.BuiltinFunctionType


@law
def arguments_come_as_to_pyo3_s_own():
    rust = made()
    assert rust.dot(2.0, 3.0) == rust.dot(2, 3) == rust.dot(y=3.0, x=2) == rust.dot(2, y=3) == rust.dot(*[2.0], **{"".join(["y"]): 3.0}) == 6.0
    assert rust.dot(2.0) == rust.dot(x=2.0) == 2.0 and rust.dot(True, 4) == 4.0
    assert rust.numbers(1) == 2 and rust.numbers(1, up=False) == -1 and rust.numbers(2, 3, True, 4) == 9 == rust.numbers(other=4, wide=3, small=2)
    assert rust.nothing() is None and rust.large() == 2**64 - 1 and rust.half(3.0) == 1.5 and rust.by_place(4) == 4 and rust.converted(4) == 8
    assert rust.repeat("a", 3, last="!") == "a, a, a!" and rust.repeat(text="a", times=2, between="") == "aa"
    assert rust.gather(1) == (1, (), None) and rust.gather(1, 2, 3, words=4) == (1, (2, 3), {"words": 4}) and rust.unsaid(x=5) == 5

    class Number:
        def __float__(self):
            return 1.5

        def __index__(self):
            return 7

    assert rust.dot(Number(), 2) == 3.0 and rust.by_place(Number()) == 7 and rust.half(Number()) == 0.75
    for arguments, names in (((), {}), ((1, 2, 3), {}), (("1",), {}), ((1,), {"z": 2}), ((1,), {"x": 2}), ((10**400,), {}), ((None, 1), {})):
        said = [fails((TypeError, OverflowError), call, *arguments, **names).replace("plain_dot", "dot") for call in (rust.dot, rust.plain_dot)]
        assert said[0] == said[1], said
    assert "out of range" in fails(OverflowError, rust.numbers, 256) and "can't convert negative" in fails(OverflowError, rust.numbers, 1, other=-1)
    fails(OverflowError, rust.by_place, 2**63)
    fails(TypeError, rust.by_place, number=1)
    fails(TypeError, rust.nothing, 1)
    fails(TypeError, rust.nothing, x=1)


@law
def a_panic_is_pyo3_s_exception():
    rust = made()
    assert rust.panics(0) is True
    for arguments, names in (((5,), {}), ((), {"number": 5})):
        try:
            rust.panics(*arguments, **names)
        except BaseException as error:
            assert type(error).__name__ == "PanicException" and "5 isn't 0" in str(error), error
        else:
            raise AssertionError("nothing was raised")


@law
def it_pickles_by_its_name_alone():
    rust = made()
    for path, words in (("dot", {"grid_rust", "dot"}), ("sub.deep", {"grid_rust.sub", "deep"})):
        callee = functools.reduce(getattr, path.split("."), rust)
        for dumps in laws.picklers().values():
            for protocol in range(6):
                stream = dumps(callee, protocol)
                assert pickle.loads(stream) is callee
                assert {part for _, arg, _ in pickletools.genops(stream) if isinstance(arg, str) for part in arg.split()} == words
    assert len(pickle.dumps(rust.nothing, 5)) <= 40
    kept = rust.dot
    rust.dot = rust.deep
    assert "can't pickle <native function grid_rust.dot>: grid_rust.dot is now another object" in fails(pickle.PicklingError, pickle.dumps, kept)
    del rust.dot
    assert "grid_rust has no attribute 'dot'" in fails(pickle.PicklingError, pickle.dumps, kept)


@law
def its_entry_is_its_own():
    import native
    rust = made()
    kept, plain = rust.dot, rust.plain_dot
    del rust.dot, rust.__pyx_capi__
    assert native.call(kept, 3, 4) == 12.0
    assert "(wrong-object)" in fails(TypeError, native.call, plain, 3, 4)
    said = fails(TypeError, native.call, rust.deep, 3, 4)
    assert "(signature-differs)" in said and "provider has int (int), this module expects double (double, double)" in said, said


@law
def it_becomes_a_method_and_takes_attributes():
    rust = made()

    class Holder:
        first = rust.gather

    holder = Holder()
    assert holder.first(2) == (holder, (2,), None) and holder.first.__func__ is rust.gather and Holder.first is rust.gather
    rust.gather.mark = 3
    assert rust.gather.mark == 3 and rust.gather.__dict__ == {"mark": 3} and weakref.ref(rust.gather)() is rust.gather
    assert functools.wraps(rust.dot)(lambda: 0).__wrapped__ is rust.dot
    fails(TypeError, type(rust.dot))


@law
def it_ends_when_its_last_holder_ends_it_and_not_while_it_runs():
    rust = made()
    seen = []
    for name in "home", "apply":
        function = vars(rust).pop(name)
        seen.append(weakref.ref(function))
        partial = functools.partial(function)
        del function

        def go(*unused):
            partial.__setstate__((len, (), {}, {}))
            gc.collect()
            return "gone"

        assert partial(go) in ("grid_rust", "gone")
        gc.collect()
        assert seen[-1]() is None or not getattr(sys, "_is_gil_enabled", lambda: True)(), name
    loop = rust.repeat
    loop.loop = loop
    seen = weakref.ref(loop)
    del rust.repeat, loop
    rust.__all__.remove("repeat")
    gc.collect()
    assert seen() is None


@law
def recursion_ends_with_an_exception():
    rust = made()
    for callee in rust.plain_apply, rust.apply, rust.once:
        endless = functools.partial(callee)
        endless.__setstate__((callee, (endless,), {}, {}))
        assert fails(RecursionError, endless)


@law
def a_number_s_function_that_calls_python_ends_its_recursion_with_an_exception():
    rust = made()
    for callee in rust.fire, rust.home_of, rust.kept:
        # Code of C alone stands between a call and the next one.
        rust.aim(functools.partial(callee, 1))
        if callee is rust.fire:
            # The innermost call failed, and the others have nothing to say of that.
            assert callee(1) is True
        else:
            assert fails(RecursionError, callee, 1)
        rust.aim(int)
        assert callee(1)


@law
def a_conversion_that_leads_back_to_its_function_ends_with_an_exception():
    rust = made()

    # A function in a class is its method: converting an argument calls the function again, and no code of Python is between.
    for name in "dot", "by_place", "numbers", "half", "deep":
        callee = getattr(rust, name)

        class Endless:
            __float__ = __index__ = callee

        assert fails(RecursionError, callee, Endless())
        assert rust.dot(2.0) == 2.0


@law
def what_a_function_of_a_number_calls_may_take_it_and_its_module_away():
    rust = made()
    seen = weakref.ref(rust)
    for name, expected in (("fire", True), ("home_of", (1, True)), ("kept", 700)):
        partial = functools.partial(vars(rust).pop(name), 1)

        def go():
            partial.__setstate__((len, (), {}, {}))
            if name == "home_of":
                for key in [key for key in sys.modules if key.split(".")[0] == "grid_rust"]:
                    del sys.modules[key]
                vars(seen()).clear()
            gc.collect()
            gone.extend(bytearray(b"\xff" * size) for size in range(16, 512, 8) for _ in range(50))

        gone = []
        rust.aim(go)
        if name == "home_of":
            aim = rust.aim
            rust = types.SimpleNamespace(aim=aim, kept=rust.kept)
        assert partial() == expected
        assert gone


@law
def without_memory_a_function_is_added_or_that_is_said():
    rust = made()
    laws.refuser()
    # Not PyO3's own call, which panics where it gets no object.
    for what in rust.plain_dot, rust.plain_apply:
        failed = 0
        for at in range(150):
            module = types.ModuleType("without_memory")
            adder = functools.partial(rust.add, module, what)
            failed += laws.without_memory(lambda: adder, lambda added: added is None, at=at)
            assert getattr(module, what.__name__).__text_signature__ == what.__text_signature__ and what.__name__ in module.__all__
        assert failed > 5, failed


@law
def without_memory_functions_of_rust_work_or_say_so():
    rust = made()
    laws.refuser()

    for act, expected in (
        (functools.partial(rust.repeat, "a", 2, last="!"), "a, a!"), (functools.partial(rust.dot, 2, y=3.0), 6.0),
        (functools.partial(rust.gather, 1, 2, words=3), (1, (2,), {"words": 3})), (functools.partial(rust.numbers, 2, 3, other=4), 9),
        (functools.partial(rust.unsaid, x=5), 5), (functools.partial(rust.apply, int), 0),
    ):  # fmt: skip
        assert act() == expected
        laws.without_memory(lambda: act, lambda found: found == expected, kinds=(MemoryError, panics()))


def panics():
    """What PyO3 raises where it gets no object from Python."""
    try:
        made().panics(5)
    except BaseException as error:
        return type(error)


@law
def threads_call_and_change_one_function():
    rust = made()
    barrier, failed = threading.Barrier(6), []

    def work(kind):
        barrier.wait()
        try:
            for turn in range(3000):
                if kind == 0:
                    rust.dot.__doc__ = str(turn) if turn % 2 else turn
                elif kind == 1:
                    assert rust.dot.__doc__ is not None and pickle.loads(pickle.dumps(rust.deep)) is rust.deep
                elif kind == 2:
                    rust.dot.__dict__ = {}
                else:
                    assert rust.dot(2.0, y=3.0) == 6.0 and rust.repeat("a") == "a"
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed


if __name__ == "__main__":
    sys.exit(min(laws.main(sys.argv[1:], __file__), 100))
