/* An extension in C that shares a type with others: it makes points, and measures those of any module.
 *
 * Built from the headers alone (`setup.py`, `CMakeLists.txt`): the implementation is another module's in the process, or the
 * wheel's. Every function has its module, and so the binding: nobody asks in which interpreter it is. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <interbind/interbind.h>
#include <math.h>

/* ---- Who this module is. ---- */

/* ANCHOR: owner */
static interbind_owner owner = INTERBIND_OWNER("cclient", "0.1.0");
static interbind_slot slot = INTERBIND_SLOT(&owner, INTERBIND_PER_INTERPRETER_GIL);
/* ANCHOR_END: owner */

#define POINT "org.frame.Point"
#define POINT_LAYOUT "data org.frame.Point size 16 align 8 { x: f64 @0; y: f64 @8 }"

/* What the doctor reads in the file. */
INTERBIND_NOTE("cclient", "0.1.0", INTERBIND_PROVIDES(POINT, "1.2.0") INTERBIND_CONSUMES(POINT, "^1.0.0"));
INTERBIND_NOTE_TYPE(point, "1.2.0", POINT_LAYOUT);

/* What each interpreter has of it; the binding comes first, where `interbind_binding_of` looks for it. */
typedef struct {
    interbind_binding binding;
    PyObject *point_type;
} module_state;

/* ---- The type: a class of Python around plain data. ---- */

typedef struct {
    double x;
    double y;
} point;

typedef struct {
    PyObject_HEAD
    point value;
} point_object;

static PyObject *point_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"x", "y", NULL};
    point value = {0, 0};
    point_object *self;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "dd", names, &value.x, &value.y)) {
        return NULL;
    }
    self = (point_object *)PyType_GenericAlloc(type, 0);
    if (self != NULL) {
        self->value = value;
    }
    return (PyObject *)self;
}

static void point_dealloc(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyType_Slot point_slots[] = {
    {Py_tp_new, (void *)point_new},
    {Py_tp_dealloc, (void *)point_dealloc},
    {Py_tp_doc, (void *)"A point in the plane, of C."},
    {0, NULL},
};

static PyType_Spec point_spec = {"cclient.Point", sizeof(point_object), 0, Py_TPFLAGS_DEFAULT, point_slots};

/* ---- Providing it. ---- */

/* ANCHOR: class */
static interbind_class shared_point = {
    .name = POINT,
    .version = "1.2.0",
    .descriptor = POINT_LAYOUT,
    .kind = INTERBIND_KIND_DATA,
    /* Nobody writes to a point, and each has its value before Python code sees it: consumers may read it without a call. */
    .aliasing = INTERBIND_ALIASING_FROZEN,
    .thread = INTERBIND_THREAD_ANY,
    /* Where the data lies in an object: the headers need nothing else to lend it, after a look at the object's class. */
    .data_offset = offsetof(point_object, value),
    .size = sizeof(point),
};
/* ANCHOR_END: class */

/* ---- Consuming it, from whoever provides it. ---- */

/* ANCHOR: norm */
static interbind_site points = INTERBIND_DATA_SITE(POINT, POINT_LAYOUT, 8, 1);

static PyObject *norm(PyObject *module, PyObject *argument) {
    const interbind_binding *binding = interbind_binding_of(module);
    const interbind_type_record *record = NULL;
    point *data;
    double length;
    if (binding == NULL || interbind_find(&binding->context, &points, argument, &record) != INTERBIND_OK) {
        return NULL;
    }
    data = (point *)interbind_borrow_from(&points, record, argument, INTERBIND_BORROW_SHARED);
    if (data == NULL) {
        return NULL;
    }
    length = hypot(data->x, data->y);
    interbind_give_back(record, argument, data, INTERBIND_BORROW_SHARED);
    return PyFloat_FromDouble(length);
}
/* ANCHOR_END: norm */

static PyMethodDef methods[] = {
    {"norm", norm, METH_O, "The length of a point's vector."},
    {NULL, NULL, 0, NULL},
};

/* ---- The module. ---- */

/* ANCHOR: execute */
static int execute(PyObject *module) {
    module_state *state = (module_state *)PyModule_GetState(module);
    if (interbind_bind(&slot, module, NULL, &state->binding) != INTERBIND_OK) {
        return -1;
    }
    state->point_type = PyType_FromModuleAndSpec(module, &point_spec, NULL);
    if (state->point_type == NULL || PyObject_SetAttrString(module, "Point", state->point_type) < 0) {
        return -1;
    }
    return interbind_class_publish(&state->binding.context, &shared_point, (PyTypeObject *)state->point_type, NULL) ==
            INTERBIND_OK ? 0 : -1;
}
/* ANCHOR_END: execute */

/* A module that was made and never executed may have no state, or one that is zero. */
static int traverse(PyObject *module, visitproc visit, void *arg) {
    module_state *state = (module_state *)PyModule_GetState(module);
    if (state != NULL) {
        Py_VISIT(state->point_type);
    }
    return 0;
}

static int clear(PyObject *module) {
    module_state *state = (module_state *)PyModule_GetState(module);
    if (state != NULL) {
        Py_CLEAR(state->point_type);
    }
    return 0;
}

/* ANCHOR: free */
static void free_module(void *module) {
    module_state *state = (module_state *)PyModule_GetState((PyObject *)module);
    clear((PyObject *)module);
    if (state != NULL) {
        interbind_unbind(&slot, &state->binding);
    }
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)execute},
    INTERBIND_MODULE_SLOTS(INTERBIND_PER_INTERPRETER_GIL, INTERBIND_GIL_NOT_USED),
};
/* ANCHOR_END: free */

static PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "cclient",
    .m_doc = "Points, in C.",
    .m_size = sizeof(module_state),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
    .m_free = free_module,
};

PyMODINIT_FUNC PyInit_cclient(void) {
    INTERBIND_FILL_SLOTS(slots, INTERBIND_PER_INTERPRETER_GIL, INTERBIND_GIL_NOT_USED);
    return PyModuleDef_Init(&definition);
}
