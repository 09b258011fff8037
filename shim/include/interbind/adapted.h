/* What adapters share: the records that they publish for other frameworks' classes, and reading a class past its metaclass.
 *
 * A record says what the site's author declared, and whose class it is. It is untracked, because C++ code may write at any time.
 * What differs between frameworks is how an object is borrowed; see from_pybind11.h and from_nanobind.h. */
#ifndef INTERBIND_ADAPTED_H
#define INTERBIND_ADAPTED_H

#include <Python.h>

#include <interbind/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct interbind_nanobind interbind_nanobind;

/* A record that an adapter publishes for a class; the record comes first. Never freed, and used again only with what it has: a thread
 * that is about to borrow through it may be anywhere. */
struct interbind_adapted {
    interbind_type_record record;
    const interbind_adapter *adapter;
    /* Of pybind11: the class's conduit, and what it is called with; owned. */
    PyObject *function, *id, *type, *kind;
    /* Of pybind11: the conduit has said that the value is where an object of the very class has a word for it. */
    uint32_t is_word;
    /* Of nanobind: the state that its class belongs to, and the C++ type that it has in it. */
    const interbind_nanobind *nanobind;
    const interbind_cpp_type *cpp_type;
    /* The interpreter that these belong to. */
    uint64_t serial[2];
    interbind_adapted *next;
    interbind_owner owner;
    /* The class's module, its framework, the version. */
    char texts[3][128];
};

/* The interpreter's own dict, where frameworks keep their states; borrowed, NULL where there is none, as on PyPy. */
INTERBIND_COLD PyObject *interbind_state_dict(void) {
#ifdef PYPY_VERSION
    return NULL;
#else
    return PyInterpreterState_GetDict(PyInterpreterState_Get());
#endif
}

/* Reads what `type` itself says of a class, whatever its metaclass would say. A new reference, or NULL with an exception. */
INTERBIND_COLD PyObject *interbind_type_part(PyObject *type, const char *name) {
    PyObject *const meta = (PyObject *)(void *)&PyType_Type;
    PyObject *dict = PyObject_GetAttrString(meta, "__dict__");
    PyObject *descriptor = dict == NULL ? NULL : PyMapping_GetItemString(dict, name);
    PyObject *found = descriptor == NULL ? NULL : PyObject_CallMethod(descriptor, "__get__", "OO", type, meta);
    Py_XDECREF(descriptor);
    Py_XDECREF(dict);
    return found;
}

/* Reads an entry of a class's own dict. A new reference, or NULL, and no exception is set. */
INTERBIND_COLD PyObject *interbind_type_own(PyObject *type, PyObject *name) {
    PyObject *dict = interbind_type_part(type, "__dict__");
    PyObject *found = dict == NULL ? NULL : PyObject_GetItem(dict, name);
    Py_XDECREF(dict);
    if (found == NULL) {
        PyErr_Clear();
    }
    return found;
}

/* Tells whether an object is a `str` with that text. */
INTERBIND_COLD int interbind_is_text(PyObject *object, const char *text) {
    return object != NULL && PyUnicode_CheckExact(object) && PyUnicode_CompareWithASCIIString(object, text) == 0;
}

/* Why an object has no value to lend. Returns NULL with an exception set; one that is set becomes its cause. */
INTERBIND_COLD void *interbind_adapted_refuse(const interbind_type_record *record, PyObject *object, const char *line) {
    return interbind_record_refuse(record, object, INTERBIND_REASON_WRONG_OBJECT, line,
        "make objects by calling their class, and don't use those that a function took over", PyExc_TypeError);
}

/* Refuses an object of another framework's class for a reason of the adapter's. */
INTERBIND_COLD interbind_status interbind_adapter_refuse(const interbind_context *context, const interbind_site *site,
    PyObject *object, const char *line, const char *fix) {
    interbind_refusal refusal;
    interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_WRONG_OBJECT);
    interbind_refusal_add(&refusal, "%s", line);
    snprintf(refusal.fix, sizeof refusal.fix, "%s", fix);
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Compares the size and alignment that a framework has of a class with what is expected; an alignment of 0 isn't known. That they are
 * equal proves nothing of the fields: it is used to refuse. */
INTERBIND_COLD interbind_status interbind_adapter_measure(const interbind_context *context, const interbind_site *site,
    PyObject *object, uint64_t size, uint64_t align) {
    interbind_refusal refusal;
    interbind_site_refuse(&refusal, context, site, object, INTERBIND_REASON_LAYOUT_DIFFERS);
    if (size != site->adapter->size) {
        interbind_refusal_add(&refusal, "size: provider has %llu, this module expects %llu", (unsigned long long)size,
            (unsigned long long)site->adapter->size);
    }
    if (align != 0 && align != site->align) {
        interbind_refusal_add(&refusal, "alignment: provider has %llu, this module expects %u", (unsigned long long)align,
            (unsigned)site->align);
    }
    if (refusal.parts[0] == '\0') {
        return INTERBIND_OK;
    }
    snprintf(refusal.fix, sizeof refusal.fix, "declare %s as the C++ class that the object's module was compiled with", site->name);
    return interbind_refusal_raise(&refusal, PyExc_TypeError);
}

