// The provider: the zoo's types as listed classes.
#include "surface.hpp"

using namespace surface;

static PyObject *peek(PyObject *, PyObject *object) {
#define PEEK(T) if (Py_TYPE(object) == binding<zoo::T>().pytype) return bytes_of(value_in<zoo::T>(object));
    WITH_ZOO(PEEK)
    return PyErr_Format(PyExc_TypeError, "no object of the zoo: '%s'", Py_TYPE(object)->tp_name);
}

static PyObject *who(PyObject *, PyObject *) { return identity("provider"); }
static PyObject *drop_all(PyObject *, PyObject *) { Py_RETURN_NONE; }

static PyMethodDef methods[] = {
    {"identity", who, METH_NOARGS, nullptr},
    {"live", live, METH_NOARGS, nullptr},
    {"make", make, METH_VARARGS, nullptr},
    {"peek", peek, METH_O, nullptr},
    {"drop_all", drop_all, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(MODULE), nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

PyMODINIT_FUNC INIT(MODULE)(void) { return module_of(definition); }
