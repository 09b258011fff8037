/* The class of a build's functions: attributes, garbage collection, binding as a method, and the list of all builds' classes.
 *
 * There is one for each version of the record and each platform text, in each interpreter, made by the first module that needs
 * it; its name says both. It is listed by the `functions` service, which needs no core. */
#ifndef INTERBIND_FUNCTION_CLASS_H
#define INTERBIND_FUNCTION_CLASS_H

#include <Python.h>

#include <stdlib.h>
#if PY_VERSION_HEX < 0x030c0000
#include <structmember.h>
#endif

#include <interbind/function_pickle.h>
#include <interbind/judge.h>
#include <interbind/platform.h>
#include <interbind/refuse.h>

/* Whose the classes and the list are that this library makes. */
static interbind_owner interbind_function_owner = INTERBIND_OWNER("interbind/function.h", INTERBIND_VERSION);

#if defined(INTERBIND_LIMITED)
#define INTERBIND_FUNCTION_API "abi3_3_" INTERBIND_API_MINOR
#else
#define INTERBIND_FUNCTION_API INTERBIND_TEXT_OF(PY_MAJOR_VERSION) "_" INTERBIND_TEXT_OF(PY_MINOR_VERSION)
#endif

/* The class's name: the version of the record, and the platform text as a name. */
#define INTERBIND_FUNCTION_CLASS_NAME \
    "interbind.function_" INTERBIND_TEXT_OF(INTERBIND_FUNCTION_MAJOR) "_" INTERBIND_TEXT_OF(INTERBIND_FUNCTION_MINOR) \
    "_" INTERBIND_OS "_" INTERBIND_ARCH "_" INTERBIND_BITS "_" INTERBIND_ENDIAN "_" INTERBIND_C_ABI "_" INTERBIND_PYTHON \
    "_" INTERBIND_FUNCTION_API "_gil_" INTERBIND_GIL "_debug_" INTERBIND_DEBUG "_refs_" INTERBIND_REFS

/* Flags of classes that not every version's headers have; older ones look at other bits alone. */
#define INTERBIND_TYPE_IMMUTABLE (1ul << 8)
#define INTERBIND_TYPE_VECTORCALL (1ul << 11)
#define INTERBIND_TYPE_METHOD_DESCRIPTOR (1ul << 17)

/* ---- Attributes. ---- */

/* Puts a value, which is taken over, in an attribute's place. */
static inline void interbind_function_put(PyObject *function, PyObject **place, PyObject *value) {
    PyObject *before;
    interbind_section section;
    interbind_lock(&section, function);
    before = *place;
    *place = value;
    interbind_unlock(&section);
    Py_XDECREF(before);
}

INTERBIND_COLD PyObject *interbind_function_text_of(PyObject *function, void *offset) {
    return interbind_function_text(function, (PyObject **)(void *)((char *)function + (size_t)offset));
}

/* `__name__` and `__qualname__`: texts, as Python's own functions want. */
INTERBIND_COLD int interbind_function_set_text(PyObject *function, PyObject *value, void *offset) {
    PyObject *text;
    if (value == NULL || !PyUnicode_Check(value)) {
        interbind_raise(PyExc_TypeError, "the name of a function must be a str, not %R",
            value == NULL ? Py_None : (PyObject *)Py_TYPE(value));
        return -1;
    }
    /* A subclass's instance may lead anywhere. */
    text = PyUnicode_FromObject(value);
    if (text == NULL) {
        return -1;
    }
    interbind_function_put(function, (PyObject **)(void *)((char *)function + (size_t)offset), text);
    return 0;
}

INTERBIND_COLD PyObject *interbind_function_signature(PyObject *function, void *unused) {
    const interbind_overload *first = interbind_function_of(function)->first;
    (void)unused;
    if (first == NULL || INTERBIND_LOAD(*(interbind_overload *const *)&first->next) != NULL) {
        Py_RETURN_NONE;
    }
    return interbind_overload_text(function, first, 0);
}

/* `__doc__`, as long as nobody has set it: how each overload is called, and what it says of itself. */
INTERBIND_COLD PyObject *interbind_function_made_doc(PyObject *function) {
    PyObject *name = interbind_function_text(function, &interbind_function_of(function)->name), *list = PyList_New(0);
    const int failed = name == NULL || list == NULL || interbind_add_overloads(list, function, name, "") < 0;
    Py_XDECREF(name);
    return interbind_join(list, "\n", failed);
}

