#!/usr/bin/env python3
"""What functions of Rust promise that are lent: the example `curves`, called by C, C++, SciPy and Numba, and what it calls of theirs.

    lent.py [NAME…]     with `curves`, `caller`, `native` and `functioncpp` on the path

Each law runs in a process of its own, as in `laws.py`.
"""

import ctypes
import importlib.util
import inspect
import pickle
import pickletools
import subprocess
import sys
import types

import laws
from laws import Skip, fails, law

laws.LAWS.clear()


def handle(name, module="curves"):
    """What leads to a C function that has no Python object."""
    return types.SimpleNamespace(__name__=name, __module__=module)


@law
def a_function_of_rust_is_called_by_every_language():
    import caller
    import curves
    import functioncpp
    import native
    expected = sum((i * i + 1) ** 0.5 for i in range(100))
    assert abs(caller.total(curves.hypot, 100) - expected) < 1e-9
    assert abs(curves.total(curves.hypot, 100) - expected) < 1e-9 and abs(curves.total_detached(curves.hypot, 100) - expected) < 1e-9
    assert native.call(curves.hypot, 3, 4) == functioncpp.call(curves.hypot, 3, 4) == curves.hypot(3, 4) == 5.0


@law
def rust_calls_functions_of_every_language():
    import caller
    import curves
    import functioncpp
    import native
    assert curves.total(native.length, 3) == curves.total(curves.hypot, 3)
    assert curves.total(functioncpp.dot, 4) == 6.0 and curves.total(caller.mean, 3) == 3.0
    if importlib.util.find_spec("nativelimited"):
        import nativelimited
        assert curves.total(nativelimited.length, 3) == curves.total(curves.hypot, 3)


@law
def what_is_lent_is_a_record_or_stays_a_plain_function_of_pyo3():
    import curves
    assert repr(curves.hypot) == "<native function curves.hypot>" and type(curves.bell) is type(len)
    assert inspect.signature(curves.hypot) == inspect.signature(lambda x, y: 0) and curves.hypot.__doc__ == "The length of a vector."
    for name in "hypot", "bell":
        function = getattr(curves, name)
        for dumps in laws.picklers().values():
            for protocol in range(6):
                stream = dumps(function, protocol)
                assert pickle.loads(stream) is function
                words = {part for _, arg, _ in pickletools.genops(stream) if isinstance(arg, str) for part in arg.split()}
                assert words == {"curves", name}, words


@law
def what_is_lent_is_named_by_its_type():
    import curves
    names = {name: repr(capsule).split('"')[1] for name, capsule in curves.__pyx_capi__.items()}
    point = names.pop("norm")
    assert names.pop("norm_too") == point and point.startswith("double (org.frame.Point@"), point
    assert names == {
        "hypot": "double (double, double)", "bell": "double (double)", "scaled": "long long (long long, int, _Bool)",
        "weighted": "double (double, void *)",
    }, names


@law
def types_of_c_that_rust_passes_alike_are_asked_for_by_text():
    import curves
    assert curves.scaled_by(curves.scaled, "long long(long long, int, _Bool)", 5) == 15
    said = fails(TypeError, curves.scaled_by, curves.scaled, "long (long, int, _Bool)", 5)
    assert "(signature-differs)" in said and "provider has long long (long long, int, _Bool), this module expects long (long, int, _Bool)" in said, said
    for text in "double (long long, int, _Bool)", "long long (long long, int)", "long long (long long, int, _Bool, int)", "long long (int, int, _Bool)":
        assert "is asked for as a function of Rust" in fails(ValueError, curves.scaled_by, curves.scaled, text, 5)
    for text in "", "long long", "long long (" * 1000, "x" * 2**20:
        assert "is not the type of a C function" in fails(ValueError, curves.scaled_by, curves.scaled, text, 5)


@law
def pointers_and_shared_data_cross():
    import caller
    import curves
    assert curves.call(handle("norm"), 3.0, 4.0) == caller.norm(handle("norm"), 3.0, 4.0) == 5.0
    assert curves.call(handle("weighted"), 3.0, 4.0) == 12.0
    said = fails(TypeError, caller.norm, handle("weighted"), 3.0, 4.0)
    assert "(signature-differs)" in said and "expects double (org.frame.Point@" in said, said


@law
def both_languages_refuse_alike():
    import caller
    import curves
    import native
    for thing in (
        curves.bell, native.length.__get__(1), len, 5, None, "hypot", curves, handle("nothing"), handle("hypot"), handle("hypot", "no.such"),
        handle("hypot", "os"), handle(5), native.find, functools_wrapped(curves.hypot), handle("bell"),
    ):
        said = [fails(TypeError, total, thing, 3).split("\n  fix: ") for total in (curves.total, caller.total)]
        lines = [{line for line in text.splitlines() if "consumer: " not in line and "provider: " not in line} for text, _ in said]
        assert lines[0] == lines[1], said
    assert "(wrong-object)" in fails(TypeError, curves.total, functools_wrapped(curves.hypot), 3)

    class Odd:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    for total in curves.total, caller.total:
        fails(KeyboardInterrupt, total, Odd(), 3)


def functools_wrapped(function):
    import functools

    @functools.wraps(function)
    def wrapper(*args):
        raise AssertionError("Python was asked")

    return wrapper


@law
def an_entry_that_no_build_of_ours_writes_is_refused_by_rust():
    for what, reason in enumerate(("bad-magic", "malformed-record", "other-major", "malformed-record", None, None, "malformed-record")):
        done = subprocess.run([sys.executable, "-c", f"import curves, native\nnative.spoil(native.length, {what})\nprint(curves.total(native.length, 1))"], capture_output=True, text=True)
        if reason is None:
            assert done.stdout.strip() == "1.0", done
        else:
            assert f"({reason})" in done.stderr and "TypeError" in done.stderr, (what, done)


@law
def scipy_and_numba_call_functions_of_rust():
    if not importlib.util.find_spec("scipy"):
        raise Skip("scipy isn't installed")
    import curves
    import scipy.integrate
    from scipy import LowLevelCallable
    for lent in LowLevelCallable.from_cython(curves, "bell"), LowLevelCallable(curves.__pyx_capi__["bell"]):
        assert lent.signature == "double (double)"
        assert abs(scipy.integrate.quad(lent, -9, 9)[0] - 1.772453850905516) < 1e-9
    # With user data.
    weight = ctypes.c_double(2.0)
    weighted = LowLevelCallable.from_cython(curves, "weighted", ctypes.cast(ctypes.pointer(weight), ctypes.c_void_p))
    assert abs(scipy.integrate.quad(weighted, 0, 3)[0] - 9) < 1e-9
    laws.numba_calls("curves", "hypot")


if __name__ == "__main__":
    sys.exit(min(laws.main(sys.argv[1:], __file__), 100))
