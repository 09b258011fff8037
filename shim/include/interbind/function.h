/* Functions of C as Python objects that name themselves, pickle by name, and can be called by other builds without Python.
 *
 *     static PyObject *dot(interbind_overload *self, PyObject *function, PyObject *const *args);
 *
 *     interbind_parameter_def parameters[] = {{"x", NULL, "float", 0}, {"y", one, "float", 0}};
 *     interbind_function_def def = {.name = "dot", .call = dot, .parameters = parameters, .count = 2};
 *     interbind_function(module, NULL, &def);
 *
 * `call` gets an argument for each parameter: borrowed, never NULL. It returns a new reference; NULL with an exception; or NULL
 * without one when an argument doesn't fit, and then the next function of that name is tried. What a module adds under one name
 * is one function. Needs nothing of interbind at run time. C11 or C++11; one version of Python, or the limited API from 3.9 on. */
#ifndef INTERBIND_FUNCTION_H
#define INTERBIND_FUNCTION_H

#include <Python.h>

#include <interbind/function_service.h>

/* A parameter: `fallback` is borrowed during the call that makes the function, NULL when it must be given; `type` is for people,
 * and may be NULL. `kind` is an `INTERBIND_PARAMETER_…`; with a name 0 means that it may be given by place or by name, too. */
typedef struct interbind_parameter_def {
    const char *name;
    PyObject *fallback;
    const char *type;
    uint32_t kind;
} interbind_parameter_def;

/* How a function is made. Texts of `type`, `result` and `doc` stay valid as long as the function; the rest is read once. */
typedef struct interbind_function_def {
    const char *name;
    interbind_call_overload call;
    const interbind_parameter_def *parameters;
    uint32_t count;
    /* True: the parameter is given by place alone even where it has a name. */
    int by_place;
    const char *result;
    const char *doc;
    /* How Python calls it, where something is faster than `interbind_function_call`; NULL: that. Only of the first of a name. */
    interbind_vectorcall vectorcall;
    /* Bytes behind the overload that are the caller's: found with `interbind_overload_data`. */
    size_t size;
    /* Frees what these bytes hold; NULL: nothing. */
    void (*destroy)(interbind_overload *overload);
} interbind_function_def;

/* ---- Overloads. ---- */

/* The bytes behind an overload. */
static inline void *interbind_overload_data(interbind_overload *overload) {
    return (char *)overload + (sizeof *overload + 15) / 16 * 16;
}

INTERBIND_COLD void interbind_overload_free(interbind_overload *overload) {
    uint32_t place;
    void (*destroy)(interbind_overload *) = NULL;
    memcpy(&destroy, &overload->private_, sizeof destroy);
    if (destroy != NULL) {
        destroy(overload);
    }
    for (place = 0; place < overload->count; place++) {
        Py_XDECREF(overload->parameters[place].name);
        Py_XDECREF(overload->parameters[place].fallback);
    }
    free(overload);
}

/* Has something done before an overload is freed: what its bytes hold ends there. */
static inline void interbind_overload_on_free(interbind_overload *overload, void (*destroy)(interbind_overload *overload)) {
    memcpy(&overload->private_, &destroy, sizeof overload->private_);
}

/* An interned text of UTF-8: PyPy's own way to one takes any bytes. */
INTERBIND_COLD PyObject *interbind_interned(const char *name) {
    PyObject *text = PyUnicode_FromString(name);
    if (text != NULL) {
        PyUnicode_InternInPlace(&text);
    }
    return text;
}

