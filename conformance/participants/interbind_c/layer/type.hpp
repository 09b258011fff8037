// What a module knows of one C++ type in one interpreter: its key, its class if it bound one, its bases.
//
// A `Type` is counted by its class, by its objects and by the functions that mention it, so what they hold can't dangle: when
// the class dies `python` becomes NULL, and a NULL is no object's type. Runs no Python code.
#pragma once

#include <Python.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

#include <interbind/interbind.hpp>

#include "owed.hpp"

namespace binding BINDING_HIDDEN {

struct Function;
struct Instance;
struct Module;
struct Type;

// One base class of a bound class, and how a pointer gets there.
struct Base {
    Type *type;
    void *(*cast)(void *derived);
    const char *offset; // as text, for descriptors
};

// A range of them.
struct Bases {
    const Base *first, *last;

    const Base *begin() const { return first; }
    const Base *end() const { return last; }
    bool empty() const { return first == last; }
};

// What is known of a C++ type where it is mentioned: what other modules' records are compared with.
struct Native {
    const std::type_info *cpp;
    const char *(*describe)(); // may throw
    std::uint32_t align;
};

template <class T> constexpr Native native = {&typeid(T), interbind::describe<T>, alignof(T)};

// What a type is called elsewhere, and where records of it are kept that were judged.
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
    // The chain of constructors. Owned by the class as long as that lives: its dictionary is Python code's to change.
    PyObject *init = nullptr;
    // Ends the C++ object of an instance.
    void (*destroy)(Instance *self, std::uint64_t bits) = nullptr;
    Module *module = nullptr; // NULL once it is gone
    // Written before the class is.
    std::unique_ptr<Base[]> first_base;
    // NULL before an object of another module is met. Owned.
    std::atomic<Foreign *> foreign{nullptr};
    std::atomic<std::uint32_t> users{1};
    std::uint16_t base_count = 0;
    // Where the payload of an object begins that Python makes.
    std::uint16_t offset = 0;
    // Its objects hold the C++ object itself, not a pointer.
    bool is_inline = false;
    // The collector may clear its objects.
    bool is_collected = false;
    // Its objects never change.
    bool is_frozen = false;
#ifdef BINDING_OWED
    Owed owed;
#endif

    // Its number, as it is in the words of its objects; 0: there are too many, or it is no object's.
    const std::uint64_t word;

    static constexpr std::uint64_t WORD = 0xffff0000;

    Type() : word(take_number(this)) {}
    // What no object is of.
    explicit Type(std::nullptr_t) : word(0) {}
    ~Type() {
        numbers()[word >> 16].store(nullptr, std::memory_order_release);
        delete foreign.load(std::memory_order_relaxed);
    }

    // The type whose number is in an object's word.
    static Type *numbered(std::uint64_t bits) { return numbers()[bits >> 16 & 0xffff].load(std::memory_order_relaxed); }

    Bases bases() const { return {first_base.get(), first_base.get() + base_count}; }

    void retain() { add_to(users, std::uint32_t(1)); }
    void release() {
        if (!BINDING_LIKELY(add_to(users, ~std::uint32_t(0)) != 1))
            end();
    }
    BINDING_COLD void end() { delete this; }

    // Whether objects outlive the class: Python code has given them another one.
    bool has_orphans() const {
#ifdef BINDING_OWED
        return owed.objects() != 0;
#else
        return false;
#endif
    }

    // The types of this library by their numbers: pages that nobody has touched take no memory.
    static std::atomic<Type *> *numbers() {
        static std::atomic<Type *> all[1 << 16];
        return all;
    }

    static std::uint64_t take_number(Type *type) {
        static std::atomic<std::uint32_t> last{0};
        for (std::uint32_t tried = 0; tried < 1 << 16; ++tried) {
            std::uint32_t number = (last.fetch_add(1, std::memory_order_relaxed) + 1) & 0xffff;
            Type *nobody = nullptr;
            if (number && numbers()[number].compare_exchange_strong(nobody, type, std::memory_order_acq_rel))
                return std::uint64_t(number) << 16;
        }
        return 0;
    }

    // The same by what C++ calls it.
    void *upcast_to(void *pointer, const std::type_info &wanted) const {
        if (*cpp == wanted)
            return pointer;
        for (const Base &base : bases())
            if (void *found = base.type->upcast_to(base.cast(pointer), wanted))
                return found;
        return nullptr;
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
inline Type unresolved{nullptr};

// A class with a place for its `Type`: what the metaclass makes. NULL in classes that Python code derives.
struct Meta {
    PyHeapTypeObject heap;
    Type *type;
};

inline int meta_traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    if (Type *type = reinterpret_cast<Meta *>(self)->type) {
        Py_VISIT(type->init);
#ifdef BINDING_OWED
        for (std::int64_t owed = type->owed.sum(); owed > 0; --owed)
            Py_VISIT(self);
#endif
    }
    return PyType_Type.tp_traverse(self, visit, arg);
}

// Constructors stay: a call may be in one.
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
    PyObject *init = nullptr;
    bool is_free = type && !type->has_orphans();
    if (type) {
        type->python.store(nullptr, std::memory_order_relaxed);
        init = std::exchange(type->init, nullptr);
    }
    PyType_Type.tp_dealloc(self);
    Py_DECREF(meta);
    Py_XDECREF(init);
    if (is_free)
        type->release();
}

// Whether objects of a class are instances: of a class that this layer bound, or that derives from one.
BINDING_INLINE bool is_ours(PyTypeObject *python) {
    for (; python; python = python->tp_base)
        if (Py_TYPE(python)->tp_dealloc == meta_dealloc && reinterpret_cast<Meta *>(python)->type)
            return true;
    return false;
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
