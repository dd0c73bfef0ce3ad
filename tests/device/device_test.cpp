// The device of a PC: flash in memory and in files, tables, HMAC keys, the lock.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include "device/thread_lock.hpp"
#include "idf/nvs_flash.h"
#include "idf/nvsafe_idf.h"
#include "nvsafe/file_flash.hpp"
#include "nvsafe/host_device.hpp"
#include "sim/ram_nor.hpp"
#include "support/bytes.hpp"
#include "table/binary.hpp"
#include "table/csv.hpp"

namespace nvsafe {
namespace {

using test::Bytes;

// A file that goes with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const Bytes& content)
      : path_(testing::TempDir() + "/nvsafe_device_" + std::to_string(::getpid()) + "_" + std::to_string(++count_)) {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), static_cast<std::streamsize>(content.size()));
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { ::unlink(path_.c_str()); }
  [[nodiscard]] const char* path() const { return path_.c_str(); }
  [[nodiscard]] Bytes content() const { return test::read_file(path_); }

 private:
  static inline int count_ = 0;
  std::string path_;
};

// A whole flash with the usual table in it.
Bytes dump() {
  Bytes bytes(0x20000, 0xFF);
  table::ProblemList problems;
  const auto parsed = table::parse_csv(HostDevice::usual_table(), {}, problems);
  const auto binary = table::encode_table(*parsed, table::Md5Use::kYes, problems);
  std::ranges::copy(*binary, bytes.begin() + table::kTableOffset);
  return bytes;
}

esp_err_t set_number(std::uint32_t value) {
  nvs_handle_t handle = 0;
  esp_err_t result = nvs_open("space", NVS_READWRITE, &handle);
  if (result == ESP_OK) result = nvs_set_u32(handle, "number", value);
  nvs_close(handle);
  return result;
}
std::uint32_t get_number() {
  nvs_handle_t handle = 0;
  std::uint32_t value = 0;
  EXPECT_EQ(nvs_open("space", NVS_READONLY, &handle), ESP_OK);
  EXPECT_EQ(nvs_get_u32(handle, "number", &value), ESP_OK);
  nvs_close(handle);
  return value;
}

TEST(FileFlash, KeepsTheRulesOfFlash) {
  const TemporaryFile file(Bytes(3 * 4096, 0xFF));
  {
    auto flash = FileFlash::open(file.path());
    ASSERT_TRUE(flash.ok());
    EXPECT_EQ(flash->size(), 3U * 4096);
    EXPECT_TRUE(flash->program(4096, Bytes{0x0F, 0xF0}).ok());
    EXPECT_EQ(flash->program(4096, Bytes{0x00, 0xFF}).error().code, ErrorCode::kFlashRule);
    EXPECT_EQ(flash->program(3 * 4096 - 1, Bytes{0, 0}).error().code, ErrorCode::kOutOfRange);
    EXPECT_EQ(flash->erase_sector(1).error().code, ErrorCode::kFlashRule);
    EXPECT_EQ(flash->erase_sector(3 * 4096).error().code, ErrorCode::kOutOfRange);
    Bytes read(2);
    EXPECT_TRUE(flash->read(4096, read).ok());
    EXPECT_EQ(read, (Bytes{0x0F, 0xF0}));
    EXPECT_TRUE(flash->program(0, Bytes{1}).ok());
    EXPECT_TRUE(flash->erase_sector(0).ok());
    EXPECT_TRUE(flash->sync().ok());
  }
  Bytes expected(3 * 4096, 0xFF);
  expected[4096] = 0x0F;
  expected[4097] = 0xF0;
  EXPECT_EQ(file.content(), expected);
}

TEST(FileFlash, IsAPartOfAFile) {
  const TemporaryFile file(Bytes(3 * 4096, 0xFF));
  {
    auto flash = FileFlash::open(file.path(), 4096, 4096);
    ASSERT_TRUE(flash.ok());
    EXPECT_TRUE(flash->program(0, Bytes{7}).ok());
  }
  EXPECT_EQ(file.content()[4096], 7);
  EXPECT_EQ(FileFlash::open(file.path(), 4096, 3 * 4096).error().code, ErrorCode::kBadSize);
  EXPECT_EQ(FileFlash::open(file.path(), 0, 100).error().code, ErrorCode::kBadSize);
  EXPECT_EQ(FileFlash::open(file.path(), 0xFFFFFFFFFF).error().code, ErrorCode::kBadSize);
  EXPECT_EQ(FileFlash::open("/nowhere/at all").error().code, ErrorCode::kFlashIo);
}

