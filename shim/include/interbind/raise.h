/* Exceptions with a text. `PyErr_Format` of Python 3.11 and older raises one without a text when there is no memory for it; here
 * that is the MemoryError that it is. */
#ifndef INTERBIND_RAISE_H
#define INTERBIND_RAISE_H

#include <Python.h>

#include <stdarg.h>

#include <interbind/compiler.h>

/* Raises an exception of a class, with a text in the format of `PyErr_Format`. Returns NULL. */
INTERBIND_COLD PyObject *interbind_raise(PyObject *kind, const char *format, ...) {
    va_list values;
    PyObject *text;
    PyErr_Clear();
    va_start(values, format);
    text = PyUnicode_FromFormatV(format, values);
    va_end(values);
    if (text != NULL) {
        PyErr_SetObject(kind, text);
        Py_DECREF(text);
    }
    return NULL;
}

#endif /* INTERBIND_RAISE_H */
