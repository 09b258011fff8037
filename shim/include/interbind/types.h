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

typedef struct interbind_site interbind_site;
typedef struct interbind_adapted interbind_adapted;

/* A `std::type_info` as the Itanium C++ ABI lays it out; who reads it reads the name alone. Lives until the process ends: other
 * libraries keep its address. */
typedef struct interbind_cpp_type {
    const void *vptr;
    const char *name;
} interbind_cpp_type;

/* What a site asks about an object whose class nobody has published; see from_pybind11.h. `INTERBIND_OK`: it has published
 * the class. `INTERBIND_MISSING`: the class isn't one of its framework's, or holds another type. */
typedef struct interbind_adapter {
    interbind_status (*adapt)(const interbind_context *context, interbind_site *site, PyObject *object);
    /* The C++ type that its objects hold, and its bytes. */
    interbind_cpp_type type;
    uint64_t size;
    /* The headers' own: NULL in the beginning. */
    interbind_adapted *records;
} interbind_adapter;

/* What a module expects of a type, and what it has judged. */
struct interbind_site {
    /* The shared name, or the native key, under which records are looked for. */
    const char *name;
    /* One of `INTERBIND_KIND_…`. */
    uint32_t kind;
    /* The alignment of the data: a power of two. */
    uint32_t align;
    /* The descriptor that a record must have; of a native type the language's ABI and the class's shape, compared part by
     * part. */
    const char *descriptor;
    /* The first version that will do, and the first that won't; all zero: every version. */
    interbind_version least;
    interbind_version below;
    uint32_t reserved;
    /* The headers' own: NULL in the beginning. */
    const interbind_type_record *records[INTERBIND_SITE_PLACES];
    /* Whom it asks about other frameworks' objects; may be NULL. */
    interbind_adapter *adapter;
};

#ifdef __cplusplus
#define INTERBIND_NATIVE_ABI INTERBIND_CXX_ABI
#else
#define INTERBIND_NATIVE_ABI INTERBIND_C_TYPES_ABI
#endif

/* Makes a site for a native type whose pointers are passed on and never looked behind: whatever its version and shape. */
#define INTERBIND_NATIVE_SITE(key) INTERBIND_CLASS_SITE(key, INTERBIND_NATIVE_ABI " " INTERBIND_OPAQUE, 1)

/* Makes a site for a native type that is read: its key, the whole descriptor and the alignment. In C++ that is
 * `interbind::site<T>`; in C the shape is what the author of the type says, as `INTERBIND_C_SHAPE(16, 8) " tag=2"`. */
#define INTERBIND_CLASS_SITE(key, descriptor, align) \
    {(key), INTERBIND_KIND_NATIVE, (align), (descriptor), {0, 0, 0}, {0, 0, 0}, 0, {NULL, NULL, NULL, NULL}, NULL}

/* The descriptor of a native type of C: bytes and alignment of one object, as numbers. */
#define INTERBIND_C_SHAPE(size, align) \
    INTERBIND_C_TYPES_ABI " size=" INTERBIND_TEXT_OF(size) " align=" INTERBIND_TEXT_OF(align) " polymorphic=no"

/* Makes a site for a data type: its name, descriptor and alignment, and every version of the major. */
#define INTERBIND_DATA_SITE(name, descriptor, align, major) INTERBIND_ADAPTED_SITE(name, descriptor, align, major, NULL)

/* The same for a data type that objects of other frameworks hold too: `&adapter` of such as INTERBIND_FROM_PYBIND11 makes. */
#define INTERBIND_ADAPTED_SITE(name, descriptor, align, major, adapter) \
    {(name), INTERBIND_KIND_DATA, (align), (descriptor), {(major), 0, 0}, {(major) + 1, 0, 0}, 0, \
        {NULL, NULL, NULL, NULL}, (adapter)}

/* Tells whether a class is the record's type itself. */
static inline int interbind_record_is(const interbind_type_record *record, const PyTypeObject *type) {
    return record != NULL && (const void *)INTERBIND_LOAD(record->py_type) == (const void *)type;
}

/* Tells whether a class inherits from the record's type, and no other record may be nearer. */
static inline int interbind_record_fits(const interbind_type_record *record, PyTypeObject *type) {
    PyObject *registered = record == NULL ? NULL : INTERBIND_LOAD(record->py_type);
    return registered != NULL && (INTERBIND_LOAD(record->flags) & INTERBIND_FLAG_OUTRANKED) == 0 &&
        interbind_is_subtype(type, (PyTypeObject *)(void *)registered);
}

