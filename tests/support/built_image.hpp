// image::build_image() for tests: what it makes is kept (support/kept_image.hpp).
#pragma once

#include "image/build.hpp"
#include "support/kept_image.hpp"

namespace nvsafe::image {

inline text::Outcome<BuiltImage> built_image(const text::Settings& settings, const BuildOptions& options) {
  auto built = build_image(settings, options);
  if (built.ok()) test::keep_image(built->bytes, {.made_by = "build"});
  return built;
}

}  // namespace nvsafe::image
