// Result<T, E>: a value or an error, without exceptions. The caller must look at it.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "nvsafe/assert.hpp"
#include "nvsafe/error.hpp"

namespace nvsafe {

// Wraps an error so that a function can `return Failed{...}` for any Result.
template <typename E>
struct Failed {
  E error;
};
template <typename E>
Failed(E) -> Failed<E>;

[[nodiscard]] constexpr Failed<Error> fail(ErrorCode code, std::uint32_t page_index = kNoPlace,
                                           std::uint32_t entry_index = kNoPlace) {
  return {Error{code, page_index, entry_index}};
}

// Holds a T or an E. Requires for value(), * and ->: ok(); for error() and failed(): not ok().
template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : ok_(true) { new (&value_) T(std::move(value)); }
  template <typename F>
    requires std::is_convertible_v<F, E>
  Result(Failed<F> failed) : ok_(false) {
    new (&error_) E(std::move(failed.error));
  }
  Result(Result&& other) noexcept : ok_(other.ok_) { take(std::move(other)); }
  Result& operator=(Result&& other) noexcept {
    if (this != &other) {
      destroy();
      ok_ = other.ok_;
      take(std::move(other));
    }
    return *this;
  }
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() { destroy(); }

  [[nodiscard]] bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  [[nodiscard]] T& value() & { return held(); }
  [[nodiscard]] const T& value() const& { return held(); }
  [[nodiscard]] T&& value() && { return std::move(held()); }
  [[nodiscard]] T& operator*() & { return held(); }
  [[nodiscard]] const T& operator*() const& { return held(); }
  [[nodiscard]] T* operator->() { return &held(); }
  [[nodiscard]] const T* operator->() const { return &held(); }
  [[nodiscard]] const E& error() const& {
    NVSAFE_ASSERT(!ok_);
    return error_;
  }
  // The error, ready to be returned from a function with another value type.
  [[nodiscard]] Failed<E> failed() const { return {error()}; }

 private:
  [[nodiscard]] T& held() {
    NVSAFE_ASSERT(ok_);
    return value_;
  }
  [[nodiscard]] const T& held() const {
    NVSAFE_ASSERT(ok_);
    return value_;
  }
  void take(Result&& other) {
    if (ok_) {
      new (&value_) T(std::move(other.value_));
    } else {
      new (&error_) E(std::move(other.error_));
    }
  }
  void destroy() {
    if (ok_) {
      value_.~T();
    } else {
      error_.~E();
    }
  }

  union {
    T value_;
    E error_;
  };
  bool ok_;
};

// Success without a value: `return {};`.
template <typename E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  template <typename F>
    requires std::is_convertible_v<F, E>
  Result(Failed<F> failed) : error_(std::move(failed.error)), ok_(false) {}

  [[nodiscard]] bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  [[nodiscard]] const E& error() const { return error_; }
  [[nodiscard]] Failed<E> failed() const { return {error_}; }

 private:
  E error_{};
  bool ok_ = true;
};

}  // namespace nvsafe

// Returns the error of a Result<void> from the enclosing function.
#define NVSAFE_TRY(expression)                               \
  do {                                                       \
    if (auto nvsafe_result = (expression); !nvsafe_result) { \
      return nvsafe_result.failed();                         \
    }                                                        \
  } while (false)
