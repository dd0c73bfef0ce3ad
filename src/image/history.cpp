#include "image/history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "image/contents.hpp"
#include "image/finding_text.hpp"

namespace nvsafe::image {
namespace {

using format::EntryState;
using text::Outcome;

// What all chunks of one place in a blob have in common.
using ChunkKey = std::tuple<std::size_t, std::uint8_t, std::string, std::uint8_t>;

struct Chunk {
  const RawItem* item;
  std::uint64_t order;
  bool is_taken = false;
};

class HistoryReader {
 public:
  HistoryReader(std::span<const std::uint8_t> bytes, const HistoryKeys& keys, store::Store* store)
      : bytes_(bytes), keys_(keys), store_(store) {}

  Outcome<History> run() {
    NVSAFE_TRY(read_live());
    NVSAFE_TRY(read_pages());
    take_definitions();
    take_chunks();
    take_values();
    take_blobs();
    for (auto& [key, chunks] : chunks_) {
      for (const Chunk& chunk : chunks) {
        if (!chunk.is_taken) history_.loose_chunks.push_back(*chunk.item);
      }
    }
    std::sort(history_.versions.begin(), history_.versions.end(),
              [this](const Version& a, const Version& b) { return order_of(a.location) < order_of(b.location); });
    return std::move(history_);
  }

 private:
  Outcome<void> read_live() {
    if (store_ == nullptr) return {};
    auto contents = read_contents(*store_);
    if (!contents) return contents.failed();
    for (Item& item : contents->items) live_.emplace(item.location.value, std::move(item));
    return {};
  }

  Outcome<void> read_pages() {
    const auto page_count = static_cast<std::uint32_t>(bytes_.size() / format::kPageSize);
    pages_.reserve(page_count);
    for (std::uint32_t i = 0; i < page_count; ++i) {
      auto view = view_page(i, bytes_.subspan(i * format::kPageSize, format::kPageSize), keys_.ciphers());
      if (!view) return core_failed(view.error());
      count(*view);
      pages_.push_back(std::move(*view));
    }
    std::vector<std::uint32_t> order(page_count);
    for (std::uint32_t i = 0; i < page_count; ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [this](std::uint32_t a, std::uint32_t b) {
      return std::pair(rank_of(pages_[a]), a) < std::pair(rank_of(pages_[b]), b);
    });
    page_ranks_.resize(page_count);
    for (std::uint32_t i = 0; i < page_count; ++i) page_ranks_[order[i]] = i;
    for (const std::uint32_t page : order) {
      for (const RawItem& item : pages_[page].items) {
        if (!item.is_whole()) continue;
        numbers_.emplace(item.location.value, items_.size());
        items_.push_back(&item);
      }
    }
    return {};
  }

  void count(const PageView& view) {
    for (const EntryView& entry : view.entries) {
      if (entry.state != EntryState::kErased) continue;
      ++history_.erased_entries;
      history_.zeroed_entries += entry.content == EntryView::Content::kZeros ? 1 : 0;
      history_.readable_entries += entry.item_index != kNoItem && view.items[entry.item_index].is_whole() ? 1 : 0;
    }
  }

  // 0 for a page whose header says nothing.
  static std::uint64_t rank_of(const PageView& page) {
    return page.is_header_crc_right ? std::uint64_t{page.header.sequence} + 1 : 0;
  }
  [[nodiscard]] std::uint64_t order_of(store::Location at) const {
    return std::uint64_t{page_ranks_[at.page_index()]} * format::kEntryCount + at.entry_index();
  }
  [[nodiscard]] bool is_live(store::Location at) const { return live_.contains(at.value); }
  static Standing past_standing(const RawItem& item) {
    return item.state == EntryState::kErased ? Standing::kErased : Standing::kSuperseded;
  }

  void take_definitions() {
    for (const RawItem* item : items_) {
      const format::Entry& entry = item->entry;
      if (entry.namespace_index != format::kNamespaceOfNamespaces || entry.type != ValueType::kU8) continue;
      const auto index = static_cast<std::uint8_t>(entry.number());
      Definition definition{past_standing(*item), index, std::string(entry.key_view()), item->location,
                            item->cipher_index};
      for (const store::Namespace& known :
           store_ != nullptr ? store_->namespaces() : std::span<const store::Namespace>()) {
        if (known.location == item->location) definition.standing = Standing::kLive;
      }
      history_.definitions.push_back(std::move(definition));
    }
  }

