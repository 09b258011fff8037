/* The consumer once more, in C++ with pybind11 and the headers of interbind:
 *
 *     c++ -std=c++17 -O2 -shared -fPIC -fvisibility=hidden $(python3 -m pybind11 --includes) $(python3 -m interbind --includes) \
 *         measure_cpp.cpp -o measure_cpp.so
 */
/* ANCHOR: all */
/* ANCHOR: declare */
#include <pybind11/pybind11.h>
#include <interbind/interbind.hpp>
#include <cmath>

struct Point { double x, y; };
INTERBIND_DATA(Point, "org.example.Point", "1.0.0", x, y)
/* ANCHOR_END: declare */

/* ANCHOR: module */
INTERBIND_NOTE("measure_cpp", "1.0.0", INTERBIND_CONSUMES("org.example.Point", "^1.0.0"));

static interbind_owner owner = INTERBIND_OWNER("measure_cpp", "1.0.0");
static interbind_slot slot = INTERBIND_SLOT(&owner, INTERBIND_NOT_SUPPORTED);
static interbind_binding binding;
static auto points = interbind::site<Point>::of_data();

PYBIND11_MODULE(measure_cpp, m) {
    pybind11::register_exception_translator([](std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const interbind::raised &) {
            // The Python exception is set already.
        }
    });
    if (interbind_bind(&slot, m.ptr(), nullptr, &binding) != INTERBIND_OK) {
        throw pybind11::error_already_set();
    }
    m.def("norm", [](pybind11::object p) {
        interbind::borrowed<Point> point(&binding.context, points, p.ptr());
        return std::hypot(point->x, point->y);
    });
}
/* ANCHOR_END: module */
/* ANCHOR_END: all */
