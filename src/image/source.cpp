#include "image/source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/erased.hpp"
#include "base/number.hpp"
#include "base/secret.hpp"
#include "chip/device_keys.hpp"
#include "chip/dump_table.hpp"
#include "chip/encrypted_regions.hpp"
#include "format/layout.hpp"
#include "format/page_header.hpp"
#include "image/carve.hpp"
#include "image/finding_text.hpp"
#include "image/table_text.hpp"
#include "keys/key_file.hpp"
#include "table/binary.hpp"

namespace nvsafe::image {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;

// What to do instead with a file that holds no NVS.
std::string hint_for(FileKind kind, const std::string& file) {
  switch (kind) {
    case FileKind::kSettingsCsv:
    case FileKind::kSettingsJson:
      return fmt::format("nvsafe build {} … makes an image of it", file);
    case FileKind::kTableCsv:
    case FileKind::kTableBinary:
      return fmt::format("nvsafe table {}          prints it", file);
    case FileKind::kKeyPage:
    case FileKind::kBareKey64:
      return fmt::format("a key belongs behind --keys: --keys {}", file);
    case FileKind::kUnknown:
      return fmt::format("a flash-encrypted dump or partition looks like this: --flash-key FILE, or nvsafe show {}",
                         file);
    default:
      return fmt::format("nvsafe show {}          says what it is", file);
  }
}

// What one NVS partition with pages in it counts for a table, more than all else.
constexpr std::uint32_t kFitsNvs = 4;

// Enough of a key page to decode it, in whole blocks of either cipher.
constexpr std::size_t kKeyPageRead = 96;
static_assert(kKeyPageRead >= format::kKeyPageWrittenSize && kKeyPageRead % 32 == 0);

Result<keys::XtsKey> decode_encrypted_key_page(std::span<const std::uint8_t> bytes, std::uint32_t offset,
                                               const chip::FlashCipher& cipher) {
  std::array<std::uint8_t, kKeyPageRead> plain;
  if (bytes.size() < plain.size()) return fail(ErrorCode::kKeyPageShort);
  std::copy_n(bytes.begin(), plain.size(), plain.begin());
  NVSAFE_TRY(cipher.decrypt(offset, plain));
  auto key = format::decode_key_page(plain);
  secure_wipe(plain);
  return key;
}

bool is_page_header(format::PageHeaderBytes bytes) {
  const auto header = format::decode_page_header(bytes);
  return format::is_in_use(header.state) && header.crc == format::page_header_crc(bytes);
}

// Of a page that lies through flash encryption.
bool is_encrypted_page_header(format::PageHeaderBytes bytes, std::uint32_t offset, const chip::FlashCipher& cipher) {
  std::array<std::uint8_t, format::kPageHeaderSize> plain;
  std::copy(bytes.begin(), bytes.end(), plain.begin());
  return cipher.decrypt(offset, plain).ok() && is_page_header(plain);
}

}  // namespace

Outcome<table::Table> table_of_dump(std::span<const std::uint8_t> dump, std::uint32_t table_offset,
                                    const std::string& file) {
  table::ProblemList problems;
  const std::size_t size = std::min<std::size_t>(table::kTableFlashSize, dump.size() - table_offset);
  auto table = table::decode_table(dump.subspan(table_offset, size), table::Md5Use::kYes, problems);
  if (table) return std::move(*table);
  const text::Problem found = describe(*problems.first_error(), fmt::format("{}:{:#x}", file, table_offset));
  return problem(Exit::kBadInput, found.what, found.hint);
}

std::optional<text::Problem> table_elsewhere(std::span<const std::uint8_t> bytes, std::uint32_t table_offset,
                                             const std::string& file) {
  const auto at = chip::find_table(bytes, nullptr);
  if (!at || *at == table_offset) return std::nullopt;
  return text::Problem{Exit::kBadInput, fmt::format("{} has no partition table at {:#x}", file, table_offset),
                       fmt::format("its table lies at {:#x}: {} --partition-table-offset{}", *at,
                                   *at == table::kTableOffset ? "leave out" : "add",
                                   *at == table::kTableOffset ? "" : fmt::format(" {:#x}", *at))};
}

