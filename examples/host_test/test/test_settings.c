// Unit tests of settings.c on a PC. CMakeLists.txt runs them with plain NVS, with keys in a partition and with an HMAC
// key.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nvs.h"
#include "nvs_flash.h"
#include "nvsafe_idf.h"
#include "settings.h"

static int failure_count;

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      ++failure_count;                                                \
    }                                                                 \
  } while (0)
#define CHECK_ESP(expected, call)                                                                \
  do {                                                                                           \
    const esp_err_t got_ = (call);                                                               \
    if (got_ != (expected)) {                                                                    \
      fprintf(stderr, "%s:%d: %s gives %s\n", __FILE__, __LINE__, #call, esp_err_to_name(got_)); \
      ++failure_count;                                                                           \
    }                                                                                            \
  } while (0)

// What the device sees after a power cycle.
static void restart(void) {
  if (settings_get() != NULL) settings_deinit();
  nvsafe_idf_restart();
}

// What older firmware left; the device is restarted then.
static nvs_handle_t older_firmware(void) {
  nvs_handle_t handle = 0;
  CHECK_ESP(ESP_OK, nvs_flash_init());
  CHECK_ESP(ESP_OK, nvs_open("settings", NVS_READWRITE, &handle));
  return handle;
}

static void test_a_new_device_has_the_defaults(void) {
  CHECK(settings_get() == NULL);
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(strcmp(settings_get()->device_name, "sensor") == 0);
  CHECK(strcmp(settings_get()->wifi_ssid, "") == 0);
  CHECK(settings_get()->period_ms == 10000);
  CHECK(settings_get()->brightness == 60);
  CHECK(settings_get()->is_metric);
  CHECK(settings_get()->point_count == 0);
}

static void test_values_survive_a_restart(void) {
  const settings_point_t points[2] = {{100, -250}, {4000, 1250}};
  CHECK_ESP(ESP_OK, settings_init());
  CHECK_ESP(ESP_OK, settings_set_device_name("greenhouse"));
  CHECK_ESP(ESP_OK, settings_set_wifi("Example Lab", "not-a-real-password"));
  CHECK_ESP(ESP_OK, settings_set_period(2500));
  CHECK_ESP(ESP_OK, settings_set_brightness(5));
  CHECK_ESP(ESP_OK, settings_set_metric(false));
  CHECK_ESP(ESP_OK, settings_set_calibration(points, 2));
  restart();
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(strcmp(settings_get()->device_name, "greenhouse") == 0);
  CHECK(strcmp(settings_get()->wifi_ssid, "Example Lab") == 0);
  CHECK(strcmp(settings_get()->wifi_password, "not-a-real-password") == 0);
  CHECK(settings_get()->period_ms == 2500);
  CHECK(settings_get()->brightness == 5);
  CHECK(!settings_get()->is_metric);
  CHECK(settings_get()->point_count == 2);
  CHECK(memcmp(settings_get()->points, points, sizeof points) == 0);
}

static void test_values_out_of_range_change_nothing(void) {
  CHECK_ESP(ESP_OK, settings_init());
  char long_name[40];
  memset(long_name, 'x', sizeof long_name);
  long_name[sizeof long_name - 1] = '\0';
  const settings_t before = *settings_get();
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_device_name(long_name));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_device_name(""));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_device_name(NULL));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_wifi(long_name, "x"));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_period(99));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_period(86400001));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_brightness(101));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_calibration(NULL, 1));
  CHECK_ESP(ESP_ERR_INVALID_ARG, settings_set_calibration(NULL, SETTINGS_POINTS_MAX + 1));
  CHECK(memcmp(&before, settings_get(), sizeof before) == 0);
}

static void test_a_period_in_seconds_is_taken_over(void) {
  const nvs_handle_t handle = older_firmware();
  CHECK_ESP(ESP_OK, nvs_set_u16(handle, "period", 30));
  CHECK_ESP(ESP_OK, nvs_set_str(handle, "name", "old"));
  restart();
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(settings_get()->period_ms == 30000);
  CHECK(strcmp(settings_get()->device_name, "old") == 0);
  restart();
  CHECK_ESP(ESP_OK, settings_init());  // once only
  CHECK(settings_get()->period_ms == 30000);
  const nvs_handle_t again = older_firmware();
  nvs_type_t type;
  CHECK_ESP(ESP_OK, nvs_find_key(again, "period", &type));
  CHECK(type == NVS_TYPE_U32);
}

// The power went between the new period and the version.
static void test_a_migration_that_was_cut_goes_on(void) {
  const nvs_handle_t handle = older_firmware();
  CHECK_ESP(ESP_OK, nvs_set_u32(handle, "period", 30000));
  restart();
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(settings_get()->period_ms == 30000);
}

static void test_settings_of_newer_firmware_are_not_touched(void) {
  nvs_handle_t handle = older_firmware();
  CHECK_ESP(ESP_OK, nvs_set_u8(handle, "version", 3));
  CHECK_ESP(ESP_OK, nvs_set_u16(handle, "period", 7));
  restart();
  CHECK_ESP(ESP_ERR_INVALID_VERSION, settings_init());
  CHECK(settings_get() == NULL);
  restart();
  handle = older_firmware();
  uint16_t period = 0;
  CHECK_ESP(ESP_OK, nvs_get_u16(handle, "period", &period));
  CHECK(period == 7);
}

