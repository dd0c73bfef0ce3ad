#include "image/pack.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "image/build.hpp"
#include "image/key_file_text.hpp"
#include "image/source.hpp"
#include "image/table_text.hpp"
#include "image/verify.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"

namespace nvsafe::image {
namespace {

using table::DataSubtype;
using table::Partition;
using text::Exit;
using text::Outcome;
using text::problem;

constexpr const char* kBootloader = "bootloader";
constexpr const char* kOwnFault = "this is a fault in nvsafe: please report it";
constexpr std::uint32_t kDumpSizeMax = 256u << 20;

class Packer {
 public:
  Packer(const table::Table& table, std::vector<PackPart> parts, const PackOptions& options, Allocator& allocator)
      : table_(table), parts_(std::move(parts)), options_(options), allocator_(allocator) {}

  Outcome<Packed> run() && {
    if (auto done = check_names(); !done) return done.failed();
    if (auto done = size_dump(); !done) return done.failed();
    if (auto done = place_table(); !done) return done.failed();
    if (auto done = place_bootloader(); !done) return done.failed();
    if (options_.key != nullptr) {
      auto cipher = format::EntryCipher::create(*options_.key);
      if (!cipher) return problem(Exit::kIo, "the AES of this system failed");
      cipher_.emplace(std::move(*cipher));
    }
    if (auto done = place_key_page(); !done) return done.failed();
    for (const Partition& partition : table_.partitions()) {
      if (auto done = place(partition); !done) return done.failed();
    }
    if (auto done = prove(); !done) return done.failed();
    return std::move(packed_);
  }

 private:
  [[nodiscard]] const PackPart* part_for(std::string_view name) const {
    for (const PackPart& part : parts_) {
      if (part.name == name) return &part;
    }
    return nullptr;
  }

  Outcome<void> check_names() {
    for (const PackPart& part : parts_) {
      const auto same = [&](const PackPart& other) { return other.name == part.name; };
      if (std::count_if(parts_.begin(), parts_.end(), same) > 1) {
        return problem(Exit::kUsage, fmt::format("partition {} is given twice", part.name));
      }
      if (table_.find(part.name) != nullptr || part.name == kBootloader) continue;
      return problem(Exit::kBadInput, fmt::format("the table has no partition {}", part.name),
                     partition_hint(table_, part.name));
    }
    return {};
  }

  Outcome<void> size_dump() {
    if (table_.partitions().empty())
      return problem(Exit::kBadInput, "the table has no partitions", "add a row like  nvs,data,nvs,,0x6000");
    std::uint64_t end = std::uint64_t{options_.table_offset} + table::kTableFlashSize;
    for (const Partition& partition : table_.partitions()) end = std::max(end, partition.end());
    if (end > kDumpSizeMax) {
      return problem(Exit::kBadInput, fmt::format("the partitions end at {:#x}, beyond any flash", end));
    }
    if (options_.flash_size && (*options_.flash_size > kDumpSizeMax || *options_.flash_size % format::kPageSize != 0)) {
      return problem(Exit::kUsage, fmt::format("a flash of {:#x} bytes: there is none", *options_.flash_size),
                     "for example --flash-size 4M");
    }
    if (options_.flash_size && *options_.flash_size < end) {
      return problem(Exit::kBadInput,
                     fmt::format("the partitions end at {:#x}, and the flash at {:#x}", end, *options_.flash_size),
                     "make partitions smaller, or give a larger --flash-size");
    }
    packed_.dump.assign(options_.flash_size ? *options_.flash_size : static_cast<std::size_t>(end), 0xFF);
    return {};
  }

  Outcome<void> place_table() {
    table::ProblemList problems;
    const auto binary = table::encode_table(table_, table::Md5Use::kYes, problems);
    if (!binary) return problem(Exit::kBadInput, "the table does not fit 0xC00 bytes");
    std::copy(binary->begin(), binary->end(), packed_.dump.begin() + options_.table_offset);
    return {};
  }

  Outcome<void> place_bootloader() {
    const PackPart* part = part_for(kBootloader);
    if (part == nullptr || table_.find(kBootloader) != nullptr) return {};
    if (!options_.bootloader_offset) {
      return problem(Exit::kUsage, "where the bootloader goes depends on the chip",
                     "add --chip, for example --chip esp32c3");
    }
    const std::uint32_t offset = *options_.bootloader_offset;
    if (offset + part->bytes.size() > options_.table_offset) {
      return problem(Exit::kBadInput,
                     fmt::format("{} ({:#x} bytes at {:#x}) reaches into the partition table at {:#x}", part->file,
                                 part->bytes.size(), offset, options_.table_offset),
                     "move the table: --partition-table-offset");
    }
    std::copy(part->bytes.begin(), part->bytes.end(), packed_.dump.begin() + offset);
    packed_.has_bootloader = true;
    return {};
  }

