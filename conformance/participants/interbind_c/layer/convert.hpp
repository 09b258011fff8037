// Between Python objects and C++ values: numbers, texts, wrapped objects.
//
// `From<P>` reads an argument for a parameter of type P: `load` answers false for what doesn't fit, with an exception set
// only when nobody else should try. `To<R>` makes the result. Arguments are read in three turns: first what may run Python
// code, then pointers, which are lent by then, and last what is taken away for good, when it is known what else is used.
#pragma once

#include <limits>
#include <string_view>

#include "error.hpp"
#include "foreign.hpp"
#include "function.hpp"
#include "instance.hpp"

namespace binding BINDING_HIDDEN {

// What a parameter refers to, with its `const`.
template <class P>
using Target = std::conditional_t<std::is_pointer_v<std::remove_reference_t<P>>,
                                  std::remove_pointer_t<std::remove_cv_t<std::remove_reference_t<P>>>, std::remove_reference_t<P>>;
template <class P> using Bare = std::remove_cv_t<std::remove_pointer_t<std::remove_cv_t<std::remove_reference_t<P>>>>;
template <class T> struct is_unique : std::false_type {};
template <class T> struct is_unique<std::unique_ptr<T>> : std::true_type {};
template <class T> struct is_shared : std::false_type {};
template <class T> struct is_shared<std::shared_ptr<T>> : std::true_type {};

template <class T>
constexpr bool is_plain = std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                          std::is_same_v<T, std::string_view> || std::is_same_v<T, PyObject> ||
                          std::is_same_v<T, void> || is_unique<T>::value || is_shared<T>::value;
// A class that is bound: by reference, by pointer, by value.
template <class P> constexpr bool is_wrapped = std::is_class_v<Bare<P>> && !is_plain<Bare<P>>;

// ---- From Python ----

// When an argument is read.
enum class Turn { plain, pointer, taken };

template <class P, class = void> struct From;

struct Plain {
    static constexpr Turn TURN = Turn::plain;
};

template <> struct From<PyObject *> : Plain {
    PyObject *value = nullptr;
    bool load(Function *, std::size_t, PyObject *object) { return value = object, true; }
    PyObject *get() { return value; }
};

template <> struct From<bool> : Plain {
    bool value = false;
    bool load(Function *, std::size_t, PyObject *object) {
        value = object == Py_True;
        return value || object == Py_False;
    }
    bool get() { return value; }
};

template <class T> struct From<T, std::enable_if_t<std::is_floating_point_v<T>>> : Plain {
    double value = 0;
    bool load(Function *, std::size_t, PyObject *object) {
        if (BINDING_LIKELY(PyFloat_CheckExact(object)))
            return value = PyFloat_AS_DOUBLE(object), true;
        if (!PyFloat_Check(object) && !PyLong_Check(object))
            return false;
        value = PyFloat_AsDouble(object);
        return value != -1.0 || !PyErr_Occurred();
    }
    T get() { return static_cast<T>(value); }
};

template <class T> struct From<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>> : Plain {
    T value = 0;
    bool load(Function *, std::size_t, PyObject *object) {
        if (!PyLong_Check(object))
            return false;
        if constexpr (std::is_signed_v<T>) {
            long long wide = PyLong_AsLongLong(object);
            if (wide == -1 && PyErr_Occurred())
                return false;
            value = static_cast<T>(wide);
            return wide == value || too_large();
        } else {
            unsigned long long wide = PyLong_AsUnsignedLongLong(object);
            if (wide == static_cast<unsigned long long>(-1) && PyErr_Occurred())
                return false;
            value = static_cast<T>(wide);
            return wide == value || too_large();
        }
    }
    static bool too_large() {
        PyErr_Format(PyExc_OverflowError, "int doesn't fit into %zu bytes", sizeof(T));
        return false;
    }
    T get() { return value; }
};

template <> struct From<std::string_view> : Plain {
    std::string_view value;
    bool load(Function *, std::size_t, PyObject *object) {
        if (!PyUnicode_Check(object))
            return false;
        Py_ssize_t size = 0;
        const char *text = PyUnicode_AsUTF8AndSize(object, &size);
        if (text)
            value = {text, static_cast<std::size_t>(size)};
        return text;
    }
    std::string_view get() { return value; }
};

template <> struct From<std::string> : From<std::string_view> {
    std::string get() { return std::string(value); }
};
// A plain value by reference is read by value.
template <class T> struct From<const T &, std::enable_if_t<is_plain<T>>> : From<T> {};

// The slow half: what is counted, a class that derives from the wanted one, or another module's. NULL without an exception:
// somebody else may try.
BINDING_COLD inline void *find_pointer(Function *self, std::size_t place, const Native &of, PyObject *object, Loan &loan,
                                       bool writes) {
    try {
        Type *type = self->site(place);
        if (type == &unresolved && !(type = self->resolve(place, *of.cpp)))
            return nullptr;
        if (is_ours(Py_TYPE(object))) {
            Instance *instance = reinterpret_cast<Instance *>(object);
            if (!loan.take(instance)) {
                refuse_empty(object);
                return nullptr;
            }
            void *pointer = show(instance);
            if (!pointer)
                return nullptr;
            if (void *found = instance->type()->upcast(pointer, type))
                return found;
            loan.end();
        }
        return lend(self->module, type, of, object, loan, writes, self->has_overloads());
    } BINDING_LET_UNWIND catch (...) {
        raise_current(self->module);
        return nullptr;
    }
}

template <class T> struct FromWrapped {
    static constexpr Turn TURN = Turn::pointer;
    using V = std::remove_const_t<T>;
    V *pointer = nullptr;
    Loan loan;
    bool load(Function *self, std::size_t place, PyObject *object) {
        const Type *type = self->site(place);
        PyTypeObject *python = Py_TYPE(object);
        if (BINDING_LIKELY(python == type->python.load(std::memory_order_relaxed)) || is_ours(python)) {
            Instance *instance = reinterpret_cast<Instance *>(object);
            std::uint64_t bits = instance->state.load(std::memory_order_acquire);
            constexpr std::uint64_t ASKED = READY | INLINE | MAPPED | COUNTED, WANTED = READY | INLINE | MAPPED;
            if (BINDING_LIKELY((bits & (ASKED | Type::WORD)) == (WANTED | type->word))) {
                pointer = reinterpret_cast<V *>(reinterpret_cast<char *>(object) + payload_offset<V>);
                return true;
            }
        }
        pointer = static_cast<V *>(find_pointer(self, place, native<V>, object, loan, !std::is_const_v<T>));
        return pointer;
    }
};

template <class P> struct From<P, std::enable_if_t<is_wrapped<P> && !std::is_pointer_v<std::remove_reference_t<P>>>>
    : FromWrapped<std::conditional_t<std::is_reference_v<P>, Target<P>, const P>> {
    std::conditional_t<std::is_reference_v<P>, std::remove_reference_t<P>, P> &get() { return *this->pointer; }
};

// A pointer may be None.
template <class P> struct From<P, std::enable_if_t<is_wrapped<P> && std::is_pointer_v<P>>> : FromWrapped<Target<P>> {
    bool load(Function *self, std::size_t place, PyObject *object) {
        return object == Py_None || FromWrapped<Target<P>>::load(self, place, object);
    }
    P get() { return this->pointer; }
};

BINDING_COLD inline bool refuse_taking(PyObject *object, const char *why) {
    PyErr_Format(PyExc_TypeError, "'%s' object can't be given away: %s", Py_TYPE(object)->tp_name, why);
    return false;
}

// Takes the C++ object away from its Python object, which stays behind empty; not if another argument, another call or anybody
// else uses it.
template <class T> struct From<std::unique_ptr<T>> {
    static constexpr Turn TURN = Turn::taken;
    Instance *instance = nullptr;

    From() = default;
    From(const From &) = delete;
    From &operator=(const From &) = delete;
    ~From() {
        if (instance)
            instance->unset(TAKING);
    }

    bool load(Function *self, std::size_t place, PyObject *object) {
        return find(self, place, typeid(T), object, instance);
    }
    BINDING_COLD static bool find(Function *self, std::size_t place, const std::type_info &cpp, PyObject *object,
                                  Instance *&found) {
        try {
            Type *type = self->site(place);
            if (type == &unresolved && !(type = self->resolve(place, cpp)))
                return false;
            Instance *wanted = reinterpret_cast<Instance *>(object);
            if (!is_ours(Py_TYPE(object)) || wanted->type() != type)
                return false;
            if (const char *why = wanted->take())
                return refuse_taking(object, why);
            found = wanted;
            return true;
        } BINDING_LET_UNWIND catch (...) {
            raise_current(self->module);
            return false;
        }
    }
    std::unique_ptr<T> get() {
        Instance *from = std::exchange(instance, nullptr);
        std::uint64_t bits = from->state.load(std::memory_order_acquire);
        void *pointer = from->address(bits);
        // No loan begins, so nobody enters it while it leaves.
        if (bits & MAPPED)
            leave(from->type(), from, pointer);
        from->unset(READY | OWNED | MAPPED | COUNTED | TAKING);
        return std::unique_ptr<T>(static_cast<T *>(pointer));
    }
};

// What a `shared_ptr` of C++ owes a Python object: the loan and the reference.
struct Shared : Debt {
    Home *home;
    const interbind_type_record *record;
    void *data;
    std::uint32_t mode;

