// Image: what the program does to an NVS image, or to a dump of a whole flash, for programs on a PC that have its bytes
// in memory: list, change and undo, encrypt, decrypt, rekey, compact, wipe, repair, recover. The input is never
// changed: what makes something new gives all bytes of the file as it is to be, and the same as the program's verb
// does.
//
//   auto image = nvsafe::Image::open(bytes, {.keys = {{.bytes = key_page}}});
//   const auto edits = {nvsafe::Image::Edit::number<std::uint8_t>("wifi", "channel", 11)};
//   auto edited = image->edit(edits);
//   for (const auto& sector : edited->sectors) device.write(sector.offset, sector.bytes);
//
// Partition (nvsafe/partition.hpp) is the smaller way to read and to write single values on any flash.
// Where memory runs out, std::bad_alloc is thrown.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nvsafe/partition.hpp"
#include "nvsafe/result.hpp"
#include "nvsafe/value_type.hpp"

namespace nvsafe {

// Why something was not done, in words for a person.
struct Problem {
  // The exit codes of the program (docs/CLI.md, exit codes); never renumbered.
  enum class Kind : std::uint8_t {
    kNo = 1,        // no such key, no room
    kUsage = 2,     // the call makes no sense
    kBadInput = 3,  // the bytes are not what they should be
    kKey = 4,       // encryption key wrong or missing
    kIo = 5,        // memory, cryptography
  } kind = Kind::kBadInput;
  std::string what;  // one line, no final dot
  std::string hint;  // what helps, as a user of the program would type it; may be empty
};

// Not for two threads at once. Every call can give kIo; without partition name, calls on "the one partition" mean the
// only one or that called nvs, and give kBadInput where there are several and none is called so. A key counts when it
// decodes what is written: whatever reads or changes values gives kKey when entries are written and no key at hand
// decodes any, and then nothing is done.
class Image {
 public:
  using Bytes = std::vector<std::uint8_t>;

  struct Key {
    enum class Kind : std::uint8_t {
      kNvs,   // 64 bytes, or an nvs_keys page: 4096 bytes with a CRC
      kHmac,  // 32 bytes in eFuse, from which the device derives its NVS key
    } kind = Kind::kNvs;
    std::span<const std::uint8_t> bytes = {};  // copied
    std::string name = "the key given";        // in problems and results
  };

  struct Options {
    std::string name = "the image";  // of the file, in problems
    std::vector<Key> keys = {};      // tried by proof, besides those that lie in a dump itself
    // The chip's flash-encryption key as burnt: 32 bytes, or 64, 24 or 16; empty: none.
    std::span<const std::uint8_t> flash_key = {};
    std::string chip = {};  // "esp32c3"; empty: the flash key is tried as that of every chip
    // Of a dump: "nvs", "0x9000", or "0x9000+0x6000" without regard to its table; empty: all NVS partitions.
    std::string partition = {};
    std::optional<std::uint32_t> table_offset = {};  // bytes, a multiple of 4096; nothing: 0x8000, else it is searched
  };

  // Takes a copy of `bytes`: an image by itself, or a dump with its table or what is left of one. Keys are not proven
  // yet. Errors: kBadInput (no NVS in it, a damaged table and nothing that opens without it, no such partition, a key
  // that is none), kUsage (chip, table_offset), kKey (a table that the flash key does not make readable).
  static Result<Image, Problem> open(std::span<const std::uint8_t> bytes, const Options& options);
  Image(Image&& other) noexcept;
  Image& operator=(Image&& other) noexcept;
  Image(const Image&) = delete;
  Image& operator=(const Image&) = delete;
  ~Image();

  // An nvs_keys page with 64 fresh random bytes: 4096 bytes. Errors: kIo.
  static Result<Bytes, Problem> new_key_page();

  // ---- Reading

  // As it was opened.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const;
  // What is worth knowing about how it was read, and what of it could not be; sentences.
  [[nodiscard]] const std::vector<std::string>& notes() const;
  [[nodiscard]] const std::vector<std::string>& warnings() const;

  struct PartitionInfo {
    std::string name;                // empty: an image by itself
    std::uint32_t offset = 0;        // bytes, in the dump
    std::uint32_t size = 0;          // bytes
    bool is_encrypted = false;       // NVS encryption
    bool is_blank = false;           // nothing is written
    std::string key;                 // the name of the one that opens it; empty: plain, or problem
    std::optional<Problem> problem;  // why it does not open; nothing: it does
  };
  // Every NVS partition that the options mean, whether it opens or not.
  Result<std::vector<PartitionInfo>, Problem> partitions();