/* Tells whether the first version is the lesser one. */
static inline int interbind_version_below(interbind_version a, interbind_version b) {
    if (a.major != b.major) {
        return a.major < b.major;
    }
    return a.minor != b.minor ? a.minor < b.minor : a.patch < b.patch;
}

/* Starts a refusal of an object. */
INTERBIND_COLD void interbind_site_refuse(interbind_refusal *refusal, const interbind_context *context,
    const interbind_site *site, PyObject *object, const char *reason) {
    PyObject *text;
    interbind_refusal_start(refusal, reason, context->owner);
    text = interbind_class_name(object);
    snprintf(refusal->failed, sizeof refusal->failed, "cannot borrow '%s' as %s",
        text == NULL ? "?" : PyBytes_AsString(text), site->name);
    Py_XDECREF(text);
}

/* Compares one part of two native descriptors; what one side lacks is empty. */
INTERBIND_COLD void interbind_native_part(interbind_refusal *refusal, interbind_str key, interbind_str theirs,
    interbind_str ours, const char *reason) {
    const interbind_str nothing = interbind_str_of("nothing");
    const interbind_str found = interbind_str_part_of(theirs, key), wanted = interbind_str_part_of(ours, key);
    char name[64];
    if (interbind_str_same(found, wanted) || ((found.len == 0 || wanted.len == 0) && key.len > 0 && key.ptr[0] == '~')) {
        return;
    }
    refusal->reason = refusal->reason == NULL ? reason : refusal->reason;
    snprintf(name, sizeof name, "%.*s", INTERBIND_SHOWN(key));
    interbind_refusal_differs(refusal, name, found.len == 0 ? nothing : found, wanted.len == 0 ? nothing : wanted);
}

/* Compares the native descriptors of a record and of a site: every part must be equal, also one that this build doesn't
 * know. A part whose key starts with `~` counts only where both sides have it; a site that looks at nothing compares the
 * language's parts alone. All differences are added to the refusal. */
INTERBIND_COLD void interbind_native_compare(interbind_refusal *refusal, interbind_str theirs, interbind_str ours) {
    static const char *const parts[] = {"language", "abi", "lib", "libabi", "cxx11", "debug"};
    const size_t count = sizeof parts / sizeof parts[0];
    interbind_str rest, word, key, value;
    size_t i;
    int side;
    for (i = 0; i < count; i++) {
        interbind_native_part(refusal, interbind_str_of(parts[i]), theirs, ours, INTERBIND_REASON_NATIVE_ABI);
    }
    for (rest = ours; interbind_str_word(&rest, &word);) {
        if (interbind_str_is(word, INTERBIND_OPAQUE)) {
            return;
        }
    }
    for (side = 0; side < 2; side++) {
        for (rest = side == 0 ? theirs : ours; interbind_str_word(&rest, &word);) {
            if (!interbind_str_split(word, &key, &value) || (side == 1 && interbind_str_part_of(theirs, key).len != 0)) {
                continue;
            }
            for (i = 0; i < count && !interbind_str_is(key, parts[i]); i++) {
            }
            if (i == count) {
                interbind_native_part(refusal, key, theirs, ours,
                    interbind_str_is(key, "tag") ? INTERBIND_REASON_VERSION_DIFFERS : INTERBIND_REASON_LAYOUT_DIFFERS);
            }
        }
    }
}

/* A kind as a word. */
INTERBIND_COLD const char *interbind_kind_word(uint32_t kind) {
    return kind == INTERBIND_KIND_DATA ? "a data type"
        : kind == INTERBIND_KIND_INTERFACE ? "an interface"
        : kind == INTERBIND_KIND_NATIVE ? "a native class" : "an unknown kind";
}

