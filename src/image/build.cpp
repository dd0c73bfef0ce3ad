#include "image/build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/endian.hpp"
#include "image/layout_writer.hpp"
#include "text/value.hpp"

namespace nvsafe::image {

// The settings reader has the limits of the format as numbers of its own: it lies below src/format.
static_assert(text::kStringSizeMax == format::kStringSizeMax);
static_assert(text::kBlobSizeMax == format::kChunkCountMax * format::kChunkSizeMax);
static_assert(text::kNamespaceCountMax == format::kNamespaceIndexMax);

namespace {

using format::kPageSize;
using text::Exit;
using text::Outcome;
using text::problem;
using text::Setting;

// Pages that may hold data: all but the one that firmware needs free, where it writes.
std::uint32_t usable_page_count(const BuildOptions& options) {
  const std::uint32_t page_count = options.size / kPageSize;
  return options.size < format::kWritableSizeMin ? page_count : page_count - 1;
}

Outcome<void> check_value_size(const Setting& row, const BuildOptions& options) {
  const std::size_t size = row.value.size();
  const bool is_string = row.type == ValueType::kString;
  if (options.format_version == 1 && (is_string || row.type == ValueType::kBlobData)) {
    if (size <= format::kV1ValueSizeMax) return {};
    return problem(Exit::kBadInput,
                   fmt::format("{}: {}/{} has {} bytes; format version 1 takes at most {}", to_string(row.place),
                               row.namespace_name, row.key, size, format::kV1ValueSizeMax),
                   "leave --format-version out: version 2 takes strings of 4000 bytes and blobs over many pages");
  }
  if (row.type != ValueType::kBlobData) return {};
  const std::uint32_t page_count = options.size / kPageSize;
  // The firmware's limit when it writes, a chunk for each page but the free one. Where no page is free, each has one.
  const std::uint32_t max = format::blob_size_max(usable_page_count(options) + 1);
  if (size <= max) return {};
  const std::uint32_t limit = format::kChunkCountMax * format::kChunkSizeMax;
  return problem(
      Exit::kBadInput,
      fmt::format("{}: {}/{} has {} bytes; a blob in {} page{} takes at most {}", to_string(row.place),
                  row.namespace_name, row.key, size, page_count, page_count == 1 ? "" : "s", max),
      size <= limit
          ? fmt::format("{} {:#x} or more would hold it", options.size_source,
                        (format::data_entry_count(static_cast<std::uint32_t>(size)) / 125 + 2) * kPageSize)
          : fmt::format("no partition holds more than {} bytes in one blob: store it in a file system", limit));
}

// Namespaces get their numbers in the order of their rows.
class Builder {
 public:
  explicit Builder(const BuildOptions& options)
      : options_(options), writer_(options.format_version == 1 ? format::kVersion1 : format::kVersion2) {}

  Outcome<void> add(const Setting& row) {
    if (row.kind == Setting::Kind::kNamespace) return add_namespace(row);
    if (auto fits = check_value_size(row, options_); !fits) return fits;
    auto key = Name::from(row.key);
    if (!key) return problem(Exit::kBadInput, fmt::format("{}: key of 16 bytes or more", to_string(row.place)));
    ++key_count_;
    format::Entry entry;
    entry.namespace_index = indexes_.at(row.namespace_name);
    entry.type = row.type;
    entry.set_key(*key);
    if (is_number(row.type)) {
      entry.set_number(load_le(row.value));
      writer_.add_single(entry);
    } else if (row.type == ValueType::kString) {
      writer_.add_within_page(entry, row.value);
    } else if (options_.format_version == 1) {
      entry.type = ValueType::kBlobV1;
      writer_.add_within_page(entry, row.value);
    } else if (!writer_.add_blob(entry.namespace_index, *key, row.value)) {
      return problem(Exit::kBadInput,
                     fmt::format("{}: {}/{} needs more than {} chunks here", to_string(row.place), row.namespace_name,
                                 row.key, format::kChunkCountMax),
                     "put this row first, where a page is empty");
    }
    return {};
  }

  Outcome<BuiltImage> finish() && {
    BuiltImage built;
    built.page_count = writer_.page_count();
    built.entry_count = writer_.entry_count();
    built.entry_count_max = usable_page_count(options_) * format::kEntryCount;
    built.namespace_count = static_cast<std::uint32_t>(indexes_.size());
    built.key_count = key_count_;
    if (built.page_count > usable_page_count(options_)) return too_small(built.page_count);
    auto bytes = std::move(writer_).finish(options_.cipher);
    if (!bytes) return problem(Exit::kIo, "the AES of this system failed");
    built.bytes = std::move(*bytes);
    // The original writes read-only images only as long as their contents.
    if (options_.size >= format::kWritableSizeMin) built.bytes.resize(options_.size, 0xFF);
    return built;
  }

 private:
  Outcome<void> add_namespace(const Setting& row) {
    auto name = Name::from(row.namespace_name);
    const std::size_t index = indexes_.size() + format::kNamespaceIndexMin;
    if (!name || index > format::kNamespaceIndexMax) {
      return problem(Exit::kBadInput, fmt::format("{}: no room for this namespace", to_string(row.place)));
    }
    if (!indexes_.emplace(row.namespace_name, static_cast<std::uint8_t>(index)).second) return {};
    format::Entry entry;
    entry.namespace_index = format::kNamespaceOfNamespaces;
    entry.type = ValueType::kU8;
    entry.set_key(*name);
    entry.set_number(index);
    writer_.add_single(entry);
    return {};
  }

  [[nodiscard]] Failed<text::Problem> too_small(std::uint32_t page_count) const {
    const std::uint32_t pages_needed = std::max(page_count + 1, format::kWritableSizeMin / kPageSize);
    const std::uint32_t needed =
        options_.is_read_only && page_count <= 2 ? page_count * kPageSize : pages_needed * kPageSize;
    return problem(Exit::kBadInput,
                   fmt::format("{} {:#x} does not hold the settings: {} bytes are missing ({} pages of data{})",
                               options_.size_source, options_.size, needed - options_.size, page_count,
                               needed == pages_needed * kPageSize ? ", and one that firmware needs free" : ""),
                   fmt::format("{} {:#x} works", options_.size_source, needed));
  }

  const BuildOptions& options_;
  LayoutWriter writer_;
  std::unordered_map<std::string, std::uint8_t> indexes_;
  std::uint32_t key_count_ = 0;
};

}  // namespace

Outcome<void> check_partition_size(std::uint32_t size, bool is_read_only, const std::string& size_source) {
  if (size == 0 || size % kPageSize != 0) {
    const std::uint32_t up = (size / kPageSize + 1) * kPageSize;
    return problem(Exit::kBadInput, fmt::format("{} {:#x} is no multiple of 4096 (0x1000)", size_source, size),
                   fmt::format("{} {:#x} is the next that is", size_source, std::max(up, format::kWritableSizeMin)));
  }
  if (size < format::kWritableSizeMin && !is_read_only) {
    return problem(Exit::kBadInput,
                   fmt::format("{} {:#x} is below 0x3000: firmware cannot write there", size_source, size),
                   fmt::format("{} 0x3000, or --read-only for a partition with the readonly flag", size_source));
  }
  return {};
}

Outcome<BuiltImage> build_image(const text::Settings& settings, const BuildOptions& options) {
  if (auto right = check_partition_size(options.size, options.is_read_only, options.size_source); !right) {
    return right.failed();
  }
  Builder builder(options);
  for (const Setting& row : settings.rows) {
    if (auto added = builder.add(row); !added) return added.failed();
  }
  return std::move(builder).finish();
}

}  // namespace nvsafe::image
