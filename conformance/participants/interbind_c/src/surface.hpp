// What both sides say about themselves, and how values come and go: as bytes.
#pragma once

#include "layer.hpp"

#include <cstring>

#include ZOO_HPP

namespace surface {

using binding::checked;

// A reference that goes with its scope.
struct Owned {
    PyObject *object;
    explicit Owned(PyObject *made) : object(checked(made)) {}
    Owned(const Owned &) = delete;
    ~Owned() { Py_DECREF(object); }
};

inline PyObject *bytes_of(const void *data, std::size_t size) {
    return checked(PyBytes_FromStringAndSize(static_cast<const char *>(data), static_cast<Py_ssize_t>(size)));
}

// The bytes of a value of that size.
inline const char *value_bytes(PyObject *bytes, std::size_t size) {
    if (!PyBytes_Check(bytes) || static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)) != size)
        throw std::invalid_argument("not the bytes of a value");
    return PyBytes_AS_STRING(bytes);
}

inline void put(PyObject *dict, const char *name, PyObject *made) {
    Owned value(made);
    if (PyDict_SetItemString(dict, name, value.object) < 0)
        throw binding::PythonError();
}

inline PyObject *identity(const char *role) {
    PyObject *dict = checked(PyDict_New());
    put(dict, "build", PyUnicode_FromString(CONFORMANCE_BUILD));
    put(dict, "role", PyUnicode_FromString(role));
    put(dict, "mutation", PyUnicode_FromString(zoo::MUTATION));
    return dict;
}

// What the registry of this interpreter holds, whoever published it.
inline PyObject *records(const binding::Module *module) {
    interbind_type_counts found{};
    const interbind_types_service *service = module->context().types;
    if (service->count(service, &found) != INTERBIND_OK)
        throw std::runtime_error("the records can't be counted");
    PyObject *dict = checked(PyDict_New());
    put(dict, "records", PyLong_FromUnsignedLongLong(found.live - found.immortal));
    put(dict, "immortal", PyLong_FromUnsignedLongLong(found.immortal));
    return dict;
}

// What its instance map holds, likewise.
inline PyObject *counts(const binding::Module *module, std::int64_t unmapped) {
    interbind_instance_counts found{};
    const interbind_instances_service *service = module->context().instances;
    if (service->count(service, &found) != INTERBIND_OK)
        throw std::runtime_error("the instance map can't be counted");
    PyObject *dict = records(module);
    put(dict, "objects", PyLong_FromLongLong(static_cast<std::int64_t>(found.entries) + unmapped));
    put(dict, "nurses", PyLong_FromUnsignedLongLong(found.nurses));
    put(dict, "patients", PyLong_FromUnsignedLongLong(found.patients));
    return dict;
}

} // namespace surface