    static void pay(Debt *debt) {
        auto *self = static_cast<Shared *>(debt);
        Loan loan;
        loan.object = self->object, loan.record = self->record, loan.data = self->data, loan.mode = self->mode;
        loan.end();
        Py_DECREF(self->object);
        self->home->release();
        delete self;
    }
};

// Shares the object's own holder, or one that keeps the Python object alive, lent as long.
template <class T> struct From<std::shared_ptr<T>> : FromWrapped<T> {
    Function *function = nullptr;
    PyObject *object = nullptr;

    From() = default;
    From(const From &) = delete;
    From &operator=(const From &) = delete;
    ~From() {
        // The call is done: a good moment for what other threads and interpreters have left here.
        if (function)
            function->module->home->work_off();
    }

    bool load(Function *self, std::size_t place, PyObject *from) {
        function = self;
        object = from;
        return FromWrapped<T>::load(self, place, from);
    }
    std::shared_ptr<T> get() {
        Instance *instance = reinterpret_cast<Instance *>(object);
        if (!this->loan.is_foreign()) {
            std::uint64_t bits = instance->state.load(std::memory_order_acquire);
            auto *held = bits & SHARED ? *static_cast<Held<T> **>(instance->payload(bits)) : nullptr;
            if (held && static_cast<void *>(held->pointer) == static_cast<void *>(this->pointer))
                return held->holder;
            // It may not have been counted so far.
            if (!this->loan.object && !this->loan.take(instance))
                throw std::invalid_argument("the object is being given away");
        }
        auto debt = std::make_unique<Shared>();
        Home *home = function->module->home;
        debt->object = Py_NewRef(object);
        debt->end = Shared::pay;
        debt->home = home;
        debt->record = this->loan.record;
        debt->data = this->loan.record ? this->loan.data : nullptr;
        debt->mode = this->loan.record ? this->loan.mode : INTERBIND_BORROW_SHARED;
        home->retain();
        this->loan.object = nullptr;
        return std::shared_ptr<T>(this->pointer, [debt = debt.release()](T *) { debt->home->owe(debt); });
    }
};

// ---- To Python ----

template <class R, class = void> struct To;

template <> struct To<PyObject *> {
    static PyObject *make(Function *, std::size_t, PyObject *owned) { return owned; }
};
template <> struct To<bool> {
    static PyObject *make(Function *, std::size_t, bool value) { return PyBool_FromLong(value); }
};
template <class T> struct To<T, std::enable_if_t<std::is_floating_point_v<T>>> {
    static PyObject *make(Function *, std::size_t, T value) { return PyFloat_FromDouble(static_cast<double>(value)); }
};
template <class T> struct To<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>> {
    static PyObject *make(Function *, std::size_t, T value) {
        if constexpr (std::is_signed_v<T>)
            return PyLong_FromLongLong(value);
        else
            return PyLong_FromUnsignedLongLong(value);
    }
};
template <> struct To<std::string_view> {
    static PyObject *make(Function *, std::size_t, std::string_view text) {
        return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), nullptr);
    }
};
template <> struct To<std::string> : To<std::string_view> {};
template <class T> struct To<const T &, std::enable_if_t<is_plain<T>>> : To<T> {};
template <> struct To<const char *> {
    static PyObject *make(Function *, std::size_t, const char *text) { return PyUnicode_FromString(text); }
};

