// One row for each call and condition: what the documented API answers, or what docs/COMPATIBILITY.md says instead
// ("here:" in the name of the row).
#include <functional>
#include <limits>
#include <string>

#include "idf/rig.hpp"

namespace nvsafe::idf {
namespace {

// "nvs" is up, with a handle of each mode and a value of each kind.
struct Up : Rig {
  Up() {
    EXPECT_ESP(ESP_OK, nvs_flash_init());
    write = opened();
    EXPECT_ESP(ESP_OK, nvs_set_u8(write, "u8", 8));
    EXPECT_ESP(ESP_OK, nvs_set_u32(write, "u32", 32));
    EXPECT_ESP(ESP_OK, nvs_set_str(write, "str", "four"));
    EXPECT_ESP(ESP_OK, nvs_set_blob(write, "blob", "blob", 4));
    EXPECT_ESP(ESP_OK, nvs_set_u8(write, "fifteen_letters", 15));
    read = opened(NVS_READONLY);
  }
  nvs_handle_t write = 0;
  nvs_handle_t read = 0;
  std::unique_ptr<nvs::NVSHandle> handle;  // for the rows of C++
};

struct Row {
  const char* name;
  esp_err_t expected;
  std::function<esp_err_t(Up&)> call;
};

const char* const kSixteen = "fifteen_letters+";
const char* const kSeventeen = "a_label_too_long_";
constexpr nvs_handle_t kNoHandle = 4711;

template <typename Rows>
void check(const Rows& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    Up up;
    EXPECT_ESP(row.expected, row.call(up));
  }
}

TEST(Codes, Open) {
  static nvs_handle_t out;
  check(std::initializer_list<Row>{
      {"open rw", ESP_OK, [](Up&) { return nvs_open("space", NVS_READWRITE, &out); }},
      {"open ro", ESP_OK, [](Up&) { return nvs_open("space", NVS_READONLY, &out); }},
      {"open purge", ESP_OK, [](Up&) { return nvs_open("space", NVS_READWRITE_PURGE, &out); }},
      {"open rw makes a namespace", ESP_OK, [](Up&) { return nvs_open("new", NVS_READWRITE, &out); }},
      {"open empty name", ESP_OK, [](Up&) { return nvs_open("", NVS_READWRITE, &out); }},
      {"open ro, no namespace", ESP_ERR_NVS_NOT_FOUND, [](Up&) { return nvs_open("none", NVS_READONLY, &out); }},
      {"open rw, 16 letters", ESP_ERR_NVS_KEY_TOO_LONG, [](Up&) { return nvs_open(kSixteen, NVS_READWRITE, &out); }},
      {"open ro, 16 letters", ESP_ERR_NVS_NOT_FOUND, [](Up&) { return nvs_open(kSixteen, NVS_READONLY, &out); }},
      {"here: open ro, 16 letters whose first 15 are there", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) {
         nvs_open("fifteen_letters", NVS_READWRITE, &out);
         return nvs_open(kSixteen, NVS_READONLY, &out);
       }},
      {"open, out NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_open("space", NVS_READWRITE, nullptr); }},
      {"here: open, name NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_open(nullptr, NVS_READWRITE, &out); }},
      {"here: open, label NULL", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_open_from_partition(nullptr, "space", NVS_READWRITE, &out); }},
      {"open, other label is up", ESP_ERR_NVS_PART_NOT_FOUND,
       [](Up&) { return nvs_open_from_partition("second", "space", NVS_READWRITE, &out); }},
      {"open, no such label", ESP_ERR_NVS_PART_NOT_FOUND,
       [](Up&) { return nvs_open_from_partition(kSeventeen, "space", NVS_READWRITE, &out); }},
      {"open, nothing is up", ESP_ERR_NVS_NOT_INITIALIZED,
       [](Up&) {
         nvs_flash_deinit();
         return nvs_open("space", NVS_READWRITE, &out);
       }},
      {"open rw, read-only partition", ESP_ERR_NOT_ALLOWED,
       [](Up&) {
         nvs_flash_init_partition("readonly");
         return nvs_open_from_partition("readonly", "space", NVS_READWRITE, &out);
       }},
      {"open ro, read-only partition", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) {
         nvs_flash_init_partition("readonly");
         return nvs_open_from_partition("readonly", "space", NVS_READONLY, &out);
       }},
      {"255 namespaces", ESP_ERR_NVS_NOT_ENOUGH_SPACE,
       [](Up&) {
         esp_err_t result = ESP_OK;
         for (int i = 0; i < 254 && result == ESP_OK; ++i) {
           result = nvs_open(("n" + std::to_string(i)).c_str(), NVS_READWRITE, &out);
         }
         return result;
       }},
  });
}

