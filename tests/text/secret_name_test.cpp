#include "text/secret_name.hpp"

#include <gtest/gtest.h>

namespace nvsafe::text {
namespace {

TEST(SecretName, is_found_by_its_parts_in_any_case) {
  for (const char* name : {"password", "WifiPass", "sta.pswd", "psk", "api_TOKEN", "priv_key", "secret2", "cred"}) {
    EXPECT_TRUE(is_secret_name(name)) << name;
  }
  for (const char* name : {"", "ssid", "port", "hostname"}) EXPECT_FALSE(is_secret_name(name)) << name;
}

}  // namespace
}  // namespace nvsafe::text
