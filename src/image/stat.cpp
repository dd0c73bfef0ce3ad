#include "image/stat.hpp"

#include <algorithm>

#include "image/finding_text.hpp"
#include "nvsafe/memory_flash.hpp"
#include "store/overlay_flash.hpp"
#include "text/value.hpp"

namespace nvsafe::image {
namespace {

using text::Outcome;
using text::problem;

bool is_own_failure(ErrorCode code) { return code == ErrorCode::kNoMemory || code == ErrorCode::kProvider; }

// A writable copy, and a key in it that no value has.
class Rehearsal {
 public:
  Rehearsal(std::span<const std::uint8_t> bytes, const format::EntryCipher* cipher, Allocator& allocator)
      : bytes_(bytes.begin(), bytes.end()), flash_(bytes_), cipher_(cipher), allocator_(allocator) {}

  // Everything that a mount and a missing namespace need is done first.
  Result<void> prepare() {
    auto store = mount(flash_);
    if (!store) return store.failed();
    const auto index = find_namespace(*store);
    if (!index) return index.failed();
    namespace_index_ = *index;
    char text[Name::kFieldSize] = "a";
    for (int i = 0; store->find(namespace_index_, *Name::from(text)) && i < 26 * 14; ++i) {
      text[i / 26] = static_cast<char>('a' + i % 26);
    }
    key_ = *Name::from(text);
    return {};
  }

  Result<Room> room_for(ValueType type, std::uint32_t size_min, std::uint32_t size_max) {
    auto store = mount(flash_);
    if (!store) return store.failed();
    Room room;
    const auto after = largest(size_min, size_max, [&](std::uint32_t size) -> Result<bool> {
      auto fits = store->would_fit(namespace_index_, key_, type, value(type, size));
      if (!fits && fits.error().code == ErrorCode::kValueTooLong) return false;
      return fits;
    });
    if (!after) return after.failed();
    room.after_collection = *after;
    if (!*after) return room;
    const auto now = largest(size_min, **after, [&](std::uint32_t size) { return fits_now(type, size); });
    if (!now) return now.failed();
    room.now = *now;
    return room;
  }

 private:
  Result<store::Store> mount(Flash& flash) {
    store::Statistics statistics;
    return store::Store::mount(flash, allocator_, cipher_, {.levels_wear = false}, statistics);
  }

  static Result<std::uint8_t> find_namespace(store::Store& store) {
    if (!store.namespaces().empty()) return store.namespaces().front().index;
    return store.create_namespace(*Name::from("a"));
  }

  // A set that erases no page.
  Result<bool> fits_now(ValueType type, std::uint32_t size) {
    store::OverlayFlash overlay(flash_, allocator_);
    auto store = mount(overlay);
    if (!store) return store.failed();
    (void)overlay.take_steps();
    if (const auto done = store->set(namespace_index_, key_, type, value(type, size)); !done) {
      return done.error().code == ErrorCode::kNoSpace ? Result<bool>(false) : done.failed();
    }
    const auto steps = overlay.steps().span();
    return std::none_of(steps.begin(), steps.end(),
                        [](const store::PlanStep& step) { return step.kind == store::StepKind::kErasePage; });
  }

  static std::vector<std::uint8_t> value(ValueType type, std::uint32_t size) {
    std::vector<std::uint8_t> bytes(size, 'x');
    if (type == ValueType::kString) bytes.back() = 0;
    return bytes;
  }

  // The largest size from `low` to `high` that fits. Nothing: `low` does not.
  template <typename Fits>
  static Result<std::optional<std::uint32_t>> largest(std::uint32_t low, std::uint32_t high, Fits fits) {
    const auto smallest = fits(low);
    if (!smallest) return smallest.failed();
    if (!*smallest) return std::optional<std::uint32_t>();
    while (low < high) {
      const std::uint32_t middle = low + (high - low + 1) / 2;
      const auto fit = fits(middle);
      if (!fit) return fit.failed();
      *fit ? low = middle : high = middle - 1;
    }
    return std::optional(low);
  }

