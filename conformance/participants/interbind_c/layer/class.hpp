// Binds classes and functions: what a module's author writes.
//
//     BINDING_MODULE(zoo, "1.0.0", m) {
//         binding::class_<Point>(m, "Point").init<double, double>().def("norm", &Point::norm).field("x", &Point::x);
//         m.def("add", [](const Point &a, const Point &b) { return Point{a.x + b.x, a.y + b.y}; });
//     }
//
// Runs while the module is executed; what fails throws `PythonError` and ends the import.
#pragma once

#include "call.hpp"
#include "publish.hpp"

namespace binding BINDING_HIDDEN {

// ---- What can be said about a class beside its name ----

// Its objects point to the C++ object: needed by classes with several bases and by those bases.
struct indirect {};
// Its objects take part in garbage collection and can be weakly referenced: for nurses that may be in a cycle.
struct collected {};
// Its objects never change, so other modules may read them through a reference.
struct frozen {};

// Unwinds to the import when an exception is set.
template <class P> P checked(P pointer) {
    if (!pointer)
        throw PythonError();
    return pointer;
}

inline PyObject *object_of(void *pointer) { return static_cast<PyObject *>(pointer); }

// The signature behind a callable: a member function's object is its first parameter.
template <class F> struct Shape : Shape<decltype(&F::operator())> {};
template <class R, class... A> struct Shape<R (*)(A...)> {
    template <class F, class E> using Of = Call<F, R, E, A...>;
    static constexpr std::size_t COUNT = sizeof...(A);
    static const Signature &signature() { return signature_of<R, A...>(); }
};
template <class C, class R, class... A> struct Shape<R (C::*)(A...)> : Shape<R (*)(A...)> {};
template <class C, class R, class... A> struct Shape<R (C::*)(A...) const> : Shape<R (*)(A...)> {};

// A member function as a callable that takes its object first.
template <class T, class M> struct Member;
template <class T, class C, class R, class... A> struct Member<T, R (C::*)(A...)> {
    R (C::*function)(A...);
    R operator()(T &self, A... args) { return (self.*function)(std::forward<A>(args)...); }
};
template <class T, class C, class R, class... A> struct Member<T, R (C::*)(A...) const> {
    R (C::*function)(A...) const;
    R operator()(const T &self, A... args) { return (self.*function)(std::forward<A>(args)...); }
};
template <class T, class C, class V> struct Getter {
    V C::*field;
    std::conditional_t<is_wrapped<V>, V &, V> operator()(T &self) { return self.*field; }
};
template <class T, class C, class V> struct Setter {
    V C::*field;
    void operator()(T &self, const V &value) { self.*field = value; }
};

template <class... E, class F> Function *bind(Module *module, const char *name, F callable, const E &...extras) {
    static_assert(sizeof(F) <= sizeof(Function::callable) && std::is_trivially_copyable_v<F> &&
                      std::is_trivially_destructible_v<F>,
                  "a bound callable is two words at most, and plain");
    static_assert((std::size_t(std::is_same_v<E, arg>) + ... + 0) <= Shape<F>::COUNT, "more names than parameters");
    using C = typename Shape<F>::template Of<F, std::tuple<E...>>;
    Function *self = make_function(module, name, Shape<F>::signature(), false, C::call, C::vectorcall, extras...);
    new (self->callable) F(callable);
    return self;
}

// A new reference that goes with its scope.
struct Owned {
    PyObject *object;
    explicit Owned(PyObject *made) : object(checked(made)) {}
    Owned(const Owned &) = delete;
    Owned &operator=(const Owned &) = delete;
    ~Owned() { Py_DECREF(object); }
};

// `cls(…)` without `__new__` and `__init__`: only for the class itself, subclasses of Python take the long way.
inline PyObject *class_vectorcall(PyObject *python, PyObject *const *args, std::size_t nargsf, PyObject *names) {
    PyObject *init = reinterpret_cast<Meta *>(python)->type->init;
    if (!init)
        return PyErr_Format(PyExc_TypeError, "'%s' has no constructor",
                            reinterpret_cast<PyTypeObject *>(python)->tp_name);
    Function *function = Function::of(init);
    return function->create(function, reinterpret_cast<PyTypeObject *>(python), args,
                            static_cast<std::size_t>(PyVectorcall_NARGS(nargsf)), names);
}

// What an object of the class, or of one that Python code derives from it, is made for is decided by the class alone.
inline PyObject *class_new(PyTypeObject *python, PyObject *, PyObject *) {
    Type *type = type_of(python);
    if (!type)
        return PyErr_Format(PyExc_TypeError, "'%s' is not bound", python->tp_name);
    return reinterpret_cast<PyObject *>(
        allocate(type, python, static_cast<std::size_t>(python->tp_basicsize), type->offset, 0));
}

inline int class_init(PyObject *self, PyObject *args, PyObject *names) {
    const Type *type = is_ours(Py_TYPE(self)) ? reinterpret_cast<Instance *>(self)->type() : nullptr;
    PyObject *init = type ? type->init : nullptr;
    if (!init) {
        PyErr_Format(PyExc_TypeError, "'%s' has no constructor", Py_TYPE(self)->tp_name);
        return -1;
    }
    try {
        std::vector<PyObject *> all{self};
        for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(args); ++place)
            all.push_back(PyTuple_GET_ITEM(args, place));
        PyObject *done = PyObject_VectorcallDict(init, all.data(), all.size(), names);
        Py_XDECREF(done);
        return done ? 0 : -1;
    } BINDING_LET_UNWIND catch (...) {
        raise_current(Function::of(init)->module);
        return -1;
    }
}

