#include "host/file_lock.hpp"

#include <fcntl.h>

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

// Whoever had the lock may have put another file in its place between the opening of the old one and its locking.
TEST_F(FileLocks, are_of_the_file_that_has_the_name_now) {
  const std::string path = directory_.at("f");
  FileDescriptor old(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  directory_.write("g", "new");
  std::filesystem::rename(directory_.at("g"), path);
  const auto lock = FileLock::take_opened(std::move(old), path, Kind::kExclusive);
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error(), ESTALE);
  FileDescriptor now(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_TRUE(FileLock::take_opened(std::move(now), path, Kind::kExclusive).ok());
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
