// What runs of ESP-IDF's own storage code showed of each release (facts of 2026-11-20: storage code of the tags on a PC
// over a RAM partition), and whether traits lead to it. "used": entries that are marked written after the mount, which
// succeeded in every run.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/mount_plan.hpp"
#include "store/workloads.hpp"
#include "support/twelve_entries.hpp"

namespace nvsafe::store {

// The rows of that table for one release.
struct ReleaseOutcomes {
  std::uint32_t used_with_float;
  std::uint32_t used_with_unknown_type;  // read in the source only: from 5.4 on it looks at the type
  std::uint32_t used_of_600_kb_blob;
  bool zeroes;
};

// Columns: 5.1 | 5.3 | 5.5.3, 5.5.5, 6.0 | 6.0.1, 6.0.2 | 6.1-beta1.
inline ReleaseOutcomes outcomes_of(Policy policy) {
  switch (policy) {
    case Policy::kRelease5_1:
      return {12, 12, 18903, false};
    case Policy::kRelease5_3:
      return {12, 12, 1, false};
    case Policy::kRelease5_5:
      return {11, 11, 1, false};
    case Policy::kRelease6_0_1:
      return {11, 11, 1, true};
    default:
      return {12, 11, 1, true};
  }
}

// 0x4000 bytes.
inline test::NvsWriter image_of_12_entries(ValueType type = ValueType::kU32) { return test::twelve_entries(4, type); }

// 600 000 bytes are 151 chunks: an index cannot name as many, and the original generator makes it all the same.
inline test::NvsWriter image_of_600_kb_blob() {
  test::NvsWriter writer(153);
  writer.page(0, 0, format::PageState::kFull).name_space("one", 1).chunk(1, "blob", 0, Bytes(3968, 0x5B));
  for (std::uint8_t i = 1; i < 150; ++i)
    writer.page(i, i, format::PageState::kFull).chunk(1, "blob", i, Bytes(4000, 0x5B));
  return writer.page(150, 150).chunk(1, "blob", 150, Bytes(32, 0x5B)).blob_index(1, "blob", 600000, 151);
}

// Each with one number of the same name. 255 means "any" to the firmware: the number of the last namespace is taken for
// a newer version of others.
inline test::NvsWriter image_of_255_namespaces() {
  test::NvsWriter writer(6);
  for (std::uint32_t i = 0; i < 255; ++i) {
    if (i % 63 == 0) writer.page(i / 63, i / 63, i / 63 < 4 ? format::PageState::kFull : format::PageState::kActive);
    const auto index = static_cast<std::uint8_t>(i + 1);
    writer.name_space("n" + std::to_string(i), index).number(index, "k", ValueType::kU8, i);
  }
  return writer;
}

struct Rehearsal {
  Bytes before;
  Bytes after;
  MountOutcome outcome = MountOutcome::kRefused;
  std::uint64_t program_calls = 0;

  [[nodiscard]] std::uint32_t used() const {
    std::uint32_t count = 0;
    for (std::uint32_t page = 0; page * format::kPageSize < after.size(); ++page) {
      const auto bytes = std::span(after).subspan(page * format::kPageSize, format::kPageSize);
      if (!format::is_in_use(format::decode_page_header(bytes.first<format::kPageHeaderSize>()).state)) continue;
      const auto marks = bytes.subspan<format::kBitmapOffset, format::kBitmapSize>();
      for (std::uint32_t i = 0; i < format::kEntryCount; ++i)
        count += format::entry_state(marks, i) == format::EntryState::kWritten ? 1 : 0;
    }
    return count;
  }
  // Bytes that changed, in the bitmaps and in the entries; of the latter all are 0 now, or there are none.
  [[nodiscard]] std::uint32_t changed_in(bool bitmaps) const {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < after.size(); ++i) {
      const std::uint32_t at = i % format::kPageSize;
      const bool is_bitmap = at >= format::kBitmapOffset && at < format::kEntriesOffset;
      count += before[i] != after[i] && is_bitmap == bitmaps ? 1 : 0;
    }
    return count;
  }
  [[nodiscard]] std::uint32_t zero_entries() const {
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < after.size() / format::kPageSize * format::kEntryCount; ++i) {
      const auto entry = std::span(after).subspan(Location{i}.offset(), format::kEntrySize);
      count += std::all_of(entry.begin(), entry.end(), [](std::uint8_t byte) { return byte == 0; }) ? 1 : 0;
    }
    return count;
  }
};

