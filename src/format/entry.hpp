// One entry: the 32 bytes that hold a key and a number, or open a string, a chunk or a blob.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "format/layout.hpp"
#include "nvsafe/name.hpp"
#include "nvsafe/value_type.hpp"

namespace nvsafe::format {

using EntryBytes = std::span<const std::uint8_t, kEntrySize>;

struct Entry {
  std::uint8_t namespace_index = 0;
  ValueType type = ValueType::kU8;  // may be a value that is_known() does not know
  std::uint8_t span = 1;            // entries in all: this one and its data entries
  std::uint8_t chunk_index = kChunkIndexNone;
  std::array<char, Name::kFieldSize> key{};  // zero-padded
  std::array<std::uint8_t, 8> data{};        // meaning by type, see below

  // Up to the first NUL; 16 bytes when there is none, which no sound writer makes.
  [[nodiscard]] std::string_view key_view() const {
    std::size_t size = 0;
    while (size < key.size() && key[size] != '\0') ++size;
    return {key.data(), size};
  }
  void set_key(const Name& name);

  // A number's value, little-endian in the low number_size(type) bytes. Requires: is_number(type).
  [[nodiscard]] std::uint64_t number() const;
  void set_number(std::uint64_t value);

  // Strings, v1 blobs and chunks: bytes of data in the entries that follow, and their CRC.
  [[nodiscard]] std::uint16_t data_size() const;
  [[nodiscard]] std::uint32_t data_crc() const;
  void set_data(std::uint16_t size, std::uint32_t crc);

  // Blob index: bytes of the whole blob, and its chunks chunk_start … chunk_start + chunk_count - 1.
  [[nodiscard]] std::uint32_t blob_size() const;
  [[nodiscard]] std::uint8_t chunk_count() const;
  [[nodiscard]] std::uint8_t chunk_start() const;
  void set_blob_index(std::uint32_t size, std::uint8_t count, std::uint8_t start);
};

// The stored CRC equals the one over bytes 0..3 and 8..31.
[[nodiscard]] bool is_entry_crc_right(EntryBytes bytes);
[[nodiscard]] Entry decode_entry(EntryBytes bytes);
// Fills all 32 bytes, with the CRC.
void encode_entry(const Entry& entry, std::span<std::uint8_t, kEntrySize> out);

// What is wrong with an entry whose CRC is right.
enum class EntryFault : std::uint8_t {
  kNone,
  kSpan,        // 0, past the end of the page, or not what the type and size need
  kChunkIndex,  // blob data without an index, or something else with one
  kBlobIndex,   // chunks that no blob can have, or more bytes than they hold
  kKey,         // no NUL within 16 bytes
  kType,        // a type this engine does not know (kept, never touched)
  kNamespace,   // index 255
};
// `entry_index`: where in its page the entry stands.
[[nodiscard]] EntryFault entry_fault(const Entry& entry, std::uint32_t entry_index);

}  // namespace nvsafe::format
