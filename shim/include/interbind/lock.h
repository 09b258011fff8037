/* Argument locks: a critical section over one object or two on a free-threaded build, and nothing with a GIL.
 *
 * A lock of our own would deadlock where there is a GIL: its holder may give the GIL up to a thread that waits for the
 * lock. Sections nest and are given up while the thread waits; what they protect is one object's own memory. */
#ifndef INTERBIND_LOCK_H
#define INTERBIND_LOCK_H

#include <Python.h>

/* One object's section, or two objects'; on the stack, ended in the reverse order. */
#if defined(Py_GIL_DISABLED) && (!defined(Py_LIMITED_API) || defined(Py_TARGET_ABI3T))
#define INTERBIND_HAS_SECTIONS 1
typedef PyCriticalSection interbind_section;
typedef PyCriticalSection2 interbind_section2;
#else
#define INTERBIND_HAS_SECTIONS 0
typedef char interbind_section;
typedef char interbind_section2;
#endif

/* Locks an object until `interbind_unlock`. */
static inline void interbind_lock(interbind_section *section, PyObject *object) {
#if INTERBIND_HAS_SECTIONS
    PyCriticalSection_Begin(section, object);
#else
    (void)section;
    (void)object;
#endif
}

/* Ends a section. */
static inline void interbind_unlock(interbind_section *section) {
#if INTERBIND_HAS_SECTIONS
    PyCriticalSection_End(section);
#else
    (void)section;
#endif
}

/* Locks two objects, which may be the same, until `interbind_unlock2`; in an order that can't deadlock. */
static inline void interbind_lock2(interbind_section2 *section, PyObject *a, PyObject *b) {
#if INTERBIND_HAS_SECTIONS
    PyCriticalSection2_Begin(section, a, b);
#else
    (void)section;
    (void)a;
    (void)b;
#endif
}

/* Ends a section of two. */
static inline void interbind_unlock2(interbind_section2 *section) {
#if INTERBIND_HAS_SECTIONS
    PyCriticalSection2_End(section);
#else
    (void)section;
#endif
}

#endif /* INTERBIND_LOCK_H */
