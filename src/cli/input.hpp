// What verbs read: FILE[:PARTITION], keys, settings, tables. Paths become bytes here and nowhere else.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "chip/efuses.hpp"
#include "cli/context.hpp"
#include "host/files.hpp"
#include "image/source.hpp"
#include "text/settings.hpp"

namespace nvsafe::cli {

// FILE or FILE:PARTITION; an existing file of the full name wins.
struct FileArgument {
  std::string file;
  std::string partition;
};
[[nodiscard]] FileArgument split_partition(const std::string& argument);
// NS/KEY at the first slash; %2F stands for a slash inside the namespace or key. Errors: kUsage.
struct KeyPath {
  std::string namespace_name;
  std::string key;
};
[[nodiscard]] Outcome<KeyPath> split_key_path(const std::string& argument);
// The same, and NS/ for a whole namespace: its key is empty. Errors: kUsage.
[[nodiscard]] Outcome<KeyPath> split_namespace_path(const std::string& argument);

// --keys, --hmac-key: which keys open the input.
struct KeyOptions {
  std::vector<std::string> keys;
  std::string hmac_key;

  void add_to(CLI::App& verb);
};
// Every key file named, and every one in a directory named. Errors: kBadInput for a file that is no NVS key.
[[nodiscard]] Outcome<std::vector<image::KeyCandidate>> load_keys(const KeyOptions& options);
// One key file: a page or 64 bytes. Errors: kBadInput with what it is instead.
[[nodiscard]] Outcome<keys::XtsKey> load_key(const std::string& path);
// The NVS key that a device derives from an HMAC key file of 32 bytes.
[[nodiscard]] Outcome<keys::XtsKey> load_hmac_key(const std::string& path);

// --partition and --partition-table-offset; --flash-key, --efuses and --chip: what a flash-encrypted dump opens with.
struct PartitionOptions {
  std::string partition;
  std::string table_offset;
  std::string flash_key;
  std::string efuses;
  std::string chip;

  void add_to(CLI::App& verb);
  void add_place_to(CLI::App& verb);  // the first two only
  void add_table_offset_to(CLI::App& verb);
  void add_flash_to(CLI::App& verb);
  [[nodiscard]] Outcome<std::uint32_t> offset() const;
  // The files that are read.
  [[nodiscard]] std::vector<std::string> inputs() const { return {flash_key, efuses}; }
};

// FILE[:PARTITION] as bytes, and whatever of flags and of a chip folder helps to open them.
struct RawInput {
  std::string file;  // of a chip folder: its flash
  std::vector<std::uint8_t> bytes;
  image::SourceOptions options;
  std::shared_ptr<const image::ChipKeys> chip_keys;
  std::optional<chip::Efuses> efuses;  // of a chip folder
  bool is_running = false;             // a program has the chip folder open
};
[[nodiscard]] Outcome<RawInput> read_input(const std::string& argument, const PartitionOptions& options,
                                           const host::ReadLimits& limits = {});
// The folder of a virtual chip.
[[nodiscard]] bool is_chip_folder(const std::string& path);

// The file of a FILE[:PARTITION] argument, with its NVS partitions found. FILE may be the folder of a virtual chip.
[[nodiscard]] Outcome<std::unique_ptr<image::Source>> read_source(const std::string& argument,
                                                                  const PartitionOptions& options);
// The same for a dump of which only the table is needed.
[[nodiscard]] Outcome<std::unique_ptr<image::Source>> read_dump(const std::string& argument,
                                                                const PartitionOptions& options);

// A partition opened for reading, with everything it depends on.
struct OpenedFile {
  std::unique_ptr<image::Source> source;
  std::vector<image::KeyCandidate> keys;  // those that the user gave, then the chip's, then the file's own
  std::size_t given_count = 0;
  std::vector<std::string> unknown_keys;  // that the chip has and does not tell

  [[nodiscard]] std::span<const image::KeyCandidate> given() const { return std::span(keys).first(given_count); }
  [[nodiscard]] Outcome<std::unique_ptr<image::OpenedPartition>> open(const image::Region& region,
                                                                      Context& context) const;
};
[[nodiscard]] Outcome<OpenedFile> open_file(const std::string& argument, const PartitionOptions& partition,
                                            const KeyOptions& keys);
// Tells what opening found to be wrong, or worth knowing. Told once.
void tell_remarks(const Context& context, image::Source& source);
// Why a partition did not open, also when it is for a key that nobody can read out of the chip.
[[nodiscard]] text::Problem explained(text::Problem problem, const std::vector<std::string>& unknown_keys);
// The one partition that is meant, opened, and what is worth knowing about that told on stderr.
struct OpenedOne {
  OpenedFile file;
  const image::Region* region = nullptr;
  std::unique_ptr<image::OpenedPartition> partition;
};
[[nodiscard]] Outcome<OpenedOne> open_one(const std::string& argument, const PartitionOptions& partition,
                                          const KeyOptions& keys, Context& context);
// Says on stderr what is worth knowing about how a partition was opened: also when none of the keys that the user gave
// did it.
void tell_opening(const Context& context, const image::OpenedPartition& partition,
                  std::span<const image::KeyCandidate> given);

// Settings files, merged. `file` rows resolve against the CSV's folder.
[[nodiscard]] Outcome<text::Settings> read_settings(const std::vector<std::string>& paths);
[[nodiscard]] Outcome<text::Settings> parse_settings_file(const std::string& path, std::span<const std::uint8_t> bytes);

// A partition table from a CSV, a binary or a dump, checked against the rules. Warnings go to stderr. `found_at`: where
// it lies; only who asks gets one that is not where it should be.
[[nodiscard]] Outcome<table::Table> read_table(const std::string& path, const PartitionOptions& options,
                                               const Context& context, std::uint32_t* found_at = nullptr);

// A flag that takes a size or an address: decimal, 0x, K, M. Errors: kUsage.
[[nodiscard]] Outcome<std::uint32_t> parse_size_flag(const std::string& flag, const std::string& text);

}  // namespace nvsafe::cli