/* Tells which rule or function of a record contradicts conduit v1, or NULL. */
INTERBIND_COLD const char *interbind_record_wrong(const interbind_type_record *record) {
    if (record->aliasing < INTERBIND_ALIASING_FROZEN || record->aliasing > INTERBIND_ALIASING_UNTRACKED ||
        record->thread < INTERBIND_THREAD_ANY || record->thread > INTERBIND_THREAD_ATTACHED) {
        return "aliasing and thread: provider has an unknown rule, this module expects a rule of conduit v1";
    }
    if (record->borrow == NULL || record->release == NULL) {
        return "borrow and release: provider has NULL, this module expects a function";
    }
    if (record->base_count != 0 &&
        (record->bases == NULL || record->base_size < sizeof(interbind_base) || record->base_size % 8 != 0)) {
        return "bases: provider has some that can't be read, this module expects 32 bytes or more of each";
    }
    return NULL;
}

/* Steps 5 to 7 for a record with a sound header: texts, name, version, kind, rules and functions, descriptor, offset. */
INTERBIND_COLD interbind_status interbind_site_check(const interbind_context *context, const interbind_site *site,
    PyObject *object, const interbind_type_record *record) {
    const int64_t offset = INTERBIND_LOAD(record->data_offset);
    const int is_native = site->kind == INTERBIND_KIND_NATIVE;
    const interbind_str under = is_native && !interbind_str_is(record->name, site->name) ? record->native : record->name;
    const char *wrong = interbind_record_wrong(record);
    interbind_refusal refusal;
    interbind_site_refuse(&refusal, context, site, object, NULL);
    refusal.provider = record->owner;
    refusal.has_provider = 1;
    snprintf(refusal.fix, sizeof refusal.fix, "rebuild the provider and this module against the same declaration of %s",
        site->name);
    if (!interbind_str_is_utf8(record->name) || !interbind_str_is_utf8(record->version_text) ||
        !interbind_str_is_utf8(record->descriptor) || !interbind_str_is_utf8(record->native)) {
        refusal.reason = INTERBIND_REASON_MALFORMED_RECORD;
        interbind_refusal_add(&refusal, "a text of the record: provider has bytes that can't be read, this module expects "
                                        "UTF-8");
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
        interbind_refusal_add(&refusal, "kind: provider has %s, this module expects %s", interbind_kind_word(record->kind),
            interbind_kind_word(site->kind));
    } else if (wrong != NULL) {
        refusal.reason = INTERBIND_REASON_MALFORMED_RECORD;
        interbind_refusal_add(&refusal, "%s", wrong);
    } else if (is_native) {
        interbind_native_compare(&refusal, record->descriptor, interbind_str_of(site->descriptor));
        snprintf(refusal.fix, sizeof refusal.fix,
            refusal.reason != NULL && strcmp(refusal.reason, INTERBIND_REASON_NATIVE_ABI) == 0
                ? "build the provider and this module with one compiler family, standard library and its switches"
                : "rebuild the provider and this module against the same version of the class");
    } else if (!interbind_str_is(record->descriptor, site->descriptor)) {
        refusal.reason = INTERBIND_REASON_LAYOUT_DIFFERS;
        interbind_refusal_differs(&refusal, "layout", record->descriptor, interbind_str_of(site->descriptor));
    }
    if (refusal.reason == NULL && offset != 0 &&
        (record->aliasing != INTERBIND_ALIASING_FROZEN || record->thread != INTERBIND_THREAD_ANY)) {
        refusal.reason = INTERBIND_REASON_MALFORMED_RECORD;
        interbind_refusal_add(&refusal, "data offset: provider has one, this module expects none: the class must be asked for "
                                        "each borrow");
    }
    if (refusal.reason == NULL && site->align > 1 && offset % (int64_t)site->align != 0) {
        refusal.reason = INTERBIND_REASON_MISALIGNED;
        interbind_refusal_add(&refusal, "data offset (a multiple is expected): provider has %lld, this module expects %u",
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
            if (INTERBIND_SWAP(site->records[i], found, record)) {
                return;
            }
        }
    }
}

/* What the registry has for an object, as far as its header goes. */
typedef struct interbind_found {
    /* The record of the object's class, or of the nearest one that it inherits from; NULL when none fits. */
    const interbind_type_record *best;
    /* The first sound record of the name. */
    const interbind_type_record *other;
    /* What is wrong with the first one that isn't sound. */
    interbind_verdict broken;
    /* The interpreter's, as a record has it. */
    uint64_t serial[2];
} interbind_found;

