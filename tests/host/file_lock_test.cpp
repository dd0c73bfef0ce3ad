#include "host/file_lock.hpp"

#include <thread>

#include "host/host_test.hpp"
#include "host/output.hpp"

namespace nvsafe::host {
namespace {

using Kind = FileLock::Kind;

class FileLocks : public testing::Test {
 protected:
  FileLocks() { directory_.write("f", "old"); }
  [[nodiscard]] SystemResult<FileLock> take(Kind kind) const { return FileLock::take(directory_.at("f"), kind); }

  TemporaryDirectory directory_;
};

TEST_F(FileLocks, keep_others_away_until_they_go) {
  {
    const auto mine = take(Kind::kExclusive);
    ASSERT_TRUE(mine.ok());
    const auto other = take(Kind::kExclusive);
    ASSERT_FALSE(other.ok());
    EXPECT_EQ(other.error(), EWOULDBLOCK);
    EXPECT_FALSE(take(Kind::kShared).ok());
  }
  EXPECT_TRUE(take(Kind::kExclusive).ok());
}

TEST_F(FileLocks, of_readers_are_shared) {
  const auto mine = take(Kind::kShared);
  EXPECT_TRUE(mine.ok() && take(Kind::kShared).ok());
  EXPECT_FALSE(take(Kind::kExclusive).ok());
}

TEST_F(FileLocks, are_for_folders_too_and_not_for_what_is_missing) {
  const auto mine = FileLock::take(directory_.path(), Kind::kExclusive);
  EXPECT_TRUE(mine.ok());
  EXPECT_FALSE(FileLock::take(directory_.path(), Kind::kShared).ok());
  const auto missing = FileLock::take(directory_.at("gone"), Kind::kShared);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error(), ENOENT);
}

// Who waits for a lock waits for that of a file which has lost its name by the time.
TEST_F(FileLocks, are_of_the_file_that_has_the_name_now) {
  for (int round = 0; round < 10; ++round) {
    auto old = take(Kind::kExclusive);
    ASSERT_TRUE(old.ok());
    std::optional<FileLock> taken;
    std::thread other([&] {
      auto lock = take(Kind::kExclusive);
      if (lock) taken.emplace(std::move(*lock));
    });
    directory_.write("g", "new");
    std::filesystem::rename(directory_.at("g"), directory_.at("f"));
    {
      const auto gone = std::move(*old);
    }
    other.join();
    ASSERT_TRUE(taken.has_value());
    EXPECT_FALSE(take(Kind::kShared).ok()) << "the lock is of a file without a name";
  }
}

// Else another process comes between the replacing and what this one has still to do.
TEST_F(FileLocks, of_a_file_go_over_to_what_replaces_it) {
  ASSERT_TRUE(lock_until_exit(directory_.at("f")).ok());
  const std::uint8_t content[] = {'n', 'e', 'w'};
  ASSERT_TRUE(write_output({directory_.at("f"), OutputKind::kEdited}, content, {.force = true}).ok());
  EXPECT_EQ(directory_.read("f"), "new");
  const auto other = lock_until_exit(directory_.at("f"));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().exit, text::Exit::kIo);
  EXPECT_NE(other.error().what.find("is being changed by another process"), std::string::npos);
}

}  // namespace
}  // namespace nvsafe::host
