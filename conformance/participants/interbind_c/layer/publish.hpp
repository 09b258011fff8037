// Says of a bound class what other modules may know: a native record, found under its C++ key, and a record of plain data
// where the author gave the class a shared name.
//
// Records are never freed; `interbind_class_publish` uses those of a dead class again for the same class.
#pragma once

#include "convert.hpp"

namespace binding {

// A layout that Rust can read too: shared name, version, descriptor, as `#[derive(Shared)]` would write them.
struct Layout {
    const char *name, *version, *descriptor;
};

// Lends a T out of an object of the class or of one derived from it: part of a record, so it knows no module.
template <class T> void *lend_pointer(interbind_object *object, std::uint32_t) {
    Type *own = type_of(Py_TYPE(object));
    void *pointer = own ? show(own, reinterpret_cast<Instance *>(object)) : nullptr;
    Type *type = own && pointer && own->module ? own->module->resolve(typeid(T)) : nullptr;
    void *found = type ? own->upcast(pointer, type) : nullptr;
    if (!found && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "'%s' object has no C++ object of the class that was asked for",
                     Py_TYPE(object)->tp_name);
    return found;
}

inline void end_loan(interbind_object *, std::uint32_t) {}

template <class T> interbind_object *wrap_copy(const interbind_type_record *record, const void *data) {
    PyTypeObject *python = reinterpret_cast<PyTypeObject *>(INTERBIND_LOAD(record->py_type));
    Type *type = python ? type_of(python) : nullptr;
    if (!type) {
        PyErr_SetString(PyExc_TypeError, "the class is gone");
        return nullptr;
    }
    try {
        return wrap_value(type, python, T(*static_cast<const T *>(data)));
    } catch (...) {
        return raise_current(type->module);
    }
}

// What is said of a T in every interpreter, as a class of that kind: made once, and never freed.
template <class T, std::uint32_t Kind> interbind_class *description(const Type *type, const Layout *layout, bool frozen) {
    static const std::string native = type->native;
    static const std::vector<std::string> keys = [&] {
        std::vector<std::string> all;
        for (const Base &base : type->bases)
            all.push_back(base.type->native);
        return all;
    }();
    static const std::vector<interbind_base> bases = [&] {
        std::vector<interbind_base> all;
        for (std::size_t place = 0; place < keys.size(); ++place)
            all.push_back({interbind_str_of(keys[place].c_str()), 0, type->bases[place].cast});
        return all;
    }();
    static interbind_class made = [&] {
        interbind_class one{};
        one.name = layout ? layout->name : native.c_str();
        one.version = layout ? layout->version : "1.0.0";
        one.descriptor = layout ? layout->descriptor : INTERBIND_CXX_ABI;
        one.kind = Kind;
        if (Kind == INTERBIND_KIND_NATIVE) {
            one.native = native.c_str();
            one.bases = bases.data();
            one.base_count = static_cast<std::uint32_t>(bases.size());
        }
        one.aliasing = frozen ? INTERBIND_ALIASING_FROZEN : INTERBIND_ALIASING_UNTRACKED;
        one.thread = frozen ? INTERBIND_THREAD_ANY : INTERBIND_THREAD_ATTACHED;
        one.flags = INTERBIND_FLAG_SUBCLASSABLE;
        // No offset, though it is known: an object whose `__init__` wasn't called has no value there, and `borrow` says so.
        one.borrow = lend_pointer<T>;
        one.release = end_loan;
        if constexpr (std::is_copy_constructible_v<T>)
            one.wrap = wrap_copy<T>;
        return one;
    }();
    return &made;
}

// Publishes one record of a class. False: an exception is set.
template <class T, std::uint32_t Kind>
bool publish(Module *module, Type *type, PyTypeObject *python, const Layout *layout, bool frozen) {
    interbind_class *described = description<T, Kind>(type, layout, frozen);
    interbind_status status = interbind_class_publish(&module->context(), described, python, nullptr);
    if (status != INTERBIND_OK && !PyErr_Occurred())
        PyErr_Format(PyExc_ImportError, "interbind: the registry refuses '%s' (%d)", python->tp_name, status);
    return status == INTERBIND_OK;
}

} // namespace binding
