// C++ exceptions become Python's: the module's own translators first, then those of other modules with the same C++ ABI.
//
// Called in the handler of every bound call; nothing is thrown through Python.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>

#include "module.hpp"

namespace binding {

// A Python exception is set: unwinds C++ code to the bound call.
struct PythonError {};

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

// Asks one module's translators.
inline bool translate_own(const Module *module, std::exception_ptr exception) {
    for (auto at = module->translators.rbegin(); at != module->translators.rend(); ++at) {
        try {
            (*at)(exception);
            return true;
        } catch (const PythonError &) {
            return true;
        } catch (...) {
            // Thrown again: not one that it knows. What it throws instead is the next one's.
            exception = std::current_exception();
        }
    }
    return false;
}

// What the service calls: another module caught something.
inline interbind_status translate_for_others(void *context, const void *exception) {
    const auto &pointer = *static_cast<const std::exception_ptr *>(exception);
    return translate_own(static_cast<const Module *>(context), pointer) ? INTERBIND_OK : INTERBIND_MISSING;
}

constexpr char EXCEPTION_KIND[] = "c++:std::exception_ptr " INTERBIND_CXX_ABI;

// Sets a Python exception for the C++ exception that is being handled.
BINDING_COLD inline PyObject *raise_current(Module *module) {
    std::exception_ptr exception = std::current_exception();
    if (translate_own(module, exception) || translate_standard(exception))
        return nullptr;
    if (interbind_exception_translate(&module->context(), EXCEPTION_KIND, &exception) == INTERBIND_OK)
        return nullptr;
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception &error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (...) {
        PyErr_SetString(PyExc_RuntimeError, "an exception of a type that no module knows");
    }
    return nullptr;
}

// Adds a translator: for this module's calls, and for other modules' that don't know the exception.
inline bool add_translator(Module *module, Translator translator) {
    module->translators.push_back(translator);
    if (module->published.translate)
        return true;
    interbind_translator_fill(&module->published, module->context().owner, EXCEPTION_KIND, translate_for_others, module);
    if (interbind_translator_register(&module->context(), &module->published) == INTERBIND_OK)
        return true;
    module->published.translate = nullptr;
    if (!PyErr_Occurred())
        PyErr_SetString(PyExc_ImportError, "interbind: the translator can't be registered");
    return false;
}

} // namespace binding
