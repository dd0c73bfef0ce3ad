// The keys of nvs_partition_gen: read from a file, random, or derived from an HMAC key; and the files they are written
// to.
#pragma once

#include <optional>
#include <string>

#include "host/secret_buffer.hpp"
#include "keys/xts_key.hpp"
#include "standin/generator_files.hpp"
#include "standin/outputs.hpp"
#include "text/problem.hpp"

namespace nvsafe::standin {

struct KeyArguments {
  bool makes_key = false;  // --keygen; generate-key always does
  std::string key_file;
  std::string input_key;
  bool has_hmac = false;  // --key_protect_hmac; without it the other three of HMAC mean nothing
  bool makes_hmac_key = false;
  std::string hmac_key_file;
  std::string hmac_input_key;
};

// A key, and what is to be written of it.
struct GeneratorKey {
  keys::XtsKey key;
  std::string file;  // of the key page; empty: the key was read
  host::SecretBuffer hmac_key;
  std::string hmac_file;  // empty: the HMAC key was read, or there is none
};

// Reads or makes the key that the arguments ask for. Errors: kUsage for a name without .bin; kBadInput for a file that
// cannot be read or holds no key; kIo.
[[nodiscard]] text::Outcome<GeneratorKey> load_key(const KeyArguments& arguments, const OutputFolder& folder,
                                                   Warnings& warnings);
[[nodiscard]] text::Outcome<GeneratorKey> make_key(const KeyArguments& arguments, const OutputFolder& folder,
                                                   Warnings& warnings);
// The first 64 bytes of the file, whatever follows them.
[[nodiscard]] text::Outcome<keys::XtsKey> read_input_key(const std::string& path, Warnings& warnings);

// Adds the files that the key needs. Errors: those of Outputs::add_key.
[[nodiscard]] text::Outcome<void> add_key_files(const GeneratorKey& key, Outputs& output);
// The lines that tell of them, with paths as of shown_path(); empty where there are none.
[[nodiscard]] std::string key_lines(const GeneratorKey& key, bool is_placed);

}  // namespace nvsafe::standin
