// The provider: the zoo's types as classes.
#include "surface.hpp"

using namespace surface;

NB_MODULE(MODULE, m) {
    nb::set_leak_warnings(false);
#define BIND(T) bind<zoo::T>(m, #T);
    WITH_ZOO(BIND)
    m.def("identity", [] { return identity("provider"); });
    m.def("live", [] {
        nb::dict counts;
        counts["objects"] = objects.load();
        return counts;
    });
    m.def("drop_all", [] {});
    m.def("make", [](const std::string &type, const nb::bytes &data) -> nb::object {
#define MAKE(T) if (type == zoo::About<zoo::T>::id) return counted(nb::cast(value_of<zoo::T>(data)));
        WITH_ZOO(MAKE)
        throw nb::value_error("no type of the zoo");
    });
    m.def("peek", [](nb::object object) -> nb::bytes {
#define PEEK(T) if (has<zoo::T>(object)) return bytes_of(nb::cast<const zoo::T &>(object));
        WITH_ZOO(PEEK)
        throw nb::type_error("no object of the zoo");
    });
}
