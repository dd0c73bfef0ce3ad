// What asks for memory: not a get, nor a set of a key that is there.
#include <cstdlib>
#include <string>

#include "idf/rig.hpp"

namespace nvsafe::idf {
namespace {

// A device whose allocator counts, and fails on demand.
class CountingPlatform final : public WrappedPlatform, public Allocator {
 public:
  [[nodiscard]] void* allocate(std::size_t size) override {
    if (left == 0) return nullptr;
    --left;
    ++count;
    in_use += size;
    return std::malloc(size);
  }
  void release(void* memory, std::size_t size) override {
    in_use -= size;
    std::free(memory);
  }

  [[nodiscard]] Allocator& allocator() override { return *this; }

  std::size_t count = 0;
  std::size_t in_use = 0;
  std::size_t left = SIZE_MAX;
};

TEST(Memory, GetAndSetAskForNone) {
  for (const bool is_encrypted : {false, true}) {
    CountingPlatform platform;
    set_platform(&platform);
    nvs_sec_cfg_t keys = test_keys();
    ASSERT_ESP(ESP_OK, nvs_flash_secure_init(is_encrypted ? &keys : nullptr));
    const nvs_handle_t handle = opened();
    std::string blob(700, 'b');
    const auto set_all = [&](std::uint32_t round) {
      EXPECT_ESP(ESP_OK, nvs_set_u32(handle, "number", round));
      EXPECT_ESP(ESP_OK,
                 nvs_set_str(handle, "text", round % 2 == 0 ? "even" : "odd and a little longer than 32 bytes"));
      blob[round % blob.size()] = static_cast<char>(round);
      EXPECT_ESP(ESP_OK, nvs_set_blob(handle, "blob", blob.data(), blob.size()));
    };
    set_all(0);
    set_all(1);
    const std::size_t before = platform.count;
    for (std::uint32_t i = 2; i < 500; ++i) {  // through many collections
      set_all(i);
      std::uint32_t number = 0;
      char text[64];
      std::size_t size = sizeof text;
      EXPECT_ESP(ESP_OK, nvs_get_u32(handle, "number", &number));
      EXPECT_EQ(number, i);
      EXPECT_ESP(ESP_OK, nvs_get_str(handle, "text", text, &size));
      std::string read(700, ' ');
      size = read.size();
      EXPECT_ESP(ESP_OK, nvs_get_blob(handle, "blob", read.data(), &size));
      EXPECT_EQ(read, blob);
      EXPECT_ESP(ESP_OK, nvs_find_key(handle, "blob", nullptr));
      EXPECT_ESP(ESP_OK, nvs_commit(handle));
    }
    EXPECT_EQ(platform.count, before);
    set_platform(nullptr);
  }
}

TEST(Memory, IsGivenBackByDeinit) {
  CountingPlatform platform;
  set_platform(&platform);
  ASSERT_NE(esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, nullptr), nullptr);
  const std::size_t table = platform.in_use;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  ASSERT_ESP(ESP_OK, nvs_set_u8(handle, "key", 1));
  for (int i = 0; i < 100; ++i) opened();
  EXPECT_GT(platform.in_use, table);
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  EXPECT_EQ(platform.in_use, table);
  set_platform(nullptr);
  EXPECT_EQ(platform.in_use, 0U);
}

// Whatever call finds no memory says so, leaves nothing behind, and works when there is some.
TEST(Memory, WithoutItCallsSayNoMem) {
  for (std::size_t left = 0; left < 40; ++left) {
    CountingPlatform platform;
    set_platform(&platform);
    platform.left = left;
    esp_err_t result = nvs_flash_init();
    nvs_handle_t handle = 0;
    nvs_iterator_t it = nullptr;
    if (result == ESP_OK) result = nvs_open("space", NVS_READWRITE, &handle);
    if (result == ESP_OK) result = nvs_set_str(handle, "key", "value");
    if (result == ESP_OK) result = nvs_entry_find("nvs", nullptr, NVS_TYPE_ANY, &it);
    nvs_release_iterator(it);
    if (result != ESP_OK) {
      EXPECT_ESP(ESP_ERR_NO_MEM, result);
    }
    platform.left = SIZE_MAX;
    EXPECT_ESP(ESP_OK, nvs_flash_init());
    EXPECT_ESP(ESP_OK, nvs_set_str(opened(), "key", "value"));
    set_platform(nullptr);
    EXPECT_EQ(platform.in_use, 0U);
    if (result == ESP_OK) return;  // all of it went with that much
  }
  FAIL() << "more than 40 allocations";
}

}  // namespace
}  // namespace nvsafe::idf
