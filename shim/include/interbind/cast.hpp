/* What the casters of pybind11.hpp and nanobind.hpp share: which classes they take, the module that they belong to, the borrow
 * of an argument, and which objects are lent to calls of this thread.
 *
 * A caster finds the record of an object when the framework loads the argument. It borrows an object that tracks no borrows
 * then, and any other when it takes the value: only then is it known whether the function writes. The thread may be detached by
 * then (`call_guard<gil_scoped_release>`), so a borrow that calls the provider attaches for that. A borrow ends with its caster, or with the call where what was given may outlive
 * the caster: a pointer, and a reference to an object that tracks its borrows. */
#ifndef INTERBIND_CAST_HPP
#define INTERBIND_CAST_HPP

#include <interbind/borrow.hpp>
#include <interbind/interbind.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <type_traits>
#include <utility>

namespace interbind INTERBIND_HIDDEN {

/* Tells whether casters take objects of other modules as a T: plain data with INTERBIND_DATA, or a class with INTERBIND_TAKE. */
template <typename T> struct taken : std::bool_constant<data<T>::is_shared && std::is_class_v<T>> {};

namespace detail {

/* The module that this header is compiled into, as the others know it. */
inline interbind_owner caster_owner = INTERBIND_OWNER("", "");
inline interbind_slot caster_slot = INTERBIND_SLOT(&caster_owner, INTERBIND_NOT_SUPPORTED);
inline interbind_binding caster_binding;

/* Binds the module. A module object that is made again in the same interpreter has the binding of the first. */
inline interbind_status bind_casters(PyObject *module, const char *version) {
    const char *name = PyModule_GetName(module);
    interbind_status status;
    if (name == nullptr) {
        return INTERBIND_FAILED;
    }
    if (caster_owner.name.len == 0) {
        /* Both live until the process ends: other modules show them. */
        char *const texts[] = {strdup(name), strdup(version)};
        if (texts[0] == nullptr || texts[1] == nullptr) {
            PyErr_NoMemory();
            return INTERBIND_FAILED;
        }
        caster_owner.name = interbind_str_of(texts[0]);
        caster_owner.version = interbind_str_of(texts[1]);
    }
    status = interbind_check_interpreter(caster_slot.tag, &caster_owner);
    if (status != INTERBIND_OK) {
        return status;
    }
    if (caster_binding.context.core != nullptr) {
        if (INTERBIND_LOAD(caster_binding.context.core->state) == INTERBIND_CORE_OPEN) {
            return INTERBIND_OK;
        }
        /* Python was ended and started again. */
        interbind_unbind(&caster_slot, &caster_binding);
    }
    return interbind_bind(&caster_slot, module, nullptr, &caster_binding);
}

/* The module's binding; NULL, and a SystemError is set, before `interbind::bind`. */
inline const interbind_context *caster_context() noexcept {
    const interbind_binding *binding = interbind_current(&caster_slot);
    if (INTERBIND_LIKELY(binding != nullptr)) {
        return &binding->context;
    }
    interbind_misuse("interbind::bind", "the module takes shared types, and hasn't called interbind::bind(m, version)");
    return nullptr;
}

template <typename T> site<T> made_site() {
    if constexpr (data<T>::is_shared) {
        return site<T>::of_data();
    } else {
        return site<T>(caster_owner);
    }
}

/* Where this module takes a T. */
template <typename T> interbind_site *caster_site() {
    static site<T> found = made_site<T>();
    return found.get();
}

/* An object that is lent to a call of this thread. */
struct lent_object {
    const char *data;
    std::size_t size;
    const void *kind;
    PyObject *object;
};

/* Those of a thread, in the order in which they were lent. No entry lies on a stack, which a greenlet may move. */
class lent_objects {
  public:
    /* Adds one, if there is room that needs no memory. */
    bool add_quickly(const lent_object &entry) noexcept {
        if (INTERBIND_LIKELY(more_ == nullptr && count_ < few)) {
            few_[count_++] = entry;
            return true;
        }
        return false;
    }
    /* Makes room for one more. */
    void reserve() {
        if (count_ == (more_ == nullptr ? few : capacity_)) {
            grow();
        }
    }
    /* Adds one that there is room for. */
    void add(const lent_object &entry) noexcept { entries()[count_++] = entry; }
    /* Removes the newest entry that is equal: equal ones are as good as each other. */
    void remove(const char *data, const void *kind, PyObject *object) noexcept {
        if (INTERBIND_LIKELY(more_ == nullptr)) {
            const lent_object &last = few_[count_ - 1];
            if (INTERBIND_LIKELY(last.object == object && last.data == data && last.kind == kind)) {
                --count_;
                return;
            }
        }
        remove_anywhere(data, kind, object);
    }
    /* The object that lends the T at this address; NULL when none does. */
    PyObject *object_of(const void *data, const void *kind) noexcept {
        const lent_object *const all = entries();
        for (std::size_t i = count_; i-- > 0;) {
            if (all[i].data == data && all[i].kind == kind) {
                return all[i].object;
            }
        }
        return nullptr;
    }
    /* The object in whose lent data this address lies; NULL when it lies in none. */
    PyObject *object_around(const void *address) noexcept {
        const lent_object *const all = entries();
        for (std::size_t i = count_; i-- > 0;) {
            if (static_cast<const char *>(address) >= all[i].data &&
                static_cast<const char *>(address) < all[i].data + all[i].size) {
                return all[i].object;
            }
        }
        return nullptr;
    }