/* Looks through the registry's list of the site's name. False, and an exception is set, when there is no list. */
INTERBIND_COLD int interbind_look_through(const interbind_context *context, const interbind_site *site, PyObject *object,
    interbind_found *found) {
    static const uint32_t sizes[] = INTERBIND_TYPE_SIZES;
    static const interbind_kind kind = {INTERBIND_TYPE_MAGIC, INTERBIND_TYPE_MAJOR, INTERBIND_TYPE_MINOR,
        INTERBIND_TYPE_MINOR, sizes, 0, 0};
    PyTypeObject *type = Py_TYPE(object);
    const interbind_type_list *list = NULL;
    const interbind_type_record *record;
    interbind_refusal refusal;
    found->best = NULL;
    found->other = NULL;
    found->broken = interbind_verdict_of(NULL, NULL, 0, 0);
    memcpy(found->serial, context->core->head.serial, sizeof found->serial);
    if (context->types->list(context->types, interbind_str_of(site->name), &list) != INTERBIND_OK || list == NULL) {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_INTERPRETER_ENDING);
        interbind_refusal_add(&refusal, "the registry gives no list for this name");
        snprintf(refusal.fix, sizeof refusal.fix, "use shared objects before the interpreter ends");
        interbind_refusal_raise(&refusal, PyExc_TypeError);
        return 0;
    }
    for (record = context->types->next(list, NULL); record != NULL; record = context->types->next(list, record)) {
        const interbind_verdict verdict = interbind_judge(record, &kind);
        PyObject *registered;
        if (verdict.reason != NULL) {
            found->broken = found->broken.reason == NULL ? verdict : found->broken;
            continue;
        }
        found->other = found->other == NULL ? record : found->other;
        registered = INTERBIND_LOAD(record->py_type);
        if (registered == NULL || INTERBIND_LOAD(record->serial[0]) != found->serial[0] ||
            INTERBIND_LOAD(record->serial[1]) != found->serial[1]) {
            continue;
        }
        if ((const void *)registered == (const void *)type) {
            found->best = record;
            break;
        }
        if (interbind_is_subtype(type, (PyTypeObject *)(void *)registered) &&
            (found->best == NULL ||
                interbind_is_subtype((PyTypeObject *)(void *)registered,
                    (PyTypeObject *)(void *)INTERBIND_LOAD(found->best->py_type)))) {
            found->best = record;
        }
    }
    return 1;
}

/* As `interbind_look_through`; where nothing fits, the site's adapter is asked first. */
INTERBIND_COLD int interbind_look_everywhere(const interbind_context *context, interbind_site *site, PyObject *object,
    interbind_found *found) {
    if (!interbind_look_through(context, site, object, found)) {
        return 0;
    }
    if (found->best == NULL && site->adapter != NULL) {
        const interbind_status status = site->adapter->adapt(context, site, object);
        if (status != INTERBIND_MISSING) {
            return status == INTERBIND_OK && interbind_look_through(context, site, object, found);
        }
    }
    return 1;
}

/* Finds what the site remembers for a class beyond what `interbind_site_known` sees: that it inherits from. */
INTERBIND_COLD const interbind_type_record *interbind_site_inherited(const interbind_site *site, PyTypeObject *type) {
    int i;
    for (i = 1; i < INTERBIND_SITE_PLACES; i++) {
        const interbind_type_record *record = INTERBIND_LOAD(site->records[i]);
        if (interbind_record_fits(record, type)) {
            return record;
        }
    }
    return NULL;
}

/* Judges what was found, and remembers it. */
INTERBIND_COLD interbind_status interbind_site_judge(const interbind_context *context, interbind_site *site,
    PyObject *object, const interbind_type_record *best, const interbind_type_record **out) {
    const interbind_status status = interbind_site_check(context, site, object, best);
    if (status == INTERBIND_OK) {
        interbind_site_remember(site, best);
        *out = best;
    }
    return status;
}

