/* For modules made with nanobind: functions take objects of any module.
 *
 *     #include <interbind/nanobind.hpp>
 *     struct Point { double x, y; };
 *     INTERBIND_DATA(Point, "org.example.Point", "1.0.0", x, y)
 *
 *     NB_MODULE(measure, m) {
 *         interbind::bind(m, "1.0.0");
 *         m.def("norm", [](const Point &p) { return std::hypot(p.x, p.y); });
 *     }
 *
 * A parameter of type `T`, `const T &`, `T &`, `const T *` or `T *` takes the module's own class first, as without this header,
 * then every class that is published as T. `T &` and `T *` write: frozen objects are refused, objects that track their borrows
 * are borrowed exclusively. A reference or pointer to an argument that a function returns comes back as that argument, unless
 * it is returned as a copy. Every source of a module includes this header before a function with such a parameter is defined. */
#ifndef INTERBIND_NANOBIND_HPP
#define INTERBIND_NANOBIND_HPP

#include <nanobind/nanobind.h>

#include <interbind/cast.hpp>

#include <memory>

#if NB_VERSION_MAJOR < 2 || (NB_VERSION_MAJOR == 2 && NB_VERSION_MINOR < 4)
#error "interbind/nanobind.hpp needs nanobind 2.4 or newer"
#endif

