/* Publishing a class: its record, made for each interpreter that the module is imported in, and used again after the
 * class died.
 *
 * An `interbind_class` is a static of the module. Records are never freed, because consumers keep their addresses; what
 * was judged of one never changes, so a record that is free again is used only for the class that it was made for. Who may
 * use a record its state says, which is claimed by compare-exchange: nothing here waits for anybody.
 *
 * What consumers call are functions of this header. They look at the object's class before the author's functions are
 * called, so those need not. */
#ifndef INTERBIND_PUBLISH_H
#define INTERBIND_PUBLISH_H

#include <Python.h>

#include <stdio.h>
#include <stdlib.h>

#include <interbind/import.h>
#include <interbind/raise.h>

/* Tells whether a class is another one or inherits from it. PyPy lets a class inherit from two that lie differently: there the
 * bases count whose layout the class has. */
static inline int interbind_is_subtype(PyTypeObject *type, PyTypeObject *base) {
#if defined(PYPY_VERSION) && !defined(Py_LIMITED_API)
    for (; type != NULL; type = type->tp_base) {
        if (type == base) {
            return 1;
        }
    }
    return 0;
#else
    return PyType_IsSubtype(type, base);
#endif
}

typedef struct interbind_class interbind_class;
typedef struct interbind_class_record interbind_class_record;

/* A record of a class, in one interpreter at a time; the record comes first, so that one leads to the other. */
struct interbind_class_record {
    interbind_type_record record;
    const interbind_class *type;
    interbind_class_record *next;
    /* How often somebody tried to claim it. */
    uint64_t claims;
};

/* What a module says about one of its classes, in every interpreter; what isn't set is zero. Texts and bases live until
 * the process ends. */
struct interbind_class {
    /* The shared name, as `org.frame.Point`. */
    const char *name;
    /* Three numbers, as `1.2.0`. */
    const char *version;
    /* The layout of a data type, or for a native one the ABI of its language and the class's shape. */
    const char *descriptor;
    /* The native key, or NULL. */
    const char *native;
    const interbind_base *bases;
    uint32_t base_count;
    /* One of `INTERBIND_KIND_…`, `INTERBIND_ALIASING_…`, `INTERBIND_THREAD_…`, and `INTERBIND_FLAG_…` bits. */
    uint32_t kind;
    uint32_t aliasing;
    uint32_t thread;
    uint32_t flags;
    /* Where the data lies inside each object, or 0. Consumers are told of a frozen class that any thread may use: then every
     * object has its value from the moment that Python code can see it. */
    int64_t data_offset;
    /* Bytes of the data; 0 for interfaces. */
    uint64_t size;
    /* Returns the data of an object, which is one of the record's class, or NULL with an exception set. NULL: the data lies at
     * `data_offset`. A tracked class has one, and `release`. */
    void *(*borrow)(const interbind_type_record *record, PyObject *object, uint32_t mode);
    /* Ends a borrow that gave `data`; must not fail, and leaves an exception that is set alone. NULL: there is nothing to
     * do. */
    void (*release)(const interbind_type_record *record, PyObject *object, void *data, uint32_t mode);
    /* Makes an object of a copy of the data: a new reference, or NULL with an exception set. NULL: others can't. */
    PyObject *(*wrap)(const interbind_type_record *record, const void *data);
    const interbind_table_head *vtable;
    /* The headers' own: NULL in the beginning. */
    interbind_class_record *records;
};

/* ---- What consumers call. ---- */

/* Refuses an object in the name of its provider: the slug, one line, and what one can do. Returns NULL. */
INTERBIND_COLD void *interbind_record_refuse(const interbind_type_record *record, PyObject *object, const char *reason,
    const char *line, const char *fix, PyObject *type) {
    PyObject *text = interbind_class_name(object);
    interbind_refusal refusal;
    interbind_refusal_start(&refusal, reason, NULL);
    refusal.provider = record->owner;
    refusal.has_provider = 1;
    snprintf(refusal.failed, sizeof refusal.failed, "cannot borrow '%s' as %.*s",
        text == NULL ? "?" : PyBytes_AsString(text), INTERBIND_SHOWN(record->name));
    interbind_refusal_add(&refusal, "%s", line);
    snprintf(refusal.fix, sizeof refusal.fix, "%s", fix);
    Py_XDECREF(text);
    interbind_refusal_raise(&refusal, type);
    return NULL;
}

