// AesKey: a scheduled AES key of the provider, owned.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "crypto/provider.hpp"
#include "nvsafe/result.hpp"

namespace nvsafe::crypto {

class AesKey {
 public:
  // `key` has 16 or 32 bytes. Errors: kProvider.
  static Result<AesKey> create(std::span<const std::uint8_t> key, provider::AesDirection direction) {
    provider::AesKeyHandle* handle = provider::aes_create(key, direction);
    if (handle == nullptr) return fail(ErrorCode::kProvider);
    return AesKey(handle);
  }
  AesKey(AesKey&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  AesKey& operator=(AesKey&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  AesKey(const AesKey&) = delete;
  AesKey& operator=(const AesKey&) = delete;
  ~AesKey() { provider::aes_destroy(handle_); }

  // `size` bytes, a multiple of 16, each block by itself (ECB); in place is allowed. Errors: kProvider.
  Result<void> blocks(const std::uint8_t* in, std::uint8_t* out, std::size_t size) const {
    if (!provider::aes_blocks(handle_, in, out, size)) return fail(ErrorCode::kProvider);
    return {};
  }

 private:
  explicit AesKey(provider::AesKeyHandle* handle) : handle_(handle) {}

  provider::AesKeyHandle* handle_;
};

}  // namespace nvsafe::crypto
