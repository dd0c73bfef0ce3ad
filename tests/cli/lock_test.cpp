// Two processes on one file: one changes it, the other is told so or comes after it; no change is lost.
#include <fcntl.h>
#include <sys/file.h>

#include <thread>

#include "cli/chip_material.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kUsage = 2;
constexpr int kIo = 5;

// As another process has it.
class HeldLock {
 public:
  HeldLock(const Workplace& place, const std::string& name, int operation = LOCK_EX)
      : number_(::open((place.path() + "/" + name).c_str(), O_RDONLY | O_CLOEXEC)) {
    EXPECT_EQ(::flock(number_, operation | LOCK_NB), 0) << name;
  }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;
  ~HeldLock() { ::close(number_); }

 private:
  int number_;
};

class Locked : public testing::Test {
 protected:
  Locked() : place_({{"nvs.bin", plain_image(kSettings)}, {"other.csv", settings_with("a,data,u8,1\n")}}) {}
  Workplace place_;
};

TEST_F(Locked, a_file_that_another_process_changes_is_not_changed) {
  place_.must_run({"set", "nvs.bin", "calib/gain", "1"});
  const HeldLock lock(place_, "nvs.bin");
  const Tree before = place_.tree();
  for (const Arguments& words : std::vector<Arguments>{{"set", "nvs.bin", "calib/gain", "7"},
                                                       {"rm", "nvs.bin", "calib/gain"},
                                                       {"mv", "nvs.bin", "calib/gain", "calib/loss"},
                                                       {"import", "nvs.bin", "other.csv"},
                                                       {"undo", "nvs.bin"}}) {
    const Ran ran = place_.run(words);
    EXPECT_EQ(ran.status, kIo) << ran;
    EXPECT_EQ(line_after(ran.err, "error: "), "nvs.bin: is being changed by another process");
    EXPECT_TRUE(place_.tree() == before) << ran;
  }
}

// A file is replaced as a whole, so there is nothing half done to see.
TEST_F(Locked, reading_a_copy_and_a_dry_run_need_no_lock) {
  const HeldLock lock(place_, "nvs.bin");
  EXPECT_EQ(place_.must_run({"get", "nvs.bin", "calib/gain"}).out, "-12\n");
  place_.must_run({"set", "nvs.bin", "calib/gain", "7", "-n"});
  place_.must_run({"set", "nvs.bin", "calib/gain", "7", "-o", "copy.bin"});
}

TEST_F(Locked, a_link_is_the_file) {
  std::filesystem::create_symlink("nvs.bin", place_.path() + "/link.bin");
  const HeldLock lock(place_, "nvs.bin");
  EXPECT_EQ(place_.run({"set", "link.bin", "calib/gain", "7"}).status, kIo);
}

// Each that says it is done has its change in the file, and a step in the journal.
TEST_F(Locked, of_many_at_once_no_change_is_lost) {
  constexpr int kCount = 6;
  const std::string whole = place_.read("nvs.bin");
  int status[kCount];
  std::vector<std::thread> threads;
  for (int i = 0; i < kCount; ++i) {
    threads.emplace_back([&, i] {
      status[i] =
          place_.run({"set", "nvs.bin", "calib/k" + std::to_string(i), std::to_string(i), "--type", "u8"}).status;
    });
  }
  for (std::thread& thread : threads) thread.join();
  int done = 0;
  for (int i = 0; i < kCount; ++i) {
    EXPECT_TRUE(status[i] == 0 || status[i] == kIo) << status[i];
    const Ran ran = place_.run({"get", "nvs.bin", "calib/k" + std::to_string(i)});
    EXPECT_EQ(ran.out, status[i] == 0 ? std::to_string(i) + "\n" : "");
    done += status[i] == 0;
  }
  EXPECT_GT(done, 0);
  for (int i = 0; i < done; ++i) place_.must_run({"undo", "nvs.bin"});
  EXPECT_TRUE(place_.read("nvs.bin") == whole);
  EXPECT_FALSE(place_.has("nvs.bin.nvsafe-undo"));
}

// The flash of a chip that runs is mapped: a file put in its place would be lost to it.
TEST(LockedChip, ItsFlashIsNotReplacedWhileItRuns) {
  const Workplace place({{"flash.bin", text_of(chip_dump().flash)}});
  place.must_run({"chip", "new", "c", "--flash", "flash.bin"});
  {
    const HeldLock flash(place, "c/flash.bin");  // as a chip that runs has it
    EXPECT_EQ(place.run({"set", "c/flash.bin", "calib/gain", "7"}).status, kIo);
    const Ran ran = place.run({"boot", "c", "-q"});
    EXPECT_EQ(ran.status, kUsage) << ran;
    EXPECT_EQ(line_after(ran.err, "error: "), "c/flash.bin is in use by another program");
  }
  place.must_run({"set", "c/flash.bin", "calib/gain", "7"});
  place.must_run({"boot", "c", "-q"});
}

TEST(LockedChip, IsReadAsItWasBetweenTwoOperationsAndThatIsSaid) {
  const Workplace place({{"flash.bin", text_of(chip_dump().flash)}});
  place.must_run({"chip", "new", "c", "--flash", "flash.bin"});
  EXPECT_EQ(place.must_run({"get", "c", "calib/gain"}).err, "");
  const HeldLock folder(place, "c");
  const Ran ran = place.must_run({"get", "c", "calib/gain"});
  EXPECT_EQ(ran.out, "-12\n");
  EXPECT_TRUE(contains(ran.err, "note: this chip runs")) << ran;
}

TEST(LockedChip, ReadersShareIt) {
  const Workplace place({{"flash.bin", text_of(chip_dump().flash)}});
  place.must_run({"chip", "new", "c", "--flash", "flash.bin"});
  const HeldLock reader(place, "c", LOCK_SH);
  EXPECT_EQ(place.must_run({"get", "c", "calib/gain"}).err, "");
  EXPECT_EQ(place.run({"boot", "c", "-q"}).status, kUsage);
}

}  // namespace
}  // namespace nvsafe::cli
