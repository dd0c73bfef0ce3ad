#include "image/carve.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/erased.hpp"
#include "crypto/xts.hpp"
#include "format/page_header.hpp"
#include "image/entry_probe.hpp"

namespace nvsafe::image {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Places of a page that are tried: a partition of 4 MiB. Firmware holds its index in RAM, and none is near that.
constexpr std::uint32_t kPlaceMax = 1024;
// Entries of a page that are tried: the first may be damaged.
constexpr std::size_t kProbeCount = 2;
// Places tried in all, against files made to take for ever. About a second.
constexpr std::uint64_t kTriesMax = 8'000'000;
// Sectors without a page header that a partition may have between two pages: blank ones, and one that is damaged.
constexpr std::uint32_t kBlankGapMax = 16;
constexpr std::uint32_t kDamagedGapMax = 1;

constexpr std::size_t kPlain = SIZE_MAX;

struct Definition {
  std::uint8_t index = 0;
  std::array<char, Name::kFieldSize> name{};
};

struct Page {
  std::uint32_t sector = 0;  // in the file
  format::PageHeader header;
  Bytes bytes;               // less than a page at the end of a file that was cut
  bool has_entries = false;  // written ones
  std::size_t key = kPlain;  // which one decodes it
  bool is_proven = false;
  std::uint32_t place = 0;  // in its partition, if it is encrypted and proven
  std::vector<Definition> definitions;

  [[nodiscard]] bool is_encrypted() const { return is_proven && key != kPlain; }
  [[nodiscard]] bool is_locked() const { return has_entries && !is_proven; }
  // The sector where its partition begins; may lie before the file.
  [[nodiscard]] std::int64_t base() const { return std::int64_t{sector} - place; }
};

std::vector<Page> find_pages(Bytes bytes) {
  std::vector<Page> pages;
  for (std::size_t at = 0; at + format::kEntriesOffset <= bytes.size(); at += format::kPageSize) {
    const format::PageHeaderBytes header_bytes(bytes.data() + at, format::kPageHeaderSize);
    const auto header = format::decode_page_header(header_bytes);
    const bool is_known = header.version == format::kVersion1 || header.version == format::kVersion2;
    if (!format::is_in_use(header.state) || !is_known) continue;
    if (header.crc != format::page_header_crc(header_bytes)) continue;
    Page page{.sector = static_cast<std::uint32_t>(at / format::kPageSize), .header = header};
    page.bytes = bytes.subspan(at, std::min<std::size_t>(format::kPageSize, bytes.size() - at));
    page.has_entries = next_written(page.bytes, 0).has_value();
    pages.push_back(std::move(page));
  }
  return pages;
}

// One key and what it takes to try it in many places at once.
class Prober {
 public:
  static std::optional<Prober> create(const KeyCandidate& key) {
    auto cipher = crypto::XtsCipher::create(key.key.bytes());
    if (!cipher) return std::nullopt;
    return Prober(std::move(*cipher));
  }

  // The first place from `first` on, of `count`, in which the entry decodes.
  [[nodiscard]] std::optional<std::uint32_t> place_of(Bytes page, std::uint32_t entry_index, std::uint32_t first,
                                                      std::uint32_t count) const {
    const format::EntryBytes entry = entry_of(page, entry_index);
    std::array<std::uint8_t, kBatch * format::kEntrySize> tries;
    for (std::uint32_t done = 0; done < count; done += kBatch) {
      const std::uint32_t some = std::min<std::uint32_t>(kBatch, count - done);
      const auto data = std::span(tries).first(some * format::kEntrySize);
      for (std::uint32_t i = 0; i < some; ++i) {
        std::copy(entry.begin(), entry.end(), data.begin() + i * format::kEntrySize);
      }
      const std::uint64_t tweak = format::entry_offset(first + done, entry_index);
      if (!cipher_.decrypt(data, {format::kEntrySize, tweak, format::kPageSize})) return std::nullopt;
      for (std::uint32_t i = 0; i < some; ++i) {
        const format::EntryBytes plain(data.data() + i * format::kEntrySize, format::kEntrySize);
        if (is_sound(plain, entry_index)) return first + done + i;
      }
    }
    return std::nullopt;
  }

