// The provider: the zoo's types as classes.
#include "surface.hpp"

using namespace surface;

PYBIND11_MODULE(MODULE, m) {
#define BIND(T) py::class_<zoo::T>(m, #T);
    WITH_ZOO(BIND)
    m.def("identity", [] { return identity("provider"); });
    m.def("live", [] { return py::dict(py::arg("objects") = objects.load()); });
    m.def("drop_all", [] {});
    m.def("make", [](const std::string &type, const py::bytes &data) -> py::object {
#define MAKE(T) if (type == zoo::About<zoo::T>::id) return counted(py::cast(value_of<zoo::T>(data)));
        WITH_ZOO(MAKE)
        throw py::value_error("no type of the zoo");
    });
    m.def("peek", [](const py::object &object) -> py::bytes {
#define PEEK(T) if (py::isinstance<zoo::T>(object)) return bytes_of(object.cast<const zoo::T &>());
        WITH_ZOO(PEEK)
        throw py::type_error("no object of the zoo");
    });
}
