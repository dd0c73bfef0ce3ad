// Handles, iterators and partitions that are used at the wrong time (under the address sanitizer), and how the calls
// behave in the order in which firmware makes them.
#include <set>

#include "format/page_header.hpp"
#include "idf/rig.hpp"
#include "sim/ram_nor.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::idf {
namespace {

std::vector<std::string> listed(nvs_iterator_t it) {
  std::vector<std::string> keys;
  while (it != nullptr) {
    nvs_entry_info_t info;
    EXPECT_ESP(ESP_OK, nvs_entry_info(it, &info));
    keys.emplace_back(info.key);
    nvs_entry_next(&it);
  }
  return keys;
}

nvs_iterator_t found(const char* space = nullptr, nvs_type_t type = NVS_TYPE_ANY) {
  nvs_iterator_t it = nullptr;
  nvs_entry_find("nvs", space, type, &it);
  return it;
}

bool contains(std::span<const std::uint8_t> bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
}

TEST(Handles, CountFromOneAndAreNeverGivenTwice) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_flash_init_partition("second"));
  const nvs_handle_t first = opened();
  EXPECT_GE(first, 1U);
  std::set<nvs_handle_t> seen{first};
  nvs_handle_t last = first;
  for (int i = 0; i < 500; ++i) {
    const nvs_handle_t handle = opened(NVS_READWRITE, i % 2 == 0 ? "nvs" : "second");
    EXPECT_EQ(handle, last + 1);
    last = handle;
    EXPECT_TRUE(seen.insert(handle).second);
    if (i % 3 != 0) nvs_close(handle);
  }
  EXPECT_ESP(ESP_OK, nvs_commit(first));
  for (const nvs_handle_t handle : seen) nvs_close(handle);
  for (const nvs_handle_t handle : seen) EXPECT_ESP(ESP_ERR_NVS_INVALID_HANDLE, nvs_commit(handle));
}

TEST(Handles, OfAPartitionGoWithIt) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_flash_init_partition("second"));
  std::vector<nvs_handle_t> gone;
  for (int i = 0; i < 100; ++i) gone.push_back(opened());
  const nvs_handle_t stays = opened(NVS_READWRITE, "second");
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  for (const nvs_handle_t handle : gone) EXPECT_ESP(ESP_ERR_NVS_INVALID_HANDLE, nvs_set_u8(handle, "key", 1));
  EXPECT_ESP(ESP_OK, nvs_set_u8(stays, "key", 1));
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  for (const nvs_handle_t handle : gone) EXPECT_ESP(ESP_ERR_NVS_INVALID_HANDLE, nvs_commit(handle));
  EXPECT_GT(opened(), stays);
}

TEST(Handles, OfCppAnswerAfterDeinit) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const auto handle = nvs::open_nvs_handle("space", NVS_READWRITE);
  ASSERT_NE(handle, nullptr);
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  std::uint8_t value = 0;
  EXPECT_ESP(ESP_ERR_NVS_INVALID_HANDLE, handle->get_item("key", value));
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  EXPECT_ESP(ESP_ERR_NVS_INVALID_HANDLE, handle->erase_all());
}

TEST(Handles, OfCppTakeANumber) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t before = opened();
  const auto handle = nvs::open_nvs_handle("space", NVS_READWRITE);
  EXPECT_EQ(opened(), before + 2);
}

