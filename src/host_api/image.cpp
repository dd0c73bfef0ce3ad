// Image: opening and reading.
#include "nvsafe/image.hpp"

#include <algorithm>

#include "chip/profile.hpp"
#include "format/key_page.hpp"
#include "host/os_random.hpp"
#include "host_api/image_parts.hpp"
#include "image/contents.hpp"
#include "image/finding_text.hpp"
#include "image/history.hpp"
#include "image/key_file_text.hpp"
#include "image/lookup.hpp"
#include "image/stat.hpp"
#include "image/value_text.hpp"
#include "keys/key_file.hpp"
#include "table/partition.hpp"
#include "text/suggest.hpp"

namespace nvsafe {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// Public enumerations are those of src/image, one to one.
static_assert(static_cast<int>(Image::Finding::Severity::kNote) == static_cast<int>(image::FindingSeverity::kNote));
static_assert(static_cast<int>(Image::Finding::Severity::kWarning) ==
              static_cast<int>(image::FindingSeverity::kWarning));
static_assert(static_cast<int>(Image::Finding::Severity::kError) == static_cast<int>(image::FindingSeverity::kError));
static_assert(static_cast<int>(Image::Version::Standing::kLive) == static_cast<int>(image::Standing::kLive));
static_assert(static_cast<int>(Image::Version::Standing::kSuperseded) ==
              static_cast<int>(image::Standing::kSuperseded));
static_assert(static_cast<int>(Image::Version::Standing::kErased) == static_cast<int>(image::Standing::kErased));

std::string names_of_chips() {
  std::string names;
  for (const chip::Profile& profile : chip::profiles()) {
    names += (names.empty() ? "one of " : ", ") + std::string(profile.name);
  }
  return names;
}

// Of a key whose cipher is not known all that it may be; the bytes that it opens tell which.
Outcome<std::vector<image::FlashKeyCandidate>> flash_keys_of(const Image::Options& options) {
  const chip::Profile* const profile = options.chip.empty() ? nullptr : chip::find_profile(options.chip);
  if (!options.chip.empty() && profile == nullptr) {
    return problem(Exit::kUsage, options.chip + ": not a chip this library knows", names_of_chips());
  }
  std::vector<image::FlashKeyCandidate> keys;
  if (options.flash_key.empty()) return keys;
  for (const chip::FlashScheme scheme : {chip::FlashScheme::kEsp32, chip::FlashScheme::kXts}) {
    if (profile != nullptr && profile->flash_scheme != scheme) continue;
    auto cipher = chip::FlashCipher::create(scheme, options.flash_key);
    if (cipher) {
      keys.push_back({"the flash key given", std::move(*cipher)});
    } else if (cipher.error().code != ErrorCode::kOutOfRange && cipher.error().code != ErrorCode::kEqualKeyHalves) {
      return image::core_failed(cipher.error());
    }
  }
  if (!keys.empty()) return keys;
  return problem(Exit::kBadInput, "the flash key given is none of that chip",
                 "32 bytes as burnt (64, 24 or 16 on some chips), for XTS with halves that differ");
}

Image::Item public_item(image::Item&& item) {
  return {.name_space = std::move(item.namespace_name),
          .key = std::move(item.key),
          .type = item.type,
          .size = item.size,
          .value = std::move(item.bytes),
          .is_damaged = item.is_damaged,
          .page = item.location.page_index(),
          .entry = item.location.entry_index()};
}

Image::Finding public_finding(const store::Finding& finding) {
  return {.severity = static_cast<Image::Finding::Severity>(image::severity_of(finding.code)),
          .name = image::finding_name(finding.code),
          .text = image::describe(finding),
          .page = finding.page_index,
          .entry = finding.entry_index,
          .count = finding.count};
}

Image::Version public_version(image::Version&& version, const image::KeyCandidate* key) {
  return {.standing = static_cast<Image::Version::Standing>(version.standing),
          .name_space = std::move(version.namespace_name),
          .key = std::move(version.key),
          .type = version.type,
          .size = version.size,
          .value = std::move(version.bytes),
          .is_complete = version.is_complete,
          .is_certain = version.is_certain,
          .page = version.location.page_index(),
          .entry = version.location.entry_index(),
          .sequence = version.has_sequence ? std::optional(version.sequence) : std::nullopt,
          .under = key != nullptr ? key->name : ""};
}

}  // namespace