TEST(Codes, Set) {
  check(std::initializer_list<Row>{
      {"set", ESP_OK, [](Up& up) { return nvs_set_i64(up.write, "key", -1); }},
      {"set empty key", ESP_OK, [](Up& up) { return nvs_set_i8(up.write, "", -1); }},
      {"set other type", ESP_OK, [](Up& up) { return nvs_set_u32(up.write, "u8", 1); }},
      {"set, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_set_u8(kNoHandle, "key", 1); }},
      {"set, handle 0", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_set_u8(0, "key", 1); }},
      {"set, closed handle", ESP_ERR_NVS_INVALID_HANDLE,
       [](Up& up) {
         nvs_close(up.write);
         return nvs_set_u8(up.write, "key", 1);
       }},
      {"set, read-only handle", ESP_ERR_NVS_READ_ONLY, [](Up& up) { return nvs_set_u8(up.read, "key", 1); }},
      {"set, read-only handle, key too long", ESP_ERR_NVS_READ_ONLY,
       [](Up& up) { return nvs_set_u8(up.read, kSixteen, 1); }},
      {"set, 16 letters", ESP_ERR_NVS_KEY_TOO_LONG, [](Up& up) { return nvs_set_u8(up.write, kSixteen, 1); }},
      {"here: set, 16 letters, value of the first 15", ESP_ERR_NVS_KEY_TOO_LONG,
       [](Up& up) { return nvs_set_u8(up.write, kSixteen, 15); }},
      {"here: set, key NULL", ESP_ERR_INVALID_ARG, [](Up& up) { return nvs_set_u8(up.write, nullptr, 1); }},
      {"float", ESP_OK, [](Up& up) { return nvs_set_float(up.write, "f", -0.0F); }},
      {"float infinite", ESP_OK,
       [](Up& up) { return nvs_set_float(up.write, "f", std::numeric_limits<float>::infinity()); }},
      {"float NaN", ESP_ERR_INVALID_ARG,
       [](Up& up) { return nvs_set_float(up.write, "f", std::numeric_limits<float>::quiet_NaN()); }},
      {"float NaN before the handle", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_set_float(kNoHandle, "f", std::numeric_limits<float>::quiet_NaN()); }},
      {"double NaN before the handle", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_set_double(kNoHandle, "d", std::numeric_limits<double>::quiet_NaN()); }},
      {"string of 4000 with NUL", ESP_OK,
       [](Up& up) { return nvs_set_str(up.write, "s", std::string(3999, 'x').c_str()); }},
      {"string of 4001 with NUL", ESP_ERR_NVS_VALUE_TOO_LONG,
       [](Up& up) { return nvs_set_str(up.write, "s", std::string(4000, 'x').c_str()); }},
      {"string far too long", ESP_ERR_NVS_VALUE_TOO_LONG,
       [](Up& up) { return nvs_set_str(up.write, "s", std::string(100000, 'x').c_str()); }},
      {"here: string NULL", ESP_ERR_INVALID_ARG, [](Up& up) { return nvs_set_str(up.write, "s", nullptr); }},
      {"string NULL, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_set_str(kNoHandle, "s", nullptr); }},
      {"blob of nothing, NULL", ESP_OK, [](Up& up) { return nvs_set_blob(up.write, "b", nullptr, 0); }},
      {"here: blob NULL", ESP_ERR_INVALID_ARG, [](Up& up) { return nvs_set_blob(up.write, "b", nullptr, 1); }},
      {"blob of (pages - 1) * 4000 and a byte", ESP_ERR_NVS_VALUE_TOO_LONG,
       [](Up& up) { return nvs_set_blob(up.write, "b", std::string(20001, 'x').data(), 20001); }},
      {"blob without room", ESP_ERR_NVS_NOT_ENOUGH_SPACE,
       [](Up& up) { return nvs_set_blob(up.write, "b", std::string(20000, 'x').data(), 20000); }},
      {"blob on read-only handle", ESP_ERR_NVS_READ_ONLY, [](Up& up) { return nvs_set_blob(up.read, "b", "x", 1); }},
      {"set when full", ESP_ERR_NVS_NOT_ENOUGH_SPACE,
       [](Up& up) {
         esp_err_t result = ESP_OK;
         for (int i = 0; i < 1000 && result == ESP_OK; ++i) {
           result = nvs_set_u8(up.write, ("k" + std::to_string(i)).c_str(), 1);
         }
         return result;
       }},
  });
}

