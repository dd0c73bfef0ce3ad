#include "store/store.hpp"

#include <gtest/gtest.h>

#include <map>

#include "flash/span_flash.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::store {
namespace {

using format::PageState;
using test::Bytes;
using test::NvsWriter;

// An image opened, with everything it needs.
struct Opened {
  explicit Opened(Bytes image, const format::EntryCipher* cipher = nullptr)
      : bytes(std::move(image)), flash(bytes), result(Store::open(flash, allocator, cipher, statistics)) {
    test::keep_image(bytes, {.made_by = "page by page, and changed", .engine = cipher == nullptr ? seen() : ""});
  }

  // What the oracle must have seen, too.
  std::string seen() {
    return std::string("{\"opens\": ") + (result.ok() ? "true" : "false") +
           ", \"written\": " + std::to_string(statistics.written_entries) +
           ", \"decoded\": " + std::to_string(statistics.decoded_entries) + "}";
  }

  Store& store() { return result.value(); }
  ErrorCode error() { return result.ok() ? ErrorCode::kNone : result.error().code; }

  Result<Bytes> get(std::string_view ns, std::string_view key) {
    const auto index = store().namespace_index(*Name::from(ns));
    if (!index) return index.failed();
    const auto item = store().find(*index, *Name::from(key));
    if (!item) return item.failed();
    Bytes out(item->size);
    if (const auto read = store().read_value(*item, out); !read) return read.failed();
    return out;
  }
  // "ns/key" of every live item, in order of iteration.
  std::vector<std::string> keys() {
    std::vector<std::string> out;
    EXPECT_TRUE(store()
                    .for_each_item([&](const ItemInfo& item) -> Result<void> {
                      out.push_back(std::string(store().namespace_name(item.namespace_index).view()) + "/" +
                                    std::string(item.key.view()));
                      return {};
                    })
                    .ok());
    return out;
  }
  std::map<FindingCode, std::uint32_t> findings() {
    EXPECT_TRUE(store().check().ok());
    std::map<FindingCode, std::uint32_t> out;
    for (const Finding& finding : store().findings()) out[finding.code] += finding.count;
    return out;
  }

  Bytes bytes;
  flash::SpanFlash flash;
  test::CountingAllocator allocator;
  Statistics statistics;
  Result<Store> result;
};

Bytes text(std::string_view content) {
  Bytes out(content.begin(), content.end());
  out.push_back(0);
  return out;
}

NvsWriter sample() {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("wifi", 1).string(1, "ssid", "home").name_space("cloud", 2);
  writer.number(2, "interval", ValueType::kU32, 300).chunk(2, "cert", 0, test::random_bytes(100, 1));
  writer.blob_index(2, "cert", 100, 1);
  return writer;
}

TEST(Store, gives_every_kind_of_value_back) {
  NvsWriter writer(4);
  writer.page(0, 0).name_space("a", 1);
  writer.number(1, "u8", ValueType::kU8, 0xFE).number(1, "i64", ValueType::kI64, 0xFFFFFFFFFFFFFFFE);
  writer.number(1, "float", ValueType::kFloat, 0x3FC00000).number(1, "double", ValueType::kDouble, 1);
  writer.string(1, "text", "").blob_v1(1, "old", test::random_bytes(70, 4));
  writer.chunk(1, "blob", 0x80, test::random_bytes(3000, 5));
  writer.page(1, 1).chunk(1, "blob", 0x81, test::random_bytes(33, 6)).blob_index(1, "blob", 3033, 2, 0x80);
  writer.chunk(1, "empty", 0, {}).blob_index(1, "empty", 0, 1);
  Opened opened(writer.bytes());
  ASSERT_EQ(opened.error(), ErrorCode::kNone);
  EXPECT_EQ(*opened.get("a", "u8"), Bytes{0xFE});
  EXPECT_EQ(*opened.get("a", "i64"), (Bytes{0xFE, 255, 255, 255, 255, 255, 255, 255}));
  EXPECT_EQ(*opened.get("a", "float"), (Bytes{0, 0, 0xC0, 0x3F}));
  EXPECT_EQ(opened.get("a", "double")->size(), 8u);
  EXPECT_EQ(*opened.get("a", "text"), Bytes{0});
  EXPECT_EQ(*opened.get("a", "old"), test::random_bytes(70, 4));
  Bytes blob = test::random_bytes(3000, 5);
  const Bytes tail = test::random_bytes(33, 6);
  blob.insert(blob.end(), tail.begin(), tail.end());
  EXPECT_EQ(*opened.get("a", "blob"), blob);
  EXPECT_EQ(*opened.get("a", "empty"), Bytes{});
  EXPECT_TRUE(opened.findings().empty());
}

TEST(Store, lists_items_from_the_oldest_to_the_newest) {
  NvsWriter writer(4);
  writer.page(2, 7).number(1, "later", ValueType::kU8, 2);
  writer.page(1, 6, PageState::kFull).name_space("a", 1).number(1, "early", ValueType::kU8, 1);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.keys(), (std::vector<std::string>{"a/early", "a/later"}));
}

