// Names of the eFuse blocks that an HMAC key can be in. The HMAC peripheral itself is not here.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  HMAC_KEY0 = 0,
  HMAC_KEY1,
  HMAC_KEY2,
  HMAC_KEY3,
  HMAC_KEY4,
  HMAC_KEY5,
  HMAC_KEY_MAX,
} hmac_key_id_t;

#ifdef __cplusplus
}
#endif
