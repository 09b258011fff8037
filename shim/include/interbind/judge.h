/* Judging a record of another build before anything but its header is read: magic, size, major, minor, functions.
 *
 * Used by everything that takes a pointer from another library. Must never look behind the first 16 bytes before they
 * vouch for more, and calls no Python. */
#ifndef INTERBIND_JUDGE_H
#define INTERBIND_JUDGE_H

#include <stddef.h>
#include <string.h>

#include <interbind/abi.h>
#include <interbind/compiler.h>

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

/* Tells whether a text can be read and is UTF-8: no surrogate, nothing longer than it need be, nothing beyond U+10FFFF. */
INTERBIND_COLD int interbind_str_is_utf8(interbind_str text) {
    uint64_t at = 0;
    if (!interbind_str_is_sound(text)) {
        return 0;
    }
    while (at < text.len) {
        const uint8_t first = text.ptr[at];
        const int more = first < 0x80 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        int i;
        if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) {
            return 0;
        }
        if (text.len - at <= (uint64_t)more) {
            return 0;
        }
        for (i = 1; i <= more; i++) {
            const uint8_t next = text.ptr[at + (uint64_t)i];
            const uint8_t least = i > 1 ? 0x80 : first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
            const uint8_t most = i > 1 ? 0xbf : first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
            if (next < least || next > most) {
                return 0;
            }
        }
        at += (uint64_t)more + 1;
    }
    return 1;
}

/* Takes the next word of a text, which goes on behind it; false when there is none. */
static inline int interbind_str_word(interbind_str *text, interbind_str *word) {
    uint64_t end = 0;
    if (!interbind_str_is_sound(*text) || text->len == 0) {
        return 0;
    }
    while (end < text->len && text->ptr[end] != ' ') {
        end++;
    }
    word->ptr = text->ptr;
    word->len = end;
    end += end < text->len ? 1 : 0;
    text->ptr += end;
    text->len -= end;
    return 1;
}

/* Splits a `key=value` word; false when it is none. */
static inline int interbind_str_split(interbind_str word, interbind_str *key, interbind_str *value) {
    uint64_t at = 0;
    while (at < word.len && word.ptr[at] != '=') {
        at++;
    }
    if (at == word.len) {
        return 0;
    }
    key->ptr = word.ptr;
    key->len = at;
    value->ptr = word.ptr + at + 1;
    value->len = word.len - at - 1;
    return 1;
}

/* Finds a part of a text of `key=value` words; empty when it isn't there. */
static inline interbind_str interbind_str_part_of(interbind_str text, interbind_str key) {
    interbind_str word, found, value;
    while (interbind_str_word(&text, &word)) {
        if (interbind_str_split(word, &found, &value) && interbind_str_same(found, key)) {
            return value;
        }
    }
    value.ptr = NULL;
    value.len = 0;
    return value;
}

/* Finds a part of a text by a key that is a C string. */
static inline interbind_str interbind_str_part(interbind_str text, const char *key) {
    return interbind_str_part_of(text, interbind_str_of(key));
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
    if (record == NULL) {
        return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "record (0 is NULL)", 0, 1);
    }
    if ((uintptr_t)record % sizeof(uint64_t) != 0) {
        return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "record's address (bytes beyond a multiple of 8)",
            (uint32_t)((uintptr_t)record % sizeof(uint64_t)), 0);
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
            return interbind_verdict_of(INTERBIND_REASON_MALFORMED_RECORD, "functions (the first that is NULL)",
                (uint32_t)at, 0);
        }
    }
    return interbind_verdict_of(NULL, NULL, 0, 0);
}

#endif /* INTERBIND_JUDGE_H */
