/* Finding the implementation, and leaving it: a module's binding to the interpreter that runs.
 *
 * With INTERBIND_STATIC defined the implementation is linked in (`libinterbind.a`): `interbind_provide` makes the core
 * and its services where they are missing. Without it this header is all there is: another module's core is used, or the
 * one that the wheel's `interbind._runtime` makes when it is imported. Nothing else differs. Everything found is judged,
 * whoever made it. */
#ifndef INTERBIND_IMPORT_H
#define INTERBIND_IMPORT_H

#include <Python.h>

#include <stddef.h>
#include <stdlib.h>

#include <interbind/abi.h>
#include <interbind/attached.h>
#include <interbind/judge.h>
#include <interbind/platform.h>
#include <interbind/refuse.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef INTERBIND_STATIC
/* Finds or makes the current interpreter's core and its services, and counts the caller as a user of the core. Attached;
 * `owner` lives until the process ends; on anything else than `INTERBIND_OK` an exception is set. */
interbind_status interbind_provide(const interbind_owner *owner, interbind_core **out);
#endif

/* The minor of each service that a module can't do without. */
typedef struct interbind_minimum {
    uint16_t types;
    uint16_t instances;
    uint16_t userdata;
    uint16_t exceptions;
} interbind_minimum;

/* An interpreter's core and services, judged; valid until it is left. */
typedef struct interbind_context {
    /* Counted: NULL when the context was left. */
    interbind_core *core;
    const interbind_types_service *types;
    const interbind_instances_service *instances;
    const interbind_userdata_service *userdata;
    const interbind_exceptions_service *exceptions;
    /* Who uses it. */
    const interbind_owner *owner;
    /* Whose core it is. */
    const void *interpreter;
} interbind_context;

/* Finds the core's capsule: in the state dict, or where Python code took it away from there, in `sys`. A new reference, or
 * NULL with or without an exception. */
INTERBIND_COLD PyObject *interbind_find_capsule(void) {
    PyObject *key, *found;
#if defined(PYPY_VERSION)
    PyObject *builtins = PyImport_AddModule("builtins");
    PyObject *dict = builtins == NULL ? NULL : PyModule_GetDict(builtins);
#else
    PyObject *dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
#endif
    if (dict == NULL) {
        return NULL;
    }
    key = PyUnicode_FromString(INTERBIND_KEY_CORE);
    if (key == NULL) {
        return NULL;
    }
#if PY_VERSION_HEX >= 0x030d0000 && (!defined(INTERBIND_LIMITED) || INTERBIND_LIMITED + 0 >= 0x030d0000)
    if (PyDict_GetItemRef(dict, key, &found) < 0) {
        found = NULL;
    }
#else
    found = PyDict_GetItemWithError(dict, key);
    Py_XINCREF(found);
#endif
    Py_DECREF(key);
    if ((found == NULL || !PyCapsule_IsValid(found, INTERBIND_KEY_CORE)) && !PyErr_Occurred()) {
        PyObject *second = PySys_GetObject(INTERBIND_KEY_CORE);
        if (second != NULL && PyCapsule_IsValid(second, INTERBIND_KEY_CORE)) {
            Py_INCREF(second);
            Py_XDECREF(found);
            found = second;
        }
    }
    return found;
}

/* Step 0: this build against the running Python. */
INTERBIND_COLD interbind_status interbind_check_host(const interbind_owner *owner) {
    interbind_refusal refusal;
    const char *version = Py_GetVersion();
    const interbind_str api = interbind_str_part(owner->platform, "api");
    const interbind_str gil = interbind_str_part(owner->platform, "gil");
    const char *running_gil = strstr(version, "free-threading") == NULL ? "on" : "off";
    PyObject *implementation = PySys_GetObject("implementation");
    PyObject *name = implementation == NULL ? NULL : PyObject_GetAttrString(implementation, "name");
    PyObject *text = name == NULL ? NULL : PyUnicode_AsUTF8String(name);
    const char *python = text == NULL ? INTERBIND_PYTHON : PyBytes_AsString(text);
    /* `3.13`, or with `abi3-` or `abi3t-` in front, the least that will do. */
    const char *digits = api.ptr == NULL ? "" : (const char *)api.ptr + api.len;
    long built = 0, running = interbind_python_minor();
    int is_limited = api.len > 4 && memcmp(api.ptr, "abi3", 4) == 0;
    PyErr_Clear();
    while (api.len > 0 && (const uint8_t *)digits > api.ptr && digits[-1] != '.') {
        digits--;
    }
    if (api.len > 0) {
        built = strtol(digits, NULL, 10);
    }
    interbind_refusal_start(&refusal, NULL, owner);
    if (strcmp(python, INTERBIND_PYTHON) != 0) {
        refusal.reason = INTERBIND_REASON_IMPLEMENTATION;
        interbind_refusal_add(&refusal, "python: this build has " INTERBIND_PYTHON ", the running Python has %s", python);
    }
    if (is_limited ? running < built : running != built) {
        refusal.reason = refusal.reason == NULL ? INTERBIND_REASON_PYTHON_VERSION : refusal.reason;
        interbind_refusal_add(&refusal, "api: this build has %.*s, the running Python has %.12s", INTERBIND_SHOWN(api),
            version);
    }
    if (!interbind_str_is(gil, running_gil) && !interbind_str_is(gil, "any")) {
        refusal.reason = refusal.reason == NULL ? INTERBIND_REASON_GIL_BUILD : refusal.reason;
        interbind_refusal_add(&refusal, "gil: this build has %.*s, the running Python has %s", INTERBIND_SHOWN(gil),
            running_gil);
    }
    if (refusal.reason != NULL) {
        snprintf(refusal.failed, sizeof refusal.failed, "cannot import '%.*s' into this Python",
            INTERBIND_SHOWN(owner->name));
        snprintf(refusal.fix, sizeof refusal.fix, "install a build of %.*s for this Python",
            INTERBIND_SHOWN(owner->name));
        interbind_refusal_raise(&refusal, PyExc_ImportError);
    }
    Py_XDECREF(text);
    Py_XDECREF(name);
    return refusal.reason == NULL ? INTERBIND_OK : INTERBIND_FAILED;
}

