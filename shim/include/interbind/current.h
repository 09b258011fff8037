/* Which interpreter am I in? A module's slot: its binding to each interpreter that imported it.
 *
 * While one interpreter has the module, `interbind_current` is one load and a branch that is predicted. With several a thread-local
 * remembers the last answer: it is held against the current interpreter and against the slot's generation, which moves
 * with every bind and unbind, so neither a thread that moves nor an address that is used again can fool it. A bound call
 * needs none of this: function records, type records and module state carry the pointer.
 *
 * The slot's lock is held for a few loads and stores, never over a call. A thread that holds it may be another interpreter's,
 * with another GIL, so a fork could catch it held and leave the child with a lock that nobody gives back. Therefore each
 * slot takes part in forks from its first bind on: whoever forks holds the lock while the process is copied. */
#ifndef INTERBIND_CURRENT_H
#define INTERBIND_CURRENT_H

#include <Python.h>

#include <interbind/import.h>
#include <interbind/judge.h>
#include <interbind/module.h>

#if !defined(_WIN32) && !defined(__EMSCRIPTEN__) && !defined(__wasi__)
#include <pthread.h>
#define INTERBIND_FORKS 1
#else
#define INTERBIND_FORKS 0
#endif

/* A module's binding to one interpreter; stands in the module's state. A module that is imported anew while its former
 * object lives has one for each. */
typedef struct interbind_binding {
    interbind_context context;
    /* The module's own, for that interpreter. */
    void *state;
    /* The interpreter, compared and never followed. */
    const void *interpreter;
    struct interbind_binding *next;
} interbind_binding;

/* A module, across interpreters: a static of it, made by `INTERBIND_SLOT`. */
typedef struct interbind_slot {
    /* The newest binding while all are of one interpreter; else NULL. */
    interbind_binding *only;
    /* Moves with every bind and unbind. */
    uint64_t generation;
    /* Held over no Python API, and over nothing that takes long. */
    uint32_t lock;
    /* One of `INTERBIND_NOT_SUPPORTED`, `INTERBIND_SHARED_GIL`, `INTERBIND_PER_INTERPRETER_GIL`. */
    uint32_t tag;
    interbind_binding *bindings;
    interbind_owner *owner;
    /* Bits: 1 once the module's file was looked for, 2 once there was a binding, 4 once the slot takes part in forks. */
    uint32_t was_bound;
    /* True from the bind of a second interpreter on, until no binding is left. */
    uint32_t several;
    /* Which slot takes part in forks after this one. */
    struct interbind_slot *next_at_fork;
} interbind_slot;

/* Makes a slot: the module's owner record, which is a static too, and its tag. */
#define INTERBIND_SLOT(owner, tag) {NULL, 0, 0, (tag), NULL, (owner), 0, 0, NULL}

/* What a thread remembers: whose binding, in which interpreter, at which generation. */
typedef struct interbind_memory {
    const interbind_slot *slot;
    const void *interpreter;
    uint64_t generation;
    interbind_binding *binding;
} interbind_memory;

static inline interbind_memory *interbind_memory_of_thread(void) {
    static INTERBIND_THREAD_LOCAL interbind_memory memory;
    return &memory;
}

static inline void interbind_slot_lock(interbind_slot *slot) {
    while (INTERBIND_EXCHANGE(slot->lock, 1u) != 0) {
    }
}

static inline void interbind_slot_unlock(interbind_slot *slot) {
    INTERBIND_STORE(slot->lock, 0u);
}

#if INTERBIND_FORKS
/* This file's slots that take part in forks, and who takes them through one. */
static inline interbind_slot **interbind_slots_at_fork(void) {
    static interbind_slot *slots;
    return &slots;
}

/* Where this thread's fork begins in the list: a slot that comes in later isn't locked, and isn't unlocked. */
static inline interbind_slot **interbind_forking(void) {
    static INTERBIND_THREAD_LOCAL interbind_slot *first;
    return &first;
}

INTERBIND_COLD void interbind_before_fork(void) {
    interbind_slot *slot = INTERBIND_LOAD(*interbind_slots_at_fork());
    *interbind_forking() = slot;
    for (; slot != NULL; slot = slot->next_at_fork) {
        interbind_slot_lock(slot);
    }
}

