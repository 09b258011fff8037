"""A function of Rust, called by C++, SciPy and Numba: `curves` and `caller` are on the path."""

import ctypes
import pickle

import caller
import curves

print("called by C++   ", caller.total(curves.hypot, 1000) == curves.total(curves.hypot, 1000))
print("pickled         ", pickle.loads(pickle.dumps(curves.hypot)) is curves.hypot)
try:
    caller.total(curves.bell, 10)
except TypeError as error:
    print("refused         ", str(error).splitlines()[1].strip())
try:
    import scipy.integrate
except ImportError:
    print("no SciPy")
else:
    bell = scipy.LowLevelCallable.from_cython(curves, "bell")
    print("integrated      ", round(scipy.integrate.quad(bell, -9, 9)[0], 9))
try:
    import numba
    from numba.extending import get_cython_function_address
except ImportError:
    print("no Numba")
else:
    hypot = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_double)(get_cython_function_address("curves", "hypot"))

    @numba.njit
    def total(count):
        sum = 0.0
        for _ in range(count):
            sum += hypot(3.0, 4.0)
        return sum

    print("inside @njit    ", total(1000))
