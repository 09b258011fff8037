/* For modules made with pybind11: functions take objects of any module.
 *
 *     #include <interbind/pybind11.hpp>
 *     struct Point { double x, y; };
 *     INTERBIND_DATA(Point, "org.example.Point", "1.0.0", x, y)
 *
 *     PYBIND11_MODULE(measure, m) {
 *         interbind::bind(m, "1.0.0");
 *         m.def("norm", [](const Point &p) { return std::hypot(p.x, p.y); });
 *     }
 *
 * A parameter of type `T`, `const T &`, `T &`, `const T *` or `T *` takes the module's own class first, as without this header,
 * then every class that is published as T. `T &` and `T *` write: frozen objects are refused, objects that track their borrows
 * are borrowed exclusively. A reference or pointer to an argument that a function returns comes back as that argument.
 * Every source of a module includes this header before a function with such a parameter is defined. */
#ifndef INTERBIND_PYBIND11_HPP
#define INTERBIND_PYBIND11_HPP

#include <pybind11/pybind11.h>

#include <interbind/cast.hpp>

#if PYBIND11_VERSION_HEX < 0x020b0000
#error "interbind/pybind11.hpp needs pybind11 2.11 or newer"
#endif

namespace pybind11 {
namespace detail {

template <typename T> class type_caster<T, enable_if_t<interbind::taken<T>::value>> : public type_caster_base<T> {
    using base = type_caster_base<T>;

  public:
    bool load(handle source, bool convert) {
        PyObject *const object = source.ptr();
        /* One caster may load twice. */
        argument_.end();
        if (object == nullptr || (this->typeinfo != nullptr && (Py_TYPE(object) == this->typeinfo->type || object == Py_None))) {
            return base::load(source, convert);
        }
        if (object == Py_None) {
            /* As for a class that pybind11 knows: a pointer to nothing, once no overload wants it as it is. */
            this->value = nullptr;
            return convert;
        }
        if (argument_.knows(object)) {
            return true;
        }
        /* Classes that inherit from the module's own come first, and what pybind11 takes besides comes last: a class that answers it
         * is lent here, so that the very object comes back. */
        const bool is_own = this->typeinfo != nullptr && PyType_IsSubtype(Py_TYPE(object), this->typeinfo->type) != 0;
        if (is_own && base::load(source, false)) {
            return true;
        }
        const interbind::detail::looked seen = argument_.look_for(object);
        if (seen == interbind::detail::looked::found) {
            return true;
        }
        if (seen == interbind::detail::looked::refused) {
            /* pybind11 may take it all the same, or another overload. */
            PyErr_Clear();
        }
        if (!is_own && base::load(source, false)) {
            return true;
        }
        if (seen == interbind::detail::looked::refused && convert) {
            if (argument_.look_for(object) == interbind::detail::looked::found) {
                return true;
            }
            if (PyErr_Occurred() != nullptr) {
                throw error_already_set();
            }
        }
        return convert && base::load(source, true);
    }

    static handle cast(const T &source, return_value_policy policy, handle parent) {
        if (PyObject *lender = interbind::detail::lender_of(std::addressof(source))) {
            return handle(lender).inc_ref();
        }
        return around(std::addressof(source), policy, base::cast(source, policy, parent));
    }
    static handle cast(T &&source, return_value_policy policy, handle parent) {
        return base::cast(std::move(source), policy, parent);
    }
    static handle cast(const T *source, return_value_policy policy, handle parent) {
        if (PyObject *lender = interbind::detail::lender_of(source)) {
            return handle(lender).inc_ref();
        }
        return around(source, policy, base::cast(source, policy, parent));
    }

    template <typename U> using cast_op_type = interbind::detail::given<T, U>;

    // NOLINTBEGIN(google-explicit-constructor)
    operator const T *() { return argument_ ? lend(false, used::by_call) : base::operator T *(); }
    operator T *() { return argument_ ? lend(true, used::by_call) : base::operator T *(); }
    operator const T &() { return lent_to(false); }
    operator T &() { return lent_to(true); }
    operator interbind::detail::copy_of<T>() {
        return argument_ ? *static_cast<const T *>(lend(false, used::by_caster)) : base::operator T &();
    }
    // NOLINTEND(google-explicit-constructor)

  private:
    using used = interbind::detail::used;

    T &lent_to(bool writes) {
        if (T *const data = argument_.at_hand()) {
            return *data;
        }
        return argument_ ? *lend(writes, by_reference()) : base::operator T &();
    }

    /* Nobody waits for a reference to an object that tracks no borrows. */
    used by_reference() const noexcept { return argument_.is_tracked() ? used::by_call : used::by_caster; }

    T *lend(bool writes, used until) {
        if (INTERBIND_LIKELY(!argument_.asks(writes) && (until == used::by_caster || !argument_.owes()))) {
            return argument_.lend(writes);
        }
        return lend_attached(writes, until);
    }
    INTERBIND_APART T *lend_attached(bool writes, used until) {
        const interbind::detail::attachment here;
        T *const data = argument_.lend(writes);
        if (data == nullptr) {
            throw error_already_set();
        }
        if (until == used::by_call) {
            const object loan = reinterpret_steal<object>(argument_.keep());
            if (loan) {
                loader_life_support::add_patient(loan);
            } else if (PyErr_Occurred() != nullptr) {
                throw error_already_set();
            }
        }
        return data;
    }
    /* What points into an argument keeps that argument. */
    static handle around(const T *source, return_value_policy policy, handle result) {
        const bool is_view = policy == return_value_policy::reference || policy == return_value_policy::reference_internal ||
            policy == return_value_policy::automatic_reference;
        PyObject *const lender = is_view && result ? interbind::detail::lent().object_around(source) : nullptr;
        if (lender != nullptr) {
            keep_alive_impl(result, lender);
        }
        return result;
    }

    interbind::detail::argument<T> argument_;
};

} // namespace detail
} // namespace pybind11

