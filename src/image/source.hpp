// A file that holds NVS: an image by itself, or a dump with its table. Finds the partitions, and the keys that lie
// readable in the dump.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "image/identify.hpp"
#include "image/open.hpp"
#include "table/partition.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct SourceOptions {
  std::uint32_t table_offset = table::kTableOffset;
  // "", a partition's name, "0x9000" or "0x9000+0x6000".
  std::string partition;
};

// The bytes are owned here; regions and keys point into them, so a Source does not move once read.
class Source {
 public:
  // Takes the bytes of `file`, which must hold NVS. Errors: kBadInput: no NVS in it (and what it is instead), a damaged
  // table, no such partition (with the ones there are).
  static text::Outcome<std::unique_ptr<Source>> read(std::string file, std::vector<std::uint8_t> bytes,
                                                     const SourceOptions& options);

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] FileKind kind() const { return kind_; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }
  [[nodiscard]] const std::optional<table::Table>& table() const { return table_; }
  // The NVS partitions meant by the options; all of them when none was named.
  [[nodiscard]] std::span<const Region> regions() const { return regions_; }
  // The one to work on: the only one, or the one called nvs. Errors: kBadInput (several).
  [[nodiscard]] text::Outcome<const Region*> one_region() const;
  // Keys of readable nvs_keys partitions in the dump.
  [[nodiscard]] std::span<const KeyCandidate> own_keys() const { return own_keys_; }

 private:
  Source() = default;
  text::Outcome<void> find_regions(const SourceOptions& options);
  text::Outcome<void> use_address(const SourceOptions& options);
  text::Outcome<void> use_table(const SourceOptions& options);
  text::Outcome<void> add_region(const table::Partition& partition);
  void find_keys();
  [[nodiscard]] Failed<text::Problem> no_such_partition(const std::string& name) const;

  std::string file_;
  std::vector<std::uint8_t> bytes_;
  FileKind kind_ = FileKind::kUnknown;
  std::optional<table::Table> table_;
  std::vector<Region> regions_;
  std::vector<KeyCandidate> own_keys_;
};

// What to say of a file without a partition table at `table_offset`, when there is one at another place. nullopt: there
// is none.
[[nodiscard]] std::optional<text::Problem> table_elsewhere(std::span<const std::uint8_t> bytes,
                                                           std::uint32_t table_offset, const std::string& file);

// A partition's bytes in a dump. Errors: kBadInput when it reaches past the dump's end.
[[nodiscard]] text::Outcome<std::span<const std::uint8_t>> partition_bytes(std::span<const std::uint8_t> dump,
                                                                           const table::Partition& partition,
                                                                           const std::string& file);

// The table of a dump. Errors: kBadInput, with the finding.
[[nodiscard]] text::Outcome<table::Table> table_of_dump(std::span<const std::uint8_t> dump, std::uint32_t table_offset,
                                                        const std::string& file);

}  // namespace nvsafe::image
