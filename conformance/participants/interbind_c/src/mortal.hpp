// Classes of the zoo's types that die: made on demand by the C API alone, kept by nobody here. The layer binds a C++ type once;
// these come as often as a case asks.
#pragma once

#include "values.hpp"

namespace mortal {

// How many objects there are.
inline std::atomic<std::int64_t> objects{0};

template <class T> struct Object {
    PyObject head;
    surface::Flag flag;
    alignas(16) T value;

    static Object *of(PyObject *object) { return reinterpret_cast<Object *>(object); }
};

template <class T> PyObject *make(PyTypeObject *type, PyObject *args, PyObject *) {
    PyObject *bytes = nullptr;
    if (!PyArg_ParseTuple(args, "S", &bytes))
        return nullptr;
    if (PyBytes_GET_SIZE(bytes) != sizeof(T))
        return PyErr_Format(PyExc_ValueError, "not the bytes of a value");
    PyObject *made = type->tp_alloc(type, 0);
    if (made) {
        new (&Object<T>::of(made)->flag) surface::Flag;
        std::memcpy(static_cast<void *>(&Object<T>::of(made)->value), PyBytes_AS_STRING(bytes), sizeof(T));
        objects.fetch_add(1, std::memory_order_relaxed);
    }
    return made;
}

inline void dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    objects.fetch_sub(1, std::memory_order_relaxed);
    type->tp_free(object);
    Py_DECREF(type);
}

// Makes a class that nobody has published.
template <class T> PyTypeObject *bare() {
    PyType_Slot slots[] = {
        {Py_tp_new, reinterpret_cast<void *>(make<T>)}, {Py_tp_dealloc, reinterpret_cast<void *>(dealloc)}, {0, nullptr}};
    PyType_Spec spec = {"zoo.Mortal", sizeof(Object<T>), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    return reinterpret_cast<PyTypeObject *>(surface::checked(PyType_FromSpec(&spec)));
}

template <class T>
inline interbind_class frozen = [] {
    interbind_class made = values::description<T>(INTERBIND_ALIASING_FROZEN, INTERBIND_THREAD_ANY);
    made.data_offset = offsetof(Object<T>, value);
    return made;
}();

template <class T>
inline interbind_class tracked = [] {
    interbind_class made = values::description<T>(INTERBIND_ALIASING_TRACKED, INTERBIND_THREAD_ATTACHED);
    made.borrow = [](const interbind_type_record *, PyObject *object, std::uint32_t mode) -> void * {
        auto *self = Object<T>::of(object);
        return self->flag.take(mode) ? &self->value : nullptr;
    };
    made.release = [](const interbind_type_record *, PyObject *object, void *, std::uint32_t mode) {
        Object<T>::of(object)->flag.give(mode);
    };
    return made;
}();

// A new class, published.
template <class T> PyObject *fresh(const binding::Module *module, std::string_view kind) {
    if (kind != "frozen" && kind != "tracked")
        throw std::invalid_argument("no such kind");
    surface::Owned made(reinterpret_cast<PyObject *>(bare<T>()));
    values::publish(module, kind == "frozen" ? &frozen<T> : &tracked<T>, reinterpret_cast<PyTypeObject *>(made.object));
    return Py_NewRef(made.object);
}

} // namespace mortal
