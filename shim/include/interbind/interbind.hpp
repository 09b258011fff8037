/* interbind.h for C++17: what must be given back is given back by a destructor, and exceptions become Python's.
 *
 * Header-only, and nothing of it crosses a library: other modules see the records of abi.h alone. A function of this header
 * that can fail throws `raised` when a Python exception is set, and `misuse` when an argument was NULL or the thread isn't
 * attached. Neither leaves a function that Python calls: its body stands inside `guarded`. Everything is used attached, in
 * the interpreter that it was made in. */
#ifndef INTERBIND_HPP
#define INTERBIND_HPP

#include <interbind/interbind.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace interbind {

/* A Python exception is set: whoever catches this returns to Python, or takes the exception. */
class raised : public std::exception {
  public:
    const char *what() const noexcept override { return "a Python exception is set"; }
};

/* A function was called as it may not be, and no Python exception is set. */
class misuse : public std::logic_error {
  public:
    explicit misuse(interbind_status status)
        : std::logic_error("interbind was called with an argument that it refuses, status " + std::to_string(status)),
          status_(status) {}
    interbind_status status() const noexcept { return status_; }

  private:
    interbind_status status_;
};

/* Throws for what isn't `INTERBIND_OK`. */
inline void check(interbind_status status) {
    if (status == INTERBIND_OK) {
        return;
    }
    if (PyErr_Occurred() != nullptr) {
        throw raised();
    }
    throw misuse(status);
}

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

/* The native key of a class, the same in every module that sees the same class; lives until the process ends. */
template <typename T>
const char *key_of() {
    static const std::string *const key = new std::string(std::string(INTERBIND_NATIVE_CPP) + typeid(T).name());
    return key->c_str();
}

/* The native key of a class that is one module's alone, as every one in an anonymous namespace is. */
template <typename T>
const char *key_of(std::string_view module) {
    static const std::string *const key =
        new std::string(std::string(INTERBIND_NATIVE_CPP) + typeid(T).name() + "@" + std::string(module));
    return key->c_str();
}

/* Where a T of any module is taken: a static. */
template <typename T>
class site {
  public:
    /* By its native key, from builds whose C++ is the same. */
    site() : site_ INTERBIND_NATIVE_SITE(key_of<T>()) { site_.align = alignof(T); }
    /* As shared data, from builds of any language: name and descriptor of the layout, and the major. */
    site(const char *name, const char *descriptor, uint32_t major)
        : site_ INTERBIND_DATA_SITE(name, descriptor, alignof(T), major) {}

    interbind_site *get() noexcept { return &site_; }

  private:
    interbind_site site_;
};

/* A borrow of an object's T for as long as this lives; the caller holds the object. */
template <typename T>
class borrowed {
  public:
    borrowed(const interbind_context *context, site<T> &where, PyObject *object, uint32_t mode = INTERBIND_BORROW_SHARED)
        : object_(object), mode_(mode) {
        check(interbind_find(context, where.get(), object, &record_));
        data_ = static_cast<T *>(interbind_borrow(record_, object, mode));
        if (data_ == nullptr) {
            throw raised();
        }
    }
    borrowed(borrowed &&other) noexcept
        : record_(std::exchange(other.record_, nullptr)), object_(other.object_), data_(other.data_), mode_(other.mode_) {}
    borrowed(const borrowed &) = delete;
    borrowed &operator=(const borrowed &) = delete;
    ~borrowed() { interbind_give_back(record_, object_, mode_); }

    T *get() const noexcept { return data_; }
    T &operator*() const noexcept { return *data_; }
    T *operator->() const noexcept { return data_; }
    const interbind_type_record *record() const noexcept { return record_; }

  private:
    const interbind_type_record *record_ = nullptr;
    PyObject *object_;
    T *data_ = nullptr;
    uint32_t mode_;
};

/* Keeps `patient` alive as long as `nurse`. */
inline void keep_alive(const interbind_context *context, PyObject *nurse, PyObject *patient, uint32_t flags = 0) {
    const interbind_status status = interbind_keep_alive(context, nurse, patient, flags);
    if (status != INTERBIND_MISSING) {
        check(status);
    }
}

/* Shares one T of each name in an interpreter: found, or made of nothing. Its kind is the class and this build's C++, so
 * another class, or the same from another compiler, is refused. */
template <typename T>
T &userdata(const interbind_context *context, const char *name) {
    static const std::string *const kind = new std::string(std::string(key_of<T>()) + " " INTERBIND_CXX_ABI);
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

/* The kind of exception that translators of this build's C++ know. */
inline const char *exception_kind() noexcept { return "c++:std::exception_ptr " INTERBIND_CXX_ABI; }

/* A translator of this module, asked by every module of the same C++ until this dies.
 *
 * The function rethrows the exception, catches what it knows and sets Python's; what it lets through it doesn't know. */
class translator {
  public:
    using function = void (*)(std::exception_ptr exception);

    translator(const interbind_context *context, function translate) : context_(context) {
        interbind_translator_fill(record_.get(), context->owner, exception_kind(), call,
            reinterpret_cast<void *>(translate));
        check(interbind_translator_register(context, record_.get()));
    }
    translator(translator &&other) noexcept = default;
    translator(const translator &) = delete;
    translator &operator=(const translator &) = delete;
    ~translator() {
        /* Another thread may be inside the record's function: its memory stays. */
        if (record_ != nullptr) {
            interbind_translator_unregister(context_, record_.release());
        }
    }

  private:
    static interbind_status call(void *translate, const void *exception) noexcept {
        try {
            reinterpret_cast<function>(translate)(*static_cast<const std::exception_ptr *>(exception));
        } catch (...) {
            return INTERBIND_MISSING;
        }
        return PyErr_Occurred() == nullptr ? INTERBIND_MISSING : INTERBIND_OK;
    }

    const interbind_context *context_;
    std::unique_ptr<interbind_translator> record_ = std::make_unique<interbind_translator>();
};

/* Sets the Python exception for the C++ one that is being handled: what the translators of all modules know, else what the
 * standard library's classes mean. Called inside a `catch`. */
inline void set_python_exception(const interbind_context *context) noexcept {
    const std::exception_ptr exception = std::current_exception();
    try {
        throw;
    } catch (const raised &) {
        if (PyErr_Occurred() != nullptr) {
            return;
        }
    } catch (...) {
    }
    if (interbind_exception_translate(context, exception_kind(), &exception) == INTERBIND_OK) {
        return;
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
    /* The state of a module that was bound. */
    static S &get(PyObject *module) noexcept { return *static_cast<S *>(of(module)->binding_.state); }
    /* The context of a module that was bound. */
    static const interbind_context *context_of(PyObject *module) noexcept { return &of(module)->binding_.context; }
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
