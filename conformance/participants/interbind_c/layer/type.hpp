// What a module knows of one C++ type in one interpreter: its key, its class if it bound one, its bases.
//
// A `Type` is counted by its class and by the functions that mention it, so what they hold can't dangle: when the class
// dies `python` becomes NULL, and a NULL is no object's type. Runs no Python code.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <vector>

#include <interbind/interbind.h>

#include "owed.hpp"

#define BINDING_COLD __attribute__((noinline, cold))
// Often enough run, but not inlined: it would have its caller save registers first.
#define BINDING_AFTER __attribute__((noinline))

namespace binding {

struct Function;
struct Module;
struct Type;

// One base class of a bound class, and how a pointer gets there.
struct Base {
    Type *type;
    void *(*cast)(void *derived);
};

// A range of them.
struct Bases {
    const Base *first, *last;

    const Base *begin() const { return first; }
    const Base *end() const { return last; }
    bool empty() const { return first == last; }
};

// What a type is called elsewhere, and what other modules' records are held against.
struct Foreign {
    std::string native;
    interbind_site site;
};

// The object that a pointer was last found in: a table that forgets, in front of the instance map. Only with a GIL, and
// only objects of exactly the classes that this module bound, so it hears of each death first.
struct Recent {
    struct Place {
        const void *pointer;
        const Type *type;
        PyObject *object;
    };
    static constexpr std::size_t PLACES = 128;
    Place places[PLACES] = {};

    Place &at(const void *pointer) { return places[(reinterpret_cast<std::uintptr_t>(pointer) >> 4) % PLACES]; }
};

// There is one for each class and each parameter's type, so what is rarely needed stands elsewhere.
struct Type {
    // The class that this module bound; NULL: none, or it is dead. Borrowed.
    std::atomic<PyTypeObject *> python{nullptr};
    // The map that its objects stand in, and the key they stand under. Valid while a class is published.
    const interbind_instances_service *instances = nullptr;
    const interbind_type_list *key = nullptr;
    const std::type_info *cpp = nullptr;
    // The chain of constructors; the class's dictionary keeps it.
    Function *init = nullptr;
    Module *module = nullptr; // NULL once it is gone
    // Written before the class is.
    std::unique_ptr<Base[]> first_base;
    // NULL before an object of another module is met. Owned.
    std::atomic<Foreign *> foreign{nullptr};
    std::atomic<std::uint32_t> users{1};
    std::uint16_t base_count = 0;
    // Its objects hold the C++ object itself, not a pointer.
    bool is_inline = false;
#ifdef BINDING_OWED
    Owed owed;
#endif

    ~Type() { delete foreign.load(std::memory_order_relaxed); }

    Bases bases() const { return {first_base.get(), first_base.get() + base_count}; }

    void retain() { users.fetch_add(1, std::memory_order_relaxed); }
    void release() {
        if (users.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    // A pointer to the part of an object that is a `wanted`, or NULL.
    void *upcast(void *pointer, const Type *wanted) const {
        if (this == wanted)
            return pointer;
        for (const Base &base : bases())
            if (void *found = base.type->upcast(base.cast(pointer), wanted))
                return found;
        return nullptr;
    }
};

// Stands where a type hasn't been asked for yet: no object is of it.
inline Type unresolved;

// A class with a place for its `Type`: what the metaclass makes. NULL in classes that Python code derives.
struct Meta {
    PyHeapTypeObject heap;
    Type *type;
};

inline int meta_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
#ifdef BINDING_OWED
    if (Type *type = reinterpret_cast<Meta *>(self)->type)
        for (std::uint32_t owed = type->owed.sum(); owed; --owed)
            Py_VISIT(self);
#endif
    return PyType_Type.tp_traverse(self, visit, arg);
}

inline int meta_clear(PyObject *self) {
#ifdef BINDING_OWED
    if (Type *type = reinterpret_cast<Meta *>(self)->type)
        type->owed.clear(self);
#endif
    return PyType_Type.tp_clear(self);
}

inline void meta_dealloc(PyObject *self) {
    Type *type = reinterpret_cast<Meta *>(self)->type;
    PyTypeObject *meta = Py_TYPE(self);
    if (type)
        type->python.store(nullptr, std::memory_order_relaxed);
    PyType_Type.tp_dealloc(self);
    Py_DECREF(meta);
    if (type)
        type->release();
}

// The `Type` of a class, or of the bound class that it derives from; NULL: none of this module's.
inline Type *type_of(PyTypeObject *python) {
    for (; python; python = python->tp_base)
        if (Py_TYPE(python)->tp_dealloc == meta_dealloc)
            if (Type *type = reinterpret_cast<Meta *>(python)->type)
                return type;
    return nullptr;
}

} // namespace binding
