// A wrapped object: the Python head, a word of state, and the C++ object itself or a pointer to it.
//
// The word has the number of the C++ type, because Python code may give an object another class of the same shape. The instance map hears
// first when an object dies. It learns of one when C++ may know its address: at once where a constructor has run, which sees
// `this`; an aggregate in its Python object is nobody's before it is passed to a function, and many never are. What may be
// taken away from an object, by a function that takes over a pointer or by the collector, isn't while it is lent.
#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "module.hpp"

namespace binding BINDING_HIDDEN {

// Bits of `Instance::state`.
enum : std::uint64_t {
    READY = 1,    // there is a C++ object
    INLINE = 2,   // it lies in the Python object
    OWNED = 4,    // and dies with it
    SHARED = 8,   // the payload points to a `Held`
    MAPPED = 16,  // it is in the instance map
    KEEPS = 32,   // it keeps others alive
    COUNTED = 64, // something may be taken away, so loans are counted
    KEPT = 128,   // another object keeps it alive, and C++ may have its address
    GONE = 256,   // the collector has cleared it: nobody may use it any more
    TAKING = 512, // it is being given away
    MAKING = 1024, // a constructor runs
    STOCKED = 2048, // its reference to the class came from the class's stock, which counts it too

    OFFSET = 1 << 12, // where the payload is, in words of eight bytes, four bits wide
    // The number of its type, `Type::word`, is sixteen bits wide.
    LOAN = std::uint64_t(1) << 32, // how often it is lent
    LOANS = ~(LOAN - 1),
};

// The bits that say where the payload is.
constexpr std::uint64_t offset_bits(std::size_t offset) { return offset / 8 * OFFSET; }

// A shared pointer, and first what it points to: readable by those who don't know T.
template <class T> struct Held {
    T *pointer;
    std::shared_ptr<T> holder;
};

struct Instance {
    PyObject_HEAD
    std::atomic<std::uint64_t> state;

    // What C++ calls its type; NULL only while the object is made. Counted.
    static Type *type(std::uint64_t bits) { return Type::numbered(bits); }
    Type *type() const { return type(state.load(std::memory_order_relaxed)); }

    void *payload(std::uint64_t bits) { return reinterpret_cast<char *>(this) + (bits >> 9 & 0x78); }
    void *payload() { return payload(state.load(std::memory_order_relaxed)); }

    // Where the C++ object is, if there is one.
    void *address(std::uint64_t bits) {
        if (BINDING_LIKELY(bits & INLINE))
            return payload(bits);
        void *behind = *static_cast<void **>(payload(bits));
        return bits & SHARED ? *static_cast<void **>(behind) : behind;
    }

    // The C++ object; NULL before `__init__` and once it was given away or cleared.
    void *pointer() {
        std::uint64_t bits = state.load(std::memory_order_acquire);
        return (bits & (READY | GONE)) == READY ? address(bits) : nullptr;
    }

    // Sets bits; what they were all before.
    std::uint64_t set(std::uint64_t bits) { return change_state(0, bits); }
    void unset(std::uint64_t bits) { change_state(bits, 0); }

    // Starts making the C++ object. False: there is one, or was, or somebody else makes it.
    bool start() {
        std::uint64_t bits = state.load(std::memory_order_relaxed);
        do {
            if (bits & (READY | MAKING | GONE))
                return false;
        } while (!change(state, bits, bits | MAKING));
        return true;
    }

    // Starts a loan, which is counted where that matters. False: there is no C++ object to be had.
    bool lend() {
        std::uint64_t bits = state.load(std::memory_order_acquire);
        do {
            if ((bits & (READY | GONE | TAKING)) != READY)
                return false;
            if (!(bits & COUNTED))
                return true;
        } while (!change(state, bits, bits + LOAN));
        return true;
    }

    // Ends one.
    void give_back() {
        if (state.load(std::memory_order_relaxed) & COUNTED)
            add_to(state, ~LOAN + 1);
    }