TEST(Iterators, ListEachNamespaceInOrder) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t one = opened(NVS_READWRITE, "nvs", "one");
  const nvs_handle_t two = opened(NVS_READWRITE, "nvs", "two");
  ASSERT_ESP(ESP_OK, nvs_set_u8(one, "a", 1));
  ASSERT_ESP(ESP_OK, nvs_set_blob(one, "b", std::string(9000, 'b').data(), 9000));
  ASSERT_ESP(ESP_OK, nvs_set_str(two, "c", "c"));
  ASSERT_ESP(ESP_OK, nvs_set_u8(two, "d", 1));
  using Keys = std::vector<std::string>;
  EXPECT_EQ(listed(found()), (Keys{"a", "b", "c", "d"}));
  EXPECT_EQ(listed(found("one")), (Keys{"a", "b"}));
  EXPECT_EQ(listed(found(nullptr, NVS_TYPE_U8)), (Keys{"a", "d"}));
  EXPECT_EQ(listed(found(nullptr, NVS_TYPE_BLOB)), (Keys{"b"}));
  nvs_iterator_t it = nullptr;
  ASSERT_ESP(ESP_OK, nvs_entry_find_in_handle(two, NVS_TYPE_ANY, &it));
  EXPECT_EQ(listed(it), (Keys{"c", "d"}));
  // A key that is set again is the newest.
  ASSERT_ESP(ESP_OK, nvs_set_u8(one, "a", 2));
  EXPECT_EQ(listed(found()), (Keys{"b", "c", "d", "a"}));
}

TEST(Iterators, ListNothingThatIsGoneAndEndWhileKeysAreSet) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  for (const char* key : {"a", "b", "c", "d"}) ASSERT_ESP(ESP_OK, nvs_set_u8(handle, key, 1));
  nvs_iterator_t it = found("space");
  ASSERT_ESP(ESP_OK, nvs_erase_key(handle, "b"));
  ASSERT_ESP(ESP_OK, nvs_set_u32(handle, "c", 1));  // another type is another entry
  std::uint8_t value = 1;
  std::vector<std::string> keys;
  while (it != nullptr) {
    nvs_entry_info_t info;
    ASSERT_ESP(ESP_OK, nvs_entry_info(it, &info));
    EXPECT_STREQ(info.namespace_name, "space");
    keys.emplace_back(info.key);
    ASSERT_ESP(ESP_OK, nvs_set_u8(handle, info.key, ++value));
    nvs_entry_next(&it);
  }
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "d"}));
}

TEST(Iterators, AreSafeAfterDeinit) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  ASSERT_ESP(ESP_OK, nvs_set_u8(handle, "a", 1));
  ASSERT_ESP(ESP_OK, nvs_set_u8(handle, "b", 1));
  nvs_iterator_t ends = found();
  nvs_iterator_t released = found();
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  nvs_entry_info_t info;
  EXPECT_ESP(ESP_OK, nvs_entry_info(ends, &info));
  EXPECT_STREQ(info.key, "a");
  ASSERT_ESP(ESP_OK, nvs_flash_init());  // of another life: it does not come back
  EXPECT_ESP(ESP_ERR_NVS_NOT_FOUND, nvs_entry_next(&ends));
  EXPECT_EQ(ends, nullptr);
  nvs_release_iterator(released);
}

TEST(Iterators, OfThePartitionTableAreSafeAfterUnload) {
  Rig rig;
  auto* it = esp_partition_find(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, nullptr);
  ASSERT_NE(it, nullptr);
  EXPECT_STREQ(esp_partition_get(it)->label, "nvs");
  it = esp_partition_next(it);
  EXPECT_STREQ(esp_partition_get(it)->label, "second");
  esp_partition_unload_all();
  EXPECT_EQ(esp_partition_next(it), nullptr);
  int count = 0;
  for (it = esp_partition_find(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_ANY, nullptr); it != nullptr;
       it = esp_partition_next(it)) {
    ++count;
  }
  EXPECT_EQ(count, 7);
}

