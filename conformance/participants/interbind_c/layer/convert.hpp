// Between Python objects and C++ values: numbers, texts, wrapped objects.
//
// `From<P>` reads an argument for a parameter of type P: `load` answers false for what doesn't fit, with an exception set
// only when nobody else should try. `To<R>` makes the result.
#pragma once

#include <limits>
#include <string_view>

#include "error.hpp"
#include "foreign.hpp"
#include "function.hpp"
#include "instance.hpp"

namespace binding {

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

template <class P, class = void> struct From;

template <> struct From<PyObject *> {
    PyObject *value = nullptr;
    bool load(Function *, std::size_t, PyObject *object) { return value = object, true; }
    PyObject *get() { return value; }
};

template <> struct From<bool> {
    bool value = false;
    bool load(Function *, std::size_t, PyObject *object) {
        value = object == Py_True;
        return value || object == Py_False;
    }
    bool get() { return value; }
};

template <class T> struct From<T, std::enable_if_t<std::is_floating_point_v<T>>> {
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

template <class T> struct From<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>> {
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

template <> struct From<std::string_view> {
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

// The slow half: a class that derives from the wanted one, or another module's.
BINDING_COLD inline void *find_pointer(Function *self, std::size_t place, const std::type_info &cpp, PyObject *object,
                                       Loan &loan) {
    Type *type = self->site(place);
    if (type == &unresolved && !(type = self->resolve(place, cpp)))
        return nullptr;
    if (Type *own = type_of(Py_TYPE(object))) {
        void *pointer = show(own, reinterpret_cast<Instance *>(object));
        void *found = pointer ? own->upcast(pointer, type) : nullptr;
        if (!pointer && !PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "'%s' object has no C++ object: __init__ wasn't called, or it was given away",
                         Py_TYPE(object)->tp_name);
        if (!pointer || found)
            return found;
    }
    return lend(self->module, type, object, loan, self->first->next != nullptr);
}

template <class T> struct FromWrapped {
    T *pointer = nullptr;
    Loan loan;
    bool load(Function *self, std::size_t place, PyObject *object) {
        const Type *type = self->site(place);
        PyTypeObject *python = Py_TYPE(object);
        if (BINDING_LIKELY(python == type->python.load(std::memory_order_relaxed)) || type_of(python) == type) {
            Instance *instance = reinterpret_cast<Instance *>(object);
            std::uint32_t bits = instance->state.load(std::memory_order_acquire);
            if (BINDING_LIKELY((bits & (READY | INLINE | MAPPED)) == (READY | INLINE | MAPPED))) {
                pointer = reinterpret_cast<T *>(reinterpret_cast<char *>(object) + payload_offset<T>);
                return true;
            }
            if ((pointer = static_cast<T *>(show(type, instance))))
                return true;
        }
        pointer = static_cast<T *>(find_pointer(self, place, typeid(T), object, loan));
        return pointer;
    }
};

template <class P> struct From<P, std::enable_if_t<is_wrapped<P> && !std::is_pointer_v<std::remove_reference_t<P>>>>
    : FromWrapped<Bare<P>> {
    std::conditional_t<std::is_reference_v<P>, std::remove_reference_t<P>, P> &get() { return *this->pointer; }
};

// A pointer may be None.
template <class P> struct From<P, std::enable_if_t<is_wrapped<P> && std::is_pointer_v<P>>> : FromWrapped<Bare<P>> {
    bool load(Function *self, std::size_t place, PyObject *object) {
        return object == Py_None || FromWrapped<Bare<P>>::load(self, place, object);
    }
    P get() { return this->pointer; }
};

// Takes the C++ object away from its Python object, which stays behind empty.
template <class T> struct From<std::unique_ptr<T>> {
    Instance *instance = nullptr;
    bool load(Function *self, std::size_t place, PyObject *object) {
        Type *type = self->site(place);
        if (type == &unresolved && !(type = self->resolve(place, typeid(T))))
            return false;
        instance = reinterpret_cast<Instance *>(object);
        return type_of(Py_TYPE(object)) == type &&
               (instance->state.load(std::memory_order_relaxed) & (READY | INLINE | OWNED | SHARED)) == (READY | OWNED);
    }
    std::unique_ptr<T> get() {
        T *pointer = static_cast<T *>(instance->pointer());
        if (instance->state.load(std::memory_order_relaxed) & MAPPED)
            leave(type_of(Py_TYPE(reinterpret_cast<PyObject *>(instance))), instance);
        instance->state.fetch_and(KEEPS, std::memory_order_relaxed);
        return std::unique_ptr<T>(pointer);
    }
};

// Shares the object's own holder, or one that keeps the Python object alive.
template <class T> struct From<std::shared_ptr<T>> : FromWrapped<T> {
    PyObject *object = nullptr;
    bool load(Function *self, std::size_t place, PyObject *from) {
        object = from;
        return FromWrapped<T>::load(self, place, from);
    }
    std::shared_ptr<T> get() {
        Instance *instance = reinterpret_cast<Instance *>(object);
        if (!this->loan.record && instance->state.load(std::memory_order_relaxed) & SHARED) {
            auto *held = *static_cast<Held<T> **>(instance->payload());
            if (static_cast<void *>(held->pointer) == static_cast<void *>(this->pointer))
                return held->holder;
        }
        return std::shared_ptr<T>(this->pointer, [kept = Py_NewRef(object)](T *) {
            PyGILState_STATE state = PyGILState_Ensure();
            Py_DECREF(kept);
            PyGILState_Release(state);
        });
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
    if (BINDING_LIKELY(place.pointer == pointer && place.type == type))
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

// A new object around a pointer.
BINDING_COLD inline PyObject *wrap_pointer(const Type *type, void *payload, void *pointer, std::uint32_t bits) {
    PyTypeObject *python = type->python.load(std::memory_order_acquire);
    if (!python)
        return refuse_result(type);
    Instance *self = allocate(python, static_cast<std::size_t>(python->tp_basicsize), sizeof(Instance));
    if (!self)
        return nullptr;
    *static_cast<void **>(self->payload()) = payload;
    foresee(self);
    if (!enter(type, self, pointer, READY | bits)) {
        self->state.store(READY, std::memory_order_relaxed);
        Py_DECREF(reinterpret_cast<PyObject *>(self));
        return nullptr;
    }
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

// By value: a new object with the value inside.
template <class T> PyObject *wrap_value(Type *type, PyTypeObject *python, T &&value) {
    using V = std::remove_cv_t<std::remove_reference_t<T>>;
    Instance *self = allocate(python, instance_size<V>, payload_offset<V>);
    if (!self)
        return nullptr;
    void *pointer = self->payload();
    std::uint32_t bits = READY | OWNED | INLINE;
    if (BINDING_LIKELY(python->tp_basicsize >= static_cast<Py_ssize_t>(instance_size<V>))) {
        new (pointer) V(std::forward<T>(value));
    } else {
        *static_cast<void **>(self->payload()) = pointer = new V(std::forward<T>(value));
        bits = READY | OWNED;
    }
    if (is_unseen<V> && bits & INLINE) {
        self->state.store(bits, std::memory_order_release);
        return reinterpret_cast<PyObject *>(self);
    }
    foresee(self);
    if (!enter(type, self, pointer, bits)) {
        Py_DECREF(reinterpret_cast<PyObject *>(self));
        return nullptr;
    }
    return reinterpret_cast<PyObject *>(self);
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
