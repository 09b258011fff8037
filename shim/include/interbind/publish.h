/* Publishing a class: its record, made for each interpreter that the module is imported in, and used again after the
 * class died.
 *
 * An `interbind_class` is a static of the module. Records are never freed, because consumers keep their addresses; what
 * was judged of one never changes, so a dead record is used again only for the class that it was made for. */
#ifndef INTERBIND_PUBLISH_H
#define INTERBIND_PUBLISH_H

#include <Python.h>

#include <stdio.h>
#include <stdlib.h>

#include <interbind/digest.h>
#include <interbind/import.h>

typedef struct interbind_class_record interbind_class_record;

/* A record of a class, in one interpreter at a time. */
struct interbind_class_record {
    interbind_type_record record;
    /* Being published: nobody else's. */
    uint32_t claimed;
    uint32_t reserved;
    interbind_class_record *next;
};

/* What a module says about one of its classes, in every interpreter; what isn't set is zero. Texts and bases live until
 * the process ends. */
typedef struct interbind_class {
    /* The shared name, as `org.frame.Point`. */
    const char *name;
    /* Three numbers, as `1.2.0`. */
    const char *version;
    /* The layout of a data type, or the ABI of a native one's language. */
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
    /* Held over no Python API. */
    uint32_t lock;
    /* Where the data of a frozen class lies inside its objects, or 0. */
    int64_t data_offset;
    void *(*borrow)(PyObject *object, uint32_t mode);
    void (*release)(PyObject *object, uint32_t mode);
    PyObject *(*wrap)(const interbind_type_record *record, const void *data);
    const interbind_table_head *vtable;
    /* The headers' own: NULL in the beginning. */
    interbind_class_record *records;
} interbind_class;

static inline void interbind_class_lock(interbind_class *type) {
    while (__atomic_exchange_n(&type->lock, 1u, __ATOMIC_ACQUIRE) != 0) {
    }
}

static inline void interbind_class_unlock(interbind_class *type) {
    INTERBIND_STORE(type->lock, 0u);
}

/* Finds the record of this Python class, or claims a dead one; NULL when a new one is needed. */
INTERBIND_COLD interbind_class_record *interbind_class_find(interbind_class *type, PyObject *py_type) {
    interbind_class_record *found, *dead = NULL;
    interbind_class_lock(type);
    for (found = type->records; found != NULL; found = found->next) {
        PyObject *registered = INTERBIND_LOAD(found->record.py_type);
        if (registered == py_type && found->claimed == 0) {
            break;
        }
        if (registered == NULL && found->claimed == 0 && dead == NULL) {
            dead = found;
        }
    }
    found = found == NULL ? dead : found;
    if (found != NULL) {
        found->claimed = 1;
    }
    interbind_class_unlock(type);
    return found;
}

/* Makes a record that is claimed; NULL without memory. */
INTERBIND_COLD interbind_class_record *interbind_class_make(interbind_class *type, const interbind_owner *owner) {
    static const interbind_record_header header = INTERBIND_TYPE_HEADER;
    unsigned version[3] = {0, 0, 0};
    interbind_class_record *made = (interbind_class_record *)calloc(1, sizeof *made);
    if (made == NULL || sscanf(type->version, "%u.%u.%u", &version[0], &version[1], &version[2]) != 3) {
        free(made);
        return NULL;
    }
    made->claimed = 1;
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
    made->record.base_count = type->base_count;
    made->record.borrow = type->borrow;
    made->record.release = type->release;
    made->record.wrap = type->wrap;
    made->record.vtable = type->vtable;
    made->record.descriptor = interbind_str_of(type->descriptor);
    interbind_digest_of(made->record.descriptor, made->record.digest);
    made->record.owner = owner;
    made->record.native = interbind_str_of(type->native);
    made->record.bases = type->bases;
    interbind_class_lock(type);
    made->next = type->records;
    type->records = made;
    interbind_class_unlock(type);
    return made;
}

/* Publishes a Python class as `type` in the current interpreter. Publishing the same class twice is nothing.
 *
 * `INTERBIND_INVALID`: an argument is NULL or says too little, and no exception is set. `INTERBIND_FAILED`: one is. */
INTERBIND_COLD interbind_status interbind_class_publish(const interbind_context *context, interbind_class *type,
    PyTypeObject *py_type, const interbind_type_record **out) {
    interbind_class_record *record;
    interbind_status status;
    int was_alive;
    if (context == NULL || context->core == NULL || type == NULL || py_type == NULL || type->name == NULL ||
        type->version == NULL || type->descriptor == NULL || type->borrow == NULL || type->release == NULL) {
        return INTERBIND_INVALID;
    }
    record = interbind_class_find(type, (PyObject *)py_type);
    if (record == NULL) {
        record = interbind_class_make(type, context->owner);
    }
    if (record == NULL) {
        return INTERBIND_INVALID;
    }
    was_alive = INTERBIND_LOAD(record->record.py_type) == (PyObject *)py_type;
    if (!was_alive) {
        /* Serial first, type last: who reads the type sees the rest. */
        uint64_t serial[2];
        memcpy(serial, context->core->head.serial, sizeof serial);
        INTERBIND_STORE(record->record.serial[0], serial[0]);
        INTERBIND_STORE(record->record.serial[1], serial[1]);
        INTERBIND_STORE(record->record.data_offset, type->data_offset);
        INTERBIND_STORE(record->record.py_type, (PyObject *)py_type);
    }
    status = context->types->publish(context->types, &record->record);
    if (status != INTERBIND_OK && !was_alive) {
        /* Nobody has seen it as alive. */
        INTERBIND_STORE(record->record.py_type, (PyObject *)NULL);
    }
    INTERBIND_STORE(record->claimed, 0u);
    if (status != INTERBIND_OK) {
        if (PyErr_Occurred() == NULL) {
            interbind_refusal refusal;
            interbind_refusal_start(&refusal,
                status == INTERBIND_ENDING ? INTERBIND_REASON_INTERPRETER_ENDING : INTERBIND_REASON_MALFORMED_RECORD,
                NULL);
            refusal.provider = context->owner;
            snprintf(refusal.failed, sizeof refusal.failed, "cannot publish a class as %s %s", type->name, type->version);
            interbind_refusal_add(&refusal, "the registry refuses it with status %d", (int)status);
            snprintf(refusal.fix, sizeof refusal.fix, "publish while the module is executed, with every text in UTF-8");
            interbind_refusal_raise(&refusal, PyExc_ImportError);
        }
        return INTERBIND_FAILED;
    }
    if (out != NULL) {
        *out = &record->record;
    }
    return INTERBIND_OK;
}

#endif /* INTERBIND_PUBLISH_H */
