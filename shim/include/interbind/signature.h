/* The types of C functions as text, in one form: what two builds compare before one calls the other.
 *
 * It is C's declaration without names, as Cython and SciPy write it: `double (int, double *, void *)`. Reads any bytes: what is too
 * long, or no such declaration, isn't one. Calls no Python. */
#ifndef INTERBIND_SIGNATURE_H
#define INTERBIND_SIGNATURE_H

#include <string.h>

#include <interbind/abi.h>
#include <interbind/compiler.h>

/* The longest text that is read or written, with its end mark, and the most parameters. */
#define INTERBIND_MAX_SIGNATURE 1024
#define INTERBIND_MAX_SIGNATURE_PARAMETERS 64

/* A text that is read, and what is written of it. */
typedef struct interbind_signature_reader {
    const uint8_t *at, *end;
    char *out;
    size_t len;
    int failed;
} interbind_signature_reader;

INTERBIND_COLD void interbind_signature_write(interbind_signature_reader *reader, const void *text, size_t len) {
    if (len >= INTERBIND_MAX_SIGNATURE - reader->len) {
        reader->failed = 1;
        return;
    }
    memcpy(reader->out + reader->len, text, len);
    reader->len += len;
}

INTERBIND_COLD void interbind_signature_say(interbind_signature_reader *reader, const char *text) {
    interbind_signature_write(reader, text, strlen(text));
}

/* Goes over spaces; the next byte, or 0 at the end. */
INTERBIND_COLD int interbind_signature_next(interbind_signature_reader *reader) {
    while (reader->at < reader->end && (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n')) {
        reader->at++;
    }
    return reader->at < reader->end ? *reader->at : 0;
}

/* Takes a byte if it is the next one. */
INTERBIND_COLD int interbind_signature_take(interbind_signature_reader *reader, int byte) {
    if (interbind_signature_next(reader) != byte) {
        return 0;
    }
    reader->at++;
    return 1;
}

/* Takes a word: letters, digits, `_`, and `.` and `@` of the names of shared types. Its length; 0: the next byte starts no word. */
INTERBIND_COLD size_t interbind_signature_word(interbind_signature_reader *reader, const uint8_t **word) {
    const int first = interbind_signature_next(reader);
    if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '_')) {
        return 0;
    }
    *word = reader->at;
    while (reader->at < reader->end) {
        const int byte = *reader->at;
        if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '_' ||
                byte == '.' || byte == '@')) {
            break;
        }
        reader->at++;
    }
    return (size_t)(reader->at - *word);
}

INTERBIND_COLD int interbind_signature_is(const uint8_t *word, size_t len, const char *text) {
    return strlen(text) == len && memcmp(word, text, len) == 0;
}

