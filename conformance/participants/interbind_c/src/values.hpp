// A type of the zoo as three classes: frozen, with the record that the layer publishes; tracked and untracked, with records
// that are packed here, because a layer can't know how its author's objects are guarded.
#pragma once

#include "flag.hpp"

namespace values {

using binding::Instance;

// A value of its bytes, which the case made of valid fields.
template <class T> T value_of(PyObject *bytes) {
    T made;
    std::memcpy(static_cast<void *>(&made), surface::value_bytes(bytes, sizeof made), sizeof made);
    return made;
}

// Counted by the instance map from the first moment on: a class with a constructor may show its address to anybody.
template <class T> struct Frozen : T {
    explicit Frozen(PyObject *bytes) : T(value_of<T>(bytes)) {}
};

template <class T> struct Tracked : T {
    surface::Flag flag;
    explicit Tracked(PyObject *bytes) : T(value_of<T>(bytes)) {}
    explicit Tracked(const T &value) : T(value) {}
};

template <class T> struct Untracked : T {
    explicit Untracked(PyObject *bytes) : T(value_of<T>(bytes)) {}
};

template <class T> const binding::Layout layout = {zoo::About<T>::name, zoo::About<T>::version, zoo::About<T>::descriptor};

// The C++ object in one of a class that is bound as `V`. NULL: there is none, and an exception is set.
template <class V> V *in(PyObject *object) {
    Instance *self = reinterpret_cast<Instance *>(object);
    void *pointer = binding::is_ours(Py_TYPE(object)) && *self->type()->cpp == typeid(V) ? self->pointer() : nullptr;
    if (!pointer)
        PyErr_SetString(PyExc_TypeError, "the object has no value: __init__ wasn't called");
    return static_cast<V *>(pointer);
}

template <class T> void *borrow_tracked(const interbind_type_record *, PyObject *object, std::uint32_t mode) {
    auto *value = in<Tracked<T>>(object);
    return value && value->flag.take(mode) ? static_cast<T *>(value) : nullptr;
}

template <class T> void release_tracked(const interbind_type_record *, PyObject *, void *data, std::uint32_t mode) {
    static_cast<Tracked<T> *>(static_cast<T *>(data))->flag.give(mode);
}

template <class T> PyObject *wrap_tracked(const interbind_type_record *record, const void *data) {
    auto *python = reinterpret_cast<PyTypeObject *>(INTERBIND_LOAD(record->py_type));
    binding::Type *type = python ? binding::type_of(python) : nullptr;
    if (!type)
        return PyErr_Format(PyExc_TypeError, "the class is gone");
    try {
        return binding::wrap_value(type, python, Tracked<T>(*static_cast<const T *>(data)));
    } catch (...) {
        return PyErr_NoMemory();
    }
}

template <class T> void *borrow_untracked(const interbind_type_record *, PyObject *object, std::uint32_t) {
    return static_cast<T *>(in<Untracked<T>>(object));
}

// What is said of a type in every interpreter.
template <class T> interbind_class description(std::uint32_t aliasing, std::uint32_t thread) {
    interbind_class made{};
    made.name = zoo::About<T>::name;
    made.version = zoo::About<T>::version;
    made.descriptor = zoo::About<T>::descriptor;
    made.kind = INTERBIND_KIND_DATA;
    made.aliasing = aliasing;
    made.thread = thread;
    made.flags = INTERBIND_FLAG_SUBCLASSABLE;
    made.size = sizeof(T);
    return made;
}

template <class T>
inline interbind_class tracked = [] {
    interbind_class made = description<T>(INTERBIND_ALIASING_TRACKED, INTERBIND_THREAD_ATTACHED);
    made.borrow = borrow_tracked<T>;
    made.release = release_tracked<T>;
    made.wrap = wrap_tracked<T>;
    return made;
}();

template <class T>
inline interbind_class untracked = [] {
    interbind_class made = description<T>(INTERBIND_ALIASING_UNTRACKED, INTERBIND_THREAD_ATTACHED);
    made.borrow = borrow_untracked<T>;
    return made;
}();

inline void publish(const binding::Module *module, interbind_class *described, PyTypeObject *python) {
    if (interbind_class_publish(&module->context(), described, python, nullptr) != INTERBIND_OK)
        throw binding::PythonError();
}

// Calls a function of Python while this side borrows the object.
template <class T> void during(Tracked<T> &self, bool exclusive, PyObject *function) {
    const std::uint32_t mode = exclusive ? INTERBIND_BORROW_EXCLUSIVE : INTERBIND_BORROW_SHARED;
    if (!self.flag.take(mode))
        throw binding::PythonError();
    PyObject *answer = PyObject_CallNoArgs(function);
    self.flag.give(mode);
    Py_DECREF(surface::checked(answer));
}

template <class V, class T> PyObject *peek(const V &self) {
    return surface::bytes_of(static_cast<const T *>(&self), sizeof(T));
}

// `FrozenPoint2d` for `frozen` and `Point2d`.
inline std::string class_name(std::string_view kind, const char *type) {
    std::string name = std::string(kind) + type;
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    return name;
}

template <class T> void bind(binding::module_ &m, const char *type) {
    binding::class_<Frozen<T>>(m, class_name("frozen", type).c_str(), binding::frozen{}, &layout<T>)
        .template init<PyObject *>()
        .def("peek", peek<Frozen<T>, T>);
    auto guarded = binding::class_<Tracked<T>>(m, class_name("tracked", type).c_str());
    guarded.template init<PyObject *>().def("peek", peek<Tracked<T>, T>).def("during", during<T>);
    publish(m.state, &tracked<T>, guarded.python);
    auto bare = binding::class_<Untracked<T>>(m, class_name("untracked", type).c_str());
    bare.template init<PyObject *>().def("peek", peek<Untracked<T>, T>);
    publish(m.state, &untracked<T>, bare.python);
}

} // namespace values
