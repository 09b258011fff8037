/* Preloaded: this thread's n-th allocation fails, in Python, Rust or C; or in Python's own allocators alone, which
 * `hostile_wrap` puts itself in front of: where they have memory of their own, the C library isn't asked.
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

/* `PYTHON_`: what is asked of Python's allocators, and nothing else. */
enum { FAIL_ONE = 0, FAIL_REST = 1, COLLECT = 2, PYTHON_ONE = 3, PYTHON_REST = 4 };

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

static int fails(int of_python) {
    if (left < 0 || inside || (mode >= PYTHON_ONE && !of_python)) {
        return 0;
    }
    seen++;
    if (left > 0) {
        left--;
        return 0;
    }
    hit++;
    if (mode != FAIL_REST && mode != PYTHON_REST) {
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
    return fails(0) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return fails(0) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *from, size_t size) {
    return fails(0) ? NULL : __libc_realloc(from, size);
}

int posix_memalign(void **out, size_t align, size_t size) {
    void *made = fails(0) ? NULL : __libc_memalign(align, size);
    if (made == NULL) {
        return ENOMEM;
    }
    *out = made;
    return 0;
}

void *aligned_alloc(size_t align, size_t size) {
    return fails(0) ? NULL : __libc_memalign(align, size);
}

/* As Python has it: `PyMemAllocatorEx`. */
typedef struct {
    void *context;
    void *(*malloc)(void *, size_t);
    void *(*calloc)(void *, size_t, size_t);
    void *(*realloc)(void *, void *, size_t);
    void (*free)(void *, void *);
} allocator;

/* Raw memory, memory, objects. */
enum { DOMAINS = 3 };
static allocator originals[DOMAINS];

static void *python_malloc(void *context, size_t size) {
    const allocator *original = (const allocator *)context;
    return fails(1) ? NULL : original->malloc(original->context, size);
}

static void *python_calloc(void *context, size_t count, size_t size) {
    const allocator *original = (const allocator *)context;
    return fails(1) ? NULL : original->calloc(original->context, count, size);
}

static void *python_realloc(void *context, void *from, size_t size) {
    const allocator *original = (const allocator *)context;
    return fails(1) ? NULL : original->realloc(original->context, from, size);
}

static void python_free(void *context, void *from) {
    const allocator *original = (const allocator *)context;
    original->free(original->context, from);
}

/* Puts this file in front of Python's allocators; 0 where they can't be replaced. */
int hostile_wrap(void) {
    void (*get)(int, allocator *) = (void (*)(int, allocator *))dlsym(RTLD_DEFAULT, "PyMem_GetAllocator");
    void (*set)(int, allocator *) = (void (*)(int, allocator *))dlsym(RTLD_DEFAULT, "PyMem_SetAllocator");
    int domain;
    if (get == NULL || set == NULL) {
        return 0;
    }
    for (domain = 0; domain < DOMAINS; domain++) {
        allocator ours = {&originals[domain], python_malloc, python_calloc, python_realloc, python_free};
        get(domain, &originals[domain]);
        set(domain, &ours);
    }
    return 1;
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