// The class that a result gets, and the address of the whole object: the most derived one that this module bound.
template <class T> Type *type_of_result(Function *self, std::size_t place, T *&pointer, void *&whole) {
    Type *type = self->site(place);
    if (!BINDING_LIKELY(type != &unresolved) && !(type = self->resolve(place, typeid(T))))
        return nullptr;
    whole = const_cast<void *>(static_cast<const void *>(pointer));
    if constexpr (std::is_polymorphic_v<T>) {
        const std::type_info &dynamic = typeid(*pointer);
        if (dynamic != typeid(T)) {
            Type *derived = self->module->resolve(dynamic);
            if (!derived)
                return nullptr;
            if (derived->python.load(std::memory_order_relaxed)) {
                whole = const_cast<void *>(dynamic_cast<const void *>(pointer));
                return derived;
            }
        }
    }
    return type;
}

// The Python object that a pointer was last found in, if it is remembered: a new reference, or NULL.
inline PyObject *recall([[maybe_unused]] Module *module, [[maybe_unused]] const Type *type,
                        [[maybe_unused]] const void *pointer) {
#ifndef Py_GIL_DISABLED
    Recent::Place &place = module->recent.at(pointer);
    // One that dies has a count of zero, and is taken out soon.
    if (BINDING_LIKELY(place.pointer == pointer && place.type == type && Py_REFCNT(place.object) > 0))
        return Py_NewRef(place.object);
#endif
    return nullptr;
}