INTERBIND_COLD void interbind_after_fork(void) {
    interbind_slot *slot;
    for (slot = *interbind_forking(); slot != NULL; slot = slot->next_at_fork) {
        interbind_slot_unlock(slot);
    }
}
#endif

/* Has a slot take part in forks, once. False, and a MemoryError is set, when the system has no room for that. */
INTERBIND_COLD int interbind_slot_forks(interbind_slot *slot) {
#if INTERBIND_FORKS
    static uint32_t registered;
    uint32_t bits;
    interbind_slot *first;
    interbind_slot_lock(slot);
    bits = slot->was_bound;
    slot->was_bound |= 4u;
    interbind_slot_unlock(slot);
    if ((bits & 4u) == 0) {
        /* In the list before anybody is called: a fork that comes in between finds the list without a caller. */
        first = INTERBIND_LOAD(*interbind_slots_at_fork());
        do {
            slot->next_at_fork = first;
        } while (!INTERBIND_SWAP(*interbind_slots_at_fork(), first, slot));
    }
    if (INTERBIND_EXCHANGE(registered, 1u) == 0 &&
        pthread_atfork(interbind_before_fork, interbind_after_fork, interbind_after_fork) != 0) {
        INTERBIND_STORE(registered, 0u);
        PyErr_NoMemory();
        return 0;
    }
#else
    (void)slot;
#endif
    return 1;
}

/* Looks among several bindings, and remembers. */
INTERBIND_COLD interbind_binding *interbind_current_slowly(interbind_slot *slot, const void *interpreter) {
    interbind_memory *memory = interbind_memory_of_thread();
    interbind_binding *found;
    interbind_slot_lock(slot);
    found = slot->bindings;
    while (found != NULL && found->interpreter != interpreter) {
        found = found->next;
    }
    memory->generation = slot->generation;
    interbind_slot_unlock(slot);
    memory->slot = slot;
    memory->interpreter = interpreter;
    memory->binding = found;
    return found;
}

/* With several bindings: this thread's last answer, if it is still one. */
static inline interbind_binding *interbind_current_of_several(interbind_slot *slot) {
    const interbind_memory *memory = interbind_memory_of_thread();
    const void *interpreter = interbind_interpreter();
    if (INTERBIND_LIKELY(memory->interpreter == interpreter && memory->slot == slot &&
            memory->generation == INTERBIND_LOAD(slot->generation))) {
        return memory->binding;
    }
    return interbind_current_slowly(slot, interpreter);
}

/* Returns the module's binding to the current interpreter, or NULL when it isn't bound there. The thread is attached. */
static inline interbind_binding *interbind_current(interbind_slot *slot) {
    interbind_binding *only = INTERBIND_LOAD(slot->only);
    if (INTERBIND_LIKELY(only != NULL)) {
        return only;
    }
    return interbind_current_of_several(slot);
}

/* Tells whether the process has no interpreter but the current one. */
static inline int interbind_is_alone(void) {
#if defined(PYPY_VERSION)
    return 1;
#elif defined(INTERBIND_LIMITED)
    return 0;
#else
    return PyInterpreterState_Next(PyInterpreterState_Head()) == NULL;
#endif
}

/* Writes the module's file into its owner record, once; the text lives until the process ends. */
INTERBIND_COLD void interbind_learn_file(interbind_slot *slot, PyObject *module) {
    PyObject *file, *bytes = NULL;
    char *copy = NULL;
    size_t len = 0;
    if (module == NULL) {
        return;
    }
    file = PyObject_GetAttrString(module, "__file__");
    if (file != NULL && PyUnicode_Check(file)) {
        bytes = PyUnicode_AsUTF8String(file);
    }
    if (bytes != NULL && PyBytes_AsString(bytes) != NULL) {
        len = strlen(PyBytes_AsString(bytes));
        copy = (char *)malloc(len + 1);
    }
    if (copy != NULL) {
        memcpy(copy, PyBytes_AsString(bytes), len + 1);
        interbind_slot_lock(slot);
        /* Before the record is shared for the first time, and never again. */
        if ((slot->was_bound & 3u) == 0) {
            slot->owner->file.ptr = (const uint8_t *)copy;
            slot->owner->file.len = len;
            copy = NULL;
        }
        slot->was_bound |= 1;
        interbind_slot_unlock(slot);
    }
    free(copy);
    Py_XDECREF(bytes);
    Py_XDECREF(file);
    PyErr_Clear();
}

