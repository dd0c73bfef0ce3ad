// NVS encryption: XTS-AES-256 with one entry as data unit and the entry's offset in the partition as tweak.
#pragma once

#include <cstdint>
#include <span>

#include "crypto/xts.hpp"
#include "format/key_page.hpp"
#include "format/layout.hpp"

namespace nvsafe::format {

class EntryCipher {
 public:
  // Errors: kProvider.
  static Result<EntryCipher> create(const XtsKey& key) {
    auto xts = crypto::XtsCipher::create(key.bytes());
    if (!xts) return xts.failed();
    return EntryCipher(std::move(*xts), format::has_equal_halves(key));
  }

  // Such a key reads what a device has written with it; nothing new is encrypted with it.
  [[nodiscard]] bool has_equal_halves() const { return has_equal_halves_; }

  // `entries`: whole entries that lie one after the other from `entry_index` of page `page_index`; changed in place.
  // Errors: kOutOfRange, kProvider.
  Result<void> encrypt(std::uint32_t page_index, std::uint32_t entry_index, std::span<std::uint8_t> entries) const {
    return xts_.encrypt(entries, units(page_index, entry_index));
  }
  Result<void> decrypt(std::uint32_t page_index, std::uint32_t entry_index, std::span<std::uint8_t> entries) const {
    return xts_.decrypt(entries, units(page_index, entry_index));
  }

 private:
  EntryCipher(crypto::XtsCipher xts, bool has_equal_halves)
      : xts_(std::move(xts)), has_equal_halves_(has_equal_halves) {}

  static crypto::XtsUnits units(std::uint32_t page_index, std::uint32_t entry_index) {
    return {kEntrySize, entry_offset(page_index, entry_index), kEntrySize};
  }

  crypto::XtsCipher xts_;
  bool has_equal_halves_;
};

}  // namespace nvsafe::format
