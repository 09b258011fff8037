// Says of a bound class what other modules may know: a native record, found under its C++ key, and a record of plain data
// where the author gave the class a shared name.
//
// Records are never freed; `interbind_class_publish` uses those of a dead class again for the same class.
#pragma once

#include <cstring>

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

// A copy of a text that lives until the process ends.
inline const char *kept(const std::string &text) {
    return std::strcpy(new char[text.size() + 1], text.c_str());
}

// What is said of a T in every interpreter, as a class of that kind: made once, and never freed.
template <class T, std::uint32_t Kind> interbind_class *description(const Type *type, const Layout *layout, bool frozen) {
    static interbind_class made = [&] {
        interbind_class one{};
        const char *native = layout ? nullptr : kept(Module::native_of(type));
        one.name = layout ? layout->name : native;
        one.version = layout ? layout->version : "1.0.0";
        one.descriptor = layout ? layout->descriptor : INTERBIND_CXX_ABI;
        one.kind = Kind;
        if (Kind == INTERBIND_KIND_NATIVE) {
            auto *bases = type->base_count ? new interbind_base[type->base_count] : nullptr;
            one.native = native;
            one.bases = bases;
            one.base_count = type->base_count;
            for (const Base &base : type->bases())
                *bases++ = {interbind_str_of(kept(Module::native_of(base.type))), 0, base.cast};
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
