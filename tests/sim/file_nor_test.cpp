#include "sim/file_nor.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace nvsafe::sim {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A file in the temporary directory, with 12 KiB of FF.
class FileNorTest : public testing::Test {
 protected:
  void SetUp() override {
    const int file = ::mkstemp(path_.data());
    ASSERT_GE(file, 0);
    ::close(file);
    fill(3 * 4096);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  void fill(std::size_t size) { std::ofstream(path_, std::ios::binary) << std::string(size, '\xFF'); }
  [[nodiscard]] Bytes content() const {
    std::ifstream in(path_, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }

  std::string path_ = (std::filesystem::temp_directory_path() / "nvsafe-test-XXXXXX").string();
};

TEST_F(FileNorTest, what_is_programmed_is_in_the_file) {
  auto flash = FileNor::open(path_);
  ASSERT_TRUE(flash.ok());
  ASSERT_TRUE(flash->program(5000, Bytes{1, 2}).ok());
  ASSERT_TRUE(flash->sync().ok());
  EXPECT_EQ(content()[5000], 1);
  EXPECT_EQ(content()[5001], 2);
}

TEST_F(FileNorTest, has_the_rules_and_counts_of_flash) {
  auto flash = FileNor::open(path_, {.checks_entries = true});
  ASSERT_TRUE(flash.ok());
  ASSERT_TRUE(flash->program(64, Bytes{0x10}).ok());
  EXPECT_EQ(flash->program(64, Bytes{0x11}).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(flash->program(65, Bytes{0x10}).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(flash->counts(0).program_bytes, 1u);
  EXPECT_EQ(flash->counts().refusals, 2u);
}

TEST_F(FileNorTest, loses_power_like_any_flash) {
  auto flash = FileNor::open(path_);
  ASSERT_TRUE(flash.ok());
  flash->cut_at({.fault = Fault::kPrefix, .byte_index = 1});
  EXPECT_EQ(flash->program(0, Bytes{1, 2}).error().code, ErrorCode::kPowerLost);
  EXPECT_EQ(content()[0], 1);
  EXPECT_EQ(content()[1], 0xFF);
}

TEST_F(FileNorTest, a_part_of_the_file_is_a_flash_of_its_own) {
  auto flash = FileNor::open(path_, {}, 4096, 4096);
  ASSERT_TRUE(flash.ok());
  EXPECT_EQ(flash->size(), 4096u);
  ASSERT_TRUE(flash->program(0, Bytes{7}).ok());
  EXPECT_EQ(flash->program(4096, Bytes{7}).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(content()[4096], 7);
}

TEST_F(FileNorTest, a_read_only_file_can_be_read_and_is_never_changed) {
  ASSERT_EQ(::chmod(path_.c_str(), 0400), 0);
  auto flash = FileNor::open(path_, {.is_read_only = true});
  ASSERT_TRUE(flash.ok());
  Bytes byte(1);
  EXPECT_TRUE(flash->read(0, byte).ok());
  EXPECT_EQ(flash->program(0, Bytes{0}).error().code, ErrorCode::kFlashRule);
  EXPECT_EQ(content(), Bytes(3 * 4096, 0xFF));
}

TEST_F(FileNorTest, sizes_that_no_flash_has_are_refused) {
  EXPECT_EQ(FileNor::open(path_, {}, 0, 5000).error().code, ErrorCode::kBadSize);
  EXPECT_EQ(FileNor::open(path_, {}, 8192, 8192).error().code, ErrorCode::kBadSize);
  EXPECT_EQ(FileNor::open(path_, {}, 1u << 30).error().code, ErrorCode::kBadSize);
  fill(5000);
  EXPECT_EQ(FileNor::open(path_).error().code, ErrorCode::kBadSize);
  fill(0);
  EXPECT_EQ(FileNor::open(path_).error().code, ErrorCode::kBadSize);
}

TEST_F(FileNorTest, a_missing_file_is_an_io_error) {
  EXPECT_EQ(FileNor::open(path_ + ".none").error().code, ErrorCode::kFlashIo);
}

TEST_F(FileNorTest, a_file_larger_than_any_copy_costs_no_memory) {
  std::filesystem::resize_file(path_, 2ull << 30);  // sparse
  auto flash = FileNor::open(path_);
  ASSERT_TRUE(flash.ok());
  ASSERT_TRUE(flash->erase_sector((2u << 30) - 4096).ok());
  EXPECT_EQ(flash->bytes()[(2u << 30) - 1], 0xFF);
}

}  // namespace
}  // namespace nvsafe::sim
