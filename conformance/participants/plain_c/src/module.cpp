// Both modules: a heap type for each type of the zoo, whose objects hold its bytes.
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include ZOO_HPP

#include <atomic>
#include <cstring>
#include <string>

namespace {

std::atomic<long> objects{0}, touched{0};

struct Object {
    PyObject_HEAD
    unsigned char data[1];
};

// A type of the zoo, and the class that this module has made of it.
struct Kind {
    const char *id, *name;
    std::size_t size;
    const zoo::Field *fields;
    std::size_t field_count;
    PyTypeObject *type;
};
#define KIND_OF(T) \
    {zoo::About<zoo::T>::id, #T, sizeof(zoo::T), zoo::About<zoo::T>::fields, \
        sizeof zoo::About<zoo::T>::fields / sizeof(zoo::Field), nullptr},
Kind kinds[] = {WITH_ZOO(KIND_OF)};

Kind *kind_of(const char *id) {
    for (Kind &kind : kinds)
        if (std::strcmp(kind.id, id) == 0)
            return &kind;
    PyErr_SetString(PyExc_ValueError, "no type of the zoo");
    return nullptr;
}

unsigned char *data_of(PyObject *object) { return reinterpret_cast<Object *>(object)->data; }

void destroy(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    --objects;
    type->tp_free(self);
    Py_DECREF(type);
}

PyObject *make(PyObject *, PyObject *arguments) {
    const char *id, *bytes;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "sy#", &id, &bytes, &size))
        return nullptr;
    Kind *kind = kind_of(id);
    if (kind == nullptr)
        return nullptr;
    if (static_cast<std::size_t>(size) != kind->size) {
        PyErr_SetString(PyExc_ValueError, "bytes of another size");
        return nullptr;
    }
    PyObject *object = kind->type->tp_alloc(kind->type, 0);
    if (object != nullptr) {
        ++objects;
        std::memcpy(data_of(object), bytes, kind->size);
    }
    return object;
}

#ifdef ROLE_PROVIDER

// The kind of an object of this module's.
Kind *kind_of(PyObject *object) {
    for (Kind &kind : kinds)
        if (Py_TYPE(object) == kind.type)
            return &kind;
    return nullptr;
}

PyObject *peek(PyObject *, PyObject *object) {
    Kind *kind = kind_of(object);
    if (kind == nullptr)
        return PyErr_Format(PyExc_TypeError, "no object of the zoo: '%s'", Py_TYPE(object)->tp_name);
    return PyBytes_FromStringAndSize(reinterpret_cast<char *>(data_of(object)), kind->size);
}

PyObject *drop_all(PyObject *, PyObject *) { Py_RETURN_NONE; }

constexpr char ROLE[] = "provider";

#else

// Tells whether an object is one of the kind; else a TypeError is set.
bool fits(PyObject *object, const Kind *kind) {
    if (Py_TYPE(object) == kind->type)
        return true;
    PyErr_Format(PyExc_TypeError, "'%s' object is not an instance of '%s'", Py_TYPE(object)->tp_name, kind->type->tp_name);
    return false;
}

PyObject *read(PyObject *, PyObject *arguments) {
    const char *id;
    PyObject *object;
    if (!PyArg_ParseTuple(arguments, "sO", &id, &object))
        return nullptr;
    Kind *kind = kind_of(id);
    if (kind == nullptr || !fits(object, kind))
        return nullptr;
    ++touched;
    return PyBytes_FromStringAndSize(reinterpret_cast<char *>(data_of(object)), kind->size);
}

PyObject *write(PyObject *, PyObject *arguments) {
    const char *id, *field, *bytes;
    PyObject *object;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "sOsy#", &id, &object, &field, &bytes, &size))
        return nullptr;
    Kind *kind = kind_of(id);
    if (kind == nullptr || !fits(object, kind))
        return nullptr;
    for (std::size_t i = 0; i < kind->field_count; ++i)
        if (std::strcmp(kind->fields[i].name, field) == 0 && kind->fields[i].size == static_cast<std::size_t>(size)) {
            ++touched;
            std::memcpy(data_of(object) + kind->fields[i].offset, bytes, size);
            Py_RETURN_NONE;
        }
    PyErr_SetString(PyExc_ValueError, "no field of the type");
    return nullptr;
}

constexpr char ROLE[] = "consumer";

#endif

PyObject *identity(PyObject *, PyObject *) {
    return Py_BuildValue("{s:s,s:s,s:s}", "build", CONFORMANCE_BUILD, "role", ROLE, "mutation", zoo::MUTATION);
}

PyObject *live(PyObject *, PyObject *) {
    return Py_BuildValue("{s:l,s:l}", "objects", objects.load(), "touched", touched.load());
}

PyMethodDef methods[] = {
    {"identity", identity, METH_NOARGS, nullptr},
    {"live", live, METH_NOARGS, nullptr},
#ifdef ROLE_PROVIDER
    {"make", make, METH_VARARGS, nullptr},
    {"peek", peek, METH_O, nullptr},
    {"drop_all", drop_all, METH_NOARGS, nullptr},
#else
    {"own", make, METH_VARARGS, nullptr},
    {"read", read, METH_VARARGS, nullptr},
    {"write", write, METH_VARARGS, nullptr},
#endif
    {nullptr, nullptr, 0, nullptr},
};

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)
PyModuleDef definition = {PyModuleDef_HEAD_INIT, TEXT(MODULE), nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

bool add_types(PyObject *module) {
    for (Kind &kind : kinds) {
        static std::string names[sizeof kinds / sizeof kinds[0]];
        std::string &name = names[&kind - kinds] = std::string(TEXT(MODULE) ".") + kind.name;
        PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void *>(destroy)}, {0, nullptr}};
        const auto size = static_cast<int>(offsetof(Object, data) + kind.size);
        PyType_Spec spec = {name.c_str(), size, 0, Py_TPFLAGS_DEFAULT, slots};
        kind.type = reinterpret_cast<PyTypeObject *>(PyType_FromSpec(&spec));
        if (kind.type == nullptr || PyModule_AddObjectRef(module, kind.name, reinterpret_cast<PyObject *>(kind.type)) < 0)
            return false;
    }
    return true;
}

} // namespace

#define JOINED(a, b) a##b
#define INIT(name) JOINED(PyInit_, name)
PyMODINIT_FUNC INIT(MODULE)(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == nullptr || !add_types(module))
        return nullptr;
#ifdef Py_GIL_DISABLED
    PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
#endif
    return module;
}