TEST(Schemes, OutliveThePartitionTable) {
  Rig rig;
  const nvs_sec_config_flash_enc_t config = NVS_SEC_PROVIDER_CFG_FLASH_ENC_DEFAULT();
  nvs_sec_scheme_t* scheme = nullptr;
  ASSERT_ESP(ESP_OK, nvs_sec_provider_register_flash_enc(&config, &scheme));
  esp_partition_unload_all();
  nvs_sec_cfg_t cfg{};
  EXPECT_ESP(ESP_ERR_NVS_KEYS_NOT_INITIALIZED, nvs_flash_read_security_cfg_v2(scheme, &cfg));
  EXPECT_ESP(ESP_OK, nvs_flash_init());  // with keys of that scheme, which makes them
  EXPECT_ESP(ESP_OK, nvs_flash_read_security_cfg_v2(scheme, &cfg));
}

TEST(Schemes, OfTheFirmwaresOwnAreAskedForKeys) {
  Rig rig;
  static int made_count;
  made_count = 0;
  nvs_sec_scheme_t scheme = {
      .scheme_id = 7,
      .scheme_data = nullptr,
      .nvs_flash_key_gen = [](const void*, nvs_sec_cfg_t* cfg) -> esp_err_t {
        ++made_count;
        *cfg = test_keys();
        return ESP_OK;
      },
      .nvs_flash_read_cfg = [](const void*, nvs_sec_cfg_t* cfg) -> esp_err_t {
        if (made_count == 0) return ESP_ERR_NVS_KEYS_NOT_INITIALIZED;
        *cfg = test_keys();
        return ESP_OK;
      },
  };
  ASSERT_ESP(ESP_OK, nvs_flash_register_security_scheme(&scheme));
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_set_u8(opened(), "key", 1));
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  EXPECT_EQ(made_count, 1);
  // It has lost its keys: nothing is made while there are values.
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  made_count = 0;
  EXPECT_ESP(ESP_ERR_NVS_XTS_DECR_FAILED, nvs_flash_init());
  EXPECT_EQ(made_count, 0);
}

// The other thread makes its keys and writes with them between this one's look at the keys and its look at the
// partition.
TEST(Schemes, KeysThatAnotherThreadHasMadeAndUsedMeanwhileAreTaken) {
  Rig rig;
  static int read_count;
  read_count = 0;
  nvs_sec_scheme_t scheme = {
      .scheme_id = 7,
      .scheme_data = nullptr,
      .nvs_flash_key_gen = [](const void*, nvs_sec_cfg_t*) -> esp_err_t { return ESP_FAIL; },
      .nvs_flash_read_cfg = [](const void*, nvs_sec_cfg_t* cfg) -> esp_err_t {
        *cfg = test_keys();
        if (++read_count > 1) return ESP_OK;
        EXPECT_ESP(ESP_OK, nvs_flash_secure_init(cfg));
        EXPECT_ESP(ESP_OK, nvs_set_u8(opened(), "key", 1));
        EXPECT_ESP(ESP_OK, nvs_flash_deinit());
        return ESP_ERR_NVS_KEYS_NOT_INITIALIZED;
      },
  };
  ASSERT_ESP(ESP_OK, nvs_flash_register_security_scheme(&scheme));
  EXPECT_ESP(ESP_OK, nvs_flash_init());
  std::uint8_t value = 0;
  EXPECT_ESP(ESP_OK, nvs_get_u8(opened(NVS_READONLY), "key", &value));
  EXPECT_EQ(value, 1);
}

// --- Behaviours

TEST(Behaviour, InitOfALivePartitionDoesNotReadTheFlashAgain) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  ASSERT_ESP(ESP_OK, nvs_set_u8(handle, "key", 1));
  std::ranges::fill(rig.device.partition_bytes("nvs"), std::uint8_t{0xFF});
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  nvs_stats_t stats;
  ASSERT_ESP(ESP_OK, nvs_get_stats("nvs", &stats));
  EXPECT_EQ(stats.used_entries, 2U);
  ASSERT_ESP(ESP_OK, nvs_flash_deinit());
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_get_stats("nvs", &stats));
  EXPECT_EQ(stats.used_entries, 0U);
}

