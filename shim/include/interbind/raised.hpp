/* How functions of interbind.hpp fail: with `raised` when a Python exception is set, with `misuse` when none is.
 *
 * Neither leaves a function that Python calls; see `guarded`. */
#ifndef INTERBIND_RAISED_HPP
#define INTERBIND_RAISED_HPP

#include <interbind/interbind.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace interbind INTERBIND_HIDDEN {

/* A Python exception is set: whoever catches this returns to Python, or takes the exception. */
class raised : public std::exception {
  public:
    const char *what() const noexcept override { return "a Python exception is set"; }
};

/* A function was called as it may not be, and no Python exception is set. */
class misuse : public std::logic_error {
  public:
    explicit misuse(interbind_status status)
        : std::logic_error("interbind was called with an argument that it refuses, status " + std::to_string(status)),
          status_(status) {}
    interbind_status status() const noexcept { return status_; }

  private:
    interbind_status status_;
};

/* Throws for what isn't `INTERBIND_OK`. */
inline void check(interbind_status status) {
    if (status == INTERBIND_OK) {
        return;
    }
    if (PyErr_Occurred() != nullptr) {
        throw raised();
    }
    throw misuse(status);
}

} // namespace interbind

#endif /* INTERBIND_RAISED_HPP */
