/* interbind/function.h for C++17: a function of C++ becomes one of Python, with its names, defaults and overloads.
 *
 *     using namespace interbind::literals;
 *     interbind::function(m, "dot", &dot, "x"_a, "y"_a = 1.0, "The product of two numbers.");
 *
 * Numbers, texts and `PyObject *` are converted; a library adds types of its own with a specialisation of `converter`. Nothing
 * of it crosses a library, and nothing is seen outside of it. What fails throws `raised`: it ends inside `guarded`. */
#ifndef INTERBIND_FUNCTION_HPP
#define INTERBIND_FUNCTION_HPP

#include <interbind/exceptions.hpp>
#include <interbind/function.h>

#include <atomic>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace interbind INTERBIND_HIDDEN {

/* ---- Conversions. ---- */

/* How a parameter's type comes from Python, and a result's goes there. A specialisation has what its library needs of these:
 *
 *     static constexpr const char *name;                 // what people call it
 *     using held = …;                                    // what is kept during the call
 *     static bool load(PyObject *from, held &out);       // false without an exception: it doesn't fit
 *     static T get(held &value);
 *     static PyObject *make(T value);                    // a new reference, or NULL with an exception
 *     static constexpr bool runs_nothing = true;         // `load` runs no code of Python: a call needn't be counted for it
 */
template <class T, class = void> struct converter;

/* False, for what doesn't fit: a TypeError means that it isn't of the kind, and the next overload may take it. */
inline bool unfit() {
    if (PyErr_Occurred() != nullptr && PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
    }
    return false;
}

template <> struct converter<PyObject *> {
    static constexpr const char *name = "object";
    using held = PyObject *;
    static bool load(PyObject *from, held &out) { return out = from, true; }
    static PyObject *get(held &value) { return value; }
    static PyObject *make(PyObject *owned) { return owned; }
};

template <> struct converter<bool> {
    static constexpr const char *name = "bool";
    using held = bool;
    static bool load(PyObject *from, held &out) {
        out = from == Py_True;
        return out || from == Py_False;
    }
    static bool get(held &value) { return value; }
    static PyObject *make(bool value) { return PyBool_FromLong(value); }
};

template <class T> struct converter<T, std::enable_if_t<std::is_floating_point_v<T>>> {
    static constexpr const char *name = "float";
    using held = double;
    static bool load(PyObject *from, held &out) {
#if !defined(Py_LIMITED_API)
        if (INTERBIND_LIKELY(PyFloat_CheckExact(from))) {
            out = PyFloat_AS_DOUBLE(from);
            return true;
        }
#endif
        out = PyFloat_AsDouble(from);
        return (out != -1.0 || PyErr_Occurred() == nullptr) || unfit();
    }
    static T get(held &value) { return static_cast<T>(value); }
    static PyObject *make(T value) { return PyFloat_FromDouble(static_cast<double>(value)); }
};

template <class T> struct converter<T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>>> {
    static constexpr const char *name = "int";
    using held = T;
    static bool load(PyObject *from, held &out) {
        PyObject *index = PyLong_Check(from) ? from : PyNumber_Index(from);
        if (index == nullptr) {
            return unfit();
        }
        using wide = std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>;
        wide value;
        if constexpr (std::is_signed_v<T>) {
            value = PyLong_AsLongLong(index);
        } else {
            value = PyLong_AsUnsignedLongLong(index);
        }
        if (index != from) {
            Py_DECREF(index);
        }
        if (value == static_cast<wide>(-1) && PyErr_Occurred() != nullptr) {
            return false;
        }
        if (value < static_cast<wide>(std::numeric_limits<T>::min()) || value > static_cast<wide>(std::numeric_limits<T>::max())) {
            interbind_raise(PyExc_OverflowError, "%S doesn't fit into %d bytes", from, static_cast<int>(sizeof(T)));
            return false;
        }
        out = static_cast<T>(value);
        return true;
    }
    static T get(held &value) { return value; }
    static PyObject *make(T value) {
        if constexpr (std::is_signed_v<T>) {
            return PyLong_FromLongLong(value);
        } else {
            return PyLong_FromUnsignedLongLong(value);
        }
    }
};

