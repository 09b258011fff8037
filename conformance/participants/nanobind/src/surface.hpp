// What both modules have: bytes as values of the zoo and back, and how many objects live.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include ZOO_HPP

#include <atomic>
#include <cstring>
#include <string>

namespace nb = nanobind;

namespace surface {

inline std::atomic<long> objects{0}, touched{0};

template <class T> T value_of(const nb::bytes &data) {
    T value;
    if (data.size() != sizeof value)
        throw nb::value_error("bytes of another size");
    std::memcpy(&value, data.c_str(), sizeof value);
    return value;
}

template <class T> nb::bytes bytes_of(const T &value) {
    return nb::bytes(reinterpret_cast<const char *>(&value), sizeof value);
}

// Counts an object until it dies.
inline nb::object counted(nb::object object) {
    ++objects;
    nb::weakref(object, nb::cpp_function([](nb::handle weak) {
        --objects;
        weak.dec_ref();
    })).release();
    return object;
}

// A class, unless the domain has it.
template <class T> void bind(nb::module_ m, const char *name) {
    if (!nb::type<T>().is_valid())
        nb::class_<T>(m, name, nb::is_weak_referenceable());
}

template <class T> bool has(nb::handle object) { return nb::isinstance<T>(object); }

inline nb::dict identity(const char *role) {
    nb::dict who;
    who["build"] = CONFORMANCE_BUILD;
    who["role"] = role;
    who["mutation"] = zoo::MUTATION;
    return who;
}

} // namespace surface