TEST(Store, opens_what_was_encrypted_with_its_key_only) {
  auto right = format::EntryCipher::create(test::test_key(1));
  auto wrong = format::EntryCipher::create(test::test_key(2));
  const Bytes image = sample().encrypted(*right);
  Opened with_right(image, &*right);
  ASSERT_EQ(with_right.error(), ErrorCode::kNone);
  EXPECT_EQ(*with_right.get("wifi", "ssid"), text("home"));
  EXPECT_EQ(with_right.findings().size(), 0u);

  Opened with_wrong(image, &*wrong);
  EXPECT_EQ(with_wrong.error(), ErrorCode::kKeyProof);
  EXPECT_EQ(with_wrong.statistics.written_entries, 11u);
  EXPECT_EQ(with_wrong.statistics.decoded_entries, 0u);
  EXPECT_EQ(Opened(image).error(), ErrorCode::kKeyProof);
  EXPECT_EQ(Opened(sample().bytes(), &*right).error(), ErrorCode::kKeyProof);
}

TEST(Store, blank_flash_opens_and_says_so) {
  Opened opened(Bytes(3 * 4096, 0xFF));
  ASSERT_EQ(opened.error(), ErrorCode::kNone);
  EXPECT_TRUE(opened.statistics.is_blank());
  EXPECT_EQ(opened.keys().size(), 0u);
}

TEST(Store, a_page_of_unknown_state_is_not_blank) {
  NvsWriter writer(3);
  writer.page(0, 0).flip(28);
  Opened opened(writer.bytes());
  ASSERT_EQ(opened.error(), ErrorCode::kNone);
  EXPECT_FALSE(opened.statistics.is_blank());
  EXPECT_EQ(opened.statistics.pinned_page_count, 1u);
}

TEST(Store, refuses_sizes_that_are_no_pages) {
  EXPECT_EQ(Opened(Bytes{}).error(), ErrorCode::kBadSize);
  EXPECT_EQ(Opened(Bytes(4095, 0xFF)).error(), ErrorCode::kBadSize);
}

TEST(Store, refuses_a_newer_page_format) {
  NvsWriter writer = sample();
  writer.page(1, 1, PageState::kActive, 0xFD);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.error(), ErrorCode::kUnsupportedVersion);
  EXPECT_EQ(opened.result.error().page_index, 1u);
}

TEST(Store, reads_version_1_pages) {
  NvsWriter writer(3);
  writer.page(0, 0, PageState::kActive, format::kVersion1).name_space("a", 1).blob_v1(1, "b", {1, 2, 3});
  EXPECT_EQ(*Opened(writer.bytes()).get("a", "b"), (Bytes{1, 2, 3}));
}

TEST(Store, the_newest_copy_of_a_key_wins) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1).number(1, "x", ValueType::kU8, 1);
  writer.page(2, 1).number(1, "x", ValueType::kU8, 2).number(1, "x", ValueType::kU16, 3);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("a", "x"), (Bytes{3, 0}));
  EXPECT_EQ(opened.keys().size(), 1u);
  EXPECT_EQ(opened.findings()[FindingCode::kItemSuperseded], 2u);
  EXPECT_EQ(opened.statistics.used_entries, 2u);
}

