// Buffer: the one container of the core, over the allocator that is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>

#include "nvsafe/allocator.hpp"
#include "nvsafe/assert.hpp"

namespace nvsafe {

// A growable array of plain values over an Allocator. Growing can fail; nothing else can.
template <typename T>
  requires std::is_trivially_copyable_v<T>
class Buffer {
 public:
  explicit Buffer(Allocator& allocator) : allocator_(&allocator) {}
  Buffer(Buffer&& other) noexcept
      : allocator_(other.allocator_), data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  Buffer& operator=(Buffer&&) = delete;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(); }

  // Makes room for `capacity` elements in all. False: no memory, nothing changed.
  [[nodiscard]] bool reserve(std::size_t capacity) {
    if (capacity <= capacity_) return true;
    if (capacity > static_cast<std::size_t>(-1) / sizeof(T)) return false;
    auto* memory = static_cast<T*>(allocator_->allocate(capacity * sizeof(T)));
    if (memory == nullptr) return false;
    for (std::size_t i = 0; i < size_; ++i) memory[i] = data_[i];
    const std::size_t size = size_;
    release();
    data_ = memory;
    size_ = size;
    capacity_ = capacity;
    return true;
  }
  // New elements are value-initialised.
  [[nodiscard]] bool resize(std::size_t size) {
    if (!reserve(size)) return false;
    for (std::size_t i = size_; i < size; ++i) data_[i] = T{};
    size_ = size;
    return true;
  }
  [[nodiscard]] bool push_back(const T& value) {
    if (size_ == capacity_ && !reserve(capacity_ == 0 ? 8 : capacity_ * 2)) return false;
    data_[size_++] = value;
    return true;
  }
  void clear() { size_ = 0; }
  void pop_back() {
    NVSAFE_ASSERT(size_ > 0);
    --size_;
  }
  void swap(Buffer& other) noexcept {
    std::swap(allocator_, other.allocator_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] T& operator[](std::size_t i) {
    NVSAFE_ASSERT(i < size_);
    return data_[i];
  }
  [[nodiscard]] const T& operator[](std::size_t i) const {
    NVSAFE_ASSERT(i < size_);
    return data_[i];
  }
  [[nodiscard]] std::span<T> span() { return {data_, size_}; }
  [[nodiscard]] std::span<const T> span() const { return {data_, size_}; }
  [[nodiscard]] T* begin() { return data_; }
  [[nodiscard]] T* end() { return data_ + size_; }
  [[nodiscard]] const T* begin() const { return data_; }
  [[nodiscard]] const T* end() const { return data_ + size_; }

 private:
  void release() {
    if (data_ != nullptr) allocator_->release(data_, capacity_ * sizeof(T));
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

  Allocator* allocator_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace nvsafe