  struct Item {
    std::optional<std::string> name_space;  // none: no entry defines its index, and firmware does not find the item
    std::string key;
    ValueType type = ValueType::kU8;  // every blob is kBlobData; may be one that is_known() does not know
    std::uint32_t size = 0;           // bytes of the value, a string's with its NUL; of an unknown type 0
    Bytes value;                      // as stored: a number little endian, a string with its NUL; empty when damaged
    bool is_damaged = false;          // a CRC is wrong, or a part is missing
    bool is_older_copy = false;       // a newer one is damaged; only get() tells
    std::uint32_t page = 0;           // where its entry lies: page of the partition, entry of the page
    std::uint32_t entry = 0;
  };
  // Of the one partition, oldest first.
  Result<std::vector<Item>, Problem> items();
  // Errors: kNo: no such namespace or key, with what may be meant; it is damaged, or of a type that is not known.
  Result<Item, Problem> get(std::string_view name_space, std::string_view key);

  struct Finding {
    enum class Severity : std::uint8_t {
      kNote,     // normal in use
      kWarning,  // nothing is lost yet
      kError,    // something cannot be read, or will be lost
    } severity = Severity::kNote;
    std::string name;  // "NVS-D011", docs/FINDINGS.md
    std::string text;  // one sentence, with the place
    std::uint32_t page = kNoPlace;
    std::uint32_t entry = kNoPlace;
    std::uint32_t count = 1;
  };
  // What is not as it should be in the one partition; at most 1024 are listed.
  Result<std::vector<Finding>, Problem> findings();

  // The largest value that a new key in a namespace that exists can get, in bytes; nothing: not even the smallest.
  struct Room {
    std::optional<std::uint32_t> now;               // without a page being erased for it
    std::optional<std::uint32_t> after_collection;  // what a set takes that may collect
  };
  struct Statistics {
    std::uint32_t page_count = 0;
    std::uint32_t pages_in_use = 0;
    std::uint32_t pages_blank = 0;
    std::uint32_t entries_live = 0;
    std::uint32_t entries_erased = 0;
    std::uint32_t entries_free = 0;
    bool is_writable = false;  // false: too small, no page free, or a key of equal halves; then no room is told
    Room string;               // with the NUL
    Room blob;
    std::uint64_t pages_started = 0;          // pages taken into use since the partition was blank
    std::uint64_t worst_erase_count_min = 0;  // of the page that was erased most, since then
    std::uint64_t worst_erase_count_max = 0;
  };
  Result<Statistics, Problem> statistics();

  // A value as it is, or once was: an erased entry keeps its bytes until its page is erased or it is overwritten.
  struct Version {
    enum class Standing : std::uint8_t {
      kLive,
      kSuperseded,  // marked written, but not what firmware reads
      kErased,
    } standing = Standing::kErased;
    std::optional<std::string> name_space;  // none: no definition of its index is left
    std::string key;
    ValueType type = ValueType::kU8;
    std::uint32_t size = 0;   // bytes
    Bytes value;              // empty where is_complete is not set
    bool is_complete = true;  // false: a blob that has lost parts, or a live value that is damaged
    bool is_certain = true;   // false: its parts, or its namespace, could be another version's
    std::uint32_t page = 0;
    std::uint32_t entry = 0;
    std::optional<std::uint32_t> sequence;  // of its page, which tells age; none: not known
    std::string under;                      // the name of its key; empty: plain
  };
  // Every value that is still in the flash of the one partition, oldest first.
  Result<std::vector<Version>, Problem> history();

  // ---- Changing

  struct Edit {
    enum class Kind : std::uint8_t {
      kSet,              // makes the namespace if there is none; replaces a value of another type
      kRemove,           //
      kRemoveNamespace,  // every key of it; its name stays, as nvs_erase_all() leaves it
      kMove,             // to another name, its value and type unchanged
    } kind = Kind::kSet;
    std::string name_space;
    std::string key;
    ValueType type = ValueType::kU8;  // of kSet: a number, kString or kBlobData
    Bytes value;                      // of kSet, as stored: a number little endian, a string with its NUL
    std::string to_name_space;        // of kMove
    std::string to_key;
    bool replaces = true;  // of kMove: a key that has the new name already

