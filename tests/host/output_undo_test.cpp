// What is taken back when the disk fails late: never a key whose image stays.
#include <sys/syscall.h>

#include "host/host_test.hpp"
#include "host/output.hpp"

namespace {

int syncs_left = -1;  // -1: all succeed

}  // namespace

// In place of the C library's.
extern "C" int fsync(int file) {
  if (syncs_left == 0) {
    errno = EIO;
    return -1;
  }
  if (syncs_left > 0) --syncs_left;
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace nvsafe::host {
namespace {

using test::as_bytes;

class OutputUndo : public testing::TestWithParam<Staging> {
 protected:
  ~OutputUndo() override { syncs_left = -1; }

  // A new key and an image over an old one, with a disk that fails after `count` syncs: of the key, of the image, of
  // the key's directory, of the image's.
  bool commit_with_syncs(int count) {
    directory_.write("image.bin", "old");
    OutputSet set({true, GetParam()});
    syncs_left = count;
    return set.add({directory_.at("keys.bin"), OutputKind::kKey}, as_bytes("key")).ok() &&
           set.add({directory_.at("image.bin"), OutputKind::kSecret}, as_bytes("image")).ok() && set.commit().ok();
  }

  TemporaryDirectory directory_;
};

INSTANTIATE_TEST_SUITE_P(Staging, OutputUndo, testing::Values(Staging::kUnnamed, Staging::kNamed),
                         [](const auto& staging) { return staging.param == Staging::kUnnamed ? "unnamed" : "named"; });

TEST_P(OutputUndo, a_key_goes_when_its_image_never_came) {
  for (const int count : {0, 1, 2}) {
    EXPECT_FALSE(commit_with_syncs(count));
    EXPECT_EQ(directory_.names(), Names{"image.bin"}) << count;
    EXPECT_EQ(directory_.read("image.bin"), "old") << count;
  }
}

// A set that flushes only its key: two syncs, of the key and of its directory.
TEST_P(OutputUndo, of_what_can_be_made_again_only_the_key_is_flushed) {
  directory_.write("image.bin", "old");
  for (const int count : {1, 2}) {
    OutputSet set({true, GetParam(), true});
    syncs_left = count;
    ASSERT_TRUE(set.add({directory_.at("keys.bin"), OutputKind::kKey}, as_bytes("key")).ok());
    ASSERT_TRUE(set.add({directory_.at("image.bin"), OutputKind::kSecret}, as_bytes("image")).ok());
    EXPECT_EQ(set.commit().ok(), count == 2);
    EXPECT_EQ(directory_.read("image.bin"), count == 2 ? "image" : "old");
    EXPECT_EQ(syncs_left, 0);
  }
}

TEST_P(OutputUndo, a_key_stays_when_its_image_stays) {
  EXPECT_FALSE(commit_with_syncs(3));
  EXPECT_EQ(directory_.names(), (Names{"image.bin", "keys.bin"}));
  EXPECT_EQ(directory_.read("image.bin"), "image");
  EXPECT_EQ(directory_.read("keys.bin"), "key");
}

}  // namespace
}  // namespace nvsafe::host
