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
            interbind_give_back(record, object, INTERBIND_BORROW_SHARED);
    }

    void *take(const interbind_type_record *from, PyObject *of) {
        void *found = interbind_borrow(from, of, INTERBIND_BORROW_SHARED);
        if (found)
            record = from, object = of;
        return found;
    }
};

// Tells whether an object's class, or one that it inherits from, is published under the type's key.
inline bool is_published(const interbind_types_service *types, const Type *type, PyObject *object) {
    const interbind_type_record *record = nullptr;
    while ((record = types->next(type->key, record))) {
        PyObject *python = INTERBIND_LOAD(record->py_type);
        if (python && PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject *>(python)))
            return true;
    }
    return false;
}

// Borrows another module's object as a `type`. NULL: an exception is set, or with `quiet` none when it is no such object.
BINDING_COLD inline void *lend(const Module *module, Type *type, PyObject *object, Loan &loan, bool quiet) {
    const interbind_context *context = &module->context();
    const interbind_types_service *types = context->types;
    const interbind_type_record *record = nullptr;
    Foreign *foreign = Module::foreign_of(type);
    if (!is_published(types, type, object)) {
        // A class that has this one for a base, as its module says.
        for (PyTypeObject *python = Py_TYPE(object); python; python = python->tp_base) {
            const interbind_type_record *derived = nullptr;
            while ((derived = types->of_type(types, reinterpret_cast<PyObject *>(python), derived))) {
                if (derived->kind != INTERBIND_KIND_NATIVE || !derived->base_count)
                    continue;
                if (interbind_site_check(context, &foreign->site, object, derived) != INTERBIND_OK)
                    return nullptr;
                void *found = loan.take(derived, object), *base = nullptr;
                interbind_status status = found ? types->upcast(types, derived, type->key, found, &base) : INTERBIND_OK;
                if (status == INTERBIND_DIFFERS)
                    PyErr_Format(PyExc_TypeError, "'%s' has more than one base '%s'", Py_TYPE(object)->tp_name,
                                 foreign->native.c_str());
                if (status != INTERBIND_MISSING)
                    return base;
                interbind_give_back(std::exchange(loan.record, nullptr), object, INTERBIND_BORROW_SHARED);
            }
        }
        if (quiet)
            return nullptr;
    }
    return interbind_find(context, &foreign->site, object, &record) == INTERBIND_OK ? loan.take(record, object) : nullptr;
}

} // namespace binding
