// The consumer's half of the check: an object of another build, found by its type's shared name and borrowed by the rules of
// its record.
//
// The C API finds and judges the record and lends a pointer. What may be done with that is for its user to know: here are the
// refusals that a consumer owes by itself. Must never read what a refusal comes before.
#pragma once

#include "surface.hpp"

#include <atomic>
#include <thread>

namespace borrowed {

using binding::Module;

// How often foreign payload was read, and how many borrows are held now.
inline std::atomic<std::int64_t> touched{0}, borrows{0};

// What is consumed, and which records were judged: a record is one interpreter's, so all can share the site.
template <class T>
inline interbind_site site = {zoo::About<T>::name,
                              INTERBIND_KIND_DATA,
                              alignof(T),
                              zoo::About<T>::descriptor,
                              {zoo::About<T>::major, zoo::About<T>::minor, 0},
                              {zoo::About<T>::major + 1, 0, 0},
                              0,
                              {nullptr, nullptr, nullptr, nullptr},
                              nullptr};

// Refuses to use an object of that record.
[[noreturn]] inline void refuse(const Module *module, const interbind_site *site, PyObject *object,
                                const interbind_type_record *record, const char *reason, const char *why,
                                const char *fix) {
    interbind_refusal refusal;
    interbind_site_refuse(&refusal, &module->context(), site, object, reason);
    refusal.provider = record->owner;
    interbind_refusal_add(&refusal, "%s", why);
    std::snprintf(refusal.fix, sizeof refusal.fix, "%s", fix);
    interbind_refusal_raise(&refusal, PyExc_TypeError);
    throw binding::PythonError();
}

// What the pointer is for.
enum class For {
    reading = INTERBIND_BORROW_SHARED,
    writing = INTERBIND_BORROW_EXCLUSIVE,
    // For the moment of a copy, which needs nobody's flags.
    copying = 3,
    // On a thread that isn't attached.
    reading_detached = 4,
};

// A borrow, given back with its scope.
template <class T> class Borrow {
    const interbind_type_record *record = nullptr;
    PyObject *object;
    std::uint32_t mode;
    void *pointer;

  public:
    Borrow(const Module *module, PyObject *from, For use) : object(from) {
        if (interbind_find(&module->context(), &site<T>, object, &record) != INTERBIND_OK)
            throw binding::PythonError();
        auto refused = [&](const char *reason, const char *why, const char *fix) {
            refuse(module, &site<T>, object, record, reason, why, fix);
        };
        if (use != For::copying && record->aliasing == INTERBIND_ALIASING_UNTRACKED)
            refused(INTERBIND_REASON_UNTRACKED, "the provider tracks no borrows", "copy the value");
        if (use == For::writing && record->aliasing == INTERBIND_ALIASING_FROZEN)
            refused(INTERBIND_REASON_FROZEN, "the class is frozen: its objects never change", "borrow it shared");
        mode = use == For::writing ? INTERBIND_BORROW_EXCLUSIVE : INTERBIND_BORROW_SHARED;
        pointer = surface::checked(interbind_borrow(record, object, mode));
        borrows.fetch_add(1, std::memory_order_relaxed);
        const char *reason = nullptr;
        if (reinterpret_cast<std::uintptr_t>(pointer) % alignof(T) != 0)
            reason = INTERBIND_REASON_MISALIGNED;
        else if (use == For::reading_detached && record->thread != INTERBIND_THREAD_ANY)
            reason = INTERBIND_REASON_WRONG_THREAD;
        if (reason) {
            give_back();
            refused(reason, "the data isn't where, or not for the thread where, it is used", "upgrade the provider");
        }
    }
    Borrow(const Borrow &) = delete;
    Borrow &operator=(const Borrow &) = delete;
    ~Borrow() { give_back(); }

    // The payload; counted, because no refusal may come after this.
    T *touch() {
        touched.fetch_add(1, std::memory_order_relaxed);
        return static_cast<T *>(pointer);
    }

  private:
    void give_back() {
        interbind_give_back(record, object, pointer, mode);
        borrows.fetch_sub(1, std::memory_order_relaxed);
    }
};

// Runs C++ code while this thread is detached; nothing may be thrown.
template <class F> void detached(F body) {
    PyThreadState *state = PyEval_SaveThread();
    body();
    PyEval_RestoreThread(state);
}

template <class T> struct Consumed {
    static PyObject *read(const Module *module, PyObject *object) {
        return surface::bytes_of(Borrow<T>(module, object, For::reading).touch(), sizeof(T));
    }

    static PyObject *read_raw(const Module *module, PyObject *object) {
        return surface::bytes_of(Borrow<T>(module, object, For::copying).touch(), sizeof(T));
    }

    static PyObject *read_detached(const Module *module, PyObject *object) {
        char copy[sizeof(T)];
        Borrow<T> borrow(module, object, For::reading_detached);
        const T *data = borrow.touch();
        detached([&] { std::thread([&] { std::memcpy(copy, data, sizeof copy); }).join(); });
        return surface::bytes_of(copy, sizeof copy);
    }

    static void write(const Module *module, PyObject *object, std::string_view name, PyObject *bytes) {
        for (const zoo::Field &field : zoo::About<T>::fields)
            if (name == field.name) {
                const char *from = surface::value_bytes(bytes, field.size);
                Borrow<T> borrow(module, object, For::writing);
                std::memcpy(reinterpret_cast<char *>(borrow.touch()) + field.offset, from, field.size);
                return;
            }
        throw std::invalid_argument("no such field");
    }

    // Reads after a function of Python was called: it all happens in one borrow.
    static PyObject *during(const Module *module, PyObject *object, bool exclusive, PyObject *function) {
        Borrow<T> borrow(module, object, exclusive ? For::writing : For::reading);
        surface::Owned answer(PyObject_CallNoArgs(function));
        return surface::bytes_of(borrow.touch(), sizeof(T));
    }

    // An object can be held if it can be borrowed.
    static void judge(const Module *module, PyObject *object) { Borrow<T>(module, object, For::reading); }

    // Has a provider make an object: the first that does for others.
    static PyObject *own(const Module *module, PyObject *bytes) {
        static const std::uint32_t sizes[] = INTERBIND_TYPE_SIZES;
        static const interbind_kind kind = {INTERBIND_TYPE_MAGIC, INTERBIND_TYPE_MAJOR, INTERBIND_TYPE_MINOR, 0, sizes, 0, 0};
        T value;
        std::memcpy(static_cast<void *>(&value), surface::value_bytes(bytes, sizeof value), sizeof value);
        const interbind_context *context = &module->context();
        const interbind_type_list *list = nullptr;
        const interbind_type_record *last = nullptr;
        if (interbind_type_key(context, zoo::About<T>::name, &list) == INTERBIND_OK)
            for (auto *record = context->types->next(list, nullptr); record; record = context->types->next(list, record)) {
                PyObject *python = INTERBIND_LOAD(record->py_type);
                if (interbind_judge(record, &kind).reason || !python)
                    continue;
                last = record;
                if (!record->wrap)
                    continue;
                if (interbind_site_check(context, &site<T>, python, record) != INTERBIND_OK)
                    throw binding::PythonError();
                return surface::checked(record->wrap(record, &value));
            }
        interbind_refusal refusal;
        interbind_refusal_start(&refusal, last ? INTERBIND_REASON_NOT_CONSTRUCTIBLE : INTERBIND_REASON_NOT_PUBLISHED,
                                context->owner);
        refusal.provider = last ? last->owner : nullptr;
        std::snprintf(refusal.failed, sizeof refusal.failed, "cannot make a %s", zoo::About<T>::name);
        std::snprintf(refusal.fix, sizeof refusal.fix, "import a module that makes objects of it for others");
        interbind_refusal_raise(&refusal, PyExc_TypeError);
        throw binding::PythonError();
    }
};

// `Consumed` of the type with that id.
struct Functions {
    std::string_view id;
    const char *descriptor;
    PyObject *(*read)(const Module *, PyObject *);
    PyObject *(*read_raw)(const Module *, PyObject *);
    PyObject *(*read_detached)(const Module *, PyObject *);
    void (*write)(const Module *, PyObject *, std::string_view, PyObject *);
    PyObject *(*during)(const Module *, PyObject *, bool, PyObject *);
    void (*judge)(const Module *, PyObject *);
    PyObject *(*own)(const Module *, PyObject *);
};

inline const Functions &of(std::string_view id) {
#define FUNCTIONS_OF(T) \
    {zoo::About<zoo::T>::id,           zoo::About<zoo::T>::descriptor, Consumed<zoo::T>::read, Consumed<zoo::T>::read_raw, \
     Consumed<zoo::T>::read_detached, Consumed<zoo::T>::write,        Consumed<zoo::T>::during, Consumed<zoo::T>::judge, \
     Consumed<zoo::T>::own},
    static const Functions all[] = {WITH_ZOO(FUNCTIONS_OF)};
    for (const Functions &each : all)
        if (each.id == id)
            return each;
    throw std::invalid_argument("no type of the zoo");
}

} // namespace borrowed