TEST(HostDevice, TakesThePartitionsOfADump) {
  const TemporaryFile file(dump());
  HostDevice device;
  ASSERT_TRUE(device.use_file(file.path()).ok());
  const auto partitions = device.partitions();
  ASSERT_TRUE(partitions.ok());
  ASSERT_EQ(partitions->size(), 3U);
  EXPECT_EQ((*partitions)[0].label, "nvs");
  EXPECT_EQ((*partitions)[0].address, 0x9000U);
  EXPECT_EQ((*partitions)[0].flash->size(), 0x6000U);
  EXPECT_EQ((*partitions)[1].subtype, HostDevice::kSubtypeNvsKeys);
}

TEST(HostDevice, RefusesWhatIsNoDevice) {
  const TemporaryFile blank(Bytes(0x10000, 0xFF));
  const TemporaryFile empty({});
  HostDevice device;
  EXPECT_EQ(device.use_file(blank.path()).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(device.use_file(empty.path()).error().code, ErrorCode::kBadSize);
  EXPECT_EQ(device.use_file("/nowhere/at all").error().code, ErrorCode::kFlashIo);
  EXPECT_EQ(device.use_memory("nvs, data, nvs, 0x9000\n").error().code, ErrorCode::kInvalidValue);
  EXPECT_EQ(device.use_memory("nvs, data, nvs, 0x9000, 0x6000\nnvs, data, nvs, 0xf000, 0x6000\n").error().code,
            ErrorCode::kInvalidValue);
  EXPECT_FALSE(device.partition_bytes("nvs").empty());  // the flash from before
  EXPECT_TRUE(device.use_file(blank.path(), "nvs, data, nvs, 0x9000, 0x6000\n").ok());
  EXPECT_EQ(device.partition_bytes("nvs").size(), 0x6000U);
}

TEST(HostDevice, PutsAProgramsFlashBehindALabel) {
  HostDevice device;
  sim::RamNor own(6 * 4096);
  sim::RamNor more(3 * 4096);
  ASSERT_TRUE(device.use_flash("nvs", own).ok());
  ASSERT_TRUE(device.use_flash("more", more).ok());
  EXPECT_EQ(device.use_flash("a_label_too_long_", more).error().code, ErrorCode::kNameTooLong);
  const auto partitions = device.partitions();
  ASSERT_TRUE(partitions.ok());
  ASSERT_EQ(partitions->size(), 4U);
  EXPECT_EQ((*partitions)[0].flash, &own);
  EXPECT_EQ((*partitions)[0].label, "nvs");
  EXPECT_EQ((*partitions)[3].flash, &more);
  EXPECT_TRUE(device.partition_bytes("nvs").empty());
}

TEST(HostDevice, KeepsAnHmacKeyInAFile) {
  const TemporaryFile file({});
  ::unlink(file.path());
  const Bytes key = test::random_bytes(32, 5);
  std::array<std::uint8_t, 32> before{};
  {
    HostDevice device;
    ASSERT_TRUE(device.use_hmac_key_file(1, file.path()).ok());
    EXPECT_EQ(device.hmac_slot_state(1), HmacSlotState::kEmpty);
    ASSERT_TRUE(device.set_hmac_key(1, std::span<const std::uint8_t, 32>(key.data(), 32)).ok());
    EXPECT_EQ(device.set_hmac_key(1, std::span<const std::uint8_t, 32>(key.data(), 32)).error().code,
              ErrorCode::kFlashRule);
    ASSERT_TRUE(device.hmac(1, Bytes{1}, before).ok());
  }
  EXPECT_EQ(file.content(), key);
  struct stat status{};
  ASSERT_EQ(::stat(file.path(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  HostDevice device;
  ASSERT_TRUE(device.use_hmac_key_file(1, file.path()).ok());
  EXPECT_EQ(device.hmac_slot_state(1), HmacSlotState::kHmacUp);
  std::array<std::uint8_t, 32> after{};
  ASSERT_TRUE(device.hmac(1, Bytes{1}, after).ok());
  EXPECT_EQ(after, before);
  EXPECT_EQ(device.use_hmac_key_file(6, file.path()).error().code, ErrorCode::kOutOfRange);
  EXPECT_EQ(device.use_hmac_key_file(1, "/nowhere/at all").ok(), true);  // a slot that is empty until burning fails
  EXPECT_EQ(device.set_hmac_key(1, std::span<const std::uint8_t, 32>(key.data(), 32)).error().code,
            ErrorCode::kFlashIo);
}

// --- nvsafe_idf.h

TEST(NvsafeIdf, ValuesAreInTheFile) {
  const TemporaryFile file(dump());
  ASSERT_EQ(nvsafe_idf_use_file(file.path(), nullptr), ESP_OK);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  ASSERT_EQ(set_number(17), ESP_OK);
  EXPECT_NE(file.content(), dump());
  ASSERT_EQ(nvsafe_idf_use_memory(nullptr), ESP_OK);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  nvs_handle_t handle = 0;
  EXPECT_EQ(nvs_open("space", NVS_READONLY, &handle), ESP_ERR_NVS_NOT_FOUND);
  ASSERT_EQ(nvsafe_idf_use_file(file.path(), nullptr), ESP_OK);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  EXPECT_EQ(get_number(), 17U);
  nvsafe_idf_use_memory(nullptr);
}

// What was acknowledged is in the file, whatever becomes of the program.
TEST(NvsafeIdf, AProgramThatDiesLeavesWhatFlashHolds) {
  const TemporaryFile file(dump());
  const ::pid_t child = ::fork();
  if (child == 0) {
    const bool is_set = nvsafe_idf_use_file(file.path(), nullptr) == ESP_OK && nvs_flash_init() == ESP_OK &&
                        set_number(1) == ESP_OK && set_number(2) == ESP_OK;
    ::raise(is_set ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  ASSERT_EQ(nvsafe_idf_use_file(file.path(), nullptr), ESP_OK);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  EXPECT_EQ(get_number(), 2U);
  nvsafe_idf_use_memory(nullptr);
}

TEST(NvsafeIdf, RestartForgetsHandlesAndKeepsFlash) {
  ASSERT_EQ(nvsafe_idf_use_memory(nullptr), ESP_OK);
  ASSERT_EQ(nvsafe_idf_set_encryption(NVSAFE_IDF_KEYS_IN_PARTITION, 0), ESP_OK);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  ASSERT_EQ(set_number(5), ESP_OK);
  nvsafe_idf_restart();
  EXPECT_EQ(nvs_flash_deinit(), ESP_ERR_NVS_NOT_INITIALIZED);
  ASSERT_EQ(nvs_flash_init(), ESP_OK);
  EXPECT_EQ(get_number(), 5U);
  EXPECT_EQ(nvsafe_idf_set_encryption(NVSAFE_IDF_KEYS_FROM_HMAC, 6), ESP_ERR_INVALID_ARG);
  nvsafe_idf_set_encryption(NVSAFE_IDF_NOT_ENCRYPTED, 0);
  nvsafe_idf_use_memory(nullptr);
}

TEST(NvsafeIdf, RefusesWrongFiles) {
  EXPECT_EQ(nvsafe_idf_use_file(nullptr, nullptr), ESP_ERR_INVALID_ARG);
  EXPECT_EQ(nvsafe_idf_use_file("/nowhere/at all", nullptr), ESP_ERR_NOT_FOUND);
  EXPECT_EQ(nvsafe_idf_use_memory("/nowhere/at all"), ESP_ERR_NOT_FOUND);
  EXPECT_EQ(nvsafe_idf_use_hmac_key_file(7, "file"), ESP_ERR_INVALID_ARG);
}

// --- The lock

TEST(ThreadLock, OneWriterOrManyReaders) {
  device::ThreadLock lock;
  std::uint64_t a = 0;
  std::uint64_t b = 0;          // always equal to a, for whoever holds the lock
  constexpr int kThreads = 20;  // more than it has lines
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 512; ++round) {
        if ((i + round) % 8 == 0) {
          lock.lock();
          ++a;
          ++b;
          lock.unlock();
        } else {
          lock.lock_shared();
          EXPECT_EQ(a, b);
          lock.unlock_shared();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(a, kThreads * 512U / 8);
}

}  // namespace
}  // namespace nvsafe
