// Function records as `bench.py` measures them: the functions of `subject.hpp`, and loops in C over native calls.
#include <interbind/function.hpp>
#include <interbind/native.hpp>

#include "subject.hpp"

#include <chrono>

using namespace interbind::literals;

namespace {

struct Object {
    PyObject_HEAD
    subject::K value;
};
PyTypeObject *class_of_k;

PyObject *make_k(PyTypeObject *type, PyObject *, PyObject *) {
    PyObject *made = PyType_GenericAlloc(type, 0);
    if (made != nullptr) {
        new (&reinterpret_cast<Object *>(made)->value) subject::K();
    }
    return made;
}

void free_k(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

} // namespace

namespace interbind INTERBIND_HIDDEN {
// An object of this module's class, as a reference to what is in it.
template <> struct converter<subject::K> {
    static constexpr const char *name = "K";
    using held = subject::K *;
    static constexpr bool runs_nothing = true;
    static bool load(PyObject *from, held &out) {
        out = Py_TYPE(from) == class_of_k ? &reinterpret_cast<Object *>(from)->value : nullptr;
        return out != nullptr;
    }
    static subject::K &get(held &value) { return *value; }
};
} // namespace interbind

namespace {

// Nanoseconds that one of `count` rounds takes.
template <class F> double timed(std::uint32_t count, F round) {
    const auto start = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < count; ++i) {
        round();
    }
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / count;
}

volatile double sink;

// A direct call, which the compiler can't see through.
double (*volatile direct)(double, double) = &subject::dot;

int start(PyObject *m) {
    try {
        interbind::function(m, "zero", [] {});
        interbind::function(m, "one", &subject::one);
        interbind::function(m, "three", &subject::three, "x"_a, "y"_a, "z"_a);
        interbind::function(m, "dot", &subject::dot, "x"_a, "y"_a = 1.0);
        interbind::function(m, "eightchr", &subject::one);
        interbind::lend(m, "dot", &subject::dot);
        interbind::lend(m, "one", &subject::one);
        interbind::function(m, "direct_ns", [](std::uint32_t n) {
            double (*f)(double, double) = direct;
            return timed(n, [&] { sink = f(sink, 1.0); });
        });
        interbind::function(m, "held_ns", [](PyObject *f, std::uint32_t n) {
            double (*entry)(double, double) = interbind::native<double(double, double)>(f);
            return timed(n, [&] { sink = entry(sink, 1.0); });
        });
        interbind::function(m, "looked_up_ns", [](PyObject *f, std::uint32_t n) {
            return timed(n, [&] {
                void *entry;
                interbind::check(interbind_native(f, "double (double, double)", &entry));
                sink = reinterpret_cast<double (*)(double, double)>(entry)(sink, 1.0);
            });
        });
        interbind::function(m, "attribute_ns", [](PyObject *m, std::uint32_t n) {
            return timed(n, [&] { Py_XDECREF(PyObject_GetAttrString(m, "dot")); });
        });
        PyType_Slot slots[] = {{Py_tp_new, reinterpret_cast<void *>(make_k)}, {Py_tp_dealloc, reinterpret_cast<void *>(free_k)}, {0, nullptr}};
        PyType_Spec spec = {"records.K", sizeof(Object), 0, Py_TPFLAGS_DEFAULT, slots};
        PyObject *k = PyType_FromModuleAndSpec(m, &spec, nullptr);
        if (k == nullptr || PyObject_SetAttrString(m, "K", k) < 0) {
            return -1;
        }
        class_of_k = reinterpret_cast<PyTypeObject *>(k);
        interbind::method(m, k, "times", [](const subject::K &self, double x) { return self.times(x); }, "self"_a, "x"_a);
        subject::many([&](const char *name, auto callable) { interbind::function(m, name, callable); });
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

PyModuleDef definition = {PyModuleDef_HEAD_INIT, NAME_OF(MODULE), nullptr, 0, nullptr, slots, nullptr, nullptr, nullptr};

} // namespace

PyMODINIT_FUNC START_OF(MODULE)() { return PyModuleDef_Init(&definition); }
