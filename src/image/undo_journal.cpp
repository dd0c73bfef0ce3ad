#include "image/undo_journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/endian.hpp"
#include "nvsafe/flash.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// In a file: never change. The magic; u32 number of steps; the steps, oldest first; SHA-256 of all that. A step: the
// two digests; u32 size of the file; u32 flags (1: has addresses); u32 number of sectors; each sector: u32 offset, 4096
// bytes. Little endian.
constexpr std::string_view kMagic = "nvsafe undo 1\n";
constexpr std::size_t kDigestSize = 32;
constexpr std::size_t kStepHeadSize = 2 * kDigestSize + 12;
constexpr std::size_t kSectorSize = 4 + Flash::kSectorSize;
constexpr std::uint32_t kHasAddresses = 1;

Failed<text::Problem> no_digest() { return problem(Exit::kIo, "the SHA-256 of this system failed"); }

void put_u32(std::vector<std::uint8_t>& out, std::size_t value) {
  std::array<std::uint8_t, 4> bytes;
  store_le32(bytes.data(), static_cast<std::uint32_t>(value));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::size_t encoded_size(const UndoStep& step) { return kStepHeadSize + step.sectors.size() * kSectorSize; }

// Takes bytes from the front; an empty optional once there are not enough.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  std::optional<std::span<const std::uint8_t>> take(std::size_t size) {
    if (size > rest_.size()) return std::nullopt;
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::optional<std::uint32_t> take_u32() {
    const auto bytes = take(4);
    if (!bytes) return std::nullopt;
    return load_le32(bytes->data());
  }
  bool take_digest(crypto::Sha256& out) {
    const auto bytes = take(out.size());
    if (bytes) std::copy(bytes->begin(), bytes->end(), out.begin());
    return bytes.has_value();
  }
  [[nodiscard]] bool is_empty() const { return rest_.empty(); }

 private:
  std::span<const std::uint8_t> rest_;
};

std::optional<UndoStep> read_step(Reader& reader) {
  UndoStep step;
  if (!reader.take_digest(step.before) || !reader.take_digest(step.after)) return std::nullopt;
  const auto size = reader.take_u32();
  const auto flags = reader.take_u32();
  const auto count = reader.take_u32();
  if (!size || !flags || !count || *count == 0) return std::nullopt;
  step.file_size = *size;
  step.has_addresses = (*flags & kHasAddresses) != 0;
  for (std::uint32_t i = 0; i < *count; ++i) {
    const auto offset = reader.take_u32();
    const auto bytes = reader.take(Flash::kSectorSize);
    if (!bytes || std::uint64_t{*offset} + Flash::kSectorSize > step.file_size) return std::nullopt;
    step.sectors.push_back({*offset, {bytes->begin(), bytes->end()}});
  }
  return step;
}

std::optional<std::vector<UndoStep>> read_steps(std::span<const std::uint8_t> bytes) {
  Reader reader(bytes);
  const auto magic = reader.take(kMagic.size());
  if (!magic || std::memcmp(magic->data(), kMagic.data(), kMagic.size()) != 0) return std::nullopt;
  const auto count = reader.take_u32();
  if (!count || *count > UndoJournal::kStepCountMax) return std::nullopt;
  std::vector<UndoStep> steps;
  for (std::uint32_t i = 0; i < *count; ++i) {
    auto step = read_step(reader);
    if (!step) return std::nullopt;
    steps.push_back(std::move(*step));
  }
  if (!reader.is_empty()) return std::nullopt;
  return steps;
}

}  // namespace

Outcome<UndoStep> undo_step(std::span<const std::uint8_t> before, std::span<const std::uint8_t> after,
                            std::span<const std::uint32_t> offsets, bool has_addresses) {
  const auto digest_before = crypto::sha256(before);
  const auto digest_after = crypto::sha256(after);
  if (!digest_before || !digest_after) return no_digest();
  UndoStep step{.before = *digest_before,
                .after = *digest_after,
                .file_size = static_cast<std::uint32_t>(before.size()),
                .has_addresses = has_addresses};
  for (const std::uint32_t offset : offsets) {
    const auto sector = before.subspan(offset, Flash::kSectorSize);
    step.sectors.push_back({offset, {sector.begin(), sector.end()}});
  }
  return step;
}

Outcome<UndoJournal> UndoJournal::decode(std::span<const std::uint8_t> bytes, const std::string& file) {
  const auto refused = [&](const char* why) {
    return problem(Exit::kBadInput, fmt::format("{}: {}", file, why), "move it away; nothing was changed");
  };
  if (bytes.size() < kMagic.size() + kDigestSize) return refused("no undo journal of nvsafe");
  const auto content = bytes.first(bytes.size() - kDigestSize);
  const auto digest = crypto::sha256(content);
  if (!digest) return no_digest();
  if (!std::equal(digest->begin(), digest->end(), bytes.end() - kDigestSize)) {
    return refused("no undo journal of nvsafe, or a damaged one");
  }
  auto steps = read_steps(content);
  if (!steps) return refused("an undo journal that this version does not read");
  UndoJournal journal;
  journal.steps_ = std::move(*steps);
  return journal;
}

Outcome<std::vector<std::uint8_t>> UndoJournal::encode() const {
  std::vector<std::uint8_t> out(kMagic.begin(), kMagic.end());
  put_u32(out, steps_.size());
  for (const UndoStep& step : steps_) {
    out.insert(out.end(), step.before.begin(), step.before.end());
    out.insert(out.end(), step.after.begin(), step.after.end());
    put_u32(out, step.file_size);
    put_u32(out, step.has_addresses ? kHasAddresses : 0);
    put_u32(out, step.sectors.size());
    for (const UndoStep::Sector& sector : step.sectors) {
      put_u32(out, sector.offset);
      out.insert(out.end(), sector.bytes.begin(), sector.bytes.end());
    }
  }
  const auto digest = crypto::sha256(out);
  if (!digest) return no_digest();
  out.insert(out.end(), digest->begin(), digest->end());
  return out;
}

bool UndoJournal::settle(const crypto::Sha256& file) {
  if (!steps_.empty() && steps_.back().after != file && steps_.back().before == file) steps_.pop_back();
  return !steps_.empty() && steps_.back().after == file;
}

void UndoJournal::push(UndoStep step) {
  std::size_t size = kMagic.size() + 4 + kDigestSize + encoded_size(step);
  for (const UndoStep& known : steps_) size += encoded_size(known);
  auto oldest = steps_.begin();
  while (oldest != steps_.end() &&
         (size > kSizeMax || static_cast<std::size_t>(steps_.end() - oldest) + 1 > kStepCountMax)) {
    size -= encoded_size(*oldest++);
  }
  steps_.erase(steps_.begin(), oldest);
  steps_.push_back(std::move(step));
}

Outcome<std::vector<std::uint8_t>> undone(std::span<const std::uint8_t> file, const UndoStep& step) {
  std::vector<std::uint8_t> out(file.begin(), file.end());
  const bool fits = file.size() == step.file_size;
  for (const UndoStep::Sector& sector : step.sectors) {
    if (fits) std::copy(sector.bytes.begin(), sector.bytes.end(), out.begin() + sector.offset);
  }
  const auto digest = crypto::sha256(out);
  if (!digest) return no_digest();
  if (fits && *digest == step.before) return out;
  return problem(Exit::kBadInput, "the undo journal does not lead back to the file as it was; nothing was changed");
}

}  // namespace nvsafe::image
