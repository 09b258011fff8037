/* Finding the record of an object, in the order of the check, and borrowing through it.
 *
 * A site is a static where a type is consumed. It remembers judged records, so a hit is a look at the object's class: the
 * very class, or one that inherits from it. Only records are remembered, never a subclass and never a refusal. Nothing
 * here runs Python code unless it refuses. */
#ifndef INTERBIND_TYPES_H
#define INTERBIND_TYPES_H

#include <Python.h>

#include <interbind/import.h>
#include <interbind/publish.h>

#define INTERBIND_SITE_PLACES 4

/* What a module expects of a type, and what it has judged. */
typedef struct interbind_site {
    /* The shared name, or the native key, under which records are looked for. */
    const char *name;
    /* One of `INTERBIND_KIND_…`. */
    uint32_t kind;
    /* The alignment of the data: a power of two. */
    uint32_t align;
    /* The descriptor that a record must have; of a native type the ABI text, compared part by part. */
    const char *descriptor;
    /* The first version that will do, and the first that won't; all zero: every version. */
    interbind_version least;
    interbind_version below;
    uint32_t reserved;
    /* The headers' own: NULL in the beginning. */
    const interbind_type_record *records[INTERBIND_SITE_PLACES];
} interbind_site;

/* Makes a site for a native type of C++ (in C++) or C, whatever its version. */
#ifdef __cplusplus
#define INTERBIND_NATIVE_ABI INTERBIND_CXX_ABI
#else
#define INTERBIND_NATIVE_ABI INTERBIND_C_TYPES_ABI
#endif
#define INTERBIND_NATIVE_SITE(key) \
    {(key), INTERBIND_KIND_NATIVE, 1, INTERBIND_NATIVE_ABI, {0, 0, 0}, {0, 0, 0}, 0, {NULL, NULL, NULL, NULL}}

/* Makes a site for a data type: its name, descriptor and alignment, and every version of the major. */
#define INTERBIND_DATA_SITE(name, descriptor, align, major) \
    {(name), INTERBIND_KIND_DATA, (align), (descriptor), {(major), 0, 0}, {(major) + 1, 0, 0}, 0, \
        {NULL, NULL, NULL, NULL}}

/* Tells whether a class is the record's type itself. */
static inline int interbind_record_is(const interbind_type_record *record, const PyTypeObject *type) {
    return record != NULL && (const void *)INTERBIND_LOAD(record->py_type) == (const void *)type;
}

/* Tells whether a class inherits from the record's type, and no other record may be nearer. */
static inline int interbind_record_fits(const interbind_type_record *record, PyTypeObject *type) {
    PyObject *registered = record == NULL ? NULL : INTERBIND_LOAD(record->py_type);
    return registered != NULL && (INTERBIND_LOAD(record->flags) & INTERBIND_FLAG_OUTRANKED) == 0 &&
        PyType_IsSubtype(type, (PyTypeObject *)(void *)registered);
}

static inline int interbind_version_below(interbind_version a, interbind_version b) {
    if (a.major != b.major) {
        return a.major < b.major;
    }
    return a.minor != b.minor ? a.minor < b.minor : a.patch < b.patch;
}

/* Starts a refusal of an object. */
INTERBIND_COLD void interbind_site_refuse(interbind_refusal *refusal, const interbind_context *context,
    const interbind_site *site, PyObject *object, const char *reason) {
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");
    PyObject *text = name == NULL || !PyUnicode_Check(name) ? NULL : PyUnicode_AsUTF8String(name);
    interbind_refusal_start(refusal, reason, context->owner);
    PyErr_Clear();
    snprintf(refusal->failed, sizeof refusal->failed, "cannot borrow '%s' as %s",
        text == NULL ? "?" : PyBytes_AsString(text), site->name);
    Py_XDECREF(text);
    Py_XDECREF(name);
}

