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
#include "defer.hpp"
#include "publish.hpp"

namespace binding {

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
    static const Signature *signature() { return signature_of<R, A...>(); }
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

// Gives a function's last parameters the names among what was said about it.
template <class... E> void name(Function *self, Signature::Attempt attempt, const E &...extras) {
    std::vector<const arg *> args;
    ([&] {
        if constexpr (std::is_same_v<E, arg>)
            args.push_back(&extras);
    }(), ...);
    if (!args.empty())
        self->signature = name_parameters(*self->signature, attempt, args.data(), args.size());
}

template <class... E, class F>
Function *bind(Module *module, const char *name, PyObject *scope, F callable, const E &...extras) {
    static_assert(sizeof(F) <= sizeof(Function::callable) && std::is_trivially_copyable_v<F> &&
                      std::is_trivially_destructible_v<F>,
                  "a bound callable is two words at most, and plain");
    using C = typename Shape<F>::template Of<F, std::tuple<E...>>;
    Function *self = checked(make_function(module, name, scope, Shape<F>::COUNT + 1));
    self->vectorcall = C::vectorcall;
    self->signature = Shape<F>::signature();
    new (self->callable) F(callable);
    if constexpr (C::NAMED) {
        static_assert((std::size_t(std::is_same_v<E, arg>) + ... + 0) <= Shape<F>::COUNT, "more names than parameters");
        binding::name(self, C::attempt, extras...);
    }
    return self;
}

// Puts a function, which it takes over, behind the overloads of its name, or under it.
inline void add(PyObject *where, PyTypeObject *kind, Function *function, const char *name) {
    PyObject *dict = PyType_Check(where) ? reinterpret_cast<PyTypeObject *>(where)->tp_dict : PyModule_GetDict(where);
    PyObject *known = PyDict_GetItemString(dict, name);
    if (known && Py_IS_TYPE(known, kind)) {
        Function *last = reinterpret_cast<Function *>(known);
        function->first = last;
        while (last->next)
            last = last->next;
        last->next = function;
        return;
    }
    int failed = PyObject_SetAttrString(where, name, object_of(function));
    Py_DECREF(object_of(function));
    if (failed)
        throw PythonError();
}

// `cls(…)` without `__new__` and `__init__`: only for the class itself, subclasses of Python take the long way.
inline PyObject *class_vectorcall(PyObject *python, PyObject *const *args, std::size_t nargsf, PyObject *names) {
    Function *init = reinterpret_cast<Meta *>(python)->type->init;
    if (!init)
        return PyErr_Format(PyExc_TypeError, "'%s' has no constructor",
                            reinterpret_cast<PyTypeObject *>(python)->tp_name);
    return init->create(init, reinterpret_cast<PyTypeObject *>(python), args,
                        static_cast<std::size_t>(PyVectorcall_NARGS(nargsf)), names);
}

template <class T> PyObject *class_new(PyTypeObject *python, PyObject *, PyObject *) {
    const Type *type = type_of(python);
    bool is_inline = type && type->is_inline;
    return reinterpret_cast<PyObject *>(allocate(python, static_cast<std::size_t>(python->tp_basicsize),
                                                 is_inline ? payload_offset<T> : sizeof(Instance)));
}

inline int class_init(PyObject *self, PyObject *args, PyObject *names) {
    const Type *type = type_of(Py_TYPE(self));
    if (!type || !type->init) {
        PyErr_Format(PyExc_TypeError, "'%s' has no constructor", Py_TYPE(self)->tp_name);
        return -1;
    }
    std::vector<PyObject *> all{self};
    for (Py_ssize_t place = 0; place < PyTuple_GET_SIZE(args); ++place)
        all.push_back(PyTuple_GET_ITEM(args, place));
    const std::size_t given = all.size();
    PyObject *words = nullptr, *name, *value;
    if (names && PyDict_GET_SIZE(names)) {
        words = PyTuple_New(PyDict_GET_SIZE(names));
        if (!words)
            return -1;
        for (Py_ssize_t at = 0, place = 0; PyDict_Next(names, &at, &name, &value); ++place) {
            PyTuple_SET_ITEM(words, place, Py_NewRef(name));
            all.push_back(value);
        }
    }
    PyObject *done = type->init->vectorcall(object_of(type->init), all.data(), given, words);
    Py_XDECREF(words);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

// A module while it is executed.
struct module_ {
    Module *state;

    template <class... E, class F> module_ &def(const char *name, F callable, E... extras) {
        add(state->object, state->function, bind<E...>(state, name, nullptr, callable, extras...), name);
        return *this;
    }

    module_ &translate(Translator translator) {
        if (!add_translator(state, translator))
            throw PythonError();
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
        make(name, is_collected);
        if (!publish<T, INTERBIND_KIND_NATIVE>(module, type, python, nullptr, is_frozen))
            throw PythonError();
        (layout(options, is_frozen), ...);
    }

    template <class... A, class... E> class_ &init(E... extras) {
        static_assert(sizeof...(E) <= sizeof...(A), "more names than parameters");
        using C = Construct<T, A...>;
        Function *self = checked(make_function(module, "__init__", scope(), sizeof...(A) + 1));
        self->vectorcall = C::vectorcall;
        self->create = C::create;
        self->signature = signature_of<void, A...>();
        if constexpr (sizeof...(E) != 0)
            binding::name(self, C::attempt, extras...);
        type->retain();
        self->sites[sizeof...(A)].store(type, std::memory_order_relaxed);
        if (!type->init)
            type->init = self;
        // Overloads hang on the first one, which the class's dictionary keeps.
        add(object_of(python), module->function, self, "__init__");
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
        return property(name, Getter<T, C, V>{member}, Setter<T, C, V>{member});
    }
    template <class V, class C> class_ &constant(const char *name, V C::*member) {
        return property(name, Getter<T, C, V>{member});
    }

    template <class G> class_ &property(const char *name, G getter) {
        return install(name, bind(module, name, scope(), getter), nullptr);
    }
    template <class G, class S> class_ &property(const char *name, G getter, S setter) {
        Function *get = bind(module, name, scope(), getter);
        return install(name, get, bind(module, name, scope(), setter));
    }

  private:
    PyObject *scope() { return reinterpret_cast<PyHeapTypeObject *>(python)->ht_qualname; }

    template <class B> Base base_of() {
        Type *base = checked(module->resolve(typeid(B)));
        return {base, [](void *derived) -> void * { return static_cast<B *>(static_cast<T *>(derived)); }};
    }

    template <class O> void layout(O &&option, bool is_frozen) {
        if constexpr (std::is_same_v<std::remove_cv_t<std::remove_reference_t<O>>, const Layout *>)
            if (!publish<T, INTERBIND_KIND_DATA>(module, type, python, option, is_frozen))
                throw PythonError();
    }

    template <class... E, class F> void put(const char *name, F callable, const E &...extras) {
        add(object_of(python), module->function, bind<E...>(module, name, scope(), callable, extras...), name);
    }

    class_ &install(const char *name, Function *get, Function *set) {
        PyObject *made = PyObject_CallFunctionObjArgs(object_of(&PyProperty_Type), object_of(get),
                                                      set ? object_of(set) : Py_None, nullptr);
        Py_DECREF(object_of(get));
        Py_XDECREF(object_of(set));
        int failed = made ? PyObject_SetAttrString(object_of(python), name, made) : -1;
        Py_XDECREF(made);
        if (failed)
            throw PythonError();
        return *this;
    }

    // The class object. Classes that hold a pointer have one layout, so that Python lets them have several bases.
    void make(const char *name, bool is_collected) {
        PyObject *bases = nullptr;
        std::vector<PyObject *> known;
        bool gc = is_collected;
        for (const Base &base : type->bases())
            if (PyTypeObject *each = base.type->python.load(std::memory_order_relaxed)) {
                known.push_back(object_of(each));
                gc |= PyType_IS_GC(each) != 0;
            }
        if (known.empty() && !type->is_inline)
            known.push_back(object_of(module->indirect));
        if (!known.empty()) {
            bases = checked(PyTuple_New(static_cast<Py_ssize_t>(known.size())));
            for (std::size_t place = 0; place < known.size(); ++place)
                PyTuple_SET_ITEM(bases, static_cast<Py_ssize_t>(place), Py_NewRef(known[place]));
        }
        std::string qualified = std::string(module->name) + "." + name;
        std::size_t size = type->is_inline ? instance_size<T> : sizeof(Instance) + sizeof(void *);
        PyMemberDef members[] = {
            {"__weaklistoffset__", Py_T_PYSSIZET, static_cast<Py_ssize_t>(size), Py_READONLY, nullptr}, {}};
        PyType_Slot slots[] = {
            {Py_tp_dealloc, reinterpret_cast<void *>(dealloc<T>)},
            {Py_tp_new, reinterpret_cast<void *>(class_new<T>)},
            {Py_tp_init, reinterpret_cast<void *>(class_init)},
            {gc ? Py_tp_traverse : 0, reinterpret_cast<void *>(traverse)},
            {gc ? Py_tp_clear : 0, reinterpret_cast<void *>(clear)},
            {gc ? Py_tp_members : 0, members},
            {},
        };
        unsigned flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | (gc ? Py_TPFLAGS_HAVE_GC : 0);
        PyType_Spec spec = {qualified.c_str(), static_cast<int>(gc ? size + sizeof(PyObject *) : size), 0, flags, slots};
        PyObject *made = PyType_FromMetaclass(module->meta, module->object, &spec, bases);
        Py_XDECREF(bases);
        python = reinterpret_cast<PyTypeObject *>(checked(made));
        defer(made);
        python->tp_vectorcall = class_vectorcall;
        type->retain();
        reinterpret_cast<Meta *>(python)->type = type;
        type->python.store(python, std::memory_order_release);
        module->classes.push_back(python);
        // Python has made a text of each name, for this class alone; the class lives as long with one that others have too.
        PyObject *home = checked(PyUnicode_InternFromString(module->name));
        int failed = PyObject_SetAttrString(made, "__module__", home);
        Py_DECREF(home);
        if (failed || PyObject_SetAttr(module->object, reinterpret_cast<PyHeapTypeObject *>(made)->ht_name, made) < 0)
            throw PythonError();
    }
};

} // namespace binding