TEST(Codes, Get) {
  check(std::initializer_list<Row>{
      {"get", ESP_OK,
       [](Up& up) {
         std::uint8_t out = 0;
         const esp_err_t result = nvs_get_u8(up.read, "u8", &out);
         EXPECT_EQ(out, 8);
         return result;
       }},
      {"get, no key: out is untouched", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         std::uint8_t out = 77;
         const esp_err_t result = nvs_get_u8(up.read, "none", &out);
         EXPECT_EQ(out, 77);
         return result;
       }},
      {"get, other type", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         std::uint16_t out = 77;
         const esp_err_t result = nvs_get_u16(up.read, "u8", &out);
         EXPECT_EQ(out, 77);
         return result;
       }},
      {"get, same size, other sign", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         std::int8_t out;
         return nvs_get_i8(up.read, "u8", &out);
       }},
      {"get, no handle", ESP_ERR_NVS_INVALID_HANDLE,
       [](Up&) {
         std::uint8_t out;
         return nvs_get_u8(kNoHandle, "u8", &out);
       }},
      {"here: get, 16 letters whose first 15 are there", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         std::uint8_t out;
         return nvs_get_u8(up.read, kSixteen, &out);
       }},
      {"here: get, out NULL", ESP_ERR_INVALID_ARG, [](Up& up) { return nvs_get_u8(up.read, "u8", nullptr); }},
      {"get, out NULL, no key", ESP_ERR_NVS_NOT_FOUND, [](Up& up) { return nvs_get_u8(up.read, "none", nullptr); }},
      {"here: get, key NULL", ESP_ERR_INVALID_ARG,
       [](Up& up) {
         std::uint8_t out;
         return nvs_get_u8(up.read, nullptr, &out);
       }},
      {"str size", ESP_OK,
       [](Up& up) {
         std::size_t size = 0;
         const esp_err_t result = nvs_get_str(up.read, "str", nullptr, &size);
         EXPECT_EQ(size, 5U);
         return result;
       }},
      {"str", ESP_OK,
       [](Up& up) {
         char out[8] = "1234567";
         std::size_t size = sizeof out;
         const esp_err_t result = nvs_get_str(up.read, "str", out, &size);
         EXPECT_STREQ(out, "four");
         EXPECT_EQ(size, 5U);
         return result;
       }},
      {"str, short buffer tells the size", ESP_ERR_NVS_INVALID_LENGTH,
       [](Up& up) {
         char out[4] = "abc";
         std::size_t size = sizeof out;
         const esp_err_t result = nvs_get_str(up.read, "str", out, &size);
         EXPECT_EQ(size, 5U);
         EXPECT_STREQ(out, "abc");
         return result;
       }},
      {"str, length NULL", ESP_ERR_NVS_INVALID_LENGTH,
       [](Up& up) { return nvs_get_str(up.read, "str", nullptr, nullptr); }},
      {"str, length NULL, no key", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) { return nvs_get_str(up.read, "none", nullptr, nullptr); }},
      {"str of a blob", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         std::size_t size = 0;
         return nvs_get_str(up.read, "blob", nullptr, &size);
       }},
      {"blob, short buffer", ESP_ERR_NVS_INVALID_LENGTH,
       [](Up& up) {
         char out[3];
         std::size_t size = sizeof out;
         const esp_err_t result = nvs_get_blob(up.read, "blob", out, &size);
         EXPECT_EQ(size, 4U);
         return result;
       }},
      {"blob of a string", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         std::size_t size = 0;
         return nvs_get_blob(up.read, "str", nullptr, &size);
       }},
      {"empty blob", ESP_OK,
       [](Up& up) {
         EXPECT_ESP(ESP_OK, nvs_set_blob(up.write, "none", nullptr, 0));
         char out[1];
         std::size_t size = 1;
         const esp_err_t result = nvs_get_blob(up.read, "none", out, &size);
         EXPECT_EQ(size, 0U);
         return result;
       }},
      {"find", ESP_OK,
       [](Up& up) {
         nvs_type_t type{};
         const esp_err_t result = nvs_find_key(up.read, "blob", &type);
         EXPECT_EQ(type, NVS_TYPE_BLOB);
         return result;
       }},
      {"find, type NULL", ESP_OK, [](Up& up) { return nvs_find_key(up.read, "str", nullptr); }},
      {"find, no key", ESP_ERR_NVS_NOT_FOUND, [](Up& up) { return nvs_find_key(up.read, "none", nullptr); }},
      {"find, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_find_key(kNoHandle, "u8", nullptr); }},
  });
}

