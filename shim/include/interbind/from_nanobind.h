/* Objects of nanobind's classes as shared data, from modules that know nothing of interbind: nanobind 3.0 and newer, split or combined.
 *
 * nanobind 3 has a table of functions that is frozen: modules of split mode get it from the package `nanobind-backend`, and so does
 * the adapter. With it a module takes part in a state of nanobind, the one that the object's class belongs to, and asks for size,
 * alignment and C++ name of the class and for the address in the object. A combined module keeps its state under the same key
 * as a split one, so both are reached; what was built with another C++ library, or as one module for the stable ABI, keeps
 * another state, which the package doesn't serve: that is refused by name.
 *
 * With INTERBIND_KNOWN_LAYOUTS, a switch for the whole module, classes of nanobind 2.6 to 2.15 are read where those versions have
 * them: nobody has promised that layout, and each step is compared with what is known.
 *
 * Importing the package runs Python code: once for each state, when the first object of a class of nanobind is met. Nothing else here
 * does. That the fields of the C++ type are those of the descriptor is the word of who names it. */
#ifndef INTERBIND_FROM_NANOBIND_H
#define INTERBIND_FROM_NANOBIND_H

#include <Python.h>

#include <interbind/adapted.h>
#include <interbind/from_pybind11.h>
#include <interbind/pybind11_record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Makes an adapter for nanobind's classes alone: the type's mangled name, see INTERBIND_FROM_PYBIND11, and its size. */
#define INTERBIND_FROM_NANOBIND(mangled, size) {interbind_adapt_nanobind, {NULL, (mangled)}, (size), NULL}
/* The same for both: what a C++ class of this name is taken from, whoever made it. */
#define INTERBIND_FROM_CPP(mangled, size) {interbind_adapt_cpp, {NULL, (mangled)}, (size), NULL}

/* Places in nanobind's table, which are frozen for major 1. */
#define INTERBIND_NANOBIND_MAJOR 1
#define INTERBIND_NANOBIND_MODULE_INIT 9
#define INTERBIND_NANOBIND_TYPE_CHECK 50
#define INTERBIND_NANOBIND_TYPE_SIZE 51
#define INTERBIND_NANOBIND_TYPE_ALIGN 52
#define INTERBIND_NANOBIND_TYPE_INFO 55
#define INTERBIND_NANOBIND_INST_PTR 56
#define INTERBIND_NANOBIND_INST_STATE 68
#define INTERBIND_NANOBIND_SLOTS 69

/* What nanobind-backend fills: so many functions as it says. */
typedef struct interbind_nanobind_table {
    uint16_t slot_count, abi_minor;
    uint8_t reserved[4];
    void (*slots[INTERBIND_NANOBIND_SLOTS])(void);
} interbind_nanobind_table;

/* A state of nanobind that this module takes part in. Never freed. */
struct interbind_nanobind {
    interbind_nanobind_table table;
    /* nanobind's own; of a known layout its metaclass, or since 2.15 the metaclass of that. */
    void *internals;
    /* Of a known layout: the version of the state, and where a class has what nanobind knows of it. */
    int known;
    size_t behind_class;
    uint64_t serial[2];
    interbind_nanobind *next;
    /* The state's key, and in it the platform that the package is asked for. */
    char key[256];
    char tag[192];
};

/* Those functions. A `bool` of C++ comes in a byte. */
typedef uint8_t (*interbind_nanobind_check)(void *internals, PyObject *type);
typedef size_t (*interbind_nanobind_measure)(PyObject *type);
typedef const interbind_cpp_type *(*interbind_nanobind_info)(PyObject *type);
typedef void *(*interbind_nanobind_value)(PyObject *object);
typedef uint32_t (*interbind_nanobind_state)(PyObject *object);

#define INTERBIND_NANOBIND_CALL(self, type, slot) ((type)(self)->table.slots[slot])

/* What nanobind 2.6 to 2.15 knows of a class: behind the class itself. */
typedef struct interbind_nanobind_class_data {
    uint32_t size, align_and_flags;
    const char *name;
    const interbind_cpp_type *cpp_type;
    const void *class_;
} interbind_nanobind_class_data;

