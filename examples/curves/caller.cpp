// A module of C++ that calls the C function behind another module's function: `curves` is built with Rust, and neither knows the other.
#include <interbind/native.hpp>

namespace frame {
struct Point {
    double x, y;
};
} // namespace frame
INTERBIND_DATA(frame::Point, "org.frame.Point", "1.2.0", x, y)

namespace {

// ANCHOR: call
double total(PyObject *f, unsigned count) {
    auto *entry = interbind::native<double(double, double)>(f);
    double sum = 0;
    for (unsigned i = 0; i < count; ++i) {
        sum += entry(i, 1.0);
    }
    return sum;
}
// ANCHOR_END: call

int start(PyObject *m) {
    using namespace interbind::literals;
    try {
        interbind::function(m, "total", &total, "f"_a, "count"_a);
        interbind::function(m, "norm", [](PyObject *f, double x, double y) { return interbind::native<double(frame::Point)>(f)({x, y}); });
        interbind::function(m, "mean", [](double x, double y) { return (x + y) / 2; }, "x"_a, "y"_a);
        interbind::lend(m, "mean", +[](double x, double y) { return (x + y) / 2; });
    } catch (const interbind::raised &) {
        return -1;
    }
    return 0;
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void *>(start)},
#ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "caller", nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};

} // namespace

PyMODINIT_FUNC PyInit_caller() { return PyModuleDef_Init(&definition); }
