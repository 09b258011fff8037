/* interbind.h for C++17: what must be given back is given back by a destructor, and exceptions become Python's.
 *
 * | header | what it holds |
 * |---|---|
 * | raised.hpp | how functions fail |
 * | key.hpp | the native key of a class |
 * | shape.hpp | what is said of a class, so that two versions of it aren't taken for one |
 * | data.hpp | the layout of plain data |
 * | borrow.hpp | taking objects of any module |
 * | exceptions.hpp | exceptions that cross modules |
 *
 * Header-only, and nothing of it crosses a library: other modules see the records of abi.h alone, and every function, class and
 * static here is hidden, so two builds of it in one process have nothing in common. (A class that has one of these for a field
 * is hidden too: in an anonymous namespace, or compiled with `-fvisibility=hidden`.) A function that can fail throws `raised`
 * when a Python exception is set, and `misuse` when none is. Neither leaves a function that Python calls: its body stands
 * inside `guarded`. Everything is used attached, in the interpreter that it was made in. */
#ifndef INTERBIND_HPP
#define INTERBIND_HPP

#include <interbind/borrow.hpp>
#include <interbind/exceptions.hpp>
#include <interbind/interbind.h>

#include <cstdlib>
#include <new>
#include <string>
#include <utility>

namespace interbind INTERBIND_HIDDEN {

/* An owned reference, or none. */
class ref {
  public:
    ref() noexcept = default;
    ref(const ref &other) noexcept : object_(other.object_) { Py_XINCREF(object_); }
    ref(ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    ref &operator=(ref other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~ref() { Py_XDECREF(object_); }

    /* Takes over a new reference; NULL means that an exception is set, and throws `raised`. */
    static ref take(PyObject *object) {
        if (object == nullptr) {
            throw raised();
        }
        return ref(object);
    }
    /* Adds a reference to a borrowed one. */
    static ref share(PyObject *object) noexcept {
        Py_XINCREF(object);
        return ref(object);
    }

    PyObject *get() const noexcept { return object_; }
    /* Gives the reference away. */
    PyObject *release() noexcept { return std::exchange(object_, nullptr); }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    explicit ref(PyObject *object) noexcept : object_(object) {}
    PyObject *object_ = nullptr;
};

/* A binding to the current interpreter that no module state holds: for embedders and tests. */
class context {
  public:
    explicit context(const interbind_owner &owner, const interbind_minimum *minimum = nullptr) {
        check(interbind_import(&owner, minimum, &context_));
    }
    context(context &&other) noexcept : context_(std::exchange(other.context_, interbind_context{})) {}
    context &operator=(context other) noexcept {
        std::swap(context_, other.context_);
        return *this;
    }
    context(const context &) = delete;
    ~context() { interbind_leave(&context_); }

    const interbind_context *get() const noexcept { return &context_; }
    const interbind_context *operator->() const noexcept { return &context_; }

  private:
    interbind_context context_{};
};

/* Holds an object's critical section on a free-threaded build; nothing with a GIL. */
class section {
  public:
    explicit section(PyObject *object) noexcept { interbind_lock(&section_, object); }
    section(const section &) = delete;
    section &operator=(const section &) = delete;
    ~section() { interbind_unlock(&section_); }

  private:
    interbind_section section_;
};

/* The same for two objects, in an order that can't deadlock; they may be one. */
class section2 {
  public:
    section2(PyObject *a, PyObject *b) noexcept { interbind_lock2(&section_, a, b); }
    section2(const section2 &) = delete;
    section2 &operator=(const section2 &) = delete;
    ~section2() { interbind_unlock2(&section_); }

  private:
    interbind_section2 section_;
};

/* Keeps `patient` alive as long as `nurse`. */
inline void keep_alive(const interbind_context *context, PyObject *nurse, PyObject *patient, uint32_t flags = 0) {
    const interbind_status status = interbind_keep_alive(context, nurse, patient, flags);
    if (status != INTERBIND_MISSING) {
        check(status);
    }
}

/* Shares one T of each name in an interpreter: found, or made of nothing. Its kind is the class, its shape and this build's
 * C++, so another class, another version of it, or the same from another compiler is refused. */
template <typename T>
T &userdata(const interbind_context *context, const char *name) {
    if (context == nullptr || context->core == nullptr) {
        throw misuse(INTERBIND_INVALID);
    }
    static const std::string *const kind =
        new std::string(std::string(key_of<T>(*context->owner)) + ' ' + describe<T>());
    void *found = nullptr;
    const interbind_make_userdata make = [](void *, void **out) noexcept -> interbind_status {
        try {
            *out = new T();
            return INTERBIND_OK;
        } catch (...) {
            return INTERBIND_FAILED;
        }
    };
    const interbind_free_userdata free_data = [](void *data) noexcept { delete static_cast<T *>(data); };
    check(interbind_userdata_get(context, name, kind->c_str(), make, free_data, nullptr, &found));
    return *static_cast<T *>(found);
}

/* A module's state in one interpreter: the binding, and the module's own S, which is made with the binding and dies
 * before it. Stands in the memory that Python gives a module (`m_size = sizeof(module_state<S>)`). */
template <typename S>
class module_state {
  public:
    /* Called by the function in `Py_mod_exec`: binds, then makes S of the context. */
    static S &bind(PyObject *module, interbind_slot &slot, const interbind_minimum *minimum = nullptr) {
        module_state *self = of(module);
        check(interbind_bind(&slot, module, minimum, &self->binding_));
        try {
            self->binding_.state = new S(&self->binding_.context);
        } catch (...) {
            interbind_unbind(&slot, &self->binding_);
            throw;
        }
        return *static_cast<S *>(self->binding_.state);
    }
    /* Called by `m_free`: S dies, then the binding ends. */
    static void unbind(PyObject *module, interbind_slot &slot) noexcept {
        module_state *self = of(module);
        if (self != nullptr) {
            delete static_cast<S *>(std::exchange(self->binding_.state, nullptr));
            interbind_unbind(&slot, &self->binding_);
        }
    }
    /* The state of a module. Throws `raised`, a SystemError, for one that wasn't executed. */
    static S &get(PyObject *module) {
        interbind_binding *binding = interbind_binding_of(module);
        if (binding == nullptr || binding->state == nullptr) {
            check(interbind_misuse("interbind::module_state", "the module isn't bound, or its state is gone"));
            throw raised();
        }
        return *static_cast<S *>(binding->state);
    }
    /* The context of a module, for `guarded`; NULL for one that wasn't executed. */
    static const interbind_context *context_of(PyObject *module) noexcept {
        module_state *self = of(module);
        return self == nullptr || self->binding_.context.core == nullptr ? nullptr : &self->binding_.context;
    }
    /* The state in the current interpreter; NULL where the module isn't bound. */
    static S *current(interbind_slot &slot) noexcept {
        interbind_binding *binding = interbind_current(&slot);
        return binding == nullptr ? nullptr : static_cast<S *>(binding->state);
    }

  private:
    static module_state *of(PyObject *module) noexcept {
        return static_cast<module_state *>(PyModule_GetState(module));
    }

    interbind_binding binding_;
};

} // namespace interbind

#endif /* INTERBIND_HPP */