inline Rehearsal mounted_as(const ReleaseTraits& traits, const Bytes& image, const format::EntryCipher* cipher) {
  sim::RamNor flash(image);
  test::CountingAllocator allocator;
  const auto outcome = mount_as_release(flash, allocator, cipher, traits);
  Rehearsal rehearsal{image, Bytes(flash.bytes().begin(), flash.bytes().end())};
  rehearsal.program_calls = flash.counts().program_calls;
  EXPECT_TRUE(outcome.ok());
  if (outcome) rehearsal.outcome = *outcome;
  EXPECT_EQ(flash.counts().refusals, 0u);
  return rehearsal;
}

// One line for each row whose outcome is another one.
inline std::vector<std::string> outcome_problems(const ReleaseTraits& traits, const ReleaseOutcomes& expected) {
  std::vector<std::string> problems;
  const auto expect = [&](const std::string& row, std::uint64_t found, std::uint64_t wanted) {
    if (found != wanted) problems.push_back(row + ": " + std::to_string(found) + ", not " + std::to_string(wanted));
  };
  const auto cipher = test_cipher();
  const auto wrong = format::EntryCipher::create(test::test_key(2));
  EXPECT_TRUE(wrong.ok());
  const Bytes plain = image_of_12_entries().bytes();
  const Bytes encrypted = image_of_12_entries().encrypted(cipher);
  expect("right key, used", mounted_as(traits, encrypted, &cipher).used(), 12);

  const auto expect_wiped = [&](const std::string& row, const Rehearsal& rehearsal) {
    expect(row + ", used", rehearsal.used(), 0);
    expect(row + ", outcome", static_cast<std::uint64_t>(rehearsal.outcome), 0);
    expect(row + ", bitmap bytes", rehearsal.changed_in(true), 3);
    expect(row + ", entries zeroed", rehearsal.zero_entries(), expected.zeroes ? 12 : 0);
    if (!expected.zeroes) expect(row + ", entry bytes", rehearsal.changed_in(false), 0);
  };
  const Rehearsal wiped = mounted_as(traits, encrypted, &*wrong);
  expect_wiped("wrong key", wiped);
  expect("then the right key, used", mounted_as(traits, wiped.after, &cipher).used(), 0);
  expect_wiped("plain as encrypted", mounted_as(traits, plain, &cipher));
  expect_wiped("encrypted as plain", mounted_as(traits, encrypted, nullptr));

  const Rehearsal with_float = mounted_as(traits, image_of_12_entries(ValueType::kFloat).bytes(), nullptr);
  expect("float, used", with_float.used(), expected.used_with_float);
  expect("float, zeroed", with_float.zero_entries(), expected.zeroes ? 12 - expected.used_with_float : 0);

  const Bytes with_unknown = image_of_12_entries(ValueType{0x74}).bytes();
  expect("unknown type, used", mounted_as(traits, with_unknown, nullptr).used(), expected.used_with_unknown_type);

  const Rehearsal large = mounted_as(traits, image_of_600_kb_blob().bytes(), nullptr);
  expect("600 kB, used", large.used(), expected.used_of_600_kb_blob);
  if (expected.zeroes) expect("600 kB, programs", large.program_calls, 20104);

  expect("255 namespaces, used", mounted_as(traits, image_of_255_namespaces().bytes(), nullptr).used(), 508);
  test::NvsWriter long_key = image_of_12_entries();
  format::Entry entry;
  entry.namespace_index = 1;
  std::fill(entry.key.begin(), entry.key.end(), 'k');
  expect("over-long key, used", mounted_as(traits, long_key.put(entry, {}).bytes(), nullptr).used(), 13);
  test::NvsWriter orphan = image_of_12_entries();
  expect("orphan chunk, used",
         mounted_as(traits, orphan.chunk(1, "gone", 0, Bytes(70, 1)).number(1, "n", ValueType::kU8, 1).bytes(), nullptr)
             .used(),
         13);
  return problems;
}

}  // namespace nvsafe::store
