#include "cli/output_key.hpp"

#include "cli/input.hpp"
#include "host/os_random.hpp"
#include "image/open.hpp"

namespace nvsafe::cli {
namespace {

Outcome<keys::XtsKey> new_key(const std::string& path) {
  if (auto free = check_key_output(path); !free) return free.failed();
  host::OsRandom random;
  auto key = keys::generate(random);
  if (!key) return problem(Exit::kIo, "the random source of this system failed");
  return std::move(*key);
}

}  // namespace

std::string OutputKey::description() const {
  if (!key) return "plain";
  return fmt::format("encrypted with {} ({}fingerprint {})", name,
                     is_new         ? "new, "
                     : is_from_hmac ? "as HMAC key, "
                                    : "",
                     image::fingerprint_text(key->bytes()));
}

void OutputKeyOptions::add_to(CLI::App& verb) {
  constexpr const char* kGroup = "Encryption of the output (one is needed)";
  verb.add_option("--new-keys", new_keys, "Make new keys and write them here (an nvs_keys page, mode 0600)")
      ->type_name("FILE")
      ->group(kGroup);
  verb.add_option("--to-keys", to_keys, "Encrypt with this key file")->type_name("FILE")->group(kGroup);
  verb.add_option("--to-hmac-key", to_hmac_key, "Encrypt with the keys that a device derives from this HMAC key")
      ->type_name("FILE")
      ->group(kGroup);
  verb.add_flag("--plain", plain, "Do not encrypt")->group(kGroup);
}

Outcome<OutputKey> OutputKeyOptions::load() const {
  const int count = !new_keys.empty() + !to_keys.empty() + !to_hmac_key.empty() + plain;
  if (count != 1) {
    return problem(Exit::kUsage,
                   count == 0 ? "should the result be encrypted? nothing is made plain by silence"
                              : "only one of --new-keys, --to-keys, --to-hmac-key and --plain can be meant",
                   "--new-keys keys.bin makes keys; --to-keys FILE and --to-hmac-key FILE use some; --plain uses none");
  }
  OutputKey result;
  if (plain) return result;
  result.is_new = !new_keys.empty();
  result.is_from_hmac = !to_hmac_key.empty();
  result.name = result.is_new ? new_keys : result.is_from_hmac ? to_hmac_key : to_keys;
  auto key = result.is_new ? new_key(new_keys) : result.is_from_hmac ? load_hmac_key(to_hmac_key) : load_key(to_keys);
  if (!key) return key.failed();
  if (keys::has_equal_halves(*key)) return equal_halves(result.name);
  auto cipher = format::EntryCipher::create(*key);
  if (!cipher) return problem(Exit::kIo, "the AES of this system failed");
  result.key.emplace(std::move(*key));
  result.cipher.emplace(std::move(*cipher));
  return result;
}

Outcome<void> check_key_output(const std::string& path) {
  if (path == "-") {
    return problem(Exit::kUsage, "a key is written to a file that only its owner reads, not to standard output",
                   "-o FILE, or --new-keys FILE beside an image");
  }
  return host::check_output({path, host::OutputKind::kKey});
}

Failed<text::Problem> equal_halves(const std::string& name) {
  return problem(Exit::kBadInput,
                 fmt::format("{}: its two halves are equal, which takes the protection out of XTS: "
                             "nothing is encrypted with it",
                             name),
                 "nvsafe keys new -o nvs_keys.bin");
}

Outcome<void> add_key_page(host::OutputSet& outputs, const std::string& path, const keys::XtsKey& key) {
  if (auto free = check_key_output(path); !free) return free;
  SecretBytes<format::kPageSize> page;
  format::encode_key_page(key, page.mutable_bytes());
  return outputs.add({path, host::OutputKind::kKey}, page.bytes());
}

}  // namespace nvsafe::cli
