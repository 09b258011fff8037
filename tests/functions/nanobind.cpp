// The rival of `records.cpp`: nanobind's functions.
#include <nanobind/nanobind.h>

#include "subject.hpp"

namespace nb = nanobind;
using namespace nb::literals;

NB_MODULE(MODULE, m) {
    m.def("zero", [] {});
    m.def("one", &subject::one);
    m.def("three", &subject::three, "x"_a, "y"_a, "z"_a);
    m.def("dot", &subject::dot, "x"_a, "y"_a = 1.0);
    nb::class_<subject::K>(m, "K").def(nb::init<>()).def("times", &subject::K::times, "x"_a);
    subject::many([&](const char *name, auto callable) { m.def(name, callable); });
}