  [[nodiscard]] bool decodes(Bytes page, std::uint32_t place) const {
    for (auto i = next_written(page, 0); i; i = next_written(page, *i + 1)) {
      if (place_of(page, *i, place, 1)) return true;
    }
    return false;
  }

  // Its entries; erased ones become noise.
  [[nodiscard]] std::vector<std::uint8_t> decrypted(const Page& page) const {
    std::vector<std::uint8_t> plain(page.bytes.begin(), page.bytes.end());
    const std::size_t whole = (plain.size() - format::kEntriesOffset) / format::kEntrySize * format::kEntrySize;
    const auto entries = std::span(plain).subspan(format::kEntriesOffset, whole);
    const std::uint64_t tweak = format::entry_offset(page.place, 0);
    if (!cipher_.decrypt(entries, {format::kEntrySize, tweak, format::kEntrySize})) plain.clear();
    return plain;
  }

 private:
  static constexpr std::uint32_t kBatch = 128;
  explicit Prober(crypto::XtsCipher cipher) : cipher_(std::move(cipher)) {}
  crypto::XtsCipher cipher_;
};

std::vector<Prober> probers_of(std::span<const KeyCandidate> keys) {
  std::vector<Prober> probers;
  const auto add = [&](const KeyCandidate& key) {
    if (auto prober = Prober::create(key)) probers.push_back(std::move(*prober));
  };
  for (const KeyCandidate& key : keys) add(key);
  for (const KeyCandidate& key : universal_keys()) add(key);
  return probers;
}

void read_definitions(Page& page, Bytes plain) {
  for (auto i = next_written(plain, 0); i; i = next_written(plain, *i + 1)) {
    if (!is_sound(entry_of(plain, *i), *i)) continue;
    const format::Entry entry = format::decode_entry(entry_of(plain, *i));
    if (entry.namespace_index != format::kNamespaceOfNamespaces || entry.type != ValueType::kU8) continue;
    page.definitions.push_back({static_cast<std::uint8_t>(entry.number()), entry.key});
  }
}

// Finds the key and the place of each page.
class Proof {
 public:
  Proof(std::vector<Page>& pages, std::span<const KeyCandidate> keys) : pages_(pages), probers_(probers_of(keys)) {}

  // True: some pages were not tried in every place.
  bool run() {
    for (Page& page : pages_) {
      if (!page.has_entries) continue;
      prove(page);
      if (!page.is_proven) continue;
      if (page.key == kPlain) {
        read_definitions(page, page.bytes);
      } else {
        auto plain = probers_[page.key].decrypted(page);
        if (!plain.empty()) read_definitions(page, plain);
        secure_wipe(plain);
        known_.push_back({page.key, page.base()});
      }
    }
    return has_given_up_;
  }

 private:
  struct Known {
    std::size_t key;
    std::int64_t base;
  };

  void prove(Page& page) {
    if (decodes_plainly(page.bytes)) {
      page.is_proven = true;
      return;
    }
    // Its neighbours are mostly of the same partition, the last one above all.
    for (std::size_t i = known_.size(); i-- > 0 && i + 8 >= known_.size();) {
      const std::int64_t place = page.sector - known_[i].base;
      if (place >= 0 && place < kPlaceMax &&
          probers_[known_[i].key].decodes(page.bytes, static_cast<std::uint32_t>(place))) {
        return take(page, known_[i].key, static_cast<std::uint32_t>(place));
      }
    }
    auto entry = next_written(page.bytes, 0);
    for (std::size_t n = 0; n < kProbeCount && entry; ++n, entry = next_written(page.bytes, *entry + 1)) {
      for (std::size_t key = 0; key < probers_.size(); ++key) {
        if (tries_ >= kTriesMax) {
          has_given_up_ = true;
          return;
        }
        tries_ += kPlaceMax;
        if (const auto place = probers_[key].place_of(page.bytes, *entry, 0, kPlaceMax)) return take(page, key, *place);
      }
    }
  }

  static void take(Page& page, std::size_t key, std::uint32_t place) {
    page.is_proven = true;
    page.key = key;
    page.place = place;
  }