INTERBIND_COLD PyObject *interbind_function_repr(PyObject *function) {
    interbind_function_record *record = interbind_function_of(function);
    PyObject *module = interbind_function_take(function, &record->module);
    PyObject *qualname = interbind_function_text(function, &record->qualname), *text;
    if (qualname == NULL) {
        text = NULL;
    } else if (record->flags & INTERBIND_FUNCTION_IS_MODULE) {
        text = PyUnicode_FromFormat("<native reference to module %U>", qualname);
    } else if (module != NULL) {
        text = PyUnicode_FromFormat("<native function %U.%U>", module, qualname);
    } else {
        text = PyUnicode_FromFormat("<native function %U>", qualname);
    }
    Py_XDECREF(qualname);
    Py_XDECREF(module);
    return text;
}

#if defined(PYPY_VERSION)
/* PyPy keeps the dict of every object itself. */
INTERBIND_COLD PyObject *interbind_function_dict(PyObject *function, void *unused) {
    return PyObject_GenericGetDict(function, unused);
}

INTERBIND_COLD int interbind_function_set_dict(PyObject *function, PyObject *value, void *unused) {
    return PyObject_GenericSetDict(function, value, unused);
}
#else
INTERBIND_COLD PyObject *interbind_function_dict(PyObject *function, void *unused) {
    interbind_function_record *record = interbind_function_of(function);
    PyObject *dict, *made = PyDict_New();
    interbind_section section;
    (void)unused;
    if (made == NULL) {
        return NULL;
    }
    interbind_lock(&section, function);
    if (record->dict == NULL) {
        record->dict = made;
        made = NULL;
    }
    dict = record->dict;
    Py_INCREF(dict);
    interbind_unlock(&section);
    Py_XDECREF(made);
    return dict;
}

INTERBIND_COLD int interbind_function_set_dict(PyObject *function, PyObject *value, void *unused) {
    (void)unused;
    if (value == NULL || !PyDict_Check(value)) {
        interbind_raise(PyExc_TypeError, "__dict__ must be set to a dictionary, not %R",
            value == NULL ? Py_None : (PyObject *)Py_TYPE(value));
        return -1;
    }
    Py_INCREF(value);
    interbind_function_put(function, &interbind_function_of(function)->dict, value);
    return 0;
}
#endif

/* Reads `__module__` or `__doc__`. A text is in the record's field. Any other value is in `__dict__`, which the collector
 * traverses. Both are read in one section, so that no thread sees neither. NULL without an exception: it was never set. */
INTERBIND_COLD PyObject *interbind_function_get_any(PyObject *function, PyObject **place, const char *name) {
    PyObject *value, *dict = NULL, *key;
    interbind_section section;
    interbind_lock(&section, function);
    value = *place;
    Py_XINCREF(value);
#if !defined(PYPY_VERSION)
    dict = value == NULL ? interbind_function_of(function)->dict : NULL;
    Py_XINCREF(dict);
#else
    dict = value == NULL ? interbind_function_dict(function, NULL) : NULL;
#endif
    if (dict != NULL) {
        key = PyUnicode_FromString(name);
        value = key == NULL ? NULL : PyObject_GetItem(dict, key);
        Py_XDECREF(key);
        if (value == NULL && PyErr_ExceptionMatches(PyExc_KeyError)) {
            PyErr_Clear();
        }
    }
    interbind_unlock(&section);
    Py_XDECREF(dict);
    return value;
}

/* As of Python's own functions: any object, and None when it is deleted. A thread that wins the section between two steps leaves
 * a value in one of the two, too. */
INTERBIND_COLD int interbind_function_set_any(PyObject *function, PyObject **place, const char *name, PyObject *value) {
    const int is_text = value != NULL && PyUnicode_CheckExact(value);
    PyObject *dict = interbind_function_dict(function, NULL), *key = PyUnicode_FromString(name), *before = NULL, *other;
    int done = -1;
    interbind_section section;
    if (dict != NULL && key != NULL) {
        interbind_lock(&section, function);
        if (is_text) {
            done = PyObject_DelItem(dict, key);
            if (done < 0 && PyErr_ExceptionMatches(PyExc_KeyError)) {
                PyErr_Clear();
                done = 0;
            }
            if (done == 0) {
                before = *place;
                Py_INCREF(value);
                *place = value;
            }
        } else {
            before = *place;
            *place = NULL;
            done = PyObject_SetItem(dict, key, value == NULL ? Py_None : value);
            if (done < 0) {
                other = *place;
                *place = before;
                before = other;
            }
        }
        interbind_unlock(&section);
        Py_XDECREF(before);
    }
    Py_XDECREF(key);
    Py_XDECREF(dict);
    return done;
}

