// What a module keeps in one interpreter: interbind's tables, its types, its translators.
//
// Made while the module is executed, freed with the module object; every function and class leads here, so a bound call
// asks nobody in which interpreter it is.
#pragma once

#include <exception>
#include <mutex>
#include <typeindex>
#include <unordered_map>
#include <utility>

#include "type.hpp"

namespace binding {

// Turns the exception that is being handled into Python's, or throws it again.
using Translator = void (*)(std::exception_ptr exception);

struct Module {
    PyObject *object = nullptr; // borrowed: it owns this
    const char *name = nullptr;
    interbind_slot *slot = nullptr;
    interbind_binding bound{};
    PyTypeObject *meta = nullptr;
    PyTypeObject *function = nullptr;
    PyTypeObject *indirect = nullptr;
    std::unordered_map<std::type_index, Type *> types;
    std::mutex lock; // over `types`, and over no Python code
    std::vector<PyTypeObject *> classes;
    std::vector<Translator> translators;
    interbind_translator published{};
    Recent recent;

    ~Module() {
        for (auto &[index, type] : types) {
            // A class may outlive its module when the collector takes both.
            type->module = nullptr;
            type->recent = nullptr;
            type->release();
        }
        interbind_unbind(slot, &bound);
    }

    const interbind_context &context() const { return bound.context; }

    // The `Type` of a C++ type, made when it is asked for first. NULL: an exception is set.
    Type *resolve(const std::type_info &cpp) {
        std::lock_guard<std::mutex> locked(lock);
        auto [at, fresh] = types.try_emplace(std::type_index(cpp), nullptr);
        if (!fresh)
            return at->second;
        Type *type = new Type;
        // GCC marks the names of types of one file alone with a star: nobody else can mean them.
        const char *text = cpp.name();
        type->native = std::string(INTERBIND_NATIVE_CPP) + text;
        if (text[0] == '*')
            type->native += std::string("@") + name;
        type->cpp = &cpp;
        type->module = this;
        type->recent = &recent;
        type->instances = context().instances;
        type->site = INTERBIND_NATIVE_SITE(type->native.c_str());
        if (interbind_type_key(&context(), type->native.c_str(), &type->key) != INTERBIND_OK) {
            types.erase(at);
            delete type;
            PyErr_SetString(PyExc_RuntimeError, "interbind: the registry refuses the type's key");
            return nullptr;
        }
        return at->second = type;
    }

    int traverse(visitproc visit, void *arg) {
        Py_VISIT(meta);
        Py_VISIT(function);
        Py_VISIT(indirect);
        for (PyTypeObject *python : classes)
            Py_VISIT(python);
        return 0;
    }

    void clear() {
        for (PyTypeObject *python : std::exchange(classes, {}))
            Py_DECREF(python);
        Py_CLEAR(indirect);
        Py_CLEAR(function);
        Py_CLEAR(meta);
        if (std::exchange(published.translate, nullptr))
            interbind_translator_unregister(&context(), &published);
    }
};

// Where a module object keeps its state; NULL in it before the module is executed.
inline Module *&state_of(PyObject *module) { return *static_cast<Module **>(PyModule_GetState(module)); }

} // namespace binding
