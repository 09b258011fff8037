/* How a function pickles: by name, when the name leads back to this very function.
 *
 * The stream holds the names of the module and of the function, as Python's own functions', and nothing of interbind. What has
 * no path is refused when it is pickled, with the step that failed; nothing else is ever found in its place. */
#ifndef INTERBIND_FUNCTION_PICKLE_H
#define INTERBIND_FUNCTION_PICKLE_H

#include <Python.h>

#include <interbind/function_call.h>

INTERBIND_COLD PyObject *interbind_function_alike(PyTypeObject *type, PyObject *module);
INTERBIND_COLD PyObject *interbind_function_repr(PyObject *function);

/* Raises a PicklingError for a function, with why, a text that is taken over. Returns NULL. */
INTERBIND_COLD PyObject *interbind_pickle_refuse(PyObject *function, PyObject *why) {
    PyObject *pickle = why == NULL ? NULL : PyImport_ImportModule("pickle");
    PyObject *error = pickle == NULL ? NULL : PyObject_GetAttrString(pickle, "PicklingError");
    PyObject *shown = error == NULL ? NULL : interbind_function_repr(function);
    if (shown != NULL) {
        interbind_raise(error, "can't pickle %U: %U", shown, why);
    }
    Py_XDECREF(shown);
    Py_XDECREF(error);
    Py_XDECREF(pickle);
    Py_XDECREF(why);
    return NULL;
}

/* Says which step of a path failed: made only then, as a path may be long. */
INTERBIND_COLD PyObject *interbind_pickle_step(PyObject *from, PyObject *steps, Py_ssize_t at) {
    PyObject *before = PySequence_List(steps), *inner = NULL, *text = NULL;
    if (before != NULL) {
        const int failed = PyList_SetSlice(before, at, PyList_Size(before), NULL) < 0 || PyList_Insert(before, 0, from) < 0;
        inner = interbind_join(before, ".", failed);
    }
    if (inner != NULL) {
        text = PyUnicode_FromFormat("%U has no attribute '%U'", inner, INTERBIND_TUPLE_ITEM(steps, at));
        Py_DECREF(inner);
    }
    return text;
}

/* The steps of a path: a tuple, since `gc.get_objects` gives a list to the code that an attribute runs, which may empty it. */
INTERBIND_COLD PyObject *interbind_pickle_steps(PyObject *path) {
    PyObject *dot = PyUnicode_FromString("."), *list = dot == NULL ? NULL : PyUnicode_Split(path, dot, -1);
    PyObject *steps = list == NULL ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    Py_XDECREF(dot);
    return steps;
}

/* Goes from an object along a path of attributes, as pickle does. A new reference, and the object before the last step; NULL with
 * a PicklingError that says which step failed, or what an attribute raised. */
INTERBIND_COLD PyObject *interbind_pickle_walk(PyObject *function, PyObject *start, PyObject *from, PyObject *path,
    PyObject **parent) {
    PyObject *steps = interbind_pickle_steps(path), *object = start;
    Py_ssize_t at;
    *parent = NULL;
    Py_INCREF(object);
    for (at = 0; steps != NULL && object != NULL && at < INTERBIND_TUPLE_SIZE(steps); at++) {
        PyObject *next = PyObject_GetAttr(object, INTERBIND_TUPLE_ITEM(steps, at));
        if (next == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Clear();
            interbind_pickle_refuse(function, interbind_pickle_step(from, steps, at));
        }
        Py_XDECREF(*parent);
        *parent = object;
        object = next;
    }
    if (steps == NULL) {
        Py_CLEAR(object);
    }
    Py_XDECREF(steps);
    if (object == NULL) {
        Py_CLEAR(*parent);
    }
    return object;
}

/* Tells whether what a path led to is a class's method around this function, as of a class method. */
INTERBIND_COLD int interbind_is_method_of(PyObject *found, PyObject *function) {
    PyObject *inner;
    int same;
    inner = PyObject_GetAttrString(found, "__func__");
    if (inner == NULL) {
        return PyErr_ExceptionMatches(PyExc_AttributeError) ? (PyErr_Clear(), 0) : -1;
    }
    same = inner == function;
    Py_DECREF(inner);
    return same;
}

/* What pickle calls when it loads: `operator.attrgetter(path)` of what stands for the module. A new tuple. */
INTERBIND_COLD PyObject *interbind_pickle_getter(PyObject *function, PyObject *module, PyObject *path) {
    PyObject *operators = PyImport_ImportModule("operator");
    PyObject *getter = operators == NULL ? NULL : PyObject_CallMethod(operators, "attrgetter", "O", path);
    PyObject *alike = getter == NULL ? NULL : interbind_function_alike(Py_TYPE(function), module);
    PyObject *reduced = alike == NULL ? NULL : Py_BuildValue("(O(O))", getter, alike);
    Py_XDECREF(alike);
    Py_XDECREF(getter);
    Py_XDECREF(operators);
    return reduced;
}

/* What stands for a module is pickled, and not called. */
INTERBIND_COLD PyObject *interbind_module_call(PyObject *function, PyObject *const *args, size_t count, PyObject *names) {
    (void)args;
    (void)count;
    (void)names;
    return interbind_raise(PyExc_TypeError, "%R stands for a module in a pickle, and isn't called", function);
}