/* Finds and judges the record of an object whose class the site doesn't remember. */
INTERBIND_COLD interbind_status interbind_find_slowly(const interbind_context *context, interbind_site *site,
    PyObject *object, const interbind_type_record **out) {
    const interbind_type_record *record = interbind_site_inherited(site, Py_TYPE(object));
    interbind_found found;
    interbind_refusal refusal;
    if (record != NULL) {
        *out = record;
        return INTERBIND_OK;
    }
    if (context->interpreter != interbind_interpreter()) {
        return interbind_refuse_elsewhere(context);
    }
    if (!interbind_look_everywhere(context, site, object, &found)) {
        return INTERBIND_FAILED;
    }
    if (found.best != NULL) {
        return interbind_site_judge(context, site, object, found.best, out);
    }
    if (found.other == NULL && found.broken.reason != NULL) {
        interbind_site_refuse(&refusal, context, site, object, NULL);
        snprintf(refusal.fix, sizeof refusal.fix, "rebuild the provider and this module with the same major of interbind");
        interbind_refusal_judged(&refusal, found.broken, INTERBIND_TYPE_MAGIC);
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    if (found.other == NULL) {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_NOT_PUBLISHED);
        interbind_refusal_add(&refusal, "no module in this interpreter has published %s", site->name);
        snprintf(refusal.fix, sizeof refusal.fix, "import a module that provides %s, and pass one of its objects", site->name);
        return interbind_refusal_raise(&refusal, PyExc_TypeError);
    }
    if (INTERBIND_LOAD(found.other->serial[0]) != found.serial[0] ||
        INTERBIND_LOAD(found.other->serial[1]) != found.serial[1]) {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_OTHER_INTERPRETER);
        interbind_refusal_add(&refusal, "the record belongs to another interpreter than this module");
        snprintf(refusal.fix, sizeof refusal.fix, "import provider and consumer in the same interpreter");
    } else {
        interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_WRONG_OBJECT);
        interbind_refusal_add(&refusal, "the object's class is not published as %s, nor a subclass of one that is",
            site->name);
        snprintf(refusal.fix, sizeof refusal.fix, "pass an object of a class that was published as %s", site->name);
    }
    refusal.provider = found.other->owner;
    refusal.has_provider = 1;
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Finds what the site remembers for the very class, in one of the places, which are filled from the first on. */
static inline const interbind_type_record *interbind_site_exact(const interbind_site *site, PyTypeObject *type) {
    const interbind_type_record *const first = INTERBIND_LOAD(site->records[0]);
    const interbind_type_record *other;
    if (INTERBIND_LIKELY(interbind_record_is(first, type))) {
        return first;
    }
    if ((other = INTERBIND_LOAD(site->records[1])) != NULL) {
        if (interbind_record_is(other, type)) {
            return other;
        }
        other = INTERBIND_LOAD(site->records[2]);
        if (interbind_record_is(other, type)) {
            return other;
        }
        other = INTERBIND_LOAD(site->records[3]);
        if (interbind_record_is(other, type)) {
            return other;
        }
    }
    return NULL;
}

/* Finds what the site remembers for a class: the very class, or the first one when it inherits from that. NULL: it must be
 * looked for. */
static inline const interbind_type_record *interbind_site_known(const interbind_site *site, PyTypeObject *type) {
    const interbind_type_record *const known = interbind_site_exact(site, type);
    const interbind_type_record *first;
    if (INTERBIND_LIKELY(known != NULL)) {
        return known;
    }
    first = INTERBIND_LOAD(site->records[0]);
    return interbind_record_fits(first, type) ? first : NULL;
}

/* Finds the record of an object for a site. With any other status than `INTERBIND_OK` an exception is set:
 * `INTERBIND_FAILED`, a TypeError with both sides' values; `INTERBIND_INVALID`, a SystemError, for a NULL or a context that
 * isn't bound. */
static inline interbind_status interbind_find(const interbind_context *context, interbind_site *site, PyObject *object,
    const interbind_type_record **out) {
    const interbind_type_record *known;
    if (context == NULL || context->core == NULL || site == NULL || object == NULL || out == NULL) {
        interbind_misuse("interbind_find", "an argument is NULL, or the module isn't bound to this interpreter");
        return INTERBIND_INVALID;
    }
    known = interbind_site_known(site, Py_TYPE(object));
    if (INTERBIND_LIKELY(known != NULL)) {
        *out = known;
        return INTERBIND_OK;
    }
    return interbind_find_slowly(context, site, object, out);
}

/* As `interbind_find`, for who has other ways to take an object: `INTERBIND_MISSING`, and no exception, when the object's
 * class isn't published under the site's name, nor one that it inherits from. */