TEST(Codes, EraseCommitClose) {
  check(std::initializer_list<Row>{
      {"erase", ESP_OK, [](Up& up) { return nvs_erase_key(up.write, "blob"); }},
      {"erase, no key", ESP_ERR_NVS_NOT_FOUND, [](Up& up) { return nvs_erase_key(up.write, "none"); }},
      {"erase, read-only handle beats no key", ESP_ERR_NVS_READ_ONLY,
       [](Up& up) { return nvs_erase_key(up.read, "none"); }},
      {"erase, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_erase_key(kNoHandle, "u8"); }},
      {"here: erase, 16 letters whose first 15 are there", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) {
         const esp_err_t result = nvs_erase_key(up.write, kSixteen);
         EXPECT_ESP(ESP_OK, nvs_find_key(up.read, "fifteen_letters", nullptr));
         return result;
       }},
      {"erase all", ESP_OK,
       [](Up& up) {
         const esp_err_t result = nvs_erase_all(up.write);
         EXPECT_ESP(ESP_ERR_NVS_NOT_FOUND, nvs_find_key(up.read, "u8", nullptr));
         return result;
       }},
      {"erase all, read-only handle", ESP_ERR_NVS_READ_ONLY, [](Up& up) { return nvs_erase_all(up.read); }},
      {"erase all, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_erase_all(kNoHandle); }},
      {"purge all", ESP_OK, [](Up& up) { return nvs_purge_all(up.write); }},
      {"purge all, read-only handle", ESP_ERR_NVS_READ_ONLY, [](Up& up) { return nvs_purge_all(up.read); }},
      {"purge all, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_purge_all(kNoHandle); }},
      {"commit", ESP_OK, [](Up& up) { return nvs_commit(up.write); }},
      {"commit, read-only handle", ESP_OK, [](Up& up) { return nvs_commit(up.read); }},
      {"commit, no handle", ESP_ERR_NVS_INVALID_HANDLE, [](Up&) { return nvs_commit(kNoHandle); }},
      {"close twice", ESP_ERR_NVS_INVALID_HANDLE,
       [](Up& up) {
         nvs_close(up.read);
         nvs_close(up.read);
         nvs_close(kNoHandle);
         return nvs_commit(up.read);
       }},
  });
}

TEST(Codes, StatisticsAndIterators) {
  static nvs_stats_t stats;
  static nvs_iterator_t it;
  check(std::initializer_list<Row>{
      {"stats", ESP_OK, [](Up&) { return nvs_get_stats("nvs", &stats); }},
      {"stats of NULL is nvs", ESP_OK, [](Up&) { return nvs_get_stats(nullptr, &stats); }},
      {"stats, out NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_get_stats("nvs", nullptr); }},
      {"stats, not up: zeroed", ESP_ERR_NVS_NOT_INITIALIZED,
       [](Up&) {
         stats.used_entries = 7;
         const esp_err_t result = nvs_get_stats("second", &stats);
         EXPECT_EQ(stats.used_entries, 0U);
         return result;
       }},
      {"used entries", ESP_OK,
       [](Up& up) {
         std::size_t count = 0;
         const esp_err_t result = nvs_get_used_entry_count(up.read, &count);
         EXPECT_EQ(count, 8U);  // 3 numbers, a string of 2, a blob of index, header and data
         return result;
       }},
      {"used entries, out NULL", ESP_ERR_INVALID_ARG,
       [](Up& up) { return nvs_get_used_entry_count(up.read, nullptr); }},
      {"used entries, no handle: zeroed", ESP_ERR_NVS_INVALID_HANDLE,
       [](Up&) {
         std::size_t count = 7;
         const esp_err_t result = nvs_get_used_entry_count(kNoHandle, &count);
         EXPECT_EQ(count, 0U);
         return result;
       }},
      {"find entries, out NULL", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_entry_find("nvs", nullptr, NVS_TYPE_ANY, nullptr); }},
      {"find entries, label NULL: out unchanged", ESP_ERR_INVALID_ARG,
       [](Up&) {
         auto* const before = reinterpret_cast<nvs_iterator_t>(&stats);
         it = before;
         const esp_err_t result = nvs_entry_find(nullptr, nullptr, NVS_TYPE_ANY, &it);
         EXPECT_EQ(it, before);
         return result;
       }},
      {"find entries, not up: out NULL", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) {
         it = reinterpret_cast<nvs_iterator_t>(&stats);
         const esp_err_t result = nvs_entry_find("second", nullptr, NVS_TYPE_ANY, &it);
         EXPECT_EQ(it, nullptr);
         return result;
       }},
      {"find entries, no namespace", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) { return nvs_entry_find("nvs", "none", NVS_TYPE_ANY, &it); }},
      {"find entries, none of the type", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) { return nvs_entry_find("nvs", "space", NVS_TYPE_I64, &it); }},
      {"find in handle, none of the type", ESP_ERR_NVS_NOT_FOUND,
       [](Up& up) { return nvs_entry_find_in_handle(up.read, NVS_TYPE_I64, &it); }},
      {"find in handle, out NULL", ESP_ERR_INVALID_ARG,
       [](Up& up) { return nvs_entry_find_in_handle(up.read, NVS_TYPE_ANY, nullptr); }},
      {"find in handle, no handle", ESP_ERR_NVS_INVALID_HANDLE,
       [](Up&) { return nvs_entry_find_in_handle(kNoHandle, NVS_TYPE_ANY, &it); }},
      {"next, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_entry_next(nullptr); }},
      {"here: next, pointer to NULL", ESP_ERR_INVALID_ARG,
       [](Up&) {
         it = nullptr;
         return nvs_entry_next(&it);
       }},
      {"next at the end: NULL", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) {
         EXPECT_ESP(ESP_OK, nvs_entry_find("nvs", "space", NVS_TYPE_STR, &it));
         const esp_err_t result = nvs_entry_next(&it);
         EXPECT_EQ(it, nullptr);
         return result;
       }},
      {"info, NULL iterator", ESP_ERR_INVALID_ARG,
       [](Up&) {
         nvs_entry_info_t info;
         return nvs_entry_info(nullptr, &info);
       }},
      {"info, out NULL", ESP_ERR_INVALID_ARG,
       [](Up&) {
         EXPECT_ESP(ESP_OK, nvs_entry_find("nvs", nullptr, NVS_TYPE_ANY, &it));
         const esp_err_t result = nvs_entry_info(it, nullptr);
         nvs_release_iterator(it);
         nvs_release_iterator(nullptr);
         return result;
       }},
  });
}

