/* C functions behind Python's: lending them, and calling those of other builds without Python.
 *
 *     interbind_native_lend(module, "hypot", "double (double, double)", (void *)hypot);      // where it is made
 *
 *     double (*entry)(double, double);                                                      // where it is called
 *     if (interbind_native(callable, "double (double, double)", (void **)&entry) != INTERBIND_OK) { return NULL; }
 *
 * What is lent is also a capsule in the module's `__pyx_capi__`, named by the signature, where Cython, SciPy and Numba look; and what
 * stands there of Cython's is found too. A caller holds the function as long as it may be called. */
#ifndef INTERBIND_NATIVE_H
#define INTERBIND_NATIVE_H

#include <Python.h>

#include <interbind/function.h>
#include <interbind/signature.h>

/* ---- Lending. ---- */

INTERBIND_COLD void interbind_native_free(interbind_native_entry *entry) { free(entry); }

INTERBIND_COLD interbind_status interbind_native_unread(const char *signature) {
    interbind_raise(PyExc_ValueError, "'%.200s' is not the type of a C function", signature == NULL ? "" : signature);
    return INTERBIND_FAILED;
}

/* Adds an entry to a function that this build has made; `keep`, which may be NULL, lives as long as the function, and doesn't lead
 * back to it. FAILED comes with an exception: a TypeError for another object, a ValueError for a signature that can't be read, that is
 * there already, or that is of no function. */
INTERBIND_COLD interbind_status interbind_native_add(PyObject *function, const char *signature, const void *pointer, PyObject *keep) {
    static const interbind_record_header header = INTERBIND_NATIVE_ENTRY_HEADER;
    char text[INTERBIND_MAX_SIGNATURE];
    const size_t len = interbind_signature(interbind_str_of(signature), text);
    const int is_ours = function == NULL ? 0 : interbind_function_check(function);
    interbind_function_record *record = function == NULL ? NULL : interbind_function_of(function);
    interbind_native_entry *made, *newest;
    const interbind_native_entry *each;
    if (is_ours <= 0) {
        if (function == NULL) {
            return interbind_misuse("interbind_native_add", "the function is NULL"), INTERBIND_FAILED;
        }
        if (is_ours == 0) {
            interbind_raise(PyExc_TypeError, "%R is not a native function of this build", function);
        }
        return INTERBIND_FAILED;
    }
    if (len == 0 || pointer == NULL) {
        return interbind_native_unread(pointer == NULL ? "NULL" : signature);
    }
    made = (interbind_native_entry *)calloc(1, sizeof *made + len + 1);
    if (made == NULL) {
        PyErr_NoMemory();
        return INTERBIND_FAILED;
    }
    memcpy((char *)made + sizeof *made, text, len + 1);
    made->header = header;
    made->signature.ptr = (const uint8_t *)made + sizeof *made;
    made->signature.len = len;
    made->function = pointer;
    made->free = interbind_native_free;
    newest = INTERBIND_LOAD(record->natives);
    do {
        for (each = newest; each != NULL; each = each->next) {
            if (interbind_str_same(each->signature, made->signature)) {
                free(made);
                interbind_raise(PyExc_ValueError, "%R has an entry '%s' already", function, text);
                return INTERBIND_FAILED;
            }
        }
        made->next = newest;
        Py_XINCREF(keep);
        made->keep = keep;
        if (INTERBIND_SWAP(record->natives, newest, made)) {
            return INTERBIND_OK;
        }
        Py_XDECREF(keep);
    } while (1);
}

INTERBIND_COLD void interbind_native_capsule_end(PyObject *capsule) { free((void *)(uintptr_t)PyCapsule_GetName(capsule)); }

