#include "image/edit.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "flash/span_flash.hpp"
#include "image/contents.hpp"
#include "image/finding_text.hpp"
#include "image/lookup.hpp"
#include "image/value_text.hpp"
#include "nvsafe/memory_flash.hpp"
#include "store/store.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

using Key = std::pair<std::uint8_t, std::string>;  // index of the namespace, and the key
using Values = std::map<Key, Change::Value>;

bool is_same(const Change::Value& a, const Change::Value& b) {
  return !a.is_damaged && !b.is_damaged && a.type == b.type && a.bytes == b.bytes;
}

Outcome<Values> read_values(store::Store& store) {
  auto contents = read_contents(store);
  if (!contents) return contents.failed();
  Values values;
  for (Item& item : contents->items) {
    values[{item.namespace_index, item.key}] = {item.type, std::move(item.bytes), item.is_damaged};
  }
  return values;
}

Failed<text::Problem> failed_with(const Error& error, const std::string& where) {
  switch (error.code) {
    case ErrorCode::kKeyProof:
      return problem(Exit::kKey, fmt::format("{}: {}", where, describe(error.code)));
    case ErrorCode::kBadSize:
      return problem(Exit::kBadInput,
                     where + ": what can be written has a whole number of 4096-byte pages, and three of them at least");
    case ErrorCode::kUnsupportedVersion:
    case ErrorCode::kEqualKeyHalves:
      return problem(Exit::kBadInput, fmt::format("{}: {}", where, describe(error.code)));
    default:
      return problem(Exit::kIo, fmt::format("{}: {}", where, describe(error.code)));
  }
}

// A value like the one that has no room, but of `size` bytes.
std::vector<std::uint8_t> stand_in(ValueType type, std::uint32_t size) {
  std::vector<std::uint8_t> bytes(size, std::uint8_t{'x'});
  if (type == ValueType::kString) bytes.back() = 0;
  return bytes;
}

class Editor {
 public:
  Editor(std::span<const std::uint8_t> bytes, const format::EntryCipher* cipher, const std::string& where,
         Allocator& allocator)
      : before_(bytes),
        cipher_(cipher),
        where_(where),
        allocator_(allocator),
        edited_{.bytes = {bytes.begin(), bytes.end()}},
        flash_(edited_.bytes) {}

  Outcome<Edited> run(std::span<const Edit> edits) {
    if (auto mounted = mount(); !mounted) return mounted.failed();
    for (const Edit& edit : edits) {
      if (auto done = apply(edit); !done) return done.failed();
    }
    if (!changes_anything()) {
      edited_.bytes.assign(before_.begin(), before_.end());
      edited_.was_tidied = false;
      return std::move(edited_);
    }
    if (auto proven = prove(); !proven) return proven.failed();
    edited_.erase_count = flash_.erase_count();
    const auto size = static_cast<std::uint32_t>(before_.size());
    for (std::uint32_t at = next_changed_sector(before_, edited_.bytes, 0); at < size;
         at = next_changed_sector(before_, edited_.bytes, at + Flash::kSectorSize)) {
      edited_.changed_sectors.push_back(at);
    }
    return std::move(edited_);
  }

 private:
  Outcome<void> mount() {
    store::Statistics statistics;
    auto mounted = store::Store::mount(flash_, allocator_, cipher_, {}, statistics);
    if (!mounted) return failed_with(mounted.error(), where_);
    store_.emplace(std::move(*mounted));
    edited_.was_tidied = next_changed_sector(before_, edited_.bytes, 0) < before_.size();
    auto values = read_values(*store_);
    if (!values) return values.failed();
    values_ = std::move(*values);
    return {};
  }

  Outcome<void> apply(const Edit& edit) {
    switch (edit.kind) {
      case Edit::Kind::kSet:
        return set(edit.namespace_name, edit.key, {.type = edit.type, .bytes = edit.value});
      case Edit::Kind::kRemove:
        return remove(edit.namespace_name, edit.key);
      case Edit::Kind::kRemoveNamespace:
        return remove_namespace(edit.namespace_name);
      case Edit::Kind::kMove:
        return move(edit);
    }
    return {};
  }

  Outcome<void> set(const std::string& space, const std::string& key, Change::Value value) {
    const auto name = checked_name("key", key);
    if (!name) return name.failed();
    Change change{.namespace_name = space, .key = key};
    const auto index = namespace_for(space, change.is_new_namespace);
    if (!index) return index.failed();
    auto before = find(*index, *name);
    if (!before) return before.failed();
    if (const auto set = store_->set(*index, *name, value.type, value.bytes); !set) {
      return set_failed(set.error(), *index, *name, change, value);
    }
    change.kind = !*before                   ? Change::Kind::kCreated
                  : is_same(**before, value) ? Change::Kind::kUnchanged
                                             : Change::Kind::kReplaced;
    if (*before) change.before = std::move(**before);
    values_[{*index, key}] = value;
    change.after = std::move(value);
    edited_.changes.push_back(std::move(change));
    return {};
  }