Outcome<std::span<const std::uint8_t>> partition_bytes(std::span<const std::uint8_t> dump,
                                                       const table::Partition& partition, const std::string& file) {
  if (partition.end() <= dump.size()) return dump.subspan(partition.offset, partition.size);
  return problem(Exit::kBadInput,
                 fmt::format("{}: partition {} ({:#x} to {:#x}) reaches past the end of the file at {:#x}", file,
                             partition.name.view(), partition.offset, partition.end(), dump.size()),
                 "read the whole flash, or name a partition that is in the file");
}

Outcome<std::unique_ptr<Source>> Source::read(std::string file, std::vector<std::uint8_t> bytes,
                                              const SourceOptions& options) {
  auto source = std::unique_ptr<Source>(new Source);
  source->file_ = std::move(file);
  source->bytes_ = std::move(bytes);
  source->flash_keys_ = options.flash_keys;
  source->table_offset_ = options.table_offset.value_or(table::kTableOffset);
  source->kind_ = identify(source->bytes_, source->table_offset_);
  source->find_table(options);
  if (source->table_) source->find_keys();
  if (auto found = source->find_regions(options); !found) return found.failed();
  return source;
}

Source::~Source() {
  secure_wipe(readable_);
  for (auto& bytes : assembled_) secure_wipe(bytes);
}

std::span<const FlashKeyCandidate> Source::flash_keys() const {
  return flash_keys_ != nullptr ? std::span<const FlashKeyCandidate>(*flash_keys_)
                                : std::span<const FlashKeyCandidate>();
}

void Source::warn(std::string line) {
  remarks_.warnings.push_back(std::move(line));
  is_damaged_ = true;
}

void Source::find_table(const SourceOptions& options) {
  if (kind_ == FileKind::kDump) {
    auto table = table_of_dump(bytes_, table_offset_, file_);
    if (table) {
      table_ = std::move(*table);
      return;
    }
    table_problem_ = table.error();
  }
  for (const FlashKeyCandidate& key : flash_keys()) {
    table_ = chip::table_at(bytes_, table_offset_, &key.cipher);
    if (!table_) continue;
    flash_key_ = &key;
    return;
  }
  if (!options.table_offset) search_table();
}

// A dump may have several: a copy in an app, one that an older layout left. The one that fits the rest is the dump's.
void Source::search_table() {
  // What says that NVS is where none is, while there is some elsewhere, is of another dump, or this one was moved.
  const bool has_nvs = kind_ == FileKind::kNvsImage || kind_ == FileKind::kDumpWithoutTable;
  std::uint32_t best = has_nvs ? kFitsNvs : 0;
  std::uint32_t best_offset = 0;
  const auto look = [&](std::uint32_t at, const FlashKeyCandidate* key) {
    auto table = chip::table_at(bytes_, at, key != nullptr ? &key->cipher : nullptr);
    if (!table || table->partitions().empty()) return;
    const std::uint32_t fits = 1 + fitness(*table, at, key);
    if (fits <= best) return;
    best = fits;
    best_offset = at;
    table_ = std::move(*table);
    flash_key_ = key;
  };
  for (std::uint64_t at = table::kTableFlashSize; at + table::kBinarySize <= bytes_.size() && at <= UINT32_MAX;
       at += table::kTableFlashSize) {
    look(static_cast<std::uint32_t>(at), nullptr);
    for (const FlashKeyCandidate& key : flash_keys()) look(static_cast<std::uint32_t>(at), &key);
  }
  if (!table_) return;
  const std::string why = table_problem_ ? "the table at 0x8000 is damaged" : "no table lies at 0x8000";
  note(fmt::format("note: {}; the one at {:#x} is used", why, best_offset));
  table_offset_ = best_offset;
  kind_ = FileKind::kDump;
  table_problem_.reset();
}

