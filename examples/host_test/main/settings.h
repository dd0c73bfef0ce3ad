// The settings of a sensor: kept in NVS, with defaults, and taken over from older firmware.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SETTINGS_NAME_SIZE 33      // with the NUL
#define SETTINGS_PASSWORD_SIZE 65  // with the NUL
#define SETTINGS_POINTS_MAX 16

typedef struct {
  uint16_t raw;
  int16_t millidegrees_per_step;
} settings_point_t;

typedef struct {
  char device_name[SETTINGS_NAME_SIZE];
  char wifi_ssid[SETTINGS_NAME_SIZE];
  char wifi_password[SETTINGS_PASSWORD_SIZE];
  uint32_t period_ms;
  uint8_t brightness;  // 0 to 100
  bool is_metric;
  size_t point_count;
  settings_point_t points[SETTINGS_POINTS_MAX];  // calibration
} settings_t;

// Brings NVS up, takes over what older firmware left, and loads. What is not there gets its default. A value that
// cannot be read is an error, and nothing is written then.
esp_err_t settings_init(void);
esp_err_t settings_deinit(void);

// The settings as they are; NULL before settings_init().
const settings_t* settings_get(void);

// Each is in NVS when it returns ESP_OK, and nothing has changed otherwise. ESP_ERR_INVALID_ARG: out of range;
// ESP_ERR_INVALID_STATE: not initialised.
esp_err_t settings_set_device_name(const char* name);
esp_err_t settings_set_wifi(const char* ssid, const char* password);
esp_err_t settings_set_period(uint32_t period_ms);
esp_err_t settings_set_brightness(uint8_t percent);
esp_err_t settings_set_metric(bool is_metric);
esp_err_t settings_set_calibration(const settings_point_t* points, size_t count);

// All values as from the factory, but the calibration.
esp_err_t settings_reset(void);

#ifdef __cplusplus
}
#endif
