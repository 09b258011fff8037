// What a module keeps in one interpreter: interbind's tables, its types, its translators.
//
// Made while the module is executed, freed with the module object; every function and class leads here, so a bound call
// asks nobody in which interpreter it is.
#pragma once

#include <exception>
#include <mutex>
#include <utility>

#include "home.hpp"
#include "type.hpp"

namespace binding BINDING_HIDDEN {

// A library's translators: a static, because another module's call may still be inside when the module goes. Newest first;
// nothing is ever taken out.
struct Translators {
    struct Each;

    // What an interpreter's service is given: unregistered with the module, used again, never freed.
    struct Record {
        interbind_translator record;
        Each *of;
        Record *next;
    };

    // What makes a Python exception of one class.
    struct Each {
        void (*set)(); // of the class that the next three know
        // Asks for the exception that is being handled. False: it isn't one of the class, or nothing was set.
        bool (*attempt)(const Each &each);
        interbind_translate translate;
        const char *(*kind)(const interbind_owner &owner); // may throw
        Each *next;
        std::atomic<Record *> spare{nullptr};
    };

    std::atomic<Each *> first{nullptr};

    // Puts a list's links in front of another's.
    template <class L> static void push(std::atomic<L *> &list, L *made, L *last) {
        last->next = list.load(std::memory_order_relaxed);
        while (!list.compare_exchange_weak(last->next, made, std::memory_order_acq_rel)) {
        }
    }

    // May throw.
    Each *add(const Each &wanted) {
        for (Each *each = first.load(std::memory_order_acquire); each; each = each->next)
            if (each->set == wanted.set)
                return each;
        Each *made = new Each{wanted.set, wanted.attempt, wanted.translate, wanted.kind, nullptr};
        push(first, made, made);
        return made;
    }

    // May throw.
    static Record *take(Each *each) {
        Record *taken = each->spare.exchange(nullptr, std::memory_order_acq_rel);
        if (!taken)
            return new Record{{}, each, nullptr};
        if (Record *rest = taken->next) {
            Record *last = rest;
            while (last->next)
                last = last->next;
            push(each->spare, rest, last);
        }
        return taken;
    }
    static void give_back(Record *record) { push(record->of->spare, record, record); }
};

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
    // The place of a type: NULL until there is one. Filling it is said with `filled`. May throw.
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
    PyTypeObject *indirect = nullptr;
    Types types;
    std::mutex lock; // over `types`, and over no Python code
    std::vector<PyTypeObject *> classes;
    // Getters and setters: a property may be made anew while one runs.
    std::vector<PyObject *> accessors;
    Translators *translators = nullptr;
    Translators::Record *published = nullptr;
    Home *home = nullptr;
    Recent recent;

    ~Module() {
        if (home)
            home->release();
        types.each([](Type *type) {
            // A class may outlive its module when the collector takes both.
            type->module = nullptr;
            type->release();
        });
        interbind_unbind(slot, &bound);
    }

    const interbind_context &context() const { return bound.context; }

    // The `Type` of a C++ type, made when it is asked for first. NULL: an exception is set. May throw.
    Type *resolve(const std::type_info &cpp) {
        std::lock_guard<std::mutex> locked(lock);
        Type *&place = types.at(cpp);
        if (place)
            return place;
        auto type = std::make_unique<Type>();
        if (!type->word) {
            PyErr_Format(PyExc_RuntimeError, "a library can have 65535 C++ types at a time, and '%s' is one more", cpp.name());
            return nullptr;
        }
        type->cpp = &cpp;
        type->module = this;
        type->instances = context().instances;
        if (interbind_type_key(&context(), native_of(type.get()).c_str(), &type->key) != INTERBIND_OK) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_RuntimeError, "interbind: the registry refuses the type's key");
            return nullptr;
        }
        types.filled();
        return place = type.release();
    }

    // The text of a type's key: a class that only this module can mean has its name in it. May throw.
    static std::string native_of(const Type *type) {
        const char *name = type->cpp->name();
        return interbind::detail::key(name, interbind::detail::has_linkage(name), type->module->name);
    }

    // A type's face for objects of other modules, made for the first of them. The module is the type's. May throw.
    static Foreign *foreign_of(Type *type, const Native &of) {
        Foreign *known = type->foreign.load(std::memory_order_acquire);
        if (known)
            return known;
        auto made = std::make_unique<Foreign>(Foreign{native_of(type), {}});
        made->site = INTERBIND_CLASS_SITE(made->native.c_str(), of.describe(), of.align);
        if (type->foreign.compare_exchange_strong(known, made.get(), std::memory_order_acq_rel))
            return made.release();
        return known;
    }

    int traverse(visitproc visit, void *arg) {
        Py_VISIT(meta);
        Py_VISIT(indirect);
        for (PyTypeObject *python : classes)
            Py_VISIT(python);
        for (PyObject *each : accessors)
            Py_VISIT(each);
        return 0;
    }

    void clear() {
        for (PyTypeObject *python : std::exchange(classes, {}))
            Py_DECREF(python);
        for (PyObject *each : std::exchange(accessors, {}))
            Py_DECREF(each);
        Py_CLEAR(indirect);
        Py_CLEAR(meta);
        while (Translators::Record *former = published) {
            published = former->next;
            interbind_translator_unregister(&context(), &former->record);
            Translators::give_back(former);
        }
    }
};

// Where a module object keeps its state; NULL in it before the module is executed.
inline Module *&state_of(PyObject *module) { return *static_cast<Module **>(PyModule_GetState(module)); }

} // namespace binding