namespace interbind INTERBIND_HIDDEN {

/* Binds the module: the first statement of its PYBIND11_MODULE. The name that others see is the module's own. Throws, and the
 * import fails with an ImportError, where the module can't share. */
inline void bind(pybind11::handle module, const char *version) {
    if (detail::bind_casters(module.ptr(), version) != INTERBIND_OK) {
        throw pybind11::error_already_set();
    }
}

namespace detail {

/* The T in an object that isn't of the very class, or whose value lies elsewhere. Apart, so that the other way needs no room on the
 * stack. */
template <typename T>
INTERBIND_APART void *borrow_with_pybind11(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    namespace py = pybind11::detail;
    if (!interbind_class_starts(record, object, mode)) {
        return nullptr;
    }
    auto *const instance = reinterpret_cast<py::instance *>(object);
    try {
        for (const auto &part : py::values_and_holders(instance)) {
            if (!part.instance_registered()) {
                return interbind_record_refuse(record, object, INTERBIND_REASON_WRONG_OBJECT,
                    "the object has no value: `__init__` of its class wasn't called, or its value was given away",
                    "make objects by calling their class, and don't use those that a function took over", PyExc_TypeError);
            }
        }
        py::type_caster_base<T> caster;
        if (caster.load(object, false)) {
            if (T *found = static_cast<T *>(caster)) {
                return found;
            }
        }
    } catch (pybind11::error_already_set &error) {
        error.restore();
    } catch (const pybind11::builtin_exception &error) {
        error.set_error();
    } catch (...) {
        PyErr_Clear();
    }
    return interbind_record_refuse(record, object, INTERBIND_REASON_WRONG_OBJECT, "pybind11 finds no value in the object",
        "make objects by calling their class, and don't use those that a function took over", PyExc_TypeError);
}

/* The T in an object of a published class. NULL: an exception is set. */
template <typename T> void *borrow_of_pybind11(const interbind_type_record *record, PyObject *object, uint32_t mode) {
    auto *const instance = reinterpret_cast<pybind11::detail::instance *>(object);
    /* Of the very class, a shared borrow is one that every class gives. */
    const bool is_exact = static_cast<const void *>(Py_TYPE(object)) == static_cast<const void *>(INTERBIND_LOAD(record->py_type));
    if (INTERBIND_LIKELY(is_exact && mode == INTERBIND_BORROW_SHARED) && instance->simple_layout &&
        instance->simple_instance_registered && instance->simple_value_holder[0] != nullptr) {
        return instance->simple_value_holder[0];
    }
    return borrow_with_pybind11<T>(record, object, mode);
}

/* Makes an object of a copy; only asked of a T that can be copied. */
template <typename T> PyObject *wrap_for_pybind11(const interbind_type_record *, const void *data) {
    return made_or_raised<pybind11::error_already_set>([data]() -> PyObject * {
        return pybind11::detail::type_caster_base<T>::cast(new T(*static_cast<const T *>(data)),
            pybind11::return_value_policy::take_ownership, pybind11::handle())
            .ptr();
    });
}

/* What publishing needs of pybind11; a T that can't be copied isn't wrapped. */
template <typename T> constexpr published_by by_pybind11() {
    if constexpr (std::is_copy_constructible_v<T>) {
        return {borrow_of_pybind11<T>, wrap_for_pybind11<T>};
    } else {
        return {borrow_of_pybind11<T>, nullptr};
    }
}

} // namespace detail

/* Publishes the module's class of T: modules of any framework take its objects. Plain data has the version that INTERBIND_DATA
 * states; a class with INTERBIND_TAKE needs one. */
template <typename T, typename... Options>
void publish(const pybind11::class_<T, Options...> &type, const char *version = nullptr) {
    if (!detail::publish_class<T>(type.ptr(), version, detail::by_pybind11<T>())) {
        throw pybind11::error_already_set();
    }
}

} // namespace interbind

#endif /* INTERBIND_PYBIND11_HPP */
