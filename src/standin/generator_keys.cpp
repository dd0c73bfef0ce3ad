#include "standin/generator_keys.hpp"

#include <fmt/format.h>

#include <ctime>

#include "format/key_page.hpp"
#include "host/os_random.hpp"
#include "host/path.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::standin {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

constexpr std::size_t kHmacKeySize = 32;

// "keys-11-21_13-10.bin": month, day, hour, minute.
std::string default_key_file() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  char name[sizeof "keys-MM-DD_HH-MM.bin"] = {};
  ::localtime_r(&now, &local);
  std::strftime(name, sizeof name, "keys-%m-%d_%H-%M.bin", &local);
  return name;
}

// "hmac-NAME" beside the key file. The original puts one for an absolute name into a folder that is called "hmac-".
std::string default_hmac_file(const std::string& key_file) {
  if (!host::is_absolute(key_file)) return "hmac-" + key_file;
  const host::SplitPath split = host::split_path(key_file);
  return host::join_path(split.directory, "hmac-" + split.name);
}

// What a device would do with a key file that the original takes all the same.
void warn_of_key_file(const std::string& path, std::span<const std::uint8_t> bytes, Warnings& warnings) {
  if (keys::is_key_as_text(bytes)) {
    warnings.push_back(
        fmt::format("{}: is text, and its first {} characters are the key as they are", path, format::kXtsKeySize));
  } else if (keys::classify_key_file(bytes) == keys::KeyFileKind::kKeyPageDamaged) {
    warnings.push_back(fmt::format("{}: the CRC of this key page is wrong, and a device answers 0x1117", path));
  }
}

Outcome<GeneratorKey> random_key() {
  host::OsRandom random;
  auto key = keys::generate(random);
  if (!key) return problem(Exit::kIo, "the random source of this system failed");
  return GeneratorKey{.key = std::move(*key), .file = {}, .hmac_key = {}, .hmac_file = {}};
}

Outcome<GeneratorKey> derived_key(host::SecretBuffer hmac_key) {
  auto key = keys::derive_from_hmac_key(hmac_key.bytes());
  if (!key) return problem(Exit::kIo, "the HMAC of this system failed");
  return GeneratorKey{.key = std::move(*key), .file = {}, .hmac_key = std::move(hmac_key), .hmac_file = {}};
}

Outcome<host::SecretBuffer> random_hmac_key() {
  host::OsRandom random;
  host::SecretBuffer key;
  key.resize(kHmacKeySize);
  if (!random.fill(key.mutable_bytes())) return problem(Exit::kIo, "the random source of this system failed");
  return key;
}

Outcome<GeneratorKey> key_from_hmac(const KeyArguments& arguments, Warnings& warnings) {
  if (!arguments.makes_hmac_key && arguments.hmac_input_key.empty()) {
    return problem(Exit::kUsage, "--key_protect_hmac needs an HMAC key",
                   "--kp_hmac_inputkey FILE, or --kp_hmac_keygen to make one");
  }
  if (arguments.makes_hmac_key && !arguments.hmac_input_key.empty()) {
    warnings.push_back(fmt::format("--kp_hmac_keygen makes a new HMAC key: {} is not read", arguments.hmac_input_key));
  }
  auto hmac_key = arguments.makes_hmac_key ? random_hmac_key() : read_named_secret(arguments.hmac_input_key, true);
  if (!hmac_key) return hmac_key.failed();
  return derived_key(std::move(*hmac_key));
}

}  // namespace

Outcome<keys::XtsKey> read_input_key(const std::string& path, Warnings& warnings) {
  const auto bytes = read_named_secret(path);
  if (!bytes) return bytes.failed();
  if (bytes->size() < format::kXtsKeySize) {
    return problem(Exit::kBadInput,
                   fmt::format("{}: has {} bytes; an NVS key has {}", path, bytes->size(), format::kXtsKeySize),
                   fmt::format("nvsafe show {}          says what it is", path));
  }
  warn_of_key_file(path, bytes->bytes(), warnings);
  return keys::XtsKey(bytes->bytes().first<format::kXtsKeySize>());
}

Outcome<GeneratorKey> load_key(const KeyArguments& arguments, const OutputFolder& folder, Warnings& warnings) {
  if (arguments.makes_key == !arguments.input_key.empty()) {
    return problem(Exit::kUsage,
                   arguments.makes_key ? "only one of --keygen and --inputkey can be meant"
                                       : "there is neither --keygen nor --inputkey",
                   "--keygen makes a key; --inputkey FILE uses one");
  }
  if (arguments.makes_key) return make_key(arguments, folder, warnings);
  if (!arguments.key_file.empty()) warnings.push_back("--keyfile does not count with --inputkey: no key is made");
  if (auto right = check_bin_extension(arguments.input_key); !right) return right.failed();
  auto key = read_input_key(arguments.input_key, warnings);
  if (!key) return key.failed();
  if (keys::has_equal_halves(*key)) {
    return problem(
        Exit::kBadInput,
        fmt::format("{}: its two halves are equal, and nothing is encrypted with such a key", arguments.input_key),
        "--keygen makes a key");
  }
  return GeneratorKey{.key = std::move(*key), .file = {}, .hmac_key = {}, .hmac_file = {}};
}

Outcome<GeneratorKey> make_key(const KeyArguments& arguments, const OutputFolder& folder, Warnings& warnings) {
  if (!arguments.has_hmac && (arguments.makes_hmac_key || !arguments.hmac_input_key.empty())) {
    warnings.push_back("without --key_protect_hmac no HMAC key is used: the key is random");
  }
  const std::string name = arguments.key_file.empty() ? default_key_file() : arguments.key_file;
  auto file = folder.key_file(name, warnings);
  if (!file) return file.failed();
  auto key = arguments.has_hmac ? key_from_hmac(arguments, warnings) : random_key();
  if (!key) return key;
  key->file = std::move(*file);
  if (!arguments.has_hmac || !arguments.makes_hmac_key) return key;
  auto hmac_file =
      folder.key_file(arguments.hmac_key_file.empty() ? default_hmac_file(name) : arguments.hmac_key_file, warnings);
  if (!hmac_file) return hmac_file.failed();
  key->hmac_file = std::move(*hmac_file);
  return key;
}

Outcome<void> add_key_files(const GeneratorKey& key, Outputs& output) {
  if (!key.hmac_file.empty()) {
    if (auto added = output.add_key(key.hmac_file, key.hmac_key.bytes()); !added) return added;
  }
  if (key.file.empty()) return {};
  SecretBytes<format::kPageSize> page;
  format::encode_key_page(key.key, page.mutable_bytes());
  return output.add_key(key.file, page.bytes());
}

std::string key_lines(const GeneratorKey& key, bool is_placed) {
  std::string lines;
  if (!key.hmac_file.empty()) lines += fmt::format("Created HMAC key: {}\n", shown_path(key.hmac_file, is_placed));
  if (!key.file.empty()) lines += fmt::format("Created encryption keys: ===>  {}\n", shown_path(key.file, is_placed));
  return lines;
}

}  // namespace nvsafe::standin