/* Why a borrow isn't one that may be. */
INTERBIND_COLD void *interbind_borrow_refuse(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    if (mode != INTERBIND_BORROW_SHARED && mode != INTERBIND_BORROW_EXCLUSIVE) {
        interbind_raise(PyExc_SystemError, "interbind_borrow: there is no mode %u", (unsigned)mode);
        return NULL;
    }
    if (record->aliasing == INTERBIND_ALIASING_FROZEN) {
        return interbind_record_refuse(record, object, INTERBIND_REASON_FROZEN,
            "an exclusive borrow: the class is frozen, its objects never change", "borrow it shared, or make a new object",
            PyExc_TypeError);
    }
    return interbind_record_refuse(record, object, INTERBIND_REASON_UNTRACKED,
        "an exclusive borrow: the provider tracks no borrows, so others may use the object meanwhile",
        "borrow it shared, or have the provider track borrows", PyExc_TypeError);
}

/* Tells whether a borrow of that mode is one that the class can give. */
static inline int interbind_mode_fits(const interbind_type_record *record, uint32_t mode) {
    return mode == INTERBIND_BORROW_SHARED ||
        (mode == INTERBIND_BORROW_EXCLUSIVE && record->aliasing == INTERBIND_ALIASING_TRACKED);
}

/* Starts every borrow: the object's class is the record's, and the mode is one that the class can give. False with an exception. */
static inline int interbind_class_starts(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    PyObject *const registered = INTERBIND_LOAD(record->py_type);
    PyTypeObject *const type = Py_TYPE(object);
    /* Only compared: while the object lives, its class and whatever that inherits from do. */
    if (!INTERBIND_LIKELY((const void *)registered == (const void *)type) &&
        (registered == NULL || !interbind_is_subtype(type, (PyTypeObject *)(void *)registered))) {
        interbind_record_refuse(record, object, INTERBIND_REASON_WRONG_OBJECT,
            "the object's class isn't the published one, nor a subclass of it", "pass an object of the published class",
            PyExc_TypeError);
        return 0;
    }
    if (!INTERBIND_LIKELY(interbind_mode_fits(record, mode))) {
        interbind_borrow_refuse(record, object, mode);
        return 0;
    }
    return 1;
}

/* A record's `borrow`: what every one starts with, then the author's function, or the offset. */
static inline void *interbind_class_borrow(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    return INTERBIND_LIKELY(interbind_class_starts(record, object, mode))
        ? ((const interbind_class_record *)(const void *)record)->type->borrow(record, object, mode)
        : NULL;
}
static inline void *interbind_class_borrow_there(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    return INTERBIND_LIKELY(interbind_class_starts(record, object, mode))
        ? (char *)(void *)object + ((const interbind_class_record *)(const void *)record)->type->data_offset
        : NULL;
}

/* Every record's `release`, where there is something to give back; and where there is nothing. */
static inline void interbind_class_release(const interbind_type_record *record, PyObject *object, void *data,
    uint32_t mode) {
    ((const interbind_class_record *)(const void *)record)->type->release(record, object, data, mode);
}
static inline void interbind_class_release_nothing(const interbind_type_record *record, PyObject *object, void *data,
    uint32_t mode) {
    (void)record;
    (void)object;
    (void)data;
    (void)mode;
}

/* As an author's `release`: there is nothing to give back, and `borrow` itself starts with `interbind_class_starts`, so that it is
 * called with nothing in front. */
static inline void interbind_class_starts_itself(const interbind_type_record *record, PyObject *object, void *data,
    uint32_t mode) {
    interbind_class_release_nothing(record, object, data, mode);
}

/* ---- Records. ---- */

/* Finds the live record of a class in a core. */
INTERBIND_COLD interbind_class_record *interbind_class_find(interbind_class *type, const interbind_core *core,
    PyObject *py_type) {
    interbind_class_record *found = INTERBIND_LOAD(type->records);
    while (found != NULL &&
        !(INTERBIND_LOAD(found->record.state) == INTERBIND_STATE_LIVE && INTERBIND_LOAD(found->record.core) == core &&
            INTERBIND_LOAD(found->record.py_type) == py_type)) {
        found = found->next;
    }
    return found;
}

/* Claims a record that is free, and says with which claim; NULL when there is none. */
INTERBIND_COLD interbind_class_record *interbind_class_claim(interbind_class *type, uint64_t *claim) {
    interbind_class_record *found;
    for (found = INTERBIND_LOAD(type->records); found != NULL; found = found->next) {
        uint32_t state = INTERBIND_LOAD(found->record.state);
        if (state == INTERBIND_STATE_FREE) {
            /* Counted before it is tried: see `interbind_class_give_up`. */
            *claim = INTERBIND_ADD(found->claims, 1u) + 1;
            if (INTERBIND_SWAP(found->record.state, state, INTERBIND_STATE_CLAIMED)) {
                return found;
            }
        }
    }
    return NULL;
}

