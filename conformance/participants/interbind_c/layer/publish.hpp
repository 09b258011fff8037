// Says of a bound class what other modules may know: a native record, found under its C++ key, and a record of plain data
// where the author gave the class a shared name.
//
// Records are never freed; `interbind_class_publish` uses those of a dead class again for the same class.
#pragma once

#include <cstring>

#include "convert.hpp"

namespace binding BINDING_HIDDEN {

using interbind::detail::kept;

// A layout that Rust can read too: shared name, version, descriptor, as `#[derive(Shared)]` would write them.
struct Layout {
    const char *name, *version, *descriptor;
};

// Lends a T out of an object of the class or of one derived from it: part of a record, so it knows no module.
template <class T> void *lend_pointer(const interbind_type_record *, interbind_object *object, std::uint32_t) {
    Instance *instance = reinterpret_cast<Instance *>(object);
    Loan loan;
    if (!is_ours(Py_TYPE(object)) || !loan.take(instance)) {
        if (is_ours(Py_TYPE(object)))
            refuse_empty(object);
        else
            PyErr_Format(PyExc_TypeError, "'%s' object is no C++ object", Py_TYPE(object)->tp_name);
        return nullptr;
    }
    void *pointer = show(instance);
    void *found = pointer ? instance->type()->upcast_to(pointer, typeid(T)) : nullptr;
    if (!found && !PyErr_Occurred())
        PyErr_Format(PyExc_TypeError, "'%s' object has no C++ object of the class that was asked for",
                     Py_TYPE(object)->tp_name);
    if (found)
        loan.object = nullptr;
    return found;
}

inline void end_loan(const interbind_type_record *, interbind_object *object, void *, std::uint32_t) {
    reinterpret_cast<Instance *>(object)->give_back();
}

template <class T> interbind_object *wrap_copy(const interbind_type_record *record, const void *data) {
    PyTypeObject *python = reinterpret_cast<PyTypeObject *>(INTERBIND_LOAD(record->py_type));
    Type *type = python ? type_of(python) : nullptr;
    if (!type) {
        PyErr_SetString(PyExc_TypeError, "the class is gone");
        return nullptr;
    }
    try {
        return wrap_value(type, python, T(*static_cast<const T *>(data)));
    } BINDING_LET_UNWIND catch (...) {
        if (type->module)
            return raise_current(type->module);
        PyErr_SetString(PyExc_RuntimeError, "an object can't be copied, and its module is gone");
        return nullptr;
    }
}

// The native descriptor of a class that is bound with its bases: they are part of it where the class's author hasn't said them.
// Lives until the process ends.
template <class T> const char *describe_bases(const Type *type) {
    if (interbind::shape_bases<T>::count || !type->base_count)
        return interbind::describe<T>();
    std::string text = interbind::describe<T>();
    text += " ~bases=";
    for (const Base &base : type->bases()) {
        text += &base == type->bases().begin() ? "" : ",";
        interbind::detail::add_name(text, base.type->cpp->name());
        text += base.offset;
    }
    return kept(text);
}

// What is said of a T in every interpreter, as a class of that kind: made once, and never freed. May throw.
template <class T, std::uint32_t Kind> interbind_class *description(const Type *type, const Layout *layout) {
    static interbind_class made = [&] {
        interbind_class one{};
        one.name = layout ? layout->name : kept(Module::native_of(type));
        one.version = layout ? layout->version : "1.0.0";
        one.descriptor = layout ? layout->descriptor : describe_bases<T>(type);
        one.kind = Kind;
        one.size = sizeof(T);
        if (Kind == INTERBIND_KIND_NATIVE) {
            auto *bases = type->base_count ? new interbind_base[type->base_count] : nullptr;
            one.native = one.name;
            one.bases = bases;
            one.base_count = type->base_count;
            for (const Base &base : type->bases())
                *bases++ = {interbind_str_of(kept(Module::native_of(base.type))), 0, base.cast};
        }
        one.aliasing = type->is_frozen ? INTERBIND_ALIASING_FROZEN : INTERBIND_ALIASING_UNTRACKED;
        one.thread = type->is_frozen ? INTERBIND_THREAD_ANY : INTERBIND_THREAD_ATTACHED;
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

// Publishes one record of a class. False: an exception is set. May throw.
template <class T, std::uint32_t Kind> bool publish(Module *module, Type *type, PyTypeObject *python, const Layout *layout) {
    interbind_class *described = description<T, Kind>(type, layout);
    // Two modules of one library may bind one C++ class: they say the same of it, or the second is refused.
    if (described->aliasing != (type->is_frozen ? INTERBIND_ALIASING_FROZEN : INTERBIND_ALIASING_UNTRACKED) ||
        described->base_count != (Kind == INTERBIND_KIND_NATIVE ? type->base_count : 0u) ||
        (layout && std::strcmp(described->descriptor, layout->descriptor) != 0)) {
        PyErr_Format(PyExc_ImportError, "'%s' is bound in another way by a module of the same library", python->tp_name);
        return false;
    }
    interbind_status status = interbind_class_publish(&module->context(), described, python, nullptr);
    if (status != INTERBIND_OK && !PyErr_Occurred())
        PyErr_Format(PyExc_ImportError, "interbind: the registry refuses '%s' (%d)", python->tp_name, status);
    return status == INTERBIND_OK;
}

} // namespace binding
