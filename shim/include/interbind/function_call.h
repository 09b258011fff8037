/* How what a function is called with comes to its parameters, and what is said when it doesn't fit.
 *
 * The one hook of the `functions` service is `call` of an overload: it gets an argument for each parameter, in its place.
 * Names, defaults, the rest by place and by name, and the turns of the overloads are dealt with here, by what the parameters
 * say. Converts nothing itself. */
#ifndef INTERBIND_FUNCTION_CALL_H
#define INTERBIND_FUNCTION_CALL_H

#include <Python.h>

#include <string.h>

#include <interbind/abi.h>
#include <interbind/compiler.h>
#include <interbind/lock.h>
#include <interbind/raise.h>

#if defined(Py_LIMITED_API)
#define INTERBIND_TUPLE_SIZE PyTuple_Size
#define INTERBIND_TUPLE_ITEM PyTuple_GetItem
#else
#define INTERBIND_TUPLE_SIZE PyTuple_GET_SIZE
#define INTERBIND_TUPLE_ITEM PyTuple_GET_ITEM
#endif

#if defined(Py_TARGET_ABI3T)
#error "interbind/function.h lays out objects itself, which abi3t doesn't allow: build for one version of Python, or for abi3"
#endif

/* The record in a function's object: only of one whose class was found to be ours. */
static inline interbind_function_record *interbind_function_of(PyObject *function) {
    return (interbind_function_record *)(void *)((char *)function + sizeof(PyObject));
}

/* How many arguments are given by place. */
static inline size_t interbind_given(size_t count) {
    return count & ~((size_t)1 << (8 * sizeof(size_t) - 1));
}

/* ---- Texts. ---- */

/* A text of a record as Python's; what isn't UTF-8 is replaced. */
INTERBIND_COLD PyObject *interbind_str_shown(interbind_str text) {
    return PyUnicode_DecodeUTF8(text.len == 0 ? "" : (const char *)text.ptr, (Py_ssize_t)text.len, "replace");
}

/* Adds a text, which it takes over, to a list; NULL is passed on. */
INTERBIND_COLD int interbind_add_text(PyObject *list, PyObject *text) {
    const int done = text == NULL ? -1 : PyList_Append(list, text);
    Py_XDECREF(text);
    return done;
}

/* Joins a list, which it takes over, unless `failed`. */
INTERBIND_COLD PyObject *interbind_join(PyObject *list, const char *between, int failed) {
    PyObject *text = NULL, *separator = failed ? NULL : PyUnicode_FromString(between);
    if (separator != NULL) {
        text = PyUnicode_Join(separator, list);
        Py_DECREF(separator);
    }
    Py_XDECREF(list);
    return text;
}

/* What a parameter is when it isn't given: a new reference, or NULL. The collector may take it away meanwhile. */
static inline PyObject *interbind_fallback(PyObject *function, const interbind_parameter *parameter) {
    PyObject *fallback;
    interbind_section section;
    if (parameter->stays) {
        Py_INCREF(parameter->fallback);
        return parameter->fallback;
    }
    interbind_lock(&section, function);
    fallback = parameter->fallback;
    Py_XINCREF(fallback);
    interbind_unlock(&section);
    return fallback;
}

/* Tells whether a default can be read back from its `repr`: by `inspect`, in a signature. */
INTERBIND_COLD int interbind_is_literal(PyObject *value) {
    if (value == Py_None || PyBool_Check(value) || PyLong_CheckExact(value) || PyUnicode_CheckExact(value) ||
        PyBytes_CheckExact(value)) {
        return 1;
    }
    if (PyFloat_CheckExact(value)) {
        const double number = PyFloat_AsDouble(value);
        return number - number == 0.0;
    }
    return 0;
}

