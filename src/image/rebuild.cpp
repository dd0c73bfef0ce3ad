#include "image/rebuild.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

#include "base/endian.hpp"
#include "image/build.hpp"
#include "image/finding_text.hpp"
#include "image/layout_writer.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

constexpr const char* kOwnFault = "this is a fault in nvsafe: please report it";

std::string key_of(const Item& item) { return item.namespace_text() + '/' + item.key; }

// Lays out one order of the items, and remembers it.
class Layout {
 public:
  Layout(const Contents& contents, const RebuildOptions& options, LayoutWriter::Rule rule)
      : contents_(contents), options_(options), writer_(options.version, rule) {
    order_.reserve(contents.items.size());
  }

  Outcome<void> add_namespaces() {
    std::uint32_t index = format::kNamespaceIndexMin;
    for (const std::string& name : contents_.namespaces) {
      const auto field = Name::from(name);
      if (!field || index > format::kNamespaceIndexMax) {
        return problem(Exit::kBadInput, fmt::format("no room for namespace {}", name));
      }
      format::Entry entry;
      entry.namespace_index = format::kNamespaceOfNamespaces;
      entry.type = ValueType::kU8;
      entry.set_key(*field);
      entry.set_number(index);
      writer_.add_single(entry);
      ++index;
    }
    return {};
  }

  Outcome<void> add(std::uint32_t item_index, std::uint8_t namespace_index) {
    const Item& item = contents_.items[item_index];
    order_.push_back(item_index);
    const auto key = Name::from(item.key);
    if (!key) return problem(Exit::kBadInput, fmt::format("{} has a key that no entry can hold", key_of(item)));
    if (item.type == ValueType::kBlobData && !is_within_page(item)) {
      if (writer_.add_blob(namespace_index, *key, item.bytes)) return {};
      return problem(Exit::kBadInput,
                     fmt::format("{} needs more than {} chunks here", key_of(item), format::kChunkCountMax));
    }
    format::Entry entry;
    entry.namespace_index = namespace_index;
    entry.type = item.type == ValueType::kBlobData ? ValueType::kBlobV1 : item.type;
    entry.set_key(*key);
    if (is_number(item.type)) {
      entry.set_number(load_le(item.bytes));
      writer_.add_single(entry);
      return {};
    }
    const std::uint32_t size_max = is_version_1() ? format::kV1ValueSizeMax : format::kStringSizeMax;
    if (item.bytes.size() > size_max) {
      return problem(Exit::kBadInput,
                     fmt::format("{} has {} bytes; format version {} takes at most {}", key_of(item), item.bytes.size(),
                                 is_version_1() ? 1 : 2, size_max),
                     is_version_1() ? "format version 2 takes strings of 4000 bytes and blobs over many pages" : "");
    }
    writer_.add_within_page(entry, item.bytes);
    return {};
  }

  [[nodiscard]] bool is_version_1() const { return options_.version == format::kVersion1; }
  [[nodiscard]] bool is_within_page(const Item& item) const { return !is_number(item.type) && !is_fluid(item); }
  // A blob of version 2 goes on from page to page, so that it fills each.
  [[nodiscard]] bool is_fluid(const Item& item) const { return item.type == ValueType::kBlobData && !is_version_1(); }

  LayoutWriter& writer() { return writer_; }
  [[nodiscard]] const std::vector<std::uint32_t>& order() const { return order_; }

 private:
  const Contents& contents_;
  const RebuildOptions& options_;
  LayoutWriter writer_;
  std::vector<std::uint32_t> order_;  // of the items, as they were placed
};

class Rebuilder {
 public:
  Rebuilder(const Contents& contents, const RebuildOptions& options, const std::string& where, Allocator& allocator)
      : contents_(contents), options_(options), where_(where), allocator_(allocator) {}

  Outcome<Rebuilt> run() {
    if (auto checked = check_items(); !checked) return in_place(checked.error());
    if (contents_.namespaces.empty()) return Rebuilt{std::vector<std::uint8_t>(options_.size, 0xFF), 0, 0};
    if (auto plain = lay_out_by_namespace(); !plain) return in_place(plain.error());
    if (layout_->writer().page_count() > usable_pages()) {
      if (auto tight = lay_out_tightly(); !tight) return in_place(tight.error());
    }
    if (layout_->writer().page_count() > usable_pages()) return too_small(layout_->writer().page_count());
    return finish();
  }

 private:
  // What the messages above leave out.
  [[nodiscard]] Failed<text::Problem> in_place(const text::Problem& found) const {
    return problem(found.exit, fmt::format("{}: {}", where_, found.what), found.hint);
  }

  // Pages that may hold data: all but the one that firmware needs free, where it writes.
  [[nodiscard]] std::uint32_t usable_pages() const {
    const std::uint32_t page_count = options_.size / format::kPageSize;
    return options_.size < format::kWritableSizeMin ? page_count : page_count - 1;
  }