/* Makes a capsule of a C function, named by its signature: what SciPy's `LowLevelCallable` takes. */
INTERBIND_COLD PyObject *interbind_native_capsule(const char *signature, const void *pointer) {
    char text[INTERBIND_MAX_SIGNATURE], *name;
    const size_t len = interbind_signature(interbind_str_of(signature), text);
    PyObject *capsule;
    if (len == 0 || pointer == NULL) {
        interbind_native_unread(pointer == NULL ? "NULL" : signature);
        return NULL;
    }
    name = (char *)malloc(len + 1);
    if (name == NULL) {
        return PyErr_NoMemory();
    }
    memcpy(name, text, len + 1);
    capsule = PyCapsule_New((void *)(uintptr_t)pointer, name, interbind_native_capsule_end);
    if (capsule == NULL) {
        free(name);
    }
    return capsule;
}

/* Puts a capsule of a C function into the module's `__pyx_capi__`, under a name. FAILED comes with an exception. */
INTERBIND_COLD interbind_status interbind_native_publish(PyObject *module, const char *name, const char *signature,
    const void *pointer) {
    PyObject *capsule = interbind_native_capsule(signature, pointer), *dict;
    int done = -1;
    if (capsule == NULL) {
        return INTERBIND_FAILED;
    }
    dict = interbind_own_attribute(module, "__pyx_capi__");
    if (dict == NULL && !PyErr_Occurred()) {
        dict = PyDict_New();
        if (dict != NULL && PyObject_SetAttrString(module, "__pyx_capi__", dict) < 0) {
            Py_CLEAR(dict);
        }
    }
    if (dict != NULL) {
        PyObject *key = PyUnicode_FromString(name);
        done = key == NULL ? -1 : PyObject_SetItem(dict, key, capsule);
        Py_XDECREF(key);
        Py_DECREF(dict);
    }
    Py_DECREF(capsule);
    return done < 0 ? INTERBIND_FAILED : INTERBIND_OK;
}

/* Lends the C function behind a function of the module, to other builds and to Cython, SciPy and Numba. FAILED comes with an
 * exception. */
INTERBIND_COLD interbind_status interbind_native_lend(PyObject *module, const char *name, const char *signature,
    const void *pointer) {
    PyObject *function = PyObject_GetAttrString(module, name);
    interbind_status status =
        function == NULL ? INTERBIND_FAILED : interbind_native_add(function, signature, pointer, NULL);
    Py_XDECREF(function);
    return status == INTERBIND_OK ? interbind_native_publish(module, name, signature, pointer) : status;
}

/* ---- Taking. ---- */

/* Starts a refusal about a function. */
INTERBIND_COLD void interbind_native_refuse(interbind_refusal *refusal, const char *reason, PyObject *callable, const char *wanted) {
    PyObject *name = interbind_class_name(callable), *shown = PyObject_Repr(callable), *text = NULL;
    const char *bytes;
    if (shown != NULL) {
        text = PyUnicode_AsUTF8String(shown);
    }
    if (text == NULL) {
        PyErr_Clear();
    }
    bytes = text != NULL ? PyBytes_AsString(text) : name != NULL ? PyBytes_AsString(name) : "?";
    interbind_refusal_start(refusal, reason, &interbind_function_owner);
    snprintf(refusal->failed, sizeof refusal->failed, "cannot call '%.300s' as %.100s", bytes == NULL ? "?" : bytes, wanted);
    snprintf(refusal->fix, sizeof refusal->fix, "ask for a signature that is on offer, or have the function lend this one");
    Py_XDECREF(text);
    Py_XDECREF(shown);
    Py_XDECREF(name);
}

/* Tells whether the builds that make objects of a class call C functions as this one does. */
static inline int interbind_native_calls_alike(const interbind_function_class *kind) {
    return interbind_str_is(kind->platform, INTERBIND_PLATFORM) ||
        interbind_str_is(interbind_str_part(kind->platform, "c"), INTERBIND_C_ABI);
}