/* A parameter's default as text: `always` as people read it, else as `inspect` does. */
INTERBIND_COLD PyObject *interbind_default_text(PyObject *fallback, int for_people) {
    PyObject *shown;
    if (!for_people && !interbind_is_literal(fallback)) {
        return PyUnicode_FromString("...");
    }
    shown = PyObject_Repr(fallback);
    /* Of a number of very many digits, too. Where memory runs out, or a literal meets the end of the stack, nothing is known of it. */
    if (shown == NULL && PyErr_ExceptionMatches(for_people ? PyExc_Exception : PyExc_ValueError) &&
        !PyErr_ExceptionMatches(PyExc_MemoryError)) {
        PyErr_Clear();
        shown = PyUnicode_FromString("...");
    }
    return shown;
}

/* One parameter, as `times: int = 1` for people and `times=1` for `inspect`. Runs Python code. */
INTERBIND_COLD PyObject *interbind_parameter_text(PyObject *function, const interbind_overload *overload, uint32_t place,
    int for_people) {
    const interbind_parameter *parameter = &overload->parameters[place];
    const char *stars = parameter->kind == INTERBIND_PARAMETER_REST ? "*"
        : parameter->kind == INTERBIND_PARAMETER_KEYWORDS           ? "**"
                                                                    : "";
    const int is_typed = for_people && parameter->text.len != 0;
    PyObject *text = is_typed ? interbind_str_shown(parameter->text) : NULL;
    PyObject *fallback, *shown, *all;
    if (is_typed && text == NULL) {
        return NULL;
    }
    if (parameter->name == NULL) {
        all = is_typed ? PyUnicode_FromFormat("%s%U", stars, text) : PyUnicode_FromFormat("%sarg%u", stars, (unsigned)place);
    } else if (is_typed) {
        all = PyUnicode_FromFormat("%s%U: %U", stars, parameter->name, text);
    } else {
        all = PyUnicode_FromFormat("%s%U", stars, parameter->name);
    }
    Py_XDECREF(text);
    fallback = all == NULL ? NULL : interbind_fallback(function, parameter);
    if (fallback == NULL) {
        return all;
    }
    shown = interbind_default_text(fallback, for_people);
    Py_DECREF(fallback);
    text = shown == NULL ? NULL : PyUnicode_FromFormat(is_typed ? "%U = %U" : "%U=%U", all, shown);
    Py_XDECREF(shown);
    Py_DECREF(all);
    return text;
}

/* How an overload is called, as `(text: str, times: int = 1)`, or for `inspect` as `(text, times=1)`. */
INTERBIND_COLD PyObject *interbind_overload_text(PyObject *function, const interbind_overload *overload, int for_people) {
    PyObject *list = PyList_New(0), *inner;
    uint32_t place;
    int failed = list == NULL, is_star_there = 0;
    for (place = 0; place < overload->count && !failed; place++) {
        const interbind_parameter *parameter = &overload->parameters[place];
        const int is_positional = parameter->kind == INTERBIND_PARAMETER_POSITIONAL;
        const int is_last = place + 1 == overload->count ||
            overload->parameters[place + 1].kind != INTERBIND_PARAMETER_POSITIONAL;
        is_star_there |= parameter->kind == INTERBIND_PARAMETER_REST;
        if (parameter->kind == INTERBIND_PARAMETER_KEYWORD && !is_star_there) {
            is_star_there = 1;
            failed = interbind_add_text(list, PyUnicode_FromString("*")) < 0;
        }
        failed = failed || interbind_add_text(list, interbind_parameter_text(function, overload, place, for_people)) < 0;
        /* To people a type without a name says it already. */
        if (!failed && is_positional && is_last && (!for_people || parameter->name != NULL)) {
            failed = interbind_add_text(list, PyUnicode_FromString("/")) < 0;
        }
    }
    inner = interbind_join(list, ", ", failed);
    if (inner != NULL) {
        PyObject *text = NULL, *result = for_people && overload->result.len != 0 ? interbind_str_shown(overload->result) : NULL;
        if (result != NULL) {
            text = PyUnicode_FromFormat("(%U) -> %U", inner, result);
        } else if (!PyErr_Occurred()) {
            text = PyUnicode_FromFormat("(%U)", inner);
        }
        Py_XDECREF(result);
        Py_DECREF(inner);
        return text;
    }
    return NULL;
}

