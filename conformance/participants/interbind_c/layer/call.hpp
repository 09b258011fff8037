// From a vectorcall to C++ and back: one function for each signature, all conversions inlined into it.
//
// The order of a call: locks, conversions, the C++ call, the result, keep-alive. Whatever is thrown ends here.
#pragma once

#include <tuple>

#include "keep.hpp"

namespace binding BINDING_HIDDEN {

// ---- What can be said about a function beside its name ----

// Locks the wrapped arguments (the first two of them) during the call on free-threaded builds.
struct locked {};

// The sections over a call's wrapped arguments: nothing with a GIL.
template <std::size_t Count> struct Sections {
    template <class... O> explicit Sections(O...) {}
};
#if INTERBIND_HAS_SECTIONS
template <> struct Sections<1> {
    interbind_section section;
    explicit Sections(PyObject *a) { interbind_lock(&section, a); }
    Sections(const Sections &) = delete;
    ~Sections() { interbind_unlock(&section); }
};
template <> struct Sections<2> {
    interbind_section2 section;
    Sections(PyObject *a, PyObject *b) { interbind_lock2(&section, a, b); }
    Sections(const Sections &) = delete;
    ~Sections() { interbind_unlock2(&section); }
};
#endif

// ---- Signatures ----

template <class P> std::string type_name() {
    using B = Bare<P>;
    if constexpr (std::is_void_v<P>)
        return "None";
    else if constexpr (std::is_same_v<B, bool>)
        return "bool";
    else if constexpr (std::is_integral_v<B> && !std::is_pointer_v<P>)
        return "int";
    else if constexpr (std::is_floating_point_v<B>)
        return "float";
    else if constexpr (std::is_same_v<B, std::string> || std::is_same_v<B, std::string_view> || std::is_same_v<B, char>)
        return "str";
    else if constexpr (std::is_same_v<B, PyObject>)
        return "object";
    else
        return typeid(B).name();
}

template <class R, class... A> const Signature &signature_of() {
    static const Signature signature = {{type_name<A>()...}, type_name<R>()};
    return signature;
}

// ---- Calls ----

template <Turn now, class P>
BINDING_INLINE bool load_one([[maybe_unused]] Function *self, [[maybe_unused]] From<P> &from,
                             [[maybe_unused]] std::size_t place, [[maybe_unused]] PyObject *const *args) {
    if constexpr (From<P>::TURN == now)
        return from.load(self, place, args[place]);
    return true;
}

// Reads all arguments, turn by turn.
template <class... A, std::size_t... I>
BINDING_INLINE bool load_all([[maybe_unused]] Function *self, [[maybe_unused]] std::tuple<From<A>...> &from,
                             [[maybe_unused]] PyObject *const *args, std::index_sequence<I...>) {
    return (load_one<Turn::plain>(self, std::get<I>(from), I, args) && ...) &&
           (load_one<Turn::pointer>(self, std::get<I>(from), I, args) && ...) &&
           (load_one<Turn::taken>(self, std::get<I>(from), I, args) && ...);
}

template <class F, class R, class Extras, class... A> struct Call;

template <class F, class R, class... E, class... A> struct Call<F, R, std::tuple<E...>, A...> {
    static constexpr std::size_t COUNT = sizeof...(A);
    static constexpr std::size_t WRAPPED = (std::size_t(is_wrapped<A>) + ... + 0);
    static constexpr bool LOCKS = INTERBIND_HAS_SECTIONS && WRAPPED && (std::is_same_v<E, locked> || ...);
    static constexpr std::size_t SECTIONS = LOCKS ? (WRAPPED > 2 ? 2 : WRAPPED) : 0;

    // The n-th wrapped argument's place.
    static constexpr std::size_t wrapped(std::size_t n) {
        constexpr bool is[] = {is_wrapped<A>..., false};
        for (std::size_t place = 0; place < COUNT; ++place)
            if (is[place] && n-- == 0)
                return place;
        return 0;
    }

    static Sections<SECTIONS> lock([[maybe_unused]] PyObject *const *args) {
        if constexpr (SECTIONS == 2)
            return Sections<2>(args[wrapped(0)], args[wrapped(1)]);
        else if constexpr (SECTIONS == 1)
            return Sections<1>(args[wrapped(0)]);
        else
            return Sections<0>();
    }

    // False: an argument doesn't fit.
    template <std::size_t... I>
    static bool run(Function *self, [[maybe_unused]] PyObject *const *args, PyObject *&result, std::index_sequence<I...> places) {
        [[maybe_unused]] Sections<SECTIONS> sections = lock(args);
        std::tuple<From<A>...> from;
        if (!BINDING_LIKELY(load_all(self, from, args, places)))
            return false;
        F &callable = *std::launder(reinterpret_cast<F *>(self->callable));
        try {
            if constexpr ((is_keep_alive<E>::value || ...)) {
                if (!(Keep<E>::before(self->module, args, from) && ...))
                    return true;
            }
            if constexpr (std::is_void_v<R>) {
                callable(std::get<I>(from).get()...);
                result = Py_NewRef(Py_None);
            } else {
                result = To<R>::make(self, COUNT, callable(std::get<I>(from).get()...));
            }
            if constexpr ((is_keep_alive<E>::value || ...)) {
                if (result && !(Keep<E>::after(self->module, result, args, from) && ...))
                    Py_CLEAR(result);
            }
        } BINDING_LET_UNWIND catch (...) {
            result = raise_current(self->module);
        }
        return true;
    }

    // Converting a number may run Python code: it may call this function again, or take it away.
    template <std::size_t... I> static bool may_run([[maybe_unused]] PyObject *const *args, std::index_sequence<I...>) {
        return ((std::is_floating_point_v<Bare<A>> && !PyFloat_CheckExact(args[I]) && !PyLong_CheckExact(args[I])) || ...);
    }

    static PyObject *vectorcall(PyObject *object, PyObject *const *args, std::size_t nargsf, PyObject *names) {
        interbind_overload *self = Function::of(object);
        if (!BINDING_LIKELY(static_cast<std::size_t>(PyVectorcall_NARGS(nargsf)) == COUNT && !names))
            return interbind_function_call_from(object, self, args, nargsf, names);
        const bool holds = may_run(args, std::index_sequence_for<A...>());
        const interbind::detail::inside inside(holds);
        if (!BINDING_LIKELY(!inside.is_refused()))
            return nullptr;
        if (holds)
            Py_INCREF(object);
        PyObject *result = call(self, object, args);
        if (!BINDING_LIKELY(result) && !PyErr_Occurred())
            result = interbind_function_call_from(object, INTERBIND_LOAD(self->next), args, nargsf, names);
        if (holds)
            Py_DECREF(object);
        return result;
    }

    static PyObject *call(interbind_overload *self, PyObject *, PyObject *const *args) {
        PyObject *result = nullptr;
        return run(static_cast<Function *>(self), args, result, std::index_sequence_for<A...>()) ? result : nullptr;
    }
};

// ---- Constructors ----

BINDING_COLD inline PyObject *refuse_object(Function *self) {
    return make_error(self, "() needs an object of its own class");
}

BINDING_COLD inline void refuse_start(Function *self) { make_error(self, "() was called already"); }

// Makes a T of arguments of types A, in an object of the class or of one derived from it.
template <class T, class... A> struct Construct {
    static constexpr std::size_t COUNT = sizeof...(A);

    // Builds in `target`, or in a new object of class `python` when that is NULL. NULL without an exception: an argument
    // doesn't fit.
    template <std::size_t... I>
    static PyObject *build(Function *self, Instance *target, PyTypeObject *python, PyObject *const *args,
                           std::index_sequence<I...> places) {
        std::tuple<From<A>...> from;
        if (!BINDING_LIKELY(load_all(self, from, args, places)))
            return nullptr;
        // Not before: what was read may have run Python code.
        if (target && !target->start()) {
            refuse_start(self);
            return nullptr;
        }
        try {
            return make_inside<T>(self->site(COUNT), python, target, [&](void *place) {
                if constexpr (std::is_constructible_v<T, A...>)
                    return place ? new (place) T(std::get<I>(from).get()...) : new T(std::get<I>(from).get()...);
                else
                    return place ? new (place) T{std::get<I>(from).get()...} : new T{std::get<I>(from).get()...};
            });
        } BINDING_LET_UNWIND catch (...) {
            return raise_current(self->module);
        }
    }

    // Arguments that don't fit at once are tried as in any other call; the class is passed in the place of `__init__`'s object.
    static PyObject *create(Function *self, PyTypeObject *python, PyObject *const *args, std::size_t count,
                            PyObject *names) {
        interbind_overload *next = self;
        const interbind::detail::inside inside(false);
        if (!BINDING_LIKELY(!inside.is_refused()))
            return nullptr;
        if (BINDING_LIKELY(count == COUNT && !names)) {
            PyObject *made = build(self, nullptr, python, args, std::index_sequence_for<A...>());
            if (BINDING_LIKELY(made) || PyErr_Occurred())
                return made;
            next = INTERBIND_LOAD(self->next);
        }
        std::vector<PyObject *> all{reinterpret_cast<PyObject *>(python)};
        all.insert(all.end(), args, args + count + (names ? PyTuple_GET_SIZE(names) : 0));
        return interbind_function_call_from(self->object, next, all.data(), count + 1, names);
    }

    // `__init__`: the object is the first argument.
    static PyObject *vectorcall(PyObject *object, PyObject *const *args, std::size_t nargsf, PyObject *names) {
        Function *self = Function::of(object);
        std::size_t count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
        if (!count || !is_ours(Py_TYPE(args[0])) || reinterpret_cast<Instance *>(args[0])->type() != self->site(COUNT))
            return refuse_object(self);
        Instance *target = reinterpret_cast<Instance *>(args[0]);
        if (target->state.load(std::memory_order_relaxed) & (READY | MAKING | GONE)) {
            refuse_start(self);
            return nullptr;
        }
        return interbind_function_call_from(object, self, args, nargsf, names);
    }

    static PyObject *call(interbind_overload *overload, PyObject *, PyObject *const *args) {
        Function *self = static_cast<Function *>(overload);
        auto places = std::index_sequence_for<A...>();
        if (PyType_Check(args[0]))
            return build(self, nullptr, reinterpret_cast<PyTypeObject *>(args[0]), args + 1, places);
        return build(self, reinterpret_cast<Instance *>(args[0]), nullptr, args + 1, places) ? Py_NewRef(Py_None) : nullptr;
    }
};

} // namespace binding