/* Reads the words of a type, and writes them in their one order. Returns whether `const` was among them. */
INTERBIND_COLD int interbind_signature_base(interbind_signature_reader *reader) {
    /* How often each of these words was there: no type has one more than twice. */
    static const char *const words[] = {"const", "unsigned", "signed", "long", "short", "int", "char", "double"};
    unsigned seen[8] = {0, 0, 0, 0, 0, 0, 0, 0}, all = 0, at;
    const uint8_t *word, *other = NULL;
    size_t len, other_len = 0;
    const char *tag = NULL;
    while ((len = interbind_signature_word(reader, &word)) != 0 && !reader->failed) {
        for (at = 0; at < 8 && !interbind_signature_is(word, len, words[at]); at++) {
        }
        if (at < 8) {
            reader->failed |= ++seen[at] > (at == 3 ? 2u : 1u);
            all += at > 0;
        } else if (interbind_signature_is(word, len, "volatile") || interbind_signature_is(word, len, "restrict")) {
            reader->failed = 1;
        } else if (interbind_signature_is(word, len, "struct") || interbind_signature_is(word, len, "union") ||
            interbind_signature_is(word, len, "enum")) {
            reader->failed |= tag != NULL || other != NULL;
            tag = *word == 's' ? "struct " : *word == 'u' ? "union " : "enum ";
        } else {
            reader->failed |= other != NULL;
            other = word;
            other_len = len;
        }
    }
    if (other != NULL) {
        reader->failed |= all != 0;
        interbind_signature_say(reader, tag == NULL ? "" : tag);
        interbind_signature_write(reader, other, other_len);
        return seen[0] != 0;
    }
    reader->failed |= all == 0 || tag != NULL || seen[1] + seen[2] > 1;
    if (seen[7] != 0) {
        reader->failed |= all != seen[7] + seen[3] || seen[3] > 1;
        interbind_signature_say(reader, seen[3] != 0 ? "long double" : "double");
    } else if (seen[6] != 0) {
        reader->failed |= all != seen[6] + seen[1] + seen[2];
        interbind_signature_say(reader, seen[1] != 0 ? "unsigned char" : seen[2] != 0 ? "signed char" : "char");
    } else {
        reader->failed |= seen[4] != 0 && seen[3] != 0;
        interbind_signature_say(reader, seen[1] != 0 ? "unsigned " : "");
        interbind_signature_say(reader,
            seen[4] != 0       ? "short"
                : seen[3] == 2 ? "long long"
                : seen[3] == 1 ? "long"
                               : "int");
    }
    return seen[0] != 0;
}

/* Reads a type. What says only that a value itself doesn't change is left out: to a caller it is the same. */
INTERBIND_COLD void interbind_signature_type(interbind_signature_reader *reader) {
    int is_const = interbind_signature_base(reader), is_first = 1;
    while (!reader->failed && interbind_signature_take(reader, '*')) {
        const uint8_t *word;
        size_t len;
        if (is_const) {
            interbind_signature_say(reader, is_first ? " const" : "const");
        }
        interbind_signature_say(reader, is_first || is_const ? " *" : "*");
        is_first = is_const = 0;
        while ((len = interbind_signature_word(reader, &word)) != 0) {
            reader->failed |= is_const || !interbind_signature_is(word, len, "const");
            is_const = 1;
        }
    }
}

/* Writes a signature in its one form, with an end mark. `out` has room for INTERBIND_MAX_SIGNATURE bytes. Its length; 0: the text
 * is no signature. */
INTERBIND_COLD size_t interbind_signature(interbind_str text, char *out) {
    interbind_signature_reader reader;
    size_t start, parameters = 0;
    if (text.ptr == NULL || text.len >= INTERBIND_MAX_SIGNATURE) {
        return 0;
    }
    reader.at = text.ptr;
    reader.end = text.ptr + text.len;
    reader.out = out;
    reader.len = 0;
    reader.failed = 0;
    interbind_signature_type(&reader);
    reader.failed |= !interbind_signature_take(&reader, '(');
    interbind_signature_say(&reader, " (");
    start = reader.len;
    if (!reader.failed && interbind_signature_next(&reader) == ')') {
        interbind_signature_say(&reader, "void");
    } else {
        size_t from;
        do {
            interbind_signature_say(&reader, parameters == 0 ? "" : ", ");
            from = reader.len;
            interbind_signature_type(&reader);
            /* A parameter can't have the type `void`. `(void)` alone says that the function has no parameters. */
            if (!reader.failed && reader.len - from == 4 && memcmp(out + from, "void", 4) == 0) {
                reader.failed |= from != start || interbind_signature_next(&reader) != ')';
            }
        } while (!reader.failed && ++parameters <= INTERBIND_MAX_SIGNATURE_PARAMETERS && interbind_signature_take(&reader, ','));
    }
    reader.failed |= parameters > INTERBIND_MAX_SIGNATURE_PARAMETERS || !interbind_signature_take(&reader, ')') ||
        interbind_signature_next(&reader) != 0 || reader.at != reader.end;
    interbind_signature_say(&reader, ")");
    if (reader.failed) {
        return 0;
    }
    out[reader.len] = '\0';
    return reader.len;
}

#endif /* INTERBIND_SIGNATURE_H */
