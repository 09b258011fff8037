/* What is said when something is refused: one shape for every reason, the same as the Rust side's.
 *
 * What failed, in the user's own names (with the reason's slug) · each differing part with both values · who both sides
 * are · `fix:` something that one can do. The slug is also the exception's attribute `interbind_reason`. Everything here
 * is cold; texts that are too long are cut. */
#ifndef INTERBIND_REFUSE_H
#define INTERBIND_REFUSE_H

#include <Python.h>

#include <stdarg.h>
#include <stdio.h>

#include <interbind/abi.h>
#include <interbind/judge.h>
#include <interbind/raise.h>

/* A refusal in the making. */
typedef struct interbind_refusal {
    const char *reason;
    const interbind_owner *provider;
    const interbind_owner *consumer;
    /* There is a provider, even if nobody can read who it is. */
    int has_provider;
    /* The owner of a core, whose head names it under every major. */
    const interbind_core_head *core;
    char failed[512];
    char parts[1024];
    char fix[512];
} interbind_refusal;

/* A text for `%.*s`: its length, then its bytes; what isn't UTF-8 shows as `?`. */
#define INTERBIND_SHOWN(text) \
    (interbind_str_is_utf8(text) ? (int)((text).len < 300 ? (text).len : 300) : 1), \
        (interbind_str_is_utf8(text) ? ((text).len == 0 ? "" : (const char *)(text).ptr) : "?")

/* Starts a refusal for a reason. */
INTERBIND_COLD void interbind_refusal_start(interbind_refusal *refusal, const char *reason,
    const interbind_owner *consumer) {
    memset(refusal, 0, sizeof *refusal);
    refusal->reason = reason;
    refusal->consumer = consumer;
}

/* The name of an object's class as bytes: a new reference, or NULL. An exception that is set stays set, and becomes the cause. */
INTERBIND_COLD PyObject *interbind_class_name(PyObject *object) {
    PyObject *type = NULL, *value = NULL, *trace = NULL, *name, *text;
    PyErr_Fetch(&type, &value, &trace);
    name = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");
    text = name == NULL || !PyUnicode_Check(name) ? NULL : PyUnicode_AsUTF8String(name);
    Py_XDECREF(name);
    PyErr_Clear();
    PyErr_Restore(type, value, trace);
    return text;
}

/* Adds a line of its own for a part that differs. */
INTERBIND_PRINTF(2, 3) INTERBIND_COLD void interbind_refusal_add(interbind_refusal *refusal, const char *format, ...) {
    const size_t used = strlen(refusal->parts);
    va_list arguments;
    if (used + 8 < sizeof refusal->parts) {
        memcpy(refusal->parts + used, "\n  ", 4);
        va_start(arguments, format);
        vsnprintf(refusal->parts + used + 3, sizeof refusal->parts - used - 3, format, arguments);
        va_end(arguments);
    }
}

/* Adds a part with what the provider has and what this module expects. */
INTERBIND_COLD void interbind_refusal_differs(interbind_refusal *refusal, const char *part, interbind_str theirs,
    interbind_str ours) {
    interbind_refusal_add(refusal, "%s: provider has %.*s, this module expects %.*s", part, INTERBIND_SHOWN(theirs),
        INTERBIND_SHOWN(ours));
}

/* Adds what `interbind_judge` found. */
INTERBIND_COLD void interbind_refusal_judged(interbind_refusal *refusal, interbind_verdict verdict,
    const char *magic) {
    refusal->reason = verdict.reason;
    if (verdict.magic != NULL) {
        char shown[9] = "";
        int i;
        for (i = 0; i < 8; i++) {
            const uint8_t byte = verdict.magic[i];
            shown[i] = byte > ' ' && byte < 127 ? (char)byte : '.';
        }
        interbind_refusal_add(refusal, "magic: provider has %s, this module expects %.8s", shown, magic);
    } else {
        interbind_refusal_add(refusal, "%s: provider has %u, this module expects %u", verdict.part,
            (unsigned)verdict.found, (unsigned)verdict.expected);
    }
}

/* Reads another build's owner record: NULL when it is none. */
INTERBIND_COLD const interbind_owner *interbind_owner_judged(const interbind_owner *owner) {
    static const uint32_t sizes[] = INTERBIND_OWNER_SIZES;
    static const interbind_kind kind = {INTERBIND_OWNER_MAGIC, INTERBIND_OWNER_MAJOR, INTERBIND_OWNER_MINOR,
        INTERBIND_OWNER_MINOR, sizes, 0, 0};
    return interbind_judge(owner, &kind).reason == NULL ? owner : NULL;
}

