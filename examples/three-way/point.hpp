/* The point that the C++ modules share, as the others declare it. */
#pragma once
#include <interbind/cast.hpp>

namespace geo {
struct Point { double x, y; };
} // namespace geo

INTERBIND_DATA(geo::Point, "org.example.Point", "1.0.0", x, y)