/* An attribute of a function's: a new reference, or NULL without an exception: it has no value. */
static inline PyObject *interbind_function_take(PyObject *function, PyObject **place) {
    PyObject *value;
    interbind_section section;
    interbind_lock(&section, function);
    value = *place;
    Py_XINCREF(value);
    interbind_unlock(&section);
    return value;
}

/* A function's name: a new reference. PyPy's `object.__new__` makes objects without one. */
static inline PyObject *interbind_function_text(PyObject *function, PyObject **place) {
    PyObject *text = interbind_function_take(function, place);
    return text != NULL ? text : PyUnicode_FromString("?");
}

/* Adds a line for each overload: its name, and how it is called. */
INTERBIND_COLD int interbind_add_overloads(PyObject *list, PyObject *function, PyObject *name, const char *indent) {
    const interbind_overload *overload = interbind_function_of(function)->first;
    for (; overload != NULL; overload = INTERBIND_LOAD(overload->next)) {
        PyObject *text = interbind_overload_text(function, overload, 1), *line;
        if (text == NULL) {
            return -1;
        }
        line = PyUnicode_FromFormat("%s%U%U", indent, name, text);
        Py_DECREF(text);
        if (interbind_add_text(list, line) < 0) {
            return -1;
        }
        if (overload->doc.len != 0 && *indent == '\0' &&
            interbind_add_text(list, interbind_str_shown(overload->doc)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* ---- Calls. ---- */

/* What kind of object was given: the name of its class, or `type[…]` of a class. */
INTERBIND_COLD PyObject *interbind_kind_shown(PyObject *given) {
    const int is_class = PyType_Check(given);
    PyObject *name = PyObject_GetAttrString(is_class ? given : (PyObject *)Py_TYPE(given), "__name__"), *text;
    if (name == NULL && !PyErr_ExceptionMatches(PyExc_Exception)) {
        return NULL;
    }
    if (name == NULL || !PyUnicode_Check(name)) {
        PyErr_Clear();
        Py_XDECREF(name);
        return PyUnicode_FromString("?");
    }
    text = PyUnicode_FromFormat(is_class ? "type[%U]" : "%U", name);
    Py_DECREF(name);
    return text;
}

/* Raises a TypeError that lists what was given and what is taken. Returns NULL. */
INTERBIND_COLD PyObject *interbind_function_refuse(PyObject *function, PyObject *const *args, size_t given, PyObject *names) {
    PyObject *name = interbind_function_text(function, &interbind_function_of(function)->qualname);
    PyObject *list = PyList_New(0), *kinds = PyList_New(0), *inner, *message;
    int failed = name == NULL || list == NULL || kinds == NULL;
    size_t place;
    for (place = 0; place < given && !failed; place++) {
        failed = interbind_add_text(kinds, interbind_kind_shown(args[place])) < 0;
    }
    inner = interbind_join(kinds, ", ", failed);
    failed = inner == NULL ||
        interbind_add_text(list, PyUnicode_FromFormat("%U(): incompatible arguments (%U)%s; takes:", name, inner,
            names != NULL && INTERBIND_TUPLE_SIZE(names) > 0 ? " and keywords" : "")) < 0 ||
        interbind_add_overloads(list, function, name, "  ") < 0;
    Py_XDECREF(inner);
    message = interbind_join(list, "\n", failed);
    if (message != NULL) {
        PyErr_SetObject(PyExc_TypeError, message);
        Py_DECREF(message);
    }
    Py_XDECREF(name);
    return NULL;
}

/* Finds a parameter by the name that was said. The number of parameters: no parameter has it. */
static inline uint32_t interbind_named(const interbind_overload *overload, PyObject *said) {
    uint32_t place;
    for (place = 0; place < overload->count; place++) {
        if (overload->parameters[place].name == said && overload->parameters[place].kind % 2 != 0) {
            return place;
        }
    }
    for (place = 0; place < overload->count; place++) {
        const interbind_parameter *parameter = &overload->parameters[place];
        if (parameter->name != NULL && parameter->kind % 2 != 0 && PyUnicode_Compare(parameter->name, said) == 0) {
            return place;
        }
    }
    return place;
}

/* Adds what has no parameter of its own to the dict of the rest. */
INTERBIND_COLD int interbind_place_rest(const interbind_overload *overload, PyObject **all, PyObject **kept, PyObject *said,
    PyObject *value) {
    const uint32_t last = overload->count - 1;
    if (overload->count == 0 || overload->parameters[last].kind != INTERBIND_PARAMETER_KEYWORDS) {
        return 0;
    }
    if (all[last] == NULL && (all[last] = kept[last] = PyDict_New()) == NULL) {
        return -1;
    }
    return PyDict_SetItem(all[last], said, value) < 0 ? -1 : 1;
}

/* Puts what was given, and what wasn't, into the places of an overload's parameters; `kept` gets what the caller gives back.
 * 1: done. 0: it isn't called like that. -1: an exception is set. */
static inline int interbind_place(PyObject *function, const interbind_overload *overload, PyObject *const *args, size_t given,
    PyObject *names, PyObject **all, PyObject **kept) {
    const Py_ssize_t words = names == NULL ? 0 : INTERBIND_TUPLE_SIZE(names);
    const uint32_t count = overload->count;
    uint32_t place;
    Py_ssize_t word;
    const size_t placed = given < overload->places ? given : overload->places;
    for (place = 0; place < placed; place++) {
        all[place] = args[place];
        kept[place] = NULL;
    }
    for (; place < count; place++) {
        all[place] = kept[place] = NULL;
    }
    if (given > overload->places) {
        const uint32_t rest = overload->places;
        size_t at;
        if (rest >= count || overload->parameters[rest].kind != INTERBIND_PARAMETER_REST) {
            return 0;
        }
        all[rest] = kept[rest] = PyTuple_New((Py_ssize_t)(given - rest));
        if (all[rest] == NULL) {
            return -1;
        }
        for (at = rest; at < given; at++) {
            Py_INCREF(args[at]);
            PyTuple_SetItem(all[rest], (Py_ssize_t)(at - rest), args[at]);
        }
    }
    for (word = 0; word < words; word++) {
        PyObject *said = INTERBIND_TUPLE_ITEM(names, word), *value = args[given + (size_t)word];
        if (!PyUnicode_Check(said)) {
            return 0;
        }
        place = interbind_named(overload, said);
        if (place == count) {
            const int done = interbind_place_rest(overload, all, kept, said, value);
            if (done <= 0) {
                return done;
            }
        } else if (all[place] != NULL) {
            return 0;
        } else {
            all[place] = value;
        }
    }
    for (place = 0; place < count; place++) {
        const interbind_parameter *parameter = &overload->parameters[place];
        if (all[place] != NULL) {
            continue;
        }
        if (parameter->kind == INTERBIND_PARAMETER_REST || parameter->kind == INTERBIND_PARAMETER_KEYWORDS) {
            kept[place] = parameter->kind == INTERBIND_PARAMETER_REST ? PyTuple_New(0) : PyDict_New();
            if (kept[place] == NULL) {
                return -1;
            }
        } else {
            kept[place] = interbind_fallback(function, parameter);
            if (kept[place] == NULL) {
                return 0;
            }
        }
        all[place] = kept[place];
    }
    return 1;
}

/* Tells whether a default can be read without a lock: without a GIL the collector may take away what it follows. */
static inline int interbind_is_there(const interbind_parameter *parameter) {
#if defined(Py_GIL_DISABLED)
    return parameter->stays != 0;
#else
    return parameter->fallback != NULL;
#endif
}

/* Puts what was given by place, and new references to the defaults of the rest, into the places of an overload whose parameters are all
 * given by place. 0: the general way has to find out how it is called. */
static inline int interbind_fill(const interbind_overload *overload, PyObject *const *args, size_t given, size_t count, PyObject **all) {
    size_t place;
    /* A parameter behind one with a default has one too, unless the collector has taken it. */
    for (place = given; place < count; place++) {
        if (!interbind_is_there(&overload->parameters[place])) {
            return 0;
        }
    }
    for (place = 0; place < count; place++) {
        all[place] = place < given ? args[place] : overload->parameters[place].fallback;
        if (place >= given) {
            Py_INCREF(all[place]);
        }
    }
    return 1;
}

/* The same with names; a place's bit in `filled` says that a default is there. */
INTERBIND_COLD int interbind_fill_named(const interbind_overload *overload, PyObject *const *args, size_t given, PyObject *names,
    PyObject **all, uint64_t *filled) {
    const size_t words = (size_t)INTERBIND_TUPLE_SIZE(names), count = overload->count;
    size_t place, word;
    *filled = 0;
    if (given + words > count || count > 64) {
        return 0;
    }
    for (place = 0; place < count; place++) {
        all[place] = place < given ? args[place] : NULL;
    }
    for (word = 0; word < words; word++) {
        PyObject *said = INTERBIND_TUPLE_ITEM(names, (Py_ssize_t)word);
        /* A name in code is the one text that parameters have; others are compared in the general way. */
        for (place = given; place < count && overload->parameters[place].name != said; place++) {
        }
        if (place == count || all[place] != NULL || overload->parameters[place].kind != INTERBIND_PARAMETER_NAMED) {
            return 0;
        }
        all[place] = args[given + word];
    }
    for (place = given; place < count; place++) {
        if (all[place] == NULL) {
            if (!interbind_is_there(&overload->parameters[place])) {
                return 0;
            }
            *filled |= (uint64_t)1 << place;
        }
    }
    for (place = given; place < count; place++) {
        if (*filled >> place & 1) {
            all[place] = overload->parameters[place].fallback;
            Py_INCREF(all[place]);
        }
    }
    return 1;
}

/* Calls one overload with what was given. NULL without an exception: it doesn't fit. */
static inline PyObject *interbind_overload_call(PyObject *function, interbind_overload *overload, PyObject *const *args,
    size_t given, PyObject *names) {
    PyObject *space[16], **all = space, *result = NULL;
    uint32_t place;
    int done;
    if (overload->count > 8) {
        all = (PyObject **)PyMem_Malloc(2 * sizeof(PyObject *) * overload->count);
        if (all == NULL) {
            return PyErr_NoMemory();
        }
    }
    done = interbind_place(function, overload, args, given, names, all, all + overload->count);
    if (done > 0) {
        result = overload->call(overload, function, all);
    }
    for (place = 0; place < overload->count; place++) {
        Py_XDECREF(all[overload->count + place]);
    }
    if (all != space) {
        PyMem_Free(all);
    }
    return result;
}

/* Calls a function: each overload in its turn, from one of its own on. */
static inline PyObject *interbind_function_call_from(PyObject *function, interbind_overload *overload, PyObject *const *args,
    size_t count, PyObject *names) {
    const size_t given = interbind_given(count);
    const int is_plain = names == NULL || INTERBIND_TUPLE_SIZE(names) == 0;
    PyObject *result = NULL;
    if (Py_EnterRecursiveCall(" while calling a native function")) {
        return NULL;
    }
    /* The function may be taken away while it runs. */
    Py_INCREF(function);
    for (; overload != NULL; overload = INTERBIND_LOAD(overload->next)) {
        if (is_plain && given == overload->count && given == overload->places) {
            result = overload->call(overload, function, args);
        } else {
            result = interbind_overload_call(function, overload, args, given, names);
        }
        if (result != NULL || PyErr_Occurred() != NULL) {
            break;
        }
    }
    if (result == NULL && PyErr_Occurred() == NULL) {
        interbind_function_refuse(function, args, given, is_plain ? NULL : names);
    }
    Py_DECREF(function);
    Py_LeaveRecursiveCall();
    return result;
}

/* Calls a function, with names and defaults: what `vectorcall` is, or leads to when a faster way of its own doesn't fit. No
 * exception is set. */
static inline PyObject *interbind_function_call(PyObject *function, PyObject *const *args, size_t count, PyObject *names) {
    return interbind_function_call_from(function, interbind_function_of(function)->first, args, count, names);
}

#endif /* INTERBIND_FUNCTION_CALL_H */
