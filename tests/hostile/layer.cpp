// Classes of the C++ layer, of each shape that it offers, for attacks from Python code.
//
// Built under several names, so that one module's objects are offered to another's functions. Every class has a number that
// its functions return: whatever Python code does, they return that number or refuse.
#include "layer.hpp"

#include <cstring>
#include <memory>
#include <string>

namespace hostile {

struct Inline {
    std::int64_t x;
    explicit Inline(std::int64_t value) : x(value) {}
};

// Both are bound as a pointer to the C++ object: Python sees one layout, C++ two.
struct Small {
    std::int64_t x;
    explicit Small(std::int64_t value) : x(value) {}
};
struct Large {
    char pad[4096];
    std::int64_t x;
    explicit Large(std::int64_t value) : x(value) { std::memset(pad, 'b', sizeof pad); }
};

// What a nurse points into; spoiled when it dies.
struct Payload {
    std::int64_t x;
    std::int64_t more[31];
    explicit Payload(std::int64_t value) : x(value) {
        for (auto &each : more)
            each = value;
    }
    ~Payload() { x = -1; }
};

struct Holder {
    std::int64_t x;
    Payload *payload = nullptr;
    explicit Holder(std::int64_t value) : x(value) {}
};

struct Frozen {
    std::int64_t x;
    std::string text;
    explicit Frozen(std::int64_t value) : x(value), text(64, 'f') {}
};

struct Point {
    double x, y;
    Point(double a, double b) : x(a), y(b) {}
};

const binding::Layout point_layout = {
    "org.zoo.point2d", "1.2.0", "data org.zoo.point2d size 16 align 8 { x: f64 @0; y: f64 @8 }"};

std::shared_ptr<Small> stored;

} // namespace hostile

BINDING_MODULE(MODULE, "1.0.0", m) {
    using namespace hostile;
    using namespace binding;
    class_<Inline>(m, "Inline").init<std::int64_t>().field("x", &Inline::x);
    class_<Small>(m, "Indirect", indirect{}).init<std::int64_t>().field("x", &Small::x);
    class_<Large>(m, "Large", indirect{}).init<std::int64_t>().field("x", &Large::x);
    class_<Payload>(m, "Payload", indirect{}, collected{}).init<std::int64_t>().field("x", &Payload::x);
    class_<Holder>(m, "Collected", collected{})
        .init<std::int64_t>()
        .field("x", &Holder::x)
        .def("put", [](Holder &self, Payload *payload) { self.payload = payload; }, keep_alive<1, 2>{})
        .def("get", [](Holder &self) -> std::int64_t { return self.payload ? self.payload->x : 0; });
    class_<Frozen>(m, "Frozen", indirect{}, frozen{}).init<std::int64_t>().constant("x", &Frozen::x);
    class_<Point>(m, "Point", indirect{}, frozen{}, &point_layout).init<double, double>();

    m.def("of_inline", [](const Inline &self) { return self.x; });
    m.def("of_indirect", [](const Small &self) { return self.x; });
    m.def("of_large", [](const Large &self) { return self.x; });
    m.def("of_payload", [](const Payload &self) { return self.x; });
    m.def("of_collected", [](const Holder &self) { return self.x; });
    m.def("of_frozen", [](const Frozen &self) { return self.x; });

    // An argument behind the pointer may run Python code while it is converted.
    m.def("with_float", [](const Frozen &self, double) { return self.x; });
    m.def("with_int", [](const Frozen &self, std::int64_t) { return self.x; });
    m.def("with_text", [](const Frozen &self, std::string_view) { return self.x; });
    // Takes the C++ object away from its Python object.
    m.def("swallow", [](std::unique_ptr<Frozen> gone) { return gone->x; });
    m.def("swallow_point", [](std::unique_ptr<Point> gone) { return gone->x; });
    m.def("keep", [](std::shared_ptr<Small> self) { stored = self; });
    m.def("unkeep", []() { stored.reset(); });
    m.def("counts", [module = m.state]() {
        interbind_instance_counts found{};
        module->context().instances->count(module->context().instances, &found);
        interbind_type_counts types{};
        module->context().types->count(module->context().types, &types);
        return Py_BuildValue("(KKKK)", (unsigned long long)found.entries, (unsigned long long)found.nurses,
                             (unsigned long long)found.patients, (unsigned long long)types.live);
    });
}
