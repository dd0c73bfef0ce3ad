// Puts items into the pages of a new image as the original generator (release 0.2.0) does, byte for byte, so that
// images compare. The rule is FORMAT.md §6; the bytes themselves come from src/format. What was in an image before may
// need more room than that rule leaves: kTight wastes none.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "format/entry.hpp"
#include "format/entry_cipher.hpp"
#include "format/page_header.hpp"

namespace nvsafe::image {

// Pages grow as needed: whether they fit the partition is the caller's question. Nothing here can fail but finish().
class LayoutWriter {
 public:
  // kOfGenerator: the rule of the original. kTight: pages are filled to their last entry.
  enum class Rule : std::uint8_t { kOfGenerator, kTight };
  explicit LayoutWriter(std::uint8_t version, Rule rule = Rule::kOfGenerator);

  // A number, or the definition of a namespace: one entry.
  void add_single(const format::Entry& entry);
  // A string or a version 1 blob: a header and its data, within one page. Requires: data.size() <= kStringSizeMax.
  void add_within_page(format::Entry header, std::span<const std::uint8_t> data);
  // A version 2 blob: chunks over as many pages as it takes, then the index. False: more than kChunkCountMax chunks.
  [[nodiscard]] bool add_blob(std::uint8_t namespace_index, const Name& key, std::span<const std::uint8_t> data);

  [[nodiscard]] std::uint32_t page_count() const { return page_count_; }
  // Entries behind the last item of the last page.
  [[nodiscard]] std::uint32_t room() const { return format::kEntryCount - used_; }
  // Entries in use over all pages.
  [[nodiscard]] std::uint32_t entry_count() const { return (page_count_ - 1) * format::kEntryCount + used_; }

  // The pages, encrypted when there is a cipher. Errors: kProvider.
  Result<std::vector<std::uint8_t>> finish(const format::EntryCipher* cipher) &&;

 private:
  void start_page();
  void append(const format::Entry& header, std::span<const std::uint8_t> data);
  [[nodiscard]] std::uint8_t* page() { return image_.data() + (page_count_ - 1) * format::kPageSize; }

  std::uint8_t version_;
  Rule rule_;
  std::vector<std::uint8_t> image_;
  std::vector<std::uint32_t> used_of_page_;
  std::uint32_t page_count_ = 0;
  std::uint32_t used_ = 0;  // entries of the last page
};

}  // namespace nvsafe::image