  private:
    static constexpr std::size_t few = 4;

    lent_object *entries() noexcept { return more_ == nullptr ? few_ : more_; }
    INTERBIND_APART void remove_anywhere(const char *data, const void *kind, PyObject *object) noexcept {
        lent_object *const all = entries();
        for (std::size_t i = count_; i-- > 0;) {
            if (all[i].data == data && all[i].kind == kind && all[i].object == object) {
                --count_;
                std::memmove(all + i, all + i + 1, (count_ - i) * sizeof *all);
                break;
            }
        }
        if (count_ == 0 && more_ != nullptr) {
            std::free(more_);
            more_ = nullptr;
        }
    }
    INTERBIND_APART void grow() {
        const std::size_t wanted = 2 * count_;
        auto *const grown = static_cast<lent_object *>(std::malloc(wanted * sizeof(lent_object)));
        if (grown == nullptr) {
            throw std::bad_alloc();
        }
        std::memcpy(grown, entries(), count_ * sizeof *grown);
        std::free(more_);
        more_ = grown;
        capacity_ = wanted;
    }

    lent_object few_[few];
    lent_object *more_;
    std::size_t count_;
    std::size_t capacity_;
};

inline lent_objects &lent() noexcept {
    static thread_local lent_objects objects;
    return objects;
}

/* Attaches the thread while this lives, unless it is. */
class attachment {
  public:
    attachment() noexcept : was_(interbind_is_attached() != 0) {
        if (!was_) {
            state_ = PyGILState_Ensure();
        }
    }
    attachment(const attachment &) = delete;
    attachment &operator=(const attachment &) = delete;
    ~attachment() {
        if (!was_) {
            PyGILState_Release(state_);
        }
    }

  private:
    bool was_;
    PyGILState_STATE state_ = PyGILState_UNLOCKED;
};

/* A borrow that ends with a capsule. */
struct loan_until {
    const interbind_type_record *record;
    PyObject *object;
    void *data;
    uint32_t mode;