/* Frees a record that wasn't published, unless the registry did. It did if it had made the record live before it failed; then
 * the record may be claimed anew, and whoever did that counted before. Where somebody only tried, the record is lost. */
INTERBIND_COLD void interbind_class_give_up(interbind_class_record *record, uint64_t claim) {
    uint32_t state = INTERBIND_LOAD(record->record.state);
    if (state == INTERBIND_STATE_CLAIMED && INTERBIND_LOAD(record->claims) == claim) {
        INTERBIND_SWAP(record->record.state, state, INTERBIND_STATE_FREE);
    }
}

/* Makes a record that is claimed; NULL with an exception set. */
INTERBIND_COLD interbind_class_record *interbind_class_make(interbind_class *type, const interbind_owner *owner,
    uint64_t *claim) {
    static const interbind_record_header header = INTERBIND_TYPE_HEADER;
    const int is_open = type->aliasing == INTERBIND_ALIASING_FROZEN && type->thread == INTERBIND_THREAD_ANY;
    unsigned version[3] = {0, 0, 0};
    char more = 0;
    interbind_class_record *made;
    if (sscanf(type->version, "%u.%u.%u%c", &version[0], &version[1], &version[2], &more) != 3) {
        interbind_raise(PyExc_SystemError, "interbind_class_publish: the version of %s isn't three numbers: '%s'", type->name,
            type->version);
        return NULL;
    }
    made = (interbind_class_record *)calloc(1, sizeof *made);
    if (made == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    made->type = type;
    *claim = made->claims;
    made->record.header = header;
    made->record.name = interbind_str_of(type->name);
    made->record.version_text = interbind_str_of(type->version);
    made->record.version.major = version[0];
    made->record.version.minor = version[1];
    made->record.version.patch = version[2];
    made->record.kind = type->kind;
    made->record.aliasing = type->aliasing;
    made->record.thread = type->thread;
    made->record.flags = type->flags;
    made->record.data_offset = is_open ? type->data_offset : 0;
    made->record.borrow = type->borrow == NULL ? interbind_class_borrow_there
        : type->release == interbind_class_starts_itself ? type->borrow
                                                         : interbind_class_borrow;
    made->record.release = type->release == NULL || type->release == interbind_class_starts_itself
        ? interbind_class_release_nothing
        : interbind_class_release;
    made->record.wrap = type->wrap;
    made->record.vtable = type->vtable;
    made->record.descriptor = interbind_str_of(type->descriptor);
    made->record.owner = owner;
    made->record.native = interbind_str_of(type->native);
    made->record.bases = type->bases;
    made->record.base_count = type->base_count;
    made->record.base_size = (uint32_t)sizeof(interbind_base);
    made->record.size = type->size;
    made->record.state = INTERBIND_STATE_CLAIMED;
    made->next = INTERBIND_LOAD(type->records);
    while (!INTERBIND_SWAP(type->records, made->next, made)) {
    }
    return made;
}

/* ---- Publishing. ---- */

/* Tells what is wrong with a description, or NULL. */
INTERBIND_COLD const char *interbind_class_wrong(const interbind_class *type) {
    if (type->name == NULL || type->version == NULL || type->descriptor == NULL) {
        return "name, version or descriptor is NULL";
    }
    if (type->base_count != 0 && type->bases == NULL) {
        return "there are bases, and they are NULL";
    }
    if (type->borrow == NULL && type->data_offset <= 0) {
        return "there is neither a function that borrows nor an offset";
    }
    if (type->aliasing == INTERBIND_ALIASING_TRACKED && (type->borrow == NULL || type->release == NULL)) {
        return "a class that tracks borrows needs functions of its own for them";
    }
    if (type->borrow == NULL && type->thread == INTERBIND_THREAD_OWNER) {
        return "a class for one thread needs a function that borrows, which looks at the thread";
    }
    return NULL;
}

/* Tells whether the data at the offset ends inside the class's objects, as far as the class says how large they are. */
INTERBIND_COLD int interbind_class_has_room(const interbind_class *type, PyObject *py_type) {
    long long bytes;
#ifdef Py_LIMITED_API
    PyObject *number;
#endif
    if (type->data_offset == 0) {
        return 1;
    }
#ifdef Py_LIMITED_API
    number = PyObject_GetAttrString(py_type, "__basicsize__");
    bytes = number == NULL || !PyLong_Check(number) ? 0 : PyLong_AsLongLong(number);
    Py_XDECREF(number);
    PyErr_Clear();
#else
    bytes = ((PyTypeObject *)(void *)py_type)->tp_basicsize;
#endif
    return bytes <= 0 || (type->data_offset > 0 && type->data_offset <= bytes &&
        type->size <= (uint64_t)(bytes - type->data_offset));
}

/* Sees to it that a publication that failed comes with an exception. */
INTERBIND_COLD interbind_status interbind_class_failed(const interbind_context *context, const interbind_class *type,
    interbind_status status) {
    interbind_refusal refusal;
    if (PyErr_Occurred() != NULL) {
        return INTERBIND_FAILED;
    }
    interbind_refusal_start(&refusal,
        status == INTERBIND_ENDING ? INTERBIND_REASON_INTERPRETER_ENDING : INTERBIND_REASON_MALFORMED_RECORD, NULL);
    refusal.provider = context->owner;
    snprintf(refusal.failed, sizeof refusal.failed, "cannot publish a class as %s %s", type->name, type->version);
    interbind_refusal_add(&refusal, "the registry refuses it with status %d", (int)status);
    snprintf(refusal.fix, sizeof refusal.fix, "publish while the module is executed, with every text in UTF-8");
    return interbind_refusal_raise(&refusal, PyExc_ImportError);
}

/* Publishes a Python class as `type` in the current interpreter. Publishing the same class twice is nothing.
 *
 * With any other status than `INTERBIND_OK` an exception is set. `INTERBIND_INVALID`: an argument is NULL, or the description
 * says too little or contradicts itself. */
INTERBIND_COLD interbind_status interbind_class_publish(const interbind_context *context, interbind_class *type,
    PyTypeObject *py_type, const interbind_type_record **out) {
    interbind_class_record *record;
    interbind_status status;
    uint64_t claim = 0;
    int is_live;
    const char *wrong;
    if (context == NULL || context->core == NULL || type == NULL || py_type == NULL) {
        return interbind_misuse("interbind_class_publish", "an argument is NULL, or the context isn't bound");
    }
    wrong = interbind_class_wrong(type);
    if (wrong == NULL && !interbind_class_has_room(type, (PyObject *)(void *)py_type)) {
        wrong = "the data at the offset doesn't lie inside the class's objects";
    }
    if (wrong != NULL) {
        return interbind_misuse("interbind_class_publish", wrong);
    }
    if (context->interpreter != interbind_interpreter()) {
        return interbind_refuse_elsewhere(context);
    }
    record = interbind_class_find(type, context->core, (PyObject *)(void *)py_type);
    is_live = record != NULL;
    if (record == NULL) {
        record = interbind_class_claim(type, &claim);
    }
    if (record == NULL) {
        record = interbind_class_make(type, context->owner, &claim);
    }
    if (record == NULL) {
        return INTERBIND_FAILED;
    }
    status = context->types->publish(context->types, &record->record, (PyObject *)(void *)py_type);
    if (status != INTERBIND_OK) {
        if (!is_live) {
            interbind_class_give_up(record, claim);
        }
        return interbind_class_failed(context, type, status);
    }
    if (out != NULL) {
        *out = &record->record;
    }
    return INTERBIND_OK;
}

/* Ends what `interbind_class_publish` began; the class lives on. `INTERBIND_MISSING`, without an exception: the class isn't
 * published as `type` in this interpreter. With any other status than `INTERBIND_OK` an exception is set. */
INTERBIND_COLD interbind_status interbind_class_unpublish(const interbind_context *context, interbind_class *type,
    PyTypeObject *py_type) {
    interbind_class_record *record;
    interbind_status status;
    if (context == NULL || context->core == NULL || type == NULL || py_type == NULL) {
        return interbind_misuse("interbind_class_unpublish", "an argument is NULL, or the context isn't bound");
    }
    record = interbind_class_find(type, context->core, (PyObject *)(void *)py_type);
    status = record == NULL ? INTERBIND_MISSING : context->types->unpublish(context->types, &record->record);
    if (status != INTERBIND_OK && status != INTERBIND_MISSING && PyErr_Occurred() == NULL) {
        interbind_raise(PyExc_RuntimeError, "interbind_class_unpublish: the registry refuses with status %d", (int)status);
    }
    return status;
}

#endif /* INTERBIND_PUBLISH_H */