  std::vector<Page>& pages_;
  std::vector<Prober> probers_;
  std::vector<Known> known_;
  std::uint64_t tries_ = 0;
  bool has_given_up_ = false;
};

// Two pages that no partition has both: the same sequence number, or a namespace defined twice. A collection that was
// cut leaves two of each, but then one page is FREEING.
bool are_of_two(const Page& a, const Page& b) {
  if (a.header.sequence == b.header.sequence) return true;
  if (a.header.state == format::PageState::kFreeing || b.header.state == format::PageState::kFreeing) return false;
  for (const Definition& one : a.definitions) {
    for (const Definition& other : b.definitions) {
      if (one.index == other.index || one.name == other.name) return true;
    }
  }
  return false;
}

using Group = std::vector<const Page*>;

bool can_join(const Group& group, const Page& page) {
  return std::none_of(group.begin(), group.end(), [&](const Page* one) { return are_of_two(*one, page); });
}

class Grouping {
 public:
  Grouping(Bytes bytes, const std::vector<Page>& pages) : bytes_(bytes), pages_(pages) {}

  std::vector<CarvedPartition> run() {
    group_encrypted();
    join_displaced();
    group_the_rest();
    std::sort(partitions_.begin(), partitions_.end(),
              [](const CarvedPartition& a, const CarvedPartition& b) { return a.offset < b.offset; });
    return std::move(partitions_);
  }

 private:
  // Those of one key whose places agree on where the partition begins.
  void group_encrypted() {
    for (const Page& page : pages_) {
      if (!page.is_encrypted()) continue;
      const auto found = std::find_if(encrypted_.begin(), encrypted_.end(), [&](const Group& group) {
        return group.front()->key == page.key && group.front()->base() == page.base() && can_join(group, page);
      });
      if (found != encrypted_.end()) {
        found->push_back(&page);
      } else {
        encrypted_.push_back({&page});
      }
    }
  }

  // Before its first page a partition has its others, or blank ones: where other things lie, or the file does not
  // reach, pages were moved or left out, or one is damaged.
  [[nodiscard]] bool is_displaced(const Group& group) const {
    const std::int64_t base = group.front()->base();
    if (base < 0) return true;
    for (auto sector = static_cast<std::uint32_t>(base); sector < group.front()->sector; ++sector) {
      if (!is_erased(bytes_.subspan(std::size_t{sector} * format::kPageSize, format::kPageSize))) return true;
    }
    return false;
  }

  [[nodiscard]] static bool fit_together(const Group& a, const Group& b) {
    if (a.front()->key != b.front()->key) return false;
    return std::all_of(b.begin(), b.end(), [&](const Page* page) {
      return can_join(a, *page) &&
             std::none_of(a.begin(), a.end(), [&](const Page* other) { return other->place == page->place; });
    });
  }

  void join_displaced() {
    for (std::size_t i = 0; i < encrypted_.size();) {
      if (!is_displaced(encrypted_[i])) {
        ++i;
        continue;
      }
      std::size_t other = 0;
      while (other < encrypted_.size() && (other == i || !fit_together(encrypted_[other], encrypted_[i]))) ++other;
      if (other == encrypted_.size()) {
        ++i;
        continue;
      }
      encrypted_[other].insert(encrypted_[other].end(), encrypted_[i].begin(), encrypted_[i].end());
      encrypted_.erase(encrypted_.begin() + static_cast<std::ptrdiff_t>(i));
      i = 0;
    }
    for (Group& group : encrypted_) add_encrypted(group);
  }

  [[nodiscard]] static bool is_in_one_piece(const Group& group) {
    return group.front()->base() >= 0 && std::all_of(group.begin(), group.end(), [&](const Page* page) {
             return page->base() == group.front()->base() && page->bytes.size() == format::kPageSize;
           });
  }

  void add_encrypted(Group& group) {
    std::uint32_t page_count = 0;
    for (const Page* page : group) page_count = std::max(page_count, page->place + 1);
    if (!is_in_one_piece(group)) return add_assembled(group, page_count);
    const auto first = static_cast<std::uint32_t>(group.front()->base());
    std::uint32_t end = first + page_count;
    // What lies between and opens with nothing is damaged, and the page behind may have nothing written yet.
    for (const Page& page : pages_) {
      if (page.is_proven || page.sector < first || page.sector > end || !can_join(group, page)) continue;
      if (page.sector == end && (page.is_locked() || page.bytes.size() < format::kPageSize)) continue;
      end = std::max(end, page.sector + 1);
      group.push_back(&page);
    }
    taken_.push_back({first, end});
    partitions_.push_back({first * format::kPageSize,
                           (end - first) * format::kPageSize,
                           static_cast<std::uint32_t>(group.size()),
                           {},
                           true});
  }

