// What keeps what alive: the result of a call its arguments, or one argument another.
//
// The instances service holds the reference. An object of this layer that is kept can't be given away any more; one that
// another module lent stays borrowed as long as it is kept, so that module doesn't give it away either.
#pragma once

#include "convert.hpp"

namespace binding BINDING_HIDDEN {

// Keeps argument `Patient` alive as long as `Nurse`; 0 is the result, 1 the first argument.
template <std::size_t Nurse, std::size_t Patient> struct keep_alive {};

template <class E> struct is_keep_alive : std::false_type {};
template <std::size_t N, std::size_t P> struct is_keep_alive<keep_alive<N, P>> : std::true_type {};

// A borrow that ends with the nurse.
struct Kept {
    Home *home;
    PyObject *nurse;
    const interbind_type_record *record;
    PyObject *object;
    void *data;

    // Called attached. The service's reference is given up later, because it is older; the collector sees that one.
    static void end(void *payload) {
        auto *self = static_cast<Kept *>(payload);
        interbind_give_back(self->record, self->object, self->data, INTERBIND_BORROW_SHARED);
        self->home->forget(self->nurse, self->object);
        self->home->release();
        delete self;
    }
};

// Borrows what another module lent, and the nurse keeps, for as long as the nurse lives; once for both. False: an exception is
// set. May throw.
BINDING_COLD inline bool keep_loan(const Module *module, PyObject *nurse, const Loan &loan, std::uint32_t flags) {
    auto kept = std::make_unique<Kept>(Kept{module->home, nurse, loan.record, loan.object, nullptr});
    if (!module->home->remember(nurse, loan.object))
        return true;
    kept->data = interbind_borrow(loan.record, loan.object, INTERBIND_BORROW_SHARED);
    if (!kept->data) {
        module->home->forget(nurse, loan.object);
        return false;
    }
    module->home->retain();
    Kept *payload = kept.release();
    interbind_status status = interbind_attach(&module->context(), nurse, payload, Kept::end, flags);
    if (status == INTERBIND_OK)
        return true;
    Kept::end(payload);
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "interbind: an argument can't be kept borrowed");
    return false;
}

// Makes `nurse` keep `patient`. An object of ours lets go when it dies, and shows what it keeps to the collector when its
// class is bound with `collected`; any other is asked through a weak reference. False: an exception is set. May throw.
BINDING_COLD inline bool keep(const Module *module, PyObject *nurse, PyObject *patient, const Loan *loan) {
    if (!nurse || !patient || nurse == Py_None || patient == Py_None)
        return true;
    const bool own = is_ours(Py_TYPE(nurse));
    const std::uint32_t flags = own ? INTERBIND_NURSE_VISITS : 0;
    // Before there is anything to let go: what is marked once stays so.
    if (own)
        reinterpret_cast<Instance *>(nurse)->set(KEEPS);
    if (is_ours(Py_TYPE(patient)))
        reinterpret_cast<Instance *>(patient)->set(KEPT);
    interbind_status status = interbind_keep_alive(&module->context(), nurse, patient, flags);
    if (status != INTERBIND_OK && status != INTERBIND_MISSING && !PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "interbind: an argument can't be kept alive");
    return !PyErr_Occurred() && (!loan || !loan->is_foreign() || keep_loan(module, nurse, *loan, flags));
}

// The loan of an argument, where it has one.
template <class F> const Loan *loan_of(const F &from) {
    if constexpr (F::TURN == Turn::pointer)
        return &from.loan;
    return nullptr;
}

// Arguments are kept before the call, so that C++ never has a pointer to one that couldn't be kept; a result after it.
template <class E> struct Keep {
    template <class F> static bool before(const Module *, PyObject *const *, const F &) { return true; }
    template <class F> static bool after(const Module *, PyObject *, PyObject *const *, const F &) { return true; }
};
template <std::size_t N, std::size_t P> struct Keep<keep_alive<N, P>> {
    static_assert(N != P, "nothing keeps itself alive");

    template <class F> static bool before(const Module *module, PyObject *const *args, const F &from) {
        if constexpr (N != 0 && P != 0)
            return keep(module, args[N - 1], args[P - 1], loan_of(std::get<P - 1>(from)));
        return true;
    }
    template <class F>
    static bool after(const Module *module, PyObject *result, [[maybe_unused]] PyObject *const *args, const F &from) {
        if constexpr (N == 0)
            return keep(module, result, args[P - 1], loan_of(std::get<P - 1>(from)));
        if constexpr (P == 0)
            if (!keep(module, args[N - 1], result, nullptr)) {
                // An argument refers to the result by now.
                Py_INCREF(result);
                return false;
            }
        return true;
    }
};

} // namespace binding
