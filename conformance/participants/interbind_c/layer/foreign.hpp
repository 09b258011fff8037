// Objects of other modules: found through the registry, borrowed from whoever made them, never touched before the two
// builds' C++ ABIs are equal.
//
// Off the fast path: asked when an object isn't of a class that this module bound.
#pragma once

#include "instance.hpp"

namespace binding BINDING_HIDDEN {

// An object that is lent for a call: given back when that ends, to this module's object or to the module that lent it.
struct Loan {
    PyObject *object;
    // The rest is written when there is an object. NULL: it is one of this layer's.
    const interbind_type_record *record;
    void *data; // what the other module gave
    std::uint32_t mode;

    Loan() : object(nullptr) {}
    Loan(const Loan &) = delete;
    Loan &operator=(const Loan &) = delete;
    ~Loan() {
        if (!BINDING_LIKELY(!object))
            end();
    }

    // Lends an instance. False: it has no C++ object.
    bool take(Instance *instance) {
        if (!instance->lend())
            return false;
        object = reinterpret_cast<PyObject *>(instance), record = nullptr;
        return true;
    }

    // Borrows from another module: to read, or to write where it keeps account of that. NULL: an exception is set.
    void *take(const interbind_site *site, const interbind_type_record *from, PyObject *of, bool writes) {
        bool is_told = from->aliasing != INTERBIND_ALIASING_UNTRACKED;
        mode = writes && is_told ? INTERBIND_BORROW_EXCLUSIVE : INTERBIND_BORROW_SHARED;
        data = interbind_borrow_from(site, from, of, mode);
        if (data)
            record = from, object = of;
        return data;
    }

    // Whether another module lent it.
    bool is_foreign() const { return object && record; }

    BINDING_COLD void end() {
        PyObject *of = std::exchange(object, nullptr);
        if (record)
            interbind_give_back(record, of, data, mode);
        else
            reinterpret_cast<Instance *>(of)->give_back();
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

// Tells whether a record has what this build reads.
inline bool is_sound(const interbind_type_record *record) {
    static const std::uint32_t sizes[] = INTERBIND_TYPE_SIZES;
    static const interbind_kind kind = {INTERBIND_TYPE_MAGIC, INTERBIND_TYPE_MAJOR, INTERBIND_TYPE_MINOR, 0, sizes, 0, 0};
    return !interbind_judge(record, &kind).reason;
}

// The record of a wanted base that the module of a derived class has published too, so its shape can be compared; or NULL.
inline const interbind_type_record *base_of(const interbind_types_service *types, const Type *type,
                                            const interbind_type_record *derived) {
    const interbind_type_record *record = nullptr;
    while ((record = types->next(type->key, record)))
        if (is_sound(record) && record->owner == derived->owner)
            return record;
    return nullptr;
}

// Borrows an object of a class that has the wanted one for a base, as its module says. NULL without an exception: the
// object is of another class.
inline void *lend_base(const interbind_context *context, Type *type, Foreign *foreign, PyObject *object, Loan &loan,
                       bool writes) {
    const interbind_types_service *types = context->types;
    for (PyTypeObject *python = Py_TYPE(object); python; python = python->tp_base) {
        const interbind_type_record *derived = nullptr;
        while ((derived = types->of_type(types, reinterpret_cast<PyObject *>(python), derived))) {
            if (!is_sound(derived) || derived->kind != INTERBIND_KIND_NATIVE || !derived->base_count)
                continue;
            const interbind_type_record *base = base_of(types, type, derived);
            if (!base)
                continue;
            if (interbind_site_check(context, &foreign->site, object, base) != INTERBIND_OK)
                return nullptr;
            void *data = loan.take(nullptr, derived, object, writes), *found = nullptr;
            if (!data)
                return nullptr;
            interbind_status status = types->upcast(types, derived, type->key, data, &found);
            if (status == INTERBIND_OK)
                return found;
            loan.end();
            if (status == INTERBIND_DIFFERS) {
                PyErr_Format(PyExc_TypeError, "'%s' has more than one base '%s'", Py_TYPE(object)->tp_name,
                             foreign->native.c_str());
                return nullptr;
            }
        }
    }
    return nullptr;
}

// Borrows another module's object as a `type`. NULL: an exception is set, or with `quiet` none when it is no such object. May
// throw.
BINDING_COLD inline void *lend(const Module *module, Type *type, const Native &of, PyObject *object, Loan &loan, bool writes,
                               bool quiet) {
    const interbind_context *context = &module->context();
    const interbind_type_record *record = nullptr;
    Foreign *foreign = Module::foreign_of(type, of);
    if (!is_published(context->types, type, object)) {
        if (void *found = lend_base(context, type, foreign, object, loan, writes))
            return found;
        if (quiet || PyErr_Occurred())
            return nullptr;
    }
    if (interbind_find(context, &foreign->site, object, &record) != INTERBIND_OK)
        return nullptr;
    return loan.take(&foreign->site, record, object, writes);
}

} // namespace binding
