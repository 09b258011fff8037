// What both modules have: bytes as values of the zoo and back, and how many objects live.
#pragma once

#include <pybind11/pybind11.h>

#include ZOO_HPP

#include <atomic>
#include <cstring>
#include <string>

namespace py = pybind11;

namespace surface {

inline std::atomic<long> objects{0}, touched{0};

template <class T> T value_of(const py::bytes &data) {
    const std::string bytes = data;
    T value;
    if (bytes.size() != sizeof value)
        throw py::value_error("bytes of another size");
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

template <class T> py::bytes bytes_of(const T &value) {
    return py::bytes(reinterpret_cast<const char *>(&value), sizeof value);
}

// Counts an object until it dies.
inline py::object counted(py::object object) {
    ++objects;
    py::weakref(object, py::cpp_function([](py::handle weak) {
        --objects;
        weak.dec_ref();
    })).release();
    return object;
}

inline py::dict identity(const char *role) {
    return py::dict(py::arg("build") = CONFORMANCE_BUILD, py::arg("role") = role, py::arg("mutation") = zoo::MUTATION);
}

} // namespace surface
