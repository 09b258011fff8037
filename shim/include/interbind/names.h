/* The names under which pickle, `import` and `help` find what a module holds.
 *
 * A module that was made inside another has the name that its maker gave it, and nobody finds it by that. Here it gets its full
 * name, of the package in which the outer module was really imported, and is registered under it. */
#ifndef INTERBIND_NAMES_H
#define INTERBIND_NAMES_H

#include <Python.h>

#include <interbind/abi.h>
#include <interbind/compiler.h>
#include <interbind/raise.h>

/* Makes a module inside another: an attribute of `parent`, and in `sys.modules`. Functions and classes that are made for it
 * take its `__name__` for their `__module__`. What was registered under that name before is replaced, as an import would.
 * `out` gets a new reference. FAILED comes with an exception. */
INTERBIND_COLD interbind_status interbind_submodule(PyObject *parent, const char *name, PyObject **out) {
    PyObject *outer = PyObject_GetAttrString(parent, "__name__");
    PyObject *full = outer != NULL && PyUnicode_Check(outer) ? PyUnicode_FromFormat("%U.%s", outer, name) : NULL;
    /* PyModule_NewObject isn't everywhere. */
    PyObject *module = full != NULL ? PyObject_CallFunctionObjArgs((PyObject *)&PyModule_Type, full, NULL) : NULL;
    interbind_status status = INTERBIND_FAILED;
    if (module != NULL && PyObject_SetAttrString(parent, name, module) == 0 &&
        PyObject_SetItem(PyImport_GetModuleDict(), full, module) == 0) {
        *out = module;
        module = NULL;
        status = INTERBIND_OK;
    }
    if (outer != NULL && !PyUnicode_Check(outer)) {
        interbind_raise(PyExc_TypeError, "the __name__ of a module must be a str, not %R", outer);
    }
    Py_XDECREF(module);
    Py_XDECREF(full);
    Py_XDECREF(outer);
    return status;
}

#endif /* INTERBIND_NAMES_H */