INTERBIND_COLD interbind_status interbind_find_if_published(const interbind_context *context, interbind_site *site,
    PyObject *object, const interbind_type_record **out) {
    const interbind_type_record *record;
    interbind_found found;
    if (context == NULL || context->core == NULL || site == NULL || object == NULL || out == NULL) {
        return interbind_misuse("interbind_find_if_published",
            "an argument is NULL, or the module isn't bound to this interpreter");
    }
    record = interbind_site_known(site, Py_TYPE(object));
    record = record == NULL ? interbind_site_inherited(site, Py_TYPE(object)) : record;
    if (record != NULL) {
        *out = record;
        return INTERBIND_OK;
    }
    if (context->interpreter != interbind_interpreter()) {
        return interbind_refuse_elsewhere(context);
    }
    if (!interbind_look_everywhere(context, site, object, &found)) {
        return INTERBIND_FAILED;
    }
    return found.best == NULL ? INTERBIND_MISSING : interbind_site_judge(context, site, object, found.best, out);
}

/* Why a borrow can't be asked for. Returns NULL with an exception set. */
INTERBIND_COLD void *interbind_borrow_impossible(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    if (record == NULL || object == NULL || record->borrow == NULL || record->release == NULL) {
        interbind_misuse("interbind_borrow", "an argument is NULL");
        return NULL;
    }
    if (INTERBIND_LOAD(record->state) != INTERBIND_STATE_LIVE) {
        return interbind_record_refuse(record, object, INTERBIND_REASON_NOT_PUBLISHED, "the class isn't published any more",
            "find the object's record again", PyExc_TypeError);
    }
    return interbind_borrow_refuse(record, object, mode);
}

/* A provider gave no data: has it said why? Returns NULL with an exception set. */
INTERBIND_COLD void *interbind_borrow_failed(void) {
    if (PyErr_Occurred() == NULL) {
        interbind_misuse("interbind_borrow", "the provider gave no data and set no exception");
    }
    return NULL;
}

/* Borrows an object through its record: the data, or NULL with an exception set. Each one is given back once, with
 * `interbind_give_back`, the data and the same mode. An untracked class gives memory that others may write to at any time. */
static inline void *interbind_borrow(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    void *data;
    if (record == NULL || object == NULL || record->borrow == NULL || record->release == NULL ||
        INTERBIND_LOAD(record->state) != INTERBIND_STATE_LIVE || !interbind_mode_fits(record, mode)) {
        return interbind_borrow_impossible(record, object, mode);
    }
    data = record->borrow(record, object, mode);
    return INTERBIND_LIKELY(data != NULL) ? data : interbind_borrow_failed();
}

/* Ends a borrow that gave `data`; NULL, a borrow that failed, is none. */
static inline void interbind_give_back(const interbind_type_record *record, PyObject *object, void *data, uint32_t mode) {
    if (record != NULL && object != NULL && data != NULL && record->release != NULL) {
        record->release(record, object, data, mode);
    }
}

/* Gives back what isn't aligned, and refuses it. Returns NULL. */
INTERBIND_COLD void *interbind_borrow_misaligned(const interbind_site *site, const interbind_type_record *record,
    PyObject *object, void *data, uint32_t mode) {
    char line[128];
    snprintf(line, sizeof line, "address (bytes beyond a multiple of %u): provider has %u, this module expects 0",
        (unsigned)site->align, (unsigned)((uintptr_t)data & (site->align - 1)));
    interbind_give_back(record, object, data, mode);
    return interbind_record_refuse(record, object, INTERBIND_REASON_MISALIGNED, line,
        "have the provider keep its data where the type's alignment allows it", PyExc_TypeError);
}

/* As `interbind_borrow`, of a record that was found for this site: what isn't aligned as the site needs is refused. */
static inline void *interbind_borrow_from(const interbind_site *site, const interbind_type_record *record,
    PyObject *object, uint32_t mode) {
    void *data = interbind_borrow(record, object, mode);
    if (data != NULL && site != NULL && site->align > 1 && ((uintptr_t)data & (site->align - 1)) != 0) {
        return interbind_borrow_misaligned(site, record, object, data, mode);
    }
    return data;
}

/* Finds a base of a judged native class by its place; bases may be larger than this build knows. */
static inline const interbind_base *interbind_base_at(const interbind_type_record *record, uint32_t place) {
    return (const interbind_base *)(const void *)((const char *)(const void *)record->bases +
        (size_t)place * record->base_size);
}

/* Turns a pointer of a native class into one to its base of the site's key, through what all modules published. No
 * exception is ever set. `INTERBIND_MISSING`: it is no base. `INTERBIND_DIFFERS`: it is one more than once. */
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
