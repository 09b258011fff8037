/* Whether this thread may call Python.
 *
 * A limited build runs on every Python. From 3.12 on each thread knows its own thread state, and the limited API asks for it.
 * Before, there is one for the process: that of whoever holds the GIL, and a thread has to find out whether that is itself.
 * What helps is outside the limited API, so it is looked up by name, in three versions which don't change any more; where
 * nothing can be looked up, a thread that was attached once counts as attached. */
#ifndef INTERBIND_ATTACHED_H
#define INTERBIND_ATTACHED_H

#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include <interbind/judge.h>
#include <interbind/platform.h>

#if defined(INTERBIND_LIMITED) && INTERBIND_LIMITED + 0 < 0x030c0000 && !defined(PYPY_VERSION) && !defined(_WIN32)
#include <dlfcn.h>
#define INTERBIND_LOOKS_UP 1
/* Everything that is loaded; a dialect without extensions has no name for it. */
#if defined(RTLD_DEFAULT)
#define INTERBIND_LOADED RTLD_DEFAULT
#else
#define INTERBIND_LOADED NULL
#endif
#else
#define INTERBIND_LOOKS_UP 0
#endif

/* The minor version of the running Python, which a limited build learns late. Python is asked once, by whoever is first, which
 * is an import, attached: before 3.12 each call writes the text anew. */
static inline long interbind_python_minor(void) {
    static long known;
    long minor = INTERBIND_LOAD(known);
    if (minor == 0) {
        minor = strtol(Py_GetVersion() + 2, NULL, 10);
        INTERBIND_STORE(known, minor);
    }
    return minor;
}

/* The current interpreter's address; the thread is attached. */
static inline const void *interbind_interpreter(void) {
#if defined(PYPY_VERSION)
    return NULL;
#elif defined(INTERBIND_LIMITED)
    return PyInterpreterState_Get();
#elif PY_VERSION_HEX >= 0x030d0000
    const PyThreadState *state = PyThreadState_GetUnchecked();
    return state == NULL ? NULL : state->interp;
#else
    const PyThreadState *state = _PyThreadState_UncheckedGet();
    return state == NULL ? NULL : state->interp;
#endif
}

#if INTERBIND_LOOKS_UP
/* Tells whether this thread holds the GIL, before 3.12. */
INTERBIND_COLD int interbind_is_attached_before_3_12(long minor) {
    /* Bytes to `thread_id` in a thread state of 3.9, 3.10 and 3.11 with 64-bit pointers. */
    static const size_t places[] = {176, 176, 152};
    void *found = dlsym(INTERBIND_LOADED, "_PyThreadState_UncheckedGet");
    PyThreadState *(*current)(void);
    const PyThreadState *holder;
    unsigned long id;
    if (found == NULL) {
        return 1;
    }
    memcpy(&current, &found, sizeof current);
    holder = current();
    if (holder == NULL) {
        return 0;
    }
    if (holder == PyGILState_GetThisThreadState()) {
        return 1;
    }
    /* A sub-interpreter's thread state of this thread, or another thread's. */
    found = dlsym(INTERBIND_LOADED, "PyThread_get_thread_ident");
    if (minor < 9 || minor > 11 || sizeof(void *) != 8 || found == NULL) {
        return 0;
    }
    memcpy(&id, (const char *)holder + places[minor - 9], sizeof id);
    {
        unsigned long (*mine)(void);
        memcpy(&mine, &found, sizeof mine);
        return id == mine();
    }
}
#endif

/* Tells whether this thread may call Python. */
static inline int interbind_is_attached(void) {
#if defined(PYPY_VERSION)
    return PyGILState_Check();
#elif defined(INTERBIND_LIMITED)
    if (PyGILState_GetThisThreadState() == NULL) {
        return 0;
    }
    if (interbind_python_minor() >= 12) {
        return PyThreadState_GetDict() != NULL;
    }
#if INTERBIND_LOOKS_UP
    return interbind_is_attached_before_3_12(interbind_python_minor());
#else
    return 1;
#endif
#elif PY_VERSION_HEX >= 0x030d0000
    return PyThreadState_GetUnchecked() != NULL;
#elif PY_VERSION_HEX >= 0x030c0000
    return _PyThreadState_UncheckedGet() != NULL;
#else
    /* The state of whoever holds the GIL, on any thread. */
    const PyThreadState *state = _PyThreadState_UncheckedGet();
    return state != NULL && state->thread_id == PyThread_get_thread_ident();
#endif
}

#endif
