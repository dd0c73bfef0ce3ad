// What nvs_partition_gen does, behind its arguments: images, keys, and images without their encryption. Each says what
// it did or why not, and gives the exit status.
#pragma once

#include <string>
#include <vector>

#include "standin/generator_keys.hpp"

namespace nvsafe::standin {

struct ImageArguments {
  std::vector<std::string> inputs;
  std::string output;
  std::string size;
  int format_version = 2;
  std::string outdir;  // empty: the current directory
};

// `keys`: nullptr makes a plain image.
[[nodiscard]] int generate_image(const ImageArguments& arguments, const KeyArguments* keys);
[[nodiscard]] int generate_key(const KeyArguments& arguments, const std::string& outdir);

struct DecryptArguments {
  std::string input;
  std::string key;
  std::string output;
  std::string outdir;
};

// Writes nothing unless the key is proven: an entry of the image decodes with it.
[[nodiscard]] int decrypt_image(const DecryptArguments& arguments);

}  // namespace nvsafe::standin