// Where a class's objects are freed: what CPython does by itself, but it takes two classes with different functions for this
// as ones whose objects don't change places.
template <class T> void free_object(void *object) {
    if (PyType_IS_GC(Py_TYPE(static_cast<PyObject *>(object))))
        PyObject_GC_Del(object);
    else
        PyObject_Free(object);
}

// A module while it is executed.
struct module_ {
    Module *state;

    template <class... E, class F> module_ &def(const char *name, F callable, E... extras) {
        add(state, nullptr, name, bind<E...>(state, name, callable, extras...));
        return *this;
    }

    // A function that sets a Python exception for a class of C++'s, in this module and wherever the same class is thrown.
    template <class E> module_ &translate(void (*set)(const E &error)) {
        if (!add_translator<E>(state, set))
            throw PythonError();
        return *this;
    }

    // Classes that this module throws, and others may know how to translate.
    template <class... E> module_ &throws() {
        interbind::throws<E...>(&state->context());
        return *this;
    }
};

template <class T, class... Bases> struct class_ {
    Module *module;
    Type *type;
    PyTypeObject *python;

    template <class... Options> class_(module_ &m, const char *name, Options... options) : module(m.state) {
        constexpr bool is_indirect = (std::is_same_v<Options, indirect> || ...) || !fits_inline<T>;
        constexpr bool is_collected = (std::is_same_v<Options, collected> || ...);
        constexpr bool is_frozen = (std::is_same_v<Options, frozen> || ...);
        static_assert(sizeof...(Bases) < 2 || is_indirect, "a class with several bases is `indirect`");
        type = checked(module->resolve(typeid(T)));
        if (type->python.load(std::memory_order_relaxed)) {
            PyErr_Format(PyExc_ImportError, "'%s' is bound already", name);
            throw PythonError();
        }
        if constexpr (sizeof...(Bases) > 0) {
            type->first_base.reset(new Base[sizeof...(Bases)]{base_of<Bases>()...});
            type->base_count = sizeof...(Bases);
        }
        type->is_inline = !is_indirect;
        type->is_frozen = is_frozen;
        type->offset = is_indirect ? sizeof(Instance) : payload_offset<T>;
        type->destroy = destroy<T>;
        make(name, is_collected);
        if (!publish<T, INTERBIND_KIND_NATIVE>(module, type, python, nullptr))
            throw PythonError();
        (layout(options), ...);
    }

    template <class... A, class... E> class_ &init(E... extras) {
        static_assert(sizeof...(E) <= sizeof...(A), "more names than parameters");
        using C = Construct<T, A...>;
        Function *self = make_function(module, "__init__", signature_of<void, A...>(), true, C::call, C::vectorcall, extras...);
        self->create = C::create;
        type->retain();
        self->sites[sizeof...(A)].store(type, std::memory_order_relaxed);
        PyObject *made = add(module, object_of(python), "__init__", self);
        // Overloads hang on the first one.
        if (!type->init)
            type->init = Py_NewRef(made);
        return *this;
    }

    template <class... E, class F> class_ &def(const char *name, F callable, E... extras) {
        if constexpr (std::is_member_function_pointer_v<F>)
            put<E...>(name, Member<T, F>{callable}, extras...);
        else
            put<E...>(name, callable, extras...);
        return *this;
    }

    template <class V, class C> class_ &field(const char *name, V C::*member) {
        Owned setter(bind_accessor<V>(name, Setter<T, C, V>{member}, locked{}));
        return put_field<V>(name, Getter<T, C, V>{member}, setter.object);
    }
    template <class V, class C> class_ &constant(const char *name, V C::*member) {
        return put_field<V>(name, Getter<T, C, V>{member}, nullptr);
    }

    template <class G> class_ &property(const char *name, G getter) {
        Owned get(accessor(name, getter));
        return install(name, get.object, nullptr);
    }
    template <class G, class S> class_ &property(const char *name, G getter, S setter) {
        Owned get(accessor(name, getter)), set(accessor(name, setter));
        return install(name, get.object, set.object);
    }

  private:
    template <class B> Base base_of() {
        Type *base = checked(module->resolve(typeid(B)));
        // Where it stands, in the words of `interbind::describe`.
        static const std::string *const offset = [] {
            std::string text;
            if constexpr (interbind::detail::is_virtual_base<T, B>::value) {
                text = "@virtual";
            } else {
                T *start = interbind::detail::nobody<T>();
                interbind::detail::add_offset(text, start, static_cast<B *>(start));
            }
            return new std::string(text);
        }();
        return {base, [](void *derived) -> void * { return static_cast<B *>(static_cast<T *>(derived)); }, offset->c_str()};
    }

    template <class O> void layout(O &&option) {
        if constexpr (std::is_same_v<std::remove_cv_t<std::remove_reference_t<O>>, const Layout *>)
            if (!publish<T, INTERBIND_KIND_DATA>(module, type, python, option))
                throw PythonError();
    }

    template <class... E, class F> void put(const char *name, F callable, const E &...extras) {
        add(module, object_of(python), name, bind<E...>(module, name, callable, extras...));
    }

    template <class... E, class F> PyObject *accessor(const char *name, F callable, const E &...extras) {
        return finish(module, object_of(python), name, bind<E...>(module, name, callable, extras...));
    }

    // A part that is an object of its own lies in this one, which it keeps alive. What isn't plain is read and written by one
    // thread at a time.
    template <class V, class G> class_ &put_field(const char *name, G getter, PyObject *set) {
        static_assert(!std::is_pointer_v<V>, "who keeps alive what a pointer points to? Bind functions that say so");
        using Extra = std::conditional_t<is_wrapped<V>, keep_alive<0, 1>, locked>;
        Owned get(bind_accessor<V>(name, getter, Extra{}));
        return install(name, get.object, set);
    }

    template <class V, class F, class E> PyObject *bind_accessor(const char *name, F callable, E extra) {
        if constexpr (std::is_same_v<E, locked> && std::is_trivially_copyable_v<V>)
            return accessor(name, callable);
        else
            return accessor<E>(name, callable, extra);
    }

    // The module keeps the functions: a property can be made anew by Python code while one of them runs.
    class_ &install(const char *name, PyObject *get, PyObject *set) {
        if (set && type->is_frozen) {
            PyErr_Format(PyExc_ImportError, "'%s' is frozen: '%s' can't be set", python->tp_name, name);
            throw PythonError();
        }
        Owned made(PyObject_CallFunctionObjArgs(object_of(&PyProperty_Type), get, set ? set : Py_None, nullptr));
        module->accessors.reserve(module->accessors.size() + 2);
        module->accessors.push_back(Py_NewRef(get));
        if (set)
            module->accessors.push_back(Py_NewRef(set));
        if (PyObject_SetAttrString(object_of(python), name, made.object) < 0)
            throw PythonError();
        return *this;
    }

    // The class object. Classes that hold a pointer have one layout, so that Python lets them have several bases.
    void make(const char *name, bool is_collected) {
        std::vector<PyObject *> known;
        bool gc = is_collected;
        for (const Base &base : type->bases())
            if (PyTypeObject *each = base.type->python.load(std::memory_order_relaxed)) {
                known.push_back(object_of(each));
                gc |= PyType_IS_GC(each) != 0;
            }
        type->is_collected = gc;
        if (known.empty() && !type->is_inline)
            known.push_back(object_of(module->indirect));
        Owned bases(known.empty() ? Py_NewRef(Py_None) : PyTuple_New(static_cast<Py_ssize_t>(known.size())));
        for (std::size_t place = 0; place < known.size(); ++place)
            PyTuple_SET_ITEM(bases.object, static_cast<Py_ssize_t>(place), Py_NewRef(known[place]));
        std::string qualified = std::string(module->name) + "." + name;
        std::size_t size = type->is_inline ? instance_size<T> : pointing_size;
        PyMemberDef members[] = {
            {"__weaklistoffset__", Py_T_PYSSIZET, static_cast<Py_ssize_t>(size), Py_READONLY, nullptr}, {}};
        PyType_Slot slots[] = {
            {Py_tp_dealloc, reinterpret_cast<void *>(dealloc<T>)},
            {Py_tp_new, reinterpret_cast<void *>(class_new)},
            {Py_tp_init, reinterpret_cast<void *>(class_init)},
            {Py_tp_free, reinterpret_cast<void *>(free_object<T>)},
            {gc ? Py_tp_traverse : 0, reinterpret_cast<void *>(traverse)},
            {gc ? Py_tp_clear : 0, reinterpret_cast<void *>(clear)},
            {gc ? Py_tp_members : 0, members},
            {},
        };
        unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | (gc ? Py_TPFLAGS_HAVE_GC : 0);
        PyType_Spec spec = {qualified.c_str(), static_cast<int>(gc ? size + sizeof(PyObject *) : size), 0, flags, slots};
        module->classes.reserve(module->classes.size() + 1);
        PyObject *made = checked(
            PyType_FromMetaclass(module->meta, module->object, &spec, known.empty() ? nullptr : bases.object));
        python = reinterpret_cast<PyTypeObject *>(made);
        module->classes.push_back(python);
        python->tp_vectorcall = class_vectorcall;
        type->retain();
        reinterpret_cast<Meta *>(python)->type = type;
        type->python.store(python, std::memory_order_release);
        // Python has made a text of each name, for this class alone; the class lives as long with one that others have too.
        Owned home(PyUnicode_InternFromString(module->name));
        if (PyObject_SetAttrString(made, "__module__", home.object) < 0 ||
            PyObject_SetAttr(module->object, reinterpret_cast<PyHeapTypeObject *>(made)->ht_name, made) < 0)
            throw PythonError();
    }
};

} // namespace binding
