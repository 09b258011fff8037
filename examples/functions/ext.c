// The module of `ext.cpp` in C: a function that pickles, and knows its name and its parameters. It needs the headers alone.
#include <interbind/function.h>

// ANCHOR: hook
// Gets an argument for each parameter, in its place; NULL where none was given.
static PyObject *dot(interbind_overload *self, PyObject *function, PyObject *const *args) {
    double x = PyFloat_AsDouble(args[0]), y = args[1] == NULL ? 1.0 : PyFloat_AsDouble(args[1]);
    (void)self, (void)function;
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(x * y);
}
// ANCHOR_END: hook
