/* A module made with pybind11: a class of points, and functions that take everybody's. */
#include <interbind/pybind11.hpp>

#include "point.hpp"

#include <cmath>

namespace py = pybind11;
using geo::Point;

/* What the doctor reads in the file; the layout is there already. */
INTERBIND_NOTE("pb_points", "1.0.0", INTERBIND_PROVIDES("org.example.Point", "1.0.0") INTERBIND_CONSUMES("org.example.Point", "^1.0.0"));

PYBIND11_MODULE(pb_points, m) {
    interbind::bind(m, "1.0.0");
    py::class_<Point> point(m, "Point");
    point.def(py::init([](double x, double y) { return Point{x, y}; })).def_readonly("x", &Point::x);
    interbind::publish(point);
    m.def("norm", [](const Point &p) { return std::hypot(p.x, p.y); });
    m.def("shift", [](Point &p) -> Point & { p.x += 1; return p; }, py::return_value_policy::reference);
}
