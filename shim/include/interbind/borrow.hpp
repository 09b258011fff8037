/* Taking objects of any module in C++: a site is a static where a T is taken, a borrow lives as long as its variable.
 *
 * What one gets depends on what the provider promises. `borrowed` gives a `const T &`, of classes that are frozen or track
 * their borrows. `exclusive` gives a `T &`, of classes that track them. Of a class that tracks nothing somebody else may
 * write to the data at any time: `raw` gives its address, and copies of plain data. */
#ifndef INTERBIND_BORROW_HPP
#define INTERBIND_BORROW_HPP

#include <interbind/data.hpp>
#include <interbind/from_nanobind.h>
#include <interbind/raised.hpp>
#include <interbind/shape.hpp>

#include <cstring>
#include <type_traits>
#include <utility>

namespace interbind INTERBIND_HIDDEN {

/* What takes objects of other frameworks as a T; INTERBIND_CPP specialises it. */
template <typename T> struct adapter_of {
    static interbind_adapter *get() { return nullptr; }
};

/* Where a T of any module is taken: a static. */
template <typename T>
class site {
  public:
    /* By its native key, from builds whose C++ and whose T are the same. The owner is the module's own. */
    explicit site(const interbind_owner &owner) : site_ INTERBIND_CLASS_SITE(key_of<T>(owner), describe<T>(), alignof(T)) {}
    /* As shared data, from builds of any language: name and descriptor of the layout, and the major. */
    site(const char *name, const char *descriptor, uint32_t major)
        : site_ INTERBIND_ADAPTED_SITE(name, descriptor, alignof(T), major, adapter_of<T>::get()) {}
    /* As shared data that INTERBIND_DATA declares. */
    static site of_data() { return site(data<T>::name, layout<T>(), detail::major_of(data<T>::version)); }

    interbind_site *get() noexcept { return &site_; }

  private:
    interbind_site site_;
};

/* A borrow in one of the two modes, for as long as this lives; the caller holds the object. */
class loan {
  public:
    loan(const interbind_context *context, interbind_site *where, PyObject *object, uint32_t mode)
        : object_(object), mode_(mode) {
        check(interbind_find(context, where, object, &record_));
        data_ = interbind_borrow_from(where, record_, object, mode);
        if (data_ == nullptr) {
            throw raised();
        }
    }
    loan(loan &&other) noexcept
        : record_(other.record_), object_(other.object_), data_(std::exchange(other.data_, nullptr)), mode_(other.mode_) {}
    loan(const loan &) = delete;
    loan &operator=(const loan &) = delete;
    ~loan() { interbind_give_back(record_, object_, data_, mode_); }

    void *data() const noexcept { return data_; }
    const interbind_type_record *record() const noexcept { return record_; }
    /* Throws `raised` for a class that tracks no borrows: nobody may have a reference to its data. */
    void must_be_tracked() const {
        if (record_->aliasing == INTERBIND_ALIASING_UNTRACKED) {
            interbind_record_refuse(record_, object_, INTERBIND_REASON_UNTRACKED,
                "the provider tracks no borrows, so others may write to the object meanwhile",
                "take it as interbind::raw<T>, or have the provider track borrows", PyExc_TypeError);
            throw raised();
        }
    }

  private:
    const interbind_type_record *record_ = nullptr;
    PyObject *object_;
    void *data_ = nullptr;
    uint32_t mode_;
};

/* A shared borrow of an object's T. */
template <typename T>
class borrowed {
  public:
    borrowed(const interbind_context *context, site<T> &where, PyObject *object)
        : loan_(context, where.get(), object, INTERBIND_BORROW_SHARED) {
        loan_.must_be_tracked();
    }

    const T *get() const noexcept { return static_cast<const T *>(loan_.data()); }
    const T &operator*() const noexcept { return *get(); }
    const T *operator->() const noexcept { return get(); }
    const interbind_type_record *record() const noexcept { return loan_.record(); }

  private:
    loan loan_;
};

/* A borrow of an object's T that excludes all others. */
template <typename T>
class exclusive {
  public:
    exclusive(const interbind_context *context, site<T> &where, PyObject *object)
        : loan_(context, where.get(), object, INTERBIND_BORROW_EXCLUSIVE) {}

    T *get() const noexcept { return static_cast<T *>(loan_.data()); }
    T &operator*() const noexcept { return *get(); }
    T *operator->() const noexcept { return get(); }
    const interbind_type_record *record() const noexcept { return loan_.record(); }

  private:
    loan loan_;
};

/* The address of an object's T, which others may write to, whatever its provider promises. */
template <typename T>
class raw {
  public:
    raw(const interbind_context *context, site<T> &where, PyObject *object)
        : loan_(context, where.get(), object, INTERBIND_BORROW_SHARED) {}

    /* A copy of the bytes as they are now. */
    T copy() const {
        static_assert(std::is_trivially_copyable_v<T>, "what isn't plain data can't be copied while others may write to it");
        alignas(T) unsigned char bytes[sizeof(T)];
        std::memcpy(bytes, loan_.data(), sizeof bytes);
        return *reinterpret_cast<T *>(bytes);
    }
    /* Where it is: no reference is made of it unless the caller knows that nobody writes. */
    T *pointer() const noexcept { return static_cast<T *>(loan_.data()); }
    const interbind_type_record *record() const noexcept { return loan_.record(); }

  private:
    loan loan_;
};

} // namespace interbind

/* Says that classes which pybind11 or nanobind 3 makes of T, in modules that know nothing of interbind, hold what INTERBIND_DATA
 * declares: by the name of T, which stands in no anonymous namespace. At global namespace, before a site of T is made. */
#define INTERBIND_CPP(T) \
    namespace interbind INTERBIND_HIDDEN { \
    template <> struct adapter_of<T> { \
        static interbind_adapter *get() { \
            static interbind_adapter adapter INTERBIND_FROM_CPP(typeid(T).name(), sizeof(T)); \
            return has_linkage<T>() ? &adapter : nullptr; \
        } \
    }; \
    }

#endif /* INTERBIND_BORROW_HPP */