// NVS pages where the table has NVS count most; then that nothing lies over the table; then that all is in the file.
std::uint32_t Source::fitness(const table::Table& table, std::uint32_t offset, const FlashKeyCandidate* key) const {
  std::uint32_t nvs_count = 0;
  bool is_free = true;
  bool is_inside = true;
  for (const table::Partition& partition : table.partitions()) {
    if (partition.is_primary()) continue;
    is_inside = is_inside && partition.end() <= bytes_.size();
    is_free = is_free && (partition.end() <= offset || partition.offset >= offset + table::kTableFlashSize);
    if (!partition.is(table::DataSubtype::kNvs)) continue;
    bool has_page = false;
    for (std::uint64_t at = partition.offset; !has_page && at < partition.end(); at += format::kPageSize) {
      if (at + format::kPageHeaderSize > bytes_.size()) break;
      const format::PageHeaderBytes header(bytes_.data() + at, format::kPageHeaderSize);
      has_page = is_page_header(header) ||
                 (key != nullptr && is_encrypted_page_header(header, static_cast<std::uint32_t>(at), key->cipher));
    }
    nvs_count += has_page ? 1 : 0;
  }
  return kFitsNvs * nvs_count + (is_free ? 2 : 0) + (is_inside ? 1 : 0);
}

Outcome<void> Source::check_flash_keys() const {
  const bool is_image = kind_ == FileKind::kNvsImage && first_nvs_page_offset(bytes_) == 0;
  if (flash_keys().empty() || is_image || kind_ == FileKind::kErased) return {};
  for (const FlashKeyCandidate& key : flash_keys()) {
    if (chip::dump_state(bytes_, &key.cipher, nullptr, table_offset_) == chip::DumpState::kEncrypted) return {};
  }
  return problem(Exit::kKey,
                 fmt::format("{} does not open {}: no partition table is readable, neither in the clear nor with it",
                             flash_keys().front().name, file_),
                 table_problem_ ? table_problem_->what : "is it the key of this chip, and a dump of the whole flash?");
}

Outcome<void> Source::find_regions(const SourceOptions& options) {
  const bool is_address = !options.partition.empty() && options.partition[0] >= '0' && options.partition[0] <= '9';
  if (table_ && !options.needs_nvs) return {};
  if (is_address && (table_ || options.partition.find('+') != std::string::npos)) return use_address(options);
  if (table_) return use_table(options);
  // Its NVS pages alone would pass for an image.
  if (auto elsewhere = table_elsewhere(bytes_, table_offset_, file_)) return Failed{std::move(*elsewhere)};
  if (!options.needs_nvs) {
    if (auto fits = check_flash_keys(); !fits) return fits;
    return table_problem_ ? Failed{std::move(*table_problem_)} : no_table(options);
  }
  if (auto fits = check_flash_keys(); !fits) return fits;
  if (kind_ == FileKind::kNvsImage || kind_ == FileKind::kErased) return use_image(options);
  if (!options.partition.empty() && !is_address && table_problem_) return Failed{*table_problem_};
  if (!carve_regions(options)) {
    if (is_address) return use_address(options);
    return table_problem_ ? Failed{std::move(*table_problem_)} : no_nvs(options);
  }
  if (table_problem_) {
    warn(fmt::format("{}; read without it: {}", table_problem_->what, region_names()));
  } else {
    note(fmt::format("note: no partition table can be read{}; found by its pages: {}",
                     flash_keys().empty() ? " (flash-encrypted? --flash-key)" : "", region_names()));
  }
  if (options.partition.empty()) return {};
  const auto wanted = is_address ? parse_size(options.partition) : std::nullopt;
  std::erase_if(regions_, [&](const Region& region) { return region.offset != wanted; });
  if (!regions_.empty()) return {};
  return problem(Exit::kBadInput,
                 fmt::format("{} has no NVS at {}, and no partition table that can be read", file_, options.partition),
                 fmt::format("nvsafe show {}          lists what was found; OFFSET+SIZE names any region", file_));
}

Failed<text::Problem> Source::no_table(const SourceOptions& options) const {
  return problem(options.has_unknown_flash_key ? Exit::kKey : Exit::kBadInput,
                 fmt::format("{} has no partition table at {:#x} that can be read", file_, table_offset_),
                 "--flash-key opens one that is flash-encrypted; OFFSET+SIZE takes a region without a table");
}

Failed<text::Problem> Source::no_nvs(const SourceOptions& options) const {
  if (options.has_unknown_flash_key) return no_table(options);
  const std::string what = kind_ == FileKind::kUnknown ? "" : fmt::format(": it is {}", to_string(kind_));
  return problem(Exit::kBadInput, fmt::format("{} holds no NVS page{}", file_, what), hint_for(kind_, file_));
}

