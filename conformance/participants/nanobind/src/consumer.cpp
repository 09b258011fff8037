// The consumer: functions that take the zoo's types, as nanobind takes them.
#include "surface.hpp"

using namespace surface;

NB_MODULE(MODULE, m) {
    nb::set_leak_warnings(false);
#define BIND(T) \
    bind<zoo::T>(m, #T); \
    m.def((std::string("read_") + zoo::About<zoo::T>::id).c_str(), [](const zoo::T &value) { \
        ++touched; \
        return bytes_of(value); \
    }); \
    m.def((std::string("write_") + zoo::About<zoo::T>::id).c_str(), [](zoo::T &value, const std::string &field, nb::bytes data) { \
        for (const zoo::Field &each : zoo::About<zoo::T>::fields) \
            if (field == each.name && data.size() == each.size) { \
                ++touched; \
                std::memcpy(reinterpret_cast<char *>(&value) + each.offset, data.c_str(), data.size()); \
                return; \
            } \
        throw nb::value_error("no field of the type"); \
    });
    WITH_ZOO(BIND)
    m.def("identity", [] { return identity("consumer"); });
    m.def("live", [] {
        nb::dict counts;
        counts["objects"] = objects.load();
        counts["touched"] = touched.load();
        return counts;
    });
    m.def("own", [](const std::string &type, const nb::bytes &data) -> nb::object {
#define MAKE(T) if (type == zoo::About<zoo::T>::id) return counted(nb::cast(value_of<zoo::T>(data)));
        WITH_ZOO(MAKE)
        throw nb::value_error("no type of the zoo");
    });
    m.def("read", [m](const std::string &type, nb::object object) { return m.attr(("read_" + type).c_str())(object); });
    m.def("write", [m](const std::string &type, nb::object object, nb::str field, nb::bytes data) {
        m.attr(("write_" + type).c_str())(object, field, data);
    });
}
