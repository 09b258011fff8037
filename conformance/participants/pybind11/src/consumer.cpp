// The consumer: functions that take the zoo's types, as pybind11 takes them.
#include "surface.hpp"

using namespace surface;

PYBIND11_MODULE(MODULE, m) {
#define BIND(T) \
    py::class_<zoo::T>(m, #T, py::module_local()); \
    m.def((std::string("read_") + zoo::About<zoo::T>::id).c_str(), [](const zoo::T &value) { \
        ++touched; \
        return bytes_of(value); \
    }); \
    m.def((std::string("write_") + zoo::About<zoo::T>::id).c_str(), [](zoo::T &value, const std::string &field, const std::string &data) { \
        for (const zoo::Field &each : zoo::About<zoo::T>::fields) \
            if (field == each.name && data.size() == each.size) { \
                ++touched; \
                std::memcpy(reinterpret_cast<char *>(&value) + each.offset, data.data(), data.size()); \
                return; \
            } \
        throw py::value_error("no field of the type"); \
    });
    WITH_ZOO(BIND)
    m.def("identity", [] { return identity("consumer"); });
    m.def("live", [] { return py::dict(py::arg("objects") = objects.load(), py::arg("touched") = touched.load()); });
    m.def("own", [](const std::string &type, const py::bytes &data) -> py::object {
#define MAKE(T) if (type == zoo::About<zoo::T>::id) return counted(py::cast(value_of<zoo::T>(data)));
        WITH_ZOO(MAKE)
        throw py::value_error("no type of the zoo");
    });
    m.def("read", [m](const std::string &type, const py::object &object) { return m.attr(("read_" + type).c_str())(object); });
    m.def("write", [m](const std::string &type, const py::object &object, const py::str &field, const py::bytes &data) {
        m.attr(("write_" + type).c_str())(object, field, data);
    });
}
