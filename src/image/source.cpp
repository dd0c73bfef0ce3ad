#include "image/source.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/number.hpp"
#include "chip/dump_table.hpp"
#include "format/layout.hpp"
#include "image/table_text.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// What to do instead with a file that holds no NVS.
std::string hint_for(FileKind kind, const std::string& file) {
  switch (kind) {
    case FileKind::kSettingsCsv:
    case FileKind::kSettingsJson:
      return fmt::format("nvsafe build {} … makes an image of it", file);
    case FileKind::kTableCsv:
    case FileKind::kTableBinary:
      return fmt::format("nvsafe table {}          prints it", file);
    case FileKind::kKeyPage:
    case FileKind::kBareKey64:
      return fmt::format("a key belongs behind --keys: --keys {}", file);
    case FileKind::kUnknown:
      return fmt::format("a flash-encrypted dump or partition looks like this: nvsafe show {}", file);
    default:
      return fmt::format("nvsafe show {}          says what it is", file);
  }
}

}  // namespace

Outcome<table::Table> table_of_dump(std::span<const std::uint8_t> dump, std::uint32_t table_offset,
                                    const std::string& file) {
  table::ProblemList problems;
  const std::size_t size = std::min<std::size_t>(table::kTableFlashSize, dump.size() - table_offset);
  auto table = table::decode_table(dump.subspan(table_offset, size), table::Md5Use::kYes, problems);
  if (table) return std::move(*table);
  const text::Problem found = describe(*problems.first_error(), fmt::format("{}:{:#x}", file, table_offset));
  return problem(Exit::kBadInput, found.what, found.hint);
}

std::optional<text::Problem> table_elsewhere(std::span<const std::uint8_t> bytes, std::uint32_t table_offset,
                                             const std::string& file) {
  const auto at = chip::find_table(bytes, nullptr);
  if (!at || *at == table_offset) return std::nullopt;
  return text::Problem{Exit::kBadInput, fmt::format("{} has no partition table at {:#x}", file, table_offset),
                       fmt::format("its table lies at {:#x}: {} --partition-table-offset{}", *at,
                                   *at == table::kTableOffset ? "leave out" : "add",
                                   *at == table::kTableOffset ? "" : fmt::format(" {:#x}", *at))};
}

Outcome<std::span<const std::uint8_t>> partition_bytes(std::span<const std::uint8_t> dump,
                                                       const table::Partition& partition, const std::string& file) {
  if (partition.end() <= dump.size()) return dump.subspan(partition.offset, partition.size);
  return problem(Exit::kBadInput,
                 fmt::format("{}: partition {} ({:#x} to {:#x}) reaches past the end of the file at {:#x}", file,
                             partition.name.view(), partition.offset, partition.end(), dump.size()),
                 "read the whole flash, or name a partition that is in the file");
}

Outcome<std::unique_ptr<Source>> Source::read(std::string file, std::vector<std::uint8_t> bytes,
                                              const SourceOptions& options) {
  auto source = std::unique_ptr<Source>(new Source);
  source->file_ = std::move(file);
  source->bytes_ = std::move(bytes);
  source->kind_ = identify(source->bytes_, options.table_offset);
  if (auto found = source->find_regions(options); !found) return found.failed();
  source->find_keys();
  return source;
}

Outcome<void> Source::find_regions(const SourceOptions& options) {
  const bool is_address = !options.partition.empty() && options.partition[0] >= '0' && options.partition[0] <= '9';
  if (kind_ == FileKind::kDump) {
    auto table = table_of_dump(bytes_, options.table_offset, file_);
    if (!table) {
      if (!is_address) return table.failed();
    } else {
      table_ = std::move(*table);
    }
  }
  if (is_address) return use_address(options);
  if (kind_ == FileKind::kDump) return use_table(options);
  // Its NVS pages alone would pass for an image.
  if (auto elsewhere = table_elsewhere(bytes_, options.table_offset, file_)) return Failed{std::move(*elsewhere)};
  const bool is_erased_image = kind_ == FileKind::kErased && bytes_.size() % format::kPageSize == 0;
  if (kind_ != FileKind::kNvsImage && !is_erased_image) {
    if (kind_ == FileKind::kDumpWithoutTable) {
      return problem(Exit::kBadInput,
                     fmt::format("{} has no partition table that can be read at {:#x} (flash-encrypted?)", file_,
                                 options.table_offset),
                     fmt::format("NVS pages lie from {0:#x} on: name the region, for example {1}:{0:#x}+0x6000",
                                 first_nvs_page_offset(bytes_), file_));
    }
    const std::string what = kind_ == FileKind::kUnknown ? "" : fmt::format(": it is {}", to_string(kind_));
    return problem(Exit::kBadInput, fmt::format("{} holds no NVS page{}", file_, what), hint_for(kind_, file_));
  }
  if (!options.partition.empty()) {
    return problem(Exit::kBadInput,
                   fmt::format("{} is one NVS image; it has no partition {}", file_, options.partition),
                   fmt::format("leave :{} out", options.partition));
  }
  regions_.push_back({"", 0, bytes_});
  return {};
}