TEST(Behaviour, EraseLeavesThePartitionBlankAndDown) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_set_u8(opened(), "key", 1));
  ASSERT_ESP(ESP_OK, nvs_flash_erase());
  EXPECT_EQ(rig.bytes("nvs"), std::vector<std::uint8_t>(0x6000, 0xFF));
  EXPECT_ESP(ESP_ERR_NVS_NOT_INITIALIZED, nvs_flash_deinit());
}

TEST(Behaviour, ABlankPartitionIsNotWrittenToUntilAValueIs) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  nvs_handle_t handle = 0;
  EXPECT_ESP(ESP_ERR_NVS_NOT_FOUND, nvs_open("space", NVS_READONLY, &handle));
  EXPECT_EQ(rig.bytes("nvs"), std::vector<std::uint8_t>(0x6000, 0xFF));
}

TEST(Behaviour, TheSameValueAgainWritesNothing) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  const std::string blob(9000, 'x');
  for (int i = 0; i < 2; ++i) {
    const auto before = rig.bytes("nvs");
    ASSERT_ESP(ESP_OK, nvs_set_u64(handle, "u", 5));
    ASSERT_ESP(ESP_OK, nvs_set_blob(handle, "b", blob.data(), blob.size()));
    ASSERT_ESP(ESP_OK, nvs_set_blob(handle, "empty", nullptr, 0));
    if (i == 1) {
      EXPECT_EQ(rig.bytes("nvs"), before);
    }
  }
}

TEST(Behaviour, PurgeModeLeavesNoOldValue) {
  for (const nvs_open_mode_t mode : {NVS_READWRITE, NVS_READWRITE_PURGE}) {
    Rig rig;
    ASSERT_ESP(ESP_OK, nvs_flash_init());
    const nvs_handle_t handle = opened(mode);
    ASSERT_ESP(ESP_OK, nvs_set_str(handle, "key", "first secret"));
    ASSERT_ESP(ESP_OK, nvs_set_str(handle, "key", "second"));
    EXPECT_EQ(contains(rig.bytes("nvs"), "first secret"), mode == NVS_READWRITE);
    ASSERT_ESP(ESP_OK, nvs_erase_key(handle, "key"));
    EXPECT_EQ(contains(rig.bytes("nvs"), "second"), mode == NVS_READWRITE);
  }
}

// The mode is the handle's, not the partition's.
TEST(Behaviour, PurgeModeIsOfOneHandle) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t plain = opened();
  const nvs_handle_t purging = opened(NVS_READWRITE_PURGE);
  ASSERT_ESP(ESP_OK, nvs_set_str(plain, "a", "value of a"));
  ASSERT_ESP(ESP_OK, nvs_set_str(purging, "b", "value of b"));
  ASSERT_ESP(ESP_OK, nvs_erase_key(purging, "b"));
  ASSERT_ESP(ESP_OK, nvs_erase_key(plain, "a"));
  EXPECT_TRUE(contains(rig.bytes("nvs"), "value of a"));
  EXPECT_FALSE(contains(rig.bytes("nvs"), "value of b"));
}

TEST(Behaviour, PurgeAllClearsWhatWasErased) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  ASSERT_ESP(ESP_OK, nvs_set_str(handle, "key", "an old secret"));
  ASSERT_ESP(ESP_OK, nvs_erase_key(handle, "key"));
  EXPECT_TRUE(contains(rig.bytes("nvs"), "an old secret"));
  ASSERT_ESP(ESP_OK, nvs_purge_all(handle));
  EXPECT_FALSE(contains(rig.bytes("nvs"), "an old secret"));
}

