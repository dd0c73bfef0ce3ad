#include "settings.h"

#include <string.h>

#include "nvs.h"
#include "nvs_flash.h"

static const char* const SPACE = "settings";
static const char* const CALIBRATION_SPACE = "calibration";

static const char* const KEY_VERSION = "version";
static const char* const KEY_NAME = "name";
static const char* const KEY_SSID = "ssid";
static const char* const KEY_PASSWORD = "password";
static const char* const KEY_PERIOD = "period";
static const char* const KEY_BRIGHTNESS = "brightness";
static const char* const KEY_METRIC = "metric";
static const char* const KEY_POINTS = "points";

// 1: period is a u16 in seconds, and there was no version yet. 2: a u32 in milliseconds.
enum { VERSION_NOW = 2 };

enum { PERIOD_MIN_MS = 100, PERIOD_MAX_MS = 24 * 60 * 60 * 1000, BRIGHTNESS_MAX = 100 };

static const settings_t DEFAULTS = {
    .device_name = "sensor",
    .wifi_ssid = "",
    .wifi_password = "",
    .period_ms = 10000,
    .brightness = 60,
    .is_metric = true,
    .point_count = 0,
};

static settings_t current;
static nvs_handle_t handle;
static nvs_handle_t calibration;
static bool is_up;

// --- Reading, with a default where nothing is

static esp_err_t or_default(esp_err_t err) { return err == ESP_ERR_NVS_NOT_FOUND ? ESP_OK : err; }

static esp_err_t load_text(const char* key, char* out, size_t size, const char* fallback) {
  size_t length = size;
  const esp_err_t err = nvs_get_str(handle, key, out, &length);
  if (err != ESP_OK) {
    strncpy(out, fallback, size - 1);
    out[size - 1] = '\0';
  }
  // Written by firmware with longer names: the default is better than half a name.
  return err == ESP_ERR_NVS_INVALID_LENGTH ? ESP_OK : or_default(err);
}

static esp_err_t load_number(const char* key, uint8_t* out, uint8_t fallback) {
  const esp_err_t err = nvs_get_u8(handle, key, out);
  if (err != ESP_OK) *out = fallback;
  return or_default(err);
}

static esp_err_t load_period(uint32_t* out) {
  const esp_err_t err = nvs_get_u32(handle, KEY_PERIOD, out);
  if (err != ESP_OK || *out < PERIOD_MIN_MS || *out > PERIOD_MAX_MS) *out = DEFAULTS.period_ms;
  return or_default(err);
}

static esp_err_t load_points(settings_t* out) {
  out->point_count = 0;
  size_t size = 0;
  esp_err_t err = nvs_get_blob(calibration, KEY_POINTS, NULL, &size);
  if (err == ESP_ERR_NVS_NOT_FOUND) return ESP_OK;
  if (err != ESP_OK) return err;
  if (size > sizeof out->points || size % sizeof out->points[0] != 0) return ESP_ERR_INVALID_SIZE;
  err = nvs_get_blob(calibration, KEY_POINTS, out->points, &size);
  if (err == ESP_OK) out->point_count = size / sizeof out->points[0];
  return err;
}

static esp_err_t load(settings_t* out) {
  uint8_t is_metric = 0;
  esp_err_t err = load_text(KEY_NAME, out->device_name, sizeof out->device_name, DEFAULTS.device_name);
  if (err == ESP_OK) err = load_text(KEY_SSID, out->wifi_ssid, sizeof out->wifi_ssid, DEFAULTS.wifi_ssid);
  if (err == ESP_OK) {
    err = load_text(KEY_PASSWORD, out->wifi_password, sizeof out->wifi_password, DEFAULTS.wifi_password);
  }
  if (err == ESP_OK) err = load_number(KEY_BRIGHTNESS, &out->brightness, DEFAULTS.brightness);
  if (err == ESP_OK) err = load_number(KEY_METRIC, &is_metric, DEFAULTS.is_metric);
  if (err == ESP_OK) err = load_period(&out->period_ms);
  if (err == ESP_OK) err = load_points(out);
  out->is_metric = is_metric != 0;
  return err;
}

// --- Older firmware

static esp_err_t period_to_milliseconds(void) {
  uint16_t seconds = 0;
  const esp_err_t err = nvs_get_u16(handle, KEY_PERIOD, &seconds);
  if (err == ESP_ERR_NVS_NOT_FOUND) return ESP_OK;  // never set, or taken over already when the power failed
  if (err != ESP_OK) return err;
  const uint32_t period_ms = seconds * UINT32_C(1000);
  // The same key with another type: NVS replaces the old value, and a power cut leaves one of the two.
  return nvs_set_u32(handle, KEY_PERIOD, period_ms);
}

