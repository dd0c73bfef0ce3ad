// SecretBuffer: secret bytes whose number is known only at run time, such as a key file. Wiped when it goes or grows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/secret.hpp"

namespace nvsafe::host {

// Moving leaves the source empty. For a fixed number of bytes use SecretBytes.
class SecretBuffer {
 public:
  SecretBuffer() = default;
  SecretBuffer(SecretBuffer&& other) noexcept
      : data_(std::move(other.data_)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  SecretBuffer& operator=(SecretBuffer&& other) noexcept {
    if (this != &other) {
      wipe();
      data_ = std::move(other.data_);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  SecretBuffer(const SecretBuffer&) = delete;
  SecretBuffer& operator=(const SecretBuffer&) = delete;
  ~SecretBuffer() { wipe(); }

  // New bytes are zero; bytes cut off are wiped.
  void resize(std::size_t size) {
    if (size > capacity_) grow(std::max(size, capacity_ * 2));
    if (size < size_) secure_wipe(mutable_bytes().subspan(size));
    size_ = size;
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::uint8_t* data() { return data_.get(); }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data_.get(), size_}; }
  [[nodiscard]] std::span<std::uint8_t> mutable_bytes() { return {data_.get(), size_}; }

 private:
  void grow(std::size_t capacity) {
    auto data = std::make_unique<std::uint8_t[]>(capacity);
    std::copy_n(data_.get(), size_, data.get());
    wipe();
    data_ = std::move(data);
    capacity_ = capacity;
  }
  void wipe() { secure_wipe({data_.get(), size_}); }

  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // the bytes behind size_ are zero
};

}  // namespace nvsafe::host