    // Starts taking the C++ object away. NULL, or why it stays.
    const char *take() {
        std::uint64_t bits = state.load(std::memory_order_acquire);
        do {
            if ((bits & (READY | GONE)) != READY)
                return "it has no C++ object";
            if (bits & TAKING)
                return "it is being given away";
            if ((bits & (INLINE | OWNED | SHARED)) != OWNED)
                return "its C++ object isn't its own alone";
            if (type(bits)->is_frozen)
                return "its class is frozen, and others may read it";
            if (bits & KEEPS)
                return "it keeps other objects alive";
            if (bits & KEPT)
                return "another object keeps it alive";
            if (bits & LOANS)
                return "it is in use";
        } while (!change(state, bits, bits | TAKING));
        return nullptr;
    }

  private:
    std::uint64_t change_state(std::uint64_t without, std::uint64_t with) {
        std::uint64_t bits = state.load(std::memory_order_relaxed);
        while (!change(state, bits, (bits & ~without) | with)) {
        }
        return bits;
    }
};

template <class T> constexpr std::size_t payload_align = alignof(T) > alignof(void *) ? alignof(T) : alignof(void *);
// What CPython aligns objects to.
template <class T> constexpr bool fits_inline = alignof(T) <= 2 * sizeof(void *);
template <class T>
constexpr std::size_t payload_offset =
    fits_inline<T> ? (sizeof(Instance) + payload_align<T> - 1) & ~(payload_align<T> - 1) : sizeof(Instance);
template <class T>
constexpr std::size_t instance_size =
    fits_inline<T> ? payload_offset<T> + (sizeof(T) > sizeof(void *) ? sizeof(T) : sizeof(void *))
                   : sizeof(Instance) + sizeof(void *);
// Of a class whose objects hold a pointer.
constexpr std::size_t pointing_size = sizeof(Instance) + sizeof(void *);

// A new object of exactly that class or of one that Python code derives from it, without a C++ object. What the collector shows
// to others has the bits from the start.
inline Instance *allocate(Type *type, PyTypeObject *python, std::size_t size, std::size_t offset, std::uint64_t bits) {
    Instance *self;
    [[maybe_unused]] std::uint64_t stocked = 0;
    if (BINDING_LIKELY(!PyType_IS_GC(python))) {
        self = static_cast<Instance *>(PyObject_Malloc(size));
        if (!self)
            return reinterpret_cast<Instance *>(PyErr_NoMemory());
#ifdef BINDING_OWED
        if (BINDING_LIKELY(python == type->python.load(std::memory_order_relaxed))) {
            type->owed.take(reinterpret_cast<PyObject *>(python));
            Py_SET_TYPE(reinterpret_cast<PyObject *>(self), python);
            _Py_NewReference(reinterpret_cast<PyObject *>(self));
            bits |= stocked = STOCKED;
        } else
#endif
            PyObject_Init(reinterpret_cast<PyObject *>(self), python);
        new (&self->state) std::atomic<std::uint64_t>(offset_bits(offset) | type->word | bits);
    } else {
        self = reinterpret_cast<Instance *>(python->tp_alloc(python, 0));
        if (!self)
            return nullptr;
        type->retain();
        self->state.store(offset_bits(offset) | type->word | bits, std::memory_order_release);
        return self;
    }
    if (!stocked)
        type->retain();
    return self;
}

// Takes an object out of the map, its bases' keys included.
BINDING_COLD inline void unmap_bases(const Type *type, void *pointer, PyObject *self) {
    for (const Base &base : type->bases()) {
        void *at = base.cast(pointer);
        type->instances->remove(type->instances, at, base.type->key, self);
        unmap_bases(base.type, at, self);
    }
}

// Enters it under its bases' keys; one that several bases have in common is there already. False: not all could be.
BINDING_COLD inline bool map_bases(const Type *type, void *pointer, PyObject *self) {
    for (const Base &base : type->bases()) {
        void *at = base.cast(pointer);
        interbind_status status = type->instances->insert(type->instances, at, base.type->key, self);
        if ((status != INTERBIND_OK && status != INTERBIND_DIFFERS) || !map_bases(base.type, at, self))
            return false;
    }
    return true;
}

// Whether no code of the class has run when an object is made: nobody can know its address.
template <class T> constexpr bool is_unseen = std::is_aggregate_v<T> && fits_inline<T>;

// What a new object of a class has among its bits for good.
inline std::uint64_t counted(const Type *type, std::uint64_t bits) {
    bool is_taken = (bits & (OWNED | INLINE | SHARED)) == OWNED && !type->is_frozen;
    return bits | (is_taken || type->is_collected ? COUNTED : std::uint64_t(0));
}

// The C++ object is there: the last thing that is done to a new one.
inline void finish_making(Instance *self, std::uint64_t bits) {
#ifndef Py_GIL_DISABLED
    self->state.store((self->state.load(std::memory_order_relaxed) & ~std::uint64_t(MAKING)) | bits, std::memory_order_relaxed);
#else
    // Nobody but who starts making it changes the word meanwhile.
    self->state.store((self->state.load(std::memory_order_relaxed) & ~std::uint64_t(MAKING)) | bits, std::memory_order_release);
#endif
}

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

BINDING_COLD inline bool refuse_entry() {
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_MemoryError, "interbind: the instance map refuses the object");
    return false;
}