/* Looks for an entry of a record of that type, each judged before it is read. NULL: there is none, or what is wrong is said. */
static inline const void *interbind_native_search(PyObject *callable, const interbind_function_class *kind, const char *wanted,
    size_t len, interbind_verdict *verdict) {
    INTERBIND_FUNCTION_KIND(record_kind, FUNCTION);
    INTERBIND_FUNCTION_KIND(entry_kind, NATIVE_ENTRY);
    const interbind_function_record *record =
        (const interbind_function_record *)(const void *)((const char *)callable + kind->offset);
    const interbind_native_entry *entry;
    *verdict = interbind_judge(record, &record_kind);
    entry = verdict->reason != NULL ? NULL : INTERBIND_LOAD(*(interbind_native_entry *const *)&record->natives);
    for (; entry != NULL; entry = entry->next) {
        *verdict = interbind_judge(entry, &entry_kind);
        if (verdict->reason == NULL && entry->function == NULL) {
            *verdict = interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "function (0 is NULL)", 0, 1);
        }
        if (verdict->reason != NULL) {
            return NULL;
        }
        if (entry->signature.len == len && entry->signature.ptr != NULL && memcmp(entry->signature.ptr, wanted, len) == 0) {
            return entry->function;
        }
    }
    return NULL;
}

