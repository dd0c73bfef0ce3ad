#include "nvsafe/partition.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "nvsafe/heap.hpp"
#include "sim/ram_nor.hpp"

namespace nvsafe {
namespace {

std::array<std::uint8_t, 64> test_key(std::uint8_t first) {
  std::array<std::uint8_t, 64> key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(first + i);
  return key;
}

struct Opened {
  explicit Opened(sim::RamNor& flash, const PartitionOptions& options = {})
      : partition(Partition::open(flash, heap(), options)) {
    EXPECT_TRUE(partition.ok());
  }
  Partition& operator*() { return *partition; }
  Partition* operator->() { return &*partition; }
  Result<Partition> partition;
};

void fill(Partition& nvs) {
  EXPECT_TRUE(nvs.set<std::uint8_t>("space", "u8", 200).ok());
  EXPECT_TRUE(nvs.set<std::int64_t>("space", "i64", -5).ok());
  EXPECT_TRUE(nvs.set("space", "float", 1.5F).ok());
  EXPECT_TRUE(nvs.set("space", "double", -2.5).ok());
  EXPECT_TRUE(nvs.set_string("other", "text", "Example Lab").ok());
  EXPECT_TRUE(nvs.set_blob("other", "blob", std::vector<std::uint8_t>(5000, 7)).ok());
}

void expect_filled(Partition& nvs) {
  EXPECT_EQ(*nvs.get<std::uint8_t>("space", "u8"), 200);
  EXPECT_EQ(*nvs.get<std::int64_t>("space", "i64"), -5);
  EXPECT_EQ(*nvs.get<float>("space", "float"), 1.5F);
  EXPECT_EQ(*nvs.get<double>("space", "double"), -2.5);
  std::array<char, 32> text;
  EXPECT_EQ(*nvs.get_string("other", "text", text), "Example Lab");
  std::vector<std::uint8_t> blob(*nvs.size("other", "blob"));
  const auto read = nvs.get_blob("other", "blob", blob);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(blob, std::vector<std::uint8_t>(5000, 7));
}

TEST(Partition, KeepsValuesPlainAndEncrypted) {
  const auto key = test_key(0x10);
  for (const bool is_encrypted : {false, true}) {
    sim::RamNor flash(6 * Flash::kSectorSize, {.checks_entries = true});
    const PartitionOptions options{.key = is_encrypted ? std::span<const std::uint8_t>(key)
                                                       : std::span<const std::uint8_t>()};
    fill(*Opened(flash, options));
    expect_filled(*Opened(flash, options));
  }
}

TEST(Partition, WithAnotherKeyIsNotTouched) {
  const auto key = test_key(0x10);
  const auto wrong = test_key(0xA0);
  sim::RamNor flash(6 * Flash::kSectorSize);
  fill(*Opened(flash, {.key = key}));
  const std::vector<std::uint8_t> before(flash.bytes().begin(), flash.bytes().end());
  for (const PartitionOptions& options : {PartitionOptions{.key = wrong}, PartitionOptions{}}) {
    const auto opened = Partition::open(flash, heap(), options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kKeyProof);
  }
  EXPECT_EQ(std::vector<std::uint8_t>(flash.bytes().begin(), flash.bytes().end()), before);
}

TEST(Partition, TellsWhatIsWrong) {
  sim::RamNor flash(6 * Flash::kSectorSize);
  Opened nvs(flash);
  fill(*nvs);
  EXPECT_EQ(nvs->get<std::uint8_t>("space", "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(nvs->get<std::uint8_t>("none", "u8").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(nvs->get<std::int8_t>("space", "u8").error().code, ErrorCode::kWrongType);
  EXPECT_EQ(nvs->get<std::uint8_t>("space", "sixteen_letters_").error().code, ErrorCode::kNameTooLong);
  std::array<char, 11> short_text;
  EXPECT_EQ(nvs->get_string("other", "text", short_text).error().code, ErrorCode::kBufferTooSmall);
  EXPECT_EQ(nvs->get_string("other", "blob", short_text).error().code, ErrorCode::kWrongType);
  EXPECT_EQ(nvs->set_string("other", "text", std::string(4000, 'x')).error().code, ErrorCode::kValueTooLong);
  EXPECT_EQ(nvs->set_string("other", "text", {"a\0b", 3}).error().code, ErrorCode::kInvalidValue);
  EXPECT_EQ(nvs->set("space", "float", std::numeric_limits<float>::quiet_NaN()).error().code, ErrorCode::kInvalidValue);
  EXPECT_EQ(nvs->erase("space", "none").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(nvs->erase("space", "u8").ok());
  EXPECT_EQ(nvs->erase("space", "u8").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(nvs->set_string("other", "text", std::string(3999, 'x')).ok());
}

TEST(Partition, ForReadingIsNotWritten) {
  sim::RamNor flash(6 * Flash::kSectorSize);
  fill(*Opened(flash));
  const auto operations = flash.operation_count();
  Opened nvs(flash, {.is_read_only = true});
  expect_filled(*nvs);
  EXPECT_EQ(nvs->set<std::uint8_t>("space", "u8", 1).error().code, ErrorCode::kReadOnly);
  EXPECT_EQ(nvs->erase("space", "u8").error().code, ErrorCode::kReadOnly);
  EXPECT_EQ(flash.operation_count(), operations);
}

}  // namespace
}  // namespace nvsafe