#if !defined(Py_LIMITED_API) || Py_LIMITED_API + 0 >= 0x030a0000
template <class T>
struct converter<T, std::enable_if_t<std::is_same_v<T, std::string_view> || std::is_same_v<T, std::string>>> {
    static constexpr const char *name = "str";
    using held = std::string_view;
    static bool load(PyObject *from, held &out) {
        Py_ssize_t size = 0;
        const char *text = PyUnicode_Check(from) ? PyUnicode_AsUTF8AndSize(from, &size) : nullptr;
        if (text != nullptr) {
            out = std::string_view(text, static_cast<std::size_t>(size));
        }
        return text != nullptr;
    }
    static T get(held &value) { return T(value); }
    static PyObject *make(std::string_view value) {
        return PyUnicode_FromStringAndSize(value.data(), static_cast<Py_ssize_t>(value.size()));
    }
};
#endif

template <> struct converter<const char *> {
    /* As of other binders: NULL is None. */
    static PyObject *make(const char *value) {
        if (value == nullptr) {
            Py_INCREF(Py_None);
            return Py_None;
        }
        return PyUnicode_FromString(value);
    }
    static constexpr const char *name = "str";
};

template <> struct converter<void> {
    static constexpr const char *name = "None";
};

/* The converter of a parameter or a result, however it is passed. */
template <class T> using converter_of = converter<std::remove_cv_t<std::remove_reference_t<T>>>;

/* ---- What is said about parameters. ---- */

/* A parameter's name, and what it is when it isn't given. */
class arg {
  public:
    constexpr explicit arg(const char *name, std::uint32_t kind = INTERBIND_PARAMETER_POSITIONAL) noexcept
        : name_(name), kind_(kind) {}
    arg(arg &&other) noexcept : name_(other.name_), kind_(other.kind_), fallback_(std::exchange(other.fallback_, nullptr)) {}
    arg &operator=(const arg &) = delete;
    ~arg() { Py_XDECREF(fallback_); }

    template <class V, class = std::enable_if_t<!std::is_same_v<std::decay_t<V>, arg>>> arg operator=(V &&value) && {
        using type = std::decay_t<V>;
        if constexpr (std::is_same_v<type, std::nullptr_t>) {
            Py_INCREF(Py_None);
            fallback_ = Py_None;
        } else {
            fallback_ = converter<type>::make(std::forward<V>(value));
        }
        if (fallback_ == nullptr) {
            throw raised();
        }
        return std::move(*this);
    }

    const char *name() const noexcept { return name_; }
    std::uint32_t kind() const noexcept { return kind_; }
    PyObject *fallback() const noexcept { return fallback_; }

  private:
    const char *name_;
    std::uint32_t kind_;
    PyObject *fallback_ = nullptr;
};

/* A `PyObject *` that gets the rest of what is given by place, as a tuple; by name, as a dict. */
inline arg rest(const char *name) { return arg(name, INTERBIND_PARAMETER_REST); }
inline arg keywords(const char *name) { return arg(name, INTERBIND_PARAMETER_KEYWORDS); }

/* Between parameters, as in Python: those before it are given by place alone. */
struct slash {};
/* Those behind it are given by name alone. */
struct star {};

inline namespace literals {
inline arg operator""_a(const char *name, std::size_t) { return arg(name); }
} // namespace literals

namespace detail {

/* What is said about a function, gathered. */
struct said {
    const arg *args[32] = {};
    std::uint32_t kinds[32] = {};
    std::uint32_t count = 0;
    bool is_by_name = false;
    const char *doc = nullptr;