/* What this build knows of a core. */
INTERBIND_COLD interbind_verdict interbind_core_judge(const interbind_core *core) {
    static const uint32_t sizes[] = INTERBIND_CORE_SIZES;
    static const interbind_kind kind = {INTERBIND_CORE_MAGIC, INTERBIND_CORE_MAJOR, INTERBIND_CORE_MINOR,
        INTERBIND_CORE_MINOR, sizes, offsetof(interbind_core, retain), offsetof(interbind_core, private_)};
    return interbind_judge(core, &kind);
}

/* Tells whether a core's functions may be called. */
INTERBIND_COLD int interbind_core_is_sound(const interbind_core *core) {
    return interbind_core_judge(core).reason == NULL;
}

/* Steps 1 to 3 for what stands under the core's key. */
INTERBIND_COLD interbind_status interbind_judge_core(PyObject *capsule, const interbind_owner *owner,
    interbind_core **out) {
    static const char *const compared[][2] = {{"c", INTERBIND_REASON_C_ABI}, {"gil", INTERBIND_REASON_GIL_BUILD}};
    interbind_refusal refusal;
    interbind_verdict verdict;
    interbind_core *core;
    size_t i;
    interbind_refusal_start(&refusal, NULL, owner);
    snprintf(refusal.failed, sizeof refusal.failed, "cannot use this interpreter's core");
    snprintf(refusal.fix, sizeof refusal.fix, "upgrade the older of the two modules");
    if (!PyCapsule_IsValid(capsule, INTERBIND_KEY_CORE)) {
        refusal.reason = INTERBIND_REASON_NOT_A_CAPSULE;
        interbind_refusal_add(&refusal, INTERBIND_KEY_CORE ": provider has another object, this module expects a capsule "
                                                           "of that name");
        snprintf(refusal.fix, sizeof refusal.fix,
            "remove `" INTERBIND_KEY_CORE "` before modules that share types are imported");
        return interbind_refusal_raise(&refusal, PyExc_ImportError);
    }
    core = (interbind_core *)PyCapsule_GetPointer(capsule, INTERBIND_KEY_CORE);
    verdict = interbind_core_judge(core);
    if (verdict.reason != NULL) {
        if (strcmp(verdict.reason, INTERBIND_REASON_OTHER_MAJOR) == 0 &&
            core->head.header.struct_size >= sizeof(interbind_core_head)) {
            /* The head is frozen under every major. */
            refusal.core = &core->head;
            snprintf(refusal.fix, sizeof refusal.fix,
                "upgrade what has the older interbind: '%.*s' has %.*s, this module has " INTERBIND_VERSION,
                INTERBIND_SHOWN(core->head.owner_name), INTERBIND_SHOWN(core->head.owner_interbind));
        }
        interbind_refusal_judged(&refusal, verdict, INTERBIND_CORE_MAGIC);
        return interbind_refusal_raise(&refusal, PyExc_ImportError);
    }
    refusal.core = &core->head;
    for (i = 0; i < sizeof compared / sizeof compared[0]; i++) {
        const interbind_str theirs = interbind_str_part(core->head.platform, compared[i][0]);
        const interbind_str ours = interbind_str_part(owner->platform, compared[i][0]);
        const int any = i == 1 && (interbind_str_is(theirs, "any") || interbind_str_is(ours, "any"));
        if (!any && !interbind_str_same(theirs, ours)) {
            refusal.reason = theirs.len == 0 ? INTERBIND_REASON_MALFORMED_RECORD : compared[i][1];
            interbind_refusal_differs(&refusal, compared[i][0], theirs, ours);
            snprintf(refusal.fix, sizeof refusal.fix,
                "build both modules with one family of compilers, for one kind of Python");
            return interbind_refusal_raise(&refusal, PyExc_ImportError);
        }
    }
    if (INTERBIND_LOAD(core->state) != INTERBIND_CORE_OPEN) {
        refusal.reason = INTERBIND_REASON_INTERPRETER_ENDING;
        snprintf(refusal.failed, sizeof refusal.failed, "cannot share types with '%.*s' any more",
            INTERBIND_SHOWN(owner->name));
        interbind_refusal_add(&refusal, "the interpreter is ending");
        snprintf(refusal.fix, sizeof refusal.fix, "use shared objects before the interpreter ends");
        return interbind_refusal_raise(&refusal, PyExc_ImportError);
    }
    *out = core;
    return INTERBIND_OK;
}