TEST(Store, keys_that_differ_in_namespace_or_one_letter_are_others) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).name_space("b", 2);
  writer.number(1, "x", ValueType::kU8, 1).number(2, "x", ValueType::kU8, 2).number(1, "y", ValueType::kU8, 3);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("a", "x"), Bytes{1});
  EXPECT_EQ(*opened.get("b", "x"), Bytes{2});
  EXPECT_EQ(*opened.get("a", "y"), Bytes{3});
}

TEST(Store, what_is_not_there_is_not_found) {
  Opened opened(sample().bytes());
  EXPECT_EQ(opened.get("wifi", "nope").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(opened.get("nope", "ssid").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(opened.get("cloud", "ssid").error().code, ErrorCode::kNotFound);
}

// The new index is written and one of its chunks is not: the old version is the newest complete one.
TEST(Store, an_incomplete_blob_leaves_the_older_version_readable) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1);
  writer.chunk(1, "b", 0, {1, 2, 3}).blob_index(1, "b", 3, 1, 0);
  writer.page(1, 1).chunk(1, "b", 0x80, {4, 5, 6}).blob_index(1, "b", 6, 2, 0x80);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("a", "b"), (Bytes{1, 2, 3}));
  EXPECT_EQ(opened.keys().size(), 1u);
  EXPECT_EQ(opened.findings()[FindingCode::kBlobIncomplete], 1u);
}

TEST(Store, a_blob_without_its_chunk_is_damaged_not_missing) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).blob_index(1, "b", 3, 1);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.get("a", "b").error().code, ErrorCode::kDamaged);
  EXPECT_EQ(opened.findings()[FindingCode::kBlobIncomplete], 1u);
}

TEST(Store, a_blob_whose_size_is_not_that_of_its_chunks_is_damaged) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).chunk(1, "b", 0, {1, 2, 3}).blob_index(1, "b", 4, 1);
  writer.chunk(1, "c", 0, {1, 2, 3}).blob_index(1, "c", 2, 1);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.get("a", "b").error().code, ErrorCode::kDamaged);
  EXPECT_EQ(opened.get("a", "c").error().code, ErrorCode::kDamaged);
}

TEST(Store, chunks_that_no_blob_names_are_found_and_not_listed) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).chunk(1, "b", 0, {1, 2, 3});
  Opened opened(writer.bytes());
  EXPECT_TRUE(opened.keys().empty());
  EXPECT_EQ(opened.findings()[FindingCode::kChunkOrphaned], 2u);
}

TEST(Store, damaged_data_are_damaged_and_hide_no_older_copy) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1).string(1, "both", "old");
  writer.page(1, 1).string(1, "both", "new").string(1, "only", "gone");
  writer.flip(64 + 32).flip(64 + 3 * 32);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("a", "both"), text("old"));
  const auto only = opened.get("a", "only");
  EXPECT_EQ(only.error().code, ErrorCode::kDamaged);
  EXPECT_EQ(only.error().page_index, 1u);
  EXPECT_EQ(only.error().entry_index, 2u);
  EXPECT_EQ(opened.findings()[FindingCode::kDataDamaged], 2u);
}

TEST(Store, an_entry_that_does_not_decode_pins_its_page_and_hides_nothing_else) {
  NvsWriter writer = sample();
  writer.flip(64 + 4 * 32 + 10);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("wifi", "ssid"), text("home"));
  EXPECT_EQ(opened.findings()[FindingCode::kEntryUndecodable], 1u);
  EXPECT_TRUE(opened.store().pages()[0].is_pinned);
  EXPECT_EQ(opened.statistics.decoded_entries, opened.statistics.written_entries - 1);
}

TEST(Store, erased_entries_are_gone) {
  NvsWriter writer = sample();
  writer.mark(1, format::EntryState::kErased).mark(2, format::EntryState::kErased);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.get("wifi", "ssid").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(opened.findings().empty());
  EXPECT_EQ(opened.statistics.erased_entries, 2u);
}

TEST(Store, torn_writes_are_findings_and_no_values) {
  NvsWriter writer = sample();
  writer.string(1, "half", "a text over two entries, at least this long");
  writer.mark(writer.next_entry() - 1, format::EntryState::kEmpty);
  writer.mark(100, format::EntryState::kIllegal).flip(64 + 120 * 32);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.get("wifi", "half").error().code, ErrorCode::kNotFound);
  auto findings = opened.findings();
  EXPECT_EQ(findings[FindingCode::kItemTorn], 1u);
  EXPECT_EQ(findings[FindingCode::kStateIllegal], 1u);
  EXPECT_EQ(findings[FindingCode::kEntryTorn], 2u);  // the data entry marked empty, and the one flipped
}

