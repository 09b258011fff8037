// The Python object of a bound function: a vectorcall, the C++ callable, and what its parameters are compared with.
//
// Overloads are a chain: each refuses what it can't convert and hands the call on. A method descriptor, so calling a
// method makes no bound method.
#pragma once

#include <cstddef>
#include <structmember.h>

#include "defer.hpp"
#include "module.hpp"

namespace binding {

struct Instance;

// What a function takes and gives: one for all functions of these types, or one of a function's own, whose last parameters
// have names.
struct Signature {
    // Converts the arguments, all in their places, and calls; a constructor builds in `target`, or in a new `python`.
    using Attempt = PyObject *(*)(Function *self, PyTypeObject *python, Instance *target, PyObject *const *args);
    struct Parameter {
        PyObject *name;     // owned
        PyObject *fallback; // owned, or NULL: it must be given
    };

    std::vector<std::string> types;
    std::string result;
    std::vector<Parameter> named;
    Attempt attempt = nullptr;

    ~Signature() {
        for (const Parameter &each : named) {
            Py_XDECREF(each.name);
            Py_XDECREF(each.fallback);
        }
    }

    // As `(Point, by: float = 2.0) -> Point`.
    std::string text() const {
        std::string inner;
        for (std::size_t place = 0; place < types.size(); ++place) {
            inner += place ? ", " : "";
            const std::size_t first = types.size() - named.size();
            const Parameter *parameter = place < first ? nullptr : &named[place - first];
            if (parameter)
                inner += std::string(PyUnicode_AsUTF8(parameter->name)) + ": ";
            inner += types[place];
            if (PyObject *shown = parameter && parameter->fallback ? PyObject_Repr(parameter->fallback) : nullptr) {
                inner += std::string(" = ") + PyUnicode_AsUTF8(shown);
                Py_DECREF(shown);
            }
        }
        return "(" + inner + ") -> " + result;
    }
};

struct Function {
    PyObject_VAR_HEAD
    vectorcallfunc vectorcall;
    Module *module; // kept by a reference to its object
    // The next overload, owned; and the first one, which is what Python sees.
    Function *next, *first;
    PyObject *name;
    PyObject *scope; // the qualified name of the class that it belongs to, owned, or NULL
    const Signature *signature; // its own when it has names
    union {
        alignas(void *) unsigned char callable[2 * sizeof(void *)];
        // Makes an object of a class: constructors.
        PyObject *(*create)(Function *self, PyTypeObject *python, PyObject *const *args, std::size_t count,
                            PyObject *names);
    };
    // One for each parameter, one for the result.
    std::atomic<Type *> sites[1];

    bool is_named() const { return signature && !signature->named.empty(); }

    Type *site(std::size_t place) const { return sites[place].load(std::memory_order_relaxed); }

