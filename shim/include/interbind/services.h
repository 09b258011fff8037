/* The services for binding libraries: which objects wrap a pointer, what an object keeps alive, what modules share by
 * name, and native exceptions that cross modules.
 *
 * Thin functions over the tables of a context. Each answers `INTERBIND_INVALID` for a context that was left and for an
 * argument that is NULL where it may not be; the tables themselves are called without a look where speed counts. */
#ifndef INTERBIND_SERVICES_H
#define INTERBIND_SERVICES_H

#include <Python.h>

#include <interbind/import.h>

/* ---- Types as keys. ---- */

/* Gets the key of a type for the instance map: of its shared name, or its native key. Lives as long as the context. */
static inline interbind_status interbind_type_key(const interbind_context *context, const char *name,
    const interbind_type_list **out) {
    if (context == NULL || context->core == NULL || name == NULL || out == NULL) {
        return INTERBIND_INVALID;
    }
    return context->types->list(context->types, interbind_str_of(name), out);
}

/* ---- Instances. ---- */

/* Adds an object that wraps `pointer`: complete, and not yet seen by another thread. */
static inline interbind_status interbind_instance_insert(const interbind_context *context, const void *pointer,
    const interbind_type_list *key, PyObject *object) {
    if (context == NULL || context->core == NULL || pointer == NULL || key == NULL || object == NULL) {
        return INTERBIND_INVALID;
    }
    return context->instances->insert(context->instances, pointer, key, object);
}

/* Takes exactly this object away, under `key` or, when that is NULL, under all: first thing in its dealloc. */
static inline interbind_status interbind_instance_remove(const interbind_context *context, const void *pointer,
    const interbind_type_list *key, PyObject *object) {
    if (context == NULL || context->core == NULL || pointer == NULL || object == NULL) {
        return INTERBIND_INVALID;
    }
    return context->instances->remove(context->instances, pointer, key, object);
}

/* Finds a living object that wraps `pointer`: a new reference, or `INTERBIND_MISSING`. */
static inline interbind_status interbind_instance_find(const interbind_context *context, const void *pointer,
    const interbind_type_list *key, PyObject **out) {
    if (context == NULL || context->core == NULL || pointer == NULL || key == NULL || out == NULL) {
        return INTERBIND_INVALID;
    }
    return context->instances->find(context->instances, pointer, key, out);
}

/* Keeps `patient` alive as long as `nurse`. With `INTERBIND_NURSE_VISITS` the nurse's class calls
 * `interbind_visit_patients` and `interbind_release_patients`; without, the nurse is watched by a weak reference. */
static inline interbind_status interbind_keep_alive(const interbind_context *context, PyObject *nurse, PyObject *patient,
    uint32_t flags) {
    if (context == NULL || context->core == NULL || nurse == NULL || patient == NULL) {
        return INTERBIND_INVALID;
    }
    return context->instances->keep_alive(context->instances, nurse, patient, flags);
}

/* Keeps memory of C alive as long as `nurse`; `free_payload` is called attached, once. */
static inline interbind_status interbind_attach(const interbind_context *context, PyObject *nurse, void *payload,
    void (*free_payload)(void *payload), uint32_t flags) {
    if (context == NULL || context->core == NULL || nurse == NULL || free_payload == NULL) {
        return INTERBIND_INVALID;
    }
    return context->instances->attach(context->instances, nurse, payload, free_payload, flags);
}

/* Visits what a nurse keeps alive: part of its class's `tp_traverse`. */
static inline int interbind_visit_patients(const interbind_context *context, PyObject *nurse, visitproc visit,
    void *argument) {
    if (context == NULL || context->core == NULL || nurse == NULL || visit == NULL) {
        return 0;
    }
    return context->instances->traverse(context->instances, nurse, visit, argument);
}

/* Lets go of what a nurse keeps alive: part of its class's `tp_clear` and `tp_dealloc`. Runs Python code. */
static inline interbind_status interbind_release_patients(const interbind_context *context, PyObject *nurse) {
    if (context == NULL || context->core == NULL || nurse == NULL) {
        return INTERBIND_INVALID;
    }
    return context->instances->release(context->instances, nurse);
}

/* ---- Userdata. ---- */

/* Raises what `INTERBIND_DIFFERS` means: the name is taken by a datum of another kind. */
INTERBIND_COLD interbind_status interbind_userdata_refuse(const interbind_context *context, const char *name,
    const char *kind) {
    interbind_refusal refusal;
    interbind_refusal_start(&refusal, INTERBIND_REASON_KIND_DIFFERS, context->owner);
    snprintf(refusal.failed, sizeof refusal.failed, "cannot share userdata '%s'", name);
    interbind_refusal_add(&refusal, "kind: provider has another one, this module expects %s", kind);
    snprintf(refusal.fix, sizeof refusal.fix, "share it under another name, or build both modules for one kind");
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Finds the datum of that name and kind, or makes it with no lock held: whoever comes second frees what it built.
 *
 * `INTERBIND_MISSING`: there is none, and `make` is NULL. `INTERBIND_FAILED`: a TypeError `kind-differs` is set, or
 * whatever `make` set. */
static inline interbind_status interbind_userdata_get(const interbind_context *context, const char *name,
    const char *kind, interbind_make_userdata make, interbind_free_userdata free_data, void *argument, void **out) {
    interbind_status status;
    if (context == NULL || context->core == NULL || name == NULL || kind == NULL || out == NULL) {
        return INTERBIND_INVALID;
    }
    status = context->userdata->get(context->userdata, interbind_str_of(name), interbind_str_of(kind), context->owner,
        make, free_data, argument, out);
    return status == INTERBIND_DIFFERS ? interbind_userdata_refuse(context, name, kind) : status;
}

/* ---- Exceptions. ---- */

/* Fills a translator in, which lives until it is unregistered or longer. */
static inline void interbind_translator_fill(interbind_translator *translator, const interbind_owner *owner,
    const char *kind, interbind_translate translate, void *argument) {
    static const interbind_record_header header = INTERBIND_TRANSLATOR_HEADER;
    translator->header = header;
    translator->kind = interbind_str_of(kind);
    translator->owner = owner;
    translator->context = argument;
    translator->translate = translate;
}

/* Adds a translator in front of the others. `INTERBIND_DIFFERS`: it is registered already. */
static inline interbind_status interbind_translator_register(const interbind_context *context,
    const interbind_translator *translator) {
    if (context == NULL || context->core == NULL || translator == NULL) {
        return INTERBIND_INVALID;
    }
    return context->exceptions->register_(context->exceptions, translator);
}

/* Takes a translator away. `INTERBIND_MISSING`: it isn't registered. */
static inline interbind_status interbind_translator_unregister(const interbind_context *context,
    const interbind_translator *translator) {
    if (context == NULL || context->core == NULL || translator == NULL) {
        return INTERBIND_INVALID;
    }
    return context->exceptions->unregister(context->exceptions, translator);
}

/* Has a native exception of that kind turned into Python's. `INTERBIND_MISSING`: nobody knows it, and nothing is set. */
static inline interbind_status interbind_exception_translate(const interbind_context *context, const char *kind,
    const void *exception) {
    if (context == NULL || context->core == NULL || kind == NULL || exception == NULL) {
        return INTERBIND_INVALID;
    }
    return context->exceptions->translate(context->exceptions, interbind_str_of(kind), exception);
}

#endif /* INTERBIND_SERVICES_H */
