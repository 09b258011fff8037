// Says of a bound class what other modules may know: a native record, found under its C++ key, and a record of plain data
// where the author gave the class a shared name.
//
// Records are never freed: those of a dead class are used again for the same class.
#pragma once

#include <mutex>

#include "convert.hpp"

namespace binding {

// A layout that Rust can read too: name, version, descriptor with its digest, as `#[derive(Shared)]` would write them.
struct Layout {
    interbind_str name, version_text;
    interbind_version version;
    interbind_str descriptor;
    std::uint8_t digest[32];
};

// Lends a T out of an object of the class or of one derived from it: part of a record, so it knows no module.
template <class T> void *lend_pointer(interbind_object *object, std::uint32_t) {
    Type *own = type_of(Py_TYPE(object));
    void *pointer = own ? reinterpret_cast<Instance *>(object)->pointer() : nullptr;
    Type *type = own && pointer ? own->module->resolve(typeid(T)) : nullptr;
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

// The records of one C++ class, for one kind, in this process. Their memory is bounded by the interpreters at one time.
template <class T, std::uint32_t Kind> interbind_type_record *free_record() {
    static std::mutex lock;
    static std::vector<interbind_type_record *> records;
    std::lock_guard<std::mutex> locked(lock);
    for (interbind_type_record *record : records)
        if (!INTERBIND_LOAD(record->py_type) && !INTERBIND_LOAD(record->core))
            return record;
    return records.emplace_back(new interbind_type_record{});
}

inline interbind_str forever(const std::string &text) {
    char *copy = new char[text.size()];
    std::memcpy(copy, text.data(), text.size());
    return {reinterpret_cast<std::uint8_t *>(copy), text.size()};
}

// Publishes one record of a class. False: an exception is set.
template <class T, std::uint32_t Kind>
bool publish(Module *module, Type *type, PyTypeObject *python, const Layout *layout, bool frozen) {
    interbind_type_record *record = free_record<T, Kind>();
    const interbind_core *core = module->context.core;
    if (!record->owner) {
        std::memcpy(record->header.magic, INTERBIND_TYPE_MAGIC, sizeof record->header.magic);
        record->header.struct_size = sizeof *record;
        record->header.major = INTERBIND_TYPE_MAJOR;
        record->header.minor = INTERBIND_TYPE_MINOR;
        record->kind = Kind;
        record->aliasing = frozen ? INTERBIND_ALIASING_FROZEN : INTERBIND_ALIASING_UNTRACKED;
        record->thread = frozen ? INTERBIND_THREAD_ANY : INTERBIND_THREAD_ATTACHED;
        record->flags = INTERBIND_FLAG_SUBCLASSABLE;
        record->borrow = lend_pointer<T>;
        record->release = end_loan;
        if constexpr (std::is_copy_constructible_v<T>)
            record->wrap = wrap_copy<T>;
        record->owner = module->context.owner;
        if (Kind == INTERBIND_KIND_NATIVE) {
            record->native = forever(type->native);
            record->descriptor = interbind_str_of(INTERBIND_CXX_ABI);
            record->version_text = interbind_str_of("1.0.0");
            record->version.major = 1;
            record->base_count = static_cast<std::uint32_t>(type->bases.size());
            if (record->base_count) {
                interbind_base *bases = new interbind_base[record->base_count]{};
                for (std::size_t place = 0; place < type->bases.size(); ++place) {
                    bases[place].key = forever(type->bases[place].type->native);
                    bases[place].cast = type->bases[place].cast;
                }
                record->bases = bases;
            }
        } else {
            record->name = layout->name;
            record->version_text = layout->version_text;
            record->version = layout->version;
            record->descriptor = layout->descriptor;
            std::memcpy(record->digest, layout->digest, sizeof record->digest);
        }
    }
    std::memcpy(record->serial, core->head.serial, sizeof record->serial);
    INTERBIND_STORE(record->data_offset,
                    frozen && type->is_inline ? static_cast<std::int64_t>(payload_offset<T>) : 0);
    INTERBIND_STORE(record->py_type, reinterpret_cast<interbind_object *>(python));
    interbind_status status = module->context.types->publish(module->context.types, record);
    if (status == INTERBIND_OK)
        return true;
    INTERBIND_STORE(record->py_type, static_cast<interbind_object *>(nullptr));
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ImportError, "interbind: the registry refuses '%s' (%d)", python->tp_name, status);
    return false;
}

} // namespace binding