  void take_chunks() {
    for (const RawItem* item : items_) {
      if (item->entry.type != ValueType::kBlobData) continue;
      chunks_[chunk_key(*item, item->entry.chunk_index)].push_back({item, order_of(item->location)});
    }
  }
  static ChunkKey chunk_key(const RawItem& item, std::uint8_t chunk_index) {
    return {item.cipher_index, item.entry.namespace_index, std::string(item.entry.key_view()), chunk_index};
  }

  void take_values() {
    for (const RawItem* item : items_) {
      const format::Entry& entry = item->entry;
      const bool is_definition =
          entry.namespace_index == format::kNamespaceOfNamespaces && entry.type == ValueType::kU8;
      if (is_definition || entry.type == ValueType::kBlobData) continue;
      Version version = started(*item);
      if (entry.type == ValueType::kBlobIndex) {
        blobs_.push_back({item, std::move(version)});
        continue;
      }
      if (is_number(entry.type)) {
        version.bytes.assign(entry.data.begin(), entry.data.begin() + number_size(entry.type));
      } else {
        version.bytes = item->data;
      }
      version.size = static_cast<std::uint32_t>(version.bytes.size());
      history_.versions.push_back(std::move(version));
    }
  }

  Version started(const RawItem& item) {
    Version version;
    version.standing = is_live(item.location) ? Standing::kLive : past_standing(item);
    version.namespace_index = item.entry.namespace_index;
    version.key = item.entry.key_view();
    version.type = user_type(item.entry.type);
    version.size = item.entry.type == ValueType::kBlobIndex ? item.entry.blob_size() : 0;
    version.location = item.location;
    const PageView& page = pages_[item.location.page_index()];
    version.sequence = page.header.sequence;
    version.has_sequence = page.is_header_crc_right;
    version.cipher_index = item.cipher_index;
    name(version);
    return version;
  }

  // A device that found all its entries erased gives the indexes to other namespaces: what stood there at the time of
  // the item counts, which is the definition before it.
  void name(Version& version) const {
    if (version.standing == Standing::kLive) {
      version.namespace_name = live_.at(version.location.value).namespace_name;
      return;
    }
    for (const Definition& definition : history_.definitions) {
      if (definition.index != version.namespace_index || definition.cipher_index != version.cipher_index) continue;
      const bool is_before = order_of(definition.location) < order_of(version.location);
      if (version.namespace_name && *version.namespace_name != definition.name) version.is_certain = false;
      if (is_before || !version.namespace_name) version.namespace_name = definition.name;
    }
  }

  struct Blob {
    const RawItem* index;
    Version version;
  };

  // What is live has the first choice of chunks, then the newest.
  void take_blobs() {
    std::sort(blobs_.begin(), blobs_.end(), [this](const Blob& a, const Blob& b) {
      const bool a_lives = a.version.standing == Standing::kLive;
      const bool b_lives = b.version.standing == Standing::kLive;
      if (a_lives != b_lives) return a_lives;
      return order_of(a.version.location) > order_of(b.version.location);
    });
    for (Blob& blob : blobs_) {
      blob.version.standing == Standing::kLive ? take_live_blob(blob) : take_past_blob(blob);
      history_.versions.push_back(std::move(blob.version));
    }
  }

  void take_live_blob(Blob& blob) {
    const Item& item = live_.at(blob.version.location.value);
    blob.version.is_complete = !item.is_damaged;
    blob.version.bytes = item.bytes;
    for (std::uint32_t i = 0; i < blob.index->entry.chunk_count(); ++i) {
      Chunk* newest = nullptr;
      for (Chunk& chunk : candidates(*blob.index, i)) {
        if (!chunk.is_taken && chunk.item->state == EntryState::kWritten) newest = &chunk;
      }
      if (newest == nullptr) continue;
      newest->is_taken = true;
      blob.version.chunks.push_back(newest->item->location);
    }
  }