/* Finds a service of a judged core, and judges its table; `INTERBIND_MISSING` without an exception when there is none. */
INTERBIND_COLD interbind_status interbind_find_service(interbind_core *core, const char *name,
    const interbind_kind *kind, const interbind_owner *owner, const interbind_service_head **out) {
    interbind_service_head *found = NULL;
    interbind_refusal refusal;
    interbind_verdict verdict;
    interbind_status status = core->service(core, interbind_str_of(name), kind->major, NULL, NULL, &found);
    if (status == INTERBIND_MISSING) {
        return status;
    }
    interbind_refusal_start(&refusal, INTERBIND_REASON_MALFORMED_RECORD, owner);
    snprintf(refusal.failed, sizeof refusal.failed, "cannot use the `%s` service of this interpreter's core", name);
    snprintf(refusal.fix, sizeof refusal.fix, "upgrade the module that made the service");
    if (status != INTERBIND_OK) {
        if (status == INTERBIND_ENDING) {
            refusal.reason = INTERBIND_REASON_INTERPRETER_ENDING;
        }
        refusal.core = &core->head;
        interbind_refusal_add(&refusal, "status: provider has %d, this module expects 0", (int)status);
        return interbind_refusal_raise(&refusal, PyExc_ImportError);
    }
    verdict = interbind_judge(found, kind);
    if (verdict.reason == NULL && found->owner == NULL) {
        verdict = interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "owner (0 is NULL)", 0, 1);
    }
    if (verdict.reason == NULL) {
        *out = found;
        return INTERBIND_OK;
    }
    /* A sound table whose maker doesn't know a slot that is needed. */
    if (strcmp(verdict.reason, INTERBIND_REASON_SERVICE_TOO_OLD) == 0) {
        refusal.provider = found->owner;
        snprintf(refusal.fix, sizeof refusal.fix, "upgrade the provider, or import this module before it");
    }
    interbind_refusal_judged(&refusal, verdict, kind->magic);
    return interbind_refusal_raise(&refusal, PyExc_ImportError);
}