/* Finds an entry of a record, judged in the order of the check. */
INTERBIND_COLD interbind_status interbind_native_of(PyObject *callable, const interbind_function_class *kind, const char *wanted,
    size_t len, const void **out) {
    const interbind_function_record *record =
        (const interbind_function_record *)(const void *)((const char *)callable + kind->offset);
    const interbind_native_entry *entry;
    interbind_verdict verdict;
    interbind_refusal refusal;
    if (!interbind_native_calls_alike(kind)) {
        interbind_native_refuse(&refusal, INTERBIND_REASON_C_ABI, callable, wanted);
        refusal.provider = kind->owner;
        interbind_refusal_differs(&refusal, "c", interbind_str_part(kind->platform, "c"), interbind_str_of(INTERBIND_C_ABI));
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    *out = interbind_native_search(callable, kind, wanted, len, &verdict);
    if (*out != NULL) {
        return INTERBIND_OK;
    }
    interbind_native_refuse(&refusal, verdict.reason != NULL ? verdict.reason : INTERBIND_REASON_SIGNATURE_DIFFERS, callable, wanted);
    refusal.provider = kind->owner;
    if (verdict.reason != NULL) {
        interbind_refusal_judged(&refusal, verdict, INTERBIND_NATIVE_ENTRY_MAGIC);
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    entry = INTERBIND_LOAD(*(interbind_native_entry *const *)&record->natives);
    if (entry == NULL) {
        interbind_refusal_add(&refusal, "signature: provider has none, this module expects %s", wanted);
    }
    for (; entry != NULL; entry = entry->next) {
        interbind_refusal_add(&refusal, "signature: provider has %.*s, this module expects %s", INTERBIND_SHOWN(entry->signature), wanted);
    }
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Finds a function of Cython's, of PyO3's, or of another that stands in `__pyx_capi__`: by its module and name, if the module has
 * it, or nothing, under that name. */
INTERBIND_COLD interbind_status interbind_native_capi(PyObject *callable, const char *wanted, size_t len, const void **out) {
    PyObject *name = PyObject_GetAttrString(callable, "__name__"), *home = NULL, *module = NULL, *dict = NULL, *capsule = NULL;
    PyObject *bound, *known = NULL;
    interbind_status status = INTERBIND_FAILED;
    interbind_refusal refusal;
    const char *said = NULL;
    char text[INTERBIND_MAX_SIGNATURE];
    /* A method has its function's names, and isn't called like it. */
    bound = name != NULL && PyUnicode_Check(name) ? PyObject_GetAttrString(callable, "__func__") : NULL;
    if (bound == NULL && name != NULL && PyUnicode_Check(name) && PyErr_ExceptionMatches(PyExc_AttributeError)) {
        PyErr_Clear();
        home = PyObject_GetAttrString(callable, "__module__");
    }
    module = home != NULL && PyUnicode_Check(home) ? PyImport_GetModule(home) : NULL;
    dict = module == NULL ? NULL : PyObject_GetAttrString(module, "__pyx_capi__");
    capsule = dict == NULL ? NULL : PyObject_GetItem(dict, name);
    /* What wraps a function has its names, and isn't called like it. A C function alone has no object there. */
    known = capsule == NULL ? NULL : PyObject_GetAttr(module, name);
    if (known != NULL && known != callable) {
        Py_CLEAR(capsule);
    }
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_AttributeError) && !PyErr_ExceptionMatches(PyExc_LookupError)) {
        goto done;
    }
    PyErr_Clear();
    if (capsule != NULL && PyCapsule_CheckExact(capsule)) {
        said = PyCapsule_GetName(capsule);
    }
    if (said != NULL && interbind_signature(interbind_str_of(said), text) == len && memcmp(text, wanted, len) == 0) {
        *out = PyCapsule_GetPointer(capsule, said);
        status = *out == NULL ? INTERBIND_FAILED : INTERBIND_OK;
        goto done;
    }
    PyErr_Clear();
    interbind_native_refuse(&refusal, said != NULL ? INTERBIND_REASON_SIGNATURE_DIFFERS : INTERBIND_REASON_WRONG_OBJECT, callable, wanted);
    if (said != NULL) {
        PyObject *by = PyUnicode_AsUTF8String(home);
        PyErr_Clear();
        interbind_refusal_add(&refusal, "signature: provider has %.200s, this module expects %s", said, wanted);
        /* The name is all that is known of who lends it. */
        interbind_refusal_add(&refusal, "provider: %.200s, by its __pyx_capi__", by == NULL ? "?" : PyBytes_AsString(by));
        Py_XDECREF(by);
    } else {
        interbind_refusal_add(&refusal, "it is no native function, and its module's __pyx_capi__ doesn't have it");
    }
    status = interbind_refusal_raise(&refusal, PyExc_TypeError);
done:
    Py_XDECREF(known);
    Py_XDECREF(capsule);
    Py_XDECREF(dict);
    Py_XDECREF(module);
    Py_XDECREF(home);
    Py_XDECREF(bound);
    Py_XDECREF(name);
    return status;
}

/* Finds the C function of that type behind a callable of any build. The caller holds the callable as long as it may call it. FAILED
 * comes with an exception: a ValueError for a signature that can't be read, a TypeError with a reason when there is no such function. */
INTERBIND_COLD interbind_status interbind_native(PyObject *callable, const char *signature, void **out) {
    INTERBIND_FUNCTION_KIND(class_kind, FUNCTION_CLASS);
    char wanted[INTERBIND_MAX_SIGNATURE];
    size_t len;
    interbind_functions_service *table = NULL;
    const interbind_function_class *each;
    const void *found = NULL;
    interbind_status status;
    interbind_verdict verdict;
    PyObject *capsule;
    if (callable == NULL || out == NULL) {
        return interbind_misuse("interbind_native", "an argument is NULL");
    }
    if (signature == NULL) {
        return interbind_native_unread(signature);
    }
    capsule = interbind_functions_find(0, &table);
    if (capsule == NULL && PyErr_Occurred()) {
        return INTERBIND_FAILED;
    }
    each = capsule == NULL ? NULL : INTERBIND_LOAD(*(interbind_function_class *const *)&table->classes);
    for (; each != NULL; each = each->next) {
        /* Behind one that can't be read nobody knows what there is. */
        if (interbind_judge(each, &class_kind).reason != NULL) {
            each = NULL;
            break;
        }
        if (each->python == (PyObject *)Py_TYPE(callable)) {
            break;
        }
    }
    if (each != NULL && interbind_native_calls_alike(each)) {
        /* Most texts are in their one form already, and found as they are. */
        found = interbind_native_search(callable, each, signature, strlen(signature), &verdict);
    }
    if (found != NULL) {
        status = INTERBIND_OK;
    } else if ((len = interbind_signature(interbind_str_of(signature), wanted)) == 0) {
        status = interbind_native_unread(signature);
    } else if (each != NULL) {
        status = interbind_native_of(callable, each, wanted, len, &found);
    } else {
        status = interbind_native_capi(callable, wanted, len, &found);
    }
    Py_XDECREF(capsule);
    if (status == INTERBIND_OK) {
        *out = (void *)(uintptr_t)found;
    }
    return status;
}

#endif /* INTERBIND_NATIVE_H */
