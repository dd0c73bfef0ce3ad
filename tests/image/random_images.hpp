// Many random images in a row, for what must hold of each.
#pragma once

#include <cstdint>
#include <span>

#include "image/random_image.hpp"

namespace nvsafe::image {

// Calls check(seed, image, keys that open it) with `count` images, of which every second is encrypted.
template <typename Check>
void for_random_images(std::uint64_t count, const Check& check) {
  const KeyCandidate key{"key", test::test_key(1)};
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    SCOPED_TRACE(seed);
    const bool is_encrypted = seed % 2 == 1;
    RandomImageOptions options;
    if (is_encrypted) options.key_seed = 1;
    check(seed, random_image(seed, options), std::span(&key, is_encrypted ? 1 : 0));
  }
}

}  // namespace nvsafe::image