  Outcome<void> remove(const std::string& space, const std::string& key) {
    const auto index = find_namespace(*store_, space, where_);
    if (!index) return index.failed();
    const auto name = Name::from(key);
    auto before = name ? find(*index, *name) : Outcome<std::optional<Change::Value>>(std::nullopt);
    if (!before) return before.failed();
    if (!*before) return no_such_key(*store_, *index, space, key, where_);
    if (const auto erased = store_->erase(*index, *name); !erased) return failed_with(erased.error(), where_);
    values_.erase({*index, key});
    edited_.changes.push_back(
        {.kind = Change::Kind::kRemoved, .namespace_name = space, .key = key, .before = std::move(**before)});
    return {};
  }

  Outcome<void> remove_namespace(const std::string& space) {
    const auto index = find_namespace(*store_, space, where_);
    if (!index) return index.failed();
    if (const auto erased = store_->erase_namespace(*index); !erased) return failed_with(erased.error(), where_);
    const auto first = values_.lower_bound({*index, ""});
    auto last = first;
    for (; last != values_.end() && last->first.first == *index; ++last) {
      edited_.changes.push_back({.kind = Change::Kind::kRemoved,
                                 .namespace_name = space,
                                 .key = last->first.second,
                                 .before = std::move(last->second)});
    }
    values_.erase(first, last);
    return {};
  }

  Outcome<void> move(const Edit& edit) {
    const std::string from = edit.namespace_name + '/' + edit.key;
    const std::string to = edit.to_namespace + '/' + edit.to_key;
    const auto index = find_namespace(*store_, edit.namespace_name, where_);
    if (!index) return index.failed();
    const auto name = Name::from(edit.key);
    auto value = name ? find(*index, *name) : Outcome<std::optional<Change::Value>>(std::nullopt);
    if (!value) return value.failed();
    if (!*value) return no_such_key(*store_, *index, edit.namespace_name, edit.key, where_);
    if ((*value)->is_damaged) return problem(Exit::kNo, fmt::format("{}: {} is damaged", where_, from));
    if (!is_known((*value)->type)) {
      return problem(Exit::kNo, fmt::format("{}: {} has type {}, which this program does not know", where_, from,
                                            type_name((*value)->type)));
    }
    if (from == to) {
      edited_.changes.push_back(
          {.namespace_name = edit.namespace_name, .key = edit.key, .before = **value, .after = **value});
      return {};
    }
    if (!edit.replaces && exists(edit.to_namespace, edit.to_key)) {
      return problem(Exit::kNo, fmt::format("{} has a key {} already", where_, to), "--force replaces it");
    }
    if (auto set_there = set(edit.to_namespace, edit.to_key, std::move(**value)); !set_there) return set_there;
    return remove(edit.namespace_name, edit.key);
  }

  [[nodiscard]] bool exists(const std::string& space, const std::string& key) {
    const auto name = Name::from(space);
    if (!name) return false;
    const auto index = store_->namespace_index(*name);
    return index && values_.contains({*index, key});
  }

  Outcome<Name> checked_name(std::string_view what, const std::string& text) const {
    const auto name = Name::from(text);
    if (name && !name->empty()) return *name;
    return problem(Exit::kUsage,
                   text.empty()                   ? fmt::format("a {} with a name of no bytes", what)
                   : text.size() > Name::kSizeMax ? fmt::format("{} {} has {} bytes", what, text, text.size())
                                                  : fmt::format("{} with a NUL in its name", what),
                   fmt::format("a name has 1 to {} bytes", Name::kSizeMax));
  }

  Outcome<std::uint8_t> namespace_for(const std::string& space, bool& is_new) {
    const auto name = checked_name("namespace", space);
    if (!name) return name.failed();
    is_new = !store_->namespace_index(*name).ok();
    const auto index = store_->create_namespace(*name);
    if (index) return *index;
    if (index.error().code != ErrorCode::kNoSpace) return failed_with(index.error(), where_);
    return problem(Exit::kNo, fmt::format("{} has no room for another namespace ({})", where_, space));
  }

