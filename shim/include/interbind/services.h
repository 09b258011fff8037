/* The services for binding libraries: which objects wrap a pointer, what an object keeps alive, what modules share by
 * name, and native exceptions that cross modules.
 *
 * Thin functions over the tables of a context. Each answers `INTERBIND_INVALID`, without an exception, for a context that was
 * left and for an argument that is NULL where it may not be; the tables themselves are called without a look where speed
 * counts. Where nothing else is said, only `INTERBIND_FAILED` comes with an exception.
 *
 * What an object does when it dies goes through the module's slot, not through its state: the garbage collector may free a
 * module, and the memory of its state, before the objects of its classes. */
#ifndef INTERBIND_SERVICES_H
#define INTERBIND_SERVICES_H

#include <Python.h>

#include <interbind/current.h>
#include <interbind/import.h>
#include <interbind/raise.h>

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
 * `interbind_nurse_visit` and `interbind_nurse_release`; without, the nurse is watched by a weak reference. */
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

/* ---- What an object does when it dies. ---- */

/* What `interbind_instance_forget` and `interbind_nurse_release` do for an object whose module is gone: they look for the
 * interpreter's core again, and hold it for the call. `INTERBIND_MISSING`: it is gone too. */
INTERBIND_COLD interbind_status interbind_die_late(const void *pointer, PyObject *object) {
    static const uint32_t sizes[] = INTERBIND_INSTANCES_SIZES;
    static const interbind_kind kind = {INTERBIND_INSTANCES_MAGIC, INTERBIND_INSTANCES_MAJOR, INTERBIND_INSTANCES_MINOR,
        INTERBIND_INSTANCES_MINOR, sizes, offsetof(interbind_instances_service, head.destroy),
        offsetof(interbind_instances_service, private_)};
    interbind_status status = INTERBIND_MISSING;
    interbind_service_head *found = NULL;
    interbind_core *core = NULL;
    PyObject *type, *value, *trace, *capsule;
    PyErr_Fetch(&type, &value, &trace);
    capsule = interbind_find_capsule();
    if (capsule != NULL && PyCapsule_IsValid(capsule, INTERBIND_KEY_CORE)) {
        core = (interbind_core *)PyCapsule_GetPointer(capsule, INTERBIND_KEY_CORE);
    }
    if (core != NULL && interbind_core_is_sound(core) &&
        core->service(core, interbind_str_of(INTERBIND_SERVICE_INSTANCES), INTERBIND_INSTANCES_MAJOR, NULL, NULL, &found) ==
            INTERBIND_OK &&
        interbind_judge(found, &kind).reason == NULL) {
        const interbind_instances_service *instances = (const interbind_instances_service *)(const void *)found;
        core->retain(core);
        status = pointer != NULL ? instances->remove(instances, pointer, NULL, object) : instances->release(instances, object);
        core->release(core);
    }
    Py_XDECREF(capsule);
    PyErr_Restore(type, value, trace);
    return status;
}

/* Takes a dying object out of the map: the first statement of its dealloc. `INTERBIND_MISSING`: it wasn't in it. */
static inline interbind_status interbind_instance_forget(interbind_slot *slot, const void *pointer,
    const interbind_type_list *key, PyObject *object) {
    const interbind_binding *binding;
    if (slot == NULL || pointer == NULL || object == NULL) {
        return INTERBIND_INVALID;
    }
    binding = interbind_current(slot);
    return INTERBIND_LIKELY(binding != NULL) ? interbind_instance_remove(&binding->context, pointer, key, object)
                                             : interbind_die_late(pointer, object);
}

/* Visits what a nurse keeps alive: its class's `tp_traverse`. When its module is gone there is nobody to ask. */
static inline int interbind_nurse_visit(interbind_slot *slot, PyObject *nurse, visitproc visit, void *argument) {
    const interbind_binding *binding = slot == NULL ? NULL : interbind_current(slot);
    return binding == NULL ? 0 : interbind_visit_patients(&binding->context, nurse, visit, argument);
}