/* Steps 5 to 7 for a record with a sound header: name, version, kind, rules, descriptor, alignment. */
INTERBIND_COLD interbind_status interbind_site_check(const interbind_context *context, const interbind_site *site,
    PyObject *object, const interbind_type_record *record) {
    static const char *const parts[] = {"language", "abi", "lib", "libabi", "cxx11", "debug"};
    const int64_t offset = INTERBIND_LOAD(record->data_offset);
    const int is_native = site->kind == INTERBIND_KIND_NATIVE;
    const interbind_str under = is_native && !interbind_str_is(record->name, site->name) ? record->native : record->name;
    interbind_refusal refusal;
    interbind_site_refuse(&refusal, context, site, object, NULL);
    refusal.provider = record->owner;
    refusal.has_provider = 1;
    snprintf(refusal.fix, sizeof refusal.fix, "rebuild the provider and this module against the same declaration of %s",
        site->name);
    if (!interbind_str_is_sound(record->name) || !interbind_str_is_sound(record->version_text) ||
        !interbind_str_is_sound(record->descriptor)) {
        refusal.reason = INTERBIND_REASON_MALFORMED_RECORD;
        interbind_refusal_add(&refusal, "a text of the record: provider has bytes that can't be read");
    } else if (!interbind_str_is(under, site->name)) {
        refusal.reason = INTERBIND_REASON_NAME_DIFFERS;
        interbind_refusal_differs(&refusal, "name", under, interbind_str_of(site->name));
    } else if (site->below.major + site->below.minor + site->below.patch != 0 &&
        (interbind_version_below(record->version, site->least) || !interbind_version_below(record->version, site->below))) {
        refusal.reason = INTERBIND_REASON_VERSION_DIFFERS;
        interbind_refusal_add(&refusal, "version: provider has %.*s, this module expects >=%u.%u.%u, <%u.%u.%u",
            INTERBIND_SHOWN(record->version_text), (unsigned)site->least.major, (unsigned)site->least.minor,
            (unsigned)site->least.patch, (unsigned)site->below.major, (unsigned)site->below.minor,
            (unsigned)site->below.patch);
    } else if (record->kind != site->kind) {
        refusal.reason = INTERBIND_REASON_KIND_DIFFERS;
        interbind_refusal_add(&refusal, "kind: provider has %u, this module expects %u", (unsigned)record->kind,
            (unsigned)site->kind);
    } else if (record->aliasing < INTERBIND_ALIASING_FROZEN || record->aliasing > INTERBIND_ALIASING_UNTRACKED ||
        record->thread < INTERBIND_THREAD_ANY || record->thread > INTERBIND_THREAD_ATTACHED || record->borrow == NULL ||
        record->release == NULL ||
        (offset != 0 && (record->aliasing != INTERBIND_ALIASING_FROZEN || record->thread != INTERBIND_THREAD_ANY))) {
        refusal.reason = INTERBIND_REASON_MALFORMED_RECORD;
        interbind_refusal_add(&refusal, "rules and functions: provider has some that contradict conduit v1");
    } else if (is_native) {
        size_t i;
        for (i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            const interbind_str theirs = interbind_str_part(record->descriptor, parts[i]);
            const interbind_str ours = interbind_str_part(interbind_str_of(site->descriptor), parts[i]);
            if (!interbind_str_same(theirs, ours)) {
                refusal.reason = INTERBIND_REASON_NATIVE_ABI;
                interbind_refusal_differs(&refusal, parts[i], theirs, ours);
            }
        }
        snprintf(refusal.fix, sizeof refusal.fix,
            "build the provider and this module with one compiler family, standard library and its switches");
    } else if (!interbind_str_is(record->descriptor, site->descriptor)) {
        refusal.reason = INTERBIND_REASON_LAYOUT_DIFFERS;
        interbind_refusal_differs(&refusal, "layout", record->descriptor, interbind_str_of(site->descriptor));
    } else if (offset % (int64_t)site->align != 0) {
        refusal.reason = INTERBIND_REASON_MISALIGNED;
        interbind_refusal_add(&refusal, "data offset: provider has %lld, this module expects a multiple of %u",
            (long long)offset, (unsigned)site->align);
    }
    return refusal.reason == NULL ? INTERBIND_OK : interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Keeps a judged record: in a place that is free or whose record is dead, else in the last. */
INTERBIND_COLD void interbind_site_remember(interbind_site *site, const interbind_type_record *record) {
    int i;
    for (i = 0; i < INTERBIND_SITE_PLACES; i++) {
        const interbind_type_record *found = INTERBIND_LOAD(site->records[i]);
        if (found == record) {
            return;
        }
        if (found == NULL || INTERBIND_LOAD(found->py_type) == NULL || i + 1 == INTERBIND_SITE_PLACES) {
            if (__atomic_compare_exchange_n(&site->records[i], &found, record, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
                return;
            }
        }
    }
}

/* Finds and judges the record of an object whose class the site's first place doesn't know. */
INTERBIND_COLD interbind_status interbind_find_slowly(const interbind_context *context, interbind_site *site,
    PyObject *object, const interbind_type_record **out) {
    static const uint32_t sizes[] = INTERBIND_TYPE_SIZES;
    static const interbind_kind kind = {INTERBIND_TYPE_MAGIC, INTERBIND_TYPE_MAJOR, INTERBIND_TYPE_MINOR, 0, sizes, 0, 0};
    PyTypeObject *type = Py_TYPE(object);
    const interbind_type_list *list = NULL;
    const interbind_type_record *record = NULL, *best = NULL, *other = NULL;
    interbind_verdict broken = interbind_verdict_of(NULL, NULL, 0, 0);
    interbind_refusal refusal;
    interbind_status status;
    uint64_t serial[2];
    int i;
    for (i = 0; i < INTERBIND_SITE_PLACES; i++) {
        record = INTERBIND_LOAD(site->records[i]);
        if (interbind_record_is(record, type)) {
            *out = record;
            return INTERBIND_OK;
        }
    }
    for (i = 1; i < INTERBIND_SITE_PLACES; i++) {
        record = INTERBIND_LOAD(site->records[i]);
        if (interbind_record_fits(record, type)) {
            *out = record;
            return INTERBIND_OK;
        }
    }
    memcpy(serial, context->core->head.serial, sizeof serial);
    status = context->types->list(context->types, interbind_str_of(site->name), &list);
    if (status != INTERBIND_OK || list == NULL) {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_INTERPRETER_ENDING);
        interbind_refusal_add(&refusal, "the registry gives no list for this name");
        snprintf(refusal.fix, sizeof refusal.fix, "use shared objects before the interpreter ends");
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    for (record = context->types->next(list, NULL); record != NULL; record = context->types->next(list, record)) {
        const interbind_verdict verdict = interbind_judge(record, &kind);
        PyObject *registered;
        if (verdict.reason != NULL) {
            broken = broken.reason == NULL ? verdict : broken;
            continue;
        }
        other = other == NULL ? record : other;
        registered = INTERBIND_LOAD(record->py_type);
        if (registered == NULL || INTERBIND_LOAD(record->serial[0]) != serial[0] ||
            INTERBIND_LOAD(record->serial[1]) != serial[1]) {
            continue;
        }
        if ((const void *)registered == (const void *)type) {
            best = record;
            break;
        }
        if (PyType_IsSubtype(type, (PyTypeObject *)(void *)registered) &&
            (best == NULL ||
                PyType_IsSubtype((PyTypeObject *)(void *)registered,
                    (PyTypeObject *)(void *)INTERBIND_LOAD(best->py_type)))) {
            best = record;
        }
    }
    if (best != NULL) {
        status = interbind_site_check(context, site, object, best);
        if (status == INTERBIND_OK) {
            interbind_site_remember(site, best);
            *out = best;
        }
        return status;
    }
    if (other == NULL && broken.reason != NULL) {
        interbind_site_refuse(&refusal, context, site, object, NULL);
        snprintf(refusal.fix, sizeof refusal.fix, "rebuild the provider and this module with the same major of interbind");
        interbind_refusal_judged(&refusal, broken, kind.magic);
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    if (other == NULL) {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_NOT_PUBLISHED);
        interbind_refusal_add(&refusal, "no module in this interpreter has published %s", site->name);
        snprintf(refusal.fix, sizeof refusal.fix, "import a module that provides %s, and pass one of its objects", site->name);
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    if (INTERBIND_LOAD(other->serial[0]) != serial[0] || INTERBIND_LOAD(other->serial[1]) != serial[1]) {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_OTHER_INTERPRETER);
        interbind_refusal_add(&refusal, "the record belongs to another interpreter than this module");
        snprintf(refusal.fix, sizeof refusal.fix, "import provider and consumer in the same interpreter");
    } else {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_WRONG_OBJECT);
        interbind_refusal_add(&refusal, "the object's class is not published as %s, nor a subclass of one that is",
            site->name);
        snprintf(refusal.fix, sizeof refusal.fix, "pass an object of a class that was published as %s", site->name);
    }
    refusal.provider = other->owner;
    refusal.has_provider = 1;
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Finds the record of an object for a site. `INTERBIND_FAILED`: a TypeError with both sides' values is set.
 * `INTERBIND_INVALID`: an argument is NULL, and no exception is set. */
static inline interbind_status interbind_find(const interbind_context *context, interbind_site *site, PyObject *object,
    const interbind_type_record **out) {
    const interbind_type_record *first;
    if (context == NULL || context->core == NULL || site == NULL || object == NULL || out == NULL) {
        return INTERBIND_INVALID;
    }
    first = INTERBIND_LOAD(site->records[0]);
    if (INTERBIND_LIKELY(interbind_record_is(first, Py_TYPE(object))) ||
        interbind_record_fits(first, Py_TYPE(object))) {
        *out = first;
        return INTERBIND_OK;
    }
    return interbind_find_slowly(context, site, object, out);
}

/* Refuses an exclusive borrow of a class whose objects never change. */
INTERBIND_COLD void *interbind_borrow_refuse(const interbind_type_record *record, PyObject *object) {
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(object), "__name__");
    PyObject *text = name == NULL || !PyUnicode_Check(name) ? NULL : PyUnicode_AsUTF8String(name);
    interbind_refusal refusal;
    interbind_refusal_start(&refusal, INTERBIND_REASON_FROZEN, NULL);
    PyErr_Clear();
    refusal.provider = record->owner;
    refusal.has_provider = 1;
    snprintf(refusal.failed, sizeof refusal.failed, "cannot borrow '%s' exclusively as %.*s",
        text == NULL ? "?" : PyBytes_AsString(text), INTERBIND_SHOWN(record->name));
    interbind_refusal_add(&refusal, "the class is frozen: its objects never change");
    snprintf(refusal.fix, sizeof refusal.fix, "borrow it shared, or make a new object");
    Py_XDECREF(text);
    Py_XDECREF(name);
    interbind_refusal_raise(&refusal, PyExc_TypeError);
    return NULL;
}

/* Borrows an object through its record: the data, or NULL with an exception set. Each one is given back once, with
 * `interbind_give_back` and the same mode. */
static inline void *interbind_borrow(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    if (record == NULL || object == NULL || record->borrow == NULL ||
        (mode != INTERBIND_BORROW_SHARED && mode != INTERBIND_BORROW_EXCLUSIVE)) {
        PyErr_SetString(PyExc_SystemError, "interbind_borrow: an argument is NULL, or the mode is unknown");
        return NULL;
    }
    if (mode == INTERBIND_BORROW_EXCLUSIVE && record->aliasing == INTERBIND_ALIASING_FROZEN) {
        return interbind_borrow_refuse(record, object);
    }
    return record->borrow(object, mode);
}

/* Ends a borrow. */
static inline void interbind_give_back(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    if (record != NULL && object != NULL && record->release != NULL) {
        record->release(object, mode);
    }
}

/* Turns a pointer of a native class into one to its base of the site's key, through what all modules published.
 * `INTERBIND_MISSING`: it is no base. `INTERBIND_DIFFERS`: it is one more than once. */
static inline interbind_status interbind_upcast(const interbind_context *context, const interbind_type_record *record,
    const char *base, void *pointer, void **out) {
    const interbind_type_list *list = NULL;
    interbind_status status;
    if (context == NULL || context->core == NULL || record == NULL || base == NULL || pointer == NULL || out == NULL) {
        return INTERBIND_INVALID;
    }
    status = context->types->list(context->types, interbind_str_of(base), &list);
    return status == INTERBIND_OK ? context->types->upcast(context->types, record, list, pointer, out) : status;
}

#endif /* INTERBIND_TYPES_H */
