// nvsafe pages: every page and entry as it lies in flash.
#include <algorithm>

#include "cli/input.hpp"
#include "cli/listing.hpp"
#include "image/history.hpp"
#include "image/value_text.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

using image::EntryView;

struct PagesArguments {
  std::string file;
  KeyOptions keys;
  PartitionOptions partition;
};

std::string_view state_name(format::PageState state) {
  switch (state) {
    case format::PageState::kEmpty:
      return "EMPTY";
    case format::PageState::kActive:
      return "ACTIVE";
    case format::PageState::kFull:
      return "FULL";
    case format::PageState::kFreeing:
      return "FREEING";
    case format::PageState::kCorrupt:
      return "CORRUPT";
    case format::PageState::kInvalid:
      return "INVALID";
  }
  return "UNKNOWN";
}

std::string_view state_name(format::EntryState state) {
  switch (state) {
    case format::EntryState::kErased:
      return "erased";
    case format::EntryState::kIllegal:
      return "illegal";
    case format::EntryState::kWritten:
      return "written";
    case format::EntryState::kEmpty:
      break;
  }
  return "empty";
}

// What the kind of a page means for what it holds. docs/FORMAT.md §2.1.
std::string_view kind_text(store::PageKind kind) {
  switch (kind) {
    case store::PageKind::kBlank:
      return "blank: nothing is in it";
    case store::PageKind::kActive:
      return "in use: new entries go behind its last one";
    case store::PageKind::kFull:
      return "in use: it takes no more entries, and is collected when room is needed";
    case store::PageKind::kFreeing:
      return "a collection was cut: its live entries were being copied to another page, and it is erased when they are";
    case store::PageKind::kDirty:
      return "marked empty, but not blank: firmware erases it before use, and reads nothing in it";
    case store::PageKind::kDamaged:
      return "header damaged: firmware reads nothing in it, and erases it";
    case store::PageKind::kRetired:
      break;
  }
  return "given up by its writer just before an erase: nothing in it counts";
}

std::string right(bool is_right) { return is_right ? "right" : "wrong"; }

class PageLister {
 public:
  PageLister(const PagesArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto opened = open_file(arguments_.file, arguments_.partition, arguments_.keys);
    if (!opened) return opened.failed();
    for (const image::Region& region : opened->source->regions()) {
      if (auto listed = list(*opened, region); !listed) return listed.failed();
    }
    if (context_.is_json) {
      context_.print_json(text::Json::object().set("version", 1).set("partitions", std::move(json_partitions_)));
    }
    return Exit::kDone;
  }

 private:
  // A partition that does not open is still looked at: its marks and headers are not encrypted.
  Outcome<void> list(const OpenedFile& opened, const image::Region& region) {
    auto partition = opened.open(region, context_);
    if (partition) {
      tell_opening(context_, **partition, opened.given());
    } else if (region.bytes.size() % format::kPageSize != 0) {
      return partition.failed();
    } else {
      context_.warn(partition.error().what);
    }
    auto keys = image::HistoryKeys::make(partition ? partition->get() : nullptr, opened.keys);
    if (!keys) return keys.failed();
    names_.assign(256, "");
    if (partition) {
      for (const store::Namespace& known : (*partition)->store->namespaces()) names_[known.index] = known.name.view();
    }
    std::vector<image::PageView> pages;
    for (std::uint32_t i = 0; i < region.bytes.size() / format::kPageSize; ++i) {
      auto view = image::view_page(i, region.bytes.subspan(i * format::kPageSize, format::kPageSize), keys->ciphers());
      if (!view) return core_failed(view.error());
      pages.push_back(std::move(*view));
    }
    if (!context_.is_json) {
      context_.print(partition ? partition_line(*opened.source, region, **partition)
                               : image::describe(region, opened.source->file()));
      for (std::size_t i = 0; i < pages.size(); ++i) print(static_cast<std::uint32_t>(i), pages[i], *keys);
      return {};
    }
    text::Json list = text::Json::array();
    for (std::size_t i = 0; i < pages.size(); ++i) list.add(page_json(static_cast<std::uint32_t>(i), pages[i], *keys));
    text::Json json = text::Json::object();
    json.set("file", opened.source->file());
    json.set("partition", region.name.empty() ? text::Json(nullptr) : text::Json(region.name));
    json.set("address", region.name.empty() ? text::Json(nullptr) : text::Json(region.offset));
    json_partitions_.add(std::move(json).set("pages", std::move(list)));
    return {};
  }

