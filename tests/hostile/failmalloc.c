/* Preloaded: this thread's n-th allocation fails, in Python, Rust or C.
 *
 * `hostile_call` runs a Python function between setting the fault and taking it back, so that nothing of the driver's own is
 * counted. Called by `fault.py`, and by `tests/src/failmalloc.py` around whole operations, through ctypes; never linked to Python, whose functions are looked up. GNU/Linux alone. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { FAIL_ONE = 0, FAIL_REST = 1, COLLECT = 2 };

/* Negative: nothing is counted. */
static __thread long left = -1;
static __thread long seen, hit;
static __thread int mode, inside;

static int collect(void *nothing) {
    long (*collector)(void) = (long (*)(void))dlsym(RTLD_DEFAULT, "PyGC_Collect");
    (void)nothing;
    if (collector != NULL) {
        collector();
    }
    return 0;
}

/* A collection can't run inside an allocation: it is asked for, and runs when Python code may run. */
static void ask_for_collection(void) {
    int (*add)(int (*)(void *), void *);
    inside = 1;
    add = (int (*)(int (*)(void *), void *))dlsym(RTLD_DEFAULT, "Py_AddPendingCall");
    if (add != NULL) {
        add(collect, NULL);
    }
    inside = 0;
}

static int fails(void) {
    if (left < 0 || inside) {
        return 0;
    }
    seen++;
    if (left > 0) {
        left--;
        return 0;
    }
    hit++;
    if (mode != FAIL_REST) {
        /* Counted on, and never reached again. */
        left = 0x7fffffff;
    }
    if (mode == COLLECT) {
        ask_for_collection();
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) {
    return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *from, size_t size) {
    return fails() ? NULL : __libc_realloc(from, size);
}

int posix_memalign(void **out, size_t align, size_t size) {
    void *made = fails() ? NULL : __libc_memalign(align, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *out = made;
    return 0;
}

void *aligned_alloc(size_t align, size_t size) {
    return fails() ? NULL : __libc_memalign(align, size);
}

void hostile_set(long n, int how) {
    mode = how;
    seen = hit = 0;
    left = n;
}

/* Counts no more; how many failed. */
long hostile_end(void) {
    left = -1;
    return hit;
}

long hostile_seen(void) {
    return seen;
}

long hostile_hit(void) {
    return hit;
}

/* Returns what the function returns: a new reference, or NULL and an exception. */
void *hostile_call(void *function, long n, int how) {
    void *(*call)(void *, void *) = (void *(*)(void *, void *))dlsym(RTLD_DEFAULT, "PyObject_CallObject");
    void *result;
    hostile_set(n, how);
    result = call(function, NULL);
    hostile_end();
    return result;
}