/* Binds the module to the current interpreter: first thing when it is executed. `binding` stands in memory that lives
 * until `interbind_unbind`, as the module's state does.
 *
 * As `interbind_import`; an ImportError `interpreter-not-supported` where the module's tag forbids the interpreter, and
 * `INTERBIND_DIFFERS` with an ImportError when this binding is in use, as when a module is executed twice. */
INTERBIND_COLD interbind_status interbind_bind(interbind_slot *slot, PyObject *module,
    const interbind_minimum *minimum, interbind_binding *binding) {
    interbind_context context;
    interbind_status status;
    interbind_binding *other;
    const void *interpreter;
    int alone, elsewhere = 0;
    if (!interbind_is_attached()) {
        return INTERBIND_INVALID;
    }
    if (slot == NULL || binding == NULL || slot->owner == NULL) {
        return interbind_misuse("interbind_bind", "an argument is NULL");
    }
    if (!interbind_slot_forks(slot)) {
        return INTERBIND_FAILED;
    }
    status = interbind_check_interpreter(slot->tag, slot->owner);
    if (status != INTERBIND_OK) {
        return status;
    }
    interbind_learn_file(slot, module);
    status = interbind_import(slot->owner, minimum, &context);
    if (status != INTERBIND_OK) {
        return status;
    }
    interpreter = interbind_interpreter();
    alone = interbind_is_alone();
    interbind_slot_lock(slot);
    for (other = slot->bindings; other != NULL && other != binding; other = other->next) {
        elsewhere |= other->interpreter != interpreter;
    }
    if (other == NULL) {
        /* Of all that come first, one that comes after others have gone has the slot to itself when no interpreter is
         * left in which an object of theirs could still ask. */
        slot->several = slot->bindings == NULL ? !(alone || (slot->was_bound & 2u) == 0) : slot->several || elsewhere;
        binding->context = context;
        binding->interpreter = interpreter;
        binding->next = slot->bindings;
        slot->bindings = binding;
        slot->was_bound |= 2;
        INTERBIND_STORE(slot->only, slot->several ? (interbind_binding *)NULL : binding);
        INTERBIND_STORE(slot->generation, slot->generation + 1);
    }
    interbind_slot_unlock(slot);
    if (other != NULL) {
        interbind_leave(&context);
        PyErr_SetString(PyExc_ImportError, "interbind_bind: the module is bound already: it was executed twice");
        return INTERBIND_DIFFERS;
    }
    return INTERBIND_OK;
}

/* Ends a binding: last thing when the module's state is freed; on any thread. No exception is ever set.
 * `INTERBIND_MISSING`: it isn't one of the slot's, as when this is called twice. */
INTERBIND_COLD interbind_status interbind_unbind(interbind_slot *slot, interbind_binding *binding) {
    interbind_binding **place;
    if (slot == NULL || binding == NULL) {
        return INTERBIND_INVALID;
    }
    interbind_slot_lock(slot);
    place = &slot->bindings;
    while (*place != NULL && *place != binding) {
        place = &(*place)->next;
    }
    if (*place == NULL) {
        interbind_slot_unlock(slot);
        return INTERBIND_MISSING;
    }
    *place = binding->next;
    /* What remains of several interpreters isn't the only one again: an object that outlives its module may still ask. */
    INTERBIND_STORE(slot->only, slot->several ? (interbind_binding *)NULL : slot->bindings);
    INTERBIND_STORE(slot->generation, slot->generation + 1);
    interbind_slot_unlock(slot);
    return interbind_leave(&binding->context);
}

/* Returns the binding at the start of a module's state; NULL, and a SystemError is set, for a module that wasn't executed or
 * couldn't be bound: Python code can make one, and call its functions. */
static inline interbind_binding *interbind_binding_of(PyObject *module) {
    interbind_binding *binding = (interbind_binding *)PyModule_GetState(module);
    if (INTERBIND_LIKELY(binding != NULL && binding->context.core != NULL)) {
        return binding;
    }
    interbind_misuse("interbind_binding_of", "the module was made and never executed, or couldn't be bound");
    return NULL;
}

#endif /* INTERBIND_CURRENT_H */
