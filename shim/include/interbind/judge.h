/* Judging a record of another build before anything but its header is read: magic, size, major, minor, functions.
 *
 * Used by everything that takes a pointer from another library. Must never look behind the first 16 bytes before they
 * vouch for more, and calls no Python. */
#ifndef INTERBIND_JUDGE_H
#define INTERBIND_JUDGE_H

#include <stddef.h>
#include <string.h>

#include <interbind/abi.h>

#if defined(__GNUC__) || defined(__clang__)
#define INTERBIND_COLD static __attribute__((cold, noinline, unused))
#define INTERBIND_LIKELY(condition) __builtin_expect(!!(condition), 1)
#else
#error "interbind.h needs the atomic builtins of gcc or clang (on Windows: clang-cl)"
#endif

/* Atomic access to the fields of a record that move, and to what the headers keep in statics. */
#define INTERBIND_LOAD(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define INTERBIND_STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)

/* Tells whether a table reaches over a field: asked before a slot is used that came with a later minor than the one
 * that was asked for. */
#define INTERBIND_HAS(table, type, field) \
    ((size_t)((const interbind_record_header *)(table))->struct_size >= \
        offsetof(type, field) + sizeof(((type *)0)->field))

/* A kind of record, as this build knows it. */
typedef struct interbind_kind {
    const char *magic;
    uint16_t major;
    /* The newest minor that this build knows, and the oldest that will do. */
    uint16_t minor;
    uint16_t minimum;
    /* `sizes[m]`: bytes of minor `m`; there are `minor + 1`. */
    const uint32_t *sizes;
    /* Where the first function stands, and the byte behind the last one; both 0 when there is none. */
    size_t functions;
    size_t end;
} interbind_kind;

/* What is wrong with a record; `reason` is NULL when nothing is. */
typedef struct interbind_verdict {
    const char *reason;
    const char *part;
    /* The magic, when that differs; else the two numbers count. */
    const uint8_t *magic;
    uint32_t found;
    uint32_t expected;
} interbind_verdict;

/* Tells whether a text is a C string's, byte for byte. */
static inline int interbind_str_is(interbind_str text, const char *other) {
    const size_t len = strlen(other);
    if (text.len != len || text.ptr == NULL) {
        return text.len == 0 && len == 0;
    }
    return memcmp(text.ptr, other, len) == 0;
}

/* Tells whether two texts are the same; broken text is nobody's equal. */
static inline int interbind_str_same(interbind_str a, interbind_str b) {
    if (a.len != b.len || a.ptr == NULL || b.ptr == NULL) {
        return a.len == 0 && b.len == 0;
    }
    return a.len <= INTERBIND_MAX_TEXT && (a.ptr == b.ptr || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

/* Borrows a C string as a text. */
static inline interbind_str interbind_str_of(const char *text) {
    interbind_str out;
    out.ptr = (const uint8_t *)text;
    out.len = text == NULL ? 0 : (uint64_t)strlen(text);
    return out;
}

/* Tells whether a text can be read: not NULL with a length, and not too long. */
static inline int interbind_str_is_sound(interbind_str text) {
    return text.len == 0 || (text.ptr != NULL && text.len <= INTERBIND_MAX_TEXT);
}

/* Finds a part of a text of `key=value` words; empty when it isn't there. */
static inline interbind_str interbind_str_part(interbind_str text, const char *key) {
    const size_t len = strlen(key);
    interbind_str found = {NULL, 0};
    uint64_t at = 0;
    if (!interbind_str_is_sound(text)) {
        return found;
    }
    while (at < text.len) {
        uint64_t end = at;
        while (end < text.len && text.ptr[end] != ' ') {
            end++;
        }
        if (end - at > len && memcmp(text.ptr + at, key, len) == 0 && text.ptr[at + len] == '=') {
            found.ptr = text.ptr + at + len + 1;
            found.len = end - at - len - 1;
            return found;
        }
        at = end + 1;
    }
    return found;
}

static inline interbind_verdict interbind_verdict_of(const char *reason, const char *part, uint32_t found,
    uint32_t expected) {
    interbind_verdict verdict;
    verdict.reason = reason;
    verdict.part = part;
    verdict.magic = NULL;
    verdict.found = found;
    verdict.expected = expected;
    return verdict;
}

/* Judges a record in the order of the check: magic, size, major, minor, functions. */
INTERBIND_COLD interbind_verdict interbind_judge(const void *record, const interbind_kind *kind) {
    interbind_record_header header;
    interbind_verdict verdict;
    uint16_t known;
    size_t at;
    size_t end;
    if (record == NULL || (uintptr_t)record % sizeof(uint64_t) != 0) {
        return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "address (a multiple is expected)",
            (uint32_t)((uintptr_t)record % sizeof(uint64_t)), (uint32_t)sizeof(uint64_t));
    }
    memcpy(&header, record, sizeof header);
    if (memcmp(header.magic, kind->magic, sizeof header.magic) != 0) {
        verdict = interbind_verdict_of(INTERBIND_REASON_BAD_MAGIC, "magic", 0, 0);
        verdict.magic = (const uint8_t *)record;
        return verdict;
    }
    if (header.struct_size > INTERBIND_MAX_STRUCT_SIZE || header.struct_size % 8 != 0 ||
        header.struct_size < sizeof header) {
        return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "struct_size (at least, in steps of 8)",
            header.struct_size, (uint32_t)sizeof header);
    }
    if (header.major != kind->major) {
        return interbind_verdict_of(INTERBIND_REASON_OTHER_MAJOR, "major", header.major, kind->major);
    }
    known = header.minor < kind->minor ? header.minor : kind->minor;
    if (header.struct_size < kind->sizes[known]) {
        return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "struct_size (at least, in steps of 8)",
            header.struct_size, kind->sizes[known]);
    }
    if (header.minor < kind->minimum) {
        return interbind_verdict_of(INTERBIND_REASON_SERVICE_TOO_OLD, "minor (at least)", header.minor,
            kind->minimum);
    }
    /* Behind an older minor's end there is nothing to look at. */
    end = kind->end < header.struct_size ? kind->end : header.struct_size;
    for (at = kind->functions; at < end; at += sizeof(void *)) {
        const void *function;
        memcpy(&function, (const char *)record + at, sizeof function);
        if (function == NULL) {
            return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "functions (NULL at)", (uint32_t)at, 0);
        }
    }
    return interbind_verdict_of(NULL, NULL, 0, 0);
}

#endif /* INTERBIND_JUDGE_H */
