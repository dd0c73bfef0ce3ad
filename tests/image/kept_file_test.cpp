// Files with keys that nothing may overwrite: those of eFuses. The others are tested through the program, by --force.
#include "image/kept_file.hpp"

#include <gtest/gtest.h>

#include "chip/efuse_file.hpp"
#include "support/bytes.hpp"

namespace nvsafe::image {
namespace {

using chip::Efuses;
using test::Bytes;

Bytes own_file(const Efuses& efuses) {
  const std::string text = chip::to_json(efuses);
  return Bytes(text.begin(), text.end());
}

Efuses with_key(const chip::Profile& profile, bool is_hidden) {
  Efuses efuses(profile);
  EXPECT_TRUE(efuses.stage_key(0, chip::KeyPurpose::kXtsAes128, Bytes(32, 7), {.read = is_hidden}).ok());
  EXPECT_TRUE(efuses.stage_crypt_count(Efuses::CountTo::kNext).ok());
  EXPECT_TRUE(efuses.burn([](unsigned) { return Result<void>(); }).ok());
  return efuses;
}

TEST(KeptFile, efuses_with_a_key_are_kept) {
  for (const chip::Profile& profile : chip::profiles()) {
    EXPECT_EQ(reason_to_keep(own_file(with_key(profile, true))), "holds a key") << profile.name;
    EXPECT_EQ(reason_to_keep(chip::to_virtual_file(with_key(profile, false))), "holds a key") << profile.name;
  }
}

TEST(KeptFile, efuses_that_do_not_tell_their_key_may_be_replaced) {
  for (const chip::Profile& profile : chip::profiles()) {
    EXPECT_EQ(reason_to_keep(own_file(Efuses(profile))), std::nullopt) << profile.name;
    const Bytes file = chip::to_virtual_file(with_key(profile, true));
    EXPECT_EQ(reason_to_keep(file), std::nullopt) << profile.name;
    const auto read = chip::parse_efuses(file, &profile, "f");
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(reason_to_keep(own_file(*read)), std::nullopt) << profile.name;
  }
}

TEST(KeptFile, efuses_that_cannot_be_read_are_kept) {
  Bytes file = own_file(with_key(*chip::find_profile("esp32c3"), true));
  file.resize(file.size() / 2);
  EXPECT_EQ(reason_to_keep(file), "holds a key");
}

}  // namespace
}  // namespace nvsafe::image
