// The rival of `records.cpp`: pybind11's functions.
#include <pybind11/pybind11.h>

#include "subject.hpp"

namespace py = pybind11;
using namespace py::literals;

PYBIND11_MODULE(MODULE, m, py::mod_gil_not_used()) {
    m.def("zero", [] {});
    m.def("one", &subject::one);
    m.def("three", &subject::three, "x"_a, "y"_a, "z"_a);
    m.def("dot", &subject::dot, "x"_a, "y"_a = 1.0);
    m.def("eightchr", &subject::one);
    py::class_<subject::K>(m, "K").def(py::init<>()).def("times", &subject::K::times, "x"_a);
    subject::many([&](const char *name, auto callable) { m.def(name, callable); });
}
