/* The `functions` service: the list of all builds' classes of functions in an interpreter, found or made.
 *
 * It stands in the state dict under a key of its own, so that a module needs neither a core nor the wheel. A reader judges
 * each record first; a class is only ever added. */
#ifndef INTERBIND_FUNCTION_SERVICE_H
#define INTERBIND_FUNCTION_SERVICE_H

#include <Python.h>

#include <interbind/function_class.h>

/* The version of the record as one of kinds. */
#define INTERBIND_FUNCTION_KIND(name, record) \
    static const uint32_t name##_sizes[] = INTERBIND_##record##_SIZES; \
    static const interbind_kind name = {INTERBIND_##record##_MAGIC, INTERBIND_##record##_MAJOR, INTERBIND_##record##_MINOR, \
        INTERBIND_##record##_MINOR, name##_sizes, 0, 0}

INTERBIND_COLD void interbind_function_class_free(interbind_function_class *record) { free(record); }

/* Lets the classes go: they stay as long as there are functions of theirs. */
INTERBIND_COLD void interbind_functions_close(interbind_service_head *service) {
    interbind_functions_service *table = (interbind_functions_service *)(void *)service;
    const interbind_function_class *each = INTERBIND_LOAD(table->classes), *next;
    for (; each != NULL; each = next) {
        PyObject *python = each->python;
        next = each->next;
        each->free((interbind_function_class *)each);
        Py_XDECREF(python);
    }
    INTERBIND_STORE(table->classes, (interbind_function_class *)NULL);
}

INTERBIND_COLD void interbind_functions_destroy(interbind_service_head *service) { free(service); }

INTERBIND_COLD void interbind_functions_end(PyObject *capsule) {
    interbind_service_head *head = (interbind_service_head *)PyCapsule_GetPointer(capsule, INTERBIND_KEY_FUNCTIONS);
    if (head != NULL) {
        void (*destroy)(interbind_service_head *) = head->destroy;
        head->close(head);
        destroy(head);
    }
}

INTERBIND_COLD PyObject *interbind_functions_make(void) {
    static const interbind_record_header header = INTERBIND_FUNCTIONS_HEADER;
    interbind_functions_service *table = (interbind_functions_service *)calloc(1, sizeof *table);
    PyObject *capsule;
    if (table == NULL) {
        return PyErr_NoMemory();
    }
    table->head.header = header;
    table->head.name = interbind_str_of(INTERBIND_SERVICE_FUNCTIONS);
    table->head.owner = &interbind_function_owner;
    table->head.close = interbind_functions_close;
    table->head.destroy = interbind_functions_destroy;
    capsule = PyCapsule_New(table, INTERBIND_KEY_FUNCTIONS, interbind_functions_end);
    if (capsule == NULL) {
        free(table);
    }
    return capsule;
}

/* What stands under a key: a new reference, or NULL with or without an exception. */
static inline PyObject *interbind_functions_get(PyObject *dict, PyObject *key) {
#if PY_VERSION_HEX >= 0x030d0000 && (!defined(Py_LIMITED_API) || Py_LIMITED_API + 0 >= 0x030d0000) && !defined(PYPY_VERSION)
    PyObject *found = NULL;
    PyDict_GetItemRef(dict, key, &found);
#else
    /* These builds have a GIL. */
    PyObject *found = PyDict_GetItemWithError(dict, key);
    Py_XINCREF(found);
#endif
    return found;
}

/* Finds the service, or makes it where `make` says so. A new reference to its capsule, which keeps it; NULL with an exception, or
 * without one: it isn't there. */
INTERBIND_COLD PyObject *interbind_functions_find(int make, interbind_functions_service **out) {
    INTERBIND_FUNCTION_KIND(kind, FUNCTIONS);
    PyObject *key, *found = NULL, *made;
    interbind_verdict verdict;
    interbind_refusal refusal;
#if defined(PYPY_VERSION)
    PyObject *builtins = PyImport_AddModule("builtins");
    PyObject *dict = builtins == NULL ? NULL : PyModule_GetDict(builtins);
#else
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
#endif
    if (dict == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_RuntimeError, "interbind: this interpreter has no state dict now");
        }
        return NULL;
    }
    key = PyUnicode_FromString(INTERBIND_KEY_FUNCTIONS);
    if (key == NULL) {
        return NULL;
    }
    found = interbind_functions_get(dict, key);
    if (found == NULL && make && !PyErr_Occurred()) {
        made = interbind_functions_make();
        found = made == NULL ? NULL : PyObject_CallMethod(dict, "setdefault", "OO", key, made);
        Py_XDECREF(made);
    }
    Py_DECREF(key);
    if (found == NULL) {
        return NULL;
    }
    if (!PyCapsule_IsValid(found, INTERBIND_KEY_FUNCTIONS)) {
        Py_DECREF(found);
        interbind_refusal_start(&refusal, INTERBIND_REASON_NOT_A_CAPSULE, &interbind_function_owner);
        snprintf(refusal.failed, sizeof refusal.failed, "cannot use the `functions` service of this interpreter");
        interbind_refusal_add(&refusal, "something else stands under `" INTERBIND_KEY_FUNCTIONS "`");
        snprintf(refusal.fix, sizeof refusal.fix, "find out which code writes to that key");
        interbind_refusal_raise(&refusal, PyExc_ImportError);
        return NULL;
    }
    *out = (interbind_functions_service *)PyCapsule_GetPointer(found, INTERBIND_KEY_FUNCTIONS);
    verdict = interbind_judge(*out, &kind);
    if (verdict.reason != NULL) {
        Py_DECREF(found);
        interbind_refusal_start(&refusal, verdict.reason, &interbind_function_owner);
        snprintf(refusal.failed, sizeof refusal.failed, "cannot use the `functions` service of this interpreter");
        interbind_refusal_judged(&refusal, verdict, INTERBIND_FUNCTIONS_MAGIC);
        snprintf(refusal.fix, sizeof refusal.fix, "upgrade the older of the modules that make functions");
        interbind_refusal_raise(&refusal, PyExc_ImportError);
        return NULL;
    }
    return found;
}

