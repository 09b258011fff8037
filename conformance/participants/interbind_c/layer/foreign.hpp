// Objects of other modules: found through the registry, borrowed from whoever made them, never touched before the two
// builds' C++ ABIs are equal.
//
// Off the fast path: asked when an object isn't of a class that this module bound.
#pragma once

#include "module.hpp"

namespace binding {

// A pointer that another module lent: given back when the call ends.
struct Loan {
    const interbind_type_record *record = nullptr;
    PyObject *object = nullptr;

    Loan() = default;
    Loan(const Loan &) = delete;
    Loan &operator=(const Loan &) = delete;
    ~Loan() {
        if (!BINDING_LIKELY(!record))
            record->release(object, INTERBIND_BORROW_SHARED);
    }
};

// Refuses a record of a build with another C++ ABI.
BINDING_COLD inline void refuse_abi(Module *module, const Type *type, const interbind_type_record *record) {
    interbind_refusal refusal;
    interbind_refusal_start(&refusal, nullptr, module->context.owner);
    refusal.provider = record->owner;
    std::snprintf(refusal.failed, sizeof refusal.failed, "cannot use a '%s' of another module", type->native.c_str());
    for (const char *part : {"language", "abi", "lib", "libabi", "cxx11", "debug"}) {
        interbind_str theirs = interbind_str_part(record->descriptor, part);
        interbind_str ours = interbind_str_part(interbind_str_of(INTERBIND_CXX_ABI), part);
        if (!interbind_str_same(theirs, ours)) {
            refusal.reason = INTERBIND_REASON_NATIVE_ABI;
            interbind_refusal_differs(&refusal, part, theirs, ours);
        }
    }
    std::snprintf(refusal.fix, sizeof refusal.fix, "build both modules with one compiler and one standard library");
    interbind_refusal_raise(&refusal, PyExc_TypeError);
}

// Borrows the native object behind a record that an object fits. NULL: an exception is set.
inline void *borrow(Module *module, const Type *type, const interbind_type_record *record, PyObject *object) {
    if (!interbind_str_same(record->descriptor, interbind_str_of(INTERBIND_CXX_ABI))) {
        refuse_abi(module, type, record);
        return nullptr;
    }
    return record->borrow(object, INTERBIND_BORROW_SHARED);
}

// Borrows another module's object as a `type`. NULL without an exception: it is none.
BINDING_COLD inline void *lend(Module *module, const Type *type, PyObject *object, Loan &loan) {
    const interbind_types_service *types = module->context.types;
    void *found = nullptr;
    const interbind_type_record *record = nullptr;
    while ((record = types->next(type->key, record))) {
        PyTypeObject *python = reinterpret_cast<PyTypeObject *>(INTERBIND_LOAD(record->py_type));
        if (record->kind == INTERBIND_KIND_NATIVE && python && PyType_IsSubtype(Py_TYPE(object), python)) {
            if ((found = borrow(module, type, record, object)))
                loan.record = record, loan.object = object;
            return found;
        }
    }
    // A class that has this one for a base, as its module says.
    for (PyTypeObject *python = Py_TYPE(object); python; python = python->tp_base) {
        record = nullptr;
        while ((record = types->of_type(types, reinterpret_cast<PyObject *>(python), record))) {
            if (record->kind != INTERBIND_KIND_NATIVE)
                continue;
            void *derived = borrow(module, type, record, object);
            if (!derived)
                return nullptr;
            interbind_status status = types->upcast(types, record, type->key, derived, &found);
            if (status == INTERBIND_OK) {
                loan.record = record, loan.object = object;
                return found;
            }
            record->release(object, INTERBIND_BORROW_SHARED);
            if (status == INTERBIND_DIFFERS) {
                PyErr_Format(PyExc_TypeError, "'%s' has more than one base '%s'", Py_TYPE(object)->tp_name,
                             type->native.c_str());
                return nullptr;
            }
        }
    }
    return nullptr;
}

} // namespace binding