// "0x9000+0x6000"; without a size, the partition of the table that starts there.
Outcome<void> Source::use_address(const SourceOptions& options) {
  const std::size_t plus = options.partition.find('+');
  const auto offset = parse_size(options.partition.substr(0, plus));
  std::optional<std::uint32_t> size;
  if (plus != std::string::npos) {
    size = parse_size(std::string_view(options.partition).substr(plus + 1));
  } else if (table_ && offset) {
    for (const table::Partition& partition : table_->partitions()) {
      if (partition.offset == *offset) return add_region(partition);
    }
    return no_such_partition(options.partition);
  }
  if (!offset || !size || *size == 0 || std::uint64_t{*offset} + *size > bytes_.size()) {
    return problem(Exit::kBadInput,
                   fmt::format("{}: no region {} in a file of {:#x} bytes", file_, options.partition, bytes_.size()),
                   "OFFSET+SIZE, for example 0x9000+0x6000");
  }
  regions_.push_back({"region", *offset, std::span(bytes_).subspan(*offset, *size)});
  return {};
}

Outcome<void> Source::use_table(const SourceOptions& options) {
  if (!options.partition.empty()) {
    const table::Partition* partition = table_->find(options.partition);
    if (partition == nullptr) return no_such_partition(options.partition);
    if (!partition->is(table::DataSubtype::kNvs)) {
      return problem(Exit::kBadInput,
                     fmt::format("{}: partition {} is no NVS partition ({})", file_, options.partition,
                                 fmt::format("{} {}", type_name(partition->type), subtype_name(*partition))),
                     fmt::format("nvsafe extract {}:{} -o FILE takes it out as it is", file_, options.partition));
    }
    return add_region(*partition);
  }
  for (const table::Partition& partition : table_->partitions()) {
    if (!partition.is(table::DataSubtype::kNvs)) continue;
    if (auto added = add_region(partition); !added) return added;
  }
  if (!regions_.empty()) return {};
  return problem(Exit::kBadInput, fmt::format("{}: its table has no NVS partition", file_),
                 fmt::format("nvsafe show {}", file_));
}

Outcome<void> Source::add_region(const table::Partition& partition) {
  auto bytes = partition_bytes(bytes_, partition, file_);
  if (!bytes) return bytes.failed();
  regions_.push_back({std::string(partition.name.view()), partition.offset, *bytes});
  return {};
}

void Source::find_keys() {
  if (!table_) return;
  for (const table::Partition& partition : table_->partitions()) {
    if (!partition.is(table::DataSubtype::kNvsKeys) || partition.end() > bytes_.size()) continue;
    auto key = format::decode_key_page(std::span<const std::uint8_t>(bytes_).subspan(partition.offset, partition.size));
    if (key) own_keys_.push_back({fmt::format("the key page in {}", partition.name.view()), std::move(*key)});
  }
}

Outcome<const Region*> Source::one_region() const {
  if (regions_.size() == 1) return &regions_.front();
  std::string names;
  for (const Region& region : regions_) {
    if (region.name == "nvs") return &region;
    names += (names.empty() ? "" : ", ") + region.name;
  }
  return problem(Exit::kBadInput, fmt::format("{} has {} NVS partitions: {}", file_, regions_.size(), names),
                 fmt::format("{}:{} names one", file_, regions_.front().name));
}

Failed<text::Problem> Source::no_such_partition(const std::string& name) const {
  return problem(Exit::kBadInput, fmt::format("{} has no partition {}", file_, name), partition_hint(*table_, name));
}

}  // namespace nvsafe::image
