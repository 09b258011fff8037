/* Objects of our classes as arguments of pybind11's functions, in modules that know nothing of interbind: pybind11 2.11.2 and newer.
 *
 * pybind11 asks an object of a stranger's class two things. Its method `_pybind11_conduit_v1_`, the conduit, is asked for the
 * address of a C++ type, by functions of modules that have such a class themselves, and only where an argument may be converted.
 * An attribute of its class, the local loader, is asked first, everywhere; its name has the version of pybind11's internals in it,
 * so it says how the record that it leads to lies. It is written for version 12 alone, of pybind11 3.1: older ones pass an
 * empty `std::shared_ptr` for what a loader gives, or end the process.
 *
 * A function of C++ takes `T &` as it takes `const T &`, and nothing tells which it is. So a class that answers tracks no borrows:
 * everybody may write to its objects. Nothing here runs Python code, except what the class's own `borrow` does. */
#ifndef INTERBIND_TO_PYBIND11_H
#define INTERBIND_TO_PYBIND11_H

#include <Python.h>

#include <interbind/from_pybind11.h>
#include <interbind/publish.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The ids of pybind11 3.1 for the C++ libraries that share C++ types by name: libstdc++ with either of its ABIs, and libc++. */
#define INTERBIND_LOADER_IDS \
    {"system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1", "system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_0", "system_libcpp_abi1"}

/* A record of pybind11 3.1 as far as it is read of a stranger's class: the C++ type, and the loader. */
typedef struct interbind_loader_record {
    const void *type;
    const interbind_cpp_type *cpp_type;
    const void *unread[17];
    void *(*load)(PyObject *object, const void *record);
    /* Room for what follows in pybind11's own. */
    const void *rest[12];
} interbind_loader_record;

/* A class that answers pybind11: a static of the module, made by INTERBIND_CONDUIT_TO. */
typedef struct interbind_conduit {
    /* Where a loader finds the rest. */
    interbind_loader_record loader;
    interbind_class *described;
    interbind_cpp_type type;
    PyMethodDef *method;
} interbind_conduit;

/* The record of an object's class; NULL when it isn't published, or not any more. */
static inline const interbind_type_record *interbind_conduit_record(const interbind_conduit *self, PyTypeObject *type) {
    interbind_class_record *one;
    for (one = INTERBIND_LOAD(self->described->records); one != NULL; one = one->next) {
        if (INTERBIND_LIKELY((const void *)INTERBIND_LOAD(one->record.py_type) == (const void *)type)) {
            return &one->record;
        }
    }
    for (one = INTERBIND_LOAD(self->described->records); one != NULL; one = one->next) {
        PyObject *const registered = INTERBIND_LOAD(one->record.py_type);
        if (registered != NULL && interbind_is_subtype(type, (PyTypeObject *)(void *)registered)) {
            return &one->record;
        }
    }
    return NULL;
}

/* The address of an object's data. NULL, and no exception: its class isn't published; with one: its provider refuses. */
static inline void *interbind_conduit_address_of(const interbind_conduit *self, PyObject *object) {
    const interbind_type_record *const record = interbind_conduit_record(self, Py_TYPE(object));
    void *data = record == NULL ? NULL : interbind_borrow(record, object, INTERBIND_BORROW_SHARED);
    /* pybind11 doesn't say when its function has ended. An untracked class keeps its data where it is while the object lives, and
     * the call holds the object. */
    interbind_give_back(record, object, data, INTERBIND_BORROW_SHARED);
    return data;
}