Outcome<void> Source::use_image(const SourceOptions& options) {
  if (bytes_.size() % format::kPageSize != 0 && kind_ == FileKind::kErased) return no_nvs(options);
  if (!options.partition.empty()) {
    return problem(Exit::kBadInput,
                   fmt::format("{} is one NVS image; it has no partition {}", file_, options.partition),
                   fmt::format("leave :{} out", options.partition));
  }
  if (bytes_.size() % format::kPageSize == 0 && !decodes_in_place(bytes_, options.keys) && carve_regions(options)) {
    if (is_carved_) {
      note(fmt::format("note: {} is no whole image; found by its pages: {}", file_, region_names()));
      return {};
    }
    regions_.clear();
    remarks_ = {};  // what was found in vain
    is_damaged_ = false;
  }
  regions_.push_back({"", 0, bytes_});
  return {};
}

// False: there is none. is_carved_: and some of it decodes.
bool Source::carve_regions(const SourceOptions& options) {
  decrypt_pages();
  find_carved_keys();
  std::vector<KeyCandidate> keys;
  for (const KeyCandidate& key : options.keys) keys.push_back({key.name, key.key.clone()});
  for (const KeyCandidate& key : own_keys_) keys.push_back({key.name, key.key.clone()});
  const std::span<const std::uint8_t> all = readable_.empty() ? std::span<const std::uint8_t>(bytes_) : readable_;
  Carving carving = carve(all, keys);
  assembled_.reserve(carving.partitions.size());  // regions point into them
  for (CarvedPartition& carved : carving.partitions) {
    Region region{.name = fmt::format("{:#x}", carved.offset), .offset = carved.offset};
    region.is_carved = true;
    region.carved_pages = carved.page_count;
    is_carved_ = is_carved_ || carved.is_proven;
    if (!carved.assembled.empty()) {
      region.bytes = assembled_.emplace_back(std::move(carved.assembled));
      region.is_assembled = true;
    } else {
      region.bytes = all.subspan(carved.offset, carved.size);
      note_where_it_lies(region);
    }
    regions_.push_back(std::move(region));
  }
  if (carving.has_given_up) warn("there are more encrypted pages than places that were tried for them");
  return !regions_.empty();
}

// Pages that lie through flash encryption, as a partition with the flag `encrypted` has them.
void Source::decrypt_pages() {
  for (std::size_t at = 0; at + format::kPageSize <= bytes_.size(); at += format::kPageSize) {
    const format::PageHeaderBytes header(bytes_.data() + at, format::kPageHeaderSize);
    if (is_page_header(header)) continue;
    const auto offset = static_cast<std::uint32_t>(at);
    for (const FlashKeyCandidate& key : flash_keys()) {
      if (!is_encrypted_page_header(header, offset, key.cipher)) continue;
      const auto page = readable().subspan(at, format::kPageSize);
      if (key.cipher.decrypt(offset, page)) {
        decrypted_pages_[offset] = &key.cipher;
      } else {
        std::copy_n(bytes_.begin() + offset, page.size(), page.begin());
      }
      break;
    }
  }
}

// Of pages that decrypt_pages() may have changed.
void Source::note_where_it_lies(Region& region) const {
  const auto end = decrypted_pages_.lower_bound(region.offset + static_cast<std::uint32_t>(region.bytes.size()));
  for (auto page = decrypted_pages_.lower_bound(region.offset); page != end; ++page) {
    if (region.flash_cipher == nullptr) region.flash_cipher = page->second;
    region.is_assembled = region.is_assembled || region.flash_cipher != page->second;  // of two chips
  }
}

