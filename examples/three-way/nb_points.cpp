/* A module made with nanobind: a class of points, and functions that take everybody's. */
#include <interbind/nanobind.hpp>

#include "point.hpp"

#include <cmath>

namespace nb = nanobind;
using geo::Point;

/* What the doctor reads in the file; the layout is there already. */
INTERBIND_NOTE("nb_points", "1.0.0", INTERBIND_PROVIDES("org.example.Point", "1.0.0") INTERBIND_CONSUMES("org.example.Point", "^1.0.0"));

NB_MODULE(nb_points, m) {
    interbind::bind(m, "1.0.0");
    nb::class_<Point> point(m, "Point");
    point.def("__init__", [](Point *self, double x, double y) { new (self) Point{x, y}; }).def_ro("x", &Point::x);
    interbind::publish(point);
    m.def("norm", [](const Point &p) { return std::hypot(p.x, p.y); });
    m.def("shift", [](Point &p) -> Point & { p.x += 1; return p; }, nb::rv_policy::reference);
}
