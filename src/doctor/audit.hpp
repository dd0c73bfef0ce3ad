// audit: many devices side by side, without their keys: which share one, whose keys or secrets anybody reads.
//
// NVS encryption has no randomness: the same 32 bytes at the same place under the same key give the same ciphertext. So
// equal ciphertext at equal offsets tells that two devices have one key, without the key.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/allocator.hpp"
#include "doctor/finding.hpp"
#include "image/source.hpp"

namespace nvsafe::doctor {

struct AuditedPartition {
  std::string file;
  std::string name;     // of the partition; empty for an image by itself
  std::string problem;  // why it could not be read; then nothing else is known
  enum class Protection : std::uint8_t {
    kBlank,
    kPlain,
    kUniversalKey,  // encrypted with a key that everybody has
    kReadableKey,   // encrypted, and the key page lies in the same file, readable
    kEncrypted,     // nothing at hand opens it
  } protection = Protection::kBlank;
  std::uint32_t written_entries = 0;
  std::uint32_t secret_count = 0;          // live values that are known to be secret, and that anybody reads
  std::uint32_t residue_secret_count = 0;  // the same in entries that are no longer live
  std::size_t key_group = 0;               // partitions of one number share a key; 0: none is known to
  std::vector<Code> findings;
};
[[nodiscard]] std::string_view to_string(AuditedPartition::Protection protection);

class Audit {
 public:
  explicit Audit(Allocator& allocator) : allocator_(allocator) {}

  // Every NVS partition of a file. Errors: kIo.
  text::Outcome<void> add(const image::Source& source);
  // A file that could not be read.
  void add_problem(const std::string& file, const std::string& problem);

  struct Result {
    std::vector<AuditedPartition> partitions;  // in the order in which they were added
    std::size_t key_group_count = 0;
  };
  [[nodiscard]] Result finish();

 private:
  // The ciphertext of an entry, and where in its partition it lies.
  struct Place {
    std::array<std::uint8_t, format::kEntrySize> bytes;
    std::uint32_t offset = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  struct PlaceHash {
    std::size_t operator()(const Place& place) const;
  };

  text::Outcome<void> add_region(const image::Source& source, const image::Region& region);
  text::Outcome<void> count_secrets(const image::Region& region, image::OpenedPartition& opened,
                                    AuditedPartition& partition);
  void note_entries(std::span<const std::uint8_t> bytes, std::size_t index);
  std::size_t root_of(std::size_t index);

  Allocator& allocator_;
  std::vector<AuditedPartition> partitions_;
  std::vector<std::size_t> parents_;  // of partitions that share a key
  std::unordered_map<Place, std::size_t, PlaceHash> seen_;
};

}  // namespace nvsafe::doctor