  // Chunks are written in front of their index; a collection may have moved one behind it.
  void take_past_blob(Blob& blob) {
    const format::Entry& entry = blob.index->entry;
    std::vector<Chunk*> taken;
    store::Location next = blob.index->location;
    std::uint32_t size = 0;
    for (std::uint32_t i = entry.chunk_count(); i-- > 0;) {
      const auto chunks = candidates(*blob.index, i);
      Chunk* const chunk = nearest(chunks, order_of(blob.index->location));
      if (chunk == nullptr) break;
      if (!is_adjacent(chunk->item->location, next) && !is_only(chunks, *chunk)) blob.version.is_certain = false;
      next = chunk->item->location;
      size += static_cast<std::uint32_t>(chunk->item->data.size());
      taken.push_back(chunk);
    }
    blob.version.is_complete = taken.size() == entry.chunk_count() && size == entry.blob_size();
    if (!blob.version.is_complete) return;
    for (auto at = taken.rbegin(); at != taken.rend(); ++at) {
      (*at)->is_taken = true;
      blob.version.chunks.push_back((*at)->item->location);
      const auto& data = (*at)->item->data;
      blob.version.bytes.insert(blob.version.bytes.end(), data.begin(), data.end());
    }
  }

  std::span<Chunk> candidates(const RawItem& index, std::uint32_t number) {
    const auto found = chunks_.find(chunk_key(index, static_cast<std::uint8_t>(index.entry.chunk_start() + number)));
    return found == chunks_.end() ? std::span<Chunk>() : std::span<Chunk>(found->second);
  }
  static Chunk* nearest(std::span<Chunk> chunks, std::uint64_t order) {
    Chunk* best = nullptr;
    for (Chunk& chunk : chunks) {
      if (chunk.is_taken) continue;
      if (chunk.order < order || best == nullptr) best = &chunk;
    }
    return best;
  }
  // Nothing else was written between the two, as far as flash still tells.
  [[nodiscard]] bool is_adjacent(store::Location chunk, store::Location next) const {
    return numbers_.at(chunk.value) + 1 == numbers_.at(next.value);
  }
  static bool is_only(std::span<const Chunk> chunks, const Chunk& chosen) {
    return std::all_of(chunks.begin(), chunks.end(),
                       [&](const Chunk& chunk) { return chunk.is_taken || chunk.item->data == chosen.item->data; });
  }

  std::span<const std::uint8_t> bytes_;
  const HistoryKeys& keys_;
  store::Store* store_;
  History history_;
  std::unordered_map<std::uint32_t, Item> live_;  // by location
  std::vector<PageView> pages_;
  std::vector<std::uint32_t> page_ranks_;                   // by page: its place in time
  std::vector<const RawItem*> items_;                       // whole ones, oldest first
  std::unordered_map<std::uint32_t, std::size_t> numbers_;  // in items_, by location
  std::map<ChunkKey, std::vector<Chunk>> chunks_;
  std::vector<Blob> blobs_;
};

}  // namespace

std::string Version::namespace_text() const { return namespace_name.value_or(fmt::format("?{}", namespace_index)); }

Outcome<HistoryKeys> HistoryKeys::make(const OpenedPartition* opened, std::span<const KeyCandidate> more) {
  HistoryKeys keys;
  const auto add = [&](const format::EntryCipher* cipher, const KeyCandidate* candidate) {
    keys.ciphers_.push_back(cipher);
    keys.candidates_.push_back(candidate);
  };
  const KeyCandidate* const own = opened != nullptr ? opened->key : nullptr;
  if (own != nullptr) add(&*opened->cipher, own);
  add(nullptr, nullptr);
  for (const KeyCandidate& candidate : more) {
    if (&candidate == own) continue;
    auto cipher = format::EntryCipher::create(candidate.key);
    if (!cipher) return core_failed(cipher.error());
    keys.owned_.push_back(std::make_unique<format::EntryCipher>(std::move(*cipher)));
    add(keys.owned_.back().get(), &candidate);
  }
  return keys;
}

Outcome<History> read_history(std::span<const std::uint8_t> bytes, const HistoryKeys& keys, store::Store* store) {
  return HistoryReader(bytes, keys, store).run();
}

}  // namespace nvsafe::image