TEST(Behaviour, ADamagedValueIsAnErrorAndStays) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_set_str(opened(), "key", "a value that rots"));
  auto bytes = rig.device.partition_bytes("nvs");
  const std::string_view text = "a value that rots";
  const auto at = std::search(bytes.begin(), bytes.end(), text.begin(), text.end());
  *at = 0;
  rig.restart();
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const auto before = rig.bytes("nvs");
  char out[32] = "untouched";
  for (int i = 0; i < 3; ++i) {
    std::size_t size = sizeof out;
    EXPECT_ESP(ESP_FAIL, nvs_get_str(opened(NVS_READONLY), "key", out, &size));
  }
  EXPECT_STREQ(out, "untouched");
  EXPECT_EQ(rig.bytes("nvs"), before);
  ASSERT_ESP(ESP_OK, nvs_set_str(opened(), "key", "anew"));
  std::size_t size = sizeof out;
  EXPECT_ESP(ESP_OK, nvs_get_str(opened(NVS_READONLY), "key", out, &size));
}

// Rot while the partition is up is found by the CRC at the next read.
TEST(Behaviour, AValueThatRotsMeanwhileIsNotGiven) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  ASSERT_ESP(ESP_OK, nvs_set_str(handle, "key", "a value that rots"));
  auto bytes = rig.device.partition_bytes("nvs");
  const std::string_view text = "value that rots";
  *std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) = 0;
  char out[32] = "untouched";
  std::size_t size = sizeof out;
  EXPECT_ESP(ESP_FAIL, nvs_get_str(handle, "key", out, &size));
  EXPECT_STREQ(out, "");
}

TEST(Behaviour, BlobsOfFormatVersion1AreThereForAll) {
  Rig rig;
  test::NvsWriter writer(6);
  writer.page(0, 0).name_space("space", 1).blob_v1(1, "blob", {1, 2, 3});
  std::ranges::copy(writer.bytes(), rig.device.partition_bytes("nvs").begin());
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  nvs_type_t type{};
  EXPECT_ESP(ESP_OK, nvs_find_key(handle, "blob", &type));
  EXPECT_EQ(type, NVS_TYPE_BLOB);
  EXPECT_EQ(listed(found(nullptr, NVS_TYPE_BLOB)), std::vector<std::string>{"blob"});
  std::uint8_t out[4] = {};
  std::size_t size = sizeof out;
  EXPECT_ESP(ESP_OK, nvs_get_blob(handle, "blob", out, &size));
  EXPECT_EQ(size, 3U);
  EXPECT_EQ(out[2], 3);
  EXPECT_ESP(ESP_OK, nvs_set_blob(handle, "blob", "anew", 4));
  size = sizeof out;
  EXPECT_ESP(ESP_OK, nvs_get_blob(handle, "blob", out, &size));
  EXPECT_EQ(size, 4U);
}

// A cut update can leave both; the older stands first on flash here.
TEST(Behaviour, TheBootloaderReadsTheNewestValue) {
  Rig rig;
  test::NvsWriter writer(6);
  writer.page(0, 4, format::PageState::kFull).name_space("space", 1).number(1, "key", ValueType::kU8, 1);
  writer.page(1, 5).number(1, "key", ValueType::kU8, 2);
  std::ranges::copy(writer.bytes(), rig.device.partition_bytes("nvs").begin());
  const auto before = rig.bytes("nvs");
  nvs_bootloader_read_list_t wanted = {"space", "key", NVS_TYPE_U8, ESP_FAIL, {}, 0};
  EXPECT_ESP(ESP_OK, nvs_bootloader_read("nvs", 1, &wanted));
  EXPECT_ESP(ESP_OK, wanted.result_code);
  EXPECT_EQ(wanted.value.u8_val, 2);
  EXPECT_EQ(wanted.namespace_index, 1);
  EXPECT_EQ(rig.bytes("nvs"), before);
}

TEST(Behaviour, ReadOnlyPartitionsAreOnlyRead) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_set_u8(opened(), "key", 9));
  std::ranges::copy(rig.bytes("nvs"), rig.device.partition_bytes("readonly").begin());
  const auto before = rig.bytes("readonly");
  ASSERT_ESP(ESP_OK, nvs_flash_init_partition("readonly"));
  std::uint8_t value = 0;
  EXPECT_ESP(ESP_OK, nvs_get_u8(opened(NVS_READONLY, "readonly"), "key", &value));
  EXPECT_EQ(value, 9);
  EXPECT_EQ(rig.bytes("readonly"), before);
}