/* Finds a judged core's services; `INTERBIND_MISSING` without an exception when there is one that nobody made. */
INTERBIND_COLD interbind_status interbind_find_services(const interbind_minimum *minimum, interbind_context *context) {
#define INTERBIND_FIND_SERVICE(NAME, name) \
    do { \
        static const uint32_t sizes[] = INTERBIND_##NAME##_SIZES; \
        const interbind_kind kind = {INTERBIND_##NAME##_MAGIC, INTERBIND_##NAME##_MAJOR, INTERBIND_##NAME##_MINOR, \
            minimum == NULL ? (uint16_t)INTERBIND_##NAME##_MINOR : minimum->name, sizes, \
            offsetof(interbind_##name##_service, head.destroy), offsetof(interbind_##name##_service, private_)}; \
        const interbind_service_head *found = NULL; \
        const interbind_status status = \
            interbind_find_service(context->core, #name, &kind, context->owner, &found); \
        if (status != INTERBIND_OK) { \
            return status; \
        } \
        context->name = (const interbind_##name##_service *)(const void *)found; \
    } while (0)
    INTERBIND_FIND_SERVICE(TYPES, types);
    INTERBIND_FIND_SERVICE(INSTANCES, instances);
    INTERBIND_FIND_SERVICE(USERDATA, userdata);
    INTERBIND_FIND_SERVICE(EXCEPTIONS, exceptions);
    return INTERBIND_OK;
#undef INTERBIND_FIND_SERVICE
}

/* Looks for core and services as they are now, and counts as a user of the core; `INTERBIND_MISSING` without an exception
 * when something isn't there. The capsule is held until then: Python code may take it away. */
INTERBIND_COLD interbind_status interbind_look(const interbind_minimum *minimum, interbind_context *context) {
    interbind_status status;
    PyObject *capsule = interbind_find_capsule();
    if (capsule == NULL) {
        return PyErr_Occurred() == NULL ? INTERBIND_MISSING : INTERBIND_FAILED;
    }
    status = interbind_judge_core(capsule, context->owner, &context->core);
    if (status == INTERBIND_OK) {
        status = interbind_find_services(minimum, context);
    }
    if (status == INTERBIND_OK) {
        context->core->retain(context->core);
    }
    Py_DECREF(capsule);
    return status;
}

/* Refuses because nobody in this process has the implementation; what is set becomes the cause. */
INTERBIND_COLD interbind_status interbind_refuse_missing(const interbind_owner *owner) {
    interbind_refusal refusal;
    interbind_refusal_start(&refusal, INTERBIND_REASON_SERVICE_MISSING, owner);
    snprintf(refusal.failed, sizeof refusal.failed, "cannot share types with '%.*s'", INTERBIND_SHOWN(owner->name));
    interbind_refusal_add(&refusal, "runtime: no module of this process brings one that serves this module, and "
                                    "`interbind._runtime` doesn't either");
    snprintf(refusal.fix, sizeof refusal.fix, "pip install --upgrade 'interbind>=" INTERBIND_VERSION "'");
    return interbind_refusal_raise(&refusal, PyExc_ImportError);
}

/* Binds to the current interpreter: finds core and services, or has them made, and counts as a user of the core.
 *
 * `minimum` says which minor of each service will do; NULL: this header's own. `owner` lives until the process ends.
 * With any other status than `INTERBIND_OK` an exception is set: an ImportError, or with `INTERBIND_INVALID` a SystemError
 * because an argument is NULL. Only on a thread that isn't attached, which is `INTERBIND_INVALID` too, there is none. */
INTERBIND_COLD interbind_status interbind_import(const interbind_owner *owner, const interbind_minimum *minimum,
    interbind_context *out) {
    interbind_context context;
    interbind_status status;
    if (!interbind_is_attached()) {
        return INTERBIND_INVALID;
    }
    if (owner == NULL || out == NULL) {
        return interbind_misuse("interbind_import", "an argument is NULL");
    }
    memset(&context, 0, sizeof context);
    context.owner = owner;
    status = interbind_check_host(owner);
#ifdef INTERBIND_STATIC
    if (status == INTERBIND_OK) {
        status = interbind_provide(owner, &context.core);
    }
    if (status == INTERBIND_OK) {
        /* Judged by the implementation, and counted. */
        status = interbind_find_services(minimum, &context);
        if (status != INTERBIND_OK) {
            context.core->release(context.core);
        }
    }
#else
    if (status == INTERBIND_OK) {
        status = interbind_look(minimum, &context);
        if (status == INTERBIND_MISSING) {
            PyObject *runtime = PyImport_ImportModule("interbind._runtime");
            if (runtime == NULL) {
                return interbind_refuse_missing(owner);
            }
            Py_DECREF(runtime);
            status = interbind_look(minimum, &context);
        }
    }
#endif
    if (status == INTERBIND_MISSING) {
        return interbind_refuse_missing(owner);
    }
    if (status == INTERBIND_OK) {
        context.interpreter = interbind_interpreter();
        *out = context;
    }
    return status;
}

/* Refuses to use a context in another interpreter than its own. A module that is made in one step and keeps its state for itself
 * (`m_size` is -1) is put into further interpreters by Python, which doesn't ask it. */
INTERBIND_COLD interbind_status interbind_refuse_elsewhere(const interbind_context *context) {
    interbind_refusal refusal;
    interbind_refusal_start(&refusal, INTERBIND_REASON_OTHER_INTERPRETER, context->owner);
    snprintf(refusal.failed, sizeof refusal.failed, "cannot use module '%.*s' in this interpreter",
        INTERBIND_SHOWN(context->owner->name));
    interbind_refusal_add(&refusal, "it was imported in another interpreter, and Python has put it into this one without asking it");
    snprintf(refusal.fix, sizeof refusal.fix, "import it in one interpreter, or have its author use multi-phase initialisation");
    return interbind_refusal_raise(&refusal, PyExc_ImportError);
}

/* Ends a binding, on any thread. `INTERBIND_INVALID`, and no exception: it was left already, or is NULL. */
INTERBIND_COLD interbind_status interbind_leave(interbind_context *context) {
    interbind_core *core = context == NULL ? NULL : context->core;
    if (core == NULL) {
        return INTERBIND_INVALID;
    }
    memset(context, 0, sizeof *context);
    core->release(core);
    return INTERBIND_OK;
}

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_IMPORT_H */