Outcome<void> Source::put(const Region& region, std::span<const std::uint8_t> content,
                          std::vector<std::uint8_t>& file) const {
  if (region.is_assembled) {
    const std::string name = region.name.empty() ? file_ : file_ + ":" + region.name;
    return problem(
        Exit::kBadInput,
        fmt::format("{} was put together from pages that lie elsewhere: its result has no place in {}",
                    describe(region, file_), file_),
        fmt::format("nvsafe export {} -o values.csv takes out what reads; nvsafe build makes an image of it", name));
  }
  if (region.name.empty()) {
    file.assign(content.begin(), content.end());
    return {};
  }
  for (std::size_t at = 0; at < content.size(); at += Flash::kSectorSize) {
    const std::size_t size = std::min<std::size_t>(Flash::kSectorSize, content.size() - at);
    const auto sector = content.subspan(at, size);
    if (std::equal(sector.begin(), sector.end(), region.bytes.begin() + static_cast<std::ptrdiff_t>(at))) continue;
    const auto target = std::span(file).subspan(region.offset + at, size);
    std::copy(sector.begin(), sector.end(), target.begin());
    if (region.flash_cipher == nullptr || is_erased(sector)) continue;
    const auto encrypted = region.flash_cipher->encrypt(region.offset + static_cast<std::uint32_t>(at), target);
    if (!encrypted) return core_failed(encrypted.error());
  }
  return {};
}

void Source::find_carved_keys() {
  for (std::size_t at = 0; at + format::kPageSize <= bytes_.size(); at += format::kPageSize) {
    const auto offset = static_cast<std::uint32_t>(at);
    const auto page = std::span<const std::uint8_t>(bytes_).subspan(at, format::kPageSize);
    auto key = format::decode_key_page(page);
    for (const FlashKeyCandidate& flash_key : flash_keys()) {
      if (!key) key = decode_encrypted_key_page(page, offset, flash_key.cipher);
    }
    if (key) add_own_key(fmt::format("the key page at {:#x}", at), std::move(*key));
  }
}

// "0x9000+0x6000"; without a size, the partition of the table that starts there.
Outcome<void> Source::use_address(const SourceOptions& options) {
  const std::size_t plus = options.partition.find('+');
  const auto offset = parse_size(options.partition.substr(0, plus));
  std::optional<std::uint32_t> size;
  if (plus != std::string::npos) {
    size = parse_size(std::string_view(options.partition).substr(plus + 1));
  } else if (table_ && offset) {
    for (const table::Partition& partition : table_->partitions()) {
      if (partition.offset == *offset) return add_region(partition);
    }
    return no_such_partition(options.partition);
  }
  if (!offset || !size || *size == 0 || std::uint64_t{*offset} + *size > bytes_.size()) {
    return problem(Exit::kBadInput,
                   fmt::format("{}: no region {} in a file of {:#x} bytes", file_, options.partition, bytes_.size()),
                   "OFFSET+SIZE, for example 0x9000+0x6000");
  }
  decrypt_pages();
  const auto bytes = std::span<const std::uint8_t>(readable_.empty() ? bytes_ : readable_).subspan(*offset, *size);
  Region& region = regions_.emplace_back(Region{.name = "region", .offset = *offset, .bytes = bytes});
  note_where_it_lies(region);
  return {};
}

Outcome<void> Source::use_table(const SourceOptions& options) {
  if (!options.partition.empty()) {
    const table::Partition* partition = table_->find(options.partition);
    if (partition == nullptr) return no_such_partition(options.partition);
    if (!partition->is(table::DataSubtype::kNvs)) {
      return problem(Exit::kBadInput,
                     fmt::format("{}: partition {} is no NVS partition ({})", file_, options.partition,
                                 fmt::format("{} {}", type_name(partition->type), subtype_name(*partition))),
                     fmt::format("nvsafe extract {}:{} -o FILE takes it out as it is", file_, options.partition));
    }
    return add_region(*partition);
  }
  std::vector<text::Problem> cut;
  for (const table::Partition& partition : table_->partitions()) {
    if (!partition.is(table::DataSubtype::kNvs)) continue;
    if (auto added = add_region(partition); !added) cut.push_back(added.error());
  }
  if (regions_.empty() && !cut.empty()) return Failed{std::move(cut.front())};
  // What is whole can be read all the same.
  for (const text::Problem& missing : cut) warn(missing.what);
  if (!regions_.empty()) return {};
  return problem(Exit::kBadInput, fmt::format("{}: its table has no NVS partition", file_),
                 fmt::format("nvsafe show {}", file_));
}