static inline const interbind_nanobind_class_data *interbind_nanobind_data(const interbind_nanobind *self, PyObject *type) {
    return (const interbind_nanobind_class_data *)(const void *)((const char *)(const void *)type + self->behind_class);
}

/* What stands in an object behind its head: where its value is, and its state. */
static inline uint32_t interbind_nanobind_word(PyObject *object, int place) {
    return ((const uint32_t *)(const void *)((const char *)(const void *)object + INTERBIND_PYBIND11_HEAD))[place];
}

/* Tells whether a class belongs to a state. */
static inline int interbind_nanobind_has(const interbind_nanobind *self, PyObject *type) {
    if (self->known != 0) {
        const void *const meta = Py_TYPE(type);
        return (self->known >= 21 ? meta : (const void *)Py_TYPE((PyObject *)(void *)(uintptr_t)meta)) == self->internals;
    }
    return INTERBIND_NANOBIND_CALL(self, interbind_nanobind_check, INTERBIND_NANOBIND_TYPE_CHECK)(self->internals, type) != 0;
}

/* Tells whether an object of a state's class has its value. */
static inline int interbind_nanobind_has_value(const interbind_nanobind *self, PyObject *object) {
    if (self->known != 0) {
        /* Two bits: uninitialised, given away, ready. */
        return (interbind_nanobind_word(object, 1) & 3) == 2;
    }
    return (INTERBIND_NANOBIND_CALL(self, interbind_nanobind_state, INTERBIND_NANOBIND_INST_STATE)(object) & 1) != 0;
}

/* Where an object's value is. */
static inline void *interbind_nanobind_value_of(const interbind_nanobind *self, PyObject *object) {
    if (self->known != 0) {
        char *const place = (char *)(void *)object + (int32_t)interbind_nanobind_word(object, 0);
        /* It is there, or a pointer to it. */
        return (interbind_nanobind_word(object, 1) & 4) != 0 ? place : *(void **)(void *)place;
    }
    return INTERBIND_NANOBIND_CALL(self, interbind_nanobind_value, INTERBIND_NANOBIND_INST_PTR)(object);
}

/* What a class's C++ type is, and how large. */
static inline const interbind_cpp_type *interbind_nanobind_cpp_type(const interbind_nanobind *self, PyObject *type) {
    return self->known != 0 ? interbind_nanobind_data(self, type)->cpp_type
                            : INTERBIND_NANOBIND_CALL(self, interbind_nanobind_info, INTERBIND_NANOBIND_TYPE_INFO)(type);
}
static inline uint64_t interbind_nanobind_size(const interbind_nanobind *self, PyObject *type) {
    return self->known != 0 ? interbind_nanobind_data(self, type)->size
                            : INTERBIND_NANOBIND_CALL(self, interbind_nanobind_measure, INTERBIND_NANOBIND_TYPE_SIZE)(type);
}
static inline uint64_t interbind_nanobind_align(const interbind_nanobind *self, PyObject *type) {
    return self->known != 0 ? interbind_nanobind_data(self, type)->align_and_flags & 255
                            : INTERBIND_NANOBIND_CALL(self, interbind_nanobind_measure, INTERBIND_NANOBIND_TYPE_ALIGN)(type);
}

/* The `borrow` of every record of nanobind. */
static inline void *interbind_nanobind_borrow(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    const interbind_nanobind *const state = ((const interbind_adapted *)(const void *)record)->nanobind;
    if (!INTERBIND_LIKELY(interbind_class_starts(record, object, mode))) {
        return NULL;
    }
    /* Since the state has ended, no class is one of its own. */
    if (!INTERBIND_LIKELY(interbind_nanobind_has(state, (PyObject *)(void *)Py_TYPE(object)))) {
        return interbind_adapted_refuse(record, object, "the nanobind that the class belongs to has ended");
    }
    if (!INTERBIND_LIKELY(interbind_nanobind_has_value(state, object))) {
        return interbind_adapted_refuse(record, object,
            "the object has no value: `__init__` of its class wasn't called, or its value was given away");
    }
    return interbind_nanobind_value_of(state, object);
}

