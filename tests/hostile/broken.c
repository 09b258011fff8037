/* A provider and a consumer with the faults that the attacks are to find: it proves that they are found.
 *
 * It learns of a class's death from a weak reference's callback that is a builtin function, which Python doesn't enter at the
 * recursion limit. It writes to what an allocation gave without a look. It refuses without a word when memory ends. It reads
 * where the object was that it read last. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

typedef struct {
    PyObject_HEAD
    double value;
} thing;

typedef struct entry {
    PyTypeObject *type;
    PyObject *reference;
    struct entry *next;
} entry;

static entry *entries;

static PyObject *thing_new(PyTypeObject *type, PyObject *arguments, PyObject *names) {
    double value;
    PyObject *made;
    (void)names;
    if (!PyArg_ParseTuple(arguments, "d", &value)) {
        return NULL;
    }
    made = PyType_GenericAlloc(type, 0);
    if (made != NULL) {
        ((thing *)made)->value = value;
    }
    return made;
}

static void thing_dealloc(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyObject *on_death(PyObject *self, PyObject *reference) {
    entry **place = &entries;
    (void)self;
    while (*place != NULL) {
        entry *found = *place;
        if (found->reference == reference) {
            *place = found->next;
            Py_DECREF(found->reference);
            free(found);
        } else {
            place = &found->next;
        }
    }
    Py_RETURN_NONE;
}

static PyMethodDef death = {"on_death", on_death, METH_O, NULL};

static PyObject *fresh(PyObject *module, PyObject *nothing) {
    static PyType_Slot slots[] = {
        {Py_tp_new, (void *)thing_new}, {Py_tp_dealloc, (void *)thing_dealloc}, {0, NULL}};
    static PyType_Spec spec = {"broken.Thing", sizeof(thing), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
    PyObject *type = PyType_FromSpec(&spec);
    PyObject *callback;
    entry *made;
    (void)module;
    (void)nothing;
    if (type == NULL) {
        return PyErr_Occurred() != NULL ? NULL : PyErr_NoMemory();
    }
    made = (entry *)malloc(sizeof(entry));
    /* No look at `made`. */
    ((volatile entry *)made)->type = (PyTypeObject *)type;
    callback = PyCFunction_New(&death, NULL);
    made->reference = PyWeakref_NewRef(type, callback);
    made->next = entries;
    entries = made;
    Py_XDECREF(callback);
    return type;
}

static const thing *last;

static PyObject *again(PyObject *module, PyObject *nothing) {
    (void)module;
    (void)nothing;
    return PyFloat_FromDouble(last != NULL ? last->value : 0.0);
}

static PyObject *read_thing(PyObject *module, PyObject *object) {
    const entry *found;
    char *text;
    (void)module;
    for (found = entries; found != NULL; found = found->next) {
        if (found->type == Py_TYPE(object)) {
            last = (thing *)object;
            return PyFloat_FromDouble(last->value);
        }
    }
    text = (char *)malloc(64);
    if (text == NULL) {
        /* No word. */
        return NULL;
    }
    free(text);
    return PyErr_Format(PyExc_TypeError, "no thing (wrong-object)");
}

static PyObject *records(PyObject *module, PyObject *nothing) {
    const entry *found;
    long count = 0;
    (void)module;
    (void)nothing;
    for (found = entries; found != NULL; found = found->next) {
        count++;
    }
    return PyLong_FromLong(count);
}

static PyMethodDef methods[] = {
    {"fresh", fresh, METH_NOARGS, NULL},
    {"read", read_thing, METH_O, NULL},
    {"again", again, METH_NOARGS, NULL},
    {"records", records, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "broken", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_broken(void) {
    return PyModule_Create(&definition);
}
