// Parameters with names and defaults.
//
//     m.def("scale", [](const Point &point, double by) { … }, binding::arg("point"), binding::arg("by") = 2.0);
//
// Off the fast path, which is for calls that give every argument by position: only when that doesn't fit are names looked
// at. The names belong to the last parameters; what stands before them, as a method's object, has none.
#pragma once

#include <string_view>

#include "error.hpp"
#include "function.hpp"

namespace binding BINDING_HIDDEN {

// A parameter's name, and what it is when it isn't given: a number, a text, None, or an object, which it takes over.
class arg {
  public:
    const char *name;
    PyObject *fallback = nullptr;

    explicit arg(const char *name) : name(name) {}
    arg(const arg &other) : name(other.name), fallback(Py_XNewRef(other.fallback)) {}
    arg &operator=(const arg &) = delete;
    ~arg() { Py_XDECREF(fallback); }

    template <class V, class = std::enable_if_t<!std::is_same_v<V, arg>>> arg operator=(V value) && {
        if constexpr (std::is_same_v<V, bool>)
            fallback = PyBool_FromLong(value);
        else if constexpr (std::is_same_v<V, std::nullptr_t>)
            fallback = Py_NewRef(Py_None);
        else if constexpr (std::is_floating_point_v<V>)
            fallback = PyFloat_FromDouble(value);
        else if constexpr (std::is_integral_v<V> && std::is_signed_v<V>)
            fallback = PyLong_FromLongLong(value);
        else if constexpr (std::is_integral_v<V>)
            fallback = PyLong_FromUnsignedLongLong(value);
        else if constexpr (std::is_convertible_v<V, PyObject *>)
            fallback = static_cast<PyObject *>(value);
        else
            fallback = text(value);
        if (!fallback)
            throw PythonError();
        return *this;
    }

  private:
    static PyObject *text(std::string_view value) {
        return PyUnicode_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()));
    }
};

// The signature of a function whose last parameters have these names.
inline Signature *name_parameters(const Signature &plain, Signature::Attempt attempt, const arg *const *args,
                                        std::size_t count) {
    auto named = std::make_unique<Signature>();
    named->result = plain.result;
    named->types = plain.types;
    named->attempt = attempt;
    named->named.reserve(count);
    for (std::size_t place = 0; place < count; ++place) {
        PyObject *name = PyUnicode_InternFromString(args[place]->name);
        if (!name)
            throw PythonError();
        named->named.push_back({name, Py_XNewRef(args[place]->fallback)});
    }
    return named.release();
}

// References for as long as a call lasts.
struct References {
    std::vector<PyObject *> objects;

    References() = default;
    References(const References &) = delete;
    References &operator=(const References &) = delete;
    ~References() {
        for (PyObject *object : objects)
            Py_DECREF(object);
    }
    // Takes over a reference.
    PyObject *add(PyObject *owned) {
        try {
            objects.push_back(owned);
        } catch (...) {
            Py_DECREF(owned);
            throw;
        }
        return owned;
    }
};

// Calls a function with what was given under names, and what wasn't given, in their places. NULL without an exception: that
// isn't how it is called.
BINDING_COLD inline PyObject *call_named(Function *self, PyTypeObject *python, Instance *target, PyObject *const *args,
                                         std::size_t given, PyObject *names) {
    try {
        const Signature &signature = *self->signature;
        const std::size_t count = signature.types.size(), first = count - signature.named.size();
        const Py_ssize_t words = names ? PyTuple_GET_SIZE(names) : 0;
        if (PyErr_Occurred() || given > count || (given == count && !words))
            return nullptr;
        std::vector<PyObject *> all(args, args + given);
        all.resize(count);
        for (Py_ssize_t word = 0; word < words; ++word) {
            PyObject *said = PyTuple_GET_ITEM(names, word);
            std::size_t place = first;
            while (place < count && !(PyUnicode_Check(said) && PyUnicode_Compare(signature.named[place - first].name, said) == 0))
                ++place;
            if (place == count || all[place])
                return nullptr;
            all[place] = args[given + static_cast<std::size_t>(word)];
        }
        References kept;
        for (std::size_t place = given; place < count; ++place) {
            // The collector may take a default away meanwhile.
            if (PyObject *fallback = all[place] || place < first ? nullptr : fallback_of(self, place - first))
                all[place] = kept.add(fallback);
            if (!all[place])
                return nullptr;
        }
        return signature.attempt(self, python, target, all.data());
    } BINDING_LET_UNWIND catch (...) {
        return raise_current(self->module);
    }
}

} // namespace binding