/* Adds a line that names a side. Returns how long the text is then. */
INTERBIND_COLD size_t interbind_refusal_who(char *text, size_t size, const char *side, interbind_str name,
    interbind_str version, interbind_str file) {
    const size_t used = strlen(text);
    uint64_t start = file.len;
    if (!interbind_str_is_utf8(file)) {
        start = 0;
        file.len = 0;
    }
    while (start > 0 && file.ptr[start - 1] != '/' && file.ptr[start - 1] != '\\') {
        start--;
    }
    file.ptr = file.len == 0 ? NULL : file.ptr + start;
    file.len -= start;
    snprintf(text + used, size - used, "\n  %s: %.*s %.*s%s%.*s%s", side, INTERBIND_SHOWN(name),
        INTERBIND_SHOWN(version), file.len == 0 ? "" : " (", INTERBIND_SHOWN(file), file.len == 0 ? "" : ")");
    return strlen(text);
}

INTERBIND_COLD void interbind_refusal_side(char *text, size_t size, const char *side, const interbind_owner *owner) {
    owner = interbind_owner_judged(owner);
    if (owner != NULL) {
        const size_t used = interbind_refusal_who(text, size, side, owner->name, owner->version, owner->file);
        snprintf(text + used, size - used, ", interbind %.*s, %.*s", INTERBIND_SHOWN(owner->interbind),
            INTERBIND_SHOWN(owner->compiler));
    }
}

/* Sets a SystemError for a call that can't be right: an argument is NULL, or a context isn't bound. Returns
 * `INTERBIND_INVALID`. */
INTERBIND_COLD interbind_status interbind_misuse(const char *function, const char *what) {
    if (PyErr_Occurred() == NULL) {
        interbind_raise(PyExc_SystemError, "%s: %s", function, what);
    }
    return INTERBIND_INVALID;
}

/* Raises the refusal as `type`; an exception that is set becomes its cause. Returns `INTERBIND_FAILED`. */
INTERBIND_COLD interbind_status interbind_refusal_raise(interbind_refusal *refusal, PyObject *type) {
    char text[4096];
    PyObject *cause_type = NULL, *cause = NULL, *trace = NULL;
    PyObject *message, *slug, *exception = NULL;
    PyErr_Fetch(&cause_type, &cause, &trace);
    if (cause_type != NULL) {
        PyErr_NormalizeException(&cause_type, &cause, &trace);
        if (trace != NULL && cause != NULL) {
            PyException_SetTraceback(cause, trace);
        }
    }
    snprintf(text, sizeof text, "%s (%s)%s", refusal->failed, refusal->reason, refusal->parts);
    if (refusal->core != NULL) {
        const size_t used = interbind_refusal_who(text, sizeof text, "provider", refusal->core->owner_name,
            refusal->core->owner_version, refusal->core->owner_file);
        snprintf(text + used, sizeof text - used, ", interbind %.*s", INTERBIND_SHOWN(refusal->core->owner_interbind));
    }
    if (refusal->has_provider && interbind_owner_judged(refusal->provider) == NULL) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "\n  provider: ? ? (?), interbind ?, ?");
    }
    interbind_refusal_side(text, sizeof text, "provider", refusal->provider);
    interbind_refusal_side(text, sizeof text, "consumer", refusal->consumer);
    if (strlen(text) + 8 < sizeof text) {
        const size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "\n  fix: %s", refusal->fix);
    }
    message = PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
    slug = PyUnicode_FromString(refusal->reason);
    if (message != NULL && slug != NULL) {
        exception = PyObject_CallFunctionObjArgs(type, message, NULL);
    }
    if (exception != NULL && PyObject_SetAttrString(exception, INTERBIND_KEY_REASON, slug) == 0) {
        if (cause != NULL) {
            PyException_SetCause(exception, cause);
            cause = NULL;
        }
        PyErr_SetObject(type, exception);
    }
    Py_XDECREF(exception);
    Py_XDECREF(slug);
    Py_XDECREF(message);
    Py_XDECREF(trace);
    Py_XDECREF(cause);
    Py_XDECREF(cause_type);
    if (PyErr_Occurred() == NULL) {
        PyErr_NoMemory();
    }
    return INTERBIND_FAILED;
}

#endif /* INTERBIND_REFUSE_H */