// The Python object that wraps the pointer already; NULL without an exception: there is none.
inline PyObject *find_instance(Module *module, const Type *type, const void *pointer) {
    interbind_object *found = recall(module, type, pointer);
    if (found)
        return found;
    type->instances->find(type->instances, pointer, type->key, &found);
#ifndef Py_GIL_DISABLED
    if (found && Py_TYPE(found) == type->python.load(std::memory_order_relaxed))
        module->recent.at(pointer) = {pointer, type, found};
#endif
    return found;
}

BINDING_COLD inline PyObject *refuse_result(const Type *type) {
    return PyErr_Format(PyExc_TypeError, "no class of this module for a result '" INTERBIND_NATIVE_CPP "%s'", type->cpp->name());
}

// A new object around a pointer; with `OWNED` it takes over the payload, unless it fails.
BINDING_COLD inline PyObject *wrap_pointer(Type *type, void *payload, void *pointer, std::uint64_t bits) {
    PyTypeObject *python = type->python.load(std::memory_order_acquire);
    if (!python)
        return refuse_result(type);
    bits = counted(type, bits);
    Instance *self = allocate(type, python, static_cast<std::size_t>(python->tp_basicsize), sizeof(Instance), MAKING);
    if (!self)
        return nullptr;
    *static_cast<void **>(self->payload()) = payload;
    foresee(self);
    if (!enter(type, self, pointer)) {
        Py_DECREF(reinterpret_cast<PyObject *>(self));
        return nullptr;
    }
    // What it was allocated with says who counts it.
    std::uint64_t stocked = self->state.load(std::memory_order_relaxed) & STOCKED;
    self->state.store(offset_bits(sizeof(Instance)) | type->word | READY | MAPPED | stocked | bits, std::memory_order_release);
    return reinterpret_cast<PyObject *>(self);
}

// By pointer or reference: the object that wraps it, or a new one that doesn't own it.
template <class P>
struct To<P, std::enable_if_t<is_wrapped<P> && (std::is_pointer_v<P> || std::is_lvalue_reference_v<P>)>> {
    using T = std::remove_pointer_t<std::remove_reference_t<P>>;
    static PyObject *make(Function *self, std::size_t place, T *pointer) {
        // What is remembered is of a known type, and never at NULL.
        if constexpr (!std::is_polymorphic_v<T>)
            if (PyObject *found = recall(self->module, self->site(place), pointer); BINDING_LIKELY(found))
                return found;
        return find_or_wrap(self, place, pointer);
    }
    // Throws nothing, and is the last thing that a call does, so what comes before it needs no frame.
    BINDING_AFTER static PyObject *find_or_wrap(Function *self, std::size_t place, T *pointer) noexcept {
        if (!pointer)
            return Py_NewRef(Py_None);
        try {
            void *whole;
            Type *type = type_of_result(self, place, pointer, whole);
            if (!type)
                return nullptr;
            PyObject *found = find_instance(self->module, type, whole);
            return found ? found : wrap_pointer(type, whole, whole, 0);
        } catch (...) {
            return raise_current(self->module);
        }
    }
    static PyObject *make(Function *self, std::size_t place, T &reference) { return make(self, place, &reference); }
};