TEST(Codes, InitAndErase) {
  static nvs_sec_cfg_t cfg;
  check(std::initializer_list<Row>{
      {"init twice", ESP_OK, [](Up&) { return nvs_flash_init(); }},
      {"init partition", ESP_OK, [](Up&) { return nvs_flash_init_partition("second"); }},
      {"init, no such label", ESP_ERR_NOT_FOUND, [](Up&) { return nvs_flash_init_partition("none"); }},
      {"init, not of type nvs", ESP_ERR_NOT_FOUND, [](Up&) { return nvs_flash_init_partition("phy"); }},
      {"init, 17 letters", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_init_partition(kSeventeen); }},
      {"here: init, label NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_init_partition(nullptr); }},
      {"init ptr", ESP_OK,
       [](Up&) {
         return nvs_flash_init_partition_ptr(
             esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, "second"));
       }},
      {"here: init ptr, live label", ESP_OK,
       [](Up& up) {
         const esp_err_t result = nvs_flash_init_partition_ptr(
             esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, "nvs"));
         EXPECT_ESP(ESP_OK, nvs_commit(up.write));  // the handles of before are still good
         return result;
       }},
      {"init ptr, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_init_partition_ptr(nullptr); }},
      {"init, read-only partition", ESP_OK, [](Up&) { return nvs_flash_init_partition("readonly"); }},
      {"deinit", ESP_OK, [](Up&) { return nvs_flash_deinit(); }},
      {"deinit twice", ESP_ERR_NVS_NOT_INITIALIZED,
       [](Up&) {
         nvs_flash_deinit();
         return nvs_flash_deinit();
       }},
      {"deinit, not up", ESP_ERR_NVS_NOT_INITIALIZED, [](Up&) { return nvs_flash_deinit_partition("second"); }},
      {"here: deinit, label NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_deinit_partition(nullptr); }},
      {"erase de-initialises", ESP_ERR_NVS_INVALID_HANDLE,
       [](Up& up) {
         EXPECT_ESP(ESP_OK, nvs_flash_erase());
         return nvs_commit(up.write);
       }},
      {"erase partition, not up", ESP_OK, [](Up&) { return nvs_flash_erase_partition("second"); }},
      {"erase, no such label", ESP_ERR_NOT_FOUND, [](Up&) { return nvs_flash_erase_partition("none"); }},
      {"erase, read-only partition", ESP_ERR_NOT_ALLOWED, [](Up&) { return nvs_flash_erase_partition("readonly"); }},
      {"erase ptr, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_erase_partition_ptr(nullptr); }},
      {"here: erase, label NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_erase_partition(nullptr); }},
      {"secure init, cfg NULL: plain", ESP_OK, [](Up&) { return nvs_flash_secure_init_partition("second", nullptr); }},
      {"secure init, live label", ESP_OK,
       [](Up&) {
         cfg = test_keys();
         return nvs_flash_secure_init(&cfg);
       }},
      {"secure init, no such label", ESP_ERR_NOT_FOUND,
       [](Up&) {
         cfg = test_keys();
         return nvs_flash_secure_init_partition("none", &cfg);
       }},
      {"here: secure init, equal halves", ESP_ERR_NVS_XTS_CFG_FAILED,
       [](Up&) {
         cfg = {};
         return nvs_flash_secure_init_partition("second", &cfg);
       }},
  });
}

TEST(Codes, Keys) {
  static nvs_sec_cfg_t cfg;
  static nvs_sec_scheme_t scheme;
  static nvs_sec_scheme_t* handle;
  check(std::initializer_list<Row>{
      {"generate", ESP_OK, [](Up&) { return nvs_flash_generate_keys(Rig::keys(), &cfg); }},
      {"here: generate over keys", ESP_ERR_NVS_INVALID_STATE,
       [](Up& up) {
         EXPECT_ESP(ESP_OK, nvs_flash_generate_keys(Rig::keys(), &cfg));
         const auto before = up.bytes("nvs_keys");
         const esp_err_t result = nvs_flash_generate_keys(Rig::keys(), &cfg);
         EXPECT_EQ(up.bytes("nvs_keys"), before);
         return result;
       }},
      {"generate, partition NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_generate_keys(nullptr, &cfg); }},
      {"generate, cfg NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_generate_keys(Rig::keys(), nullptr); }},
      {"read, erased", ESP_ERR_NVS_KEYS_NOT_INITIALIZED,
       [](Up&) { return nvs_flash_read_security_cfg(Rig::keys(), &cfg); }},
      {"read, wrong CRC", ESP_ERR_NVS_CORRUPT_KEY_PART,
       [](Up& up) {
         up.device.partition_bytes("nvs_keys")[0] = 0;
         return nvs_flash_read_security_cfg(Rig::keys(), &cfg);
       }},
      {"read, partition NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_read_security_cfg(nullptr, &cfg); }},
      {"read, cfg NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_read_security_cfg(Rig::keys(), nullptr); }},
      {"register scheme, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_register_security_scheme(nullptr); }},
      {"register scheme", ESP_OK,
       [](Up&) {
         scheme = {};
         return nvs_flash_register_security_scheme(&scheme);
       }},
      {"v2, no callbacks", ESP_ERR_INVALID_ARG,
       [](Up&) {
         scheme = {};
         return nvs_flash_read_security_cfg_v2(&scheme, &cfg);
       }},
      {"v2, scheme NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_flash_generate_keys_v2(nullptr, &cfg); }},
      {"v2, default scheme of nobody", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_flash_generate_keys_v2(nvs_flash_get_default_security_scheme(), &cfg); }},
      {"flash encryption scheme, read of an erased page", ESP_ERR_NVS_KEYS_NOT_INITIALIZED,
       [](Up&) {
         const nvs_sec_config_flash_enc_t config = NVS_SEC_PROVIDER_CFG_FLASH_ENC_DEFAULT();
         EXPECT_ESP(ESP_OK, nvs_sec_provider_register_flash_enc(&config, &handle));
         return nvs_flash_read_security_cfg_v2(handle, &cfg);
       }},
      {"flash encryption scheme, NULL", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_sec_provider_register_flash_enc(nullptr, &handle); }},
      {"HMAC scheme, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_sec_provider_register_hmac(nullptr, &handle); }},
      {"HMAC scheme, no key", ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND,
       [](Up&) {
         const nvs_sec_config_hmac_t config = {HMAC_KEY1};
         EXPECT_ESP(ESP_OK, nvs_sec_provider_register_hmac(&config, &handle));
         return nvs_flash_read_security_cfg_v2(handle, &cfg);
       }},
      {"HMAC scheme, no such slot", ESP_ERR_INVALID_ARG,
       [](Up&) {
         const nvs_sec_config_hmac_t config = {HMAC_KEY_MAX};
         EXPECT_ESP(ESP_OK, nvs_sec_provider_register_hmac(&config, &handle));
         return nvs_flash_read_security_cfg_v2(handle, &cfg);
       }},
      {"HMAC scheme, generate burns", ESP_OK,
       [](Up& up) {
         const nvs_sec_config_hmac_t config = {HMAC_KEY1};
         EXPECT_ESP(ESP_OK, nvs_sec_provider_register_hmac(&config, &handle));
         EXPECT_ESP(ESP_OK, nvs_flash_generate_keys_v2(handle, &cfg));
         EXPECT_EQ(up.device.hmac_slot_state(1), HmacSlotState::kHmacUp);
         nvs_sec_cfg_t again{};
         const esp_err_t result = nvs_flash_read_security_cfg_v2(handle, &again);
         EXPECT_EQ(std::string(reinterpret_cast<char*>(&again), 64), std::string(reinterpret_cast<char*>(&cfg), 64));
         return result;
       }},
      {"deregister, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_sec_provider_deregister(nullptr); }},
      {"deregister clears the default", ESP_ERR_INVALID_ARG,
       [](Up&) {
         const nvs_sec_config_hmac_t config = {HMAC_KEY1};
         EXPECT_ESP(ESP_OK, nvs_sec_provider_register_hmac(&config, &handle));
         EXPECT_ESP(ESP_OK, nvs_sec_provider_deregister(handle));
         return nvs_flash_read_security_cfg_v2(nvs_flash_get_default_security_scheme(), &cfg);
       }},
      {"here: deregister what was not registered", ESP_ERR_INVALID_ARG,
       [](Up&) { return nvs_sec_provider_deregister(nvs_flash_get_default_security_scheme()); }},
  });
}

TEST(Codes, Partitions) {
  static std::uint8_t out[16];
  static const esp_partition_t* part;
  const auto phy = [] { return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "phy"); };
  const auto fixed = [] {
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "readonly");
  };
  check(std::initializer_list<Row>{
      {"find first", ESP_OK,
       [](Up&) {
         const esp_err_t result =
             esp_partition_find_first_err(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS, nullptr, &part);
         EXPECT_STREQ(part->label, "nvs");
         EXPECT_EQ(part->address, 0x9000U);
         EXPECT_EQ(part->size, 0x6000U);
         EXPECT_FALSE(part->encrypted);
         return result;
       }},
      {"find first, none", ESP_ERR_NOT_FOUND,
       [](Up&) {
         return esp_partition_find_first_err(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_FAT, nullptr, &part);
       }},
      {"find, any type with a subtype", ESP_ERR_INVALID_ARG,
       [](Up&) {
         return esp_partition_find_first_err(ESP_PARTITION_TYPE_ANY, ESP_PARTITION_SUBTYPE_DATA_NVS, nullptr, &part);
       }},
      {"read", ESP_OK, [=](Up&) { return esp_partition_read(phy(), 0, out, sizeof out); }},
      {"read, offset beyond", ESP_ERR_INVALID_ARG, [=](Up&) { return esp_partition_read(phy(), 0x1001, out, 1); }},
      {"read over the end", ESP_ERR_INVALID_SIZE, [=](Up&) { return esp_partition_read(phy(), 0xff8, out, 16); }},
      {"here: read, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return esp_partition_read(nullptr, 0, out, 1); }},
      {"write", ESP_OK, [=](Up&) { return esp_partition_write(phy(), 0, "x", 1); }},
      {"write sets a bit", ESP_ERR_FLASH_OP_FAIL,
       [=](Up&) {
         esp_partition_write(phy(), 0, "\x01", 1);
         return esp_partition_write(phy(), 0, "\x02", 1);
       }},
      {"write, read-only beats the range", ESP_ERR_NOT_ALLOWED,
       [=](Up&) { return esp_partition_write(fixed(), 0x100000, "x", 1); }},
      {"write over the end", ESP_ERR_INVALID_SIZE, [=](Up&) { return esp_partition_write(phy(), 0xfff, "xy", 2); }},
      {"erase", ESP_OK, [=](Up&) { return esp_partition_erase_range(phy(), 0, 0x1000); }},
      {"erase, read-only", ESP_ERR_NOT_ALLOWED, [=](Up&) { return esp_partition_erase_range(fixed(), 0, 0x1000); }},
      {"erase, offset unaligned", ESP_ERR_INVALID_ARG,
       [=](Up&) { return esp_partition_erase_range(phy(), 1, 0x1000); }},
      {"erase, size unaligned", ESP_ERR_INVALID_SIZE, [=](Up&) { return esp_partition_erase_range(phy(), 0, 1); }},
      {"erase, size beyond", ESP_ERR_INVALID_SIZE, [=](Up&) { return esp_partition_erase_range(phy(), 0, 0x2000); }},
      {"copy to itself", ESP_ERR_INVALID_ARG, [=](Up&) { return esp_partition_copy(phy(), 0, phy(), 0, 1); }},
      {"copy over the end", ESP_ERR_INVALID_SIZE,
       [=](Up&) { return esp_partition_copy(phy(), 0, Rig::keys(), 0, 0x1001); }},
      {"copy the rest", ESP_OK, [=](Up&) { return esp_partition_copy(phy(), 0, Rig::keys(), 0, SIZE_MAX); }},
      {"verify a copy", ESP_OK,
       [=](Up&) {
         const esp_partition_t copy = *phy();
         const esp_err_t result = esp_partition_verify_err(&copy, &part);
         EXPECT_EQ(part, phy());
         return result;
       }},
      {"verify another size", ESP_ERR_NOT_FOUND,
       [=](Up&) {
         esp_partition_t copy = *phy();
         copy.size = 1;
         return esp_partition_verify_err(&copy, &part);
       }},
  });
}

TEST(Codes, Bootloader) {
  static nvs_bootloader_read_list_t list[2];
  static char text[16];
  const auto number = [](const char* key, nvs_type_t type) {
    list[0] = {"space", key, type, ESP_FAIL, {}, 0};
    return nvs_bootloader_read("nvs", 1, list);
  };
  const auto string = [](std::size_t size) {
    list[0] = {"space", "str", NVS_TYPE_STR, ESP_FAIL, {}, 0};
    list[0].value.str_val = {text, size};
    return nvs_bootloader_read("nvs", 1, list);
  };
  check(std::initializer_list<Row>{
      {"name NULL", ESP_ERR_NVS_INVALID_NAME, [](Up&) { return nvs_bootloader_read(nullptr, 1, list); }},
      {"name of 17 letters", ESP_ERR_NVS_INVALID_NAME, [](Up&) { return nvs_bootloader_read(kSeventeen, 1, list); }},
      {"list NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_bootloader_read("nvs", 1, nullptr); }},
      {"list empty", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_bootloader_read("nvs", 0, list); }},
      {"no partition", ESP_ERR_NVS_PART_NOT_FOUND,
       [](Up&) {
         list[0] = {"space", "u8", NVS_TYPE_U8, ESP_FAIL, {}, 0};
         return nvs_bootloader_read("none", 1, list);
       }},
      {"number", ESP_OK,
       [=](Up&) {
         EXPECT_ESP(ESP_OK, number("u8", NVS_TYPE_U8));
         EXPECT_EQ(list[0].value.u8_val, 8);
         return list[0].result_code;
       }},
      {"other type", ESP_ERR_NVS_TYPE_MISMATCH,
       [=](Up&) {
         EXPECT_ESP(ESP_OK, number("u8", NVS_TYPE_U32));
         return list[0].result_code;
       }},
      {"not there", ESP_ERR_NVS_NOT_FOUND,
       [=](Up&) {
         EXPECT_ESP(ESP_OK, number("none", NVS_TYPE_U8));
         return list[0].result_code;
       }},
      {"a blob is not there", ESP_ERR_NVS_NOT_FOUND,
       [=](Up&) {
         EXPECT_ESP(ESP_OK, number("blob", NVS_TYPE_U8));
         return list[0].result_code;
       }},
      {"asked for a blob", ESP_ERR_INVALID_ARG, [=](Up&) { return number("blob", NVS_TYPE_BLOB); }},
      {"string", ESP_OK,
       [=](Up&) {
         EXPECT_ESP(ESP_OK, string(sizeof text));
         EXPECT_STREQ(text, "four");
         return list[0].result_code;
       }},
      {"string, short buffer", ESP_ERR_INVALID_SIZE,
       [=](Up&) {
         EXPECT_ESP(ESP_OK, string(4));
         return list[0].result_code;
       }},
      {"string, no buffer", ESP_ERR_INVALID_ARG, [=](Up&) { return string(0); }},
      {"one bad entry: nothing is read", ESP_ERR_NVS_NOT_FOUND,
       [](Up&) {
         list[0] = {"space", "u8", NVS_TYPE_U8, ESP_FAIL, {}, 0};
         list[1] = {"space", kSixteen, NVS_TYPE_U8, ESP_FAIL, {}, 0};
         EXPECT_ESP(ESP_ERR_INVALID_ARG, nvs_bootloader_read("nvs", 2, list));
         EXPECT_ESP(ESP_ERR_NVS_KEY_TOO_LONG, list[1].result_code);
         return list[0].result_code;
       }},
      {"namespace too long", ESP_ERR_NVS_INVALID_NAME,
       [](Up&) {
         list[0] = {kSixteen, "u8", NVS_TYPE_U8, ESP_FAIL, {}, 0};
         EXPECT_ESP(ESP_ERR_INVALID_ARG, nvs_bootloader_read("nvs", 1, list));
         return list[0].result_code;
       }},
      {"here: one key twice in the list", ESP_OK,
       [](Up&) {
         list[0] = list[1] = {"space", "u8", NVS_TYPE_U8, ESP_FAIL, {}, 0};
         EXPECT_ESP(ESP_OK, nvs_bootloader_read("nvs", 2, list));
         return list[1].result_code;
       }},
      {"here: wrong key", ESP_ERR_NVS_XTS_DECR_FAILED,
       [=](Up&) {
         const nvs_sec_cfg_t cfg = test_keys();
         EXPECT_ESP(ESP_OK, nvs_bootloader_secure_init(&cfg));
         const esp_err_t result = number("u8", NVS_TYPE_U8);
         nvs_bootloader_secure_deinit();
         return result;
       }},
      {"here: secure init, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_bootloader_secure_init(nullptr); }},
      {"read keys, NULL", ESP_ERR_INVALID_ARG, [](Up&) { return nvs_bootloader_read_security_cfg(nullptr, nullptr); }},
  });
}

// --- C++

enum class Colour : std::int16_t { kRed = -1 };

TEST(Codes, CppHandles) {
  using nvs::ItemType;
  static esp_err_t error;
  static std::size_t size;
  const auto open = [](Up& up, nvs_open_mode_t mode) { up.handle = nvs::open_nvs_handle("space", mode, &error); };
  check(std::initializer_list<Row>{
      {"open", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         EXPECT_NE(up.handle, nullptr);
         return error;
       }},
      {"open, name NULL", ESP_ERR_INVALID_ARG,
       [](Up& up) {
         up.handle = nvs::open_nvs_handle(nullptr, NVS_READWRITE, &error);
         EXPECT_EQ(up.handle, nullptr);
         return error;
       }},
      {"open, err NULL", ESP_OK,
       [](Up& up) {
         up.handle = nvs::open_nvs_handle("none", NVS_READONLY);
         EXPECT_EQ(up.handle, nullptr);
         return ESP_OK;
       }},
      {"item", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         EXPECT_ESP(ESP_OK, up.handle->set_item("c", std::int64_t{-5}));
         std::int64_t out = 0;
         const esp_err_t result = up.handle->get_item("c", out);
         EXPECT_EQ(out, -5);
         return result;
       }},
      {"bool is u8", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         EXPECT_ESP(ESP_OK, up.handle->set_item("c", true));
         std::uint8_t out = 0;
         const esp_err_t result = nvs_get_u8(up.read, "c", &out);
         EXPECT_EQ(out, 1);
         return result;
       }},
      {"an enum is unsigned", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         EXPECT_ESP(ESP_OK, up.handle->set_item("c", Colour::kRed));
         nvs_type_t type{};
         const esp_err_t result = nvs_find_key(up.read, "c", &type);
         EXPECT_EQ(type, NVS_TYPE_U16);
         return result;
       }},
      {"long double", ESP_ERR_INVALID_ARG,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         return up.handle->set_item("c", 1.0L);
       }},
      {"here: NaN", ESP_ERR_INVALID_ARG,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         return up.handle->set_item("c", std::numeric_limits<double>::quiet_NaN());
       }},
      {"set on read-only handle", ESP_ERR_NVS_READ_ONLY,
       [=](Up& up) {
         open(up, NVS_READONLY);
         return up.handle->set_item("c", 1);
       }},
      {"get blob, longer buffer", ESP_FAIL,
       [=](Up& up) {
         open(up, NVS_READONLY);
         char out[8];
         return up.handle->get_blob("blob", out, sizeof out);
       }},
      {"get blob, exact", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         char out[4];
         return up.handle->get_blob("blob", out, sizeof out);
       }},
      {"get string, shorter buffer", ESP_ERR_NVS_INVALID_LENGTH,
       [=](Up& up) {
         open(up, NVS_READONLY);
         char out[4];
         return up.handle->get_string("str", out, sizeof out);
       }},
      {"get string, longer buffer", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         char out[8];
         return up.handle->get_string("str", out, sizeof out);
       }},
      {"here: size of a number", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         const esp_err_t result = up.handle->get_item_size(ItemType::U32, "u32", size);
         EXPECT_EQ(size, 4U);
         return result;
       }},
      {"size of a string", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         const esp_err_t result = up.handle->get_item_size(ItemType::SZ, "str", size);
         EXPECT_EQ(size, 5U);
         return result;
       }},
      {"size of a blob", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         const esp_err_t result = up.handle->get_item_size(ItemType::BLOB, "blob", size);
         EXPECT_EQ(size, 4U);
         return result;
       }},
      {"size of another type", ESP_ERR_NVS_NOT_FOUND,
       [=](Up& up) {
         open(up, NVS_READONLY);
         return up.handle->get_item_size(ItemType::U8, "blob", size);
       }},
      {"find key", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         nvs_type_t type{};
         const esp_err_t result = up.handle->find_key("str", type);
         EXPECT_EQ(type, NVS_TYPE_STR);
         return result;
       }},
      {"used entries", ESP_OK,
       [=](Up& up) {
         open(up, NVS_READONLY);
         const esp_err_t result = up.handle->get_used_entry_count(size);
         EXPECT_EQ(size, 8U);
         return result;
       }},
      {"after deinit", ESP_ERR_NVS_INVALID_HANDLE,
       [=](Up& up) {
         open(up, NVS_READWRITE);
         EXPECT_ESP(ESP_OK, nvs_flash_deinit());
         EXPECT_ESP(ESP_ERR_NVS_INVALID_HANDLE, up.handle->commit());
         return up.handle->set_item("c", 1);
       }},
  });
}

TEST(Codes, NamesOfCodes) {
  EXPECT_STREQ(esp_err_to_name(ESP_OK), "ESP_OK");
  EXPECT_STREQ(esp_err_to_name(-1), "ESP_FAIL");
  EXPECT_STREQ(esp_err_to_name(0x1102), "ESP_ERR_NVS_NOT_FOUND");
  EXPECT_STREQ(esp_err_to_name(0x1100), "ESP_ERR_NVS_BASE");
  EXPECT_STREQ(esp_err_to_name(0xF001), "ESP_ERR_NVS_SEC_HMAC_KEY_NOT_FOUND");
  EXPECT_STREQ(esp_err_to_name(0x7777), "ERROR");
  char text[32];
  EXPECT_STREQ(esp_err_to_name_r(0x7777, text, sizeof text), "ERROR 0x7777(30583)");
  EXPECT_STREQ(esp_err_to_name_r(ESP_ERR_NO_MEM, text, sizeof text), "ESP_ERR_NO_MEM");
  EXPECT_STREQ(esp_err_to_name_r(ESP_ERR_NO_MEM, text, 5), "ESP_");
}

}  // namespace
}  // namespace nvsafe::idf