  void print(std::uint32_t index, const image::PageView& page, const image::HistoryKeys& keys) {
    const std::string head = fmt::format("page {} at {:#x}: {} ({:#010x})", index, index * format::kPageSize,
                                         state_name(page.header.state), static_cast<std::uint32_t>(page.header.state));
    if (page.kind == store::PageKind::kBlank) return context_.print(head + ", blank");
    context_.print(fmt::format("{}, sequence {}, version {} ({:#04x}), header CRC {:#010x} {}", head,
                               page.header.sequence, 0x100 - page.header.version, page.header.version, page.header.crc,
                               right(page.is_header_crc_right)));
    context_.print(fmt::format("  {} written, {} erased, {} empty, {} illegal; {}",
                               page.count(format::EntryState::kWritten), page.count(format::EntryState::kErased),
                               page.count(format::EntryState::kEmpty), page.count(format::EntryState::kIllegal),
                               kind_text(page.kind)));
    const std::vector<Column> columns = {{"  ENTRY"}, {"STATE"}, {"SPAN", true}, {"TYPE"}, {"CRC"}, {"DATA"}, {"WHAT"}};
    std::vector<std::vector<std::string>> rows;
    for (std::uint32_t i = 0; i < format::kEntryCount;) {
      const std::uint32_t end = run_end(page, i);
      rows.push_back(row_of(page, i, end, keys));
      i = end;
    }
    print_table(columns, rows, context_);
  }

  // Entries that a line stands for: those that are no header, and alike.
  static std::uint32_t run_end(const image::PageView& page, std::uint32_t first) {
    const EntryView& entry = page.entries[first];
    std::uint32_t end = first + 1;
    if (entry.content == EntryView::Content::kHeader) return end;
    while (end < format::kEntryCount && page.entries[end].content == entry.content &&
           page.entries[end].state == entry.state && page.entries[end].item_index == entry.item_index) {
      ++end;
    }
    return end;
  }

  std::vector<std::string> row_of(const image::PageView& page, std::uint32_t first, std::uint32_t end,
                                  const image::HistoryKeys& keys) const {
    const EntryView& entry = page.entries[first];
    const std::string place = end == first + 1 ? fmt::format("  {}", first) : fmt::format("  {}-{}", first, end - 1);
    const std::string state(state_name(entry.state));
    if (entry.content != EntryView::Content::kHeader) return {place, state, "", "", "", "", content_text(page, entry)};
    const image::RawItem& item = page.items[entry.item_index];
    return {place,
            state,
            std::to_string(item.entry.span),
            entry_type(item),
            "right",
            has_data_entries(item.entry.type) ? right(item.is_data_right) : "",
            item_text(item) + key_note(item, keys)};
  }

  static std::string content_text(const image::PageView& page, const EntryView& entry) {
    switch (entry.content) {
      case EntryView::Content::kBlank:
        return entry.state == format::EntryState::kEmpty ? "" : "0xFF";
      case EntryView::Content::kZeros:
        return "overwritten with zeros";
      case EntryView::Content::kData:
        return fmt::format("data of entry {}", page.items[entry.item_index].location.entry_index());
      default:
        return "does not decode";
    }
  }

  static std::string entry_type(const image::RawItem& item) {
    switch (item.entry.type) {
      case ValueType::kBlobIndex:
        return "blob index";
      case ValueType::kBlobData:
        return "blob chunk";
      case ValueType::kBlobV1:
        return "blob (v1)";
      default:
        return image::type_name(item.entry.type);
    }
  }