Outcome<void> Source::add_region(const table::Partition& partition) {
  auto piece = this->partition(partition);
  if (!piece) return piece.failed();
  regions_.push_back({.name = std::string(partition.name.view()),
                      .offset = partition.offset,
                      .bytes = piece->bytes,
                      .flash_cipher = piece->is_decrypted ? flash_cipher() : nullptr});
  if (piece->is_decrypted && partition.is(table::DataSubtype::kNvs)) {
    note(
        fmt::format("note: partition {} has the flag encrypted and was decrypted; firmware that expects NVS encryption "
                    "answers 0x1119",
                    partition.name.view()));
  }
  return {};
}

Outcome<Source::Piece> Source::partition(const std::string& name) {
  if (const table::Partition* found = table_->find(name)) return partition(*found);
  const auto offset = parse_size(name);
  for (const table::Partition& each : table_->partitions()) {
    if (offset && each.offset == *offset) return partition(each);
  }
  return no_such_partition(name);
}

Outcome<Source::Piece> Source::partition(const table::Partition& partition) {
  auto bytes = partition_bytes(bytes_, partition, file_);
  if (!bytes) return bytes.failed();
  if (flash_key_ == nullptr || !chip::is_encrypted_at_run_time(partition)) return Piece{&partition, *bytes};
  // What was decrypted before is not decrypted again.
  const auto place = readable().subspan(partition.offset, partition.size);
  std::copy(bytes->begin(), bytes->end(), place.begin());
  auto change = chip::decrypt_partition(readable(), flash_key_->cipher, partition);
  if (!change) return change.failed();
  return Piece{&partition, place, !change->done.empty()};
}

std::span<std::uint8_t> Source::readable() {
  if (readable_.empty()) readable_ = bytes_;
  return readable_;
}

void Source::find_keys() {
  for (const table::Partition& partition : table_->partitions()) {
    if (partition.is(table::DataSubtype::kNvsKeys) && partition.end() <= bytes_.size()) find_keys(partition);
  }
}

Result<Source::KeyPage> Source::key_page(const table::Partition& partition) const {
  const auto bytes = std::span<const std::uint8_t>(bytes_).subspan(partition.offset, partition.size);
  auto in_the_clear = format::decode_key_page(bytes);
  if (in_the_clear) return KeyPage{std::move(*in_the_clear)};
  for (const FlashKeyCandidate& flash_key : flash_keys()) {
    if (flash_key_ != nullptr && flash_key_ != &flash_key) continue;
    auto key = decode_encrypted_key_page(bytes, partition.offset, flash_key.cipher);
    if (key) return KeyPage{std::move(*key), &flash_key.cipher};
  }
  return in_the_clear.failed();
}

// Where the page is damaged, the keys that a device makes for itself can still be told: they come from the flash key
// and the address alone.
void Source::find_keys(const table::Partition& partition) {
  auto page = key_page(partition);
  if (page) return add_own_key(fmt::format("the key page in {}", partition.name.view()), std::move(page->key));
  if (flash_key_ == nullptr) return;
  for (const auto kind : {keys::UniversalKey::kSince4_3, keys::UniversalKey::kBefore4_3}) {
    auto key = chip::device_keys(flash_key_->cipher, partition.offset, kind);
    if (key) add_own_key(fmt::format("the keys that the device makes for {}", partition.name.view()), std::move(*key));
  }
}

void Source::add_own_key(std::string name, keys::XtsKey key) { own_keys_.push_back({std::move(name), std::move(key)}); }

std::string Source::region_names() const {
  std::string names;
  for (const Region& region : regions_) {
    names += names.empty() ? "" : ", ";
    names += region.is_carved
                 ? fmt::format("{} ({} page{})", region.name, region.carved_pages, region.carved_pages == 1 ? "" : "s")
                 : region.name;
  }
  return names;
}

Outcome<const Region*> Source::one_region() const {
  if (regions_.size() == 1) return &regions_.front();
  for (const Region& region : regions_) {
    if (region.name == "nvs") return &region;
  }
  return problem(Exit::kBadInput, fmt::format("{} has {} NVS partitions: {}", file_, regions_.size(), region_names()),
                 fmt::format("{}:{} names one", file_, regions_.front().name));
}

Failed<text::Problem> Source::no_such_partition(const std::string& name) const {
  return problem(Exit::kBadInput, fmt::format("{} has no partition {}", file_, name), partition_hint(*table_, name));
}

}  // namespace nvsafe::image
