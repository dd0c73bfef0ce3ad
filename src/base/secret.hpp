// Key material: wiped when it goes, never copied by accident, compared in constant time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nvsafe {

// Overwrites bytes with zeros in a way the compiler may not remove.
inline void secure_wipe(std::span<std::uint8_t> bytes) {
  for (std::uint8_t& byte : bytes) byte = 0;
  __asm__ volatile("" : : "r"(bytes.data()) : "memory");
}

// Equal content and length; the time depends on the length only.
[[nodiscard]] inline bool secure_equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference = static_cast<std::uint8_t>(difference | (a[i] ^ b[i]));
  return difference == 0;
}

// kSize secret bytes. Moving wipes the source.
template <std::size_t kSize>
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(std::span<const std::uint8_t, kSize> bytes) {
    for (std::size_t i = 0; i < kSize; ++i) bytes_[i] = bytes[i];
  }
  SecretBytes(SecretBytes&& other) noexcept { take(other); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    if (this != &other) take(other);
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes() { secure_wipe(bytes_); }

  // A second copy, where one is meant.
  [[nodiscard]] SecretBytes clone() const { return SecretBytes(bytes()); }
  [[nodiscard]] std::span<const std::uint8_t, kSize> bytes() const { return bytes_; }
  [[nodiscard]] std::span<std::uint8_t, kSize> mutable_bytes() { return bytes_; }

  friend bool operator==(const SecretBytes& a, const SecretBytes& b) { return secure_equal(a.bytes_, b.bytes_); }

 private:
  void take(SecretBytes& other) {
    for (std::size_t i = 0; i < kSize; ++i) bytes_[i] = other.bytes_[i];
    secure_wipe(other.bytes_);
  }

  std::uint8_t bytes_[kSize] = {};
};

}  // namespace nvsafe