Outcome<image::KeyCandidate> candidate_of(const Image::Key& key) {
  if (key.kind == Image::Key::Kind::kHmac) {
    if (key.bytes.size() != 32 || keys::is_key_as_text(key.bytes)) {
      return problem(Exit::kBadInput, key.name + ": no HMAC key, which has 32 bytes");
    }
    auto derived = keys::derive_from_hmac_key(key.bytes);
    if (!derived) return image::core_failed(derived.error());
    return image::KeyCandidate{key.name, std::move(*derived)};
  }
  auto own = keys::xts_key_of_file(key.bytes);
  if (!own) return image::no_nvs_key(key.name, key.bytes);
  return image::KeyCandidate{key.name, std::move(*own)};
}

bool Image::Parts::is_derived(const keys::XtsKey& key) const {
  return std::any_of(hmac_keys.begin(), hmac_keys.end(), [&](const keys::XtsKey& derived) { return derived == key; });
}

Outcome<Image::Parts::One> Image::Parts::open_one() const {
  const auto region = source->one_region();
  if (!region) return region.failed();
  auto partition = open(**region);
  if (!partition) return partition.failed();
  return One{*region, std::move(*partition)};
}

Image::Image(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Image::Image(Image&& other) noexcept = default;
Image& Image::operator=(Image&& other) noexcept = default;
Image::~Image() = default;

Result<Image, Problem> Image::open(std::span<const std::uint8_t> bytes, const Options& options) {
  auto parts = std::make_unique<Parts>();
  for (const Key& key : options.keys) {
    auto candidate = candidate_of(key);
    if (!candidate) return public_failure(candidate.error());
    if (key.kind == Key::Kind::kHmac) parts->hmac_keys.push_back(candidate->key.clone());
    parts->keys.push_back(std::move(*candidate));
  }
  parts->given_count = parts->keys.size();
  auto flash_keys = flash_keys_of(options);
  if (!flash_keys) return public_failure(flash_keys.error());
  if (options.table_offset.value_or(0) % table::kTableFlashSize != 0) {
    return Failed{Problem{Problem::Kind::kUsage, "the place of a partition table is a multiple of 0x1000", {}}};
  }
  if (bytes.empty()) return Failed{Problem{Problem::Kind::kBadInput, options.name + " is empty", {}}};
  image::SourceOptions how{.table_offset = options.table_offset, .partition = options.partition, .keys = parts->keys};
  how.flash_keys = std::make_shared<const std::vector<image::FlashKeyCandidate>>(std::move(*flash_keys));
  auto source = image::Source::read(options.name, Bytes(bytes.begin(), bytes.end()), how);
  if (!source) return public_failure(source.error());
  parts->source = std::move(*source);
  for (const image::KeyCandidate& own : parts->source->own_keys()) parts->keys.push_back({own.name, own.key.clone()});
  parts->remarks = parts->source->take_remarks();
  return Image(std::move(parts));
}

Result<Image::Bytes, Problem> Image::new_key_page() {
  host::OsRandom random;
  const auto key = keys::generate(random);
  if (!key) return public_failure(image::core_failed(key.error()).error);
  Bytes page(format::kPageSize);
  format::encode_key_page(*key, std::span<std::uint8_t, format::kPageSize>(page));
  return page;
}

std::span<const std::uint8_t> Image::bytes() const { return parts_->source->bytes(); }
const std::vector<std::string>& Image::notes() const { return parts_->remarks.notes; }
const std::vector<std::string>& Image::warnings() const { return parts_->remarks.warnings; }

Result<std::vector<Image::PartitionInfo>, Problem> Image::partitions() {
  std::vector<PartitionInfo> list;
  for (const image::Region& region : parts_->source->regions()) {
    PartitionInfo info{
        .name = region.name, .offset = region.offset, .size = static_cast<std::uint32_t>(region.bytes.size())};
    const auto partition = parts_->open(region);
    if (partition) {
      info.is_encrypted = (*partition)->is_encrypted();
      info.is_blank = (*partition)->store->statistics().is_blank();
      if (info.is_encrypted) info.key = (*partition)->key->name;
    } else if (partition.error().exit == Exit::kIo) {
      return public_failure(partition.error());
    } else {
      info.problem = public_problem(partition.error());
    }
    list.push_back(std::move(info));
  }
  return list;
}

Result<std::vector<Image::Item>, Problem> Image::items() {
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  auto contents = image::read_contents(*one->partition->store);
  if (!contents) return public_failure(contents.error());
  std::vector<Item> items;
  for (image::Item& item : contents->items) items.push_back(public_item(std::move(item)));
  return items;
}

Result<Image::Item, Problem> Image::get(std::string_view name_space, std::string_view key) {
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  const std::string space(name_space);
  const std::string where = parts_->describe(*one->region);
  const std::string path = where + ": " + space + "/" + std::string(key);
  store::Store& store = *one->partition->store;
  const auto index = image::find_namespace(store, space, where);
  if (!index) return public_failure(index.error());
  const auto name = Name::from(key);
  const auto found = name ? store.find(*index, *name) : Result<store::ItemInfo>(fail(ErrorCode::kNotFound));
  if (!found && found.error().code == ErrorCode::kNotFound) {
    return public_failure(image::no_such_key(store, *index, space, std::string(key), where).error);
  }
  if (found && !is_known(found->type)) {
    return Failed{Problem{Problem::Kind::kNo,
                          path + " has type " + image::type_name(found->type) + ", which this program does not know",
                          {}}};
  }
  Bytes value(found ? found->size : 0);
  const auto read = found ? store.read_value(*found, value) : found.failed();
  if (!read && read.error().code == ErrorCode::kDamaged) {
    return Failed{Problem{Problem::Kind::kNo, path + " is damaged: a CRC is wrong, or a part is missing", {}}};
  }
  if (!read) return public_failure(image::core_failed(read.error()).error);
  return Item{.name_space = space,
              .key = std::string(key),
              .type = image::user_type(found->type),
              .size = found->size,
              .value = std::move(value),
              .is_older_copy = found->is_older_copy,
              .page = found->location.page_index(),
              .entry = found->location.entry_index()};
}

Result<std::vector<Image::Finding>, Problem> Image::findings() {
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  if (const auto checked = one->partition->store->check(); !checked) {
    return public_failure(image::core_failed(checked.error()).error);
  }
  std::vector<Finding> findings;
  for (const store::Finding& finding : one->partition->store->findings()) findings.push_back(public_finding(finding));
  return findings;
}

Result<Image::Statistics, Problem> Image::statistics() {
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  const store::Store& store = *one->partition->store;
  const store::Statistics counted = store.statistics();
  const image::Wear wear = image::wear_of(store.pages());
  const std::uint32_t entry_count = counted.page_count * format::kEntryCount;
  Statistics statistics{
      .page_count = counted.page_count,
      .pages_in_use = counted.in_use_page_count,
      .pages_blank = counted.blank_page_count,
      .entries_live = counted.used_entries,
      .entries_erased = counted.erased_entries,
      .entries_free = entry_count - std::min(entry_count, counted.written_entries + counted.erased_entries),
      .pages_started = wear.started_page_count,
      .worst_erase_count_min = wear.worst_erase_count_min,
      .worst_erase_count_max = wear.worst_erase_count_max};
  const format::EntryCipher* const cipher = one->partition->is_encrypted() ? &*one->partition->cipher : nullptr;
  const auto capacity = image::measure_capacity(one->region->bytes, cipher, heap());
  if (!capacity && capacity.error().exit == Exit::kIo) return public_failure(capacity.error());
  if (!capacity) return statistics;
  statistics.is_writable = true;
  statistics.string = {capacity->string.now, capacity->string.after_collection};
  statistics.blob = {capacity->blob.now, capacity->blob.after_collection};
  return statistics;
}

Result<std::vector<Image::Version>, Problem> Image::history() {
  const auto one = parts_->open_one();
  if (!one) return public_failure(one.error());
  const auto keys = image::HistoryKeys::make(one->partition.get(), parts_->keys);
  if (!keys) return public_failure(keys.error());
  auto history = image::read_history(one->region->bytes, *keys, &*one->partition->store);
  if (!history) return public_failure(history.error());
  std::vector<Version> versions;
  for (image::Version& version : history->versions) {
    const image::KeyCandidate* const key = keys->candidate(version.cipher_index);
    versions.push_back(public_version(std::move(version), key));
  }
  return versions;
}

}  // namespace nvsafe