TEST(Store, a_page_with_a_damaged_header_is_counted_pinned_and_not_read) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1).number(1, "x", ValueType::kU8, 1).flip(4);
  writer.page(1, 1).name_space("b", 2).number(2, "y", ValueType::kU8, 2);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.keys(), std::vector<std::string>{"b/y"});
  EXPECT_EQ(opened.findings()[FindingCode::kPageHeaderDamaged], 2u);
  EXPECT_TRUE(opened.store().pages()[0].is_pinned);
  EXPECT_FALSE(opened.store().pages()[1].is_pinned);
}

// A damaged header does not stand in the way of the proof: its entries decode, so the key is right.
TEST(Store, entries_of_a_damaged_page_prove_the_key) {
  auto right = format::EntryCipher::create(test::test_key(1));
  auto wrong = format::EntryCipher::create(test::test_key(2));
  const Bytes image = sample().flip(4).encrypted(*right);
  EXPECT_EQ(Opened(image, &*right).error(), ErrorCode::kNone);
  EXPECT_EQ(Opened(image, &*wrong).error(), ErrorCode::kKeyProof);
}

TEST(Store, a_cut_collection_shows_each_key_once) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFreeing).name_space("a", 1).number(1, "x", ValueType::kU8, 1);
  writer.number(1, "y", ValueType::kU8, 2);
  writer.page(1, 1).name_space("a", 1).number(1, "x", ValueType::kU8, 1);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.keys().size(), 2u);
  EXPECT_EQ(opened.statistics.namespace_count, 1u);
  EXPECT_EQ(opened.statistics.used_entries, 3u);
  auto findings = opened.findings();
  EXPECT_EQ(findings[FindingCode::kPageFreeing], 1u);
  EXPECT_EQ(findings.count(FindingCode::kNamespaceTwice), 0u);
}

// A blob index that no writer makes: it must neither cost memory nor stand for its own chunk.
TEST(Store, an_impossible_blob_index_is_damaged_and_hides_nothing_else) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1);
  writer.blob_index(1, "huge", 0xFFFFFFFF, 2).blob_index(1, "self", 32, 1, 0xFF).blob_index(1, "many", 4, 128);
  writer.number(1, "good", ValueType::kU8, 7);
  Opened opened(writer.bytes());
  for (const char* key : {"huge", "self", "many"}) {
    EXPECT_EQ(opened.get("a", key).error().code, ErrorCode::kDamaged) << key;
  }
  EXPECT_EQ(opened.keys(), std::vector<std::string>{"a/good"});
  EXPECT_EQ(opened.findings()[FindingCode::kEntryFaulty], 3u);
}

// Left by a failed update: a chunk that is newer than the blob's index belongs to no finished value.
TEST(Store, a_chunk_newer_than_its_index_changes_no_value) {
  for (const std::size_t size : {std::size_t{3}, std::size_t{2}}) {
    NvsWriter writer(4);
    writer.page(0, 0, PageState::kFull).name_space("a", 1);
    writer.chunk(1, "b", 0, {1, 2, 3}).blob_index(1, "b", 3, 1);
    writer.page(1, 1).chunk(1, "b", 0, Bytes(size, 9));
    Opened opened(writer.bytes());
    EXPECT_EQ(*opened.get("a", "b"), (Bytes{1, 2, 3})) << size;
    EXPECT_EQ(opened.findings()[FindingCode::kChunkOrphaned], 2u);
    EXPECT_EQ(opened.statistics.used_entries, 4u);
  }
}

// Left by two failed updates, one after the other: neither chunk belongs to a finished value.
TEST(Store, of_several_chunks_newer_than_their_index_none_changes_a_value) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1);
  writer.chunk(1, "b", 0, {1, 2, 3}).blob_index(1, "b", 3, 1);
  writer.page(1, 1).chunk(1, "b", 0, {9, 9, 9}).chunk(1, "b", 0, {8, 8, 8});
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("a", "b"), (Bytes{1, 2, 3}));
  EXPECT_EQ(opened.findings()[FindingCode::kChunkOrphaned], 4u);
}

