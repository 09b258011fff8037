/* Objects of pybind11's classes as shared data, from modules that know nothing of interbind: pybind11 2.11.2 and newer.
 *
 * A site with an adapter asks it about an object whose class nobody has published. The adapter finds the class's conduit, the
 * method `_pybind11_conduit_v1_`, proves that it is pybind11's own, and asks it for the C++ type that the site's author named.
 * When it answers, the adapter publishes a record for the class: from then on every module takes its objects like those of any
 * other provider. The record is untracked, because C++ code may write at any time.
 *
 * Nothing here runs Python code. A method of that name may be anything: a function of Python, another extension's, a conduit
 * that was moved to another class. pybind11's own is an `instancemethod` around a builtin function whose C name it is, and it
 * looks at the object itself. The address is asked for in each borrow, since with virtual bases it differs between objects of
 * one class. That the fields of the C++ type are those of the descriptor is the word of who names it: no build says its layout. */
#ifndef INTERBIND_FROM_PYBIND11_H
#define INTERBIND_FROM_PYBIND11_H

#include <Python.h>

#include <interbind/adapted.h>
#include <interbind/pybind11_record.h>

#ifdef __cplusplus
extern "C" {
#endif

#define INTERBIND_CONDUIT "_pybind11_conduit_v1_"
#define INTERBIND_MOST_IDS 16

/* Makes an adapter: the type's mangled name, as `typeid(T).name()` is on every platform but Windows' own compiler
 * ("N3geo5PointE" for geo::Point, "5Point" for Point), and its size. */
#define INTERBIND_FROM_PYBIND11(mangled, size) {interbind_adapt_pybind11, {NULL, (mangled)}, (size), NULL}

/* With INTERBIND_KNOWN_LAYOUTS, a switch for the whole module, the address is read from the object where the conduit has once said of an
 * object of the very class that it is the word which stands there. It stays so: plain data has no table of virtual functions, so
 * it can't be a virtual base at the start of an object, and anything else is at one place in all objects of a class. That rests
 * on pybind11's layout, which no one has promised: hence the switch. */

/* Where a value stands in an object, by pybind11's `struct instance`, which is the same from 2.11.2 to 3.1.0: three words, the
 * weak references, then a byte of flags. */
#define INTERBIND_PYBIND11_FLAGS (INTERBIND_PYBIND11_HEAD + 4 * sizeof(void *))
#define INTERBIND_PYBIND11_SIZE (INTERBIND_PYBIND11_HEAD + 5 * sizeof(void *))
/* An object's head. A build for `abi3t` doesn't know its size, since it serves Pythons with and without a GIL: there the adapter
 * takes nothing, and this is never read. */
#if defined(Py_TARGET_ABI3T)
#define INTERBIND_PYBIND11_HEAD (2 * sizeof(void *))
#else
#define INTERBIND_PYBIND11_HEAD sizeof(PyObject)
#endif
#define INTERBIND_PYBIND11_SIMPLE 2u
#define INTERBIND_PYBIND11_REGISTERED 8u
/* The flag of a part of an object that has several. */
#define INTERBIND_PYBIND11_PART 2u

/* The function of a conduit that is pybind11's own, as a new reference; NULL, and no exception, for anything else. */
INTERBIND_COLD PyObject *interbind_conduit_function(PyObject *found) {
    PyObject *name = NULL, *function = NULL;
    int is_genuine = 0;
#if defined(Py_LIMITED_API)
    /* Types of Python code are on the heap, so one that isn't has the name that C code gave it. */
    if ((PyType_GetFlags(Py_TYPE(found)) & Py_TPFLAGS_HEAPTYPE) == 0) {
        name = PyObject_GetAttrString((PyObject *)(void *)Py_TYPE(found), "__name__");
        is_genuine = interbind_is_text(name, "instancemethod");
        Py_CLEAR(name);
    }
#else
    is_genuine = Py_TYPE(found) == &PyInstanceMethod_Type;
#endif
    if (is_genuine) {
        function = PyObject_GetAttrString(found, "__func__");
        is_genuine = function != NULL && Py_TYPE(function) == &PyCFunction_Type;
    }
    if (is_genuine) {
        name = PyObject_GetAttrString(function, "__name__");
        is_genuine = interbind_is_text(name, INTERBIND_CONDUIT);
        Py_XDECREF(name);
    }
    if (!is_genuine) {
        Py_CLEAR(function);
        PyErr_Clear();
    }
    return function;
}

/* Tells whether Python code made a class: `type` gives all of these one deallocator, and pybind11's have its own. Such a class may
 * have any name, any size and any class's conduit. Without memory to know it, too. */
INTERBIND_COLD int interbind_is_of_python(PyObject *type) {
    static void *deallocator;
    void *known = INTERBIND_LOAD(deallocator);
    if (known == NULL) {
        PyObject *made = PyObject_CallFunction((PyObject *)(void *)&PyType_Type, "s(){}", "C");
        known = made == NULL ? NULL : PyType_GetSlot((PyTypeObject *)(void *)made, Py_tp_dealloc);
        INTERBIND_STORE(deallocator, known);
        Py_XDECREF(made);
        PyErr_Clear();
    }
    return known == NULL || ((PyType_GetFlags((PyTypeObject *)(void *)type) & Py_TPFLAGS_HEAPTYPE) != 0 &&
        PyType_GetSlot((PyTypeObject *)(void *)type, Py_tp_dealloc) == known);
}

/* The function of the conduit that pybind11 gave a class of its own, as a new reference; NULL, and no exception, for others. */
INTERBIND_COLD PyObject *interbind_conduit_own(PyObject *type, PyObject *name) {
    PyObject *found = interbind_is_of_python(type) ? NULL : interbind_type_own(type, name);
    PyObject *function = found == NULL ? NULL : interbind_conduit_function(found);
    Py_XDECREF(found);
    return function;
}

/* Finds the conduit of a class: in itself or the nearest class that it inherits from. The function, and the class that has it:
 * new references, or NULL without an exception. */
INTERBIND_COLD PyObject *interbind_conduit_of(PyTypeObject *type, PyObject **owner) {
    PyObject *name = PyUnicode_FromString(INTERBIND_CONDUIT);
    PyObject *mro = name == NULL ? NULL : interbind_type_part((PyObject *)(void *)type, "__mro__");
    PyObject *function = NULL;
    Py_ssize_t i, count = mro == NULL || !PyTuple_Check(mro) ? 0 : PyTuple_Size(mro);
    for (i = 0; i < count && function == NULL; i++) {
        PyObject *one = PyTuple_GetItem(mro, i);
        function = one == NULL || !PyType_Check(one) ? NULL : interbind_conduit_own(one, name);
        if (function != NULL) {
            Py_INCREF(one);
            *owner = one;
        }
    }
    PyErr_Clear();
    Py_XDECREF(mro);
    Py_XDECREF(name);
    return function;
}

/* Finds pybind11's own base among those that a class inherits from: 1 when it has the known size, 0 when it has another, and -1
 * when there is none. */
INTERBIND_COLD int interbind_pybind11_is_known(PyObject *type) {
    PyObject *mro = interbind_type_part(type, "__mro__");
    Py_ssize_t i, count = mro == NULL || !PyTuple_Check(mro) ? 0 : PyTuple_Size(mro);
    int is_known = -1;
    for (i = 0; i < count && is_known < 0; i++) {
        PyObject *one = PyTuple_GetItem(mro, i);
        PyObject *name = one == NULL ? NULL : interbind_type_part(one, "__name__");
        const int is_base = interbind_is_text(name, "pybind11_object") && !interbind_is_of_python(one);
        PyObject *size = is_base ? interbind_type_part(one, "__basicsize__") : NULL;
        if (size != NULL) {
            is_known = PyLong_AsSsize_t(size) == (Py_ssize_t)INTERBIND_PYBIND11_SIZE;
        }
        Py_XDECREF(size);
        Py_XDECREF(name);
    }
    Py_XDECREF(mro);
    PyErr_Clear();
    return is_known;
}

/* Counts the parts of a class's objects as pybind11 does: the nearest of its classes above, each once. Those have a conduit of their
 * own, and one is known to be such a class. 0 without memory. */
INTERBIND_COLD int interbind_pybind11_parts(PyObject *type, const void *known, PyObject *name) {
    /* What was reached, held: looking an entry up may run code, which may take bases away. */
    PyObject **reached = (PyObject **)calloc(16, sizeof *reached), **more;
    size_t count = 0, room = 16, at, other;
    int parts = 0, failed = reached == NULL;
    if (!failed) {
        Py_INCREF(type);
        reached[count++] = type;
    }
    for (at = 0; at < count && !failed; at++) {
        PyObject *function = (const void *)reached[at] == known ? NULL : interbind_conduit_own(reached[at], name), *bases = NULL;
        Py_ssize_t i;
        if (function != NULL || (const void *)reached[at] == known) {
            parts++;
        } else {
            bases = interbind_type_part(reached[at], "__bases__");
            failed = bases == NULL || !PyTuple_Check(bases);
        }
        Py_XDECREF(function);
        for (i = 0; bases != NULL && !failed && i < PyTuple_Size(bases); i++) {
            PyObject *const base = PyTuple_GetItem(bases, i);
            for (other = 0; other < count && reached[other] != base; other++) {
            }
            if (other == room) {
                more = (PyObject **)realloc(reached, 2 * room * sizeof *reached);
                failed = more == NULL;
                reached = failed ? reached : more;
                room = failed ? room : 2 * room;
            }
            if (other == count && !failed) {
                Py_INCREF(base);
                reached[count++] = base;
            }
        }
        Py_XDECREF(bases);
    }
    while (count > 0) {
        Py_DECREF(reached[--count]);
    }
    free(reached);
    PyErr_Clear();
    return failed ? 0 : parts;
}

/* Tells whether each part of an object with several, or with a large holder, has its value. */
INTERBIND_COLD int interbind_pybind11_has_values(PyObject *object, const void *known) {
    PyObject *name = PyUnicode_FromString(INTERBIND_CONDUIT);
    const int parts = name == NULL ? 0 : interbind_pybind11_parts((PyObject *)(void *)Py_TYPE(object), known, name);
    const uint8_t *const *status = (const uint8_t *const *)(const void *)((const char *)(const void *)object +
        INTERBIND_PYBIND11_HEAD + sizeof(void *));
    int i, has = parts > 0 && *status != NULL;
    for (i = 0; i < parts && has; i++) {
        has = ((*status)[i] & INTERBIND_PYBIND11_PART) != 0;
    }
    Py_XDECREF(name);
    PyErr_Clear();
    return has;
}

/* Tells whether an object of a known layout has its value. A conduit would make memory for one that hasn't. */
static inline int interbind_pybind11_has_value(PyObject *object, const void *known) {
    const uint8_t flags = *((const uint8_t *)(const void *)object + INTERBIND_PYBIND11_FLAGS);
    if (INTERBIND_LIKELY((flags & INTERBIND_PYBIND11_SIMPLE) != 0)) {
        return (flags & INTERBIND_PYBIND11_REGISTERED) != 0;
    }
    return interbind_pybind11_has_values(object, known);
}

#ifdef INTERBIND_KNOWN_LAYOUTS
/* The word that an object of the very class has for its value; NULL for one of another class, and one that has several parts or a
 * large holder. */
static inline void *interbind_pybind11_word(PyObject *object, const void *class_) {
    const char *const start = (const char *)(const void *)object + INTERBIND_PYBIND11_HEAD;
    const int is_simple = ((uint8_t)start[4 * sizeof(void *)] & INTERBIND_PYBIND11_SIMPLE) != 0;
    return is_simple && (const void *)Py_TYPE(object) == class_ ? *(void *const *)(const void *)start : NULL;
}
#endif

/* Calls a conduit: a capsule, None, or NULL with an exception. */
static inline PyObject *interbind_conduit_call(PyObject *function, PyObject *object, PyObject *id, PyObject *type,
    PyObject *kind) {
#if !defined(Py_LIMITED_API) || INTERBIND_LIMITED + 0 >= 0x030c0000
    PyObject *arguments[4];
    arguments[0] = object;
    arguments[1] = id;
    arguments[2] = type;
    arguments[3] = kind;
    return PyObject_Vectorcall(function, arguments, 4, NULL);
#else
    return PyObject_CallFunctionObjArgs(function, object, id, type, kind, NULL);
#endif
}

/* Takes the address out of what a conduit answered, whose reference it takes over; NULL, and no exception, when there is none. */
static inline void *interbind_conduit_address(PyObject *answer, const char *name) {
    void *address = NULL;
    if (answer != NULL && PyCapsule_CheckExact(answer)) {
        const char *said = PyCapsule_GetName(answer);
        if (said != NULL && strcmp(said, name) == 0) {
            address = PyCapsule_GetPointer(answer, said);
        }
    }
    Py_XDECREF(answer);
    return address;
}

/* The `borrow` of every record of pybind11. */
static inline void *interbind_pybind11_borrow(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    interbind_adapted *self = (interbind_adapted *)(void *)(uintptr_t)record;
    PyObject *answer;
    void *address;
#ifdef INTERBIND_KNOWN_LAYOUTS
    void *word;
#endif
    if (!INTERBIND_LIKELY(interbind_class_starts(record, object, mode))) {
        return NULL;
    }
    if (!INTERBIND_LIKELY(interbind_pybind11_has_value(object, INTERBIND_LOAD(record->py_type)))) {
        return interbind_adapted_refuse(record, object,
            "the object has no value: `__init__` of its class wasn't called, or its value was given away");
    }
#ifdef INTERBIND_KNOWN_LAYOUTS
    word = interbind_pybind11_word(object, INTERBIND_LOAD(record->py_type));
    if (INTERBIND_LIKELY(word != NULL && INTERBIND_LOAD(self->is_word) != 0)) {
        return word;
    }
#endif
    answer = interbind_conduit_call(self->function, object, self->id, self->type, self->kind);
    if (answer == NULL) {
        /* What pybind11 raised becomes the cause. */
        return interbind_adapted_refuse(record, object, "pybind11 refuses to give the object's value");
    }
    address = interbind_conduit_address(answer, self->adapter->type.name);
#ifdef INTERBIND_KNOWN_LAYOUTS
    if (word != NULL && word == address) {
        INTERBIND_STORE(self->is_word, 1u);
    }
#endif
    return INTERBIND_LIKELY(address != NULL) ? address
                                             : interbind_adapted_refuse(record, object, "pybind11 finds no value in the object");
}

/* Adds the ids that stand in the names of pybind11's own entries of a dict: what follows the version, and in 3.x without the
 * line in front. An id is a password: a class's own library answers to its own alone. */
INTERBIND_COLD void interbind_pybind11_ids(PyObject *dict, PyObject **ids, int *count) {
    static const char start[] = "__pybind11_internals_v";
    PyObject *keys = dict == NULL ? NULL : PyDict_Keys(dict);
    Py_ssize_t i;
    for (i = 0; keys != NULL && i < PyList_Size(keys); i++) {
        PyObject *key = PyList_GetItem(keys, i);
        PyObject *bytes = key == NULL || !PyUnicode_CheckExact(key) ? NULL : PyUnicode_AsUTF8String(key);
        const char *text = bytes == NULL ? NULL : PyBytes_AsString(bytes);
        size_t len = text == NULL ? 0 : strlen(text);
        int cut;
        if (len > sizeof start + 2 && strncmp(text, start, sizeof start - 1) == 0 && strcmp(text + len - 2, "__") == 0) {
            const char *id = text + sizeof start - 1;
            while (*id >= '0' && *id <= '9') {
                id++;
            }
            for (cut = 0; cut < 2 && *count < INTERBIND_MOST_IDS && (cut == 0 || id[-1] == '_'); cut++, id++) {
                PyObject *made = id < text + len - 2 ? PyBytes_FromStringAndSize(id, (text + len - 2) - id) : NULL;
                int known = 0, j;
                for (j = 0; made != NULL && j < *count && !known; j++) {
                    known = PyObject_RichCompareBool(ids[j], made, Py_EQ) == 1;
                }
                if (made != NULL && !known) {
                    ids[(*count)++] = made;
                } else {
                    Py_XDECREF(made);
                }
            }
        }
        Py_XDECREF(bytes);
        PyErr_Clear();
    }
    Py_XDECREF(keys);
    PyErr_Clear();
}

/* The `type_info` of a class that is local to its module, by its record, which is an attribute of it: since pybind11 3.1 such a
 * class answers to that address alone. A new capsule, or NULL without an exception. */
INTERBIND_COLD PyObject *interbind_pybind11_local_in(PyObject *owner, const char *name) {
    static const char start[] = "__pybind11_module_local_v";
    PyObject *dict = interbind_is_of_python(owner) ? NULL : interbind_type_part(owner, "__dict__");
    PyObject *keys = dict == NULL ? NULL : PyMapping_Keys(dict);
    PyObject *made = NULL;
    Py_ssize_t i;
    for (i = 0; keys != NULL && PyList_CheckExact(keys) && made == NULL && i < PyList_Size(keys); i++) {
        PyObject *key = PyList_GetItem(keys, i), *capsule = NULL;
        PyObject *bytes = key == NULL || !PyUnicode_CheckExact(key) ? NULL : PyUnicode_AsUTF8String(key);
        const char *text = bytes == NULL ? NULL : PyBytes_AsString(bytes);
        /* Held: looking it up may run the code of a key beside it, to which the collector shows the list. */
        Py_XINCREF(key);
        if (text != NULL && strncmp(text, start, sizeof start - 1) == 0 && atoi(text + sizeof start - 1) == 12) {
            capsule = PyObject_GetItem(dict, key);
        }
        Py_XDECREF(key);
        if (capsule != NULL && PyCapsule_CheckExact(capsule) && PyCapsule_GetName(capsule) == NULL) {
            /* The class, its `type_info`, … */
            void *const *const record = (void *const *)PyCapsule_GetPointer(capsule, NULL);
            if (record != NULL && record[0] == (void *)owner && record[1] != NULL) {
                const interbind_cpp_type *const local = (const interbind_cpp_type *)record[1];
                if (local->name != NULL && strcmp(local->name, name) == 0) {
                    made = PyCapsule_New(record[1], "St9type_info", NULL);
                }
            }
        }
        Py_XDECREF(capsule);
        Py_XDECREF(bytes);
        PyErr_Clear();
    }
    Py_XDECREF(keys);
    Py_XDECREF(dict);
    PyErr_Clear();
    return made;
}

/* The same of the nearest class above. */
INTERBIND_COLD PyObject *interbind_pybind11_local(PyTypeObject *type, const char *name) {
    PyObject *mro = interbind_type_part((PyObject *)(void *)type, "__mro__");
    Py_ssize_t i, count = mro == NULL || !PyTuple_Check(mro) ? 0 : PyTuple_Size(mro);
    PyObject *made = NULL;
    for (i = 0; i < count && made == NULL; i++) {
        made = interbind_pybind11_local_in(PyTuple_GetItem(mro, i), name);
    }
    Py_XDECREF(mro);
    PyErr_Clear();
    return made;
}

/* Compares what pybind11's own record says, where it is known: that of the class which was made for the C++ type. */
INTERBIND_COLD interbind_status interbind_pybind11_measure(const interbind_context *context, const interbind_site *site,
    PyObject *object, const char *id) {
    PyObject *mro = interbind_type_part((PyObject *)(void *)Py_TYPE(object), "__mro__");
    Py_ssize_t i, count = mro == NULL || !PyTuple_Check(mro) ? 0 : PyTuple_Size(mro);
    interbind_pybind11_type found;
    int has = 0;
    memset(&found, 0, sizeof found);
    PyErr_Clear();
    for (i = 0; i < count && id != NULL && !has; i++) {
        has = interbind_pybind11_measures(PyTuple_GetItem(mro, i), id, site->adapter->type.name, &found);
    }
    Py_XDECREF(mro);
    return has ? interbind_adapter_measure(context, site, object, found.size, found.align) : INTERBIND_OK;
}

/* Publishes the class of an object of pybind11. `INTERBIND_MISSING`, and no exception: it isn't one, or holds another type.
 * `INTERBIND_FAILED`: it is, and can't be taken. */
INTERBIND_COLD interbind_status interbind_adapt_pybind11(const interbind_context *context, interbind_site *site,
    PyObject *object) {
#if defined(PYPY_VERSION) || defined(_MSC_VER) || defined(Py_TARGET_ABI3T)
    (void)context;
    (void)site;
    (void)object;
    return INTERBIND_MISSING;
#else
    interbind_adapter *const adapter = site->adapter;
    PyObject *ids[INTERBIND_MOST_IDS], *owner = NULL, *builtins, *type, *kind;
    /* Its classes are made at run time, and so is what inherits from them. */
    const int may_be = site->kind == INTERBIND_KIND_DATA && (PyType_GetFlags(Py_TYPE(object)) & Py_TPFLAGS_HEAPTYPE) != 0;
    PyObject *function = may_be ? interbind_conduit_of(Py_TYPE(object), &owner) : NULL;
    interbind_status status = INTERBIND_MISSING;
    interbind_adapted like;
    int count = 0, i, is_local, is_known;
    if (function == NULL) {
        return INTERBIND_MISSING;
    }
    is_known = interbind_pybind11_is_known((PyObject *)(void *)Py_TYPE(object));
    if (is_known != 1) {
        Py_DECREF(owner);
        Py_DECREF(function);
        return is_known < 0 ? INTERBIND_MISSING : interbind_adapter_refuse(context, site, object,
            "the class is one of a pybind11 whose objects this build doesn't know: it can't tell whether one has a value",
            "upgrade interbind, or have the module's author publish the class with interbind/pybind11.hpp");
    }
    if (!interbind_pybind11_has_value(object, owner)) {
        Py_DECREF(owner);
        Py_DECREF(function);
        return interbind_adapter_refuse(context, site, object,
            "the object has no value: `__init__` of its class wasn't called, or its value was given away",
            "make objects by calling their class, and don't use those that a function took over");
    }
    builtins = PyImport_ImportModule("builtins");
    interbind_pybind11_ids(interbind_state_dict(), ids, &count);
    interbind_pybind11_ids(builtins == NULL ? NULL : PyModule_GetDict(builtins), ids, &count);
    Py_XDECREF(builtins);
    kind = PyBytes_FromString("raw_pointer_ephemeral");
    type = PyCapsule_New(&adapter->type, "St9type_info", NULL);
    PyErr_Clear();
    for (is_local = 0; is_local < 2 && kind != NULL && type != NULL && status == INTERBIND_MISSING; is_local++) {
        for (i = 0; i < count && status == INTERBIND_MISSING; i++) {
            PyObject *answer = interbind_conduit_call(function, object, ids[i], type, kind);
            if (answer == NULL) {
                status = interbind_adapter_refuse(context, site, object, "pybind11 refuses to give the object's value",
                    "see the exception that caused this one");
            } else if (interbind_conduit_address(answer, adapter->type.name) != NULL) {
                memset(&like, 0, sizeof like);
                like.function = function;
                like.id = ids[i];
                like.type = type;
                like.kind = kind;
                interbind_adapted_name(&like, owner, "pybind11", PyBytes_AsString(ids[i]));
                status = interbind_pybind11_measure(context, site, object, PyBytes_AsString(ids[i]));
                status = status != INTERBIND_OK
                    ? status
                    : interbind_adapted_publish(context, site, object, &like, owner, interbind_pybind11_borrow);
            }
        }
        if (status == INTERBIND_MISSING) {
            PyObject *const local = interbind_pybind11_local(Py_TYPE(object), adapter->type.name);
            Py_DECREF(type);
            type = local;
        }
    }
    for (i = 0; i < count; i++) {
        Py_DECREF(ids[i]);
    }
    Py_XDECREF(type);
    Py_XDECREF(kind);
    Py_DECREF(owner);
    Py_DECREF(function);
    return status;
#endif
}

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_FROM_PYBIND11_H */
