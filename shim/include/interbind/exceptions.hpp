/* C++ exceptions that cross modules, and become Python's.
 *
 * A module that catches an exception has the others' translators asked. Nothing is thrown from one library into another, and no
 * translator is handed a class that its own declaration doesn't describe:
 *
 * - Who throws a class that others may know says so, with `throws<geo::Error>(context)`; registering a translator says it too.
 *   Only a class that was declared is ever handed over. The module that caught it catches it as its own `geo::Error` again, so
 *   what it hands over is a pointer to what its own compiler laid out.
 * - The question's kind is `c++:exception`, the class's key and its descriptor (see shape.hpp) in the module that asks. A
 *   translator is registered under the same three of its own. The service compares them as text: a translator for another
 *   version, another standard library or another class of the same name isn't asked.
 * - What nobody knows becomes what the standard library's classes mean, with `what()`: virtual, so it is the thrower's own.
 *
 * Classes are asked for in the order of their declaration: derived ones are declared before their bases. */
#ifndef INTERBIND_EXCEPTIONS_HPP
#define INTERBIND_EXCEPTIONS_HPP

#include <interbind/raised.hpp>
#include <interbind/shape.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <utility>

namespace interbind INTERBIND_HIDDEN {

/* The kind of an exception of that class: what one who throws it and one who translates it must have in common. */
template <typename E>
const char *exception_kind(const interbind_owner &owner) {
    static const std::string *const kind =
        new std::string("c++:exception " + std::string(key_of<E>(owner)) + ' ' + describe<E>());
    return kind->c_str();
}

namespace detail {

/* A class that this library throws: asks for the exception that is being handled, if it is one. */
struct thrown {
    interbind_status (*ask)(const interbind_context *context);
    std::atomic<thrown *> next{nullptr};
    std::atomic<bool> is_listed{false};
};

/* The classes that this library throws, in the order of declaration. */
inline thrown &first_thrown() noexcept {
    static thrown first{nullptr};
    return first;
}

/* Asks the translators of E. Called inside a `catch`. */
template <typename E>
interbind_status ask(const interbind_context *context) {
    try {
        throw;
    } catch (const E &error) {
        return interbind_exception_translate(context, exception_kind<E>(*context->owner), std::addressof(error));
    } catch (...) {
        return INTERBIND_MISSING;
    }
}

template <typename E>
void declare() noexcept {
    static thrown mine{ask<E>};
    if (mine.is_listed.exchange(true)) {
        return;
    }
    thrown *last = &first_thrown(), *next = nullptr;
    while (!last->next.compare_exchange_weak(next, &mine)) {
        if (next != nullptr) {
            last = next;
            next = nullptr;
        }
    }
}

} // namespace detail

/* Says that this library throws these classes, and that modules which know the same may translate them. */
template <typename... E>
void throws(const interbind_context *) noexcept {
    (detail::declare<E>(), ...);
}

/* A translator of this module for each of the classes, asked by every module that throws the same class until this dies.
 *
 * Each function gets the exception, and sets Python's; one that sets none doesn't know it. */
template <typename... E>
class translator {
  public:
    translator(const interbind_context *context, void (*...translate)(const E &error)) : context_(context) {
        throws<E...>(context);
        std::size_t at = 0;
        try {
            (add<E>(at++, translate), ...);
        } catch (...) {
            end();
            throw;
        }
    }
    translator(translator &&other) noexcept
        : context_(other.context_), count_(std::exchange(other.count_, 0)), records_(other.records_) {}
    translator(const translator &) = delete;
    translator &operator=(const translator &) = delete;
    ~translator() { end(); }

  private:
    template <typename One> void add(std::size_t at, void (*translate)(const One &)) {
        interbind_translator_fill(&records_[at], context_->owner, exception_kind<One>(*context_->owner), call<One>,
            reinterpret_cast<void *>(translate));
        check(interbind_translator_register(context_, &records_[at]));
        ++count_;
    }
    template <typename One> static interbind_status call(void *translate, const void *error) noexcept {
        try {
            reinterpret_cast<void (*)(const One &)>(translate)(*static_cast<const One *>(error));
        } catch (...) {
            /* What a translator throws is nobody's; a Python exception that it set counts. */
        }
        return PyErr_Occurred() == nullptr ? INTERBIND_MISSING : INTERBIND_OK;
    }
    /* Another thread may be inside a record's function: the records' memory stays. */
    void end() noexcept {
        for (std::size_t at = 0; at < count_; ++at) {
            interbind_translator_unregister(context_, &records_[at]);
        }
        count_ = 0;
    }

    const interbind_context *context_;
    std::size_t count_ = 0;
    interbind_translator *records_ = new interbind_translator[sizeof...(E)]();
};

/* Sets the Python exception for the C++ one that is being handled: what the translators of all modules know, else what the
 * standard library's classes mean. Called inside a `catch`. A Python exception that is set already stays only for `raised`. */
inline void set_python_exception(const interbind_context *context) noexcept {
    try {
        throw;
    } catch (const raised &) {
        if (PyErr_Occurred() != nullptr) {
            return;
        }
    } catch (...) {
        PyErr_Clear();
    }
    if (context != nullptr && context->core != nullptr) {
        const detail::thrown *one = detail::first_thrown().next.load();
        for (; one != nullptr; one = one->next.load()) {
            try {
                if (one->ask(context) == INTERBIND_OK && PyErr_Occurred() != nullptr) {
                    return;
                }
            } catch (...) {
                /* No memory for a kind's text: as if nobody knew. */
            }
            PyErr_Clear();
        }
    }
    try {
        throw;
    } catch (const std::bad_alloc &) {
        PyErr_NoMemory();
    } catch (const std::out_of_range &error) {
        PyErr_SetString(PyExc_IndexError, error.what());
    } catch (const std::invalid_argument &error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::domain_error &error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::length_error &error) {
        PyErr_SetString(PyExc_ValueError, error.what());
    } catch (const std::overflow_error &error) {
        PyErr_SetString(PyExc_OverflowError, error.what());
    } catch (const misuse &error) {
        PyErr_SetString(PyExc_SystemError, error.what());
    } catch (const std::exception &error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (...) {
        PyErr_SetString(PyExc_RuntimeError, "an unknown C++ exception");
    }
}

/* Runs the body of a function that Python calls; an exception becomes Python's, and `failed` is returned. */
template <typename R, typename Body>
R guarded(const interbind_context *context, R failed, Body &&body) noexcept {
    try {
        return std::forward<Body>(body)();
    } catch (...) {
        set_python_exception(context);
        return failed;
    }
}

} // namespace interbind

#endif /* INTERBIND_EXCEPTIONS_HPP */