// As when the chunk was moved behind its index, and an update failed later.
TEST(Store, of_chunks_newer_than_their_index_the_oldest_is_its_own) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1).blob_index(1, "b", 3, 1);
  writer.page(1, 1).chunk(1, "b", 0, {1, 2, 3}).chunk(1, "b", 0, {9, 9, 9});
  EXPECT_EQ(*Opened(writer.bytes()).get("a", "b"), (Bytes{1, 2, 3}));
}

TEST(Store, a_chunk_gives_way_to_no_item_of_another_type) {
  NvsWriter writer(4);
  format::Entry unknown;
  unknown.namespace_index = 1;
  unknown.type = static_cast<ValueType>(0x99);
  unknown.span = 1;
  unknown.chunk_index = 0;
  unknown.key = {'b'};
  writer.page(0, 0, PageState::kFull).name_space("a", 1).put(unknown, {}).blob_index(1, "b", 3, 1);
  writer.page(1, 1).chunk(1, "b", 0, {1, 2, 3});
  EXPECT_EQ(*Opened(writer.bytes()).get("a", "b"), (Bytes{1, 2, 3}));
}

// A collection moves a chunk behind its index: then the newer copy is the only one, or equal.
TEST(Store, a_chunk_that_was_moved_is_read) {
  NvsWriter writer(4);
  writer.page(0, 0, PageState::kFull).name_space("a", 1).blob_index(1, "b", 3, 1);
  writer.page(1, 1).chunk(1, "b", 0, {1, 2, 3});
  EXPECT_EQ(*Opened(writer.bytes()).get("a", "b"), (Bytes{1, 2, 3}));
}

TEST(Store, a_value_says_when_a_newer_copy_of_it_is_damaged) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).string(1, "s", "old").string(1, "s", "new").string(1, "t", "x");
  writer.flip(64 + 4 * 32);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.get("a", "s"), text("old"));
  EXPECT_TRUE(opened.store().find(1, *Name::from("s"))->is_older_copy);
  EXPECT_FALSE(opened.store().find(1, *Name::from("t"))->is_older_copy);
}

// Every definition of a hostile image clashes with every other: time and memory stay in proportion to the image.
TEST(Store, clashing_namespaces_cost_no_more_than_their_number) {
  NvsWriter writer(40);
  for (std::uint32_t page = 0; page < 39; ++page) {
    writer.page(page, page, PageState::kFull);
    for (std::uint32_t i = 0; i < 126; ++i) writer.name_space("n" + std::to_string(page * 126 + i), 1);
  }
  Opened opened(writer.bytes());
  ASSERT_EQ(opened.error(), ErrorCode::kNone);
  EXPECT_LE(opened.store().findings().size(), 1024u);
  EXPECT_EQ(opened.store().findings().size() + opened.store().statistics().findings_left_out, 39u * 126 - 1);
  EXPECT_LE(opened.allocator.peak(), opened.bytes.size());
}

TEST(Store, namespaces_that_clash_are_found) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1).name_space("a", 2).name_space("b", 1);
  Opened opened(writer.bytes());
  EXPECT_EQ(*opened.store().namespace_index(*Name::from("a")), 1u);
  EXPECT_EQ(opened.findings()[FindingCode::kNamespaceTwice], 2u);
}

TEST(Store, items_of_no_namespace_are_found_and_listed) {
  NvsWriter writer(3);
  writer.page(0, 0).number(9, "lost", ValueType::kU8, 1).number(9, "too", ValueType::kU8, 1);
  Opened opened(writer.bytes());
  EXPECT_EQ(opened.keys(), (std::vector<std::string>{"/lost", "/too"}));
  EXPECT_EQ(opened.findings()[FindingCode::kNamespaceUndefined], 1u);
}