namespace nanobind {
namespace detail {

template <typename T> struct type_caster<T, enable_if_t<interbind::taken<T>::value>> : type_caster_base<T> {
    using base = type_caster_base<T>;
    template <typename U>
    using Cast = std::conditional_t<std::is_same_v<U, T &&>, T &&, interbind::detail::given<T, U>>;

    type_caster() = default;
    type_caster(const type_caster &) = delete;
    type_caster &operator=(const type_caster &) = delete;
    ~type_caster() { Py_XDECREF(refusal_); }

    template <typename Flags> bool from_python(handle source, Flags flags, cleanup_list *cleanup) noexcept {
        const auto plain = static_cast<Flags>(flags & ~static_cast<Flags>(cast_flags::convert));
        const bool is_manual = (flags & static_cast<Flags>(cast_flags::manual)) != 0;
        PyObject *const object = source.ptr();
        /* A caster of a sequence's elements takes one after the other. */
        argument_.end();
        Py_CLEAR(refusal_);
        is_own_ = false;
        cleanup_ = is_manual ? nullptr : cleanup;
        /* What constructs, or takes over (a unique_ptr, which passes no list), is for the framework's own objects alone. */
        const bool is_own_alone = (flags & static_cast<Flags>(cast_flags::construct)) != 0 || (cleanup == nullptr && !is_manual);
        if (!is_own_alone && object != Py_None && argument_.knows_exactly(object)) {
            return true;
        }
        if (is_own_alone || object == Py_None) {
            return is_own_ = base::from_python(source, flags, cleanup);
        }
        if (base::from_python(source, plain, cleanup)) {
            return is_own_ = true;
        }
        switch (argument_.look_for(object)) {
        case interbind::detail::looked::found:
            return true;
        case interbind::detail::looked::refused:
            if (flags != plain) {
                refusal_ = raised();
                return true;
            }
            /* Another overload may take it. */
            PyErr_Clear();
            break;
        case interbind::detail::looked::missing:
            break;
        }
        return flags != plain && (is_own_ = base::from_python(source, flags, cleanup));
    }

    template <typename U>
    static handle from_cpp(U &&value, rv_policy policy, cleanup_list *cleanup) noexcept {
        constexpr bool is_view = is_pointer_v<U> || std::is_lvalue_reference_v<U>;
        if constexpr (is_view) {
            const T *address;
            if constexpr (is_pointer_v<U>) {
                address = value;
            } else {
                address = std::addressof(value);
            }
            const rv_policy inferred = infer_policy<U>(policy);
            const bool copies = inferred == rv_policy::copy || inferred == rv_policy::move;
            PyObject *const lender = interbind::detail::lender_of(address);
            if (lender != nullptr && !copies) {
                return handle(lender).inc_ref();
            }
            const handle made = base::from_cpp(std::forward<U>(value), policy, cleanup);
            if (lender != nullptr && !made.is_valid() && PyErr_Occurred() == nullptr) {
                /* This module has no class to copy it into. */
                return handle(lender).inc_ref();
            }
            PyObject *const around = made.is_valid() && !copies ? interbind::detail::lent().object_around(address) : nullptr;
            if (around != nullptr) {
                keep(made, around);
            }
            return made;
        } else {
            return base::from_cpp(std::forward<U>(value), policy, cleanup);
        }
    }

    /* Asked where an operator below must not throw. */
    template <typename U> bool can_cast() const noexcept {
        if (refusal_ != nullptr) {
            return false;
        }
        if (is_own_) {
            return base::template can_cast<U>();
        }
        try {
            using to = Cast<U>;
            if constexpr (std::is_rvalue_reference_v<to>) {
                return false;
            } else if constexpr (std::is_pointer_v<to>) {
                lend(!std::is_const_v<std::remove_pointer_t<to>>, used::by_call);
            } else if constexpr (std::is_lvalue_reference_v<to>) {
                lend(!std::is_const_v<std::remove_reference_t<to>>, by_reference());
            } else {
                lend(false, used::by_caster);
            }
            return true;
        } catch (...) {
            PyErr_Clear();
            return false;
        }
    }

    operator const T *() { return is_own_ ? base::operator T *() : lend(false, used::by_call); }
    operator T *() { return is_own_ ? base::operator T *() : lend(true, used::by_call); }
    operator const T &() { return lent_to(false); }
    operator T &() { return lent_to(true); }
    operator interbind::detail::copy_of<T>() {
        return is_own_ ? own() : *static_cast<const T *>(lend(false, used::by_caster));
    }
    /* What may be moved from is the module's own. */
    operator T &&() {
        if (!is_own_) {
            throw next_overload();
        }
        return static_cast<T &&>(own());
    }

  private:
    using used = interbind::detail::used;

    T &lent_to(bool writes) {
        if (T *const data = argument_.at_hand()) {
            return *data;
        }
        return is_own_ ? own() : *lend(writes, by_reference());
    }

    /* Nobody waits for a reference to an object that tracks no borrows. */
    used by_reference() const noexcept { return argument_ && argument_.is_tracked() ? used::by_call : used::by_caster; }

    T &own() {
        T *const found = base::operator T *();
        if (found == nullptr) {
            throw next_overload();
        }
        return *found;
    }
    T *lend(bool writes, used until) const {
        if (INTERBIND_LIKELY(refusal_ == nullptr && !argument_.asks(writes) && (until == used::by_caster || !argument_.owes()))) {
            return argument_.lend(writes);
        }
        return lend_attached(writes, until);
    }
    INTERBIND_APART T *lend_attached(bool writes, used until) const {
        if (refusal_ != nullptr) {
            PyErr_SetObject(reinterpret_cast<PyObject *>(Py_TYPE(refusal_)), refusal_);
            throw python_error();
        }
        const interbind::detail::attachment here;
        T *const data = argument_.lend(writes);
        if (data == nullptr) {
            throw python_error();
        }
        if (until == used::by_call) {
            if (cleanup_ == nullptr) {
                argument_.end();
                PyErr_SetString(PyExc_RuntimeError, "nanobind::cast: a pointer to an object of another module, or a reference to "
                                                    "one that tracks its borrows, is given to functions for a call alone; "
                                                    "cast it to a value, or use interbind::borrowed");
                throw python_error();
            }
            PyObject *const loan = argument_.keep();
            if (loan != nullptr) {
                cleanup_->append(loan);
            } else if (PyErr_Occurred() != nullptr) {
                throw python_error();
            }
        }
        return data;
    }
    static PyObject *raised() noexcept {
        PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
        PyErr_Fetch(&type, &value, &trace);
        PyErr_NormalizeException(&type, &value, &trace);
        Py_XDECREF(type);
        Py_XDECREF(trace);
        return value;
    }
    static void keep(handle nurse, PyObject *patient) noexcept {
        try {
            /* As `nb::keep_alive<0, 1>` does it, in every release. */
            process_postcall(&patient, std::integral_constant<size_t, 1>(), nurse.ptr(),
                static_cast<nanobind::keep_alive<0, 1> *>(nullptr));
        } catch (...) {
            PyErr_Clear();
        }
    }

    mutable interbind::detail::argument<T> argument_;
    PyObject *refusal_ = nullptr;
    cleanup_list *cleanup_ = nullptr;
    bool is_own_ = false;
};

/* A function with a `std::shared_ptr<T>` doesn't compile: "ambiguous", of this and of nanobind's own. nanobind's takes the pointer
 * out of any caster, where a borrow that is refused could only end the process, and what is lent for a call could be kept for
 * longer. Take a `T &` instead; or leave INTERBIND_DATA and INTERBIND_TAKE out of such a module. */
template <typename T> struct type_caster<std::shared_ptr<T>, enable_if_t<interbind::taken<T>::value>> {};

} // namespace detail
} // namespace nanobind

