/* What `cimport interbind` brings into a module of Cython, which `interbind/__init__.pxd` declares: the module's binding, borrows
 * with the exceptions that Cython expects, and checks of a class's fields by the C compiler.
 *
 * A function that can fail returns NULL or -1, always with an exception set. A borrow is a variable of the caller's, who holds the
 * object; what was borrowed may be read without the GIL, and is given back with it. */
#ifndef INTERBIND_CYTHON_H
#define INTERBIND_CYTHON_H

#include <interbind/fields.h>
#include <interbind/interbind.h>

#include <stdlib.h>
#include <string.h>

/* The module that this is compiled into, as the others know it. */
static interbind_owner interbind_cython_owner = INTERBIND_OWNER("", "");
static interbind_slot interbind_cython_slot = INTERBIND_SLOT(&interbind_cython_owner, INTERBIND_NOT_SUPPORTED);
static interbind_binding interbind_cython_binding;

/* A borrow of an object; nothing is in one that was given back. */
typedef struct interbind_loan {
    const interbind_type_record *record;
    PyObject *object;
    void *data;
    uint32_t mode;
} interbind_loan;

/* A loan before anything was borrowed. */
static const interbind_loan interbind_cython_nothing = {NULL, NULL, NULL, 0};

/* A copy of a text that lives until the process ends: other modules show it. NULL with an exception. */
INTERBIND_COLD char *interbind_cython_kept(const char *text) {
    char *const kept = text == NULL ? NULL : (char *)malloc(strlen(text) + 1);
    if (kept != NULL) {
        strcpy(kept, text);
    } else if (PyErr_Occurred() == NULL) {
        PyErr_NoMemory();
    }
    return kept;
}

/* Binds the module of that name, which is being imported: 0, or -1 with an ImportError. */
INTERBIND_COLD int interbind_cython_bind(PyObject *name, const char *version) {
    PyObject *module = PyImport_GetModule(name);
    PyObject *text = module == NULL ? NULL : PyUnicode_AsUTF8String(name);
    interbind_status status = INTERBIND_FAILED;
    if (text != NULL && interbind_cython_owner.name.len == 0) {
        char *const texts[2] = {interbind_cython_kept(PyBytes_AsString(text)), interbind_cython_kept(version)};
        if (texts[0] == NULL || texts[1] == NULL) {
            free(texts[0]);
            free(texts[1]);
            Py_CLEAR(text);
        } else {
            interbind_cython_owner.name = interbind_str_of(texts[0]);
            interbind_cython_owner.version = interbind_str_of(texts[1]);
        }
    }
    if (text != NULL) {
        status = interbind_check_interpreter(interbind_cython_slot.tag, &interbind_cython_owner);
        if (status == INTERBIND_OK && interbind_cython_binding.context.core != NULL) {
            if (INTERBIND_LOAD(interbind_cython_binding.context.core->state) != INTERBIND_CORE_OPEN) {
                /* Python was ended and started again. */
                interbind_unbind(&interbind_cython_slot, &interbind_cython_binding);
            }
        }
        if (status == INTERBIND_OK && interbind_cython_binding.context.core == NULL) {
            status = interbind_bind(&interbind_cython_slot, module, NULL, &interbind_cython_binding);
        }
    } else if (PyErr_Occurred() == NULL) {
        PyErr_SetString(PyExc_ImportError, "interbind.bind: call it with `__name__`, while the module is imported");
    }
    Py_XDECREF(text);
    Py_XDECREF(module);
    return status == INTERBIND_OK ? 0 : -1;
}

/* Publishes a class: 0, or -1 with an exception set. */
INTERBIND_COLD int interbind_cython_publish(interbind_class *type, PyObject *py_type) {
    if (!PyType_Check(py_type)) {
        PyErr_SetString(PyExc_TypeError, "interbind.publish takes a class");
        return -1;
    }
    return interbind_class_publish(&interbind_cython_binding.context, type, (PyTypeObject *)(void *)py_type, NULL) ==
            INTERBIND_OK
        ? 0
        : -1;
}

/* Has a published class answer pybind11: 0, or -1 with an exception set. */
INTERBIND_COLD int interbind_cython_answer(interbind_conduit *conduit, PyObject *py_type) {
    if (!PyType_Check(py_type)) {
        PyErr_SetString(PyExc_TypeError, "interbind.answer_pybind11 takes a class");
        return -1;
    }
    return interbind_conduit_open(&interbind_cython_binding.context, conduit, (PyTypeObject *)(void *)py_type) == INTERBIND_OK
        ? 0
        : -1;
}

/* Borrows an object's data to read it: NULL with an exception set where that can't be. */
static inline const void *interbind_cython_read(interbind_site *site, PyObject *object, interbind_loan *loan) {
    int64_t offset;
    loan->data = NULL;
    if (interbind_find(&interbind_cython_binding.context, site, object, &loan->record) != INTERBIND_OK) {
        return NULL;
    }
    offset = INTERBIND_LOAD(loan->record->data_offset);
    if (offset != 0) {
        return (const char *)(const void *)object + offset;
    }
    loan->object = object;
    loan->mode = INTERBIND_BORROW_SHARED;
    loan->data = interbind_borrow_from(site, loan->record, object, INTERBIND_BORROW_SHARED);
    return loan->data;
}

/* Borrows an object's data to write it: exclusively where the class tracks its borrows, and as everybody else does where it tracks
 * none. NULL with an exception set where that can't be. */
static inline void *interbind_cython_write(interbind_site *site, PyObject *object, interbind_loan *loan) {
    loan->data = NULL;
    if (interbind_find(&interbind_cython_binding.context, site, object, &loan->record) != INTERBIND_OK) {
        return NULL;
    }
    loan->object = object;
    loan->mode =
        loan->record->aliasing == INTERBIND_ALIASING_UNTRACKED ? INTERBIND_BORROW_SHARED : INTERBIND_BORROW_EXCLUSIVE;
    loan->data = interbind_borrow_from(site, loan->record, object, loan->mode);
    return loan->data;
}

/* Gives back what was borrowed; with nothing in it, it does nothing. */
static inline void interbind_cython_done(interbind_loan *loan) {
    if (loan->data != NULL) {
        interbind_give_back(loan->record, loan->object, loan->data, loan->mode);
        loan->data = NULL;
    }
}

/* Doesn't compile unless a field of a `cdef public class` has this type, and lies that many bytes behind the first field: for fields that
 * no list of `fields.h` can have. What the descriptor says of them is the author's word. */
#define INTERBIND_CYTHON_FIELD(object, first, field, type, offset) \
    INTERBIND_FIELD_ASSERT(offsetof(object, field) - offsetof(object, first) == (offset), \
        "`" #field "` lies elsewhere than the layout says"); \
    INTERBIND_FIELD_ASSERT(INTERBIND_FIELD_IS(object, field, type), "`" #field "` has another type than `" #type "`")

/* An `interbind_class` of data that lies in the object: `offset` is set before it is published. */
#define INTERBIND_CYTHON_CLASS(name, version, layout, bytes, aliasing) \
    {(name), (version), (layout), NULL, NULL, 0, INTERBIND_KIND_DATA, (aliasing), \
        (aliasing) == INTERBIND_ALIASING_FROZEN ? INTERBIND_THREAD_ANY : INTERBIND_THREAD_ATTACHED, INTERBIND_FLAG_SUBCLASSABLE, \
        0, (bytes), NULL, NULL, NULL, NULL, NULL}

#endif /* INTERBIND_CYTHON_H */