TEST(Behaviour, WithoutAFreePageItOpensAndReads) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  ASSERT_ESP(ESP_OK, nvs_set_u8(opened(), "key", 9));
  // Five more pages, each with a right header and nothing in it.
  auto bytes = rig.device.partition_bytes("nvs");
  for (std::uint32_t page = 1; page < 6; ++page) {
    format::encode_page_header({format::PageState::kFull, page, format::kVersion2},
                               bytes.subspan(page * 4096).first<format::kPageHeaderSize>());
  }
  rig.restart();
  EXPECT_ESP(ESP_OK, nvs_flash_init());
  std::uint8_t value = 0;
  EXPECT_ESP(ESP_OK, nvs_get_u8(opened(NVS_READONLY), "key", &value));
  EXPECT_EQ(value, 9);
}

TEST(Behaviour, PartitionsBelowThreePagesAreNotWrittenTo) {
  HostDevice device;
  sim::RamNor flash(2 * Flash::kSectorSize);
  ASSERT_TRUE(device.use_flash("nvs", flash).ok());
  set_platform(&device);
  EXPECT_ESP(ESP_ERR_NVS_NOT_ENOUGH_SPACE, nvs_flash_init());
  EXPECT_EQ(flash.operation_count(), 0U);
  set_platform(nullptr);
}

TEST(Behaviour, AFlashOfTheProgramsOwnIsUsedAndItsFaultsAreTold) {
  HostDevice device;
  sim::RamNor flash(6 * Flash::kSectorSize, {.checks_entries = true});
  ASSERT_TRUE(device.use_flash("nvs", flash).ok());
  set_platform(&device);
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  const nvs_handle_t handle = opened();
  ASSERT_ESP(ESP_OK, nvs_set_u8(handle, "key", 1));
  flash.cut_at({.operation = 0});
  EXPECT_ESP(ESP_ERR_FLASH_OP_FAIL, nvs_set_u8(handle, "key", 2));
  std::uint8_t value = 0;
  EXPECT_ESP(ESP_ERR_FLASH_OP_FAIL, nvs_get_u8(handle, "key", &value));
  flash.power_on();
  // The next call looks at the flash again, and goes on.
  EXPECT_ESP(ESP_OK, nvs_get_u8(handle, "key", &value));
  EXPECT_EQ(value, 1);
  EXPECT_ESP(ESP_OK, nvs_set_u8(handle, "key", 2));
  set_platform(nullptr);
}

// ESP-IDF never gives an index back; here one that holds nothing is used again, but not while somebody has it open.
TEST(Behaviour, ANamespaceThatIsOpenKeepsItsIndex) {
  Rig rig;
  ASSERT_ESP(ESP_OK, nvs_flash_init());
  nvs_handle_t handle = 0;
  std::vector<nvs_handle_t> held;
  for (int i = 0; i < 254; ++i) {
    ASSERT_ESP(ESP_OK, nvs_open(("n" + std::to_string(i)).c_str(), NVS_READWRITE, &handle));
    held.push_back(handle);
  }
  EXPECT_ESP(ESP_ERR_NVS_NOT_ENOUGH_SPACE, nvs_open("one more", NVS_READWRITE, &handle));
  nvs_close(held[7]);
  EXPECT_ESP(ESP_OK, nvs_open("one more", NVS_READWRITE, &handle));
  for (const nvs_handle_t other : held) {
    if (other == held[7]) continue;
    ASSERT_ESP(ESP_OK, nvs_set_u8(other, "key", 1));
  }
}

}  // namespace
}  // namespace nvsafe::idf