namespace interbind INTERBIND_HIDDEN {

/* Binds the module: the first statement of its NB_MODULE. The name that others see is the module's own. Throws, and the import
 * fails with an ImportError, where the module can't share. */
inline void bind(nanobind::handle module, const char *version) {
    if (detail::bind_casters(module.ptr(), version) != INTERBIND_OK) {
        throw nanobind::python_error();
    }
}

namespace detail {

/* The T in an object of a published class. NULL: an exception is set. */
template <typename T> void *borrow_of_nanobind(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    if (!INTERBIND_LIKELY(interbind_class_starts(record, object, mode))) {
        return nullptr;
    }
    const nanobind::handle self(object);
    if (!nanobind::inst_ready(self)) {
        return interbind_record_refuse(record, object, INTERBIND_REASON_WRONG_OBJECT,
            "the object has no value: `__init__` of its class wasn't called, or its value was given away",
            "make objects by calling their class, and don't use those that a function took over", PyExc_TypeError);
    }
    /* nanobind has no bases at other places: the object's own address is that of the published base. */
    return nanobind::inst_ptr<void>(self);
}

/* Makes an object of a copy; only asked of a T that can be copied. */
template <typename T> PyObject *wrap_for_nanobind(const interbind_type_record *, const void *data) {
    return made_or_raised<nanobind::python_error>([data]() -> PyObject * {
        T copy(*static_cast<const T *>(data));
        return nanobind::detail::type_caster_base<T>::from_cpp(std::move(copy), nanobind::rv_policy::move, nullptr).ptr();
    });
}

/* What publishing needs of nanobind; a T that can't be copied isn't wrapped. */
template <typename T> constexpr published_by by_nanobind() {
    if constexpr (std::is_copy_constructible_v<T>) {
        return {borrow_of_nanobind<T>, wrap_for_nanobind<T>};
    } else {
        return {borrow_of_nanobind<T>, nullptr};
    }
}

} // namespace detail

/* Publishes the module's class of T: modules of any framework take its objects. Plain data has the version that INTERBIND_DATA
 * states; a class with INTERBIND_TAKE needs one. */
template <typename T, typename... Options>
void publish(const nanobind::class_<T, Options...> &type, const char *version = nullptr) {
    if (!detail::publish_class<T>(type.ptr(), version, detail::by_nanobind<T>())) {
        throw nanobind::python_error();
    }
}

} // namespace interbind

#endif /* INTERBIND_NANOBIND_HPP */