    void take(const arg &one) {
        if (count == 32) {
            PyErr_SetString(PyExc_ValueError, "a function has more than 32 parameters with names");
            throw raised();
        }
        const std::uint32_t plain = is_by_name ? INTERBIND_PARAMETER_KEYWORD : INTERBIND_PARAMETER_NAMED;
        is_by_name |= one.kind() == INTERBIND_PARAMETER_REST;
        kinds[count] = one.kind() != 0 ? one.kind() : plain;
        args[count++] = &one;
    }
    void take(slash) {
        for (std::uint32_t place = 0; place < count; ++place) {
            kinds[place] = INTERBIND_PARAMETER_POSITIONAL;
        }
    }
    void take(star) { is_by_name = true; }
    void take(const char *text) { doc = text; }
};

/* Tells whether no code of Python runs when an object is converted. */
inline bool is_inert(PyObject *object) {
    return PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyUnicode_CheckExact(object) || PyBool_Check(object);
}

/* Tells whether a converter says that it runs no code of Python, whatever it is given. */
template <class C, class = void> struct runs_nothing : std::false_type {};
template <class C> struct runs_nothing<C, std::enable_if_t<C::runs_nothing>> : std::true_type {};

/* What callables of one signature have in common. */
struct signature {
    const char *const *types;
    std::uint32_t count;
    const char *result;
};

/* How many calls of this module's functions are going on that Python doesn't count. With a GIL all threads have one count,
 * since asking where a thread's own is takes a fifth of a call; interpreters with a GIL of their own may miss some, and then Python
 * counts more of them. */
#ifdef Py_GIL_DISABLED
inline thread_local std::atomic<unsigned> depth{0};
#else
inline std::atomic<unsigned> depth{0};
#endif

/* A call that may lead back to itself, without end: an argument's `__float__` may be the function that converts it, and a callable that is
 * given numbers may call Python too. Python counts it where that is likely, or many are inside each other. */
class inside {
  public:
    static constexpr unsigned most = 64;

    explicit inside(bool is_likely) : depth_(depth), is_counted_(is_likely || now() >= most) {
        if (INTERBIND_LIKELY(!is_counted_)) {
            depth_.store(now() + 1, std::memory_order_relaxed);
        } else if (Py_EnterRecursiveCall(" while calling a native function")) {
            is_refused_ = true;
        }
    }
    inside(const inside &) = delete;
    ~inside() {
        if (INTERBIND_LIKELY(!is_counted_)) {
            depth_.store(now() - 1, std::memory_order_relaxed);
        } else if (!is_refused_) {
            Py_LeaveRecursiveCall();
        }
    }
    /* An exception is set. */
    bool is_refused() const noexcept { return is_refused_; }

  private:
    unsigned now() const noexcept { return depth_.load(std::memory_order_relaxed); }

