// What both modules have: a heap type for each type of the zoo, and the framework that lists these with pymetabind.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <pymetabind.h>

#include ZOO_HPP

#include <cstring>
#include <new>
#include <string>
#include <typeinfo>

namespace surface {

inline long objects = 0, touched = 0;

struct Object {
    PyObject_HEAD
    alignas(16) unsigned char data[1];
};

template <class T> T *value_in(PyObject *object) {
    return reinterpret_cast<T *>(reinterpret_cast<Object *>(object)->data);
}

inline void destroy(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    --objects;
    type->tp_free(self);
    Py_DECREF(type);
}

// What pymetabind asks of a framework. Its classes live as long as the process.
inline void *from_python(pymb_binding *binding, PyObject *object, uint8_t, void (*)(void *, PyObject *), void *) noexcept {
    return Py_TYPE(object) == binding->pytype ? reinterpret_cast<Object *>(object)->data : nullptr;
}
inline PyObject *to_python(pymb_binding *, void *, pymb_rv_policy, pymb_to_python_feedback *) noexcept { return nullptr; }
inline int keep_alive(PyObject *, void *, void (*)(void *)) noexcept { return 0; }
inline int translate_exception(void *) noexcept { return 0; }
inline void seen_binding(pymb_binding *) noexcept {}
inline void seen_framework(pymb_framework *) noexcept {}

inline pymb_framework &framework() {
    static pymb_framework one = [] {
        pymb_framework one{};
        one.name = CONFORMANCE_BUILD;
        one.flags = pymb_framework_bindings_usable_forever;
        one.abi_lang = pymb_abi_lang_cpp;
        one.abi_extra = "system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1";
        one.from_python = from_python;
        one.to_python = to_python;
        one.keep_alive = keep_alive;
        one.translate_exception = translate_exception;
        one.remove_local_binding = one.free_local_binding = seen_binding;
        one.add_foreign_binding = one.remove_foreign_binding = seen_binding;
        one.add_foreign_framework = one.remove_foreign_framework = seen_framework;
        return one;
    }();
    return one;
}

// This module's class for a type.
template <class T> pymb_binding &binding() {
    static pymb_binding one{};
    return one;
}

#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

template <class T> bool list_class(PyObject *module, const char *name) {
    static const std::string full = std::string(TEXT(MODULE) ".") + name;
    PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void *>(destroy)}, {0, nullptr}};
    PyType_Spec spec = {full.c_str(), static_cast<int>(offsetof(Object, data) + sizeof(T)), 0, Py_TPFLAGS_DEFAULT, slots};
    PyObject *type = PyType_FromSpec(&spec);
    if (type == nullptr || PyModule_AddObjectRef(module, name, type) < 0)
        return false;
    pymb_binding &one = binding<T>();
    one.framework = &framework();
    one.pytype = reinterpret_cast<PyTypeObject *>(type);
    one.native_type = &typeid(T);
    one.source_name = full.c_str();
    pymb_add_binding(&one, 0);
    return true;
}

// Where the object's T is: in an object of this module's class, or in one of a class that was listed as a T; else a TypeError is set.
template <class T> T *find(PyObject *object) {
    if (Py_TYPE(object) == binding<T>().pytype)
        return value_in<T>(object);
    PYMB_LIST_FOREACH(pymb_binding *, other, framework().registry->bindings) {
        if (other->framework->abi_lang != pymb_abi_lang_cpp || other->framework->abi_extra != framework().abi_extra ||
            *static_cast<const std::type_info *>(other->native_type) != typeid(T))
            continue;
        if (void *found = other->framework->from_python(other, object, 0, nullptr, nullptr))
            return static_cast<T *>(found);
    }
    PyErr_Format(PyExc_TypeError, "no '%s': '%s'", binding<T>().pytype->tp_name, Py_TYPE(object)->tp_name);
    return nullptr;
}

template <class T> PyObject *bytes_of(const T *value) {
    return value == nullptr ? nullptr : PyBytes_FromStringAndSize(reinterpret_cast<const char *>(value), sizeof *value);
}

template <class T> PyObject *made(const char *bytes, Py_ssize_t size) {
    if (size != sizeof(T))
        return PyErr_Format(PyExc_ValueError, "bytes of another size");
    PyTypeObject *type = binding<T>().pytype;
    PyObject *object = type->tp_alloc(type, 0);
    if (object != nullptr) {
        ++objects;
        std::memcpy(value_in<T>(object), bytes, sizeof(T));
    }
    return object;
}

inline PyObject *make(PyObject *, PyObject *arguments) {
    const char *id, *bytes;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "sy#", &id, &bytes, &size))
        return nullptr;
#define MAKE(T) if (std::strcmp(id, zoo::About<zoo::T>::id) == 0) return made<zoo::T>(bytes, size);
    WITH_ZOO(MAKE)
    return PyErr_Format(PyExc_ValueError, "no type of the zoo");
}

inline PyObject *identity(const char *role) {
    return Py_BuildValue("{s:s,s:s,s:s}", "build", CONFORMANCE_BUILD, "role", role, "mutation", zoo::MUTATION);
}

inline PyObject *live(PyObject *, PyObject *) { return Py_BuildValue("{s:l,s:l}", "objects", objects, "touched", touched); }

inline PyObject *module_of(PyModuleDef &definition) {
    pymb_registry *registry = pymb_get_registry();
    PyObject *module = registry == nullptr ? nullptr : PyModule_Create(&definition);
    if (module == nullptr)
        return nullptr;
    pymb_add_framework(registry, &framework());
#define LIST(T) if (!list_class<zoo::T>(module, #T)) return nullptr;
    WITH_ZOO(LIST)
    return module;
}

} // namespace surface

#define JOINED(a, b) a##b
#define INIT(name) JOINED(PyInit_, name)
