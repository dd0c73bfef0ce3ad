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
    return EntryCipher(std::move(*xts));
  }

  // `entries`: whole entries that lie one after the other from `entry_index` of page `page_index`; changed in place.
  // Errors: kOutOfRange, kProvider.
  Result<void> encrypt(std::uint32_t page_index, std::uint32_t entry_index, std::span<std::uint8_t> entries) const {
    return xts_.encrypt(entries, units(page_index, entry_index));
  }
  Result<void> decrypt(std::uint32_t page_index, std::uint32_t entry_index, std::span<std::uint8_t> entries) const {
    return xts_.decrypt(entries, units(page_index, entry_index));
  }

 private:
  explicit EntryCipher(crypto::XtsCipher xts) : xts_(std::move(xts)) {}

  static crypto::XtsUnits units(std::uint32_t page_index, std::uint32_t entry_index) {
    return {kEntrySize, entry_offset(page_index, entry_index), kEntrySize};
  }

  crypto::XtsCipher xts_;
};

}  // namespace nvsafe::format
