#include "image/open.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/page_header.hpp"
#include "image/entry_probe.hpp"
#include "image/finding_text.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

struct Attempt {
  std::unique_ptr<OpenedPartition> partition;  // null: nothing decodes
  store::Statistics statistics;
};

Failed<text::Problem> cannot_open(const Region& region, const std::string& file, const Error& error) {
  std::string where = describe(region, file);
  if (error.page_index != kNoPlace) where += ", " + place_in_partition(error.page_index, error.entry_index);
  const bool is_own_failure = error.code == ErrorCode::kProvider || error.code == ErrorCode::kNoMemory;
  return problem(is_own_failure ? Exit::kIo : Exit::kBadInput, fmt::format("{}: {}", where, describe(error.code)),
                 error.code == ErrorCode::kBadSize ? "an NVS image has a whole number of 4096-byte pages"
                 : error.code == ErrorCode::kUnsupportedVersion
                     ? "nothing was touched; is it really NVS? A flash-encrypted partition looks like this too"
                     : "");
}

Outcome<Attempt> attempt(const Region& region, const KeyCandidate* key, const std::string& file, Allocator& allocator) {
  Attempt result;
  auto partition = std::make_unique<OpenedPartition>(region.bytes);
  if (key != nullptr) {
    auto cipher = format::EntryCipher::create(key->key);
    if (!cipher) return cannot_open(region, file, cipher.error());
    partition->cipher.emplace(std::move(*cipher));
    partition->key = key;
  }
  auto store = store::Store::open(partition->flash, allocator, key != nullptr ? &*partition->cipher : nullptr,
                                  result.statistics);
  if (store) {
    partition->store.emplace(std::move(*store));
    result.partition = std::move(partition);
  } else if (store.error().code != ErrorCode::kKeyProof) {
    return cannot_open(region, file, store.error());
  }
  return result;
}

// The first entries of a few pages: to be decoded by many keys at little cost.
class Probe {
 public:
  explicit Probe(std::span<const std::uint8_t> bytes) {
    const std::size_t page_count = bytes.size() / format::kPageSize;
    for (std::size_t i = 0; i < page_count && count_ < kPageMax; ++i) {
      const auto page = bytes.subspan(i * format::kPageSize, format::kPageSize);
      if (!format::is_in_use(format::decode_page_header(page.first<format::kPageHeaderSize>()).state)) continue;
      const auto entry = next_written(page, 0);
      if (entry) samples_[count_++] = {static_cast<std::uint32_t>(i), *entry, entry_of(page, *entry)};
    }
  }

  [[nodiscard]] std::uint32_t count_sound(const format::EntryCipher* cipher) const {
    std::uint32_t count = 0;
    for (const Sample& sample : std::span(samples_).first(count_)) {
      std::array<std::uint8_t, format::kEntrySize> entry = sample.bytes;
      if (cipher != nullptr && !cipher->decrypt(sample.page_index, sample.entry_index, entry)) continue;
      count += is_sound(entry, sample.entry_index) ? 1 : 0;
    }
    return count;
  }

 private:
  static constexpr std::size_t kPageMax = 4;
  struct Sample {
    std::uint32_t page_index = 0;
    std::uint32_t entry_index = 0;
    std::array<std::uint8_t, format::kEntrySize> bytes{};
    Sample() = default;
    Sample(std::uint32_t page, std::uint32_t entry, format::EntryBytes from) : page_index(page), entry_index(entry) {
      std::copy(from.begin(), from.end(), bytes.begin());
    }
  };
  std::array<Sample, kPageMax> samples_;
  std::size_t count_ = 0;
};

// nullptr: without a key. All of them, and no other order among equals: the probe saves time, and decides nothing.
std::vector<const KeyCandidate*> likeliest_first(std::span<const std::uint8_t> bytes,
                                                 std::span<const KeyCandidate> keys) {
  struct Ranked {
    const KeyCandidate* key;
    std::uint32_t sound_count;
  };
  const Probe probe(bytes);
  std::vector<Ranked> ranked;
  const auto insert = [&](const KeyCandidate* key, std::uint32_t sound_count) {
    const auto is_less_likely = [](std::uint32_t count, const Ranked& other) { return count > other.sound_count; };
    ranked.insert(std::upper_bound(ranked.begin(), ranked.end(), sound_count, is_less_likely), {key, sound_count});
  };
  insert(nullptr, probe.count_sound(nullptr));
  for (const KeyCandidate& key : keys) {
    const auto cipher = format::EntryCipher::create(key.key);
    insert(&key, cipher ? probe.count_sound(&*cipher) : 0);
  }
  std::vector<const KeyCandidate*> order;
  for (const Ranked& one : ranked) order.push_back(one.key);
  return order;
}