/* Finds this build's class in the list. Borrowed. */
INTERBIND_COLD const interbind_function_class *interbind_functions_own(const interbind_functions_service *table) {
    INTERBIND_FUNCTION_KIND(kind, FUNCTION_CLASS);
    const interbind_function_class *each = INTERBIND_LOAD(*(interbind_function_class *const *)&table->classes);
    for (; each != NULL && interbind_judge(each, &kind).reason == NULL; each = each->next) {
        if (each->major == INTERBIND_FUNCTION_MAJOR && each->minor == INTERBIND_FUNCTION_MINOR &&
            interbind_str_is(each->platform, INTERBIND_PLATFORM)) {
            return each;
        }
    }
    return NULL;
}

/* Adds a class to the list, unless another thread has: then NULL. Takes over a reference to it, with a record. */
INTERBIND_COLD const interbind_function_class *interbind_functions_add(interbind_functions_service *table, PyObject *python) {
    static const interbind_record_header header = INTERBIND_FUNCTION_CLASS_HEADER;
    interbind_function_class *made = (interbind_function_class *)calloc(1, sizeof *made), *known;
    if (made == NULL) {
        Py_DECREF(python);
        PyErr_NoMemory();
        return NULL;
    }
    made->header = header;
    made->owner = &interbind_function_owner;
    made->platform = interbind_str_of(INTERBIND_PLATFORM);
    made->python = python;
    made->offset = sizeof(PyObject);
    made->major = INTERBIND_FUNCTION_MAJOR;
    made->minor = INTERBIND_FUNCTION_MINOR;
    made->free = interbind_function_class_free;
    known = INTERBIND_LOAD(table->classes);
    for (;;) {
        const interbind_function_class *other = interbind_functions_own(table);
        if (other != NULL) {
            free(made);
            Py_DECREF(python);
            return other;
        }
        made->next = known;
        if (INTERBIND_SWAP(table->classes, known, made)) {
            return made;
        }
    }
}

/* This build's class in the current interpreter: a new reference, or NULL with an exception. */
INTERBIND_COLD PyTypeObject *interbind_function_type(void) {
    interbind_functions_service *table;
    PyObject *capsule = interbind_functions_find(1, &table), *python = NULL;
    if (capsule != NULL) {
        const interbind_function_class *own = interbind_functions_own(table);
        if (own == NULL) {
            PyObject *made = interbind_function_class_make();
            own = made == NULL ? NULL : interbind_functions_add(table, made);
        }
        python = own == NULL ? NULL : own->python;
        Py_XINCREF(python);
        Py_DECREF(capsule);
    }
    return (PyTypeObject *)python;
}

#endif /* INTERBIND_FUNCTION_SERVICE_H */