/* How far around a module its path is looked for: each step takes time by the name's length. */
#define INTERBIND_MAX_MODULE_STEPS 100

/* Finds the nearest module around one that isn't registered; splits the name there. A new reference, or NULL. */
INTERBIND_COLD PyObject *interbind_pickle_around(PyObject *module, PyObject **outer, PyObject **rest) {
    Py_ssize_t end = PyUnicode_GetLength(module), whole = end;
    int left;
    for (left = INTERBIND_MAX_MODULE_STEPS; end > 0 && left > 0; left--) {
        PyObject *found;
        end = PyUnicode_FindChar(module, '.', 0, end, -1);
        if (end <= 0) {
            break;
        }
        *outer = PyUnicode_Substring(module, 0, end);
        found = *outer == NULL ? NULL : PyImport_GetModule(*outer);
        if (found != NULL) {
            *rest = PyUnicode_Substring(module, end + 1, whole);
            if (*rest != NULL) {
                return found;
            }
            Py_DECREF(found);
        }
        Py_CLEAR(*outer);
        if (PyErr_Occurred()) {
            return NULL;
        }
    }
    return NULL;
}

/* `__reduce_ex__`, with what `__module__` and `__qualname__` are. */
INTERBIND_COLD PyObject *interbind_pickle_named(PyObject *function, PyObject *module, PyObject *qualname, long protocol) {
    PyObject *found = PyImport_GetModule(module), *outer = NULL, *rest = NULL, *path, *parent, *result = NULL, *object;
    const int is_registered = found != NULL;
    int is_method = 0;
    if (found == NULL && !PyErr_Occurred()) {
        found = interbind_pickle_around(module, &outer, &rest);
    }
    if (found == NULL) {
        return PyErr_Occurred() ? NULL
                                : interbind_pickle_refuse(function, PyUnicode_FromFormat("'%U' isn't in sys.modules", module));
    }
    if (is_registered) {
        path = qualname;
        Py_INCREF(path);
    } else {
        path = PyUnicode_FromFormat("%U.%U", rest, qualname);
    }
    object = path == NULL ? NULL
                          : interbind_pickle_walk(function, found, is_registered ? module : outer, path, &parent);
    if (object != NULL) {
        is_method = object == function ? 0 : interbind_is_method_of(object, function);
    }
    if (object != NULL && is_method > 0) {
        PyObject *inner = PyUnicode_FromFormat("%U.__func__", path);
        Py_DECREF(path);
        path = inner;
    }
    if (object == NULL || path == NULL || is_method < 0) {
        /* An exception is set. */
    } else if (object != function && !is_method) {
        interbind_pickle_refuse(function,
            PyUnicode_FromFormat("%U.%U is now another object", is_registered ? module : outer, path));
    } else if (is_registered && (protocol >= 4 || parent == found || (!is_method && !PyModule_Check(parent)))) {
        /* Before protocol 4 pickle writes the object before the last step too: not a module, and not a method, of which dill and
         * cloudpickle write this function. */
        result = path;
        Py_INCREF(result);
    } else {
        result = interbind_pickle_getter(function, is_registered ? module : outer, path);
    }
    if (object != NULL) {
        Py_XDECREF(parent);
        Py_DECREF(object);
    }
    Py_XDECREF(path);
    Py_XDECREF(rest);
    Py_XDECREF(outer);
    Py_DECREF(found);
    return result;
}

INTERBIND_COLD PyObject *interbind_function_reduce(PyObject *function, PyObject *asked) {
    interbind_function_record *record = interbind_function_of(function);
    PyObject *module, *qualname, *result = NULL;
    long protocol = 4;
    if (record->flags & INTERBIND_FUNCTION_IS_MODULE) {
        PyObject *importlib = PyImport_ImportModule("importlib"), *load, *name;
        load = importlib == NULL ? NULL : PyObject_GetAttrString(importlib, "import_module");
        /* Another thread may set it meanwhile. */
        name = load == NULL ? NULL : interbind_function_text(function, &record->name);
        result = name == NULL ? NULL : Py_BuildValue("(O(O))", load, name);
        Py_XDECREF(name);
        Py_XDECREF(load);
        Py_XDECREF(importlib);
        return result;
    }
    if (asked != NULL) {
        protocol = PyLong_AsLong(asked);
        if (protocol == -1 && PyErr_Occurred()) {
            return NULL;
        }
    }
    module = PyObject_GetAttrString(function, "__module__");
    if (module == NULL) {
        return NULL;
    }
    if (!PyUnicode_CheckExact(module)) {
        interbind_pickle_refuse(function, PyUnicode_FromFormat("its __module__ is %R, not a str", module));
        Py_DECREF(module);
        return NULL;
    }
    qualname = interbind_function_text(function, &record->qualname);
    result = qualname == NULL ? NULL : interbind_pickle_named(function, module, qualname, protocol);
    Py_XDECREF(qualname);
    Py_DECREF(module);
    return result;
}

#endif /* INTERBIND_FUNCTION_PICKLE_H */
