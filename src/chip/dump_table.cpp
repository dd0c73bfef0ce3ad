#include "chip/dump_table.hpp"

#include <algorithm>
#include <array>

#include "table/binary.hpp"

namespace nvsafe::chip {
namespace {

// Of a table's start, decrypted if need be: enough to see whether it can be one. The ESP32's cipher works by 32 bytes.
bool may_be_table(std::span<const std::uint8_t> bytes, std::uint32_t offset, const FlashCipher* cipher) {
  if (cipher == nullptr) return table::is_binary_table(bytes);
  std::array<std::uint8_t, table::kRecordSize> record;
  std::copy_n(bytes.begin(), record.size(), record.begin());
  return cipher->decrypt(offset, record).ok() && table::is_binary_table(record);
}

}  // namespace

std::optional<table::Table> table_at(std::span<const std::uint8_t> flash, std::uint32_t offset,
                                     const FlashCipher* cipher) {
  if (flash.size() < table::kBinarySize || offset > flash.size() - table::kBinarySize) return std::nullopt;
  const auto bytes = flash.subspan(offset, table::kBinarySize);
  if (!may_be_table(bytes, offset, cipher)) return std::nullopt;
  table::BinaryTable plain;
  std::copy(bytes.begin(), bytes.end(), plain.begin());
  if (cipher != nullptr && !cipher->decrypt(offset, plain)) return std::nullopt;
  table::ProblemList ignored;
  return table::decode_table(plain, table::Md5Use::kYes, ignored);
}

std::optional<std::uint32_t> find_table(std::span<const std::uint8_t> flash, const FlashCipher* cipher) {
  for (std::uint64_t at = table::kTableFlashSize; at + table::kBinarySize <= flash.size() && at <= UINT32_MAX;
       at += table::kTableFlashSize) {
    if (table_at(flash, static_cast<std::uint32_t>(at), cipher)) return static_cast<std::uint32_t>(at);
  }
  return std::nullopt;
}

}  // namespace nvsafe::chip