INTERBIND_COLD PyObject *interbind_function_doc(PyObject *function, void *unused) {
    interbind_function_record *record = interbind_function_of(function);
    PyObject *doc = interbind_function_get_any(function, &record->doc, "__doc__");
    (void)unused;
    if (doc != NULL || PyErr_Occurred()) {
        return doc;
    }
    if (record->first != NULL) {
        return interbind_function_made_doc(function);
    }
    Py_RETURN_NONE;
}

INTERBIND_COLD int interbind_function_set_doc(PyObject *function, PyObject *value, void *unused) {
    (void)unused;
    return interbind_function_set_any(function, &interbind_function_of(function)->doc, "__doc__", value);
}

/* `__class__`: what tools take a function of C by, as `inspect.isbuiltin` and makers of stubs do. Its type is another. */
INTERBIND_COLD PyObject *interbind_function_kind(PyObject *function, void *unused) {
    (void)function, (void)unused;
    Py_INCREF(&PyCFunction_Type);
    return (PyObject *)&PyCFunction_Type;
}

/* Tells whether an attribute is of that name. */
static inline int interbind_is_name(PyObject *name, const char *text) {
    return PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0;
}

/* `__module__` and `__call__` are answered here: as properties of the class they would hide the class's own. */
INTERBIND_COLD PyObject *interbind_function_getattr(PyObject *function, PyObject *name) {
    if (interbind_is_name(name, "__module__")) {
        PyObject *module =
            interbind_function_get_any(function, &interbind_function_of(function)->module, "__module__");
        if (module == NULL && !PyErr_Occurred()) {
            Py_RETURN_NONE;
        }
        return module;
    }
    if (interbind_is_name(name, "__call__")) {
        /* So that `inspect` sees the function's signature and not that of every call. */
        Py_INCREF(function);
        return function;
    }
    return PyObject_GenericGetAttr(function, name);
}

INTERBIND_COLD int interbind_function_setattr(PyObject *function, PyObject *name, PyObject *value) {
    if (interbind_is_name(name, "__module__")) {
        return interbind_function_set_any(function, &interbind_function_of(function)->module, "__module__", value);
    }
    if (interbind_is_name(name, "__call__")) {
        PyErr_SetString(PyExc_AttributeError, "the '__call__' of a native function can't be set");
        return -1;
    }
    return PyObject_GenericSetAttr(function, name, value);
}

/* ---- What a function is to Python. ---- */

/* `copy` and `deepcopy`: a function is the same everywhere. */
INTERBIND_COLD PyObject *interbind_function_same(PyObject *function, PyObject *unused) {
    return (void)unused, Py_INCREF(function), function;
}

INTERBIND_COLD PyObject *interbind_function_reduce_plain(PyObject *function, PyObject *unused) {
    (void)unused;
    return interbind_function_reduce(function, NULL);
}

INTERBIND_COLD PyObject *interbind_function_bind(PyObject *function, PyObject *instance, PyObject *owner) {
    (void)owner;
    if (instance == NULL || instance == Py_None) {
        Py_INCREF(function);
        return function;
    }
#if defined(Py_LIMITED_API)
    {
        PyObject *types = PyImport_ImportModule("types");
        PyObject *bound = types == NULL ? NULL : PyObject_CallMethod(types, "MethodType", "OO", function, instance);
        Py_XDECREF(types);
        return bound;
    }
#else
    return PyMethod_New(function, instance);
#endif
}

INTERBIND_COLD PyObject *interbind_function_new_refused(PyTypeObject *type, PyObject *args, PyObject *names) {
    (void)type, (void)args, (void)names;
    return interbind_raise(PyExc_TypeError, "native functions are made by their modules, not by Python code");
}