    // The type at a site, asked for once. NULL: an exception is set.
    BINDING_COLD Type *resolve(std::size_t place, const std::type_info &cpp) {
        Type *type = module->resolve(cpp), *known = &unresolved;
        if (type) {
            type->retain();
            if (!sites[place].compare_exchange_strong(known, type, std::memory_order_acq_rel))
                type->release();
        }
        return type;
    }
};

inline void function_dealloc(PyObject *object) {
    Function *self = reinterpret_cast<Function *>(object);
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    for (Py_ssize_t place = 0; place < Py_SIZE(self); ++place)
        if (Type *site = self->site(static_cast<std::size_t>(place)); site != &unresolved)
            site->release();
    if (self->is_named())
        delete self->signature;
    Py_XDECREF(self->next);
    Py_XDECREF(self->name);
    Py_XDECREF(self->scope);
    PyObject *home = self->module->object;
    PyObject_GC_Del(object);
    Py_DECREF(home);
    Py_DECREF(type);
}

inline int function_traverse(PyObject *object, visitproc visit, void *arg) {
    Function *self = reinterpret_cast<Function *>(object);
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(self->next);
    Py_VISIT(self->module->object);
    if (self->is_named())
        for (const Signature::Parameter &each : self->signature->named)
            Py_VISIT(each.fallback);
    return 0;
}

// The qualified name: put together when somebody asks, so that no function has a text of its own.
inline std::string qualified(const Function *self) {
    std::string scope = self->scope ? PyUnicode_AsUTF8(self->scope) + std::string(".") : std::string();
    return scope + PyUnicode_AsUTF8(self->name);
}

inline PyObject *function_qualname(PyObject *object, void *) {
    return PyUnicode_FromString(qualified(reinterpret_cast<Function *>(object)).c_str());
}

inline PyObject *function_get(PyObject *self, PyObject *instance, PyObject *) {
    return instance ? PyMethod_New(self, instance) : Py_NewRef(self);
}

inline PyObject *function_doc(PyObject *object, void *) {
    std::string text;
    for (Function *self = reinterpret_cast<Function *>(object); self; self = self->next)
        text += (text.empty() ? "" : "\n") + std::string(PyUnicode_AsUTF8(self->name)) + self->signature->text();
    return PyUnicode_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

inline PyObject *function_module(PyObject *object, void *) {
    return PyUnicode_FromString(reinterpret_cast<Function *>(object)->module->name);
}

// Pickled by name.
inline PyObject *function_reduce(PyObject *object, PyObject *) { return function_qualname(object, nullptr); }

inline PyObject *function_repr(PyObject *object) {
    Function *self = reinterpret_cast<Function *>(object);
    return PyUnicode_FromFormat("<function %s of %s>", qualified(self).c_str(), self->module->name);
}

inline PyTypeObject *make_function_type(Module *module) {
    static PyMemberDef members[] = {
        {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(Function, vectorcall), Py_READONLY, nullptr},
        {"__name__", Py_T_OBJECT_EX, offsetof(Function, name), Py_READONLY, nullptr},
        {},
    };
    static PyGetSetDef properties[] = {
        {"__doc__", function_doc, nullptr, nullptr, nullptr},
        {"__module__", function_module, nullptr, nullptr, nullptr},
        {"__qualname__", function_qualname, nullptr, nullptr, nullptr},
        {},
    };
    static PyMethodDef methods[] = {{"__reduce__", function_reduce, METH_NOARGS, nullptr}, {}};
    static PyType_Slot slots[] = {
        {Py_tp_dealloc, reinterpret_cast<void *>(function_dealloc)},
        {Py_tp_traverse, reinterpret_cast<void *>(function_traverse)},
        {Py_tp_call, reinterpret_cast<void *>(PyVectorcall_Call)},
        {Py_tp_descr_get, reinterpret_cast<void *>(function_get)},
        {Py_tp_repr, reinterpret_cast<void *>(function_repr)},
        {Py_tp_members, members},
        {Py_tp_getset, properties},
        {Py_tp_methods, methods},
        {},
    };
    static PyType_Spec spec = {
        "interbind_c.function",
        offsetof(Function, sites),
        sizeof(void *),
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
            Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
        slots,
    };
    return reinterpret_cast<PyTypeObject *>(PyType_FromModuleAndSpec(module->object, &spec, nullptr));
}

// A new function with that many sites, not yet in any chain.
inline Function *make_function(Module *module, const char *name, PyObject *scope, std::size_t sites) {
    Function *self = PyObject_GC_NewVar(Function, module->function, static_cast<Py_ssize_t>(sites));
    if (!self)
        return nullptr;
    self->module = module;
    self->signature = nullptr;
    self->next = nullptr;
    self->first = self;
    Py_INCREF(module->object);
    for (std::size_t place = 0; place < sites; ++place)
        new (&self->sites[place]) std::atomic<Type *>(&unresolved);
    self->name = PyUnicode_InternFromString(name);
    self->scope = Py_XNewRef(scope);
    PyObject_GC_Track(self);
    defer(reinterpret_cast<PyObject *>(self));
    if (!self->name) {
        Py_DECREF(self);
        return nullptr;
    }
    return self;
}

// No conversion: the next overload's turn, or a TypeError that lists them all.
BINDING_COLD inline PyObject *refuse_call(Function *self, PyObject *const *args, std::size_t nargsf, PyObject *names) {
    if (PyErr_Occurred())
        return nullptr;
    if (self->next)
        return self->next->vectorcall(reinterpret_cast<PyObject *>(self->next), args, nargsf, names);
    std::string text;
    for (Function *each = self->first; each; each = each->next)
        text += std::string("\n  ") + qualified(each) + each->signature->text();
    std::string given;
    std::size_t count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
    for (std::size_t place = 0; place < count; ++place)
        given += (place ? ", " : "") + std::string(Py_TYPE(args[place])->tp_name);
    return PyErr_Format(PyExc_TypeError, "%s(): incompatible arguments (%s)%s; takes:%s",
                        qualified(self->first).c_str(), given.c_str(),
                        names && PyTuple_GET_SIZE(names) ? " and keywords" : "", text.c_str());
}

} // namespace binding
