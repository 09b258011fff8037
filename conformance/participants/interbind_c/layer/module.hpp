// What a module keeps in one interpreter: interbind's tables, its types, its translators.
//
// Made while the module is executed, freed with the module object; every function and class leads here, so a bound call
// asks nobody in which interpreter it is.
#pragma once

#include <exception>
#include <mutex>
#include <utility>

#include "type.hpp"

namespace binding {

// Turns the exception that is being handled into Python's, or throws it again.
using Translator = void (*)(std::exception_ptr exception);

// A module's types by what C++ calls them: open addressing, a quarter or more empty. Nothing is ever taken out.
class Types {
    std::vector<Type *> places;
    std::size_t count = 0;

    Type *&place(const std::type_info &cpp) {
        std::size_t at = cpp.hash_code();
        while (places[at &= places.size() - 1] && *places[at]->cpp != cpp)
            ++at;
        return places[at];
    }

  public:
    // The place of a type: NULL in it when there is none yet. Whoever fills it says so.
    Type *&at(const std::type_info &cpp) {
        if (count >= places.size() / 4 * 3) {
            std::vector<Type *> former(places.empty() ? 8 : 2 * places.size());
            former.swap(places);
            for (Type *type : former)
                if (type)
                    place(*type->cpp) = type;
        }
        return place(cpp);
    }
    void filled() { ++count; }

    template <class V> void each(V visit) const {
        for (Type *type : places)
            if (type)
                visit(type);
    }
};

struct Module {
    PyObject *object = nullptr; // borrowed: it owns this
    const char *name = nullptr;
    interbind_slot *slot = nullptr;
    interbind_binding bound{};
    PyTypeObject *meta = nullptr;
    PyTypeObject *function = nullptr;
    PyTypeObject *indirect = nullptr;
    Types types;
    std::mutex lock; // over `types`, and over no Python code
    std::vector<PyTypeObject *> classes;
    std::vector<Translator> translators;
    interbind_translator published{};
    Recent recent;

    ~Module() {
        types.each([](Type *type) {
            // A class may outlive its module when the collector takes both.
            type->module = nullptr;
            type->release();
        });
        interbind_unbind(slot, &bound);
    }

    const interbind_context &context() const { return bound.context; }

    // The `Type` of a C++ type, made when it is asked for first. NULL: an exception is set.
    Type *resolve(const std::type_info &cpp) {
        std::lock_guard<std::mutex> locked(lock);
        Type *&place = types.at(cpp);
        if (place)
            return place;
        auto type = std::make_unique<Type>();
        type->cpp = &cpp;
        type->module = this;
        type->instances = context().instances;
        if (interbind_type_key(&context(), native_of(type.get()).c_str(), &type->key) != INTERBIND_OK) {
            PyErr_SetString(PyExc_RuntimeError, "interbind: the registry refuses the type's key");
            return nullptr;
        }
        types.filled();
        return place = type.release();
    }

    // The text of a type's key.
    static std::string native_of(const Type *type) {
        // GCC marks the names of types of one file alone with a star: nobody else can mean them.
        const char *text = type->cpp->name();
        std::string native = std::string(INTERBIND_NATIVE_CPP) + text;
        return text[0] == '*' ? native + "@" + type->module->name : native;
    }

    // A type's face for objects of other modules, made for the first of them. The module is the type's.
    static Foreign *foreign_of(Type *type) {
        Foreign *known = type->foreign.load(std::memory_order_acquire);
        if (known)
            return known;
        auto made = std::make_unique<Foreign>(Foreign{native_of(type), {}});
        made->site = INTERBIND_NATIVE_SITE(made->native.c_str());
        if (type->foreign.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel))
            return made.release();
        return known;
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
