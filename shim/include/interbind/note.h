/* The build note: what a finished module says about itself, so that `interbind check` and `interbind doctor` know its roles
 * without running it.
 *
 * Stands once in a module, at file scope:
 *
 *     INTERBIND_NOTE("stats", "0.3.1",
 *         INTERBIND_PROVIDES("org.stats.Summary", "1.0.0")
 *         INTERBIND_CONSUMES("org.frame.Point", "^1.2.0"))
 *
 * A module without roles gives "" as the third. INTERBIND_NOTE_TYPE adds the declaration of a type, once for each: without it a
 * reader knows who provides what, and not whether the layouts agree. In C++ INTERBIND_DATA adds it. No process reads notes. */
#ifndef INTERBIND_NOTE_H
#define INTERBIND_NOTE_H

#include <interbind/platform.h>

#define INTERBIND_PROVIDES(name, version) "\nprovides=" name " " version
#define INTERBIND_CONSUMES(name, requirement) "\nconsumes=" name " " requirement

#if defined(INTERBIND_STATIC)
#define INTERBIND_NOTE_RUNTIME "static"
#else
#define INTERBIND_NOTE_RUNTIME "wheel"
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#pragma section(".intbind", read)
/* External, since a static that nobody uses is left out. */
#define INTERBIND_NOTE_SECTION __declspec(allocate(".intbind")) __declspec(selectany)
#define INTERBIND_NOTE_PLACE extern INTERBIND_NOTE_SECTION
/* Around what C++ has of notes: each source has its own, where that can be kept. */
#define INTERBIND_NOTE_ALONE
#define INTERBIND_NOTE_ALONE_END
#else
#if defined(__APPLE__)
#define INTERBIND_NOTE_SECTION __attribute__((used, aligned(4), section("__DATA_CONST,__interbind")))
#elif defined(_WIN32)
#define INTERBIND_NOTE_SECTION __attribute__((used, aligned(4), section(".intbind")))
#else
#define INTERBIND_NOTE_SECTION __attribute__((used, aligned(4), section(".note.interbind")))
#endif
#define INTERBIND_NOTE_PLACE static INTERBIND_NOTE_SECTION
#define INTERBIND_NOTE_ALONE namespace {
#define INTERBIND_NOTE_ALONE_END }
#endif

/* A text's bytes with its end, as a multiple of 4; what is left of them is zero. */
#define INTERBIND_NOTE_ROUNDED(bytes) (((bytes) + 3) / 4 * 4)
#define INTERBIND_NOTE_SIZE(text) INTERBIND_NOTE_ROUNDED(sizeof(text))

#define INTERBIND_NOTE_ITEM(item, kind, text) \
    struct item { \
        uint32_t name_bytes; \
        uint32_t text_bytes; \
        uint32_t type; \
        char name[12]; \
        char said[INTERBIND_NOTE_SIZE(text)]; \
    }; \
    INTERBIND_NOTE_PLACE const struct item item##_said = {10, INTERBIND_NOTE_SIZE(text), kind, "interbind", text}

/* Writes the note of a module: its name as `import` writes it, its package's version, and its roles. */
#define INTERBIND_NOTE(name, version, roles) \
    INTERBIND_NOTE_ITEM(interbind_note_of_module, 1, \
        "name=" name "\nversion=" version "\ninterbind=" INTERBIND_VERSION "\npanic=none\ncompiler=" INTERBIND_COMPILER \
        "\nruntime=" INTERBIND_NOTE_RUNTIME "\nplatform=" INTERBIND_PLATFORM roles)

/* Writes the note of a type: an identifier that is used for nothing else, the type's version and its descriptor. */
#define INTERBIND_NOTE_TYPE(identifier, version, descriptor) \
    INTERBIND_NOTE_ITEM(interbind_note_of_##identifier, 2, version "\n" descriptor)

#endif /* INTERBIND_NOTE_H */
