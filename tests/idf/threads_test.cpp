// All calls from many threads at once; the thread sanitizer looks on (make check-tsan).
#include <atomic>
#include <string>
#include <thread>

#include "idf/rig.hpp"

namespace nvsafe::idf {
namespace {

constexpr int kThreadCount = 4;
constexpr std::uint32_t kRounds = 150;

template <typename Action>
void in_threads(Action action) {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreadCount; ++i) threads.emplace_back([&action, i] { action(i); });
  for (std::thread& thread : threads) thread.join();
}

// Expectations of GoogleTest may be used in threads here: it is built with pthreads.
TEST(Threads, EachWritesAndAllRead) {
  for (const bool is_encrypted : {false, true}) {
    Rig rig;
    nvs_sec_cfg_t keys = test_keys();
    ASSERT_ESP(ESP_OK, nvs_flash_secure_init(is_encrypted ? &keys : nullptr));
    in_threads([](int number) {
      const std::string space = "space" + std::to_string(number);
      const std::string other = "space" + std::to_string((number + 1) % kThreadCount);
      for (std::uint32_t i = 0; i < kRounds; ++i) {
        const nvs_handle_t handle = opened(NVS_READWRITE, "nvs", space.c_str());
        const std::string text = std::to_string(i) + std::string(i % 80, 'x');
        EXPECT_ESP(ESP_OK, nvs_set_u32(handle, "key", i));
        EXPECT_ESP(ESP_OK, nvs_set_str(handle, "text", text.c_str()));
        std::uint32_t value = 0;
        EXPECT_ESP(ESP_OK, nvs_get_u32(handle, "key", &value));
        EXPECT_EQ(value, i);
        char out[128];
        std::size_t size = sizeof out;
        EXPECT_ESP(ESP_OK, nvs_get_str(handle, "text", out, &size));
        EXPECT_EQ(out, text);
        nvs_close(handle);
        nvs_handle_t neighbour = 0;
        if (nvs_open(other.c_str(), NVS_READONLY, &neighbour) == ESP_OK) {
          size = sizeof out;
          const esp_err_t read = nvs_get_str(neighbour, "text", out, &size);
          EXPECT_TRUE(read == ESP_OK || read == ESP_ERR_NVS_NOT_FOUND);
          nvs_close(neighbour);
        }
      }
    });
  }
}

TEST(Threads, IterateAndCountWhileOthersWrite) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  for (std::uint32_t i = 0; i < 20; ++i) ASSERT_ESP(ESP_OK, nvs_set_u32(handle, ("k" + std::to_string(i)).c_str(), i));
  in_threads([&](int number) {
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      if (number == 0) {
        EXPECT_ESP(ESP_OK, nvs_set_u32(handle, "k7", 1000 + i));
        continue;
      }
      int count = 0;
      nvs_iterator_t it = nullptr;
      EXPECT_ESP(ESP_OK, nvs_entry_find("nvs", "space", NVS_TYPE_U32, &it));
      for (; it != nullptr; nvs_entry_next(&it)) ++count;
      EXPECT_EQ(count, 20);
      std::size_t used = 0;
      EXPECT_ESP(ESP_OK, nvs_get_used_entry_count(handle, &used));
      EXPECT_EQ(used, 20U);
      nvs_stats_t stats;
      EXPECT_ESP(ESP_OK, nvs_get_stats("nvs", &stats));
    }
  });
}

TEST(Threads, PartitionsComeAndGo) {
  Rig rig;
  in_threads([](int number) {
    for (std::uint32_t i = 0; i < kRounds; ++i) {
      const esp_err_t up = nvs_flash_init_partition("second");
      EXPECT_ESP(ESP_OK, up);
      nvs_handle_t handle = 0;
      if (nvs_open_from_partition("second", "space", NVS_READWRITE, &handle) == ESP_OK) {
        const esp_err_t set = nvs_set_u32(handle, "key", i);
        EXPECT_TRUE(set == ESP_OK || set == ESP_ERR_NVS_INVALID_HANDLE);
        nvs_close(handle);
      }
      if (number == 0) nvs_flash_deinit_partition("second");
      EXPECT_NE(esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, "nvs"), nullptr);
    }
  });
}

// Two first starts at once make one set of keys.
TEST(Threads, FirstStartsMakeOneKey) {
  for (int round = 0; round < 10; ++round) {
    Rig rig;
    rig.device.set_nvs_encryption(round % 2 == 0 ? NvsEncryption{NvsEncryption::Scheme::kFlashEncryption}
                                                 : NvsEncryption{NvsEncryption::Scheme::kHmac, 1});
    in_threads([](int) {
      EXPECT_ESP(ESP_OK, nvs_flash_init());
      nvs_handle_t handle = 0;
      EXPECT_ESP(ESP_OK, nvs_open("space", NVS_READWRITE, &handle));
      EXPECT_ESP(ESP_OK, nvs_set_u32(handle, "key", 5));
    });
    rig.restart();
    ASSERT_ESP(ESP_OK, nvs_flash_init());
    std::uint32_t value = 0;
    EXPECT_ESP(ESP_OK, nvs_get_u32(opened(NVS_READONLY), "key", &value));
    EXPECT_EQ(value, 5U);
  }
}

}  // namespace
}  // namespace nvsafe::idf
