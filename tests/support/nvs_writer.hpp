// Writes NVS pages entry by entry for tests: any state, also those that no sound writer leaves. Expected layouts stand
// in the tests; the bytes of an entry come from src/format, which has tests of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/allocator.hpp"
#include "base/crc32.hpp"
#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/entry_state.hpp"
#include "format/page_header.hpp"
#include "support/bytes.hpp"
#include "support/kept_image.hpp"

namespace nvsafe::test {

class NvsWriter {
 public:
  explicit NvsWriter(std::uint32_t page_count) : bytes_(page_count * format::kPageSize, 0xFF) {}

  // Makes the page the one that the calls below write to; entries follow one another from 0.
  NvsWriter& page(std::uint32_t index, std::uint32_t sequence, format::PageState state = format::PageState::kActive,
                  std::uint8_t version = format::kVersion2) {
    page_ = index;
    next_ = 0;
    format::encode_page_header({state, sequence, version}, header());
    return *this;
  }
  NvsWriter& at(std::uint32_t entry_index) {
    next_ = entry_index;
    return *this;
  }
  NvsWriter& name_space(std::string_view name, std::uint8_t index) {
    format::Entry entry = started(0, name, ValueType::kU8);
    entry.set_number(index);
    return put(entry, {});
  }
  NvsWriter& number(std::uint8_t ns, std::string_view key, ValueType type, std::uint64_t value) {
    format::Entry entry = started(ns, key, type);
    entry.set_number(value);
    return put(entry, {});
  }
  // The text gets its NUL.
  NvsWriter& string(std::uint8_t ns, std::string_view key, std::string_view text) {
    Bytes data(text.begin(), text.end());
    data.push_back(0);
    return with_data(started(ns, key, ValueType::kString), data);
  }
  NvsWriter& blob_v1(std::uint8_t ns, std::string_view key, const Bytes& data) {
    return with_data(started(ns, key, ValueType::kBlobV1), data);
  }
  NvsWriter& chunk(std::uint8_t ns, std::string_view key, std::uint8_t chunk_index, const Bytes& data) {
    format::Entry entry = started(ns, key, ValueType::kBlobData);
    entry.chunk_index = chunk_index;
    return with_data(entry, data);
  }
  NvsWriter& blob_index(std::uint8_t ns, std::string_view key, std::uint32_t size, std::uint8_t count,
                        std::uint8_t start = 0) {
    format::Entry entry = started(ns, key, ValueType::kBlobIndex);
    entry.set_blob_index(size, count, start);
    return put(entry, {});
  }
  NvsWriter& put(const format::Entry& entry, const Bytes& data) {
    std::uint8_t* at = slot(next_);
    format::encode_entry(entry, std::span<std::uint8_t, format::kEntrySize>(at, format::kEntrySize));
    std::copy(data.begin(), data.end(), at + format::kEntrySize);
    for (std::uint32_t i = 0; i < entry.span && next_ + i < format::kEntryCount; ++i) {
      mark(next_ + i, format::EntryState::kWritten);
    }
    next_ += entry.span;
    return *this;
  }
  NvsWriter& mark(std::uint32_t entry_index, format::EntryState state) {
    format::set_entry_state(std::span<std::uint8_t, format::kBitmapSize>(
                                bytes_.data() + page_ * format::kPageSize + format::kBitmapOffset, format::kBitmapSize),
                            entry_index, state);
    return *this;
  }
  // Flips bits of one byte of the current page.
  NvsWriter& flip(std::uint32_t offset_in_page, std::uint8_t bits = 1) {
    bytes_[page_ * format::kPageSize + offset_in_page] ^= bits;
    return *this;
  }

  [[nodiscard]] std::uint32_t next_entry() const { return next_; }
  [[nodiscard]] const Bytes& bytes() const {
    keep_image(bytes_, {.made_by = "page by page"});
    return bytes_;
  }
  // The image with every slot that is not blank encrypted.
  [[nodiscard]] Bytes encrypted(const format::EntryCipher& cipher) const {
    Bytes out = bytes_;
    for (std::uint32_t page = 0; page * format::kPageSize < out.size(); ++page) {
      for (std::uint32_t i = 0; i < format::kEntryCount; ++i) {
        const auto one = std::span(out).subspan(format::entry_offset(page, i), format::kEntrySize);
        if (std::all_of(one.begin(), one.end(), [](std::uint8_t byte) { return byte == 0xFF; })) continue;
        EXPECT_TRUE(cipher.encrypt(page, i, one).ok());
      }
    }
    keep_image(out, {.made_by = "page by page"});
    return out;
  }

 private:
  static format::Entry started(std::uint8_t ns, std::string_view key, ValueType type) {
    format::Entry entry;
    entry.namespace_index = ns;
    entry.type = type;
    std::copy(key.begin(), key.end(), entry.key.begin());
    return entry;
  }
  NvsWriter& with_data(format::Entry entry, const Bytes& data) {
    entry.span = static_cast<std::uint8_t>(1 + format::data_entry_count(static_cast<std::uint32_t>(data.size())));
    entry.set_data(static_cast<std::uint16_t>(data.size()), nvs_crc32(data));
    return put(entry, data);
  }
  std::span<std::uint8_t, format::kPageHeaderSize> header() {
    return std::span<std::uint8_t, format::kPageHeaderSize>(bytes_.data() + page_ * format::kPageSize,
                                                            format::kPageHeaderSize);
  }
  std::uint8_t* slot(std::uint32_t entry_index) { return bytes_.data() + format::entry_offset(page_, entry_index); }

  Bytes bytes_;
  std::uint32_t page_ = 0;
  std::uint32_t next_ = 0;
};

inline format::XtsKey test_key(std::uint32_t seed) {
  const Bytes bytes = random_bytes(64, seed);
  ImageKeeper::instance().add_key(bytes);
  return format::XtsKey(std::span<const std::uint8_t, 64>(bytes));
}

// An allocator that counts, and can fail at the Nth allocation, once or from then on.
class CountingAllocator final : public Allocator {
 public:
  ~CountingAllocator() { EXPECT_EQ(in_use_, 0u) << "bytes not given back"; }
  void* allocate(std::size_t size) override {
    const std::size_t number = allocation_count_++;
    if (number == fail_at_ || (fails_on_ && number > fail_at_)) return nullptr;
    in_use_ += size;
    peak_ = std::max(peak_, in_use_);
    return ::operator new(size);
  }
  void release(void* memory, std::size_t size) override {
    in_use_ -= size;
    ::operator delete(memory);
  }
  void fail_at(std::size_t allocation, bool for_good = false) {
    fail_at_ = allocation;
    fails_on_ = for_good;
  }
  void fail_never() { fail_at(kNever); }
  [[nodiscard]] std::size_t allocation_count() const { return allocation_count_; }
  [[nodiscard]] std::size_t peak() const { return peak_; }
  [[nodiscard]] std::size_t in_use() const { return in_use_; }

 private:
  std::size_t allocation_count_ = 0;
  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);

  std::size_t fail_at_ = kNever;
  bool fails_on_ = false;
  std::size_t in_use_ = 0;
  std::size_t peak_ = 0;
};

}  // namespace nvsafe::test