/* What a state's key says: the platform, and the domain behind it, which is written to `domain`, as large as a key. False when it is
 * none that the package can serve; `why` is one that it can't. */
INTERBIND_COLD int interbind_nanobind_read_key(interbind_nanobind *made, const char *key, char *domain, const char **why) {
    static const char start[] = "__nb_internals_", version[] = "_a1_v", stable[] = "_stable_";
    const char *end, *tag = key + sizeof start - 1;
    const size_t len = strlen(key);
    if (strncmp(key, start, sizeof start - 1) != 0 || strncmp(tag, "nanobind_", 9) != 0 ||
        len >= sizeof made->key || strcmp(key + len - 2, "__") != 0 || (end = strstr(tag, version)) == NULL ||
        (size_t)(end - tag) >= sizeof made->tag) {
        return 0;
    }
    snprintf(made->tag, sizeof made->tag, "%.*s", (int)(end - tag), tag);
    snprintf(made->key, sizeof made->key, "%s", key);
    for (end += sizeof version - 1; *end >= '0' && *end <= '9'; end++) {
    }
    if (strncmp(end, stable, sizeof stable - 1) == 0) {
        *why = "its module was built as one for the stable ABI, whose state nobody else is let into";
        return 0;
    }
    if (*end != '_' || end + 3 > key + len) {
        return 0;
    }
    snprintf(domain, sizeof made->key, "%.*s", (int)(key + len - 2 - (end + 1)), end + 1);
    return 1;
}

/* Has nanobind-backend fill the table. False with an exception; then `*is_kept` tells whether somebody has the table's capsule. */
INTERBIND_COLD int interbind_nanobind_fill(interbind_nanobind *made, int *is_kept) {
    PyObject *backend = PyImport_ImportModule("nanobind_backend");
    PyObject *capsule = backend == NULL ? NULL : PyCapsule_New(&made->table, made->tag, NULL);
    PyObject *filled = capsule == NULL
        ? NULL
        : PyObject_CallMethod(backend, "fill", "isO", INTERBIND_NANOBIND_MAJOR, made->tag, capsule);
    int is_whole = filled != NULL, i;
    static const int used[] = {INTERBIND_NANOBIND_MODULE_INIT, INTERBIND_NANOBIND_TYPE_CHECK, INTERBIND_NANOBIND_TYPE_SIZE,
        INTERBIND_NANOBIND_TYPE_ALIGN, INTERBIND_NANOBIND_TYPE_INFO, INTERBIND_NANOBIND_INST_PTR, INTERBIND_NANOBIND_INST_STATE};
    for (i = 0; is_whole && i < (int)(sizeof used / sizeof used[0]); i++) {
        if (made->table.slots[used[i]] == NULL) {
            PyErr_SetString(PyExc_ImportError, "nanobind_backend.fill has filled nothing");
            is_whole = 0;
        }
    }
    *is_kept = capsule != NULL && Py_REFCNT(capsule) != 1;
    Py_XDECREF(filled);
    Py_XDECREF(capsule);
    Py_XDECREF(backend);
    return is_whole;
}

/* Takes part in the state of a key: as a module of this interpreter, which keeps the state. False with an exception. */
INTERBIND_COLD int interbind_nanobind_enter(interbind_nanobind *made, PyObject *dict, const char *domain) {
    void *(*const enter)(const char *domain, PyObject *module) =
        INTERBIND_NANOBIND_CALL(made, void *(*)(const char *, PyObject *), INTERBIND_NANOBIND_MODULE_INIT);
    PyObject *const module = PyModule_New("interbind.nanobind"), *found;
    char name[64];
    snprintf(name, sizeof name, "__interbind_nanobind_%p__", (void *)made);
    made->internals = module == NULL ? NULL : enter(domain, module);
    if (made->internals != NULL && PyDict_SetItemString(dict, name, module) < 0) {
        made->internals = NULL;
    }
    Py_XDECREF(module);
    if (made->internals == NULL) {
        return 0;
    }
    found = PyMapping_GetItemString(dict, made->key);
    if (found == NULL || !PyCapsule_IsValid(found, "nb_internals") ||
        PyCapsule_GetPointer(found, "nb_internals") != made->internals) {
        /* A package of another version has made a state of its own. */
        PyErr_SetString(PyExc_ImportError, "nanobind_backend keeps its state under another key");
        made->internals = NULL;
    }
    Py_XDECREF(found);
    return made->internals != NULL;
}