#if defined(Py_LIMITED_API) && (Py_LIMITED_API + 0 < 0x030c0000 || defined(PYPY_VERSION))
#define INTERBIND_OWN_TP_CALL 1
/* Calls with a tuple and a dict: what `PyVectorcall_Call` does, which the limited API has since 3.12. */
INTERBIND_COLD PyObject *interbind_function_tp_call(PyObject *function, PyObject *args, PyObject *names) {
    const interbind_vectorcall vectorcall = interbind_function_of(function)->vectorcall;
    const Py_ssize_t given = PyTuple_Size(args), words = names == NULL ? 0 : PyDict_Size(names);
    PyObject **all = (PyObject **)PyMem_Malloc(sizeof(PyObject *) * (size_t)(given + words + 1));
    PyObject *said = words == 0 ? NULL : PyTuple_New(words), *kept = words == 0 ? NULL : PyTuple_New(words);
    PyObject *result = NULL, *name, *value;
    Py_ssize_t at = 0, place = 0;
    if (all == NULL || (words != 0 && (said == NULL || kept == NULL))) {
        result = all == NULL ? PyErr_NoMemory() : NULL;
    } else if (vectorcall == NULL) {
        /* PyPy and 3.9 let Python code change classes of C, so that they make objects that nobody fills. */
        interbind_raise(PyExc_TypeError, "%R was not made by its class, and isn't called", function);
    } else {
        for (; place < given; place++) {
            all[place] = PyTuple_GetItem(args, place);
        }
        for (place = 0; place < words && PyDict_Next(names, &at, &name, &value); place++) {
            Py_INCREF(name);
            Py_INCREF(value);
            PyTuple_SetItem(said, place, name);
            PyTuple_SetItem(kept, place, value);
            all[given + place] = value;
        }
        result = vectorcall(function, all, (size_t)given, said);
    }
    Py_XDECREF(kept);
    Py_XDECREF(said);
    PyMem_Free(all);
    return result;
}
#else
#define INTERBIND_OWN_TP_CALL 0
#endif

/* ---- Memory. ---- */

INTERBIND_COLD int interbind_function_traverse(PyObject *function, visitproc visit, void *arg) {
    interbind_function_record *record = interbind_function_of(function);
    interbind_overload *overload = record->first;
    const interbind_native_entry *entry;
    Py_VISIT(Py_TYPE(function));
    Py_VISIT(record->home);
    Py_VISIT(record->module);
    Py_VISIT(record->doc);
    Py_VISIT(record->dict);
    for (; overload != NULL; overload = INTERBIND_LOAD(overload->next)) {
        uint32_t place;
        for (place = 0; place < overload->count; place++) {
            Py_VISIT(overload->parameters[place].fallback);
        }
        if (overload->traverse != NULL) {
            const int stopped = overload->traverse(overload, visit, arg);
            if (stopped != 0) {
                return stopped;
            }
        }
    }
    for (entry = INTERBIND_LOAD(record->natives); entry != NULL; entry = entry->next) {
        Py_VISIT(entry->keep);
    }
    return 0;
}

/* Gives up what may lead back here; the function stays what it is. */
INTERBIND_COLD int interbind_function_clear(PyObject *function) {
    interbind_function_record *record = interbind_function_of(function);
    interbind_overload *overload = record->first;
    interbind_function_put(function, &record->dict, NULL);
    for (; overload != NULL; overload = INTERBIND_LOAD(overload->next)) {
        uint32_t place;
        for (place = 0; place < overload->count; place++) {
            if (!overload->parameters[place].stays) {
                interbind_function_put(function, &overload->parameters[place].fallback, NULL);
            }
        }
        if (overload->clear != NULL) {
            overload->clear(overload);
        }
    }
    return 0;
}

/* Functions may hold each other in a long chain, which must not end one inside the other: the stack would run out. Python's
 * trashcan sees to that; where the limited API has none, a tuple does, which has its own. */
#if defined(Py_LIMITED_API) && !defined(PYPY_VERSION)
#define INTERBIND_TRASHCAN_BEGIN(object, dealloc)
#define INTERBIND_TRASHCAN_END
INTERBIND_COLD void interbind_let_go(PyObject *value) {
    PyObject *type, *error, *trace, *tuple;
    if (value == NULL || !(PyType_GetFlags(Py_TYPE(value)) & Py_TPFLAGS_HAVE_GC)) {
        Py_XDECREF(value);
        return;
    }
    PyErr_Fetch(&type, &error, &trace);
    tuple = PyTuple_New(1);
    if (tuple != NULL) {
        PyTuple_SetItem(tuple, 0, value);
        value = tuple;
    }
    PyErr_Clear();
    Py_DECREF(value);
    PyErr_Restore(type, error, trace);
}

