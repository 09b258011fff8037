// The consumer: reads the zoo's types by their shared names, and the classes of `native.hpp` by their C++ keys. Its one class
// is what it gives out for an object that it holds.
#include "borrowed.hpp"
#include "native.hpp"

#include <interbind/native.h>

namespace {

std::atomic<std::int64_t> held{0};

// An object that is kept and borrowed now and then. Its token is the nurse, so the collector sees what it keeps.
struct Held {
    const borrowed::Functions *of;
    PyObject *object; // NULL once it was let go
};

PyObject *read_held(const binding::Module *module, const Held &kept) {
    if (!kept.object)
        throw std::invalid_argument("it was let go");
    return kept.of->read(module, kept.object);
}

} // namespace

BINDING_MODULE(interbind_c_consumer, "1.0.0", m) {
    using namespace native;
    m.def("kilos", [](const Weighed &weighed) { return weighed.kilos; });
    m.def("name", [](const Named &named) { return named.name; });
    m.def("parts", [](const Crate &crate) { return crate.parts; });
    m.def("rename", [](Named &named, std::string_view name) { named.name = name; });
    m.def("itself", [](Crate &crate) { return &crate; });
    m.def("base", [](Crate &crate) -> Weighed & { return crate; });
    m.def("fail", [](std::string_view what) { throw Broken{std::string(what)}; });
    m.throws<Broken>();

    binding::class_<Held>(m, "Held", binding::collected{});
    m.def("hold", [module = m.state](std::string_view type, PyObject *object) {
        const borrowed::Functions &of = borrowed::of(type);
        of.judge(module, object);
        held.fetch_add(1, std::memory_order_relaxed);
        return Held{&of, object};
    }, binding::keep_alive<0, 2>{});
    m.def("read_held", [module = m.state](const Held &kept) { return read_held(module, kept); });
    m.def("let_go", [](Held &kept) {
        if (!std::exchange(kept.object, nullptr))
            throw std::invalid_argument("it was let go");
        held.fetch_sub(1, std::memory_order_relaxed);
    });

    m.def("native_call", [](PyObject *function, double x, double y) {
        void *entry = nullptr;
        if (interbind_native(function, "double (double, double)", &entry) != INTERBIND_OK)
            throw binding::PythonError();
        return reinterpret_cast<double (*)(double, double)>(entry)(x, y);
    });

    m.def("identity", []() { return surface::identity("consumer"); });
    m.def("descriptor", [](std::string_view type) { return borrowed::of(type).descriptor; });
    m.def("live", [module = m.state]() {
        PyObject *dict = surface::records(module);
        surface::put(dict, "borrows", PyLong_FromLongLong(borrowed::borrows));
        surface::put(dict, "held", PyLong_FromLongLong(held));
        surface::put(dict, "touched", PyLong_FromLongLong(borrowed::touched));
        return dict;
    });
    m.def("read", [module = m.state](std::string_view type, PyObject *object) {
        return borrowed::of(type).read(module, object);
    });
    m.def("read_raw", [module = m.state](std::string_view type, PyObject *object) {
        return borrowed::of(type).read_raw(module, object);
    });
    m.def("read_detached", [module = m.state](std::string_view type, PyObject *object) {
        return borrowed::of(type).read_detached(module, object);
    });
    m.def("write", [module = m.state](std::string_view type, PyObject *object, std::string_view field, PyObject *bytes) {
        borrowed::of(type).write(module, object, field, bytes);
    });
    m.def("during", [module = m.state](std::string_view type, PyObject *object, bool exclusive, PyObject *function) {
        return borrowed::of(type).during(module, object, exclusive, function);
    });
    m.def("own", [module = m.state](std::string_view type, PyObject *bytes) { return borrowed::of(type).own(module, bytes); });
}
