// The borrow flag of a tracked object: readers, or one writer.
#pragma once

#include "surface.hpp"

#include <atomic>

namespace surface {

// Borrows of this side's objects that are held now.
inline std::atomic<std::int64_t> borrows{0};

class Flag {
    // Readers, or -1 for a writer.
    std::atomic<std::int32_t> state{0};

  public:
    Flag() = default;
    // A copy of a value is nobody's yet.
    Flag(const Flag &) {}

    // False: another borrow excludes it, and an exception is set.
    bool take(std::uint32_t mode) {
        const bool writes = mode == INTERBIND_BORROW_EXCLUSIVE;
        std::int32_t now = state.load(std::memory_order_relaxed);
        while (writes ? now == 0 : now >= 0)
            if (state.compare_exchange_weak(now, writes ? -1 : now + 1, std::memory_order_acquire)) {
                borrows.fetch_add(1, std::memory_order_relaxed);
                return true;
            }
        interbind_refusal refusal;
        interbind_refusal_start(&refusal, INTERBIND_REASON_ALREADY_BORROWED, nullptr);
        std::snprintf(refusal.failed, sizeof refusal.failed, "cannot borrow it");
        std::snprintf(refusal.fix, sizeof refusal.fix, "end the other borrow first");
        interbind_refusal_raise(&refusal, PyExc_RuntimeError);
        return false;
    }

    void give(std::uint32_t mode) {
        state.fetch_add(mode == INTERBIND_BORROW_EXCLUSIVE ? 1 : -1, std::memory_order_release);
        borrows.fetch_sub(1, std::memory_order_relaxed);
    }
};

} // namespace surface
