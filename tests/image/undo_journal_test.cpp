// The undo journal: back to the very bytes, and only of the file that it describes.
#include "image/undo_journal.hpp"

#include <gtest/gtest.h>

#include "sim/seeded_random.hpp"
#include "support/bytes.hpp"

namespace nvsafe::image {
namespace {

using File = std::vector<std::uint8_t>;

constexpr std::uint32_t kSector = 4096;

crypto::Sha256 digest_of(const File& file) { return *crypto::sha256(file); }

// A file in 1, 2, … versions; each differs from the one before in the sectors named.
struct History {
  explicit History(std::size_t sectors) { versions.push_back(test::random_bytes(sectors * kSector, 1)); }

  UndoStep change(const std::vector<std::uint32_t>& sectors) {
    File next = versions.back();
    std::vector<std::uint32_t> offsets;
    for (const std::uint32_t sector : sectors) {
      next[sector * kSector + versions.size()] ^= 0xFF;
      offsets.push_back(sector * kSector);
    }
    versions.push_back(next);
    return *undo_step(versions[versions.size() - 2], versions.back(), offsets, true);
  }
  std::vector<File> versions;
};

TEST(UndoJournal, leads_back_step_by_step) {
  History history(6);
  UndoJournal journal;
  journal.push(history.change({0, 3}));
  journal.push(history.change({3}));
  journal.push(history.change({5, 1, 2}));
  auto read = UndoJournal::decode(*journal.encode(), "j");
  ASSERT_TRUE(read.ok());
  File file = history.versions.back();
  for (std::size_t i = history.versions.size() - 1; i > 0; --i) {
    ASSERT_TRUE(read->settle(digest_of(file)));
    EXPECT_TRUE(read->steps().back().has_addresses);
    auto before = undone(file, read->steps().back());
    ASSERT_TRUE(before.ok());
    file = *before;
    EXPECT_EQ(file, history.versions[i - 1]);
    read->pop();
  }
  EXPECT_FALSE(read->settle(digest_of(file)));
}

// Power failed between the journal and the file, and the other way round between the file and the journal of an undo.
TEST(UndoJournal, a_step_that_never_happened_is_dropped) {
  History history(4);
  UndoJournal journal;
  journal.push(history.change({0}));
  journal.push(history.change({1}));
  ASSERT_TRUE(journal.settle(digest_of(history.versions[1])));
  EXPECT_EQ(journal.steps().size(), 1u);
  EXPECT_EQ(*undone(history.versions[1], journal.steps().back()), history.versions[0]);
  EXPECT_FALSE(journal.settle(digest_of(history.versions[0])));
  EXPECT_TRUE(journal.empty());
}

TEST(UndoJournal, describes_no_other_file) {
  History history(4);
  UndoJournal journal;
  journal.push(history.change({0, 2}));
  File other = history.versions.back();
  other[kSector * 3] ^= 1;
  EXPECT_FALSE(journal.settle(digest_of(other)));
  EXPECT_FALSE(undone(other, journal.steps().back()).ok());
  other.pop_back();
  EXPECT_FALSE(undone(other, journal.steps().back()).ok());
  EXPECT_EQ(journal.steps().size(), 1u);
}

TEST(UndoJournal, keeps_the_newest_steps) {
  History history(2);
  UndoJournal journal;
  for (std::size_t i = 0; i < UndoJournal::kStepCountMax + 5; ++i) journal.push(history.change({1}));
  ASSERT_EQ(journal.steps().size(), UndoJournal::kStepCountMax);
  EXPECT_EQ(journal.steps().back().after, digest_of(history.versions.back()));
  EXPECT_EQ(journal.steps().front().before, digest_of(history.versions[5]));
}

TEST(UndoJournal, stays_within_its_size_but_for_one_step) {
  const std::size_t sectors = UndoJournal::kSizeMax / kSector / 2;
  History history(sectors + 1);
  std::vector<std::uint32_t> most(sectors);
  for (std::size_t i = 0; i < sectors; ++i) most[i] = static_cast<std::uint32_t>(i);
  UndoJournal journal;
  journal.push(history.change(most));
  journal.push(history.change(most));
  EXPECT_EQ(journal.steps().size(), 1u);
  journal.push(history.change({1}));
  EXPECT_EQ(journal.steps().size(), 2u);
  EXPECT_LE(journal.encode()->size(), UndoJournal::kSizeMax);
}

TEST(UndoJournal, what_is_cut_flipped_or_foreign_is_refused) {
  History history(3);
  UndoJournal journal;
  journal.push(history.change({0}));
  journal.push(history.change({2}));
  const auto good = *journal.encode();
  ASSERT_TRUE(UndoJournal::decode(good, "j").ok());
  for (std::size_t size = 0; size < good.size(); size += size < 200 ? 1 : 97) {
    EXPECT_FALSE(UndoJournal::decode(std::span(good).first(size), "j").ok()) << size;
  }
  sim::SeededRandom random(1);
  for (int i = 0; i < 300; ++i) {
    auto bad = good;
    bad[random.below(bad.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    EXPECT_FALSE(UndoJournal::decode(bad, "j").ok());
  }
  EXPECT_FALSE(UndoJournal::decode(test::random_bytes(5000, 3), "j").ok());
}

// A digest proves nothing about who made it.
TEST(UndoJournal, sizes_that_do_not_fit_are_refused_whatever_the_digest_says) {
  History history(3);
  UndoJournal journal;
  journal.push(history.change({0, 2}));
  auto content = *journal.encode();
  content.resize(content.size() - 32);
  for (std::size_t at = 14; at < content.size(); at += at < 120 ? 1 : 511) {
    auto bad = content;
    for (std::size_t i = at; i < std::min(at + 4, bad.size()); ++i) bad[i] = 0xFF;
    const auto digest = *crypto::sha256(bad);
    bad.insert(bad.end(), digest.begin(), digest.end());
    const auto read = UndoJournal::decode(bad, "j");
    for (std::size_t i = 0; read.ok() && i < read->steps().size(); ++i) {
      (void)undone(history.versions.back(), read->steps()[i]);  // an error or bytes: nothing out of bounds
    }
  }
}

}  // namespace
}  // namespace nvsafe::image