/* Lets the defaults go before the overloads do. */
INTERBIND_COLD void interbind_function_let_defaults_go(interbind_overload *overload) {
    for (; overload != NULL; overload = INTERBIND_LOAD(overload->next)) {
        uint32_t place;
        for (place = 0; place < overload->count; place++) {
            PyObject *fallback = overload->parameters[place].fallback;
            overload->parameters[place].fallback = NULL;
            interbind_let_go(fallback);
        }
    }
}
#else
#if defined(PYPY_VERSION)
#define INTERBIND_TRASHCAN_BEGIN(object, dealloc)
#define INTERBIND_TRASHCAN_END
#else
#define INTERBIND_TRASHCAN_BEGIN(object, dealloc) Py_TRASHCAN_BEGIN(object, dealloc)
#define INTERBIND_TRASHCAN_END Py_TRASHCAN_END
#endif
#define interbind_let_go Py_XDECREF
#define interbind_function_let_defaults_go(overload) (void)(overload)
#endif

INTERBIND_COLD void interbind_function_dealloc(PyObject *function) {
    interbind_function_record *record = interbind_function_of(function);
    PyTypeObject *type = Py_TYPE(function);
    PyObject *home = record->home;
    interbind_overload *overload = record->first, *next;
    const interbind_native_entry *entry = INTERBIND_LOAD(record->natives), *before;
    PyObject_GC_UnTrack(function);
    INTERBIND_TRASHCAN_BEGIN(function, interbind_function_dealloc)
    if (record->weakrefs != NULL) {
        PyObject_ClearWeakRefs(function);
    }
    Py_CLEAR(record->dict);
    interbind_function_let_defaults_go(overload);
    for (; overload != NULL; overload = next) {
        next = INTERBIND_LOAD(overload->next);
        overload->free(overload);
    }
    for (; entry != NULL; entry = before) {
        PyObject *keep = entry->keep;
        before = entry->next;
        if (entry->free != NULL) {
            entry->free((interbind_native_entry *)entry);
        }
        interbind_let_go(keep);
    }
    Py_XDECREF(record->name);
    Py_XDECREF(record->qualname);
    Py_XDECREF(record->module);
    Py_XDECREF(record->doc);
    PyObject_GC_Del(function);
    Py_DECREF(type);
    /* Last: the code of the overloads is its. */
    Py_XDECREF(home);
    INTERBIND_TRASHCAN_END
}

/* ---- Making one. ---- */

#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x030e0000
/* Whether the interpreter makes deferred objects immortal by now: seen by one that each interpreter has from its start. */
INTERBIND_COLD int interbind_has_immortalized(void) {
    PyObject *importlib = PyImport_ImportModule("_frozen_importlib");
    PyObject *known = importlib == NULL ? NULL : PyObject_GetAttrString(importlib, "ModuleSpec");
    const int immortal = known != NULL && known->ob_ref_local == _Py_IMMORTAL_REFCNT_LOCAL;
    if (known == NULL) {
        PyErr_Clear();
    }
    Py_XDECREF(known);
    Py_XDECREF(importlib);
    return immortal;
}
#endif

/* Leaves the counting of references to the collector, on a free-threaded build: all threads reach for functions, and the count
 * is one cache line. Called with a new object that the collector doesn't know yet. 3.14 has a call for it; what 3.13 does
 * for its own functions is done here, field by field, for that version alone. Nothing is made immortal. */
static inline void interbind_defer(PyObject *object) {
#if defined(Py_GIL_DISABLED) && PY_VERSION_HEX < 0x030e0000
    if (!interbind_has_immortalized()) {
        object->ob_gc_bits |= 64;
        /* The reference that the collector gives back; and no other thread's count ends the object. */
        object->ob_ref_local += 1;
        object->ob_ref_shared = _Py_REF_QUEUED;
    }
#elif defined(Py_GIL_DISABLED)
    PyUnstable_Object_EnableDeferredRefcount(object);
#else
    (void)object;
#endif
}

/* A new function of that class, not yet seen by the collector; its names are to be filled in. NULL: an exception is set. */
INTERBIND_COLD PyObject *interbind_function_alloc(PyTypeObject *type, interbind_vectorcall vectorcall) {
    static const interbind_record_header header = INTERBIND_FUNCTION_HEADER;
    PyObject *function = PyObject_GC_New(PyObject, type);
    if (function != NULL) {
        interbind_function_record *record = interbind_function_of(function);
        memset(record, 0, sizeof *record);
        record->header = header;
        record->vectorcall = vectorcall;
#if PY_VERSION_HEX < 0x03080000
        Py_INCREF(type);
#endif
    }
    return function;
}

