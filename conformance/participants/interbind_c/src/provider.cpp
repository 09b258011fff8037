// The provider: the zoo's types as plain data under their shared names, and the classes of `native.hpp`.
#include "mortal.hpp"

#include "native.hpp"

#include <cmath>
#include <interbind/native.h>

namespace {

using binding::Module;

// What can be done with a type of the zoo, by its id.
struct Functions {
    std::string_view id;
    const char *name;
    PyObject *(*fresh)(const Module *, std::string_view);
    PyTypeObject *(*bare)();
    interbind_class *tracked;
};

const Functions &of(std::string_view id) {
#define FUNCTIONS_OF(T) \
    {zoo::About<zoo::T>::id, #T, mortal::fresh<zoo::T>, mortal::bare<zoo::T>, &values::tracked<zoo::T>},
    static const Functions all[] = {WITH_ZOO(FUNCTIONS_OF)};
    for (const Functions &each : all)
        if (each.id == id)
            return each;
    throw std::invalid_argument("no type of the zoo");
}

// A class is called by its kind and its type: `FrozenPoint2d`.
PyObject *cls(const Module *module, std::string_view kind, std::string_view type) {
    return surface::checked(PyObject_GetAttrString(module->object, values::class_name(kind, of(type).name).c_str()));
}

PyObject *make(const Module *module, std::string_view kind, std::string_view type, PyObject *bytes) {
    surface::Owned python(cls(module, kind, type));
    return surface::checked(PyObject_CallOneArg(python.object, bytes));
}

// The address of the record that a class has under a name.
std::uintptr_t record_of(const Module *module, std::string_view name, PyObject *python) {
    const interbind_types_service *types = module->context().types;
    for (auto *record = types->of_type(types, python, nullptr); record; record = types->of_type(types, python, record))
        if (interbind_str_is(record->name, std::string(name).c_str()))
            return reinterpret_cast<std::uintptr_t>(record);
    return 0;
}

// Lent to other builds.
double hypot_of(double x, double y) { return std::hypot(x, y); }
double half_of(double x) { return x / 2; }

void lend(const Module *module, const char *name, const char *signature, const void *function) {
    if (interbind_native_lend(module->object, name, signature, function) != INTERBIND_OK)
        throw binding::PythonError();
}

// Handed out again and again.
native::Crate the_crate("the crate", 40.0, 4);

} // namespace

BINDING_MODULE(interbind_c_provider, "1.0.0", m) {
    using namespace native;
#define BIND(T) values::bind<zoo::T>(m, #T);
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
    m.translate<Broken>([](const Broken &broken) { PyErr_SetString(PyExc_KeyError, broken.what.c_str()); });
    m.def("fail", [](std::string_view what) { throw Broken{std::string(what)}; });

    m.def("identity", []() { return surface::identity("provider"); });
    m.def("live", [module = m.state]() {
        PyObject *dict = surface::counts(module, mortal::objects);
        surface::put(dict, "borrows", PyLong_FromLongLong(surface::borrows));
        return dict;
    });
    m.def("hypot", [](double x, double y) { return hypot_of(x, y); });
    m.def("half", [](double x) { return half_of(x); });
    lend(m.state, "hypot", "double (double, double)", reinterpret_cast<const void *>(&hypot_of));
    lend(m.state, "half", "double (double)", reinterpret_cast<const void *>(&half_of));
    m.def("drop_all", []() {});
    m.def("cls", [module = m.state](std::string_view kind, std::string_view type) { return cls(module, kind, type); });
    m.def("make", [module = m.state](std::string_view type, PyObject *bytes) { return make(module, "tracked", type, bytes); });
    m.def("make_as", [module = m.state](std::string_view kind, std::string_view type, PyObject *bytes) {
        return make(module, kind, type, bytes);
    });
    m.def("peek", [](PyObject *object) { return surface::checked(PyObject_CallMethod(object, "peek", nullptr)); });
    m.def("during", [](PyObject *object, PyObject *exclusive, PyObject *function) {
        return surface::checked(PyObject_CallMethod(object, "during", "OO", exclusive, function));
    });
    m.def("fresh", [module = m.state](std::string_view kind, std::string_view type) { return of(type).fresh(module, kind); });
    m.def("bare", [](std::string_view type) { return reinterpret_cast<PyObject *>(of(type).bare()); });
    m.def("publish_object", [module = m.state](std::string_view kind, std::string_view type, PyObject *python) {
        if (kind != "tracked" || !PyType_Check(python))
            throw std::invalid_argument("a tracked class of this module");
        values::publish(module, of(type).tracked, reinterpret_cast<PyTypeObject *>(python));
    });
    m.def("record_of", [module = m.state](std::string_view name, PyObject *python) {
        return record_of(module, name, python);
    });
}

// Modules that support fewer interpreters.
BINDING_MODULE_FOR(shared_only, "1.0.0", INTERBIND_SHARED_GIL, m) {}
BINDING_MODULE_FOR(main_only, "1.0.0", INTERBIND_NOT_SUPPORTED, m) {}
