// Outputs that the system refuses: a full disk, a standard output that is full or closed.
#include <sched.h>
#include <sys/mount.h>

#include "cli/material.hpp"
#include "cli/program.hpp"

namespace nvsafe::cli {
namespace {

constexpr int kIo = 5;

// In a mount namespace of its own, so that nothing stays mounted whatever happens.
TEST(DiskFull, leaves_neither_dump_nor_keys_on_a_small_disk) {
  constexpr int kCannotMount = 104;
  const Workplace workplace;
  const int status = host::run_in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", workplace.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      return kCannotMount;
    }
    workplace.write("t.csv", kTable);
    workplace.write("s.csv", kSettings);
    const Tree before = workplace.tree();
    const Ran ran = workplace.run({"pack", "t.csv", "nvs=s.csv", "--new-keys", "k.bin", "-o", "f.bin"});
    if (workplace.tree() != before) return 105;
    if (line_after(ran.err, "error: ") != "f.bin: no space left on device") return 106;
    if (!contains(line_after(ran.err, "hint: "), "make room") || !ran.out.empty()) return 107;
    return ran.status;
  });
  if (status == kCannotMount) GTEST_SKIP() << "this user may not mount a tmpfs";
  EXPECT_EQ(status, kIo);
}

struct StdoutRow {
  std::string name;
  Arguments arguments;
};
void PrintTo(const StdoutRow& row, std::ostream* stream) { *stream << testing::PrintToString(row.arguments); }

class StandardOutput : public testing::TestWithParam<StdoutRow> {
 protected:
  static void expect_io_error(Stdout where) {
    const Workplace workplace(
        {{"t.csv", std::string(kTable)}, {"s.csv", std::string(kSettings)}, {"nvs.bin", plain_image(kSettings)}});
    const Ran ran = workplace.run(GetParam().arguments, {.standard_output = where});
    EXPECT_EQ(ran.status, kIo) << ran;
    EXPECT_TRUE(contains(line_after(ran.err, "error: "), "standard output")) << ran;
  }
};

INSTANTIATE_TEST_SUITE_P(
    Verb, StandardOutput,
    testing::Values(StdoutRow{"ls", {"ls", "nvs.bin"}}, StdoutRow{"get", {"get", "nvs.bin", "wifi/ssid"}},
                    StdoutRow{"table", {"table", "t.csv"}}, StdoutRow{"show", {"show", "nvs.bin"}},
                    StdoutRow{"image", {"build", "s.csv", "--size", "0x3000", "--plain", "-o", "-"}},
                    StdoutRow{"help", {"--help"}}, StdoutRow{"topic", {"help", "keys"}}),
    [](const auto& row) { return row.param.name; });

TEST_P(StandardOutput, that_is_full_is_an_error) { expect_io_error(Stdout::kFull); }

TEST_P(StandardOutput, that_is_closed_is_an_error) { expect_io_error(Stdout::kClosed); }

// What is printed must never end up in a file that took the number of the closed stream.
TEST(ClosedOutput, does_not_spoil_the_file_that_is_written) {
  const Workplace workplace({{"s.csv", std::string(kSettings)}, {"k.bin", key_page(1)}});
  const Ran ran = workplace.run({"build", "s.csv", "--size", "0x6000", "--to-keys", "k.bin", "-o", "nvs.bin"},
                                {.standard_output = Stdout::kClosed});
  EXPECT_EQ(ran.status, kIo) << ran;
  EXPECT_EQ(workplace.read("nvs.bin"), image_encrypted_with(bare_key(1), kSettings));
}

// A stream that is closed is taken up, so that no file gets its number.
TEST(ClosedStreams, are_taken_up) {
  for (const int stream : {0, 1, 2}) {
    const Ran ran = Workplace().run({"extract", "/proc/self/fd/" + std::to_string(stream) + ":nvs", "-o", "x"},
                                    {.closed = {stream}});
    EXPECT_EQ(ran.status, 3) << ran;
    EXPECT_TRUE(stream == 2 || contains(ran.err, "is empty")) << "it is /dev/null: " << ran;
  }
}

}  // namespace
}  // namespace nvsafe::cli
