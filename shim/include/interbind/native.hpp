/* interbind/native.h for C++17: the signature is written by the compiler.
 *
 *     interbind::lend(m, "dot", &dot);                                   // behind the function of that name
 *     double (*entry)(double, double) = interbind::native<double(double, double)>(callable);
 */
#ifndef INTERBIND_NATIVE_HPP
#define INTERBIND_NATIVE_HPP

#include <interbind/data.hpp>
#include <interbind/function.hpp>
#include <interbind/native.h>

#include <string>
#include <type_traits>

namespace interbind INTERBIND_HIDDEN {

/* What C calls a type: specialised for a struct, with its name. */
template <class T, class = void> struct c_name;

/* Shared data is called by its name, and by the digest of its descriptor: FNV-1a, 64 bits. */
template <class T> struct c_name<T, std::enable_if_t<data<T>::is_shared>> {
    static std::string get() {
        std::uint64_t hash = 0xcbf29ce484222325u;
        for (const char *at = layout<T>(); *at != '\0'; ++at) {
            hash = (hash ^ static_cast<unsigned char>(*at)) * 0x100000001b3u;
        }
        return std::string(data<T>::name) + "@" + std::to_string(hash);
    }
};

namespace detail {
/* The name of a type behind a pointer, where `const` means something. */
template <class T> std::string pointee_name() {
    std::string name = c_name<std::remove_const_t<T>>::get();
    if (std::is_const_v<T>) {
        name += std::is_pointer_v<T> ? "const" : " const";
    }
    return name;
}
} // namespace detail

#define INTERBIND_C_NAME(type) \
    template <> struct c_name<type> { \
        static std::string get() { return #type; } \
    };
INTERBIND_C_NAME(void)
INTERBIND_C_NAME(char)
INTERBIND_C_NAME(signed char)
INTERBIND_C_NAME(unsigned char)
INTERBIND_C_NAME(short)
INTERBIND_C_NAME(unsigned short)
INTERBIND_C_NAME(int)
INTERBIND_C_NAME(unsigned int)
INTERBIND_C_NAME(long)
INTERBIND_C_NAME(unsigned long)
INTERBIND_C_NAME(long long)
INTERBIND_C_NAME(unsigned long long)
INTERBIND_C_NAME(float)
INTERBIND_C_NAME(double)
INTERBIND_C_NAME(long double)
#undef INTERBIND_C_NAME
template <> struct c_name<bool> {
    static std::string get() { return "_Bool"; }
};
template <class T> struct c_name<T *> {
    static std::string get() { return detail::pointee_name<T>() + " *"; }
};

namespace detail {
template <class F> struct signature_of;
template <class R, class... A> struct signature_of<R(A...)> {
    static std::string get() {
        std::string text = c_name<std::remove_cv_t<R>>::get() + " (";
        bool is_first = true;
        ((text += (is_first ? "" : ", ") + c_name<std::remove_cv_t<A>>::get(), is_first = false), ...);
        return text + ")";
    }
};
template <class R, class... A> struct signature_of<R(A...) noexcept> : signature_of<R(A...)> {};
} // namespace detail

/* Lends the C function behind a function of the module, to other builds and to Cython, SciPy and Numba. It mustn't throw. */
template <class F> void lend(PyObject *module, const char *name, F *function) {
    static_assert(std::is_function_v<F>, "what is lent is a function of C");
    const std::string signature = detail::signature_of<F>::get();
    check(interbind_native_lend(module, name, signature.c_str(), reinterpret_cast<const void *>(function)));
}

/* Finds the C function of that type behind a callable of any build, which is held as long as the function may be called. */
template <class F> F *native(PyObject *callable) {
    void *entry = nullptr;
    const std::string signature = detail::signature_of<F>::get();
    check(interbind_native(callable, signature.c_str(), &entry));
    return reinterpret_cast<F *>(entry);
}

} // namespace interbind

#endif /* INTERBIND_NATIVE_HPP */
