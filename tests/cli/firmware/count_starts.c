// Firmware as it is: counts its starts and keeps a text. Prints the count.
#include <stdio.h>

#include "nvs.h"
#include "nvs_flash.h"

int main(void) {
  nvs_handle_t handle;
  uint32_t count = 0;
  ESP_ERROR_CHECK(nvs_flash_init());
  ESP_ERROR_CHECK(nvs_open("starts", NVS_READWRITE, &handle));
  const esp_err_t found = nvs_get_u32(handle, "count", &count);
  if (found != ESP_OK && found != ESP_ERR_NVS_NOT_FOUND) ESP_ERROR_CHECK(found);
  ++count;
  ESP_ERROR_CHECK(nvs_set_u32(handle, "count", count));
  ESP_ERROR_CHECK(nvs_set_str(handle, "text", "kept by firmware"));
  ESP_ERROR_CHECK(nvs_commit(handle));
  nvs_close(handle);
  printf("%u\n", (unsigned)count);
  return 0;
}