TEST(Store, entries_that_make_no_sense_are_found) {
  NvsWriter writer(3);
  writer.page(0, 0).name_space("a", 1);
  format::Entry entry;
  entry.namespace_index = 1;
  entry.key = {'z'};
  entry.span = 3;
  writer.put(entry, {}).at(10).number(1, "x", ValueType::kU8, 1);
  format::Entry unknown = entry;
  unknown.type = static_cast<ValueType>(0x99);
  unknown.span = 2;
  writer.put(unknown, {});
  Opened opened(writer.bytes());
  auto findings = opened.findings();
  EXPECT_EQ(findings[FindingCode::kEntryFaulty], 1u);
  EXPECT_EQ(findings[FindingCode::kTypeUnknown], 1u);
  EXPECT_EQ(*opened.get("a", "x"), Bytes{1});
}

TEST(Store, other_troubles_of_pages_are_found) {
  NvsWriter writer(3);
  writer.page(2, 6, PageState::kFull);
  writer.page(0, 5).name_space("a", 1).number(1, "x", ValueType::kU8, 1);
  writer.page(1, 5).number(1, "y", ValueType::kU8, 1);
  auto findings = Opened(writer.bytes()).findings();
  EXPECT_EQ(findings[FindingCode::kSequenceTwice], 1u);
  EXPECT_EQ(findings[FindingCode::kNoFreePage], 1u);

  NvsWriter dirty = sample();
  dirty.page(1, 1, PageState::kEmpty);
  EXPECT_EQ(Opened(dirty.bytes()).findings()[FindingCode::kPageDirty], 1u);
}

TEST(Store, a_failing_allocation_is_an_error_and_leaks_nothing) {
  const Bytes image = sample().bytes();
  for (std::size_t at = 0;; ++at) {
    test::CountingAllocator allocator;
    allocator.fail_at(at);
    flash::SpanFlash flash(image);
    Statistics statistics;
    const auto store = Store::open(flash, allocator, nullptr, statistics);
    if (store.ok()) {
      EXPECT_GT(at, 4u);
      break;
    }
    EXPECT_EQ(store.error().code, ErrorCode::kNoMemory) << at;
  }
}

// Every bit of an image flipped alone: a value is right, or it is an error; nothing crashes.
TEST(Store, a_flipped_bit_gives_the_right_value_or_an_error) {
  const Bytes image = sample().bytes();
  const Bytes cert = test::random_bytes(100, 1);
  for (std::size_t bit = 0; bit < 4096 * 8; ++bit) {
    if (bit >= 12 * 32 * 8 + 64 * 8 && bit % 97 != 0) continue;  // blank entries: a sample is enough
    Bytes flipped = image;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1 << (bit % 8)));
    Opened opened(flipped);
    if (!opened.result.ok()) continue;
    static_cast<void>(opened.findings());
    if (const auto value = opened.get("wifi", "ssid")) {
      ASSERT_EQ(*value, text("home")) << bit;
    }
    if (const auto value = opened.get("cloud", "interval")) {
      ASSERT_EQ(*value, (Bytes{0x2C, 1, 0, 0})) << bit;
    }
    if (const auto value = opened.get("cloud", "cert")) {
      ASSERT_EQ(*value, cert) << bit;
    }
  }
}

TEST(Store, random_bytes_open_to_an_error_or_to_nothing) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    Bytes image = test::random_bytes(3 * 4096, seed);
    if (seed % 2 == 0) {  // a plausible header, so that the entries are looked at
      format::encode_page_header({PageState::kActive, seed, format::kVersion2},
                                 std::span<std::uint8_t, 32>(image.data(), 32));
    }
    Opened opened(image);
    if (!opened.result.ok()) continue;
    EXPECT_TRUE(opened.keys().empty()) << seed;
  }
}

// Mutations of a sound image reach deeper than random bytes do.
TEST(Store, mutated_images_never_crash) {
  const Bytes image = sample().bytes();
  std::mt19937 random(1);
  for (int round = 0; round < 3000; ++round) {
    Bytes mutated = image;
    for (int i = 0; i < 1 + round % 8; ++i) {
      mutated[random() % 600] = static_cast<std::uint8_t>(random());
    }
    Opened opened(mutated);
    if (!opened.result.ok()) continue;
    static_cast<void>(opened.findings());
    for (const std::string& key : opened.keys()) {
      static_cast<void>(opened.get(key.substr(0, key.find('/')), key.substr(key.find('/') + 1)));
    }
  }
}

}  // namespace
}  // namespace nvsafe::store
