// Every value that is still in flash: live, superseded and erased, back to what a page remembers. An erased entry keeps
// its bytes until its page is collected, unless it was overwritten with zeros; so a whole item is proven by its own
// CRCs, whatever its marks say.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "image/open.hpp"
#include "image/page_view.hpp"

namespace nvsafe::image {

// The keys that earlier values may be encrypted with: as the partition opened, plain, and `more`.
class HistoryKeys {
 public:
  // Errors: kIo when the crypto provider fails.
  static text::Outcome<HistoryKeys> make(const OpenedPartition* opened, std::span<const KeyCandidate> more);

  [[nodiscard]] std::span<const format::EntryCipher* const> ciphers() const { return ciphers_; }
  // nullptr: plain.
  [[nodiscard]] const KeyCandidate* candidate(std::size_t cipher_index) const { return candidates_[cipher_index]; }

 private:
  HistoryKeys() = default;

  std::vector<std::unique_ptr<format::EntryCipher>> owned_;
  std::vector<const format::EntryCipher*> ciphers_;
  std::vector<const KeyCandidate*> candidates_;
};

enum class Standing : std::uint8_t {
  kLive,        // what the store reads
  kSuperseded,  // marked written, but not what the store reads
  kErased,      // marked erased
};

// A whole value as it once was, or is.
struct Version {
  Standing standing = Standing::kErased;
  std::uint8_t namespace_index = 0;
  std::optional<std::string> namespace_name;  // as the definition nearest before it in flash says; none: there is none
  std::string key;
  ValueType type = ValueType::kU8;  // as the user knows it
  std::uint32_t size = 0;           // bytes of the value
  std::vector<std::uint8_t> bytes;  // empty where is_complete is not set
  bool is_complete = true;          // false: a blob that has lost chunks, or a live value that is damaged
  // False: entries of more than one version could be its chunks, or its namespace index had more than one name.
  bool is_certain = true;
  store::Location location;  // of its header, or of the blob's index
  std::vector<store::Location> chunks;
  std::uint32_t sequence = 0;  // of its page; means nothing where has_sequence is not set
  bool has_sequence = true;
  std::size_t cipher_index = 0;

  [[nodiscard]] std::string namespace_text() const;
};

// A name for a namespace index, in whatever standing.
struct Definition {
  Standing standing = Standing::kErased;
  std::uint8_t index = 0;
  std::string name;
  store::Location location;
  std::size_t cipher_index = 0;
};

struct History {
  std::vector<Version> versions;  // oldest first: by page sequence, then entry; pages without one before all others
  std::vector<Definition> definitions;  // in the same order
  std::vector<RawItem> loose_chunks;    // blob data that no version has
  std::uint32_t erased_entries = 0;     // by their marks
  std::uint32_t zeroed_entries = 0;     // of these, overwritten with zeros
  std::uint32_t readable_entries = 0;   // of these, in items whose CRCs are right
};

// `bytes`: the partition as it lies in flash, a whole number of pages. `store`: the partition as it opened, which tells
// what is live; nullptr: nothing is. Errors: kIo for want of memory or cryptography.
[[nodiscard]] text::Outcome<History> read_history(std::span<const std::uint8_t> bytes, const HistoryKeys& keys,
                                                  store::Store* store);

}  // namespace nvsafe::image
