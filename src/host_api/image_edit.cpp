// Image: changes in one partition, and what takes them back.
#include <utility>

#include "host_api/image_parts.hpp"
#include "image/edit.hpp"
#include "image/finding_text.hpp"
#include "image/undo_journal.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// Public enumerations are those of src/image, one to one.
static_assert(static_cast<int>(Image::Edit::Kind::kSet) == static_cast<int>(image::Edit::Kind::kSet));
static_assert(static_cast<int>(Image::Edit::Kind::kRemove) == static_cast<int>(image::Edit::Kind::kRemove));
static_assert(static_cast<int>(Image::Edit::Kind::kRemoveNamespace) ==
              static_cast<int>(image::Edit::Kind::kRemoveNamespace));
static_assert(static_cast<int>(Image::Edit::Kind::kMove) == static_cast<int>(image::Edit::Kind::kMove));
static_assert(static_cast<int>(Image::Change::Kind::kCreated) == static_cast<int>(image::Change::Kind::kCreated));
static_assert(static_cast<int>(Image::Change::Kind::kReplaced) == static_cast<int>(image::Change::Kind::kReplaced));
static_assert(static_cast<int>(Image::Change::Kind::kRemoved) == static_cast<int>(image::Change::Kind::kRemoved));
static_assert(static_cast<int>(Image::Change::Kind::kUnchanged) == static_cast<int>(image::Change::Kind::kUnchanged));

image::Edit internal_edit(const Image::Edit& edit) {
  return {.kind = static_cast<image::Edit::Kind>(edit.kind),
          .namespace_name = edit.name_space,
          .key = edit.key,
          .type = edit.type,
          .value = edit.value,
          .to_namespace = edit.to_name_space,
          .to_key = edit.to_key,
          .replaces = edit.replaces};
}

Image::Change public_change(image::Change&& change) {
  return {.kind = static_cast<Image::Change::Kind>(change.kind),
          .name_space = std::move(change.namespace_name),
          .key = std::move(change.key),
          .type_before = change.before.type,
          .type_after = change.after.type,
          .before = std::move(change.before.bytes),
          .after = std::move(change.after.bytes)};
}

// What a blank partition is to be written with; nothing: plain.
Outcome<std::optional<format::EntryCipher>> cipher_of_blank(std::span<const image::KeyCandidate> keys,
                                                            Image::Blank blank, const std::string& where) {
  if (blank == Image::Blank::kPlain) return std::optional<format::EntryCipher>();
  if (keys.size() != 1) {
    return problem(Exit::kUsage,
                   where + " is blank, and there is not one key to encrypt with but " + std::to_string(keys.size()),
                   "one key, or Blank::kPlain: nothing is made plain by silence");
  }
  auto cipher = format::EntryCipher::create(keys.front().key);
  if (!cipher) return image::core_failed(cipher.error());
  return std::optional(std::move(*cipher));
}

}  // namespace

Result<Image::Edited, Problem> Image::edit(std::span<const Edit> edits, Blank blank) {
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  const image::OpenedPartition& partition = *one->partition;
  const std::string where = parts_->describe(*one->region);
  const format::EntryCipher* cipher = partition.cipher ? &*partition.cipher : nullptr;
  std::optional<format::EntryCipher> own;
  if (partition.store->statistics().is_blank()) {
    const auto given = parts_->given();
    auto chosen =
        cipher_of_blank(given.empty() ? std::span<const image::KeyCandidate>(parts_->keys) : given, blank, where);
    if (!chosen) return public_failure(chosen.error());
    own = std::move(*chosen);
    cipher = own ? &*own : nullptr;
  } else if (blank == Blank::kPlain && partition.is_encrypted()) {
    return Failed{Problem{Problem::Kind::kUsage, where + " is encrypted: Blank::kPlain is for a blank partition", {}}};
  }
  std::vector<image::Edit> list;
  for (const Edit& each : edits) list.push_back(internal_edit(each));
  auto made = image::apply_edits(one->region->bytes, cipher, list, where, heap());
  if (!made) return public_failure(made.error());

  Edited edited{.bytes = parts_->copy(), .erase_count = made->erase_count, .was_tidied = made->was_tidied};
  if (const auto put = parts_->source->put(*one->region, made->bytes, edited.bytes); !put) {
    return public_failure(put.error());
  }
  std::vector<std::uint32_t> offsets;
  for (const std::uint32_t offset : made->changed_sectors) offsets.push_back(one->region->offset + offset);
  auto step = image::undo_step(bytes(), edited.bytes, offsets, !one->region->name.empty());
  if (!step) return public_failure(step.error());
  edited.undo = {.before = step->before, .after = step->after, .file_size = step->file_size};
  for (auto& sector : step->sectors) {
    const auto now = std::span(edited.bytes).subspan(sector.offset, Flash::kSectorSize);
    edited.sectors.push_back({sector.offset, {now.begin(), now.end()}});
    edited.undo.sectors.push_back({sector.offset, std::move(sector.bytes)});
  }
  for (image::Change& change : made->changes) edited.changes.push_back(public_change(std::move(change)));
  return edited;
}

Result<Image::Bytes, Problem> Image::undone(std::span<const std::uint8_t> bytes, const Undo& undo) {
  const auto refused = [] {
    return Failed{Problem{Problem::Kind::kBadInput, "what takes the change back does not fit these bytes", {}}};
  };
  const auto digest = crypto::sha256(bytes);
  if (!digest) return public_failure(image::core_failed(digest.error()).error);
  if (*digest != undo.after) return refused();
  image::UndoStep step{.before = undo.before, .after = undo.after, .file_size = undo.file_size};
  for (const Sector& sector : undo.sectors) {
    if (sector.bytes.size() != Flash::kSectorSize || sector.offset > bytes.size() ||
        bytes.size() - sector.offset < Flash::kSectorSize) {
      return refused();
    }
    step.sectors.push_back({sector.offset, sector.bytes});
  }
  return public_result(image::undone(bytes, step));
}

}  // namespace nvsafe
