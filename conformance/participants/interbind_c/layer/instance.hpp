// A wrapped object: the Python head, eight bytes of state, and the C++ object itself or a pointer to it.
//
// The instance map hears first when an object dies. It is told of one when C++ may know its address: at once where a
// constructor has run, which sees `this`; an aggregate in its Python object is nobody's before it is passed to a function,
// and many never are. Nothing here is immortal; what an object owns goes with it.
#pragma once

#include <new>
#include <memory>
#include <type_traits>
#include <utility>

#include "module.hpp"

namespace binding {

// Bits of `Instance::state`.
enum : std::uint32_t {
    READY = 1,   // there is a C++ object
    INLINE = 2,  // it stands in the Python object
    OWNED = 4,   // and dies with it
    SHARED = 8,  // the payload points to a `Held`
    MAPPED = 16, // it stands in the instance map
    KEEPS = 32,  // it keeps others alive
};

// A shared pointer, and first what it points to: readable by those who don't know T.
template <class T> struct Held {
    T *pointer;
    std::shared_ptr<T> holder;
};

struct Instance {
    PyObject_HEAD
    std::int32_t offset;
    std::atomic<std::uint32_t> state;

    void *payload() { return reinterpret_cast<char *>(this) + offset; }

    // The C++ object, or NULL before `__init__` and after ownership was given away.
    void *pointer() {
        std::uint32_t bits = state.load(std::memory_order_relaxed);
        if (BINDING_LIKELY((bits & (READY | INLINE)) == (READY | INLINE)))
            return payload();
        if (!(bits & READY))
            return nullptr;
        void *behind = *static_cast<void **>(payload());
        return bits & SHARED ? *static_cast<void **>(behind) : behind;
    }
};

template <class T> constexpr std::size_t payload_align = alignof(T) > alignof(void *) ? alignof(T) : alignof(void *);
template <class T> constexpr std::size_t payload_offset = (sizeof(Instance) + payload_align<T> - 1) & ~(payload_align<T> - 1);
template <class T>
constexpr std::size_t instance_size = payload_offset<T> + (sizeof(T) > sizeof(void *) ? sizeof(T) : sizeof(void *));
// What CPython aligns objects to.
template <class T> constexpr bool fits_inline = alignof(T) <= 2 * sizeof(void *);

// A new object of exactly that class or of one that Python code derives from it, without a C++ object.
inline Instance *allocate(PyTypeObject *python, std::size_t size, std::size_t offset) {
    Instance *self;
    if (BINDING_LIKELY(!PyType_IS_GC(python))) {
        self = static_cast<Instance *>(PyObject_Malloc(size));
        if (!self)
            return reinterpret_cast<Instance *>(PyErr_NoMemory());
        PyObject_Init(reinterpret_cast<PyObject *>(self), python);
    } else {
        self = reinterpret_cast<Instance *>(python->tp_alloc(python, 0));
        if (!self)
            return nullptr;
    }
    self->offset = static_cast<std::int32_t>(offset);
    new (&self->state) std::atomic<std::uint32_t>(0);
    return self;
}

BINDING_COLD inline void map_bases(const Type *type, void *pointer, PyObject *self, bool insert) {
    for (const Base &base : type->bases()) {
        void *at = base.cast(pointer);
        if (insert)
            type->instances->insert(type->instances, at, base.type->key, self);
        else
            type->instances->remove(type->instances, at, base.type->key, self);
        map_bases(base.type, at, self, insert);
    }
}

// Whether no code of the class has run when an object is made: nobody can know its address.
template <class T> constexpr bool is_unseen = std::is_aggregate_v<T> && fits_inline<T>;

// To be called with an object that nobody else has seen, before it is entered: the map finds it ready to be referred to by
// another thread, and needn't make it so with an atomic operation. Does nothing with a GIL, and nothing to an object that
// the collector shows to all threads.
inline void foresee([[maybe_unused]] Instance *self) {
#ifdef Py_GIL_DISABLED
    PyObject *object = reinterpret_cast<PyObject *>(self);
    if (BINDING_LIKELY(!PyType_IS_GC(Py_TYPE(object))))
        object->ob_ref_shared = _Py_REF_MAYBE_WEAKREF;
#endif
}

// Tells the map of a complete object, under its own key and its bases'.
inline bool enter(const Type *type, Instance *self, void *pointer, std::uint32_t bits) {
    PyObject *object = reinterpret_cast<PyObject *>(self);
    interbind_status status = type->instances->insert(type->instances, pointer, type->key, object);
    if (!BINDING_LIKELY(status == INTERBIND_OK)) {
        self->state.store(bits, std::memory_order_relaxed);
        PyErr_SetString(PyExc_RuntimeError, "interbind: the instance map refuses the object");
        return false;
    }
    self->state.store(bits | MAPPED, std::memory_order_relaxed);
    if (!type->bases().empty())
        map_bases(type, pointer, object, true);
    return true;
}

// The C++ object, whose address somebody is about to learn. NULL: there is none, or an exception is set.
BINDING_COLD inline void *show(const Type *type, Instance *self) {
    void *pointer = self->pointer();
    if (!pointer || self->state.load(std::memory_order_acquire) & MAPPED)
        return pointer;
    // The flag comes last: whoever sees it finds the object in the map. Two threads may both be here; one finds it entered.
    PyObject *object = reinterpret_cast<PyObject *>(self);
    interbind_status status = type->instances->insert(type->instances, pointer, type->key, object);
    if (status != INTERBIND_OK && status != INTERBIND_DIFFERS) {
        PyErr_SetString(PyExc_RuntimeError, "interbind: the instance map refuses the object");
        return nullptr;
    }
    map_bases(type, pointer, object, true);
    self->state.fetch_or(MAPPED, std::memory_order_release);
    return pointer;
}

inline void leave(const Type *type, Instance *self) {
    PyObject *object = reinterpret_cast<PyObject *>(self);
    void *pointer = self->pointer();
#ifndef Py_GIL_DISABLED
    if (BINDING_LIKELY(type->module))
        if (Recent::Place &place = type->module->recent.at(pointer); place.object == object)
            place = {};
#endif
    type->instances->remove(type->instances, pointer, type->key, object);
    if (!type->bases().empty())
        map_bases(type, pointer, object, false);
}

// Ends what the object owns; the object itself stays.
template <class T> void destroy(Instance *self, std::uint32_t bits) {
    if (!(bits & OWNED))
        return;
    if (bits & INLINE)
        static_cast<T *>(self->payload())->~T();
    else if (bits & SHARED)
        delete *static_cast<Held<T> **>(self->payload());
    else
        delete *static_cast<T **>(self->payload());
}

template <class T> void dealloc(PyObject *object) {
    PyTypeObject *python = Py_TYPE(object);
    Instance *self = reinterpret_cast<Instance *>(object);
    bool exact = python->tp_dealloc == dealloc<T>;
    Type *type = exact ? reinterpret_cast<Meta *>(python)->type : type_of(python);
    std::uint32_t bits = self->state.load(std::memory_order_relaxed);
    if (BINDING_LIKELY(bits & MAPPED))
        leave(type, self);
    bool gc = PyType_IS_GC(python);
    if (gc) {
        PyObject_GC_UnTrack(object);
        if (exact && python->tp_weaklistoffset)
            PyObject_ClearWeakRefs(object);
    }
    if constexpr (std::is_trivially_destructible_v<T>) {
        if ((bits & (OWNED | INLINE)) == OWNED)
            destroy<T>(self, bits);
    } else {
        destroy<T>(self, bits);
    }
    if (!BINDING_LIKELY(!(bits & KEEPS)))
        type->instances->release(type->instances, object);
    if (BINDING_LIKELY(!gc))
        PyObject_Free(object);
    else
        PyObject_GC_Del(object);
#ifdef BINDING_OWED
    if (BINDING_LIKELY(exact))
        return type->owed.add(reinterpret_cast<PyObject *>(python));
#endif
    Py_DECREF(python);
}

inline int traverse(PyObject *self, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(self));
    if (reinterpret_cast<Instance *>(self)->state.load(std::memory_order_relaxed) & KEEPS) {
        const Type *type = type_of(Py_TYPE(self));
        return type->instances->traverse(type->instances, self, visit, arg);
    }
    return 0;
}

inline int clear(PyObject *self) {
    if (reinterpret_cast<Instance *>(self)->state.load(std::memory_order_relaxed) & KEEPS) {
        const Type *type = type_of(Py_TYPE(self));
        type->instances->release(type->instances, self);
    }
    return 0;
}

} // namespace binding
