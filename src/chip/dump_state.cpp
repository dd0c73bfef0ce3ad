#include <algorithm>

#include "base/secret.hpp"
#include "chip/app_image.hpp"
#include "chip/encrypted_regions.hpp"

namespace nvsafe::chip {
namespace {

using Bytes = std::span<const std::uint8_t>;

// What lies between two places of a dump, as far as it reaches: [offset, end).
Bytes area_of(Bytes flash, std::uint64_t offset, std::uint64_t end) {
  end = std::min<std::uint64_t>(end, flash.size());
  return offset < end ? flash.subspan(offset, end - offset) : Bytes();
}

std::optional<AppImage> image_in(Bytes flash, std::uint32_t offset, std::uint64_t end, const FlashCipher* cipher) {
  const Bytes area = area_of(flash, offset, end);
  if (cipher == nullptr) {
    auto image = read_image(area);
    return image ? std::optional(std::move(*image)) : std::nullopt;
  }
  std::vector<std::uint8_t> plain(area.begin(), area.end());
  plain.resize(plain.size() / FlashCipher::kBlockSize * FlashCipher::kBlockSize);
  if (!cipher->decrypt(offset, plain)) return std::nullopt;
  auto image = image_in(plain, 0, plain.size(), nullptr);
  secure_wipe(plain);
  return image;
}

// The first of the apps in the table, whole or not.
template <typename Function>
auto first_of_apps(Bytes flash, std::uint32_t table_offset, const FlashCipher* cipher, Function function)
    -> decltype(function(AppImage(), table::Partition())) {
  const auto table = table_at(flash, table_offset, cipher);
  if (!table) return {};
  for (const table::Partition& partition : table->partitions()) {
    if (partition.type != table::PartitionType::kApp) continue;
    const auto image = image_in(flash, partition.offset, partition.end(), cipher);
    if (!image) continue;
    if (auto found = function(*image, partition)) return found;
  }
  return {};
}

// "v5.5.3-12-gabcdef-dirty" is a 5.5.3.
std::optional<store::Release> release_of(std::string_view version) {
  const auto release = store::parse_release(version.substr(0, version.find_first_not_of("v.0123456789")));
  return release ? std::optional(*release) : std::nullopt;
}

}  // namespace

DumpState dump_state(Bytes flash, const FlashCipher* cipher, const Profile* profile, std::uint32_t table_offset) {
  if (table_at(flash, table_offset, nullptr)) return DumpState::kPlain;
  if (cipher == nullptr) return DumpState::kUnknown;
  if (table_at(flash, table_offset, cipher)) return DumpState::kEncrypted;
  for (const Profile& candidate : profile != nullptr ? std::span(profile, 1) : profiles()) {
    if (image_in(flash, candidate.bootloader_offset, table_offset, cipher)) return DumpState::kEncrypted;
  }
  return DumpState::kUnknown;
}

const Profile* chip_of_dump(Bytes flash, std::uint32_t table_offset, const FlashCipher* cipher) {
  for (const Profile& candidate : profiles()) {
    const auto image = image_in(flash, candidate.bootloader_offset, table_offset, cipher);
    if (image && image->chip_id == candidate.image_id) return &candidate;
  }
  return first_of_apps(flash, table_offset, cipher,
                       [](const AppImage& app, const table::Partition&) { return find_profile(app.chip_id); });
}

std::string release_text(const store::Release& release) {
  const std::string text = std::to_string(release.major) + '.' + std::to_string(release.minor);
  return release.patch ? text + '.' + std::to_string(*release.patch) : text;
}

std::optional<AppRelease> app_release_of_dump(Bytes flash, std::uint32_t table_offset, const FlashCipher* cipher) {
  return first_of_apps(flash, table_offset, cipher,
                       [](const AppImage& app, const table::Partition& partition) -> std::optional<AppRelease> {
                         const auto release = app.description ? release_of(app.description->idf_version) : std::nullopt;
                         if (!release) return std::nullopt;
                         return AppRelease{*release, std::string(partition.name.view())};
                       });
}

std::optional<store::Release> release_of_dump(Bytes flash, const Profile& profile, std::uint32_t table_offset) {
  const auto bootloader = image_in(flash, profile.bootloader_offset, table_offset, nullptr);
  if (bootloader && bootloader->bootloader_idf_version) {
    if (const auto release = release_of(*bootloader->bootloader_idf_version)) return release;
  }
  const auto app = app_release_of_dump(flash, table_offset);
  return app ? std::optional(app->release) : std::nullopt;
}

}  // namespace nvsafe::chip