// The universal key that opens it belongs to what it opened.
Outcome<Attempt> attempt_universal(const Region& region, const std::string& file, Allocator& allocator) {
  for (KeyCandidate& key : universal_keys()) {
    auto next = attempt(region, &key, file, allocator);
    if (!next) return next;
    if (!next->partition) continue;
    OpenedPartition& opened = *next->partition;
    opened.key = &opened.universal_key.emplace(std::move(key));
    return next;
  }
  return Attempt{};
}

Failed<text::Problem> key_proof_failed(const Region& region, std::span<const KeyCandidate> keys,
                                       const std::string& file, std::uint32_t written_entries) {
  const std::string where = describe(region, file);
  const std::string count = fmt::format("0 of {} written entries decode", written_entries);
  if (keys.empty()) {
    return problem(Exit::kKey, fmt::format("{} is encrypted or damaged, and no key is at hand: {}", where, count),
                   fmt::format("add --keys FILE (an nvs_keys page or 64 key bytes), or --hmac-key FILE"));
  }
  const std::string who =
      keys.size() == 1 ? keys.front().name + " does not open" : fmt::format("none of {} keys opens", keys.size());
  return problem(Exit::kKey, fmt::format("{} {}: {}, nor without a key", who, where, count),
                 fmt::format("nvsafe keys match {} DIR/          tries every key file in DIR", file));
}

}  // namespace

std::string describe(const Region& region, const std::string& file) {
  if (region.name.empty()) return file;
  if (region.is_carved) return fmt::format("the NVS carved at {:#x}", region.offset);
  return fmt::format("partition {} ({:#x})", region.name, region.offset);
}

std::vector<KeyCandidate> universal_keys() {
  std::vector<KeyCandidate> keys;
  keys.push_back({"the universal key", keys::universal_key_bytes(keys::UniversalKey::kSince4_3)});
  keys.push_back({"the universal key of before 4.3", keys::universal_key_bytes(keys::UniversalKey::kBefore4_3)});
  return keys;
}

Outcome<std::unique_ptr<OpenedPartition>> open_partition(const Region& region, std::span<const KeyCandidate> keys,
                                                         const std::string& file, Allocator& allocator) {
  std::optional<Attempt> best;
  for (const KeyCandidate* key : likeliest_first(region.bytes, keys)) {
    auto next = attempt(region, key, file, allocator);
    if (!next) return next.failed();
    const store::Statistics& now = next->statistics;
    if (!best || (next->partition && now.decoded_entries > best->statistics.decoded_entries)) best = std::move(*next);
    if (best->partition && best->statistics.decoded_entries == best->statistics.written_entries) break;
  }
  if (best->partition) return std::move(best->partition);
  auto last = attempt_universal(region, file, allocator);
  if (!last) return last.failed();
  if (!last->partition) return key_proof_failed(region, keys, file, best->statistics.written_entries);
  return std::move(last->partition);
}

bool is_opened_with(const OpenedPartition& partition, const keys::XtsKey* key) {
  if (partition.store->statistics().written_entries == 0) return true;
  if (key == nullptr || partition.key == nullptr) return key == nullptr && partition.key == nullptr;
  return partition.key->key == *key;
}

Outcome<store::Statistics> try_key(const Region& region, const KeyCandidate* key, const std::string& file,
                                   Allocator& allocator) {
  auto result = attempt(region, key, file, allocator);
  if (!result) return result.failed();
  return result->statistics;
}

std::string fingerprint_text(std::span<const std::uint8_t> key) {
  const auto bytes = keys::fingerprint(key);
  if (!bytes) return "unknown";
  return fmt::format("{:02x}{:02x}{:02x}{:02x}", (*bytes)[0], (*bytes)[1], (*bytes)[2], (*bytes)[3]);
}

std::string key_warning(const KeyCandidate& key) {
  if (keys::universal_key(key.key) != keys::UniversalKey::kNone) {
    const std::string_view what = key.name.starts_with("the universal key") ? "what" : "the universal key that";
    return fmt::format("{} is {} every device without flash encryption makes: it hides nothing", key.name, what);
  }
  if (keys::has_equal_halves(key.key)) {
    return fmt::format("the two halves of {} are equal: it still opens what was written with it, but make new keys",
                       key.name);
  }
  return {};
}

}  // namespace nvsafe::image
