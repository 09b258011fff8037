// A bound function: an overload of interbind's function records, with the C++ callable and what its parameters are compared with.
//
// Names, defaults, turns of overloads, refusals and what Python sees are the records'; a call with every argument in its place
// goes past them.
#pragma once

#include <cstddef>
#include <memory>

#include <interbind/function.hpp>

#include "error.hpp"
#include "module.hpp"

namespace binding BINDING_HIDDEN {

using interbind::arg;

// What people call a function's parameters and its result: one for all functions of these types.
struct Signature {
    std::vector<std::string> types;
    std::string result;
};

struct Function : interbind_overload {
    Module *module; // kept by the function's object
    PyObject *object; // that one
    interbind_vectorcall vectorcall;
    union {
        alignas(void *) unsigned char callable[2 * sizeof(void *)];
        // Makes an object of a class: constructors.
        PyObject *(*create)(Function *self, PyTypeObject *python, PyObject *const *args, std::size_t count,
                            PyObject *names);
    };
    std::size_t site_count;
    // One for each parameter, one for the result.
    std::atomic<Type *> sites[1];

    // The overload that a function's object tries first.
    static Function *of(PyObject *object) { return static_cast<Function *>(interbind_function_of(object)->first); }

    bool has_overloads() const { return of(object)->next != nullptr; }

    Type *site(std::size_t place) const { return sites[place].load(std::memory_order_acquire); }

    // The type at a site, asked for once. NULL: an exception is set. May throw.
    BINDING_COLD Type *resolve(std::size_t place, const std::type_info &cpp) {
        Type *type = module->resolve(cpp), *known = &unresolved;
        if (type) {
            // Another thread may have asked too.
            type->retain();
            if (!sites[place].compare_exchange_strong(known, type, std::memory_order_acq_rel))
                type->release();
        }
        return type;
    }

    static void destroy(interbind_overload *overload) {
        Function *self = static_cast<Function *>(overload);
        for (std::size_t place = 0; place < self->site_count; ++place)
            if (Type *site = self->site(place); site != &unresolved)
                site->release();
    }
};

// A new function of parameters of these types, of which the last ones may have names; not yet Python's. May throw.
template <class... E>
Function *make_function(Module *module, const char *name, const Signature &signature, bool is_method,
                        interbind_call_overload call, interbind_vectorcall vectorcall, const E &...extras) {
    interbind::detail::said said;
    ([&] {
        if constexpr (std::is_same_v<E, arg>)
            said.take(extras);
    }(), ...);
    const std::size_t count = signature.types.size() + is_method;
    auto parameters = std::make_unique<interbind_parameter_def[]>(count + 1);
    if (is_method)
        parameters[0].name = "self";
    for (std::size_t place = is_method; place < count; ++place) {
        parameters[place].type = signature.types[place - is_method].c_str();
        if (place + said.count >= count) {
            const arg &one = *said.args[place + said.count - count];
            parameters[place].name = one.name();
            parameters[place].fallback = one.fallback();
            parameters[place].kind = INTERBIND_PARAMETER_NAMED;
        }
    }
    interbind_function_def def{};
    def.name = name;
    def.call = call;
    def.parameters = parameters.get();
    def.count = static_cast<std::uint32_t>(count);
    def.by_place = 1;
    def.result = signature.result.c_str();
    def.size = sizeof(Function) - sizeof(interbind_overload) + count * sizeof(std::atomic<Type *>);
    Function *self = static_cast<Function *>(interbind_overload_make(&def));
    if (!self)
        throw PythonError();
    self->module = module;
    self->vectorcall = vectorcall;
    self->site_count = signature.types.size() + 1;
    for (std::size_t place = 0; place < self->site_count; ++place)
        new (&self->sites[place]) std::atomic<Type *>(&unresolved);
    interbind_overload_on_free(self, Function::destroy);
    return self;
}

// Python's function of one that it takes over: a new reference. May throw.
inline PyObject *finish(Module *module, PyObject *scope, const char *name, Function *self) {
    PyObject *made = interbind_function_new(module->object, scope, name, self, self->vectorcall);
    if (!made)
        throw PythonError();
    return self->object = made;
}

// Adds a function, which it takes over, to the module or to a class of it. May throw.
inline PyObject *add(Module *module, PyObject *scope, const char *name, Function *self) {
    PyObject *made = interbind_function_add(module->object, scope, name, self, self->vectorcall);
    if (!made)
        throw PythonError();
    return self->object = made;
}

// A TypeError about a function, which its name begins.
BINDING_COLD inline PyObject *make_error(Function *self, const char *what) {
    PyObject *name = PyObject_GetAttrString(self->object, "__qualname__");
    if (name)
        PyErr_Format(PyExc_TypeError, "%U%s", name, what);
    Py_XDECREF(name);
    return nullptr;
}

} // namespace binding