/* Lets go of what a nurse keeps alive: its class's `tp_clear` and `tp_dealloc`. Runs Python code. */
static inline interbind_status interbind_nurse_release(interbind_slot *slot, PyObject *nurse) {
    const interbind_binding *binding;
    if (slot == NULL || nurse == NULL) {
        return INTERBIND_INVALID;
    }
    binding = interbind_current(slot);
    return INTERBIND_LIKELY(binding != NULL) ? interbind_release_patients(&binding->context, nurse)
                                             : interbind_die_late(NULL, nurse);
}

/* ---- Userdata. ---- */

/* A datum that is looked for by its name: its kind, and who made it. */
typedef struct interbind_userdata_found {
    interbind_str name;
    interbind_str kind;
    const interbind_owner *owner;
} interbind_userdata_found;

INTERBIND_COLD interbind_status interbind_userdata_is(interbind_str name, interbind_str kind,
    const interbind_owner *owner, void *data, void *context) {
    interbind_userdata_found *found = (interbind_userdata_found *)context;
    (void)data;
    if (!interbind_str_same(name, found->name)) {
        return INTERBIND_OK;
    }
    found->kind = kind;
    found->owner = owner;
    return INTERBIND_MISSING;
}

/* Raises what `INTERBIND_DIFFERS` means: the name is taken by a datum of another kind. */
INTERBIND_COLD interbind_status interbind_userdata_refuse(const interbind_context *context, const char *name,
    const char *kind) {
    interbind_userdata_found found;
    interbind_refusal refusal;
    memset(&found, 0, sizeof found);
    found.name = interbind_str_of(name);
    context->userdata->visit(context->userdata, interbind_userdata_is, &found);
    interbind_refusal_start(&refusal, INTERBIND_REASON_KIND_DIFFERS, context->owner);
    refusal.provider = found.owner;
    snprintf(refusal.failed, sizeof refusal.failed, "cannot share userdata '%s'", name);
    interbind_refusal_differs(&refusal, "kind", found.kind, interbind_str_of(kind));
    snprintf(refusal.fix, sizeof refusal.fix, "share it under another name, or build both modules for one kind");
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Sees to it that what isn't `INTERBIND_OK` comes with an exception. */
INTERBIND_COLD interbind_status interbind_userdata_failed(const interbind_context *context, const char *name,
    const char *kind, interbind_status status) {
    if (status == INTERBIND_DIFFERS) {
        return interbind_userdata_refuse(context, name, kind);
    }
    if (PyErr_Occurred() == NULL) {
        if (status == INTERBIND_FAILED) {
            PyErr_NoMemory();
        } else {
            interbind_raise(PyExc_RuntimeError, "cannot share userdata '%s': the service answers %d", name, (int)status);
        }
    }
    return status;
}

/* Finds the datum of that name and kind, or makes it with no lock held: whoever comes second frees what it built.
 *
 * `INTERBIND_MISSING`, without an exception: there is none, and `make` is NULL. With any other status than `INTERBIND_OK` an
 * exception is set: a TypeError `kind-differs`, what `make` set, or a MemoryError where it set nothing. */
static inline interbind_status interbind_userdata_get(const interbind_context *context, const char *name,
    const char *kind, interbind_make_userdata make, interbind_free_userdata free_data, void *argument, void **out) {
    interbind_status status;
    if (context == NULL || context->core == NULL || name == NULL || kind == NULL || out == NULL) {
        return interbind_misuse("interbind_userdata_get", "an argument is NULL, or the context isn't bound");
    }
    status = context->userdata->get(context->userdata, interbind_str_of(name), interbind_str_of(kind), context->owner,
        make, free_data, argument, out);
    return status == INTERBIND_OK || status == INTERBIND_MISSING ? status
                                                                 : interbind_userdata_failed(context, name, kind, status);
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