  // The value that is there, if any.
  Outcome<std::optional<Change::Value>> find(std::uint8_t index, const Name& name) {
    const auto known = values_.find({index, std::string(name.view())});
    if (known != values_.end()) return std::optional(known->second);
    // The walk leaves out a key whose only copy is damaged.
    const auto item = store_->find(index, name);
    if (!item && item.error().code == ErrorCode::kDamaged) {
      return std::optional(Change::Value{.type = ValueType::kBlobData, .is_damaged = true});
    }
    if (!item && item.error().code != ErrorCode::kNotFound) return failed_with(item.error(), where_);
    return std::optional<Change::Value>();
  }

  Failed<text::Problem> set_failed(const Error& error, std::uint8_t index, const Name& name, const Change& change,
                                   const Change::Value& value) {
    const std::string what = fmt::format("{}/{}", change.namespace_name, change.key);
    switch (error.code) {
      case ErrorCode::kNoSpace:
        return no_room(index, name, what, value);
      case ErrorCode::kValueTooLong: {
        const std::uint32_t limit = value.type == ValueType::kString
                                        ? format::kStringSizeMax
                                        : format::blob_size_max(static_cast<std::uint32_t>(store_->pages().size()));
        return problem(Exit::kNo, fmt::format("{}: {} has {} bytes, and a {} there has at most {}", where_, what,
                                              value.bytes.size(), type_name(value.type), limit));
      }
      case ErrorCode::kInvalidValue:
        return problem(Exit::kBadInput, fmt::format("{}: not a {} that a device takes", what, type_name(value.type)));
      default:
        return failed_with(error, where_);
    }
  }

  Failed<text::Problem> no_room(std::uint8_t index, const Name& name, const std::string& what,
                                const Change::Value& value) {
    const std::string type = type_name(value.type);
    const std::uint32_t largest = is_number(value.type) ? 0 : largest_that_fits(index, name, value);
    const std::string hint = "remove something first (nvsafe rm), or take a larger partition";
    if (largest == 0) {
      return problem(Exit::kNo, fmt::format("{} has no room for {}: not for any {}", where_, what, type), hint);
    }
    const auto size = static_cast<std::uint32_t>(value.bytes.size());
    return problem(Exit::kNo,
                   fmt::format("{} has no room for {}: it has {} bytes, and {} are missing; the largest {} that fits "
                               "has {}{}",
                               where_, what, size, size - largest, type, largest,
                               value.type == ValueType::kString ? " with its NUL" : ""),
                   hint);
  }

  // By halving: room for a value is nearly always room for a shorter one. What is returned does fit; 0: nothing does.
  std::uint32_t largest_that_fits(std::uint8_t index, const Name& name, const Change::Value& value) {
    std::uint32_t fits = 0;
    auto too_long = static_cast<std::uint32_t>(value.bytes.size());
    while (too_long - fits > 1) {
      const std::uint32_t size = fits + (too_long - fits) / 2;
      const auto would = store_->would_fit(index, name, value.type, stand_in(value.type, size));
      if (!would) break;
      (*would ? fits : too_long) = size;
    }
    return fits;
  }

  [[nodiscard]] bool changes_anything() const {
    for (const Change& change : edited_.changes) {
      if (change.kind != Change::Kind::kUnchanged) return true;
    }
    return false;
  }

  // Opened as by a stranger, the result has every value that was not named as it was, and the others as asked for.
  Outcome<void> prove() {
    flash::SpanFlash flash(edited_.bytes);
    store::Statistics statistics;
    auto opened = store::Store::open(flash, allocator_, cipher_, statistics);
    if (!opened) return failed_with(opened.error(), where_);
    auto values = read_values(*opened);
    if (!values) return values.failed();
    bool is_equal = values->size() == values_.size();
    for (auto expected = values_.begin(); is_equal && expected != values_.end(); ++expected) {
      const auto found = values->find(expected->first);
      is_equal = found != values->end() &&
                 (expected->second.is_damaged ? found->second.is_damaged : is_same(found->second, expected->second));
    }
    if (is_equal) return {};
    return problem(Exit::kIo, where_ + ": what was to be written does not read back; nothing was changed");
  }

  std::span<const std::uint8_t> before_;
  const format::EntryCipher* cipher_;
  const std::string& where_;
  Allocator& allocator_;
  Edited edited_;
  MemoryFlash flash_;
  std::optional<store::Store> store_;
  Values values_;  // what the partition has by now
};

}  // namespace

Outcome<Edited> apply_edits(std::span<const std::uint8_t> bytes, const format::EntryCipher* cipher,
                            std::span<const Edit> edits, const std::string& where, Allocator& allocator) {
  return Editor(bytes, cipher, where, allocator).run(edits);
}

}  // namespace nvsafe::image