  [[nodiscard]] std::string item_text(const image::RawItem& item) const {
    const format::Entry& entry = item.entry;
    if (is_definition(entry)) {
      return fmt::format("namespace {} is {}", text::printable(entry.key_view()), entry.number());
    }
    const std::string& name = names_[entry.namespace_index];
    std::string text = key_text(name.empty() ? fmt::format("?{}", entry.namespace_index) : name, entry.key_view());
    if (entry.type == ValueType::kBlobIndex) {
      text += fmt::format(", {} bytes in chunks {} to {}", entry.blob_size(), entry.chunk_start(),
                          entry.chunk_start() + entry.chunk_count() - 1);
    } else if (entry.type == ValueType::kBlobData) {
      text += fmt::format(", chunk {}, {} bytes", entry.chunk_index, entry.data_size());
    } else if (has_data_entries(entry.type)) {
      text += fmt::format(", {} bytes", entry.data_size());
    }
    const auto fault = format::entry_fault(entry, item.location.entry_index());
    return fault == format::EntryFault::kNone || fault == format::EntryFault::kType
               ? text
               : text + ", makes no sense (span, chunks, size, key or namespace)";
  }

  static bool is_definition(const format::Entry& entry) {
    return entry.namespace_index == format::kNamespaceOfNamespaces && entry.type == ValueType::kU8;
  }

  // Said only where it is another key than that of the partition.
  static std::string key_note(const image::RawItem& item, const image::HistoryKeys& keys) {
    if (item.cipher_index == 0) return "";
    const image::KeyCandidate* const key = keys.candidate(item.cipher_index);
    return key == nullptr ? "  (not encrypted)" : fmt::format("  (opened with {})", text::printable(key->name));
  }

  text::Json page_json(std::uint32_t index, const image::PageView& page, const image::HistoryKeys& keys) const {
    text::Json entries = text::Json::array();
    for (std::uint32_t i = 0; i < format::kEntryCount; ++i) entries.add(entry_json(page, i, keys));
    return text::Json::object()
        .set("page", index)
        .set("offset", index * format::kPageSize)
        .set("state", state_name(page.header.state))
        .set("state_word", static_cast<std::uint32_t>(page.header.state))
        .set("meaning", kind_text(page.kind))
        .set("sequence", page.header.sequence)
        .set("version_byte", page.header.version)
        .set("header_crc", page.header.crc)
        .set("header_crc_right", page.is_header_crc_right)
        .set("entries", std::move(entries));
  }

  [[nodiscard]] text::Json entry_json(const image::PageView& page, std::uint32_t index,
                                      const image::HistoryKeys& keys) const {
    static constexpr std::array<std::string_view, 5> kContents = {"blank", "zeros", "header", "data", "undecodable"};
    const EntryView& entry = page.entries[index];
    text::Json json = text::Json::object();
    json.set("entry", index).set("state", state_name(entry.state));
    json.set("content", kContents[static_cast<std::size_t>(entry.content)]);
    if (entry.item_index == image::kNoItem) return json;
    const image::RawItem& item = page.items[entry.item_index];
    if (entry.content == EntryView::Content::kData) {
      return std::move(json).set("of_entry", item.location.entry_index());
    }
    const image::KeyCandidate* const key = keys.candidate(item.cipher_index);
    json.set("namespace_index", item.entry.namespace_index).set("key", item.entry.key_view());
    json.set("type", static_cast<std::uint8_t>(item.entry.type)).set("span", item.entry.span);
    json.set("chunk_index", item.entry.chunk_index).set("text", item_text(item));
    json.set("opened_with", key != nullptr ? text::Json(key->name) : text::Json(nullptr));
    json.set("data_crc_right",
             has_data_entries(item.entry.type) ? text::Json(item.is_data_right) : text::Json(nullptr));
    return json;
  }

  const PagesArguments& arguments_;
  Context& context_;
  std::vector<std::string> names_;  // of namespaces, by index
  text::Json json_partitions_ = text::Json::array();
};

}  // namespace

void register_pages(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<PagesArguments>();
  CLI::App& verb = *app.add_subcommand("pages", "Every page and entry: raw states, CRCs, sequence numbers");
  verb.add_option("file", arguments->file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  arguments->keys.add_to(verb);
  arguments->partition.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return PageLister(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
