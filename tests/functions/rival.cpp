// What `bench.py` holds the functions of `function.cpp` against: the same ones of nanobind.
#include <nanobind/nanobind.h>

namespace nb = nanobind;
using namespace nb::literals;

NB_MODULE(rival, m) {
    m.def("zero", [] {});
    m.def("one", [](double x) { return x; });
    m.def("three", [](double x, double y, double z) { return x + y + z; }, "x"_a, "y"_a, "z"_a);
    m.def("dot", [](double x, double y) { return x * y; }, "x"_a, "y"_a = 1.0);
}
