/* In which interpreters a module may be imported: its tag, the slots that say so to CPython, and the check where CPython
 * says nothing.
 *
 * The slots came with 3.12 and 3.13 and have other numbers for a build against 3.15. A limited build that serves older
 * Pythons has room for them and fills it in when it is initialised. Before 3.12, and in a sub-interpreter that shares the
 * GIL, CPython lets a module pass that doesn't support it: there `interbind_bind` refuses. */
#ifndef INTERBIND_MODULE_H
#define INTERBIND_MODULE_H

#include <Python.h>

#include <interbind/import.h>

/* The main interpreter alone. */
#define INTERBIND_NOT_SUPPORTED 0u
/* Every interpreter that shares the main one's GIL. */
#define INTERBIND_SHARED_GIL 1u
/* Every interpreter. */
#define INTERBIND_PER_INTERPRETER_GIL 2u

/* The module relies on the GIL: importing it turns the GIL on in a free-threaded Python. */
#define INTERBIND_GIL_USED 0u
/* The module does without the GIL. */
#define INTERBIND_GIL_NOT_USED 1u

/* How a module ends its array of slots: `static PyModuleDef_Slot slots[] = {{Py_mod_exec, …}, INTERBIND_MODULE_SLOTS(…)};`
 * with `INTERBIND_FILL_SLOTS(slots, …)` in its PyInit function. Both take the tag, and whether the GIL is used. */
#if defined(Py_mod_multiple_interpreters) && defined(Py_mod_gil) && defined(Py_MOD_GIL_USED)
#define INTERBIND_MODULE_SLOTS(tag, gil) \
    {Py_mod_multiple_interpreters, INTERBIND_SLOT_VALUE(tag)}, {Py_mod_gil, INTERBIND_SLOT_VALUE(gil)}, {0, NULL}
#define INTERBIND_FILL_SLOTS(slots, tag, gil) ((void)(slots))
#elif defined(Py_mod_multiple_interpreters) && defined(Py_MOD_PER_INTERPRETER_GIL_SUPPORTED) && !defined(INTERBIND_LIMITED)
#define INTERBIND_MODULE_SLOTS(tag, gil) {Py_mod_multiple_interpreters, INTERBIND_SLOT_VALUE(tag)}, {0, NULL}
#define INTERBIND_FILL_SLOTS(slots, tag, gil) ((void)(slots))
#elif defined(INTERBIND_LIMITED)
#define INTERBIND_MODULE_SLOTS(tag, gil) {0, NULL}, {0, NULL}, {0, NULL}
#define INTERBIND_FILL_SLOTS(slots, tag, gil) \
    interbind_fill_slots((slots), sizeof(slots) / sizeof((slots)[0]), (tag), (gil))
#else
#define INTERBIND_MODULE_SLOTS(tag, gil) {0, NULL}
#define INTERBIND_FILL_SLOTS(slots, tag, gil) ((void)(slots))
#endif

/* A small number where a slot has a pointer. */
#define INTERBIND_SLOT_VALUE(number) ((void *)(uintptr_t)(number))

/* Fills the room at the end of an array of slots with what the running Python knows.
 *
 * Without a lock: whoever comes at the same time, in another interpreter, writes the same values. A value is written before
 * its number, so a number that is there has its value. */
INTERBIND_COLD void interbind_fill_slots(PyModuleDef_Slot *slots, size_t count, uint32_t tag, uint32_t gil) {
    /* The numbers that every limited build uses, before 3.15 and after. */
    static const int numbers[] = {3, 4};
    const long minor = interbind_python_minor();
    size_t at = count - 3;
    if (count < 4) {
        return;
    }
    if (minor >= 12 && INTERBIND_LOAD(slots[at].slot) == 0) {
        INTERBIND_STORE(slots[at].value, INTERBIND_SLOT_VALUE(tag));
        INTERBIND_STORE(slots[at].slot, numbers[0]);
    }
    if (minor >= 13 && INTERBIND_LOAD(slots[at + 1].slot) == 0) {
        INTERBIND_STORE(slots[at + 1].value, INTERBIND_SLOT_VALUE(gil));
        INTERBIND_STORE(slots[at + 1].slot, numbers[1]);
    }
}

/* Refuses a module in an interpreter that its tag forbids: `INTERBIND_FAILED`, and an ImportError is set. */
INTERBIND_COLD interbind_status interbind_check_interpreter(uint32_t tag, const interbind_owner *owner) {
#if defined(PYPY_VERSION)
    (void)tag;
    (void)owner;
#else
    interbind_refusal refusal;
    if (tag == INTERBIND_NOT_SUPPORTED && PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
        interbind_refusal_start(&refusal, INTERBIND_REASON_INTERPRETER_NOT_SUPPORTED, owner);
        snprintf(refusal.failed, sizeof refusal.failed, "cannot import '%.*s' into this interpreter",
            INTERBIND_SHOWN(owner->name));
        interbind_refusal_add(&refusal, "the module supports the main interpreter alone, and this is another one");
        snprintf(refusal.fix, sizeof refusal.fix, "import it in the main interpreter, or use a release that is "
                                                  "tagged `shared_gil` or `per_interpreter_gil`");
        return interbind_refusal_raise(&refusal, PyExc_ImportError);
    }
#endif
    return INTERBIND_OK;
}

#endif /* INTERBIND_MODULE_H */