    static void end(PyObject *capsule) {
        auto *const self = static_cast<loan_until *>(PyCapsule_GetPointer(capsule, name));
        if (self != nullptr) {
            interbind_give_back(self->record, self->object, self->data, self->mode);
            Py_DECREF(self->object);
            delete self;
        }
    }
    static constexpr const char *name = "interbind.loan";
};

/* How looking for an object's record ended. */
enum class looked { missing, found, refused };

/* What tells the objects of one T from those of others at the same address. */
template <typename T> inline char kind_of;

/* An argument of another module, as a caster holds it: its record, and from `lend` on its data. */
template <typename T> class argument {
  public:
    argument() = default;
    argument(argument &&other) noexcept { *this = std::move(other); }
    argument &operator=(argument &&other) noexcept {
        if (this != &other) {
            end();
            record_ = std::exchange(other.record_, nullptr);
            object_ = std::exchange(other.object_, nullptr);
            data_ = std::exchange(other.data_, nullptr);
            lent_ = other.lent_;
            mode_ = std::exchange(other.mode_, 0);
            serves_ = other.serves_;
        }
        return *this;
    }
    argument(const argument &) = delete;
    argument &operator=(const argument &) = delete;
    ~argument() { give_back(); }

    /* Tells whether there is an object. */
    explicit operator bool() const noexcept { return record_ != nullptr; }

    /* Takes an object whose very class this module has met here before. */
    bool knows_exactly(PyObject *object) noexcept {
        return takes(object, interbind_site_exact(caster_site<T>(), Py_TYPE(object)));
    }
    /* The same of classes that inherit from the first one too. */
    bool knows(PyObject *object) noexcept {
        return takes(object, interbind_site_known(caster_site<T>(), Py_TYPE(object)));
    }
    /* Looks for an object's record, and judges it. Refused: an exception is set. */
    looked look_for(PyObject *object) noexcept {
        const interbind_context *context = caster_context();
        if (context == nullptr) {
            return looked::refused;
        }
        const interbind_type_record *found = nullptr;
        const interbind_status status = interbind_find_if_published(context, caster_site<T>(), object, &found);
        if (status == INTERBIND_OK) {
            takes(object, found);
            return looked::found;
        }
        return status == INTERBIND_MISSING ? looked::missing : looked::refused;
    }

    /* The data that serves a function whether it reads or writes, and for which nothing need be kept when the caster ends: that of
     * an object which tracks no borrows. NULL: `lend` is asked. */
    T *at_hand() const noexcept { return serves_ == (use_of(false) | use_of(true)) ? data_ : nullptr; }
    /* Tells whether `lend` calls the provider: then the thread must be attached. */
    bool asks(bool writes) const noexcept {
        return data_ == nullptr ? writes || INTERBIND_LOAD(record_->data_offset) == 0 : (serves_ & use_of(writes)) == 0;
    }
    /* Tells whether there is a borrow that ends with this. */
    bool owes() const noexcept { return mode_ != 0; }
    /* Tells whether the class tracks its borrows. */
    bool is_tracked() const noexcept { return record_->aliasing == INTERBIND_ALIASING_TRACKED; }

    /* Borrows the data, for a function that reads or that writes. NULL: an exception is set. */
    T *lend(bool writes) {
        if (data_ == nullptr && !writes) {
            const int64_t offset = INTERBIND_LOAD(record_->data_offset);
            if (INTERBIND_LIKELY(offset != 0)) {
                T *const data = reinterpret_cast<T *>(reinterpret_cast<char *>(object_) + offset);
                lent_ = &lent();
                if (INTERBIND_LIKELY(lent_->add_quickly(entry_of(data)))) {
                    has(data, 0, use_of(false));
                    return data;
                }
            }
        } else if (data_ != nullptr && (serves_ & use_of(writes)) != 0) {
            return data_;
        }
        return lend_anew(writes);
    }

    /* Has the borrow end with an object, which is returned: a new reference, or NULL without one or with an exception. */
    PyObject *keep() noexcept {
        if (mode_ == 0) {
            return nullptr;
        }
        auto *const loan = new (std::nothrow) loan_until{record_, object_, data_, mode_};
        PyObject *const capsule = loan == nullptr ? PyErr_NoMemory() : PyCapsule_New(loan, loan_until::name, loan_until::end);
        if (capsule == nullptr) {
            delete loan;
            return nullptr;
        }
        Py_INCREF(object_);
        mode_ = 0;
        return capsule;
    }

    /* Forgets the object; what was borrowed is given back. */
    void end() noexcept {
        give_back();
        record_ = nullptr;
    }

  private:
    static constexpr uint8_t use_of(bool writes) noexcept { return writes ? 2 : 1; }

    lent_object entry_of(const T *data) const noexcept {
        return {reinterpret_cast<const char *>(data), sizeof(T), &kind_of<T>, object_};
    }
    bool takes(PyObject *object, const interbind_type_record *record) noexcept {
        record_ = record;
        object_ = object;
        if (record == nullptr) {
            return false;
        }
        if (record->aliasing == INTERBIND_ALIASING_UNTRACKED) {
            lend_early();
        }
        return true;
    }
    /* Borrows what is borrowed alike for reading and for writing, while the thread is attached for certain. What the provider
     * refuses is asked for again when it's needed, and said then. */
    void lend_early() noexcept {
        /* The record was judged, and is that of the object's class: it has both functions, and is live. */
        void *const found = record_->borrow(record_, object_, INTERBIND_BORROW_SHARED);
        if (INTERBIND_LIKELY(found != nullptr && (reinterpret_cast<std::uintptr_t>(found) & (alignof(T) - 1)) == 0)) {
            lent_ = &lent();
            if (INTERBIND_LIKELY(lent_->add_quickly(entry_of(static_cast<T *>(found))))) {
                has(static_cast<T *>(found), INTERBIND_BORROW_SHARED, use_of(false) | use_of(true));
                return;
            }
        }
        lend_later(found);
    }
    INTERBIND_APART void lend_later(void *found) noexcept {
        interbind_give_back(record_, object_, found, INTERBIND_BORROW_SHARED);
        if (found == nullptr) {
            PyErr_Clear();
        }
    }
    INTERBIND_APART T *lend_anew(bool writes) {
        give_back();
        lent_ = &lent();
        lent_->reserve();
        const int64_t offset = INTERBIND_LOAD(record_->data_offset);
        const bool is_untracked = record_->aliasing == INTERBIND_ALIASING_UNTRACKED;
        uint32_t mode = 0;
        void *found;
        if (offset != 0 && !writes) {
            found = reinterpret_cast<char *>(object_) + offset;
        } else {
            /* A class that tracks no borrows has no exclusive ones: there a function writes as every other owner may. */
            mode = writes && !is_untracked ? INTERBIND_BORROW_EXCLUSIVE : INTERBIND_BORROW_SHARED;
            found = interbind_borrow_from(caster_site<T>(), record_, object_, mode);
        }
        if (found != nullptr) {
            lent_->add(entry_of(static_cast<T *>(found)));
            has(static_cast<T *>(found), mode, is_untracked ? use_of(false) | use_of(true) : use_of(writes));
        }
        return data_;
    }
    void has(T *data, uint32_t mode, int serves) noexcept {
        data_ = data;
        mode_ = static_cast<uint8_t>(mode);
        serves_ = static_cast<uint8_t>(serves);
    }
    void give_back() noexcept {
        if (data_ == nullptr) {
            return;
        }
        lent_->remove(reinterpret_cast<const char *>(data_), &kind_of<T>, object_);
        if (mode_ != 0) {
            record_->release(record_, object_, data_, mode_);
        }
        has(nullptr, 0, 0);
    }

    const interbind_type_record *record_ = nullptr;
    PyObject *object_ = nullptr;
    T *data_ = nullptr;
    /* Those of the thread that it was lent to. */
    lent_objects *lent_ = nullptr;
    /* What is to be given back; 0 when nothing is. */
    uint8_t mode_ = 0;
    /* For what the data was borrowed: bit 0 to read, bit 1 to write. */
    uint8_t serves_ = 0;
};

/* The object that lends this T to a call of this thread; NULL when none does. */
template <typename T> PyObject *lender_of(const T *data) noexcept { return lent().object_of(data, &kind_of<T>); }

/* A copy of a T; a class that can't be one has none. */
struct no_copy {};
template <typename T> using copy_of = std::conditional_t<std::is_abstract_v<T>, no_copy, T>;

/* What a caster gives for a parameter U: an address, a reference or a copy; `const` unless the function may write. */
template <typename T, typename U>
using given = std::conditional_t<std::is_pointer_v<std::remove_reference_t<U>>,
    std::conditional_t<std::is_const_v<std::remove_pointer_t<std::remove_reference_t<U>>>, const T *, T *>,
    std::conditional_t<!std::is_lvalue_reference_v<U>, copy_of<T>,
        std::conditional_t<std::is_const_v<std::remove_reference_t<U>>, const T &, T &>>>;

/* For how long what is given is used. */
enum class used {
    /* As long as the caster. */
    by_caster,
    /* As long as the call: the caster may be one of an element, and die before. */
    by_call,
};

/* How a framework lends an object's value, which starts with `interbind_class_starts`, and makes an object of a copy; that may be NULL. */
struct published_by {
    decltype(interbind_class::borrow) borrow;
    decltype(interbind_class::wrap) wrap;
};

/* Publishes a class whose objects of a framework are T's; false with a Python exception. */
template <typename T> bool publish_class(PyObject *type, const char *version, published_by framework) {
    static_assert(taken<T>::value, "INTERBIND_DATA or INTERBIND_TAKE says what T is");
    static interbind_class described{};
    if constexpr (data<T>::is_shared) {
        describe_data<T>(described);
    } else {
        describe<T>(described, caster_owner);
    }
    described.version = version == nullptr ? described.version : version;
    /* The framework has no borrows: C++ code anywhere may write. */
    described.aliasing = INTERBIND_ALIASING_UNTRACKED;
    described.thread = INTERBIND_THREAD_ATTACHED;
    described.flags = INTERBIND_FLAG_SUBCLASSABLE;
    described.borrow = framework.borrow;
    described.release = interbind_class_starts_itself;
    described.wrap = framework.wrap;
    const interbind_context *context = caster_context();
    return context != nullptr &&
        interbind_class_publish(context, &described, reinterpret_cast<PyTypeObject *>(type), nullptr) == INTERBIND_OK;
}

/* Runs what makes an object; what it throws becomes a Python exception. `Raised` is the framework's for one that is there. */
template <typename Raised, typename Make> PyObject *made_or_raised(Make &&make) {
    try {
        return make();
    } catch (Raised &error) {
        error.restore();
    } catch (const std::exception &error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    } catch (...) {
        PyErr_SetString(PyExc_RuntimeError, "a C++ exception that isn't a std::exception");
    }
    return nullptr;
}

} // namespace detail
} // namespace interbind

/* Has casters take a class that isn't plain data, from builds whose C++ and whose class are the same: see shape.hpp for what its
 * author can say of it. At global namespace. */
#define INTERBIND_TAKE(T) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct taken<T> : std::true_type {}; \
    }

#endif /* INTERBIND_CAST_HPP */