    template <NumberType T>
    static Edit number(std::string_view name_space, std::string_view key, T value) {
      std::uint64_t bits = 0;
      if constexpr (std::is_same_v<T, float>) {
        bits = std::bit_cast<std::uint32_t>(value);
      } else if constexpr (std::is_same_v<T, double>) {
        bits = std::bit_cast<std::uint64_t>(value);
      } else {
        bits = static_cast<std::uint64_t>(value);
      }
      Edit edit = set(name_space, key, value_type_of<T>(), {});
      for (std::size_t i = 0; i < sizeof(T); ++i) edit.value.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
      return edit;
    }
    static Edit string(std::string_view name_space, std::string_view key, std::string_view text) {
      Edit edit = set(name_space, key, ValueType::kString, {text.begin(), text.end()});
      edit.value.push_back(0);
      return edit;
    }
    static Edit blob(std::string_view name_space, std::string_view key, std::span<const std::uint8_t> value) {
      return set(name_space, key, ValueType::kBlobData, {value.begin(), value.end()});
    }
    static Edit remove(std::string_view name_space, std::string_view key) {
      Edit edit = set(name_space, key, ValueType::kU8, {});
      edit.kind = Kind::kRemove;
      return edit;
    }
    static Edit remove_namespace(std::string_view name_space) {
      Edit edit = remove(name_space, {});
      edit.kind = Kind::kRemoveNamespace;
      return edit;
    }
    static Edit move(std::string_view name_space, std::string_view key, std::string_view to_name_space,
                     std::string_view to_key) {
      Edit edit = remove(name_space, key);
      edit.kind = Kind::kMove;
      edit.to_name_space = to_name_space;
      edit.to_key = to_key;
      return edit;
    }
    static Edit set(std::string_view name_space, std::string_view key, ValueType type, Bytes value) {
      Edit edit;
      edit.name_space = name_space;
      edit.key = key;
      edit.type = type;
      edit.value = std::move(value);
      return edit;
    }
  };

  // 4096 bytes that begin at `offset`: an offset in the file, which in a dump is an address in flash.
  struct Sector {
    std::uint32_t offset = 0;
    Bytes bytes;
  };
  // What takes a change back. It fits the file that the change led to, by its SHA-256, and no other.
  struct Undo {
    std::array<std::uint8_t, 32> before{};  // SHA-256 of the whole file
    std::array<std::uint8_t, 32> after{};
    std::uint32_t file_size = 0;  // bytes
    std::vector<Sector> sectors;  // as they were
  };
  struct Change {
    enum class Kind : std::uint8_t { kCreated, kReplaced, kRemoved, kUnchanged } kind = Kind::kUnchanged;
    std::string name_space;
    std::string key;
    ValueType type_before = ValueType::kU8;  // not of kCreated
    ValueType type_after = ValueType::kU8;   // not of kRemoved
    Bytes before;                            // empty also when it was damaged
    Bytes after;
  };
  struct Edited {
    Bytes bytes;                    // of the whole file
    std::vector<Change> changes;    // one for each key, in the order of the edits
    std::vector<Sector> sectors;    // that differ, as they are to be: in a dump just what has to be flashed
    std::uint32_t erase_count = 0;  // sectors that had to be erased for room
    bool was_tidied = false;        // what a power cut had left was put in order, too
    Undo undo;
  };
  // How a blank partition is to be written: nothing is made plain by silence.
  enum class Blank : std::uint8_t { kEncrypted, kPlain };
  // Makes the edits one after the other in the one partition, as a device would: what is new is appended. All or
  // nothing. Errors: kNo: no such namespace or key, no room, a value that is longer than the partition can hold, a
  // damaged value to move, a new name that is taken; kUsage: a name of no bytes or of more than 15, a blank partition
  // and not one key, kPlain and it is encrypted; kBadInput: its pages were put together from several places.
  Result<Edited, Problem> edit(std::span<const Edit> edits, Blank blank = Blank::kEncrypted);
  // The file before the change. `bytes`: the whole file after it. Errors: kBadInput: it is another one.
  static Result<Bytes, Problem> undone(std::span<const std::uint8_t> bytes, const Undo& undo);

  // ---- Transforming. What each gives is a whole new file; all NVS partitions that the options mean are transformed,
  // all or none. kBadInput: a partition's pages were put together from several places.

  // The nvs_keys partition of a dump, which follows a new key so that the device reads what is written.
  struct KeyPlace {
    std::string partition;
    std::uint32_t offset = 0;  // bytes
    enum class Change : std::uint8_t {
      kPlaced,    // was blank, holds the new key
      kReplaced,  // held another key
      kErased,    // held a key that nothing needs any more
      kKept,      // holds the new key already, or is blank and stays so
      kLeft,      // holds bytes that are no key page: to be written by hand
    } change = Change::kKept;
  };
  struct RekeyedPartition {
    std::string partition;        // empty: an image by itself
    std::string old_key;          // empty: it was plain
    std::uint32_t key_count = 0;  // of values, all read back
    std::uint32_t namespace_count = 0;
    std::uint32_t erased_entries = 0;  // of the input; nothing of them is in the result
    bool is_blank = false;             // nothing is live, and the result is blank
  };
  struct Rekeyed {
    Bytes bytes;
    std::vector<RekeyedPartition> partitions;
    std::optional<KeyPlace> key_place;
  };
  // Content key for key, and nothing of the old ciphertext or plaintext. Errors: kBadInput: a partition is encrypted
  // already (encrypt) or is not (decrypt, rekey), has this key already, or does not read as a whole; `key` is no key;
  // a dump's key page is needed as it is by a partition that does not change.
  Result<Rekeyed, Problem> encrypt(const Key& key);
  Result<Rekeyed, Problem> decrypt();
  Result<Rekeyed, Problem> rekey(const Key& key);

