#include "cli/efuse_listing.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string_view>

#include "image/open.hpp"

namespace nvsafe::cli {
namespace {

using chip::Efuses;
using chip::Fuse;
using chip::KeyBlock;

// Nothing: the file does not tell, because it has a word for the crypt count and not its bits.
std::optional<bool> is_release_mode(const Efuses& efuses) {
  if (efuses.is_release_mode() || efuses.blocks().is_crypt_count_exact) return efuses.is_release_mode();
  Efuses full = efuses;
  const bool is_burned =
      full.stage_crypt_count(Efuses::CountTo::kFull) && full.burn([](unsigned) -> Result<void> { return {}; });
  if (is_burned && full.is_release_mode()) return std::nullopt;
  return false;
}

std::string_view mode_name(const Efuses& efuses) {
  const auto is_release = is_release_mode(efuses);
  return !is_release ? "development or release" : *is_release ? "release" : "development";
}

std::optional<std::uint32_t> plaintext_flashes_left(const Efuses& efuses) {
  const bool is_told = efuses.blocks().is_crypt_count_exact || efuses.is_write_protected(Fuse::kCryptCount);
  return is_told ? std::optional(efuses.plaintext_flashes_left()) : std::nullopt;
}

std::string encryption_line(const Efuses& efuses) {
  std::string line =
      fmt::format("{}, flash encryption {}", efuses.profile().name, efuses.is_flash_encryption_on() ? "on" : "off");
  if (efuses.is_flash_encryption_on()) line += fmt::format(", {} mode", mode_name(efuses));
  const std::string_view count = name_of(Fuse::kCryptCount, efuses.profile());
  if (const auto left = plaintext_flashes_left(efuses)) {
    return line + fmt::format("; {} of {} bits of {} set, {} plaintext flash{} left", efuses.crypt_count_bits(),
                              efuses.crypt_count_width(), count, *left, *left == 1 ? "" : "es");
  }
  return line + fmt::format("; how many bits of {} are set is not in this file", count);
}

std::string protection_text(const KeyBlock& block) {
  std::vector<std::string_view> parts;
  if (block.is_read_protected) parts.push_back("read");
  if (block.is_write_protected) parts.push_back("write");
  if (block.is_purpose_protected) parts.push_back("purpose");
  return parts.empty() ? "not protected" : fmt::format("protected: {}", fmt::join(parts, ", "));
}

std::optional<std::string> fingerprint(const Efuses& efuses, std::size_t index) {
  const auto key = efuses.read_key_file(index);
  if (!key) return std::nullopt;
  return image::fingerprint_text(key->bytes.bytes().first(key->size));
}

std::string key_line(const Efuses& efuses, std::size_t index) {
  const KeyBlock block = efuses.key_block(index);
  std::string line = fmt::format("{:<10}  {:<19}  {}", efuses.key_block_name(index), chip::purpose_name(block.purpose),
                                 protection_text(block));
  if (const auto text = fingerprint(efuses, index)) return line + fmt::format("; fingerprint {}", *text);
  if (efuses.is_key_unknown(index)) return line + "; the key is not in this file";
  return line + (block.is_read_protected ? "; the key is in this file" : "");
}

bool is_unused(const Efuses& efuses, std::size_t index) {
  const KeyBlock block = efuses.key_block(index);
  const bool has_purpose = efuses.profile().efuse_layout == chip::EfuseLayout::kCommon && block.purpose != 0;
  return block.is_empty && !block.is_write_protected && !block.is_purpose_protected && !has_purpose;
}

// What a person at the download mode can do.
std::string download_line(const Efuses& efuses) {
  if (efuses.read(Fuse::kDisDownloadMode) != 0) return "download mode is off";
  std::string line = efuses.read(Fuse::kSecureDownloadMode) != 0 ? "secure download mode" : "download mode is open";
  line += efuses.read(Fuse::kDisManualEncrypt) != 0 ? "; it does not encrypt what is written" : "";
  return line;
}

template <typename Visit>
void for_each_fuse(const Efuses& efuses, Visit visit) {
  for (unsigned i = 0; i < static_cast<unsigned>(Fuse::kCount); ++i) {
    const auto fuse = static_cast<Fuse>(i);
    if (efuses.has(fuse)) visit(fuse, name_of(fuse, efuses.profile()));
  }
}

std::string set_fuses_line(const Efuses& efuses) {
  std::string line;
  for_each_fuse(efuses, [&](Fuse fuse, std::string_view name) {
    const bool is_told_elsewhere =
        fuse == Fuse::kWriteDisable || fuse == Fuse::kReadDisable || fuse == Fuse::kCryptCount;
    const std::uint32_t value = efuses.read(fuse);
    if (is_told_elsewhere || value == 0) return;
    line += (line.empty() ? "set: " : ", ") + std::string(name);
    if (value != 1) line += fmt::format(" = {:#x}", value);
  });
  return line;
}

text::Json key_block_json(const Efuses& efuses, std::size_t index) {
  const KeyBlock block = efuses.key_block(index);
  const auto text = fingerprint(efuses, index);
  return text::Json::object()
      .set("name", efuses.key_block_name(index))
      .set("purpose", chip::purpose_name(block.purpose))
      .set("empty", block.is_empty)
      .set("read_protected", block.is_read_protected)
      .set("write_protected", block.is_write_protected)
      .set("purpose_protected", block.is_purpose_protected)
      .set("known", !efuses.is_key_unknown(index))
      .set("fingerprint", text ? text::Json(*text) : text::Json(nullptr));
}

}  // namespace

std::vector<std::string> efuse_lines(const Efuses& efuses) {
  std::vector<std::string> lines = {encryption_line(efuses)};
  std::string empty;
  for (std::size_t i = 0; i < efuses.key_block_count(); ++i) {
    if (is_unused(efuses, i)) {
      empty += (empty.empty() ? "empty: " : ", ") + std::string(efuses.key_block_name(i));
    } else {
      lines.push_back(key_line(efuses, i));
    }
  }
  if (!empty.empty()) lines.push_back(std::move(empty));
  lines.push_back(download_line(efuses));
  if (std::string set = set_fuses_line(efuses); !set.empty()) lines.push_back(std::move(set));
  return lines;
}

void add_efuses(text::Json& json, const Efuses& efuses) {
  const bool is_on = efuses.is_flash_encryption_on();
  const auto left = plaintext_flashes_left(efuses);
  const bool is_exact = efuses.blocks().is_crypt_count_exact;
  text::Json blocks = text::Json::array();
  for (std::size_t i = 0; i < efuses.key_block_count(); ++i) blocks.add(key_block_json(efuses, i));
  text::Json fuses = text::Json::object();
  for_each_fuse(efuses, [&](Fuse fuse, std::string_view name) {
    const bool is_told = fuse != Fuse::kCryptCount || is_exact;
    fuses.set(name, is_told ? text::Json(efuses.read(fuse)) : text::Json(nullptr));
  });
  json.set("chip", efuses.profile().name);
  json.set("flash_encryption",
           text::Json::object()
               .set("on", is_on)
               .set("mode", is_on && is_release_mode(efuses) ? text::Json(mode_name(efuses)) : text::Json(nullptr))
               .set("crypt_count_bits", is_exact ? text::Json(efuses.crypt_count_bits()) : text::Json(nullptr))
               .set("plaintext_flashes_left", left ? text::Json(*left) : text::Json(nullptr)));
  json.set("key_blocks", std::move(blocks)).set("fuses", std::move(fuses));
}

}  // namespace nvsafe::cli