  Outcome<void> check_items() {
    namespace_of_.assign(contents_.items.size(), 0);
    std::array<std::uint8_t, 256> new_index{};
    std::array<bool, 256> is_taken{};
    bool may_stand_twice = false;
    for (std::size_t i = 0; i < contents_.items.size(); ++i) {
      const Item& item = contents_.items[i];
      if (const std::string why = why_no_setting(item); !why.empty()) {
        return problem(Exit::kBadInput, fmt::format("{} {}", key_of(item), why),
                       "nothing is left out by silence: nvsafe recover makes an image of what reads");
      }
      std::uint8_t& index = new_index[item.namespace_index];
      if (index == 0) {
        const auto found = std::find(contents_.namespaces.begin(), contents_.namespaces.end(), *item.namespace_name);
        index = static_cast<std::uint8_t>(found - contents_.namespaces.begin() + format::kNamespaceIndexMin);
        may_stand_twice = may_stand_twice || is_taken[index];
        is_taken[index] = true;
      }
      namespace_of_[i] = index;
    }
    return may_stand_twice ? check_twice() : Outcome<void>();
  }

  [[nodiscard]] Outcome<void> check_twice() const {
    std::unordered_set<std::string> seen;
    for (const Item& item : contents_.items) {
      if (seen.insert(*item.namespace_name + '\0' + item.key).second) continue;
      return problem(Exit::kBadInput, fmt::format("{} stands twice: two namespaces have this name", key_of(item)));
    }
    return {};
  }

  // The order in which settings would be written, by the rule that build has, too.
  Outcome<void> lay_out_by_namespace() {
    layout_.emplace(contents_, options_, LayoutWriter::Rule::kOfGenerator);
    NVSAFE_TRY(layout_->add_namespaces());
    std::array<std::vector<std::uint32_t>, 256> by_namespace;
    for (std::uint32_t i = 0; i < contents_.items.size(); ++i) by_namespace[namespace_of_[i]].push_back(i);
    for (const std::vector<std::uint32_t>& items : by_namespace) {
      for (const std::uint32_t i : items) NVSAFE_TRY(layout_->add(i, namespace_of_[i]));
    }
    return {};
  }

  // Blobs longer than a page begin on a fresh one. Then each page takes the largest value that still fits, then
  // numbers; only if there are not enough of these a blob is cut, which costs an entry.
  Outcome<void> lay_out_tightly() {
    layout_.emplace(contents_, options_, LayoutWriter::Rule::kTight);
    NVSAFE_TRY(layout_->add_namespaces());
    BySpan long_blobs;
    BySpan values;
    std::vector<std::uint32_t> numbers;
    for (std::uint32_t i = 0; i < contents_.items.size(); ++i) {
      const Item& item = contents_.items[i];
      const std::uint32_t data_entries = format::data_entry_count(item.size);
      if (is_number(item.type)) {
        numbers.push_back(i);
      } else if (layout_->is_fluid(item) && 2 + data_entries > format::kEntryCount) {
        long_blobs.emplace(data_entries, i);
      } else {
        values.emplace((layout_->is_fluid(item) ? 2 : 1) + data_entries, i);
      }
    }
    while (!long_blobs.empty() || !values.empty() || !numbers.empty()) {
      const std::uint32_t left = layout_->writer().room();
      const std::uint32_t room = left > 0 ? left : format::kEntryCount;
      if (room == format::kEntryCount && !long_blobs.empty()) {
        NVSAFE_TRY(take(long_blobs, std::prev(long_blobs.end())));
      } else if (const auto behind = values.upper_bound(room); behind != values.begin()) {
        NVSAFE_TRY(take(values, std::prev(behind)));
      } else if (!numbers.empty() && (numbers.size() >= room || room < 3)) {
        NVSAFE_TRY(take(numbers));
      } else if (!long_blobs.empty() && room > 1) {
        NVSAFE_TRY(take(long_blobs, long_blobs.begin()));
      } else if (const auto blob = cuttable(values); blob != values.end() && room > 1) {
        NVSAFE_TRY(take(values, blob));
      } else if (!numbers.empty()) {
        NVSAFE_TRY(take(numbers));
      } else if (!long_blobs.empty()) {
        NVSAFE_TRY(take(long_blobs, std::prev(long_blobs.end())));
      } else {
        NVSAFE_TRY(take(values, std::prev(values.end())));
      }
    }
    return {};
  }

  using BySpan = std::multimap<std::uint32_t, std::uint32_t>;  // items by the entries they take

  // The longest blob.
  BySpan::iterator cuttable(BySpan& values) const {
    for (auto i = values.end(); i != values.begin();) {
      if (layout_->is_fluid(contents_.items[(--i)->second])) return i;
    }
    return values.end();
  }
  Outcome<void> take(BySpan& from, BySpan::iterator which) {
    const std::uint32_t i = which->second;
    from.erase(which);
    return layout_->add(i, namespace_of_[i]);
  }
  Outcome<void> take(std::vector<std::uint32_t>& from) {
    const std::uint32_t i = from.back();
    from.pop_back();
    return layout_->add(i, namespace_of_[i]);
  }