  struct Compacted {
    Bytes bytes;
    std::uint32_t key_count = 0;
    std::uint32_t pages_before = 0;  // in use
    std::uint32_t pages_after = 0;
  };
  // The one partition made afresh: same content and key. `size`: bytes, of an image by itself; 0: as it is.
  // `format_version`: 1 or 2; 0: as it is. Errors: kUsage: a size for a partition in a dump, a version that is none;
  // kBadInput: a size that no partition has or that does not hold it all, or it does not read as a whole.
  Result<Compacted, Problem> compact(std::uint32_t size = 0, std::uint32_t format_version = 0);

  // Entries of a partition that hold nothing live.
  struct Residue {
    std::string partition;
    std::uint32_t erased_count = 0;
    std::uint32_t zero_count = 0;        // overwritten, or blank
    std::uint32_t readable_count = 0;    // that decode plain, or under a key at hand
    std::uint32_t unreadable_count = 0;  // bytes that nothing at hand decodes
    std::uint32_t unknown_count = 0;     // marked written, and do not decode
    bool is_clean = false;               // nothing is left, and nothing is unknown
  };
  // The proof of wipe(), of each partition.
  Result<std::vector<Residue>, Problem> residue();

  struct WipedPartition {
    std::uint32_t zeroed_entries = 0;
    std::uint32_t erased_pages = 0;
    bool was_tidied = false;  // what a power cut had left was put in order first
    Residue left;
  };
  struct Wiped {
    Bytes bytes;
    std::vector<WipedPartition> partitions;
    bool is_clean = false;
  };
  // Overwrites with zeros what erased entries left in flash; no live value changes.
  Result<Wiped, Problem> wipe();

  struct RepairedPartition {
    std::string partition;
    std::vector<std::string> steps;         // what was done, in sentences; none: nothing to repair
    std::vector<std::string> brought_back;  // "wifi/ssid": values that read now and did not before
    std::vector<std::string> left;          // what stays damaged, in sentences
    std::uint32_t key_count_before = 0;     // that read
    std::uint32_t key_count_after = 0;
  };
  struct Repaired {
    Bytes bytes;
    std::vector<RepairedPartition> partitions;
    bool is_sound = false;  // nothing stays damaged
  };
  // Finishes what a power cut left, and brings back pages whose header is damaged. A value that reads before reads
  // afterwards.
  Result<Repaired, Problem> repair();

  struct RecoveredItem {
    std::string name_space;
    std::string key;
    ValueType type = ValueType::kU8;
    std::uint32_t size = 0;  // bytes
    std::uint32_t page = 0;
    std::uint32_t entry = 0;
    std::string under;        // the name of its key; empty: plain
    bool is_certain = false;  // false: parts of more than one version could be its own
  };
  struct RecoveredPartition {
    std::string partition;
    std::uint32_t live_count = 0;
    std::vector<RecoveredItem> items;     // a deleted value cannot be told from one that was wiped: both are there
    std::vector<std::string> incomplete;  // "cloud/cert": found, but a part of the value is gone
    std::vector<std::string> damaged;     // live, and do not read: not in the result
    std::uint32_t erased_entries = 0;
    std::uint32_t zeroed_entries = 0;       // of these: gone for good
    std::uint32_t undecodable_entries = 0;  // marked written, under no key at hand: not in the result
  };
  struct Recovered {
    Bytes bytes;  // as opened, where there is nothing to recover
    std::vector<RecoveredPartition> partitions;
    std::string key;  // the name of the key of the result; empty: plain, or nothing was recovered
    std::optional<KeyPlace> key_place;
    std::string key_place_problem;  // why the key page of the dump stays as it is; empty: it need not change, or did
    bool is_whole = false;          // something was recovered, and nothing known was left behind
  };
  // What a boot with a wrong key marked erased (firmware up to ESP-IDF 6.0), beside what is live: of each key the
  // newest version. Also the two keys that every device without flash encryption makes are tried.
  // `size`: as of compact(). Errors: those of compact(); no kKey.
  Result<Recovered, Problem> recover(std::uint32_t size = 0);

 private:
  struct Parts;
  explicit Image(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace nvsafe
