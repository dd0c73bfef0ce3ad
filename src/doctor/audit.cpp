#include "doctor/audit.hpp"

#include <algorithm>
#include <cstring>

#include "format/page_header.hpp"
#include "image/contents.hpp"
#include "image/entry_probe.hpp"
#include "image/history.hpp"
#include "image/value_text.hpp"
#include "keys/key_file.hpp"

namespace nvsafe::doctor {
namespace {

using Protection = AuditedPartition::Protection;

bool is_secret(const std::string& name_space, const std::string& key, ValueType type,
               std::span<const std::uint8_t> bytes) {
  return image::is_hidden({name_space, key, type, bytes}, false);
}

}  // namespace

std::string_view to_string(Protection protection) {
  switch (protection) {
    case Protection::kBlank:
      return "blank";
    case Protection::kPlain:
      return "plain";
    case Protection::kUniversalKey:
      return "universal key";
    case Protection::kReadableKey:
      return "key in the file";
    case Protection::kEncrypted:
      break;
  }
  return "encrypted";
}

std::size_t Audit::PlaceHash::operator()(const Place& place) const {
  std::uint64_t word = 0;
  std::memcpy(&word, place.bytes.data(), sizeof word);  // ciphertext: as good as random
  return static_cast<std::size_t>(word ^ (std::uint64_t{place.offset} * 0x9E3779B97F4A7C15U));
}

void Audit::add_problem(const std::string& file, const std::string& problem) {
  partitions_.push_back({.file = file, .problem = problem});
}

text::Outcome<void> Audit::add(const image::Source& source) {
  for (const image::Region& region : source.regions()) {
    if (auto added = add_region(source, region); !added) return added;
  }
  return {};
}

text::Outcome<void> Audit::add_region(const image::Source& source, const image::Region& region) {
  AuditedPartition partition{.file = source.file(), .name = region.name};
  auto opened = image::open_partition(region, source.own_keys(), source.file(), allocator_);
  if (!opened && opened.error().exit == text::Exit::kIo) return opened.failed();
  if (!opened && opened.error().exit != text::Exit::kKey) {
    partition.problem = opened.error().what;
    partitions_.push_back(std::move(partition));
    return {};
  }
  if (opened) {
    const store::Statistics& statistics = (*opened)->store->statistics();
    partition.written_entries = statistics.written_entries;
    if ((*opened)->is_encrypted()) {
      const bool is_universal = keys::universal_key((*opened)->key->key) != keys::UniversalKey::kNone;
      partition.protection = is_universal ? Protection::kUniversalKey : Protection::kReadableKey;
    } else {
      partition.protection = statistics.is_blank() ? Protection::kBlank : Protection::kPlain;
    }
    NVSAFE_TRY(count_secrets(region, **opened, partition));
  } else {
    partition.protection = Protection::kEncrypted;
    const auto plain = image::try_key(region, nullptr, source.file(), allocator_);
    if (plain) partition.written_entries = plain->written_entries;
  }
  const bool is_encrypted = partition.protection != Protection::kPlain && partition.protection != Protection::kBlank;
  partitions_.push_back(std::move(partition));
  if (is_encrypted) note_entries(region.bytes, partitions_.size() - 1);
  return {};
}

// What anybody reads who has the file.
text::Outcome<void> Audit::count_secrets(const image::Region& region, image::OpenedPartition& opened,
                                         AuditedPartition& partition) {
  auto contents = image::read_contents(*opened.store);
  if (!contents) return contents.failed();
  for (const image::Item& item : contents->items) {
    if (item.is_damaged || !is_known(item.type)) continue;
    partition.secret_count += is_secret(item.namespace_text(), item.key, item.type, item.bytes) ? 1 : 0;
  }
  if (region.bytes.size() % format::kPageSize != 0 || opened.store->statistics().erased_entries == 0) return {};
  auto keys = image::HistoryKeys::make(&opened, {});
  if (!keys) return keys.failed();
  auto history = image::read_history(region.bytes, *keys, &*opened.store);
  if (!history) return history.failed();
  for (const image::Version& version : history->versions) {
    if (version.standing == image::Standing::kLive || !version.is_complete || !is_known(version.type)) continue;
    const bool is_residue = is_secret(version.namespace_text(), version.key, version.type, version.bytes);
    partition.residue_secret_count += is_residue ? 1 : 0;
  }
  return {};
}

void Audit::note_entries(std::span<const std::uint8_t> bytes, std::size_t index) {
  parents_.resize(partitions_.size());
  parents_[index] = index;
  for (std::uint32_t page = 0; (page + 1) * std::size_t{format::kPageSize} <= bytes.size(); ++page) {
    const auto content = bytes.subspan(page * std::size_t{format::kPageSize}, format::kPageSize);
    if (!format::is_in_use(format::decode_page_header(content.first<format::kPageHeaderSize>()).state)) continue;
    for (auto i = image::next_written(content, 0); i; i = image::next_written(content, *i + 1)) {
      Place place;
      const format::EntryBytes entry = image::entry_of(content, *i);
      std::copy(entry.begin(), entry.end(), place.bytes.begin());
      place.offset = static_cast<std::uint32_t>(format::entry_offset(page, *i));
      const auto [known, is_new] = seen_.emplace(place, index);
      if (!is_new) parents_[root_of(index)] = root_of(known->second);
    }
  }
}

std::size_t Audit::root_of(std::size_t index) {
  while (parents_[index] != index) index = parents_[index] = parents_[parents_[index]];
  return index;
}

Audit::Result Audit::finish() {
  Result result;
  std::unordered_map<std::size_t, std::size_t> members;
  parents_.resize(partitions_.size());
  const auto takes_part = [this](std::size_t i) {
    const Protection protection = partitions_[i].protection;
    return partitions_[i].problem.empty() && protection != Protection::kPlain && protection != Protection::kBlank;
  };
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    if (takes_part(i)) ++members[root_of(i)];
  }
  std::unordered_map<std::size_t, std::size_t> numbers;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    AuditedPartition& partition = partitions_[i];
    if (takes_part(i) && members[root_of(i)] > 1) {
      partition.key_group = numbers.try_emplace(root_of(i), numbers.size() + 1).first->second;
      partition.findings.push_back(Code::kSharedKey);
    }
    if (partition.protection == Protection::kUniversalKey) partition.findings.push_back(Code::kUniversalKey);
    if (partition.protection == Protection::kReadableKey) partition.findings.push_back(Code::kReadableKeys);
    if (partition.protection == Protection::kPlain && partition.secret_count > 0) {
      partition.findings.push_back(Code::kPlainSecrets);
    }
    if (partition.residue_secret_count > 0) partition.findings.push_back(Code::kResidue);
  }
  result.partitions = std::move(partitions_);
  result.key_group_count = numbers.size();
  return result;
}

}  // namespace nvsafe::doctor