/* Makes an overload. NULL: an exception is set. */
INTERBIND_COLD interbind_overload *interbind_overload_make(const interbind_function_def *def) {
    static const interbind_record_header header = INTERBIND_OVERLOAD_HEADER;
    const size_t start = (sizeof(interbind_overload) + 15) / 16 * 16 + (def->size + 15) / 16 * 16;
    interbind_overload *made;
    uint32_t place, least = 0, other;
    if (def->name == NULL || def->call == NULL || (def->parameters == NULL && def->count != 0)) {
        interbind_raise(PyExc_ValueError, "'%s' has no name, no call, or no parameters where it says how many",
            def->name == NULL ? "NULL" : def->name);
        return NULL;
    }
    if (def->size > ((size_t)1 << 20) || def->count > 1000) {
        interbind_raise(PyExc_ValueError, "'%s' has too many parameters, or too much behind it", def->name);
        return NULL;
    }
    made = (interbind_overload *)calloc(1, start + def->count * sizeof(interbind_parameter));
    if (made == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    made->header = header;
    made->call = def->call;
    made->parameters = (interbind_parameter *)(void *)((char *)made + start);
    made->result = interbind_str_of(def->result);
    made->doc = interbind_str_of(def->doc);
    made->free = interbind_overload_free;
    for (place = 0; place < def->count; place++) {
        const interbind_parameter_def *from = &def->parameters[place];
        interbind_parameter *to = &made->parameters[place];
        to->kind = from->kind == 0 && from->name != NULL && !def->by_place ? INTERBIND_PARAMETER_NAMED : from->kind;
        if (to->kind > INTERBIND_PARAMETER_KEYWORDS || to->kind < least || (to->kind == least && to->kind % 2 == 0 && least != 0) ||
            (from->name == NULL && to->kind != INTERBIND_PARAMETER_POSITIONAL)) {
            interbind_raise(PyExc_ValueError, "parameter %u of '%s' has kind %u, or no name, where that can't be", (unsigned)place,
                def->name, (unsigned)to->kind);
            interbind_overload_free(made);
            return NULL;
        }
        least = to->kind;
        made->places += to->kind <= INTERBIND_PARAMETER_NAMED;
        to->text = interbind_str_of(from->type);
        Py_XINCREF(from->fallback);
        to->fallback = from->fallback;
        to->stays = from->fallback != NULL && !(PyType_GetFlags(Py_TYPE(from->fallback)) & Py_TPFLAGS_HAVE_GC);
        made->count++;
        if (from->name != NULL && (to->name = interbind_interned(from->name)) == NULL) {
            interbind_overload_free(made);
            return NULL;
        }
        /* As Python says of its own: nobody could read or give the one or the other. */
        for (other = 0; other < place && (from->name == NULL || made->parameters[other].name == NULL ||
                 PyUnicode_Compare(to->name, made->parameters[other].name) != 0); other++) {
        }
        if (other < place || (to->fallback != NULL && (to->kind == INTERBIND_PARAMETER_REST || to->kind == INTERBIND_PARAMETER_KEYWORDS)) ||
            (to->fallback == NULL && to->kind <= INTERBIND_PARAMETER_NAMED && place > 0 && made->parameters[place - 1].fallback != NULL)) {
            interbind_raise(PyExc_ValueError, "parameter %u of '%s' has %s", (unsigned)place, def->name,
                other < place                ? "the name of another"
                    : to->fallback != NULL ? "a default, and takes the rest"
                                             : "no default, and the one before has");
            interbind_overload_free(made);
            return NULL;
        }
    }
    /* From now on it is whole. */
    interbind_overload_on_free(made, def->destroy);
    return made;
}

/* ---- Functions. ---- */

/* Makes a function of an overload, which it takes over; `home` keeps the overload's memory, `text` is its interned name, or NULL with
 * an exception. NULL: an exception is set. */
INTERBIND_COLD PyObject *interbind_function_make_of(PyObject *home, PyObject *module, PyObject *qualname, PyObject *text,
    interbind_overload *overload, interbind_vectorcall vectorcall) {
    PyTypeObject *type = text == NULL ? NULL : interbind_function_type();
    PyObject *function = type == NULL
        ? NULL
        : interbind_function_alloc(type, vectorcall != NULL ? vectorcall : interbind_function_call);
    Py_XDECREF((PyObject *)type);
    if (function == NULL) {
        overload->free(overload);
        return NULL;
    }
    interbind_function_of(function)->first = overload;
    Py_INCREF(text);
    interbind_function_of(function)->name = text;
    Py_INCREF(qualname);
    interbind_function_of(function)->qualname = qualname;
    Py_XINCREF(module);
    interbind_function_of(function)->module = module;
    Py_XINCREF(home);
    interbind_function_of(function)->home = home;
    interbind_defer(function);
    PyObject_GC_Track(function);
    return function;
}

/* The same, by a name of C's. */
INTERBIND_COLD PyObject *interbind_function_make(PyObject *home, PyObject *module, PyObject *qualname, const char *name,
    interbind_overload *overload, interbind_vectorcall vectorcall) {
    PyObject *text = interbind_interned(name);
    PyObject *function = interbind_function_make_of(home, module, qualname, text, overload, vectorcall);
    Py_XDECREF(text);
    return function;
}

/* Tells whether an object is a function of this build's class; -1: an exception is set. */
INTERBIND_COLD int interbind_function_check(PyObject *object) {
    PyTypeObject *type = interbind_function_type();
    const int is_one = type == NULL ? -1 : Py_TYPE(object) == type;
    Py_XDECREF((PyObject *)type);
    return is_one;
}

/* An attribute. The name is interned: CPython's cache of classes keeps each name that it was asked for. */
INTERBIND_COLD PyObject *interbind_attribute(PyObject *object, const char *name) {
    PyObject *key = interbind_interned(name), *found = key == NULL ? NULL : PyObject_GetAttr(object, key);
    Py_XDECREF(key);
    return found;
}

/* What stands in a class or module itself under a name: a new reference, or NULL with or without an exception. */
INTERBIND_COLD PyObject *interbind_own_item(PyObject *scope, PyObject *key) {
    PyObject *dict, *found = NULL;
    if (PyModule_Check(scope) && (dict = PyModule_GetDict(scope)) != NULL) {
        return interbind_functions_get(dict, key);
    }
    dict = interbind_attribute(scope, "__dict__");
    if (dict != NULL) {
        found = PyObject_GetItem(dict, key);
        if (found == NULL && PyErr_ExceptionMatches(PyExc_KeyError)) {
            PyErr_Clear();
        }
    }
    Py_XDECREF(dict);
    return found;
}

/* The same, by a name of C's. */
INTERBIND_COLD PyObject *interbind_own_attribute(PyObject *scope, const char *name) {
    PyObject *key = PyUnicode_FromString(name), *found = key == NULL ? NULL : interbind_own_item(scope, key);
    Py_XDECREF(key);
    return found;
}

/* Adds an overload behind those that a function has. */
INTERBIND_COLD void interbind_function_chain(PyObject *function, interbind_overload *overload) {
    interbind_overload *last = interbind_function_of(function)->first, *next = NULL;
    /* Another thread may add one too. */
    while (!INTERBIND_SWAP(last->next, next, overload)) {
        last = next;
        next = NULL;
    }
}

/* What a module says that it's called: a new reference, or NULL with an exception. */
INTERBIND_COLD PyObject *interbind_module_name(PyObject *module) {
#if !defined(PYPY_VERSION)
    /* Without a text made for the look-up; where there is no name that is a text, what says so is below. */
    PyObject *name = PyModule_CheckExact(module) ? PyModule_GetNameObject(module) : NULL;
    if (name != NULL) {
        return name;
    }
    PyErr_Clear();
#endif
    return interbind_attribute(module, "__name__");
}

/* The names that a function gets in a module, or in a class of it: `__module__`, `__qualname__`. -1: an exception is set. */
INTERBIND_COLD int interbind_function_names(PyObject *module, PyObject *scope, PyObject *text, PyObject **home_name,
    PyObject **qualname) {
    PyObject *outer = NULL;
    const int is_class = scope != NULL && PyType_Check(scope);
    *qualname = NULL;
    *home_name = is_class ? interbind_attribute(scope, "__module__") : interbind_module_name(scope != NULL ? scope : module);
    if (*home_name != NULL && !PyUnicode_CheckExact(*home_name)) {
        interbind_raise(PyExc_TypeError, "the name of a module must be a str, not %R", *home_name);
        Py_CLEAR(*home_name);
    }
    if (*home_name == NULL) {
        return -1;
    }
    PyUnicode_InternInPlace(home_name);
    outer = is_class ? interbind_attribute(scope, "__qualname__") : NULL;
    /* A class of a class may answer anything. */
    if (outer != NULL && !PyUnicode_Check(outer)) {
        interbind_raise(PyExc_TypeError, "the name of a class must be a str, not %R", outer);
        Py_CLEAR(outer);
    }
    if (outer != NULL) {
        *qualname = PyUnicode_FromFormat("%U.%U", outer, text);
        Py_DECREF(outer);
    } else if (!is_class) {
        Py_INCREF(text);
        *qualname = text;
    }
    if (*qualname == NULL) {
        Py_CLEAR(*home_name);
        return -1;
    }
    return 0;
}

/* Makes a function of an overload, which it takes over, for a module or a class of it (`scope`; NULL: the module), and adds it to
 * neither; `text` as above. NULL: an exception is set. */
INTERBIND_COLD PyObject *interbind_function_new_of(PyObject *module, PyObject *scope, PyObject *text, interbind_overload *overload,
    interbind_vectorcall vectorcall) {
    PyObject *home_name, *qualname, *made;
    if (text == NULL || interbind_function_names(module, scope, text, &home_name, &qualname) < 0) {
        overload->free(overload);
        return NULL;
    }
    made = interbind_function_make_of(module, home_name, qualname, text, overload, vectorcall);
    Py_DECREF(qualname);
    Py_DECREF(home_name);
    return made;
}

/* The same, by a name of C's. */
INTERBIND_COLD PyObject *interbind_function_new(PyObject *module, PyObject *scope, const char *name, interbind_overload *overload,
    interbind_vectorcall vectorcall) {
    PyObject *text = interbind_interned(name);
    PyObject *made = interbind_function_new_of(module, scope, text, overload, vectorcall);
    Py_XDECREF(text);
    return made;
}

/* Adds an overload, which it takes over, to a module or to a class of it (`scope`; NULL: the module): behind those of the module's
 * own function of that name, or as a new function. That one's object, borrowed from there; NULL: an exception is set. */
INTERBIND_COLD PyObject *interbind_function_add(PyObject *module, PyObject *scope, const char *name, interbind_overload *overload,
    interbind_vectorcall vectorcall) {
    PyObject *where = scope != NULL ? scope : module, *text = interbind_interned(name);
    PyObject *function = text == NULL ? NULL : interbind_own_item(where, text);
    const int done = function == NULL ? 0 : interbind_function_check(function);
    if (done > 0 && interbind_function_of(function)->home == module && interbind_function_of(function)->first != NULL) {
        interbind_function_chain(function, overload);
        Py_DECREF(text);
        Py_DECREF(function);
        return function;
    }
    Py_XDECREF(function);
    if (PyErr_Occurred()) {
        overload->free(overload);
        Py_XDECREF(text);
        return NULL;
    }
    function = interbind_function_new_of(module, scope, text, overload, vectorcall);
    if (function != NULL) {
        const int failed = PyObject_SetAttr(where, text, function) < 0;
        Py_DECREF(function);
        function = failed ? NULL : function;
    }
    Py_DECREF(text);
    return function;
}

/* Adds a function to a module, or to a class of it. FAILED comes with an exception. */
INTERBIND_COLD interbind_status interbind_function(PyObject *module, PyObject *scope, const interbind_function_def *def) {
    interbind_overload *overload;
    if (module == NULL || def == NULL) {
        return interbind_misuse("interbind_function", "an argument is NULL"), INTERBIND_FAILED;
    }
    overload = interbind_overload_make(def);
    if (overload == NULL || interbind_function_add(module, scope, def->name, overload, def->vectorcall) == NULL) {
        return INTERBIND_FAILED;
    }
    return INTERBIND_OK;
}

#endif /* INTERBIND_FUNCTION_H */