// Makes a T by `build`, in the place that it is given or, given NULL, on its own: for `target`, which has been started, or for
// a new object of that class. NULL: an exception is set. What `build` throws goes on.
template <class T, class B> PyObject *make_inside(Type *type, PyTypeObject *python, Instance *target, B build) {
    const bool is_inline = fits_inline<T> && type->is_inline;
    const std::size_t offset = is_inline ? payload_offset<T> : sizeof(Instance);
    Instance *made = target;
    if (BINDING_LIKELY(!target))
        made = allocate(type, python, is_inline ? instance_size<T> : pointing_size, offset, MAKING);
    if (!made)
        return nullptr;
    void *pointer = reinterpret_cast<char *>(made) + offset;
    std::uint64_t bits = READY | OWNED | INLINE;
    try {
        if (BINDING_LIKELY(is_inline)) {
            build(pointer);
        } else {
            T *apart = build(nullptr);
            *static_cast<void **>(pointer) = apart;
            pointer = apart;
            bits = READY | OWNED;
        }
    } catch (...) {
        if (target)
            made->unset(MAKING);
        else
            Py_DECREF(reinterpret_cast<PyObject *>(made));
        throw;
    }
    bits = counted(type, bits);
    if (!(is_unseen<T> && bits & INLINE)) {
        if (!target)
            foresee(made);
        if (!BINDING_LIKELY(enter(type, made, pointer))) {
            destroy<T>(made, bits | offset_bits(offset));
            if (target)
                made->unset(MAKING);
            else
                Py_DECREF(reinterpret_cast<PyObject *>(made));
            return nullptr;
        }
        bits |= MAPPED;
    }
    finish_making(made, bits);
    return reinterpret_cast<PyObject *>(made);
}

// By value: a new object with the value inside. May throw.
template <class T> PyObject *wrap_value(Type *type, PyTypeObject *python, T &&value) {
    using V = std::remove_cv_t<std::remove_reference_t<T>>;
    return make_inside<V>(type, python, nullptr, [&](void *place) {
        return place ? new (place) V(std::forward<T>(value)) : new V(std::forward<T>(value));
    });
}

template <class T> struct To<T, std::enable_if_t<is_wrapped<T> && std::is_class_v<T>>> {
    static PyObject *make(Function *self, std::size_t place, T &&value) {
        Type *type = self->site(place);
        if (!BINDING_LIKELY(type != &unresolved) && !(type = self->resolve(place, typeid(T))))
            return nullptr;
        PyTypeObject *python = type->python.load(std::memory_order_acquire);
        return python ? wrap_value(type, python, std::move(value)) : refuse_result(type);
    }
};

template <class T> struct To<std::unique_ptr<T>> {
    static PyObject *make(Function *self, std::size_t place, std::unique_ptr<T> &&value) {
        if (!value)
            return Py_NewRef(Py_None);
        T *pointer = value.get();
        void *whole;
        Type *type = type_of_result(self, place, pointer, whole);
        PyObject *made = type ? wrap_pointer(type, whole, whole, OWNED) : nullptr;
        if (made)
            value.release();
        return made;
    }
};

template <class T> struct To<std::shared_ptr<T>> {
    static PyObject *make(Function *self, std::size_t place, std::shared_ptr<T> &&value) {
        if (!value)
            return Py_NewRef(Py_None);
        T *pointer = value.get();
        Type *type = self->site(place);
        if (type == &unresolved && !(type = self->resolve(place, typeid(T))))
            return nullptr;
        if (PyObject *found = find_instance(self->module, type, pointer))
            return found;
        auto held = std::make_unique<Held<T>>(Held<T>{pointer, std::move(value)});
        PyObject *made = wrap_pointer(type, held.get(), pointer, OWNED | SHARED);
        if (made)
            held.release();
        return made;
    }
};

} // namespace binding