static esp_err_t migrate(void) {
  uint8_t version = 1;
  esp_err_t err = or_default(nvs_get_u8(handle, KEY_VERSION, &version));
  if (err != ESP_OK) return err;
  if (version > VERSION_NOW) return ESP_ERR_INVALID_VERSION;  // of newer firmware: not to be touched
  if (version == VERSION_NOW) return ESP_OK;
  err = period_to_milliseconds();
  // The version comes last, so that a migration that was cut begins anew.
  if (err == ESP_OK) err = nvs_set_u8(handle, KEY_VERSION, VERSION_NOW);
  if (err == ESP_OK) err = nvs_commit(handle);
  return err;
}

// --- Up and down

static esp_err_t flash_up(void) {
  esp_err_t err = nvs_flash_init();
  if (err == ESP_ERR_NVS_NO_FREE_PAGES || err == ESP_ERR_NVS_NEW_VERSION_FOUND) {
    err = nvs_flash_erase();
    if (err == ESP_OK) err = nvs_flash_init();
  }
  return err;
}

static void close_all(void) {
  if (handle != 0) nvs_close(handle);
  if (calibration != 0) nvs_close(calibration);
  handle = calibration = 0;
}

esp_err_t settings_init(void) {
  if (is_up) return ESP_OK;
  esp_err_t err = flash_up();
  if (err != ESP_OK) return err;
  err = nvs_open(SPACE, NVS_READWRITE, &handle);
  if (err == ESP_OK) err = nvs_open(CALIBRATION_SPACE, NVS_READWRITE, &calibration);
  if (err == ESP_OK) err = migrate();
  if (err == ESP_OK) err = load(&current);
  if (err != ESP_OK) {
    close_all();
    return err;
  }
  is_up = true;
  return ESP_OK;
}

esp_err_t settings_deinit(void) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  close_all();
  memset(&current, 0, sizeof current);
  is_up = false;
  return nvs_flash_deinit();
}

const settings_t* settings_get(void) { return is_up ? &current : NULL; }

// --- Changing

// First flash, then memory: whoever reads the settings never sees what a restart would forget.
static esp_err_t set_text(const char* key, const char* text, char* out, size_t size) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  if (text == NULL || strlen(text) >= size) return ESP_ERR_INVALID_ARG;
  esp_err_t err = nvs_set_str(handle, key, text);
  if (err == ESP_OK) err = nvs_commit(handle);
  if (err == ESP_OK) strcpy(out, text);
  return err;
}

static esp_err_t set_number(const char* key, uint8_t value) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  const esp_err_t err = nvs_set_u8(handle, key, value);
  return err == ESP_OK ? nvs_commit(handle) : err;
}

esp_err_t settings_set_device_name(const char* name) {
  if (is_up && name != NULL && name[0] == '\0') return ESP_ERR_INVALID_ARG;
  return set_text(KEY_NAME, name, current.device_name, sizeof current.device_name);
}

// The password first: a new network with the old password would keep the sensor off line.
esp_err_t settings_set_wifi(const char* ssid, const char* password) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  if (ssid == NULL || strlen(ssid) >= sizeof current.wifi_ssid) return ESP_ERR_INVALID_ARG;
  esp_err_t err = set_text(KEY_PASSWORD, password, current.wifi_password, sizeof current.wifi_password);
  if (err == ESP_OK) err = set_text(KEY_SSID, ssid, current.wifi_ssid, sizeof current.wifi_ssid);
  return err;
}

esp_err_t settings_set_period(uint32_t period_ms) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  if (period_ms < PERIOD_MIN_MS || period_ms > PERIOD_MAX_MS) return ESP_ERR_INVALID_ARG;
  esp_err_t err = nvs_set_u32(handle, KEY_PERIOD, period_ms);
  if (err == ESP_OK) err = nvs_commit(handle);
  if (err == ESP_OK) current.period_ms = period_ms;
  return err;
}

esp_err_t settings_set_brightness(uint8_t percent) {
  if (percent > BRIGHTNESS_MAX) return ESP_ERR_INVALID_ARG;
  const esp_err_t err = set_number(KEY_BRIGHTNESS, percent);
  if (err == ESP_OK) current.brightness = percent;
  return err;
}

esp_err_t settings_set_metric(bool is_metric) {
  const esp_err_t err = set_number(KEY_METRIC, is_metric);
  if (err == ESP_OK) current.is_metric = is_metric;
  return err;
}

esp_err_t settings_set_calibration(const settings_point_t* points, size_t count) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  if (count > SETTINGS_POINTS_MAX || (points == NULL && count > 0)) return ESP_ERR_INVALID_ARG;
  esp_err_t err = nvs_set_blob(calibration, KEY_POINTS, points, count * sizeof points[0]);
  if (err == ESP_OK) err = nvs_commit(calibration);
  if (err != ESP_OK) return err;
  current.point_count = count;
  if (count > 0) memcpy(current.points, points, count * sizeof points[0]);
  return ESP_OK;
}

esp_err_t settings_reset(void) {
  if (!is_up) return ESP_ERR_INVALID_STATE;
  esp_err_t err = nvs_erase_all(handle);
  if (err == ESP_OK) err = nvs_set_u8(handle, KEY_VERSION, VERSION_NOW);
  if (err == ESP_OK) err = nvs_commit(handle);
  return err == ESP_OK ? load(&current) : err;
}
