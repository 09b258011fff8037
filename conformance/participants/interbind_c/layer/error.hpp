// C++ exceptions become Python's: the module's own translators first, then those of other modules that know the same class.
//
// Called in the handler of every bound call; nothing is thrown through Python.
#pragma once

#include <cxxabi.h>
#include <exception>
#include <new>
#include <stdexcept>

#include "module.hpp"

namespace binding BINDING_HIDDEN {

// A Python exception is set: unwinds C++ code to the bound call.
struct PythonError {};

// Before 3.14 a thread that wants to go back to Python when Python has ended is ended itself, and unwinds as if for an
// exception, which must not be caught for good.
#ifdef __GLIBCXX__
#define BINDING_LET_UNWIND catch (const ::__cxxabiv1::__forced_unwind &) { throw; }
#else
#define BINDING_LET_UNWIND
#endif

// A text of Python as far as it can be read: for messages.
inline std::string text_of(PyObject *object) {
    Py_ssize_t size = 0;
    const char *text = object && PyUnicode_Check(object) ? PyUnicode_AsUTF8AndSize(object, &size) : nullptr;
    if (text)
        return std::string(text, static_cast<std::size_t>(size));
    PyErr_Clear();
    PyObject *bytes = object && PyUnicode_Check(object) ? PyUnicode_AsEncodedString(object, "utf-8", "backslashreplace") : nullptr;
    if (!bytes) {
        PyErr_Clear();
        return "?";
    }
    std::string answer;
    try {
        answer.assign(PyBytes_AS_STRING(bytes), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)));
    } catch (...) {
        Py_DECREF(bytes);
        throw;
    }
    Py_DECREF(bytes);
    return answer;
}

// What a class is called in a message.
inline std::string name_of(PyTypeObject *python) {
    PyObject *name = PyType_GetName(python);
    if (!name)
        PyErr_Clear();
    try {
        std::string text = text_of(name);
        Py_XDECREF(name);
        return text;
    } catch (...) {
        Py_XDECREF(name);
        throw;
    }
}

// Sets what stands for the exception; false: it isn't one of the standard library's.
inline bool translate_standard(const std::exception_ptr &exception) {
    auto set = [](PyObject *type, const std::exception &error) { PyErr_SetString(type, error.what()); };
    try {
        std::rethrow_exception(exception);
    } catch (const PythonError &) {
    } catch (const std::bad_alloc &) {
        PyErr_NoMemory();
    } catch (const std::invalid_argument &error) {
        set(PyExc_ValueError, error);
    } catch (const std::domain_error &error) {
        set(PyExc_ValueError, error);
    } catch (const std::length_error &error) {
        set(PyExc_ValueError, error);
    } catch (const std::out_of_range &error) {
        set(PyExc_IndexError, error);
    } catch (const std::range_error &error) {
        set(PyExc_ValueError, error);
    } catch (const std::overflow_error &error) {
        set(PyExc_OverflowError, error);
    } catch (...) {
        return false;
    }
    return true;
}

// Asks a library's translators for the exception that is being handled. False: none of them knows it, and none is set.
inline bool translate_own(const Translators *translators) {
    const auto *each = translators->first.load(std::memory_order_acquire);
    for (; each; each = each->next)
        if (each->attempt(*each))
            return true;
    return false;
}

// Sets a Python exception for the C++ exception that is being handled.
BINDING_COLD inline PyObject *raise_current(Module *module) {
    if (translate_own(module->translators))
        return nullptr;
    if (translate_standard(std::current_exception())) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_SystemError, "PythonError was thrown without a Python exception");
        return nullptr;
    }
    interbind::set_python_exception(&module->context());
    return nullptr;
}

// A translator of a class: a function that sets a Python exception, or leaves it to others.
template <class E> struct Translation {
    using Set = void (*)(const E &error);

    // What the function throws instead is nobody's.
    static bool call(void (*set)(), const E &error) {
        try {
            reinterpret_cast<Set>(set)(error);
        } BINDING_LET_UNWIND catch (...) {
        }
        return PyErr_Occurred();
    }
    static bool attempt(const Translators::Each &each) {
        try {
            throw;
        } catch (const E &error) {
            return call(each.set, error);
        } BINDING_LET_UNWIND catch (...) {
            return false;
        }
    }
    // What the service calls: another module caught one. The table is a static: it outlives every module.
    static interbind_status translate(void *context, const void *error) {
        bool is_set = call(static_cast<const Translators::Each *>(context)->set, *static_cast<const E *>(error));
        return is_set ? INTERBIND_OK : INTERBIND_MISSING;
    }
};

// Adds a translator: for this module's calls, and for other modules' that throw the same class. May throw.
template <class E> bool add_translator(Module *module, void (*set)(const E &error)) {
    using One = Translation<E>;
    Translators::Each *each = module->translators->add(
        {reinterpret_cast<void (*)()>(set), One::attempt, One::translate, interbind::exception_kind<E>, nullptr});
    interbind::throws<E>(&module->context());
    Translators::Record *made = Translators::take(each);
    try {
        interbind_translator_fill(&made->record, module->context().owner, each->kind(*module->context().owner),
                                  each->translate, each);
    } catch (...) {
        Translators::give_back(made);
        throw;
    }
    if (interbind_translator_register(&module->context(), &made->record) == INTERBIND_OK) {
        made->next = module->published;
        module->published = made;
        return true;
    }
    Translators::give_back(made);
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ImportError, "interbind: the translator can't be registered");
    return false;
}

} // namespace binding
