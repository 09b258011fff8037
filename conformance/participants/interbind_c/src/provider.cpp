// The provider: each type of the zoo as plain data under its shared name, and the classes of `native.hpp`.
#include "native.hpp"
#include "surface.hpp"

namespace {

template <class T> const binding::Layout layout = {zoo::About<T>::name, zoo::About<T>::version, zoo::About<T>::descriptor};

// Counted by the instance map from the first moment on: a class with a constructor may show its address to anybody.
template <class T> struct Value : T {
    explicit Value(const T &value) : T(value) {}
};

// A value of its bytes, which the case made of valid fields.
template <class T> Value<T> value(PyObject *bytes) {
    T made;
    std::memcpy(&made, surface::value_bytes(bytes, sizeof made), sizeof made);
    return Value<T>(made);
}

template <class T> void bind_type(binding::module_ &m, const char *name) {
    binding::class_<Value<T>>(m, name, binding::frozen{}, &layout<T>)
        .def("peek", [](const Value<T> &self) { return surface::bytes_of(&self, sizeof self); });
    m.def((std::string("make_") + zoo::About<T>::id).c_str(), [](PyObject *bytes) { return value<T>(bytes); });
}

// Handed out again and again.
native::Crate the_crate("the crate", 40.0, 4);

} // namespace

BINDING_MODULE(interbind_c_provider, "1.0.0", m) {
    using namespace native;
#define BIND(T) bind_type<zoo::T>(m, #T);
    WITH_ZOO(BIND)

    binding::class_<Named>(m, "Named", binding::indirect{}).field("name", &Named::name);
    binding::class_<Weighed>(m, "Weighed", binding::indirect{}).field("kilos", &Weighed::kilos);
    binding::class_<Crate, Named, Weighed>(m, "Crate", binding::indirect{})
        .init<std::string, double, std::int64_t>()
        .field("parts", &Crate::parts);
    binding::class_<Shelf>(m, "Shelf", binding::collected{})
        .init<>()
        .def("put", [](Shelf &self, Crate *crate) { self.crate = crate; }, binding::keep_alive<1, 2>{}, binding::locked{})
        .def("take", [](Shelf &self) { return self.crate; });
    m.def("the_crate", []() { return &the_crate; });
    m.def("owned_crate", [](std::string_view name) { return std::make_unique<Crate>(std::string(name), 1.0, 1); });
    m.def("shared_crate", [](std::string_view name) { return std::make_shared<Crate>(std::string(name), 2.0, 2); });
    m.def("swallow", [](std::unique_ptr<Crate> crate) { return crate->name; });
    m.translate([](std::exception_ptr exception) {
        try {
            std::rethrow_exception(exception);
        } catch (const Broken &broken) {
            PyErr_SetString(PyExc_KeyError, broken.what.c_str());
        }
    });
    m.def("fail", [](std::string_view what) { throw Broken{std::string(what)}; });

    m.def("identity", []() { return surface::identity("provider"); });
    m.def("live", [module = m.state]() { return surface::counts(module); });
    m.def("drop_all", []() {});
    m.def("make", [module = m.state](std::string_view type, PyObject *bytes) {
        PyObject *made = PyObject_CallMethod(module->object, (std::string("make_") + std::string(type)).c_str(), "O", bytes);
        return surface::checked(made);
    });
    m.def("peek", [](PyObject *object) { return surface::checked(PyObject_CallMethod(object, "peek", nullptr)); });
}