INTERBIND_COLD interbind_nanobind **interbind_nanobind_first(void) {
    static interbind_nanobind *first;
    return &first;
}

/* The state of a key, which is entered unless it was. NULL when it can't be: `why` says so, with an exception set or without. */
INTERBIND_COLD const interbind_nanobind *interbind_nanobind_of(const interbind_context *context, PyObject *dict, const char *key,
    const char **why) {
    interbind_nanobind **const first = interbind_nanobind_first();
    interbind_nanobind *one, *made;
    char domain[sizeof one->key];
    int is_kept = 0;
    for (one = INTERBIND_LOAD(*first); one != NULL; one = one->next) {
        if (memcmp(one->serial, context->core->head.serial, sizeof one->serial) == 0 && strcmp(one->key, key) == 0) {
            return one;
        }
    }
    made = (interbind_nanobind *)calloc(1, sizeof *made);
    if (made == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (interbind_nanobind_read_key(made, key, domain, why)) {
        *why = "the package nanobind-backend, which reaches it, can't be used";
        made->table.slot_count = INTERBIND_NANOBIND_SLOTS;
        memcpy(made->serial, context->core->head.serial, sizeof made->serial);
        if (interbind_nanobind_fill(made, &is_kept) && interbind_nanobind_enter(made, dict, domain)) {
            made->next = INTERBIND_LOAD(*first);
            while (!INTERBIND_SWAP(*first, made->next, made)) {
            }
            return made;
        }
    }
    if (!is_kept) {
        free(made);
    }
    return NULL;
}

/* As above for a version whose layout is known: its key, and the capsule behind it. NULL where it isn't. */
INTERBIND_COLD const interbind_nanobind *interbind_nanobind_known(const interbind_context *context, PyObject *dict, const char *key) {
#if defined(INTERBIND_KNOWN_LAYOUTS) && defined(INTERBIND_READS_PYBIND11)
    interbind_nanobind **const first = interbind_nanobind_first();
    PyObject *const capsule = PyMapping_GetItemString(dict, key);
    PyObject *const size = interbind_type_part((PyObject *)(void *)&PyType_Type, "__basicsize__");
    const int version = atoi(key + sizeof "__nb_internals_v" - 1);
    const size_t bytes = size == NULL ? 0 : (size_t)PyLong_AsSsize_t(size);
    interbind_nanobind *one, *made = NULL;
    /* nanobind's module, then the metaclass. */
    void *words[2];
    for (one = INTERBIND_LOAD(*first); one != NULL; one = one->next) {
        if (memcmp(one->serial, context->core->head.serial, sizeof one->serial) == 0 && strcmp(one->key, key) == 0) {
            break;
        }
    }
    if (one == NULL && version >= 16 && version <= 21 && strlen(key) < sizeof one->key && strstr(key, "_stable") == NULL &&
        bytes != 0 && capsule != NULL && PyCapsule_IsValid(capsule, "nb_internals") &&
        interbind_read_memory(PyCapsule_GetPointer(capsule, "nb_internals"), words, sizeof words)) {
        made = (interbind_nanobind *)calloc(1, sizeof *made);
    }
    if (made != NULL) {
        memcpy(made->serial, context->core->head.serial, sizeof made->serial);
        snprintf(made->key, sizeof made->key, "%s", key);
        snprintf(made->tag, sizeof made->tag, "nanobind_%.150s", key + sizeof "__nb_internals_" - 1);
        made->internals = words[1];
        made->known = version;
        made->behind_class = bytes;
        made->next = INTERBIND_LOAD(*first);
        while (!INTERBIND_SWAP(*first, made->next, made)) {
        }
        one = made;
    }
    Py_XDECREF(size);
    Py_XDECREF(capsule);
    PyErr_Clear();
    return one;
#else
    (void)context;
    (void)dict;
    (void)key;
    return NULL;
#endif
}

/* Tells whether what a known layout has of a class is sound: then it leads back to the class. */
INTERBIND_COLD int interbind_nanobind_is_sound(const interbind_nanobind *self, PyObject *type) {
    interbind_nanobind_class_data data;
    return self->known == 0 || (interbind_read_memory(interbind_nanobind_data(self, type), &data, sizeof data) && data.class_ == type);
}

/* Finds the state that a class of nanobind belongs to; NULL: `why` says why it can't be reached. */
INTERBIND_COLD const interbind_nanobind *interbind_nanobind_find(const interbind_context *context, PyObject *type,
    const char **why) {
    static const char start[] = "__nb_internals_";
    PyObject *const dict = interbind_state_dict();
    PyObject *const keys = dict == NULL ? NULL : PyDict_Keys(dict);
    PyObject *raised[3] = {NULL, NULL, NULL};
    const interbind_nanobind *found = NULL;
    const char *unreached = NULL;
    Py_ssize_t i;
    for (i = 0; keys != NULL && i < PyList_Size(keys) && found == NULL; i++) {
        PyObject *key = PyList_GetItem(keys, i);
        PyObject *bytes = key == NULL || !PyUnicode_CheckExact(key) ? NULL : PyUnicode_AsUTF8String(key);
        const char *text = bytes == NULL ? NULL : PyBytes_AsString(bytes), *said = NULL;
        if (text != NULL && strncmp(text, start, sizeof start - 1) == 0) {
            if (strncmp(text + sizeof start - 1, "nanobind_", 9) != 0) {
                found = interbind_nanobind_known(context, dict, text);
                found = found != NULL && interbind_nanobind_has(found, type) && interbind_nanobind_is_sound(found, type) ? found : NULL;
                said = found != NULL ? NULL : "its nanobind is older than 3, or a version in the making, and lets nobody in";
            } else {
                found = interbind_nanobind_of(context, dict, text, &said);
                said = found != NULL ? NULL : said;
                found = found != NULL && interbind_nanobind_has(found, type) ? found : NULL;
            }
            unreached = said == NULL ? unreached : said;
        }
        Py_XDECREF(bytes);
        if (PyErr_Occurred() != NULL && raised[0] == NULL && said != NULL) {
            PyErr_Fetch(&raised[0], &raised[1], &raised[2]);
        }
        PyErr_Clear();
    }
    Py_XDECREF(keys);
    if (found != NULL) {
        for (i = 0; i < 3; i++) {
            Py_XDECREF(raised[i]);
        }
    } else {
        /* It becomes the cause. */
        PyErr_Restore(raised[0], raised[1], raised[2]);
        *why = unreached == NULL ? "no nanobind of this interpreter knows the class" : unreached;
    }
    return found;
}

/* The class of this C++ type that an object's class is or inherits from: a new reference, or NULL without an exception. */
INTERBIND_COLD PyObject *interbind_nanobind_class(const interbind_nanobind *state, PyObject *type, const char *name) {
    PyObject *mro = interbind_type_part(type, "__mro__"), *found = NULL;
    Py_ssize_t i, count = mro == NULL || !PyTuple_Check(mro) ? 0 : PyTuple_Size(mro);
    /* A class of Python has the C++ type of what it inherits from: the one that was made for it comes last. */
    for (i = count - 1; i >= 0 && found == NULL; i--) {
        PyObject *one = PyTuple_GetItem(mro, i);
        if (one != NULL && interbind_nanobind_has(state, one) && interbind_nanobind_is_sound(state, one)) {
            const interbind_cpp_type *const cpp_type = interbind_nanobind_cpp_type(state, one);
            found = cpp_type != NULL && cpp_type->name != NULL && strcmp(cpp_type->name, name) == 0 ? one : NULL;
        }
    }
    Py_XINCREF(found);
    Py_XDECREF(mro);
    PyErr_Clear();
    return found;
}

/* Publishes the class of an object of nanobind. `INTERBIND_MISSING`, and no exception: it isn't one, or holds another type.
 * `INTERBIND_FAILED`: it is, and can't be taken. */
INTERBIND_COLD interbind_status interbind_adapt_nanobind(const interbind_context *context, interbind_site *site,
    PyObject *object) {
#if defined(PYPY_VERSION) || defined(_MSC_VER)
    (void)context;
    (void)site;
    (void)object;
    return INTERBIND_MISSING;
#else
    PyObject *const type = (PyObject *)(void *)Py_TYPE(object), *name, *class_;
    const interbind_nanobind *state;
    interbind_adapted like;
    interbind_status status;
    const char *why = NULL;
    PyObject *bytes;
    int is_named, is_same;
    if (site->kind != INTERBIND_KIND_DATA || (PyType_GetFlags(Py_TYPE(object)) & Py_TPFLAGS_HEAPTYPE) == 0 ||
        (PyType_GetFlags(Py_TYPE(type)) & Py_TPFLAGS_HEAPTYPE) == 0) {
        return INTERBIND_MISSING;
    }
    /* `nb_type`, or before 3.0 `nb_type_0` and so on. Others may have such a name, and are asked for in vain. */
    name = interbind_type_part((PyObject *)(void *)Py_TYPE(type), "__name__");
    bytes = name == NULL || !PyUnicode_CheckExact(name) ? NULL : PyUnicode_AsUTF8String(name);
    is_named = bytes != NULL && strncmp(PyBytes_AsString(bytes), "nb_type", 7) == 0;
    Py_XDECREF(bytes);
    Py_XDECREF(name);
    PyErr_Clear();
    if (!is_named) {
        return INTERBIND_MISSING;
    }
    /* Importing the package may run Python code, which may give the object another class. */
    Py_INCREF(type);
    state = interbind_nanobind_find(context, type, &why);
    class_ = state == NULL ? NULL : interbind_nanobind_class(state, type, site->adapter->type.name);
    is_same = (void *)type == (void *)Py_TYPE(object);
    Py_DECREF(type);
    if (state == NULL) {
        return interbind_adapter_refuse(context, site, object, why,
            "install nanobind-backend, or have the module's author publish the class with interbind/nanobind.hpp");
    }
    if (class_ == NULL || !is_same) {
        Py_XDECREF(class_);
        return INTERBIND_MISSING;
    }
    if (!interbind_nanobind_has_value(state, object)) {
        Py_DECREF(class_);
        return interbind_adapter_refuse(context, site, object,
            "the object has no value: `__init__` of its class wasn't called, or its value was given away",
            "make objects by calling their class, and don't use those that a function took over");
    }
    status = interbind_adapter_measure(context, site, object, interbind_nanobind_size(state, class_),
        interbind_nanobind_align(state, class_));
    if (status == INTERBIND_OK) {
        memset(&like, 0, sizeof like);
        like.nanobind = state;
        like.cpp_type = interbind_nanobind_cpp_type(state, class_);
        interbind_adapted_name(&like, class_, "nanobind", state->tag + sizeof "nanobind_" - 1);
        status = interbind_adapted_publish(context, site, object, &like, class_, interbind_nanobind_borrow);
    }
    Py_DECREF(class_);
    return status;
#endif
}

/* Publishes the class of an object of pybind11 or nanobind. */
INTERBIND_COLD interbind_status interbind_adapt_cpp(const interbind_context *context, interbind_site *site, PyObject *object) {
    const interbind_status status = interbind_adapt_pybind11(context, site, object);
    return status == INTERBIND_MISSING ? interbind_adapt_nanobind(context, site, object) : status;
}

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_FROM_NANOBIND_H */
