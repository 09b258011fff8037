// The consumer: reads the zoo's types by their shared names, and the classes of `native.hpp` by their C++ keys. It binds no
// class of its own.
#include <atomic>

#include "native.hpp"
#include "surface.hpp"

namespace {

// How often foreign payload was read, and how many borrows are held now.
std::atomic<std::int64_t> touched{0}, borrows{0};

template <class T> PyObject *read(const binding::Module *module, PyObject *object) {
    using About = zoo::About<T>;
    static interbind_site site = {
        About::name, INTERBIND_KIND_DATA, alignof(T), About::descriptor,
        {About::major, About::minor, 0}, {About::major + 1, 0, 0}, 0, {nullptr, nullptr, nullptr, nullptr}};
    const interbind_type_record *record = nullptr;
    if (interbind_find(&module->context(), &site, object, &record) != INTERBIND_OK)
        throw binding::PythonError();
    const void *data = surface::checked(interbind_borrow(record, object, INTERBIND_BORROW_SHARED));
    borrows.fetch_add(1, std::memory_order_relaxed);
    touched.fetch_add(1, std::memory_order_relaxed);
    char copy[sizeof(T)];
    std::memcpy(copy, data, sizeof copy);
    interbind_give_back(record, object, INTERBIND_BORROW_SHARED);
    borrows.fetch_sub(1, std::memory_order_relaxed);
    return surface::bytes_of(copy, sizeof copy);
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

    m.def("identity", []() { return surface::identity("consumer"); });
    m.def("live", []() {
        PyObject *dict = surface::checked(PyDict_New());
        surface::put(dict, "borrows", PyLong_FromLongLong(borrows));
        surface::put(dict, "touched", PyLong_FromLongLong(touched));
        return dict;
    });
    m.def("read", [module = m.state](std::string_view type, PyObject *object) -> PyObject * {
#define READ(T) \
    if (type == zoo::About<zoo::T>::id) \
        return read<zoo::T>(module, object);
        WITH_ZOO(READ)
        throw std::invalid_argument("no type of the zoo");
    });
}