inline void leave(const Type *type, Instance *self, void *pointer) {
    PyObject *object = reinterpret_cast<PyObject *>(self);
#ifndef Py_GIL_DISABLED
    if (BINDING_LIKELY(type->module))
        if (Recent::Place &place = type->module->recent.at(pointer); place.object == object)
            place = {};
#endif
    type->instances->remove(type->instances, pointer, type->key, object);
    if (!type->bases().empty())
        unmap_bases(type, pointer, object);
}

// Enters an object under its own key and its bases'. False, with an exception set: it is under none.
inline bool enter(const Type *type, Instance *self, void *pointer) {
    PyObject *object = reinterpret_cast<PyObject *>(self);
    interbind_status status = type->instances->insert(type->instances, pointer, type->key, object);
    if (BINDING_LIKELY(status == INTERBIND_OK) || status == INTERBIND_DIFFERS) {
        if (BINDING_LIKELY(type->bases().empty()) || map_bases(type, pointer, object))
            return true;
        leave(type, self, pointer);
    }
    return refuse_entry();
}

// The C++ object of a lent instance, whose address somebody is about to learn. NULL: an exception is set.
BINDING_COLD inline void *show(Instance *self) {
    std::uint64_t bits = self->state.load(std::memory_order_acquire);
    void *pointer = self->address(bits);
    if (bits & MAPPED)
        return pointer;
    // The flag comes last: whoever sees it finds the object in the map. Two threads may both be here; one finds it entered.
    if (!enter(Instance::type(bits), self, pointer))
        return nullptr;
    self->set(MAPPED);
    return pointer;
}

BINDING_COLD inline void refuse_empty(PyObject *object) {
    std::uint64_t bits = reinterpret_cast<Instance *>(object)->state.load(std::memory_order_relaxed);
    const char *why = bits & GONE     ? "the garbage collector has cleared it"
                      : bits & TAKING ? "it is being given away"
                                      : "__init__ wasn't called, or it was given away";
    PyErr_Format(PyExc_TypeError, "'%s' object has no C++ object: %s", Py_TYPE(object)->tp_name, why);
}

// Ends what the object owns; the object itself stays.
template <class T> void destroy(Instance *self, std::uint64_t bits) {
    if (!(bits & OWNED))
        return;
    if (bits & INLINE) {
        static_cast<T *>(self->payload(bits))->~T();
        return;
    }
    void *&place = *static_cast<void **>(self->payload(bits));
    if (bits & SHARED)
        delete static_cast<Held<T> *>(place);
    else
        delete static_cast<T *>(place);
}

// The objects of this thread whose end waits for that of others: a chain of objects, each kept alive by the next one, is
// taken down one by one.
struct Ends {
    static constexpr int DEEPEST = 32;
    const void *interpreter;
    int depth = 0;
    Instance *waiting = nullptr;

    static Ends *&of_thread() {
        static thread_local Ends *ends = nullptr;
        return ends;
    }
};

