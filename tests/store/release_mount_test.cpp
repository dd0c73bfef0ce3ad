// The mount of a firmware release, byte for byte against the model that the tests have of it, and where it ends early.
//
// `make test` tries a part of the cases, chosen by the seed; NVSAFE_CUT_ALL=1 (make soak) tries all of them.
#include "store/release_mount.hpp"

#include <gtest/gtest.h>

#include "flash/span_flash.hpp"
#include "sim/power_cut.hpp"
#include "store/release_outcomes.hpp"
#include "store/stock_judge.hpp"

namespace nvsafe::store {
namespace {

using sim::RamNor;

MountOutcome outcome_of(StockError error) {
  switch (error) {
    case StockError::kNone:
      return MountOutcome::kMounted;
    case StockError::kNoFreePages:
      return MountOutcome::kNoFreePages;
    case StockError::kNewVersionFound:
      return MountOutcome::kNewVersionFound;
    default:
      ADD_FAILURE() << "the model fails with " << hex(error);
      return MountOutcome::kRefused;
  }
}

// Where the marks say nothing, so that what stands there may differ: entries that are erased.
void clear_erased_entries(Bytes& bytes) {
  for (std::uint32_t i = 0; i < bytes.size() / format::kPageSize * format::kEntryCount; ++i) {
    const Location location{i};
    const std::uint32_t bitmap = location.page_index() * format::kPageSize + format::kBitmapOffset;
    const auto marks = std::span(bytes).subspan(bitmap, format::kBitmapSize);
    if (format::entry_state(marks.first<format::kBitmapSize>(), location.entry_index()) != format::EntryState::kErased)
      continue;
    std::fill_n(bytes.begin() + location.offset(), format::kEntrySize, std::uint8_t{0});
  }
}

// The model is of a release that knows floats and zeroes; others are compared without what only that explains. Empty:
// they agree.
std::string difference_from_model(const Bytes& image, const format::EntryCipher* cipher) {
  RamNor modelled(image);
  const MountOutcome outcome = outcome_of(StockModel(modelled, cipher).mount());
  Bytes expected(modelled.bytes().begin(), modelled.bytes().end());
  const Rehearsal newest = mounted_as(traits_of(Policy::kRelease6_1), image, cipher);
  if (newest.outcome != outcome) return "another outcome";
  if (newest.after != expected) {
    const auto at = std::mismatch(expected.begin(), expected.end(), newest.after.begin()).first - expected.begin();
    return "another byte at " + std::to_string(at);
  }
  ReleaseTraits marks_only = traits_of(Policy::kRelease6_1);
  marks_only.zeroes_what_it_erases = false;
  Rehearsal older = mounted_as(marks_only, image, cipher);
  clear_erased_entries(older.after);
  clear_erased_entries(expected);
  return older.after == expected ? "" : "another byte without zeros";
}

class ReleaseMountOf : public testing::TestWithParam<std::tuple<std::size_t, bool>> {};

TEST_P(ReleaseMountOf, our_images_cut_or_not_is_that_of_the_model) {
  const auto [index, is_encrypted] = GetParam();
  const Workload workload = workloads()[index];
  const auto key = test_cipher();
  const format::EntryCipher* cipher = is_encrypted ? &key : nullptr;
  const RamNor start = start_image(workload, cipher);
  EXPECT_EQ(difference_from_model(Bytes(start.bytes().begin(), start.bytes().end()), cipher), "");
  Progress progress;
  sim::PowerCutSettings settings{.nor = kStrict, .positions_max = 4, .keep_one_in = tries_all() ? 1u : 32u};
  sim::PowerCuts cuts("release mount: " + workload.name, start, settings);
  cuts.run([&](sim::Nor& flash) { run(flash, workload, cipher, progress); },
           [&](RamNor& cut, const sim::PowerCutCase&) {
             return difference_from_model(Bytes(cut.bytes().begin(), cut.bytes().end()), cipher);
           });
  EXPECT_GT(cuts.tried(), 0u);
  EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
}

INSTANTIATE_TEST_SUITE_P(Store, ReleaseMountOf,
                         testing::Combine(testing::Range<std::size_t>(0, workloads().size()), testing::Bool()));

// Images of the firmware's own order of writing, cut: FREEING pages, two versions, half a collection.
TEST(ReleaseMount, of_images_that_the_firmware_wrote_cut_or_not_is_that_of_the_model) {
  std::uint64_t tried = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto key = test_cipher();
    const format::EntryCipher* cipher = seed % 2 == 0 ? &key : nullptr;
    sim::PowerCutSettings settings{
        .seed = seed, .positions_max = 2, .keep_one_in = tries_all() ? 16u : 512u, .prints = false};
    sim::PowerCuts cuts("seed " + std::to_string(seed),
                        RamNor(static_cast<std::uint32_t>(3 + seed % 4) * format::kPageSize), settings);
    cuts.run(
        [&](sim::Nor& flash) {
          sim::SeededRandom random(seed);
          StockModel stock(flash, cipher);
          if (stock.mount() != StockError::kNone) return;
          for (int i = 0; i < 80; ++i) {
            const StockError error = stock.perform(random_operation(random));
            if (error == StockError::kFlash || error == StockError::kNoFreePages) return;
          }
        },
        [&](RamNor& cut, const sim::PowerCutCase&) {
          return difference_from_model(Bytes(cut.bytes().begin(), cut.bytes().end()), cipher);
        });
    EXPECT_EQ(cuts.failed(), 0u) << cuts.text();
    tried += cuts.tried();
  }
  std::cout << "release mount, images of the firmware: tried " << tried << "\n";
  EXPECT_GT(tried, 100u);
}

// Plain and encrypted ones, under the key, another, or none; a few bytes of each changed, headers and entries sound
// again afterwards.
TEST(ReleaseMount, of_damaged_images_is_that_of_the_model) {
  const auto key = test_cipher();
  const auto all = workloads();
  const std::uint64_t seed_count = tries_all() ? 20000 : 200;
  for (std::uint64_t seed = 1; seed <= seed_count; ++seed) {
    sim::SeededRandom random(seed);
    const bool is_encrypted = random.next_bool();
    const Workload& workload = all[random.below(all.size())];
    Bytes image = [&] {
      static std::map<std::string, Bytes> made;
      Bytes& bytes = made[workload.name];
      if (bytes.empty()) {
        const RamNor start = start_image(workload, nullptr);
        bytes.assign(start.bytes().begin(), start.bytes().end());
      }
      return bytes;
    }();
    for (std::uint64_t i = random.below(20); i > 0; --i) {
      const auto page = static_cast<std::uint32_t>(random.below(image.size() / format::kPageSize)) * format::kPageSize;
      const auto part = random.below(4);
      const auto at = part == 0   ? random.below(format::kPageHeaderSize)
                      : part == 1 ? format::kBitmapOffset + random.below(format::kBitmapSize)
                                  : format::kEntriesOffset + 32 * random.below(format::kEntryCount) + random.below(6);
      image[page + at] &= random.next_byte();
      const auto header = std::span(image).subspan(page, format::kPageHeaderSize).first<format::kPageHeaderSize>();
      if (part == 0 && header[0] != 0xFF) {
        header[8] |= 0xFE;
        const std::uint32_t crc = format::page_header_crc(header);
        for (std::uint32_t byte = 0; byte < 4; ++byte)
          header[format::kPageHeaderCrcOffset + byte] = static_cast<std::uint8_t>(crc >> (8 * byte));
      }
      if (part >= 2) {
        const auto entry = std::span(image)
                               .subspan(page + at - at % format::kEntrySize, format::kEntrySize)
                               .first<format::kEntrySize>();
        format::encode_entry(format::decode_entry(entry), entry);
      }
    }
    if (is_encrypted) {
      for (std::uint32_t i = 0; i < image.size() / format::kPageSize * format::kEntryCount; ++i) {
        const Location location{i};
        const auto entry = std::span(image).subspan(location.offset(), format::kEntrySize);
        ASSERT_TRUE(key.encrypt(location.page_index(), location.entry_index(), entry).ok());
      }
    }
    const bool with_key = random.below(4) == 0 ? !is_encrypted : is_encrypted;
    EXPECT_EQ(difference_from_model(image, with_key ? &key : nullptr), "") << "seed " << seed;
  }
}

// --- Ends

TEST(ReleaseMount, a_page_of_a_newer_version_ends_it_and_nothing_is_touched) {
  Bytes image = image_of_12_entries().bytes();
  const auto header = std::span(image).subspan<format::kPageSize, format::kPageHeaderSize>();
  format::encode_page_header({format::PageState::kActive, 1, 0xFD}, header);
  for (const Policy policy : kReleasePolicies) {
    const Rehearsal mounted = mounted_as(traits_of(policy), image, nullptr);
    EXPECT_EQ(mounted.outcome, MountOutcome::kNewVersionFound);
    EXPECT_EQ(mounted.after, image);
  }
}

TEST(ReleaseMount, finds_no_free_page) {
  test::NvsWriter writer(2);
  writer.page(0, 0, format::PageState::kFull).name_space("one", 1).page(1, 1).number(1, "a", ValueType::kU8, 1);
  for (const Policy policy : kReleasePolicies) {
    const Rehearsal mounted = mounted_as(traits_of(policy), writer.bytes(), nullptr);
    EXPECT_EQ(mounted.outcome, MountOutcome::kNoFreePages);
    EXPECT_EQ(mounted.after, writer.bytes());
  }
}

TEST(ReleaseMount, of_a_blank_partition_programs_nothing_and_one_page_is_enough) {
  const Bytes blank(format::kPageSize, 0xFF);
  const Rehearsal mounted = mounted_as(traits_of(Policy::kRelease5_5), blank, nullptr);
  EXPECT_EQ(mounted.outcome, MountOutcome::kMounted);
  EXPECT_EQ(mounted.after, blank);
}

// As of a partition that is flash-encrypted: no page has a header.
TEST(ReleaseMount, of_random_bytes_erases_the_first_page) {
  const Bytes noise = test::random_bytes(3 * format::kPageSize, 5);
  Bytes expected = noise;
  std::fill_n(expected.begin(), format::kPageSize, std::uint8_t{0xFF});
  for (const Policy policy : kReleasePolicies) {
    const Rehearsal mounted = mounted_as(traits_of(policy), noise, nullptr);
    EXPECT_EQ(mounted.outcome, MountOutcome::kMounted);
    EXPECT_EQ(mounted.after, expected);
  }
}

TEST(ReleaseMount, of_a_cut_collection_throws_the_copy_away_and_makes_it_again) {
  const auto cipher = test_cipher();
  test::NvsWriter writer(4);
  writer.page(0, 0, format::PageState::kFreeing)
      .name_space("one", 1)
      .number(1, "dead", ValueType::kU8, 1)
      .mark(1, format::EntryState::kErased)
      .string(1, "text", "kept");
  writer.page(1, 1).name_space("one", 1);
  test::NvsWriter expected(4);
  // The page that was free longest gets the copy; the one that was thrown away had 1, so the copy is 2.
  expected.page(2, 2).name_space("one", 1).string(1, "text", "kept");
  for (const Policy policy : kReleasePolicies) {
    const Rehearsal mounted = mounted_as(traits_of(policy), writer.encrypted(cipher), &cipher);
    EXPECT_EQ(mounted.outcome, MountOutcome::kMounted);
    EXPECT_EQ(mounted.after, expected.encrypted(cipher));
  }
}

TEST(ReleaseMount, needs_whole_pages) {
  test::CountingAllocator allocator;
  const Bytes bytes(format::kPageSize + 1, 0xFF);
  flash::SpanFlash odd(bytes);
  flash::SpanFlash none(std::span<const std::uint8_t>{});
  for (flash::SpanFlash* flash : {&odd, &none}) {
    EXPECT_EQ(mount_as_release(*flash, allocator, nullptr, traits_of(Policy::kRelease5_5)).error().code,
              ErrorCode::kBadSize);
  }
}

}  // namespace
}  // namespace nvsafe::store
