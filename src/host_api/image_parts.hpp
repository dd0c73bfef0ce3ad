// What an Image holds, and what its files share: from the words of src/image to those of the public header.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "image/key_place.hpp"
#include "image/source.hpp"
#include "nvsafe/heap.hpp"
#include "nvsafe/image.hpp"

namespace nvsafe {

struct Image::Parts {
  std::unique_ptr<image::Source> source;
  std::vector<image::KeyCandidate> keys;  // those that were given, then the file's own
  std::size_t given_count = 0;
  std::vector<keys::XtsKey> hmac_keys;  // of the given ones, those that a device derives
  image::Source::Remarks remarks;

  [[nodiscard]] std::span<const image::KeyCandidate> given() const { return std::span(keys).first(given_count); }
  // A key that a device makes of its HMAC key lies nowhere in flash.
  [[nodiscard]] bool is_derived(const keys::XtsKey& key) const;
  [[nodiscard]] std::string describe(const image::Region& region) const {
    return image::describe(region, source->file());
  }
  // As image::open_partition().
  [[nodiscard]] text::Outcome<std::unique_ptr<image::OpenedPartition>> open(const image::Region& region) const {
    return image::open_partition(region, keys, source->file(), heap());
  }
  [[nodiscard]] Bytes copy() const { return {source->bytes().begin(), source->bytes().end()}; }

  struct One {
    const image::Region* region = nullptr;
    std::unique_ptr<image::OpenedPartition> partition;
  };
  // The one partition that is meant. Errors: kBadInput (several), those of open().
  [[nodiscard]] text::Outcome<One> open_one() const;
};

// A key to open with, or to write with. Errors: kBadInput for bytes that are no such key; kIo.
[[nodiscard]] text::Outcome<image::KeyCandidate> candidate_of(const Image::Key& key);

[[nodiscard]] std::optional<Image::KeyPlace> public_place(const std::optional<image::KeyPlace>& place);

// The numbers of the program's exit statuses are public here.
static_assert(static_cast<int>(Problem::Kind::kNo) == static_cast<int>(text::Exit::kNo) &&
              static_cast<int>(Problem::Kind::kUsage) == static_cast<int>(text::Exit::kUsage) &&
              static_cast<int>(Problem::Kind::kBadInput) == static_cast<int>(text::Exit::kBadInput) &&
              static_cast<int>(Problem::Kind::kKey) == static_cast<int>(text::Exit::kKey) &&
              static_cast<int>(Problem::Kind::kIo) == static_cast<int>(text::Exit::kIo));
[[nodiscard]] inline Problem public_problem(const text::Problem& problem) {
  return {static_cast<Problem::Kind>(problem.exit), problem.what, problem.hint};
}
[[nodiscard]] inline Failed<Problem> public_failure(const text::Problem& problem) { return {public_problem(problem)}; }

template <typename T>
[[nodiscard]] Result<T, Problem> public_result(text::Outcome<T> outcome) {
  if (!outcome) return public_failure(outcome.error());
  return std::move(*outcome);
}

}  // namespace nvsafe