// What is left to do for a dead object whose C++ object is gone.
inline void finish(PyObject *object, Type *type, std::uint64_t bits) {
    PyTypeObject *python = Py_TYPE(object);
    if (!BINDING_LIKELY(!(bits & KEEPS)))
        type->instances->release(type->instances, object);
    bool gc = PyType_IS_GC(python);
    if (BINDING_LIKELY(!gc))
        PyObject_Free(object);
    else
        PyObject_GC_Del(object);
#ifdef BINDING_OWED
    if (BINDING_LIKELY(bits & STOCKED)) {
        if (BINDING_LIKELY(python == type->python.load(std::memory_order_relaxed)))
            return type->owed.add(reinterpret_cast<PyObject *>(python));
        // It has got another class, which gave the reference back.
        type->owed.taken.fetch_sub(1, std::memory_order_relaxed);
        Py_DECREF(python);
        return;
    }
#endif
    Py_DECREF(python);
    type->release();
}

BINDING_COLD inline void finish_keeping(PyObject *object, Type *type, std::uint64_t bits) {
    const void *interpreter = interbind_interpreter();
    Ends *&top = Ends::of_thread(), *outer = top;
    if (outer && outer->interpreter == interpreter) {
        if (outer->depth >= Ends::DEEPEST) {
            // There is no C++ object any more, so the next one's address has its place.
            Instance *self = reinterpret_cast<Instance *>(object);
            new (self->payload(bits)) Instance *(outer->waiting);
            outer->waiting = self;
            return;
        }
        ++outer->depth;
        finish(object, type, bits);
        --outer->depth;
        return;
    }
    Ends ends{interpreter};
    top = &ends;
    finish(object, type, bits);
    while (Instance *next = ends.waiting) {
        std::uint64_t waited = next->state.load(std::memory_order_relaxed);
        ends.waiting = *static_cast<Instance **>(next->payload(waited));
        finish(reinterpret_cast<PyObject *>(next), Instance::type(waited), waited);
    }
    top = outer;
}

template <class T> void dealloc(PyObject *object) {
    Instance *self = reinterpret_cast<Instance *>(object);
    std::uint64_t bits = self->state.load(std::memory_order_acquire);
    Type *type = Instance::type(bits);
    if (BINDING_LIKELY(bits & MAPPED))
        leave(type, self, self->address(bits));
    PyTypeObject *python = Py_TYPE(object);
    if (PyType_IS_GC(python)) {
        PyObject_GC_UnTrack(object);
        // Also those to objects of classes that Python code derives: they leave it to the class that has the list.
        if (python->tp_weaklistoffset > 0)
            PyObject_ClearWeakRefs(object);
    }
    if (!BINDING_LIKELY(type->destroy == destroy<T>))
        type->destroy(self, bits);
    else if constexpr (!std::is_trivially_destructible_v<T>)
        destroy<T>(self, bits);
    else if ((bits & (OWNED | INLINE)) == OWNED)
        destroy<T>(self, bits);
    if (BINDING_LIKELY(!(bits & KEEPS)))
        finish(object, type, bits);
    else
        finish_keeping(object, type, bits);
}

// Of the base of all that hold a pointer: an object may have got a class of Python that derives from that alone.
struct Unbound {};
inline void dealloc_any(PyObject *object) { dealloc<Unbound>(object); }

inline int traverse(PyObject *object, visitproc visit, void *arg) {
    Py_VISIT(Py_TYPE(object));
    Instance *self = reinterpret_cast<Instance *>(object);
    std::uint64_t bits = self->state.load(std::memory_order_acquire);
    if (!(bits & KEEPS))
        return 0;
    const Type *type = Instance::type(bits);
    return type->instances->traverse(type->instances, object, visit, arg);
}

// The collector takes the object, and Python code may still come across it: from now on it has no C++ object for anybody. What
// it keeps alive is let go unless a call uses it, or an object that keeps this one may lead there: that one has been here
// too when the collector comes again.
inline int clear(PyObject *object) {
    Instance *self = reinterpret_cast<Instance *>(object);
    if (!(self->state.load(std::memory_order_acquire) & KEEPS))
        return 0;
    std::uint64_t bits = self->set(GONE);
    if (bits & (LOANS | TAKING) || (bits & KEPT && !(bits & GONE)))
        return 0;
    const Type *type = Instance::type(bits);
    type->instances->release(type->instances, object);
    return 0;
}

} // namespace binding
