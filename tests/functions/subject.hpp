// What `bench.py` has bound by each binder: the same functions, and as many as are asked for, each of another type of callable.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#ifndef MANY
#define MANY 0
#endif

namespace subject {

inline double one(double x) { return x; }
inline double three(double x, double y, double z) { return x + y + z; }
inline double dot(double x, double y) { return x * y; }

struct K {
    double by = 2.0;
    double times(double x) const { return by * x; }
};

// Calls `add` with a name and a callable for each.
template <class Add, std::size_t... I> void many(Add add, std::index_sequence<I...>) {
    (add(("f" + std::to_string(I)).c_str(), [](double x, double y) { return x * y + static_cast<double>(I); }), ...);
}
template <class Add> void many(Add add) { many(add, std::make_index_sequence<MANY>()); }

} // namespace subject

#define START_OF(name) START_OF_(name)
#define START_OF_(name) PyInit_##name
#define NAME_OF(name) NAME_OF_(name)
#define NAME_OF_(name) #name