/* A function that stands for a module, in a pickle. */
INTERBIND_COLD PyObject *interbind_function_alike(PyTypeObject *type, PyObject *module) {
    PyObject *function = interbind_function_alloc(type, interbind_module_call);
    if (function != NULL) {
        interbind_function_record *record = interbind_function_of(function);
        record->flags = INTERBIND_FUNCTION_IS_MODULE;
        Py_INCREF(module);
        Py_INCREF(module);
        record->name = record->qualname = module;
        PyObject_GC_Track(function);
    }
    return function;
}

/* Makes this build's class, in the current interpreter. */
INTERBIND_COLD PyObject *interbind_function_class_make(void) {
#define INTERBIND_AT(field) ((void *)(sizeof(PyObject) + offsetof(interbind_function_record, field)))
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", 19, sizeof(PyObject) + offsetof(interbind_function_record, vectorcall), 1, NULL},
        {"__dictoffset__", 19, sizeof(PyObject) + offsetof(interbind_function_record, dict), 1, NULL},
        {"__weaklistoffset__", 19, sizeof(PyObject) + offsetof(interbind_function_record, weakrefs), 1, NULL},
        {NULL, 0, 0, 0, NULL},
    };
    static PyGetSetDef properties[] = {
        {"__name__", interbind_function_text_of, interbind_function_set_text, NULL, INTERBIND_AT(name)},
        {"__qualname__", interbind_function_text_of, interbind_function_set_text, NULL, INTERBIND_AT(qualname)},
        {"__doc__", interbind_function_doc, interbind_function_set_doc, NULL, NULL},
        {"__text_signature__", interbind_function_signature, NULL, NULL, NULL},
        {"__dict__", interbind_function_dict, interbind_function_set_dict, NULL, NULL},
        {"__class__", interbind_function_kind, NULL, NULL, NULL},
        {NULL, NULL, NULL, NULL, NULL},
    };
    static PyMethodDef methods[] = {
        {"__reduce_ex__", interbind_function_reduce, METH_O, NULL},
        {"__reduce__", interbind_function_reduce_plain, METH_NOARGS, NULL},
        {"__copy__", interbind_function_same, METH_NOARGS, NULL},
        {"__deepcopy__", interbind_function_same, METH_O, NULL},
        {NULL, NULL, 0, NULL},
    };
    static PyType_Slot slots[] = {
        {Py_tp_dealloc, (void *)(uintptr_t)interbind_function_dealloc},
        {Py_tp_traverse, (void *)(uintptr_t)interbind_function_traverse},
        {Py_tp_clear, (void *)(uintptr_t)interbind_function_clear},
#if INTERBIND_OWN_TP_CALL
        {Py_tp_call, (void *)(uintptr_t)interbind_function_tp_call},
#else
        {Py_tp_call, (void *)(uintptr_t)PyVectorcall_Call},
#endif
        {Py_tp_new, (void *)(uintptr_t)interbind_function_new_refused},
        {Py_tp_descr_get, (void *)(uintptr_t)interbind_function_bind},
        {Py_tp_repr, (void *)(uintptr_t)interbind_function_repr},
        {Py_tp_getattro, (void *)(uintptr_t)interbind_function_getattr},
        {Py_tp_setattro, (void *)(uintptr_t)interbind_function_setattr},
        {Py_tp_members, members},
        {Py_tp_getset, properties},
        {Py_tp_methods, methods},
        {0, NULL},
    };
    static PyType_Spec spec = {
        INTERBIND_FUNCTION_CLASS_NAME,
        (int)(sizeof(PyObject) + sizeof(interbind_function_record)),
        0,
        (unsigned)(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | INTERBIND_TYPE_VECTORCALL | INTERBIND_TYPE_METHOD_DESCRIPTOR
#if PY_VERSION_HEX >= 0x030a0000
            | INTERBIND_TYPE_IMMUTABLE
#endif
            ),
        slots,
    };
#undef INTERBIND_AT
    return PyType_FromSpec(&spec);
}

#endif /* INTERBIND_FUNCTION_CLASS_H */
