// What both modules have: bytes as values of the zoo and back, and how many objects live.
#pragma once

#include <Python.h>

#include ZOO_HPP

#include <atomic>
#include <cstring>

namespace surface {

inline std::atomic<long> objects{0}, touched{0};

inline void born() { ++objects; }
inline void died() { --objects; }
inline long living() { return objects; }
inline long touches() { return touched; }
inline const char *build() { return CONFORMANCE_BUILD; }
inline const char *mutation() { return zoo::MUTATION; }

// Fills a value from bytes; -1 with an exception where they are of another size.
template <class T> int fill(T &value, PyObject *bytes) {
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
        return -1;
    if (size != sizeof value) {
        PyErr_SetString(PyExc_ValueError, "bytes of another size");
        return -1;
    }
    std::memcpy(&value, data, sizeof value);
    return 0;
}

template <class T> PyObject *bytes_of(const T &value) {
    return PyBytes_FromStringAndSize(reinterpret_cast<const char *>(&value), sizeof value);
}

// As a function that others call does it.
template <class T> PyObject *read_value(const T &value) {
    ++touched;
    return bytes_of(value);
}

template <class T> int write_value(T &value, PyObject *name, PyObject *bytes) {
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
        return -1;
    for (const zoo::Field &field : zoo::About<T>::fields)
        if (PyUnicode_CompareWithASCIIString(name, field.name) == 0 && size == static_cast<Py_ssize_t>(field.size)) {
            ++touched;
            std::memcpy(reinterpret_cast<char *>(&value) + field.offset, data, size);
            return 0;
        }
    PyErr_SetString(PyExc_ValueError, "no field of the type");
    return -1;
}

} // namespace surface