  void add_assembled(const Group& group, std::uint32_t page_count) {
    CarvedPartition partition{.size = page_count * format::kPageSize, .is_proven = true};
    partition.assembled.resize(partition.size, 0xFF);
    partition.page_count = static_cast<std::uint32_t>(group.size());
    std::uint32_t first = group.front()->sector;
    for (const Page* page : group) {
      first = std::min(first, page->sector);
      std::copy(page->bytes.begin(), page->bytes.end(), partition.assembled.begin() + page->place * format::kPageSize);
      taken_.push_back({page->sector, page->sector + 1});
    }
    partition.offset = first * format::kPageSize;
    partitions_.push_back(std::move(partition));
  }

  [[nodiscard]] bool is_taken(std::uint32_t sector) const {
    return std::any_of(taken_.begin(), taken_.end(),
                       [&](const Taken& taken) { return sector >= taken.first && sector < taken.end; });
  }

  // Plain pages, and such as nothing opens: neighbours go together as long as one partition can have them.
  void group_the_rest() {
    Group run;
    for (const Page& page : pages_) {
      if (page.is_encrypted() || is_taken(page.sector)) continue;
      if (!run.empty() && !goes_on(run, page)) add_run(run);
      run.push_back(&page);
    }
    if (!run.empty()) add_run(run);
  }

  [[nodiscard]] bool goes_on(const Group& run, const Page& page) const {
    std::uint32_t blank = 0;
    std::uint32_t damaged = 0;
    for (std::uint32_t sector = run.back()->sector + 1; sector < page.sector; ++sector) {
      if (is_taken(sector)) return false;
      ++(is_erased(bytes_.subspan(std::size_t{sector} * format::kPageSize, format::kPageSize)) ? blank : damaged);
      if (blank > kBlankGapMax || damaged > kDamagedGapMax) return false;
    }
    // Where one page is plain, what opens with nothing is of another partition.
    const bool is_mixed = std::any_of(run.begin(), run.end(), [&](const Page* one) {
      return (one->is_locked() && page.is_proven) || (one->is_proven && page.is_locked());
    });
    return !is_mixed && can_join(run, page);
  }

  void add_run(Group& run) {
    CarvedPartition partition{.offset = run.front()->sector * format::kPageSize};
    partition.size = (run.back()->sector + 1) * format::kPageSize - partition.offset;
    partition.page_count = static_cast<std::uint32_t>(run.size());
    partition.is_proven = std::any_of(run.begin(), run.end(), [](const Page* page) { return page->is_proven; });
    if (run.back()->bytes.size() < format::kPageSize) {
      const Bytes rest = bytes_.subspan(partition.offset);
      partition.assembled.assign(rest.begin(), rest.end());
      partition.assembled.resize(partition.size, 0xFF);
    }
    partitions_.push_back(std::move(partition));
    run.clear();
  }

  struct Taken {
    std::uint32_t first;
    std::uint32_t end;
  };

  Bytes bytes_;
  const std::vector<Page>& pages_;
  std::vector<Group> encrypted_;
  std::vector<Taken> taken_;
  std::vector<CarvedPartition> partitions_;
};

}  // namespace

Carving carve(Bytes bytes, std::span<const KeyCandidate> keys) {
  Carving carving;
  std::vector<Page> pages = find_pages(bytes);
  if (pages.empty()) return carving;
  carving.has_given_up = Proof(pages, keys).run();
  carving.partitions = Grouping(bytes, pages).run();
  return carving;
}

bool decodes_in_place(Bytes bytes, std::span<const KeyCandidate> keys) {
  const std::vector<Page> pages = find_pages(bytes);
  const auto decodes = [&](const auto& by) {
    return std::any_of(pages.begin(), pages.end(), [&](const Page& page) { return by(page); });
  };
  if (!decodes([](const Page& page) { return page.has_entries; })) return true;
  if (decodes([](const Page& page) { return decodes_plainly(page.bytes); })) return true;
  for (const Prober& prober : probers_of(keys)) {
    if (decodes([&](const Page& page) { return prober.decodes(page.bytes, page.sector); })) return true;
  }
  return false;
}

}  // namespace nvsafe::image
