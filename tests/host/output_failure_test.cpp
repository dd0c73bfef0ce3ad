// Outputs that the system refuses: no space, a limit, no right to write, a program that is killed.
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <fstream>

#include "host/host_test.hpp"
#include "host/output.hpp"

namespace nvsafe::host {
namespace {

using test::as_bytes;
using test::Bytes;
using text::Exit;

class OutputFailure : public testing::TestWithParam<Staging> {
 protected:
  [[nodiscard]] std::string at(const std::string& name) const { return directory_.at(name); }

  TemporaryDirectory directory_;
  const Bytes megabyte_ = Bytes(1024 * 1024, 0xA5);
};

INSTANTIATE_TEST_SUITE_P(Staging, OutputFailure, testing::Values(Staging::kUnnamed, Staging::kNamed),
                         [](const auto& staging) { return staging.param == Staging::kUnnamed ? "unnamed" : "named"; });

bool limit_file_size(rlim_t size) {
  const rlimit limit{size, size};
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

// The exit code of the problem if its text ends so, else 100 or more.
int judge(const text::Outcome<void>& outcome, std::string_view ending) {
  if (outcome) return 100;
  return outcome.error().what.ends_with(ending) ? static_cast<int>(outcome.error().exit) : 101;
}

TEST_P(OutputFailure, a_file_over_the_size_limit_is_an_error_and_leaves_nothing) {
  const int status = run_in_child([this] {
    if (!limit_file_size(4096)) return 102;
    return judge(write_output({at("a.bin")}, megabyte_, {false, GetParam()}),
                 "file too large for a limit of this system (ulimit -f)");
  });
  EXPECT_EQ(status, static_cast<int>(Exit::kIo));
  EXPECT_TRUE(directory_.names().empty());
}

TEST_P(OutputFailure, a_file_over_the_size_limit_does_not_replace_the_old_one) {
  directory_.write("a.bin", "old");
  const int status = run_in_child([this] {
    if (!limit_file_size(4096)) return 102;
    return write_output({at("a.bin")}, megabyte_, {true, GetParam()}).ok() ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(directory_.names(), Names{"a.bin"});
  EXPECT_EQ(directory_.read("a.bin"), "old");
}

TEST_P(OutputFailure, no_key_file_appears_when_the_image_does_not_fit) {
  const int status = run_in_child([this] {
    if (!limit_file_size(4096)) return 102;
    OutputSet set({false, GetParam()});
    if (!set.add({at("keys.bin"), OutputKind::kKey}, as_bytes("key"))) return 103;
    return set.add({at("image.bin")}, megabyte_).ok() ? 1 : 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(directory_.names().empty());
}

// In a mount namespace of its own, so that nothing stays mounted whatever happens.
TEST_P(OutputFailure, a_full_disk_is_an_error_and_leaves_nothing) {
  constexpr int kCannotMount = 104;
  const int status = run_in_child([this] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", directory_.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kCannotMount;
    }
    const int judged = judge(write_output({at("a.bin")}, megabyte_, {false, GetParam()}), "no space left on device");
    return directory_.names().empty() ? judged : 105;
  });
  if (status == kCannotMount) GTEST_SKIP() << "this user may not mount a tmpfs";
  EXPECT_EQ(status, static_cast<int>(Exit::kIo));
}

TEST_P(OutputFailure, a_directory_that_may_not_be_written_is_an_error) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0555), 0);
  const int status = run_in_child([this] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) return 102;  // root may write everywhere
    return judge(write_output({at("a.bin")}, as_bytes("x"), {false, GetParam()}), ": permission denied");
  });
  EXPECT_EQ(status, static_cast<int>(Exit::kIo));
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  EXPECT_TRUE(directory_.names().empty());
}

TEST_P(OutputFailure, a_directory_that_may_be_written_but_not_listed_is_good_enough) {
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0333), 0);
  const int status = run_in_child([this] {
    if (::geteuid() == 0 && (::chown(directory_.path().c_str(), 65534, 65534) != 0 || ::setuid(65534) != 0)) return 102;
    return write_output({at("a.bin"), OutputKind::kKey}, as_bytes("x"), {false, GetParam()}).ok() ? 0 : 1;
  });
  EXPECT_EQ(status, 0);
  ASSERT_EQ(::chmod(directory_.path().c_str(), 0755), 0);
  EXPECT_EQ(directory_.names(), Names{"a.bin"});
}

TEST(OutputKilled, a_killed_program_leaves_nothing_behind) {
  const TemporaryDirectory directory;
  const int status = run_in_child([&] {
    OutputSet set;
    if (!set.add({directory.at("keys.bin"), OutputKind::kKey}, as_bytes("key"))) return 1;
    ::kill(::getpid(), SIGKILL);
    return 1;
  });
  EXPECT_EQ(status, -1);
  EXPECT_TRUE(directory.names().empty());
}

}  // namespace
}  // namespace nvsafe::host