/* What a conduit answers: a capsule with the address, or None; NULL with an exception set. */
static inline PyObject *interbind_conduit_answer(const interbind_conduit *self, PyObject *object, PyObject *const *arguments,
    Py_ssize_t count) {
    const interbind_cpp_type *asked;
    const char *kind, *name;
    void *data;
    if (count != 3 || !PyBytes_Check(arguments[0]) || !PyCapsule_CheckExact(arguments[1]) || !PyBytes_Check(arguments[2])) {
        PyErr_SetString(PyExc_TypeError, INTERBIND_CONDUIT " takes the bytes of an id, a capsule and the bytes of a kind");
        return NULL;
    }
    kind = PyBytes_AsString(arguments[2]);
    if (kind == NULL || strcmp(kind, "raw_pointer_ephemeral") != 0) {
        PyErr_SetString(PyExc_RuntimeError, INTERBIND_CONDUIT " knows no kind of pointer but raw_pointer_ephemeral");
        return NULL;
    }
    asked = (const interbind_cpp_type *)PyCapsule_GetPointer(arguments[1], "St9type_info");
    if (asked == NULL) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    name = asked->name;
#if defined(__APPLE__) && defined(__aarch64__)
    name = (const char *)((uintptr_t)name & ~((uintptr_t)1 << 63));
#endif
    /* A name with a star in front is a type of one library alone. */
    if (name == NULL || strcmp(name, self->type.name) != 0) {
        Py_RETURN_NONE;
    }
    data = interbind_conduit_address_of(self, object);
    if (data == NULL) {
        if (PyErr_Occurred() != NULL) {
            return NULL;
        }
        Py_RETURN_NONE;
    }
    return PyCapsule_New(data, name, NULL);
}

/* What pybind11 calls as a local loader: the address, or NULL and no exception. */
static inline void *interbind_conduit_load(PyObject *object, const void *record) {
    void *const data = interbind_conduit_address_of((const interbind_conduit *)record, object);
    if (data == NULL) {
        /* It would take an exception for its own. Where it may convert it asks the conduit too, which says the reason. */
        PyErr_Clear();
    }
    return data;
}

#if !defined(Py_LIMITED_API) || INTERBIND_LIMITED + 0 >= 0x030a0000
#define INTERBIND_CONDUIT_FLAGS METH_FASTCALL
#define INTERBIND_CONDUIT_ARGUMENTS PyObject *const *arguments, Py_ssize_t count
#define INTERBIND_CONDUIT_BODY(identifier) \
    static PyObject *identifier##_answer(PyObject *object, PyObject *const *arguments, Py_ssize_t count) { \
        return interbind_conduit_answer(&identifier, object, arguments, count); \
    }
#else
#define INTERBIND_CONDUIT_FLAGS METH_VARARGS
#define INTERBIND_CONDUIT_ARGUMENTS PyObject *tuple
#define INTERBIND_CONDUIT_BODY(identifier) \
    static PyObject *identifier##_answer(PyObject *object, PyObject *tuple) { \
        PyObject *arguments[3]; \
        Py_ssize_t i; \
        const Py_ssize_t count = PyTuple_Size(tuple); \
        for (i = 0; i < 3 && count == 3; i++) { \
            arguments[i] = PyTuple_GetItem(tuple, i); \
        } \
        return interbind_conduit_answer(&identifier, object, arguments, count); \
    }
#endif

/* Makes `identifier`, an `interbind_conduit` for what the `interbind_class` of that name describes: as the C++ type with this
 * mangled name, see INTERBIND_FROM_PYBIND11. */
#define INTERBIND_CONDUIT_TO(identifier, described, mangled) \
    static PyObject *identifier##_answer(PyObject *object, INTERBIND_CONDUIT_ARGUMENTS); \
    static PyMethodDef identifier##_method = {INTERBIND_CONDUIT, (PyCFunction)(void (*)(void))identifier##_answer, \
        INTERBIND_CONDUIT_FLAGS, "Answers pybind11."}; \
    static interbind_conduit identifier = {{NULL, NULL, {NULL}, interbind_conduit_load, {NULL}}, &(described), \
        {NULL, (mangled)}, &identifier##_method}; \
    INTERBIND_CONDUIT_BODY(identifier)

/* Tells whether there can be weak references to a class's objects: pybind11's `keep_alive` needs them. */
INTERBIND_COLD int interbind_has_weak_references(PyObject *type) {
    PyObject *const offset = interbind_type_part(type, "__weakrefoffset__");
    const int has = offset != NULL && PyLong_Check(offset) && PyLong_AsLong(offset) != 0;
    Py_XDECREF(offset);
    PyErr_Clear();
    return has;
}

#if !defined(_MSC_VER)
/* Sets an attribute of a class. Cython's classes, and others that Python code may not change, are changed as they are made: in their
 * dict, which Python is told of. */
INTERBIND_COLD int interbind_type_put(PyTypeObject *type, const char *name, PyObject *value) {
#if !defined(Py_LIMITED_API) && !defined(PYPY_VERSION)
    int is_open = PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE);
#ifdef Py_TPFLAGS_IMMUTABLETYPE
    is_open = is_open && !PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE);