  Outcome<Rebuilt> finish() {
    Rebuilt rebuilt;
    rebuilt.page_count = layout_->writer().page_count();
    rebuilt.entry_count = layout_->writer().entry_count();
    std::optional<format::EntryCipher> cipher;
    if (options_.key != nullptr) {
      auto made = format::EntryCipher::create(options_.key->key);
      if (!made) return problem(Exit::kIo, "the AES of this system failed");
      cipher.emplace(std::move(*made));
    }
    auto bytes = std::move(layout_->writer()).finish(cipher ? &*cipher : nullptr);
    if (!bytes) return problem(Exit::kIo, "the AES of this system failed");
    rebuilt.bytes = std::move(*bytes);
    rebuilt.bytes.resize(options_.size, 0xFF);
    if (auto proven = prove(rebuilt.bytes); !proven) return proven.failed();
    return rebuilt;
  }

  Outcome<void> prove(const std::vector<std::uint8_t>& bytes) {
    std::vector<KeyCandidate> keys;
    if (options_.key != nullptr) keys.push_back({options_.key->name, options_.key->key.clone()});
    auto opened = open_partition({"", 0, bytes}, keys, "the finished image", allocator_);
    if (!opened) return opened.failed();
    if (!is_opened_with(**opened, options_.key != nullptr ? &options_.key->key : nullptr)) {
      return problem(Exit::kKey, "the finished image does not open with the key it was made for", kOwnFault);
    }
    store::Store& store = *(*opened)->store;
    const auto& order = layout_->order();
    std::size_t count = 0;
    const Item* different = nullptr;
    std::vector<std::uint8_t> value;
    const auto walked = store.for_each_item([&](const store::ItemInfo& info) -> Result<void> {
      const std::size_t i = count++;
      if (i >= order.size() || different != nullptr) return {};
      const Item& wanted = contents_.items[order[i]];
      value.resize(info.size);
      const auto read = store.read_value(info, value);
      if (!read && read.error().code != ErrorCode::kDamaged) return read;
      const bool is_equal = read && store.namespace_name(info.namespace_index).view() == wanted.namespace_name &&
                            info.key.view() == wanted.key && user_type(info.type) == wanted.type &&
                            value == wanted.bytes;
      if (!is_equal) different = &wanted;
      return {};
    });
    if (!walked) return core_failed(walked.error());
    if (different != nullptr) return problem(Exit::kBadInput, key_of(*different) + " does not read back", kOwnFault);
    if (count != order.size() || namespaces_of(store) != contents_.namespaces) {
      return problem(Exit::kBadInput, "the finished image holds other keys than it should", kOwnFault);
    }
    return {};
  }

  [[nodiscard]] Failed<text::Problem> too_small(std::uint32_t page_count) const {
    const std::uint32_t pages_needed = std::max(page_count + 1, format::kWritableSizeMin / format::kPageSize);
    const std::uint32_t needed = pages_needed * format::kPageSize;
    return problem(Exit::kBadInput,
                   fmt::format("{}: {:#x} bytes do not hold this: {} bytes are missing ({} pages of data, and one that "
                               "firmware needs free)",
                               where_, options_.size, needed - options_.size, page_count),
                   fmt::format("a size of {:#x} works", needed));
  }

  const Contents& contents_;
  const RebuildOptions& options_;
  const std::string& where_;
  Allocator& allocator_;
  std::vector<std::uint8_t> namespace_of_;  // by item: its index in the new image
  std::optional<Layout> layout_;
};

// Written, and not read by anyone who reads what is live.
bool is_left_behind(const store::Finding& finding) {
  switch (finding.code) {
    case store::FindingCode::kEntryUndecodable:
    case store::FindingCode::kDataDamaged:
    case store::FindingCode::kEntryFaulty:
      return true;
    case store::FindingCode::kPageHeaderDamaged:
      return finding.count > 0;
    default:
      return false;
  }
}

}  // namespace

Outcome<Rebuilt> rebuild(const Contents& contents, const RebuildOptions& options, const std::string& where,
                         Allocator& allocator) {
  return Rebuilder(contents, options, where, allocator).run();
}

std::uint8_t page_version_of(const store::Store& store) {
  bool is_any_in_use = false;
  for (const store::PageRecord& page : store.pages()) {
    if (!store::is_in_use(page.kind)) continue;
    is_any_in_use = true;
    if (page.version != format::kVersion1) return format::kVersion2;
  }
  return is_any_in_use ? format::kVersion1 : format::kVersion2;
}

Outcome<Contents> read_whole(store::Store& store, const std::string& where, const std::string& file) {
  auto contents = read_contents(store);
  if (!contents) return contents;
  const std::string hint = fmt::format("nvsafe recover {} -o FILE makes an image of what reads", file);
  for (const Item& item : contents->items) {
    if (const std::string why = why_no_setting(item); !why.empty()) {
      return problem(Exit::kBadInput, fmt::format("{}: {} {}", where, key_of(item), why), hint);
    }
  }
  for (const store::Finding& finding : store.findings()) {
    if (!is_left_behind(finding)) continue;
    return problem(Exit::kBadInput, fmt::format("{}: would be left behind: {}", where, describe(finding)), hint);
  }
  return contents;
}

}  // namespace nvsafe::image