  // The first nvs_keys partition, which is the one that firmware takes.
  Outcome<void> place_key_page() {
    if (options_.key == nullptr || !options_.puts_key_page) return {};
    const Partition* partition = table_.find_first(DataSubtype::kNvsKeys);
    if (partition == nullptr) {
      return problem(Exit::kBadInput, "the table has no nvs_keys partition to hold the keys",
                     "add a row like  nvs_key,data,nvs_keys,,0x1000,encrypted  or use --to-hmac-key");
    }
    if (part_for(partition->name.view()) != nullptr) {
      return problem(Exit::kUsage,
                     fmt::format("{} is given as a file, and made from the keys as well", partition->name.view()),
                     "leave one of the two out");
    }
    format::encode_key_page(*options_.key, std::span<std::uint8_t, format::kPageSize>(
                                               packed_.dump.data() + partition->offset, format::kPageSize));
    key_page_offset_ = partition->offset;
    return {};
  }

  Outcome<void> place(const Partition& partition) {
    PackedPart placed{.partition = partition};
    const PackPart* part = part_for(partition.name.view());
    if (part != nullptr) {
      placed.file = part->file;
      if (auto right = check_key_part(partition, *part); !right) return right;
      if (auto right = check_nvs_part(partition, *part); !right) return right;
      auto built = part->settings ? build(partition, *part) : Outcome<BuiltImage>(BuiltImage{.bytes = part->bytes});
      if (!built) return built.failed();
      if (built->bytes.size() > partition.size) {
        return problem(Exit::kBadInput,
                       fmt::format("{} has {:#x} bytes; partition {} takes {:#x}: {} bytes too many", part->file,
                                   built->bytes.size(), partition.name.view(), partition.size,
                                   built->bytes.size() - partition.size),
                       "give the partition a larger size in the table");
      }
      placed.used_size = static_cast<std::uint32_t>(built->bytes.size());
      std::copy(built->bytes.begin(), built->bytes.end(), packed_.dump.begin() + partition.offset);
    } else if (key_page_offset_ == partition.offset) {
      placed.is_key_page = true;
      placed.used_size = format::kPageSize;
    }
    packed_.parts.push_back(std::move(placed));
    return {};
  }

  // Only a key page belongs into nvs_keys: with anything else there, firmware answers 0x1117.
  static Outcome<void> check_key_part(const Partition& partition, const PackPart& part) {
    if (!partition.is(DataSubtype::kNvsKeys)) return {};
    if (keys::classify_key_file(part.bytes) == keys::KeyFileKind::kBare64) {
      return problem(Exit::kBadInput, fmt::format("{}: 64 key bytes without the CRC that firmware asks for", part.file),
                     fmt::format("nvsafe keys wrap {} -o nvs_keys.bin makes an nvs_keys page of it", part.file));
    }
    if (format::decode_key_page(part.bytes)) return {};
    return no_nvs_key(part.file, part.bytes);
  }

  // An NVS partition takes settings, an image, or blank flash.
  static Outcome<void> check_nvs_part(const Partition& partition, const PackPart& part) {
    if (!partition.is(DataSubtype::kNvs) || part.settings) return {};
    const FileKind kind = identify(part.bytes);
    const bool is_whole = part.bytes.size() % format::kPageSize == 0;
    if (is_whole && (kind == FileKind::kNvsImage || kind == FileKind::kErased)) return {};
    return problem(
        Exit::kBadInput,
        fmt::format("{} is no NVS image for partition {}: it is {}", part.file, partition.name.view(), to_string(kind)),
        "give settings (CSV or JSON), or an image that nvsafe build made");
  }

  Outcome<BuiltImage> build(const Partition& partition, const PackPart& part) {
    if (!partition.is(DataSubtype::kNvs)) {
      return problem(
          Exit::kBadInput,
          fmt::format("{} holds settings, and partition {} is no NVS partition", part.file, partition.name.view()),
          "give the binary that belongs there");
    }
    return build_image(*part.settings, {.size = partition.size,
                                        .format_version = options_.format_version,
                                        .is_read_only = partition.readonly(),
                                        .cipher = cipher_ ? &*cipher_ : nullptr,
                                        .size_source = fmt::format("partition {}: size", partition.name.view())});
  }

