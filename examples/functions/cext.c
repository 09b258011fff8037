// The same function as in `ext.cpp`, in C. It needs the headers alone.
#include <interbind/function.h>

// ANCHOR: hook
static PyObject *dot(interbind_overload *self, PyObject *function, PyObject *const *args) {
    (void)self, (void)function;
    double x = PyFloat_AsDouble(args[0]);
    double y = PyErr_Occurred() ? 0.0 : PyFloat_AsDouble(args[1]);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble(x * y);
}
// ANCHOR_END: hook

// ANCHOR: add
static int start(PyObject *module) {
    PyObject *one = PyFloat_FromDouble(1.0);
    if (one == NULL) {
        return -1;
    }
    const interbind_parameter_def parameters[] = {{"x", NULL, "float", 0}, {"y", one, "float", 0}};
    interbind_function_def def;
    memset(&def, 0, sizeof def);
    def.name = "dot";
    def.call = dot;
    def.parameters = parameters;
    def.count = 2;
    def.doc = "The product.";
    int done = interbind_function(module, NULL, &def) == INTERBIND_OK ? 0 : -1;
    Py_DECREF(one);     // the function has its own reference
    return done;
}
// ANCHOR_END: add

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)start},
#ifdef Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "cext", NULL, 0, NULL, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_cext(void) { return PyModuleDef_Init(&definition); }
