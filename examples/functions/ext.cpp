// A module of C++ whose functions pickle, and know their names and parameters. It needs the headers alone.
// ANCHOR: all
#include <interbind/function.hpp>

using namespace interbind::literals;

namespace {

double dot(double x, double y) { return x * y; }

int start(PyObject *m) {
    try {
        interbind::function(m, "dot", &dot, "x"_a, "y"_a = 1.0, "The product.");
        interbind::function(m, "join", [](std::string a, std::string b) { return a + b; }, "a"_a, interbind::star(), "b"_a = "!");
        return 0;
    } catch (const interbind::raised &) {
        return -1;      // the Python exception is set
    }
}

PyModuleDef_Slot slots[] = {{Py_mod_exec, reinterpret_cast<void *>(start)},
#ifdef Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "ext", nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};

} // namespace

PyMODINIT_FUNC PyInit_ext() { return PyModuleDef_Init(&definition); }
// ANCHOR_END: all