  // Opens the finished dump with nothing but what is in it (and the HMAC key that the chip has), and reads all back.
  Outcome<void> prove() {
    if (table_.find_first(DataSubtype::kNvs) == nullptr) return {};
    auto source = Source::read("the finished dump", packed_.dump, {.table_offset = options_.table_offset});
    if (!source) return source.failed();
    std::vector<KeyCandidate> keys;
    for (const KeyCandidate& key : (*source)->own_keys()) keys.push_back({key.name, key.key.clone()});
    if (auto right = prove_key_page(keys); !right) return right;
    if (options_.key != nullptr && !options_.puts_key_page) keys.push_back({"the HMAC key", options_.key->clone()});
    for (const Region& region : (*source)->regions()) {
      const PackPart* part = part_for(region.name);
      if (part == nullptr) continue;
      auto opened = open_partition(region, keys, "the finished dump", allocator_);
      if (!opened) return open_failed(*part, region, opened.error());
      if (auto done = prove_part(*part, **opened); !done) return done;
    }
    return {};
  }

  // Firmware takes the first key page, so that is the one that must hold the key.
  Outcome<void> prove_key_page(std::span<const KeyCandidate> own_keys) const {
    if (!key_page_offset_) return {};
    if (!own_keys.empty() && own_keys.front().key == *options_.key) return {};
    return problem(Exit::kKey, "the key page of the finished dump does not read back", kOwnFault);
  }

  Outcome<void> prove_part(const PackPart& part, OpenedPartition& opened) {
    const store::Statistics& statistics = opened.store->statistics();
    if (part.settings) {
      if (!is_opened_with(opened, options_.key)) {
        return problem(Exit::kKey,
                       fmt::format("{}: the partition does not open with the key it was made for", part.file),
                       kOwnFault);
      }
    } else if (statistics.pinned_page_count > 0) {
      return problem(Exit::kBadInput,
                     fmt::format("{}: damaged, {} of its pages do not decode", part.file, statistics.pinned_page_count),
                     fmt::format("nvsafe ls {}", part.file));
    } else if (options_.key != nullptr && !is_opened_with(opened, options_.key)) {
      return problem(Exit::kBadInput,
                     fmt::format("{} is {}, and the dump is to be encrypted with another key", part.file,
                                 opened.is_encrypted() ? "encrypted" : "not encrypted"),
                     "build it from its settings, or leave the key of the output out");
    }
    set_proof(part.name, statistics.written_entries == 0 ? PackedPart::Proof::kBlank
                         : opened.is_encrypted()         ? PackedPart::Proof::kEncrypted
                                                         : PackedPart::Proof::kPlain);
    return part.settings ? prove_rows(part, *opened.store) : Outcome<void>();
  }

  Outcome<void> prove_rows(const PackPart& part, store::Store& store) {
    auto verified = verify(store, *part.settings);
    if (!verified) return verified.failed();
    if (!verified->all_rows_equal() || !verified->differences.empty()) {
      return problem(Exit::kBadInput,
                     fmt::format("{}: a row does not read back: {}", part.file, verified->differences.front().what),
                     kOwnFault);
    }
    for (PackedPart& placed : packed_.parts) {
      if (placed.partition.name.view() == part.name) placed.key_count = verified->key_count;
    }
    packed_.row_count += verified->key_count;
    return {};
  }

  void set_proof(const std::string& name, PackedPart::Proof proof) {
    for (PackedPart& placed : packed_.parts) {
      if (placed.partition.name.view() == name) placed.proof = proof;
    }
  }

  // An image that was given ready-made, and that the dump's own keys do not open.
  [[nodiscard]] Failed<text::Problem> open_failed(const PackPart& part, const Region& region,
                                                  const text::Problem& why) const {
    if (part.settings || why.exit != Exit::kKey) return {why};
    return problem(Exit::kKey,
                   fmt::format("{} in partition {} does not open with the keys of this dump", part.file, region.name),
                   "give its key page: NAME=keys.bin for the nvs_keys partition, or --to-keys FILE");
  }

  const table::Table& table_;
  std::vector<PackPart> parts_;
  const PackOptions& options_;
  Allocator& allocator_;
  std::optional<format::EntryCipher> cipher_;
  std::optional<std::uint32_t> key_page_offset_;
  Packed packed_;
};

}  // namespace

Outcome<Packed> pack(const table::Table& table, std::vector<PackPart> parts, const PackOptions& options,
                     Allocator& allocator) {
  return Packer(table, std::move(parts), options, allocator).run();
}

}  // namespace nvsafe::image
