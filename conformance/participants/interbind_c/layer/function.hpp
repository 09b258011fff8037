// The Python object of a bound function: a vectorcall, the C++ callable, and what its parameters are compared with.
//
// Overloads are a chain: each refuses what it can't convert and hands the call on. A method descriptor, so calling a
// method makes no bound method.
#pragma once

#include <cstddef>
#include <structmember.h>

#include "defer.hpp"
#include "error.hpp"
#include "module.hpp"

namespace binding BINDING_HIDDEN {

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
    Signature *own; // that one again, or NULL
    union {
        alignas(void *) unsigned char callable[2 * sizeof(void *)];
        // Makes an object of a class: constructors.
        PyObject *(*create)(Function *self, PyTypeObject *python, PyObject *const *args, std::size_t count,
                            PyObject *names);
    };
    // One for each parameter, one for the result.
    std::atomic<Type *> sites[1];

    bool is_named() const { return signature && !signature->named.empty(); }

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
};

// What a parameter is when it isn't given: a new reference, or NULL.
inline PyObject *fallback_of(Function *self, std::size_t named) {
    interbind_section section;
    interbind_lock(&section, reinterpret_cast<PyObject *>(self));
    PyObject *fallback = Py_XNewRef(self->own->named[named].fallback);
    interbind_unlock(&section);
    return fallback;
}

// How a function is called, as `(Point, by: float = 2.0) -> Point`. Runs Python code. May throw.
inline std::string text_of(Function *self) {
    const Signature &signature = *self->signature;
    const std::size_t first = signature.types.size() - signature.named.size();
    std::string inner;
    for (std::size_t place = 0; place < signature.types.size(); ++place) {
        inner += place ? ", " : "";
        if (place >= first)
            inner += text_of(signature.named[place - first].name) + ": ";
        inner += signature.types[place];
        PyObject *fallback = place < first ? nullptr : fallback_of(self, place - first);
        if (!fallback)
            continue;
        PyObject *shown = PyObject_Repr(fallback);
        Py_DECREF(fallback);
        if (!shown)
            PyErr_Clear();
        try {
            inner += " = " + text_of(shown);
        } catch (...) {
            Py_XDECREF(shown);
            throw;
        }
        Py_XDECREF(shown);
    }
    return "(" + inner + ") -> " + signature.result;
}

inline void function_dealloc(PyObject *object) {
    Function *self = reinterpret_cast<Function *>(object);
    PyTypeObject *type = Py_TYPE(object);
    PyObject_GC_UnTrack(object);
    for (Py_ssize_t place = 0; place < Py_SIZE(self); ++place)
        if (Type *site = self->site(static_cast<std::size_t>(place)); site != &unresolved)
            site->release();
    delete self->own;
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
    if (self->own)
        for (const Signature::Parameter &each : self->own->named)
            Py_VISIT(each.fallback);
    return 0;
}

// Gives up the defaults, which may lead back here; the function stays what it is.
inline int function_clear(PyObject *object) {
    Function *self = reinterpret_cast<Function *>(object);
    if (self->own)
        for (Signature::Parameter &each : self->own->named) {
            interbind_section section;
            interbind_lock(&section, object);
            PyObject *fallback = std::exchange(each.fallback, nullptr);
            interbind_unlock(&section);
            Py_XDECREF(fallback);
        }
    return 0;
}

// The qualified name: put together when somebody asks, so that no function has a text of its own. May throw.
inline std::string qualified(const Function *self) {
    return self->scope ? text_of(self->scope) + "." + text_of(self->name) : text_of(self->name);
}

inline PyObject *text_to(const std::string &text) {
    return PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "replace");
}

// Makes a text with a function that may throw.
template <class B> PyObject *make_text(PyObject *object, B build) {
    Function *self = reinterpret_cast<Function *>(object);
    try {
        return text_to(build(self));
    } catch (...) {
        return raise_current(self->module);
    }
}

inline PyObject *function_qualname(PyObject *object, void *) {
    return make_text(object, [](Function *self) { return qualified(self); });
}

inline PyObject *function_get(PyObject *self, PyObject *instance, PyObject *) {
    return instance ? PyMethod_New(self, instance) : Py_NewRef(self);
}

inline PyObject *function_doc(PyObject *object, void *) {
    return make_text(object, [](Function *self) {
        std::string text;
        for (; self; self = self->next)
            text += (text.empty() ? "" : "\n") + text_of(self->name) + text_of(self);
        return text;
    });
}

inline PyObject *function_module(PyObject *object, void *) {
    return PyUnicode_FromString(reinterpret_cast<Function *>(object)->module->name);
}

// Pickled by name.
inline PyObject *function_reduce(PyObject *object, PyObject *) { return function_qualname(object, nullptr); }

inline PyObject *function_repr(PyObject *object) {
    return make_text(object, [](Function *self) { return "<function " + qualified(self) + " of " + self->module->name + ">"; });
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
        {Py_tp_clear, reinterpret_cast<void *>(function_clear)},
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
    PyObject *text = PyUnicode_InternFromString(name);
    Function *self = text ? PyObject_GC_NewVar(Function, module->function, static_cast<Py_ssize_t>(sites)) : nullptr;
    if (!self) {
        Py_XDECREF(text);
        return nullptr;
    }
    self->module = module;
    self->vectorcall = nullptr;
    self->signature = nullptr;
    self->own = nullptr;
    self->next = nullptr;
    self->first = self;
    Py_INCREF(module->object);
    for (std::size_t place = 0; place < sites; ++place)
        new (&self->sites[place]) std::atomic<Type *>(&unresolved);
    self->name = text;
    self->scope = Py_XNewRef(scope);
    defer(reinterpret_cast<PyObject *>(self));
    PyObject_GC_Track(self);
    return self;
}

// A TypeError about a function, which its name begins.
BINDING_COLD inline PyObject *make_error(Function *self, const char *what) {
    PyObject *message = make_text(reinterpret_cast<PyObject *>(self), [&](Function *self) { return qualified(self) + what; });
    if (message) {
        PyErr_SetObject(PyExc_TypeError, message);
        Py_DECREF(message);
    }
    return nullptr;
}

// No conversion: the next overload's turn, or a TypeError that lists them all.
BINDING_COLD inline PyObject *refuse_call(Function *self, PyObject *const *args, std::size_t nargsf, PyObject *names) {
    if (PyErr_Occurred())
        return nullptr;
    if (self->next)
        return self->next->vectorcall(reinterpret_cast<PyObject *>(self->next), args, nargsf, names);
    try {
        std::string text = qualified(self->first) + "(): incompatible arguments (";
        std::size_t count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
        for (std::size_t place = 0; place < count; ++place)
            text += (place ? ", " : "") + name_of(Py_TYPE(args[place]));
        text += names && PyTuple_GET_SIZE(names) ? ") and keywords; takes:" : "); takes:";
        for (Function *each = self->first; each; each = each->next)
            text += "\n  " + qualified(each) + text_of(each);
        if (PyObject *message = text_to(text)) {
            PyErr_SetObject(PyExc_TypeError, message);
            Py_DECREF(message);
        }
        return nullptr;
    } catch (...) {
        return raise_current(self->module);
    }
}

} // namespace binding