    /* Where it is, asked once. */
    std::atomic<unsigned> &depth_;
    const bool is_counted_;
    bool is_refused_ = false;
};

/* How Python calls a function whose callable has this signature: past the hook of names and defaults where it can. One for all of
 * them; the callable's own code is the overload's `call`. */
template <bool IsStateless, class R, class... A> struct called {
    static constexpr std::size_t count = sizeof...(A);
    static constexpr const char *types[] = {converter_of<A>::name..., nullptr};
    static constexpr detail::signature signature = {types, static_cast<std::uint32_t>(count), converter_of<R>::name};

    /* Whatever is an object may lead back to the function. */
    static constexpr bool may_recurse =
        (std::is_same_v<std::remove_cv_t<std::remove_reference_t<A>>, PyObject *> || ... || std::is_same_v<R, PyObject *>);

    template <std::size_t... I> static bool are_inert([[maybe_unused]] PyObject *const *args, std::index_sequence<I...>) {
        return ((runs_nothing<converter_of<A>>::value || is_inert(args[I])) && ...);
    }

    static PyObject *vectorcall(PyObject *function, PyObject *const *args, std::size_t given, PyObject *names) {
        /* Nothing is given that may not fit, so what it answers is the answer. */
        if constexpr (count == 0 && IsStateless && !may_recurse) {
            std::atomic<unsigned> &now = depth;
            if (INTERBIND_LIKELY(interbind_given(given) == 0 && names == nullptr && now.load(std::memory_order_relaxed) < inside::most)) {
                interbind_overload *first = interbind_function_of(function)->first;
                now.store(now.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
                PyObject *result = first->call(first, function, args);
                now.store(now.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
                return result;
            }
            return interbind_function_call(function, args, given, names);
        }
        if (INTERBIND_LIKELY(interbind_given(given) == count && names == nullptr)) {
            return placed(function, args, args, given, nullptr);
        }
        if constexpr (count != 0) {
            return filled(function, args, given, names);
        } else {
            return interbind_function_call(function, args, given, names);
        }
    }

  private:
    /* With names and defaults, where they are as most often; else in the general way. */
    static PyObject *filled(PyObject *function, PyObject *const *args, std::size_t given, PyObject *names) {
        const interbind_overload *first = interbind_function_of(function)->first;
        const std::size_t given_count = interbind_given(given);
        PyObject *all[count];
        std::uint64_t defaults = ~std::uint64_t(0) << (given_count % 64);
        const bool is_whole = names != nullptr
            ? interbind_fill_named(first, args, given_count, names, all, &defaults) != 0
            : given_count < count && count <= 64 && interbind_fill(first, args, given_count, count, all) != 0;
        if (!INTERBIND_LIKELY(is_whole)) {
            return interbind_function_call(function, args, given, names);
        }
        PyObject *const result = placed(function, all, args, given, names);
        for (std::size_t place = 0; place < count; ++place) {
            if ((defaults >> place & 1) != 0) {
                Py_DECREF(all[place]);
            }
        }
        return result;
    }

    /* Calls with an argument for each parameter; what was given goes to the next overload when they don't fit. */
    static inline PyObject *placed(PyObject *function, PyObject *const *all, PyObject *const *args, std::size_t given, PyObject *names) {
        interbind_overload *first = interbind_function_of(function)->first;
        /* The caller may have borrowed the function, and what runs meanwhile may take it away. Numbers and texts run nothing,
         * and threads that only give these don't meet at its count. */
        const bool holds = may_recurse || !IsStateless || !are_inert(all, std::index_sequence_for<A...>());
        const inside counted(holds);
        if (!INTERBIND_LIKELY(!counted.is_refused())) {
            return nullptr;
        }
        if (holds) {
            Py_INCREF(function);
        }
        PyObject *result = first->call(first, function, all);
        if (!INTERBIND_LIKELY(result != nullptr) && PyErr_Occurred() == nullptr) {
            result = interbind_function_call_from(function, INTERBIND_LOAD(first->next), args, given, names);
        }
        if (holds) {
            Py_DECREF(function);
        }
        return result;
    }
};

/* Makes an overload with room for a callable; `vectorcall` becomes NULL where an argument by place isn't one of each
 * parameter's: then what is given must be sorted first. */
INTERBIND_COLD interbind_overload *define(const char *name, const signature &its, const said &what, interbind_call_overload call,
    interbind_vectorcall *vectorcall, std::size_t size) {
    if (what.count > its.count) {
        interbind_raise(PyExc_ValueError, "'%s' has more names than parameters", name);
        throw raised();
    }
    auto *parameters = static_cast<interbind_parameter_def *>(PyMem_Malloc((its.count + std::size_t(1)) * sizeof(interbind_parameter_def)));
    if (parameters == nullptr) {
        PyErr_NoMemory();
        throw raised();
    }
    for (std::uint32_t place = 0; place < its.count; ++place) {
        parameters[place] = {};
        parameters[place].type = its.types[place];
        if (place + what.count >= its.count) {
            const std::uint32_t at = place + what.count - its.count;
            parameters[place].name = what.args[at]->name();
            parameters[place].fallback = what.args[at]->fallback();
            parameters[place].kind = what.kinds[at];
        }
        if (parameters[place].kind > INTERBIND_PARAMETER_NAMED) {
            *vectorcall = nullptr;
        }
    }
    interbind_function_def def = {};
    def.name = name;
    def.call = call;
    def.parameters = parameters;
    def.count = its.count;
    def.by_place = 1;
    def.result = its.result;
    def.doc = what.doc;
    def.vectorcall = *vectorcall;
    def.size = size;
    interbind_overload *made = interbind_overload_make(&def);
    PyMem_Free(parameters);
    if (made == nullptr) {
        throw raised();
    }
    return made;
}

/* Adds an overload, which it takes over. */
INTERBIND_COLD void add(PyObject *module, PyObject *scope, const char *name, interbind_overload *made, interbind_vectorcall vectorcall) {
    if (interbind_function_add(module, scope, name, made, vectorcall) == nullptr) {
        throw raised();
    }
}

/* Adds a function whose callable holds nothing, so that there is nothing to put behind the overload. */
INTERBIND_COLD void add_stateless(PyObject *module, PyObject *scope, const char *name, const signature &its, const said &what,
    interbind_call_overload call, interbind_vectorcall vectorcall) {
    interbind_overload *made = define(name, its, what, call, &vectorcall, 1);
    add(module, scope, name, made, vectorcall);
}

template <class F, class R, class... A> struct bound {
    /* Nothing of it is read after it was called. */
    static constexpr bool is_stateless = std::is_empty_v<F> || std::is_pointer_v<F>;
    /* It needs no constructor and no destructor to run. */
    static constexpr bool is_nothing = std::is_empty_v<F> && std::is_trivially_copyable_v<F> && std::is_trivially_destructible_v<F>;
    using shared = called<is_stateless, R, A...>;

    static F &of(interbind_overload *self) { return *std::launder(static_cast<F *>(interbind_overload_data(self))); }

    /* NULL without an exception: an argument doesn't fit. */
    template <std::size_t... I> static PyObject *run(F &callable, PyObject *const *args, std::index_sequence<I...>) {
        [[maybe_unused]] std::tuple<typename converter_of<A>::held...> held;
        (void)args;
        try {
            if (!INTERBIND_LIKELY((converter_of<A>::load(args[I], std::get<I>(held)) && ...))) {
                return nullptr;
            }
            if constexpr (std::is_void_v<R>) {
                callable(converter_of<A>::get(std::get<I>(held))...);
                Py_INCREF(Py_None);
                return Py_None;
            } else {
                return converter_of<R>::make(callable(converter_of<A>::get(std::get<I>(held))...));
            }
        } catch (...) {
            set_python_exception(nullptr);
        }
        return nullptr;
    }

    static PyObject *call(interbind_overload *self, PyObject *, PyObject *const *args) {
        return run(of(self), args, std::index_sequence_for<A...>());
    }

    static void destroy(interbind_overload *self) { of(self).~F(); }

    static void add_to(PyObject *module, PyObject *scope, const char *name, F callable, const said &what) {
        static_assert(alignof(F) <= 16, "a bound callable is aligned to 16 bytes at most");
        if constexpr (is_nothing) {
            add_stateless(module, scope, name, shared::signature, what, call, shared::vectorcall);
        } else {
            interbind_vectorcall vectorcall = shared::vectorcall;
            interbind_overload *made = define(name, shared::signature, what, call, &vectorcall, sizeof(F));
            if constexpr (std::is_nothrow_move_constructible_v<F>) {
                new (interbind_overload_data(made)) F(std::move(callable));
            } else {
                try {
                    new (interbind_overload_data(made)) F(std::move(callable));
                } catch (...) {
                    interbind_overload_free(made);
                    set_python_exception(nullptr);
                    throw raised();
                }
            }
            if constexpr (!std::is_trivially_destructible_v<F>) {
                interbind_overload_on_free(made, destroy);
            }
            add(module, scope, name, made, vectorcall);
        }
    }
};

/* The signature behind a callable. */
template <class F> struct shape_of : shape_of<decltype(&F::operator())> {};
template <class R, class... A> struct shape_of<R (*)(A...)> {
    template <class F> using as = bound<F, R, A...>;
};
template <class R, class... A> struct shape_of<R (*)(A...) noexcept> : shape_of<R (*)(A...)> {};
template <class C, class R, class... A> struct shape_of<R (C::*)(A...)> : shape_of<R (*)(A...)> {};
template <class C, class R, class... A> struct shape_of<R (C::*)(A...) const> : shape_of<R (*)(A...)> {};
template <class C, class R, class... A> struct shape_of<R (C::*)(A...) noexcept> : shape_of<R (*)(A...)> {};
template <class C, class R, class... A> struct shape_of<R (C::*)(A...) const noexcept> : shape_of<R (*)(A...)> {};

} // namespace detail

/* Adds a function to a class of the module: called on an object, it gets that for its first argument. */
template <class F, class... E> void method(PyObject *module, PyObject *scope, const char *name, F callable, const E &...extras) {
    detail::said what;
    (what.take(extras), ...);
    detail::shape_of<F>::template as<F>::add_to(module, scope, name, std::move(callable), what);
}

/* Adds a function to a module. Those of one name are overloads, tried in the order in which they were added. */
template <class F, class... E> void function(PyObject *module, const char *name, F callable, const E &...extras) {
    method(module, nullptr, name, std::move(callable), extras...);
}

} // namespace interbind

#endif /* INTERBIND_FUNCTION_HPP */
