// Partition: the values of one NVS partition, plain or encrypted, to read and to change. No byte is written before the
// key is proven, and a power cut leaves each value old or new (docs/RELIABILITY.md).
//
//   auto flash = nvsafe::FileFlash::open("nvs.bin");
//   auto nvs = nvsafe::Partition::open(*flash, nvsafe::heap(), {.key = key_page});
//   auto channel = nvs->get<std::uint8_t>("wifi", "channel");
//   auto changed = nvs->set<std::uint8_t>("wifi", "channel", 11);
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nvsafe/allocator.hpp"
#include "nvsafe/flash.hpp"
#include "nvsafe/result.hpp"
#include "nvsafe/value_type.hpp"

namespace nvsafe {

// The type in NVS of an integer of 1 to 8 bytes (bool is none), a float or a double.
template <typename T>
concept NumberType = (std::is_integral_v<T> && !std::is_same_v<T, bool> && sizeof(T) <= 8) ||
                     std::is_same_v<T, float> || std::is_same_v<T, double>;
template <NumberType T>
[[nodiscard]] constexpr ValueType value_type_of() {
  if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? ValueType::kFloat : ValueType::kDouble;
  return static_cast<ValueType>((std::is_signed_v<T> ? 0x10 : 0) | sizeof(T));
}

struct PartitionOptions {
  std::span<const std::uint8_t> key = {};  // 64 bytes, or an nvs_keys page; empty: not encrypted
  bool is_read_only = false;               // nothing is written, not even what a power cut left is put in order
  bool purges = false;                     // what is replaced or erased is overwritten with zeros
};

// Not for two threads at once. Names have at most 15 bytes: longer ones are kNameTooLong everywhere. Besides, every
// call can give kFlashIo, kFlashRule, kPowerLost, kProvider and kNoMemory.
class Partition {
 public:
  // `flash` and `allocator` must outlive it; the key is copied. Errors: kKeyProof (entries are written, none decodes
  // with this key, or without one), kOutOfRange, kKeyPageErased, kKeyPageDamaged (the key), kEqualKeyHalves,
  // kUnsupportedVersion, kBadSize. Nothing was written then.
  static Result<Partition> open(Flash& flash, Allocator& allocator, const PartitionOptions& options = {});

  Partition(Partition&& other) noexcept : parts_(std::exchange(other.parts_, nullptr)) {}
  Partition& operator=(Partition&& other) noexcept {
    std::swap(parts_, other.parts_);
    return *this;
  }
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;
  ~Partition();

  // Errors of all that read: kNotFound; kWrongType; kDamaged (the value does not match its CRC).
  template <NumberType T>
  Result<T> get(std::string_view name_space, std::string_view key) {
    const auto bits = get_number(name_space, key, value_type_of<T>());
    if (!bits) return bits.failed();
    if constexpr (std::is_same_v<T, float>) {
      return std::bit_cast<float>(static_cast<std::uint32_t>(*bits));
    } else if constexpr (std::is_same_v<T, double>) {
      return std::bit_cast<double>(*bits);
    } else {
      return static_cast<T>(*bits);
    }
  }
  // The text in `buffer`, without its NUL, for which there must be room. Errors also: kBufferTooSmall.
  Result<std::string_view> get_string(std::string_view name_space, std::string_view key, std::span<char> buffer);
  Result<std::span<const std::uint8_t>> get_blob(std::string_view name_space, std::string_view key,
                                                 std::span<std::uint8_t> buffer);
  // Bytes of a value of any type; a string's with its NUL.
  Result<std::uint32_t> size(std::string_view name_space, std::string_view key);

  // A set makes the namespace if it is not there, and replaces a value of another type. It is on flash when it returns.
  // Errors: kNoSpace, kValueTooLong, kInvalidValue (NaN, a NUL in a string), kReadOnly: nothing was written.
  template <NumberType T>
  Result<void> set(std::string_view name_space, std::string_view key, T value) {
    if constexpr (std::is_same_v<T, float>) {
      return set_number(name_space, key, ValueType::kFloat, std::bit_cast<std::uint32_t>(value));
    } else if constexpr (std::is_same_v<T, double>) {
      return set_number(name_space, key, ValueType::kDouble, std::bit_cast<std::uint64_t>(value));
    } else {
      return set_number(name_space, key, value_type_of<T>(), static_cast<std::uint64_t>(value));
    }
  }
  Result<void> set_string(std::string_view name_space, std::string_view key, std::string_view text);
  Result<void> set_blob(std::string_view name_space, std::string_view key, std::span<const std::uint8_t> value);
  // Errors: kNotFound, kReadOnly.
  Result<void> erase(std::string_view name_space, std::string_view key);

 private:
  struct Parts;
  explicit Partition(Parts* parts) : parts_(parts) {}

  Result<std::uint64_t> get_number(std::string_view name_space, std::string_view key, ValueType type);
  Result<void> set_number(std::string_view name_space, std::string_view key, ValueType type, std::uint64_t bits);

  Parts* parts_;
};

}  // namespace nvsafe
