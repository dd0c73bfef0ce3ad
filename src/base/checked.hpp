// Arithmetic that says when it overflows, for sizes and offsets that come from outside.
#pragma once

namespace nvsafe {

template <typename Integer>
[[nodiscard]] constexpr bool checked_add(Integer a, Integer b, Integer& sum) {
  return !__builtin_add_overflow(a, b, &sum);
}

template <typename Integer>
[[nodiscard]] constexpr bool checked_mul(Integer a, Integer b, Integer& product) {
  return !__builtin_mul_overflow(a, b, &product);
}

}  // namespace nvsafe