static void test_values_that_make_no_sense(void) {
  nvs_handle_t handle = older_firmware();
  CHECK_ESP(ESP_OK, nvs_set_str(handle, "name", "a name that is longer than this firmware allows"));
  CHECK_ESP(ESP_OK, nvs_set_u16(handle, "period", 0));
  CHECK_ESP(ESP_OK, nvs_open("calibration", NVS_READWRITE, &handle));
  CHECK_ESP(ESP_OK, nvs_set_blob(handle, "points", "odd", 3));
  restart();
  CHECK_ESP(ESP_ERR_INVALID_SIZE, settings_init());
  restart();
  older_firmware();
  CHECK_ESP(ESP_OK, nvs_open("calibration", NVS_READWRITE, &handle));
  CHECK_ESP(ESP_OK, nvs_erase_key(handle, "points"));
  restart();
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(strcmp(settings_get()->device_name, "sensor") == 0);
  CHECK(settings_get()->period_ms == 10000);
}

static void test_reset_keeps_the_calibration(void) {
  const settings_point_t point = {7, 8};
  CHECK_ESP(ESP_OK, settings_init());
  CHECK_ESP(ESP_OK, settings_set_device_name("greenhouse"));
  CHECK_ESP(ESP_OK, settings_set_calibration(&point, 1));
  CHECK_ESP(ESP_OK, settings_reset());
  CHECK(strcmp(settings_get()->device_name, "sensor") == 0);
  CHECK(settings_get()->point_count == 1);
  restart();
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(strcmp(settings_get()->device_name, "sensor") == 0);
  CHECK(settings_get()->points[0].raw == 7);
  CHECK_ESP(ESP_OK, settings_set_calibration(NULL, 0));
  CHECK(settings_get()->point_count == 0);
}

static void test_a_full_partition_refuses_and_keeps(void) {
  CHECK_ESP(ESP_OK, settings_init());
  CHECK_ESP(ESP_OK, settings_set_device_name("greenhouse"));
  nvs_handle_t handle = 0;
  CHECK_ESP(ESP_OK, nvs_open("filler", NVS_READWRITE, &handle));
  char key[16];
  esp_err_t err = ESP_OK;
  for (int i = 0; i < 1000 && err == ESP_OK; ++i) {
    snprintf(key, sizeof key, "f%d", i);
    err = nvs_set_u8(handle, key, 1);
  }
  CHECK(err == ESP_ERR_NVS_NOT_ENOUGH_SPACE);
  CHECK_ESP(ESP_ERR_NVS_NOT_ENOUGH_SPACE, settings_set_wifi("Example Lab", "not-a-real-password"));
  CHECK(strcmp(settings_get()->wifi_password, "") == 0);
  restart();
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(strcmp(settings_get()->device_name, "greenhouse") == 0);
  CHECK(strcmp(settings_get()->wifi_ssid, "") == 0);
}

static void test_before_init_and_after_deinit(void) {
  CHECK_ESP(ESP_ERR_INVALID_STATE, settings_set_metric(true));
  CHECK_ESP(ESP_ERR_INVALID_STATE, settings_set_period(1000));
  CHECK_ESP(ESP_ERR_INVALID_STATE, settings_deinit());
  CHECK_ESP(ESP_OK, settings_init());
  CHECK_ESP(ESP_OK, settings_init());
  CHECK_ESP(ESP_OK, settings_deinit());
  CHECK(settings_get() == NULL);
  CHECK_ESP(ESP_ERR_INVALID_STATE, settings_reset());
}

// With encryption, a device whose keys are lost keeps its data: settings.c erases on two errors, and this is neither.
static void test_lost_keys_lose_nothing(void) {
  const char* const encryption = getenv("NVSAFE_NVS_ENCRYPTION");
  if (encryption == NULL || strcmp(encryption, "flash_enc") != 0) return;
  CHECK_ESP(ESP_OK, settings_init());
  CHECK_ESP(ESP_OK, settings_set_device_name("greenhouse"));
  restart();
  const esp_partition_t* const keys =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_NVS_KEYS, NULL);
  uint8_t page[4096];
  CHECK_ESP(ESP_OK, esp_partition_read(keys, 0, page, sizeof page));
  CHECK_ESP(ESP_OK, esp_partition_erase_range(keys, 0, keys->size));
  CHECK_ESP(ESP_ERR_NVS_XTS_DECR_FAILED, settings_init());
  CHECK_ESP(ESP_OK, esp_partition_write(keys, 0, page, sizeof page));
  CHECK_ESP(ESP_OK, settings_init());
  CHECK(strcmp(settings_get()->device_name, "greenhouse") == 0);
}

int main(void) {
  static void (*const tests[])(void) = {
      test_a_new_device_has_the_defaults,
      test_values_survive_a_restart,
      test_values_out_of_range_change_nothing,
      test_a_period_in_seconds_is_taken_over,
      test_a_migration_that_was_cut_goes_on,
      test_settings_of_newer_firmware_are_not_touched,
      test_values_that_make_no_sense,
      test_reset_keeps_the_calibration,
      test_a_full_partition_refuses_and_keeps,
      test_before_init_and_after_deinit,
      test_lost_keys_lose_nothing,
  };
  const size_t count = sizeof tests / sizeof tests[0];
  for (size_t i = 0; i < count; ++i) {
    nvsafe_idf_use_memory(NULL);  // a new device
    tests[i]();
    restart();
  }
  printf("%zu tests, %d failures\n", count, failure_count);
  return failure_count == 0 ? 0 : 1;
}
