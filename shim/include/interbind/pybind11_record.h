/* What pybind11's own record says of a class: the size and the alignment of its C++ type. It is used to refuse, and proves nothing of
 * the fields.
 *
 * The record stands in pybind11's internals, whose layout goes with the version in their key: versions 4, 5, 11 and 12, with libstdc++.
 * Under any other key nothing is read. Python code may put a capsule of its own under such a key, so every word is read through the
 * kernel (`process_vm_readv`), to which a wrong address is an answer; and the record that is found must lead back to the class and
 * to the C++ name that is expected. Where the kernel gives no answer, or threads may change the map meanwhile, nothing is known. */
#ifndef INTERBIND_PYBIND11_RECORD_H
#define INTERBIND_PYBIND11_RECORD_H

#include <Python.h>

#include <interbind/adapted.h>

#if defined(__linux__) && !defined(Py_GIL_DISABLED) && !defined(Py_TARGET_ABI3T) && !defined(PYPY_VERSION)
#include <sys/uio.h>
#include <unistd.h>
#endif
/* What comes before Python.h may have chosen a libc without it. */
#if defined(__linux__) && !defined(Py_GIL_DISABLED) && !defined(Py_TARGET_ABI3T) && !defined(PYPY_VERSION) && \
    (defined(__USE_GNU) || !defined(__GLIBC__))
#define INTERBIND_READS_PYBIND11 1
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The start of pybind11's `type_info`, the same in all of them. */
typedef struct interbind_pybind11_type {
    const void *class_;
    const interbind_cpp_type *cpp_type;
    uint64_t size, align, holder_words;
} interbind_pybind11_type;

/* libstdc++'s `unordered_map` from a class to a `vector` of records, and a node of it. */
typedef struct interbind_pybind11_map {
    const char *buckets;
    uint64_t bucket_count;
    const void *first;
    uint64_t count, policy[2];
    const void *one_bucket;
} interbind_pybind11_map;
typedef struct interbind_pybind11_node {
    const struct interbind_pybind11_node *next;
    const void *class_;
    const char *begin, *end, *room;
} interbind_pybind11_node;

/* Reads this process's memory as the kernel does. False where there is none. */
INTERBIND_COLD int interbind_read_memory(const void *from, void *to, size_t size) {
#ifdef INTERBIND_READS_PYBIND11
    struct iovec here, there;
    memset(to, 0, size);
    here.iov_base = to;
    here.iov_len = size;
    there.iov_base = (void *)(uintptr_t)from;
    there.iov_len = size;
    return process_vm_readv(getpid(), &here, 1, &there, 1, 0) == (ssize_t)size;
#else
    (void)from;
    memset(to, 0, size);
    return 0;
#endif
}

/* Tells whether a record is that of a class and of a C++ name, and sound: then it is `*found`. */
INTERBIND_COLD int interbind_pybind11_is_record(const void *address, const void *class_, const char *name,
    interbind_pybind11_type *found) {
    interbind_cpp_type cpp_type;
    char said[256];
    const size_t len = strlen(name) + 1;
    return len <= sizeof said && interbind_read_memory(address, found, sizeof *found) && found->class_ == class_ &&
        interbind_read_memory(found->cpp_type, &cpp_type, sizeof cpp_type) && interbind_read_memory(cpp_type.name, said, len) &&
        memcmp(said, name, len) == 0 && found->align != 0 && (found->align & (found->align - 1)) == 0 &&
        found->size % found->align == 0;
}

/* Looks for a class's record in internals, whose map of classes lies at an offset. */
INTERBIND_COLD int interbind_pybind11_look_in(const void *capsule, size_t offset, const void *class_, const char *name,
    interbind_pybind11_type *found) {
    const char *internals, *bucket;
    const void *record;
    interbind_pybind11_map map;
    interbind_pybind11_node node;
    uint64_t place;
    int steps;
    memset(&node, 0, sizeof node);
    if (!interbind_read_memory(capsule, &internals, sizeof internals) ||
        !interbind_read_memory(internals + offset, &map, sizeof map) || map.bucket_count == 0) {
        return 0;
    }
    place = (uint64_t)(uintptr_t)class_ % map.bucket_count;
    /* A bucket leads to the node before its first. */
    if (!interbind_read_memory(map.buckets + place * sizeof(void *), &bucket, sizeof bucket) ||
        !interbind_read_memory(bucket, &node.next, sizeof node.next)) {
        return 0;
    }
    for (steps = 0; steps < 1000 && node.next != NULL; steps++) {
        if (!interbind_read_memory(node.next, &node, sizeof node) ||
            (uint64_t)(uintptr_t)node.class_ % map.bucket_count != place) {
            return 0;
        }
        if (node.class_ == class_) {
            return node.end == node.begin + sizeof record && interbind_read_memory(node.begin, &record, sizeof record) &&
                interbind_pybind11_is_record(record, class_, name, found);
        }
    }
    return 0;
}

/* Looks in those internals of a dict that have this id. */
INTERBIND_COLD int interbind_pybind11_look(PyObject *dict, const char *id, const void *class_, const char *name,
    interbind_pybind11_type *found) {
    static const struct {
        const char *version;
        size_t offset;
    } layouts[] = {{"4", 56}, {"5", 56}, {"11", 56}, {"12", 112}};
    char key[256];
    size_t i;
    int has = 0;
    for (i = 0; i < sizeof layouts / sizeof layouts[0] && dict != NULL && !has; i++) {
        PyObject *capsule;
        /* 2.x has a line before the id; it is part of the id that is asked with. */
        snprintf(key, sizeof key, "__pybind11_internals_v%s%s%s__", layouts[i].version, id[0] == '_' || i < 2 ? "" : "_", id);
        capsule = PyMapping_GetItemString(dict, key);
        if (capsule != NULL && PyCapsule_CheckExact(capsule) && PyCapsule_GetName(capsule) == NULL) {
            const void *const inside = PyCapsule_GetPointer(capsule, NULL);
            has = inside != NULL && interbind_pybind11_look_in(inside, layouts[i].offset, class_, name, found);
        }
        Py_XDECREF(capsule);
        PyErr_Clear();
    }
    return has;
}

/* Looks for what pybind11 says of a class that answered to an id: the record in its internals. False where it isn't known. */
INTERBIND_COLD int interbind_pybind11_measures(PyObject *class_, const char *id, const char *name, interbind_pybind11_type *found) {
    PyObject *builtins;
    int has;
    if (strstr(id, "libstdcpp") == NULL) {
        return 0;
    }
    has = interbind_pybind11_look(interbind_state_dict(), id, class_, name, found);
    if (!has) {
        builtins = PyImport_ImportModule("builtins");
        has = builtins != NULL && interbind_pybind11_look(PyModule_GetDict(builtins), id, class_, name, found);
        Py_XDECREF(builtins);
    }
    PyErr_Clear();
    return has;
}

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_PYBIND11_RECORD_H */
