// The consumer: functions that take the zoo's types, of whoever lists them.
#include "surface.hpp"

using namespace surface;

template <class T> static PyObject *read_as(PyObject *object) {
    T *value = find<T>(object);
    touched += value != nullptr;
    return bytes_of(value);
}

static PyObject *read(PyObject *, PyObject *arguments) {
    const char *id;
    PyObject *object;
    if (!PyArg_ParseTuple(arguments, "sO", &id, &object))
        return nullptr;
#define READ(T) if (std::strcmp(id, zoo::About<zoo::T>::id) == 0) return read_as<zoo::T>(object);
    WITH_ZOO(READ)
    return PyErr_Format(PyExc_ValueError, "no type of the zoo");
}

template <class T> static PyObject *write_as(PyObject *object, const char *name, const char *bytes, Py_ssize_t size) {
    T *value = find<T>(object);
    if (value == nullptr)
        return nullptr;
    for (const zoo::Field &field : zoo::About<T>::fields)
        if (std::strcmp(field.name, name) == 0 && field.size == static_cast<std::size_t>(size)) {
            ++touched;
            std::memcpy(reinterpret_cast<char *>(value) + field.offset, bytes, size);
            Py_RETURN_NONE;
        }
    return PyErr_Format(PyExc_ValueError, "no field of the type");
}

static PyObject *write(PyObject *, PyObject *arguments) {
    const char *id, *name, *bytes;
    PyObject *object;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "sOsy#", &id, &object, &name, &bytes, &size))
        return nullptr;
#define WRITE(T) if (std::strcmp(id, zoo::About<zoo::T>::id) == 0) return write_as<zoo::T>(object, name, bytes, size);
    WITH_ZOO(WRITE)
    return PyErr_Format(PyExc_ValueError, "no type of the zoo");
}

static PyObject *who(PyObject *, PyObject *) { return identity("consumer"); }

static PyMethodDef methods[] = {
    {"identity", who, METH_NOARGS, nullptr},
    {"live", live, METH_NOARGS, nullptr},
    {"own", make, METH_VARARGS, nullptr},
    {"read", read, METH_VARARGS, nullptr},
    {"write", write, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(MODULE), nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC INIT(MODULE)(void) { return module_of(definition); }