/* Says whose class it is, and by which framework: the record's owner. */
INTERBIND_COLD void interbind_adapted_name(interbind_adapted *like, PyObject *class_, const char *framework, const char *id) {
    PyObject *module = interbind_type_part(class_, "__module__");
    PyObject *bytes = module == NULL || !PyUnicode_CheckExact(module) ? NULL : PyUnicode_AsUTF8String(module);
    const char *name = bytes == NULL ? NULL : PyBytes_AsString(bytes);
    snprintf(like->texts[0], sizeof like->texts[0], "%.100s", name == NULL ? "?" : name);
    snprintf(like->texts[1], sizeof like->texts[1], "(%s, %.100s)", framework, id == NULL ? "?" : id);
    PyErr_Clear();
    Py_XDECREF(bytes);
    Py_XDECREF(module);
}

/* Claims a free record of the same parts, or makes one; NULL with an exception set. */
INTERBIND_COLD interbind_adapted *interbind_adapted_claim(interbind_adapter *adapter, const interbind_adapted *like) {
    interbind_adapted *one;
    for (one = INTERBIND_LOAD(adapter->records); one != NULL; one = one->next) {
        uint32_t state = INTERBIND_STATE_FREE;
        if (one->function == like->function && one->nanobind == like->nanobind && one->cpp_type == like->cpp_type &&
            one->serial[0] == like->serial[0] && one->serial[1] == like->serial[1] &&
            INTERBIND_SWAP(one->record.state, state, INTERBIND_STATE_CLAIMED)) {
            return one;
        }
    }
    one = (interbind_adapted *)malloc(sizeof *one);
    if (one == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *one = *like;
    one->adapter = adapter;
    Py_XINCREF(one->function);
    Py_XINCREF(one->id);
    Py_XINCREF(one->type);
    Py_XINCREF(one->kind);
    one->record.state = INTERBIND_STATE_CLAIMED;
    one->next = INTERBIND_LOAD(adapter->records);
    while (!INTERBIND_SWAP(adapter->records, one->next, one)) {
    }
    return one;
}

/* Writes a new record: the site's declaration, and who the class's module is. */
INTERBIND_COLD void interbind_adapted_write(interbind_adapted *made, const interbind_site *site,
    void *(*borrow)(const interbind_type_record *record, PyObject *object, uint32_t mode)) {
    static const interbind_record_header header = INTERBIND_TYPE_HEADER;
    static const interbind_owner us = INTERBIND_OWNER("", "");
    if (INTERBIND_LOAD(made->record.borrow) != NULL) {
        /* It says so already. */
        return;
    }
    snprintf(made->texts[2], sizeof made->texts[2], "%u.%u.%u", (unsigned)site->least.major, (unsigned)site->least.minor,
        (unsigned)site->least.patch);
    made->owner = us;
    made->owner.name = interbind_str_of(made->texts[0]);
    made->owner.version = interbind_str_of(made->texts[1]);
    made->record.header = header;
    made->record.name = interbind_str_of(site->name);
    made->record.version_text = interbind_str_of(made->texts[2]);
    made->record.version = site->least;
    made->record.kind = site->kind;
    made->record.aliasing = INTERBIND_ALIASING_UNTRACKED;
    made->record.thread = INTERBIND_THREAD_ATTACHED;
    made->record.flags = INTERBIND_FLAG_SUBCLASSABLE;
    made->record.borrow = borrow;
    made->record.release = interbind_class_release_nothing;
    made->record.descriptor = interbind_str_of(site->descriptor);
    made->record.owner = &made->owner;
    made->record.native = interbind_str_of("");
    made->record.base_size = (uint32_t)sizeof(interbind_base);
    made->record.size = made->adapter->size;
}

/* Publishes a class, by a record of these parts. With any other status than `INTERBIND_OK` an exception is set. */
INTERBIND_COLD interbind_status interbind_adapted_publish(const interbind_context *context, interbind_site *site, PyObject *object,
    interbind_adapted *like, PyObject *class_,
    void *(*borrow)(const interbind_type_record *record, PyObject *object, uint32_t mode)) {
    interbind_adapted *made;
    interbind_status status;
    memcpy(like->serial, context->core->head.serial, sizeof like->serial);
    made = interbind_adapted_claim(site->adapter, like);
    if (made == NULL) {
        return INTERBIND_FAILED;
    }
    interbind_adapted_write(made, site, borrow);
    status = context->types->publish(context->types, &made->record, class_);
    if (status == INTERBIND_OK) {
        return INTERBIND_OK;
    }
    /* The record is lost: whether the registry has given it to somebody else by now, nobody knows. */
    return PyErr_Occurred() != NULL
        ? INTERBIND_FAILED
        : interbind_adapter_refuse(context, site, object, "the registry refuses the object's class",
              "use shared objects before the interpreter ends");
}

#ifdef __cplusplus
}
#endif

#endif /* INTERBIND_ADAPTED_H */
