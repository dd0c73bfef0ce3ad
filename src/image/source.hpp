// A file that holds NVS: an image by itself, a dump with its table, or what is left of one. Finds the partitions, and
// the keys that lie in the dump; takes flash encryption off where a key for it is at hand.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "image/chip_keys.hpp"
#include "image/identify.hpp"
#include "image/open.hpp"
#include "table/partition.hpp"
#include "text/problem.hpp"

namespace nvsafe::image {

struct SourceOptions {
  // Where the table must lie. Nothing: at 0x8000, and if none is there, it is searched.
  std::optional<std::uint32_t> table_offset;
  // "", a partition's name, "0x9000" or "0x9000+0x6000".
  std::string partition;
  // Tried on the table; what makes it readable is the dump's.
  std::shared_ptr<const std::vector<FlashKeyCandidate>> flash_keys = nullptr;
  bool has_unknown_flash_key = false;  // the chip has one, and nobody knows it
  // With these, pages are put together where no table says how.
  std::span<const KeyCandidate> keys = {};
  // False: only the table is wanted, and partition() gives any of its partitions.
  bool needs_nvs = true;
};

// The bytes are owned here; regions and keys point into them, so a Source does not move once read.
class Source {
 public:
  // Takes the bytes of `file`, which must hold NVS. Errors: kBadInput: no NVS in it (and what it is instead), a damaged
  // table and nothing that opens without it, no such partition (with the ones there are); kKey: flash keys are given,
  // the table is not readable in the clear, and with none of them.
  static text::Outcome<std::unique_ptr<Source>> read(std::string file, std::vector<std::uint8_t> bytes,
                                                     const SourceOptions& options);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  ~Source();

  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] FileKind kind() const { return kind_; }
  // As in the file.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }
  [[nodiscard]] const std::optional<table::Table>& table() const { return table_; }
  [[nodiscard]] std::uint32_t table_offset() const { return table_offset_; }
  // The name of the flash key that made the table readable. Empty: it lies in the clear, or there is none.
  [[nodiscard]] std::string flash_key() const { return flash_key_ != nullptr ? flash_key_->name : ""; }
  // The NVS partitions meant by the options; all of them when none was named.
  [[nodiscard]] std::span<const Region> regions() const { return regions_; }
  // The one to work on: the only one, or the one called nvs. Errors: kBadInput (several).
  [[nodiscard]] text::Outcome<const Region*> one_region() const;
  // Keys of nvs_keys partitions in the dump, and those that its device makes for itself.
  [[nodiscard]] std::span<const KeyCandidate> own_keys() const { return own_keys_; }

  // Puts what `region` is to hold into `file`, a copy of bytes(): where it lies, and in sectors that change through the
  // flash encryption that it was read through. An image by itself may have another size afterwards. Errors: kBadInput:
  // the region's pages were put together from several places; kIo.
  [[nodiscard]] text::Outcome<void> put(const Region& region, std::span<const std::uint8_t> content,
                                        std::vector<std::uint8_t>& file) const;

  // The key page of a partition, and what it was read through (nullptr: it lies in the clear).
  struct KeyPage {
    keys::XtsKey key;
    const chip::FlashCipher* flash_cipher = nullptr;
  };
  // As the page lies there, or as the chip reads it. Errors: those of format::decode_key_page().
  [[nodiscard]] Result<KeyPage> key_page(const table::Partition& partition) const;
  // What the chip reads the table through; nullptr: it lies in the clear, or there is none.
  [[nodiscard]] const chip::FlashCipher* flash_cipher() const {
    return flash_key_ != nullptr ? &flash_key_->cipher : nullptr;
  }

  // What is worth knowing about how it was read, and what of it could not be. Given once.
  struct Remarks {
    std::vector<std::string> notes;
    std::vector<std::string> warnings;
  };
  [[nodiscard]] Remarks take_remarks() { return std::exchange(remarks_, {}); }
  void add_note(std::string line) { note(std::move(line)); }
  // There was a warning: something of the file is damaged or missing.
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }

  // A partition of the table by its name or address, as firmware reads it. Errors:
  // kBadInput, kIo.
  struct Piece {
    const table::Partition* partition = nullptr;
    std::span<const std::uint8_t> bytes;
    bool is_decrypted = false;
  };
  [[nodiscard]] text::Outcome<Piece> partition(const std::string& name);
  [[nodiscard]] text::Outcome<Piece> partition(const table::Partition& partition);

 private:
  Source() = default;
  [[nodiscard]] std::span<const FlashKeyCandidate> flash_keys() const;
  void find_table(const SourceOptions& options);
  void search_table();
  [[nodiscard]] std::uint32_t fitness(const table::Table& table, std::uint32_t offset,
                                      const FlashKeyCandidate* key) const;
  [[nodiscard]] text::Outcome<void> check_flash_keys() const;
  text::Outcome<void> find_regions(const SourceOptions& options);
  text::Outcome<void> use_address(const SourceOptions& options);
  text::Outcome<void> use_table(const SourceOptions& options);
  text::Outcome<void> use_image(const SourceOptions& options);
  bool carve_regions(const SourceOptions& options);
  void decrypt_pages();
  text::Outcome<void> add_region(const table::Partition& partition);
  void find_keys();
  void find_keys(const table::Partition& partition);
  void note_where_it_lies(Region& region) const;
  void find_carved_keys();
  void add_own_key(std::string name, keys::XtsKey key);
  std::span<std::uint8_t> readable();
  void note(std::string line) { remarks_.notes.push_back(std::move(line)); }
  void warn(std::string line);
  [[nodiscard]] std::string region_names() const;
  [[nodiscard]] Failed<text::Problem> no_table(const SourceOptions& options) const;
  [[nodiscard]] Failed<text::Problem> no_nvs(const SourceOptions& options) const;
  [[nodiscard]] Failed<text::Problem> no_such_partition(const std::string& name) const;

  std::string file_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint8_t> readable_;                                 // the same, partly decrypted; empty: nothing was
  std::map<std::uint32_t, const chip::FlashCipher*> decrypted_pages_;  // without a table: by address
  std::vector<std::vector<std::uint8_t>> assembled_;
  FileKind kind_ = FileKind::kUnknown;
  std::optional<table::Table> table_;
  std::optional<text::Problem> table_problem_;
  std::uint32_t table_offset_ = table::kTableOffset;
  std::shared_ptr<const std::vector<FlashKeyCandidate>> flash_keys_;
  const FlashKeyCandidate* flash_key_ = nullptr;  // the one that made the table readable
  std::vector<Region> regions_;
  std::vector<KeyCandidate> own_keys_;
  Remarks remarks_;
  bool is_damaged_ = false;
  bool is_carved_ = false;
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