#endif
    if (!is_open) {
#if PY_VERSION_HEX >= 0x030c0000
        PyObject *const dict = PyType_GetDict(type);
#else
        PyObject *const dict = type->tp_dict;
#endif
        const int status = dict == NULL ? -1 : PyDict_SetItemString(dict, name, value);
#if PY_VERSION_HEX >= 0x030c0000
        Py_XDECREF(dict);
#endif
        PyType_Modified(type);
        return status;
    }
#endif
    return PyObject_SetAttrString((PyObject *)(void *)type, name, value);
}

/* Puts what pybind11 asks for into a class. False with an exception set. */
INTERBIND_COLD int interbind_conduit_install(interbind_conduit *conduit, PyTypeObject *py_type) {
    static const char *const ids[] = INTERBIND_LOADER_IDS;
    PyObject *made = PyDescr_NewMethod(py_type, conduit->method);
    int failed = made == NULL || interbind_type_put(py_type, INTERBIND_CONDUIT, made) < 0;
    size_t i;
    Py_XDECREF(made);
    conduit->loader.cpp_type = &conduit->type;
    for (i = 0; i < sizeof ids / sizeof ids[0] && !failed; i++) {
        char key[128];
        snprintf(key, sizeof key, "__pybind11_module_local_v12_%s__", ids[i]);
        /* A name, so that it isn't taken for pybind11's own. */
        made = PyCapsule_New(&conduit->loader, "interbind.conduit", NULL);
        failed = made == NULL || interbind_type_put(py_type, key, made) < 0;
        Py_XDECREF(made);
    }
    return !failed;
}
#endif

/* Has a published class answer pybind11: its objects, and those of classes that inherit from it. A second time changes nothing. With
 * any other status than `INTERBIND_OK` an exception is set; `INTERBIND_INVALID`: the class tracks borrows, is frozen, or its objects
 * have no weak references. With Microsoft's compiler, whose type names can't be made by hand, nothing is answered. */
INTERBIND_COLD interbind_status interbind_conduit_open(const interbind_context *context, interbind_conduit *conduit,
    PyTypeObject *py_type) {
    PyObject *const type = (PyObject *)(void *)py_type;
    if (context == NULL || context->core == NULL || conduit == NULL || py_type == NULL) {
        return interbind_misuse("interbind_conduit_open", "an argument is NULL, or the context isn't bound");
    }
    if (conduit->described->aliasing != INTERBIND_ALIASING_UNTRACKED || conduit->described->kind != INTERBIND_KIND_DATA) {
        return interbind_misuse("interbind_conduit_open",
            "C++ code may write to what it is given, so only data of a class that tracks no borrows can answer");
    }
    if (interbind_class_find(conduit->described, context->core, type) == NULL) {
        return interbind_misuse("interbind_conduit_open", "the class isn't published");
    }
    if (!interbind_has_weak_references(type)) {
        return interbind_misuse("interbind_conduit_open",
            "pybind11 keeps objects alive by weak references, and the class's objects have none");
    }
#if !defined(_MSC_VER)
    if (!interbind_conduit_install(conduit, py_type)) {
        return INTERBIND_FAILED;
    }
#endif
    return INTERBIND_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_TO_PYBIND11_H */