  std::vector<std::uint8_t> bytes_;
  MemoryFlash flash_;
  const format::EntryCipher* cipher_;
  Allocator& allocator_;
  std::uint8_t namespace_index_ = 0;
  Name key_;
};

}  // namespace

Outcome<Capacity> measure_capacity(std::span<const std::uint8_t> bytes, const format::EntryCipher* cipher,
                                   Allocator& allocator) {
  Rehearsal rehearsal(bytes, cipher, allocator);
  const auto failed = [](const Error& error) {
    return problem(is_own_failure(error.code) ? text::Exit::kIo : text::Exit::kBadInput,
                   std::string(describe(error.code)));
  };
  const auto prepared = rehearsal.prepare();
  if (!prepared && prepared.error().code == ErrorCode::kNoSpace) return Capacity();
  if (!prepared) return failed(prepared.error());
  const auto string = rehearsal.room_for(ValueType::kString, 1, static_cast<std::uint32_t>(text::kStringSizeMax));
  if (!string) return failed(string.error());
  const auto blob = rehearsal.room_for(ValueType::kBlobData, 1, static_cast<std::uint32_t>(text::kBlobSizeMax));
  if (!blob) return failed(blob.error());
  return Capacity{*string, *blob};
}

Wear wear_of(std::span<const store::PageRecord> pages) {
  Wear wear;
  std::vector<std::uint64_t> sequences;  // of pages in use
  for (const store::PageRecord& page : pages) {
    if (store::is_in_use(page.kind)) sequences.push_back(page.sequence);
  }
  std::sort(sequences.begin(), sequences.end());
  if (!sequences.empty()) wear.started_page_count = sequences.back() + 1;
  for (const store::PageRecord& page : pages) {
    PageWear one;
    // Sequence numbers that other pages hold were not this one's; its own stands for a use, not for an erase.
    if (store::is_in_use(page.kind)) {
      one.sequence = page.sequence;
      const auto below = std::lower_bound(sequences.begin(), sequences.end(), page.sequence) - sequences.begin();
      one.erase_count_max = page.sequence - static_cast<std::uint64_t>(below);
    } else {
      one.erase_count_max = wear.started_page_count - sequences.size();
    }
    wear.worst_erase_count_max = std::max(wear.worst_erase_count_max, one.erase_count_max);
    wear.pages.push_back(one);
  }
  if (wear.started_page_count > pages.size()) {
    wear.worst_erase_count_min = (wear.started_page_count - pages.size() + pages.size() - 1) / pages.size();
  }
  return wear;
}

std::uint64_t entries_of_write(std::uint32_t value_size) {
  if (value_size <= sizeof(std::uint64_t)) return 1;
  const std::uint64_t chunks = (value_size + format::kChunkSizeMax - 1) / format::kChunkSizeMax;
  return 1 + chunks + format::data_entry_count(value_size);
}

std::optional<double> years_left(const Wear& wear, std::uint32_t live_entries, double writes_per_day,
                                 std::uint32_t value_size) {
  const std::uint64_t page_count = wear.pages.size();
  if (page_count < 2 || writes_per_day <= 0) return std::nullopt;
  const double usable = static_cast<double>((page_count - 1) * format::kEntryCount);
  const double free_part = 1 - static_cast<double>(live_entries) / usable;
  if (free_part <= 0) return std::nullopt;
  const double erases_per_day =
      writes_per_day * static_cast<double>(entries_of_write(value_size)) / (format::kEntryCount * free_part);
  const std::uint64_t all = kEraseCycles * page_count;
  const std::uint64_t left = all - std::min(all, wear.started_page_count);
  return static_cast<double>(left) / erases_per_day / 365.25;
}

}  // namespace nvsafe::image
