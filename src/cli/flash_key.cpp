#include "cli/flash_key.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "cli/flash_line.hpp"
#include "host/files.hpp"
#include "image/open.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::cli {
namespace {

using chip::FlashScheme;

// docs/CHIP.md, flash encryption.
struct KeyForm {
  FlashScheme scheme;
  std::size_t size;  // bytes
  std::string_view cipher_name;
};
constexpr std::array<KeyForm, 5> kKeyForms = {{{FlashScheme::kXts, 32, "XTS-AES-128"},
                                               {FlashScheme::kXts, 64, "XTS-AES-256"},
                                               {FlashScheme::kXts, 16, "XTS-AES-128, key derived"},
                                               {FlashScheme::kEsp32, 32, "the cipher of an ESP32"},
                                               {FlashScheme::kEsp32, 24, "the cipher of an ESP32, 3/4 coding"}}};

bool is_taken_by(const chip::Profile& profile, const KeyForm& form) {
  if (form.scheme != profile.flash_scheme) return false;
  if (form.scheme == FlashScheme::kEsp32) return true;
  return form.size == 32 || (form.size == 64 ? profile.has_xts_256 : profile.has_derived_key);
}

// "32 or 64"
std::string sizes_of(const chip::Profile& profile) {
  std::vector<std::string> sizes;
  for (const KeyForm& form : kKeyForms) {
    if (is_taken_by(profile, form)) sizes.push_back(std::to_string(form.size));
  }
  return fmt::format("{}", fmt::join(sizes, " or "));
}

Failed<text::Problem> no_flash_key(const std::string& path, std::span<const std::uint8_t> bytes) {
  const auto kind = keys::classify_key_file(bytes);
  if (kind == keys::KeyFileKind::kKeyPage || kind == keys::KeyFileKind::kKeyPageDamaged) {
    return problem(Exit::kBadInput, fmt::format("{}: an nvs_keys page, and no flash-encryption key", path),
                   "the flash-encryption key is a file of 32 bytes (64, 24 or 16 on some chips) by itself");
  }
  return problem(Exit::kBadInput,
                 fmt::format("{}: {} bytes; a flash-encryption key has 32, or 64, 24 or 16", path, bytes.size()),
                 fmt::format("nvsafe show {}          says what it is", path));
}

Outcome<KeyForm> find_form(const std::string& path, std::span<const std::uint8_t> bytes, const chip::Profile* profile) {
  const KeyForm* found = nullptr;
  int count = 0;
  bool is_a_size = false;
  for (const KeyForm& form : kKeyForms) {
    if (form.size != bytes.size()) continue;
    is_a_size = true;
    if (profile != nullptr && !is_taken_by(*profile, form)) continue;
    found = &form;
    ++count;
  }
  if (!is_a_size) return no_flash_key(path, bytes);
  if (count == 1) return *found;
  if (profile == nullptr) {
    return problem(
        Exit::kUsage,
        fmt::format("{}: with {} bytes it may be the key of an ESP32 or of a later chip", path, bytes.size()),
        "--chip esp32, or for example --chip esp32c3");
  }
  return problem(
      Exit::kBadInput,
      fmt::format("{}: {} bytes, and a key of {} has {}", path, bytes.size(), profile->name, sizes_of(*profile)),
      "is it the key of another chip?");
}

}  // namespace

void FlashKeyOptions::add_to(CLI::App& verb) {
  verb.add_option("--flash-key", flash_key, "The chip's flash-encryption key, as burnt (32 bytes; 64, 24 or 16)")
      ->required()
      ->type_name("FILE");
  verb.add_option("--chip", chip, "Chip, which says what its flash encryption does")->type_name("CHIP");
}

Outcome<const chip::Profile*> FlashKeyOptions::profile() const {
  if (auto known = check_chip(chip); !known) return known.failed();
  return chip.empty() ? nullptr : chip::find_profile(chip);
}

Outcome<FlashKey> load_flash_key(const std::string& path, const chip::Profile* profile) {
  const auto bytes = host::read_secret_file(path);
  if (!bytes) return bytes.failed();
  if (keys::is_key_as_text(bytes->bytes())) {
    return problem(Exit::kBadInput, fmt::format("{}: a key as text, and keys are bytes", path),
                   fmt::format("if these are hex digits: xxd -r -p {} > key.bin", path));
  }
  const auto form = find_form(path, bytes->bytes(), profile);
  if (!form) return form.failed();
  auto cipher = chip::FlashCipher::create(form->scheme, bytes->bytes());
  if (cipher) {
    return FlashKey{path, image::fingerprint_text(bytes->bytes()), std::string(form->cipher_name), std::move(*cipher)};
  }
  if (cipher.error().code != ErrorCode::kEqualKeyHalves) return problem(Exit::kIo, "the AES of this system failed");
  return problem(Exit::kBadInput, fmt::format("{}: its two halves are equal, and XTS works with no such key", path),
                 "is it the key as it was made, or something else?");
}

Outcome<std::vector<FlashKey>> load_flash_keys(const std::string& path, const chip::Profile* profile) {
  std::vector<FlashKey> keys;
  for (const chip::Profile& candidate : profile != nullptr ? std::span(profile, 1) : chip::profiles()) {
    const auto is_same = [&](const FlashKey& key) { return key.cipher.scheme() == candidate.flash_scheme; };
    if (std::any_of(keys.begin(), keys.end(), is_same)) continue;
    auto key = load_flash_key(path, &candidate);
    if (key) {
      keys.push_back(std::move(*key));
    } else if (profile != nullptr) {
      return key.failed();
    }
  }
  if (!keys.empty()) return keys;
  return load_flash_key(path, nullptr).failed();
}

}  // namespace nvsafe::cli
