// Edits of a partition's bytes: what they change and what they leave, what they refuse, and that nothing comes of a
// refused run. That they write as a device does is shown in tests/firmware.
#include "image/edit.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>

#include "flash/span_flash.hpp"
#include "host/heap_allocator.hpp"
#include "nvsafe/memory_flash.hpp"
#include "sim/seeded_random.hpp"
#include "store/store.hpp"
#include "support/nvs_writer.hpp"

namespace nvsafe::image {
namespace {

using test::Bytes;
using text::Exit;

host::HeapAllocator allocator;

const format::EntryCipher& test_cipher(std::uint8_t number) {
  static std::map<std::uint8_t, format::EntryCipher> ciphers;
  const auto known = ciphers.find(number);
  if (known != ciphers.end()) return known->second;
  std::array<std::uint8_t, format::kXtsKeySize> key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * 7 + number);
  auto cipher = format::EntryCipher::create(format::XtsKey(key));
  return ciphers.emplace(number, std::move(cipher).value()).first->second;
}

Bytes text_value(std::string_view text) {
  Bytes bytes(text.begin(), text.end());
  bytes.push_back(0);
  return bytes;
}
Edit set(const std::string& space, const std::string& key, ValueType type, Bytes value) {
  return {.namespace_name = space, .key = key, .type = type, .value = std::move(value)};
}
Edit set_u8(const std::string& space, const std::string& key, std::uint8_t value) {
  return set(space, key, ValueType::kU8, {value});
}
Edit set_text(const std::string& space, const std::string& key, std::string_view text) {
  return set(space, key, ValueType::kString, text_value(text));
}
Edit removal(const std::string& space, const std::string& key) {
  return {.kind = Edit::Kind::kRemove, .namespace_name = space, .key = key};
}
Edit removal_of(const std::string& space) { return {.kind = Edit::Kind::kRemoveNamespace, .namespace_name = space}; }
Edit moving(const std::string& space, const std::string& key, const std::string& to_space, const std::string& to_key,
            bool replaces = false) {
  return {.kind = Edit::Kind::kMove,
          .namespace_name = space,
          .key = key,
          .to_namespace = to_space,
          .to_key = to_key,
          .replaces = replaces};
}

text::Outcome<Edited> run(const Bytes& bytes, const std::vector<Edit>& edits,
                          const format::EntryCipher* cipher = nullptr) {
  return apply_edits(bytes, cipher, edits, "it", allocator);
}

// "ns/key" to the value's bytes.
std::map<std::string, Bytes> values_of(const Bytes& bytes, const format::EntryCipher* cipher = nullptr) {
  flash::SpanFlash flash(bytes);
  store::Statistics statistics;
  auto opened = store::Store::open(flash, allocator, cipher, statistics);
  EXPECT_TRUE(opened.ok());
  std::map<std::string, Bytes> values;
  const auto walked = opened->for_each_item([&](const store::ItemInfo& item) -> Result<void> {
    Bytes value(item.size);
    if (!opened->read_value(item, value)) return {};  // damaged
    values[std::string(opened->namespace_name(item.namespace_index).view()) + '/' + std::string(item.key.view())] =
        std::move(value);
    return {};
  });
  EXPECT_TRUE(walked.ok());
  return values;
}

Bytes small_image() {
  test::NvsWriter writer(3);
  writer.page(0, 0).name_space("wifi", 1).string(1, "ssid", "home").number(1, "channel", ValueType::kU8, 1);
  writer.name_space("cloud", 2).number(2, "interval", ValueType::kU32, 300);
  return {writer.bytes().begin(), writer.bytes().end()};
}

TEST(Edit, sets_change_add_and_leave) {
  const auto edited = run(small_image(), {set_u8("wifi", "channel", 6), set_text("wifi", "ssid", "home"),
                                          set_u8("new", "a", 7), set_u8("cloud", "interval", 9)});
  ASSERT_TRUE(edited.ok());
  ASSERT_EQ(edited->changes.size(), 4u);
  EXPECT_EQ(edited->changes[0].kind, Change::Kind::kReplaced);
  EXPECT_EQ(edited->changes[0].before.bytes, Bytes{1});
  EXPECT_EQ(edited->changes[0].after.bytes, Bytes{6});
  EXPECT_EQ(edited->changes[1].kind, Change::Kind::kUnchanged);
  EXPECT_EQ(edited->changes[2].kind, Change::Kind::kCreated);
  EXPECT_TRUE(edited->changes[2].is_new_namespace);
  EXPECT_EQ(edited->changes[3].kind, Change::Kind::kReplaced);
  EXPECT_EQ(edited->changes[3].before.type, ValueType::kU32);
  EXPECT_EQ(edited->changes[3].after.type, ValueType::kU8);
  const auto values = values_of(edited->bytes);
  EXPECT_EQ(values.size(), 4u);
  EXPECT_EQ(values.at("wifi/channel"), Bytes{6});
  EXPECT_EQ(values.at("wifi/ssid"), text_value("home"));
  EXPECT_EQ(values.at("new/a"), Bytes{7});
  EXPECT_EQ(values.at("cloud/interval"), Bytes{9});
  EXPECT_EQ(edited->changed_sectors, std::vector<std::uint32_t>{0});
  EXPECT_EQ(edited->erase_count, 0u);
}

TEST(Edit, removes_a_key_or_a_namespace) {
  const auto edited = run(small_image(), {removal("wifi", "ssid"), removal_of("cloud")});
  ASSERT_TRUE(edited.ok());
  ASSERT_EQ(edited->changes.size(), 2u);
  EXPECT_EQ(edited->changes[0].before.bytes, text_value("home"));
  EXPECT_EQ(edited->changes[1].key, "interval");
  EXPECT_EQ(edited->changes[1].kind, Change::Kind::kRemoved);
  EXPECT_EQ(values_of(edited->bytes), (std::map<std::string, Bytes>{{"wifi/channel", {1}}}));
}

TEST(Edit, moves_a_value_with_its_type) {
  const auto edited = run(small_image(), {moving("wifi", "ssid", "net", "name")});
  ASSERT_TRUE(edited.ok());
  ASSERT_EQ(edited->changes.size(), 2u);
  EXPECT_EQ(edited->changes[0].kind, Change::Kind::kCreated);
  EXPECT_EQ(edited->changes[0].after.type, ValueType::kString);
  EXPECT_EQ(edited->changes[1].kind, Change::Kind::kRemoved);
  const auto values = values_of(edited->bytes);
  EXPECT_EQ(values.at("net/name"), text_value("home"));
  EXPECT_FALSE(values.contains("wifi/ssid"));
}

TEST(Edit, moves_over_another_key_only_when_asked_to) {
  const auto refused = run(small_image(), {moving("wifi", "ssid", "wifi", "channel")});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().what, "it has a key wifi/channel already");
  const auto edited = run(small_image(), {moving("wifi", "ssid", "wifi", "channel", true)});
  ASSERT_TRUE(edited.ok());
  EXPECT_EQ(values_of(edited->bytes).at("wifi/channel"), text_value("home"));
}

TEST(Edit, without_a_change_the_bytes_are_what_they_were) {
  Bytes bytes = small_image();
  EXPECT_EQ(run(bytes, {set_u8("wifi", "channel", 1), moving("wifi", "ssid", "wifi", "ssid")})->bytes, bytes);
  // Also where a mount would put things in order: an item whose data were not all written.
  test::NvsWriter writer(3);
  writer.page(0, 0).name_space("n", 1).number(1, "a", ValueType::kU8, 1).string(1, "torn", "not all of it");
  writer.mark(3, format::EntryState::kEmpty);
  bytes.assign(writer.bytes().begin(), writer.bytes().end());
  const auto same = run(bytes, {set_u8("n", "a", 1)});
  ASSERT_TRUE(same.ok());
  EXPECT_TRUE(same->changed_sectors.empty());
  EXPECT_EQ(same->bytes, bytes);
  const auto edited = run(bytes, {set_u8("n", "a", 2)});
  ASSERT_TRUE(edited.ok());
  EXPECT_TRUE(edited->was_tidied);
}

struct Refused {
  std::vector<Edit> edits;
  Exit exit;
  std::string what;
  std::string hint;
};

TEST(Edit, what_is_refused_says_why) {
  const std::vector<Refused> all = {
      {{removal("wifi", "sid")}, Exit::kNo, "it has no key wifi/sid", "did you mean 'ssid'?"},
      {{removal("wfi", "ssid")}, Exit::kNo, "it has no namespace wfi", "did you mean 'wifi'?"},
      {{removal_of("clud")}, Exit::kNo, "it has no namespace clud", "did you mean 'cloud'?"},
      {{moving("wifi", "sid", "wifi", "b")}, Exit::kNo, "it has no key wifi/sid", "did you mean 'ssid'?"},
      {{set_u8("wifi", "sixteen_bytes_xx", 1)}, Exit::kUsage, "key sixteen_bytes_xx has 16 bytes", "1 to 15 bytes"},
      {{set_u8("sixteen_bytes_xx", "a", 1)}, Exit::kUsage, "namespace sixteen_bytes_xx has 16 bytes", "1 to 15 bytes"},
      {{set_u8("", "a", 1)}, Exit::kUsage, "a namespace with a name of no bytes", "1 to 15 bytes"},
      {{set_u8("a", "", 1)}, Exit::kUsage, "a key with a name of no bytes", "1 to 15 bytes"},
      {{set("wifi", "a", ValueType::kU32, {1})}, Exit::kBadInput, "wifi/a: not a u32 that a device takes", ""},
      {{set("wifi", "a", ValueType::kString, Bytes(4001, 'x'))},
       Exit::kNo,
       "it: wifi/a has 4001 bytes, and a string there has at most 4000",
       ""},
      {{set("wifi", "a", ValueType::kBlobData, Bytes(8001, 1))},
       Exit::kNo,
       "it: wifi/a has 8001 bytes, and a blob there has at most 8000",
       ""},
      {{set_u8("wifi", "channel", 3), removal("wifi", "gone")}, Exit::kNo, "it has no key wifi/gone", "ls lists them"},
  };
  for (const Refused& row : all) {
    const auto edited = run(small_image(), row.edits);
    ASSERT_FALSE(edited.ok()) << row.what;
    EXPECT_EQ(edited.error().exit, row.exit) << row.what;
    EXPECT_EQ(edited.error().what, row.what);
    EXPECT_NE(edited.error().hint.find(row.hint), std::string::npos) << edited.error().hint;
  }
}

TEST(Edit, no_room_says_what_is_missing_and_what_would_fit) {
  Bytes bytes = small_image();
  const auto full = run(bytes, {set("wifi", "big", ValueType::kBlobData, Bytes(6000, 1))});
  ASSERT_TRUE(full.ok());
  for (const ValueType type : {ValueType::kBlobData, ValueType::kString}) {
    Bytes value(3900, 'y');
    if (type == ValueType::kString) value.back() = 0;
    const auto refused = run(full->bytes, {set("wifi", "more", type, value)});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().exit, Exit::kNo);
    std::smatch match;
    const std::regex form(
        "it has no room for wifi/more: it has 3900 bytes, and (\\d+) are missing; the largest "
        "(string|blob) that fits has (\\d+)( with its NUL)?");
    ASSERT_TRUE(std::regex_match(refused.error().what, match, form)) << refused.error().what;
    const auto largest = static_cast<std::size_t>(std::stoul(match[3]));
    EXPECT_EQ(std::stoul(match[1]), 3900 - largest);
    value.erase(value.begin(), value.end() - static_cast<std::ptrdiff_t>(largest));
    EXPECT_TRUE(run(full->bytes, {set("wifi", "more", type, value)}).ok());
    value.insert(value.begin(), std::uint8_t{'y'});
    EXPECT_FALSE(run(full->bytes, {set("wifi", "more", type, value)}).ok());
  }
}

TEST(Edit, a_wrong_key_changes_nothing) {
  const auto made = run(Bytes(0x3000, 0xFF), {set_text("wifi", "ssid", "home")}, &test_cipher(1));
  ASSERT_TRUE(made.ok());
  for (const format::EntryCipher* cipher : {&test_cipher(2), static_cast<const format::EntryCipher*>(nullptr)}) {
    const auto refused = run(made->bytes, {set_u8("wifi", "channel", 1)}, cipher);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().exit, Exit::kKey);
  }
}

// Half of the partition is under another key: those pages are left alone, however little room there is.
TEST(Edit, pages_that_do_not_decode_stay) {
  const auto mine = run(Bytes(0x6000, 0xFF), {set("n", "a", ValueType::kBlobData, Bytes(7000, 1))}, &test_cipher(1));
  const auto other = run(Bytes(0x6000, 0xFF), {set("n", "b", ValueType::kBlobData, Bytes(7000, 2))}, &test_cipher(2));
  ASSERT_TRUE(mine.ok() && other.ok());
  Bytes bytes = mine->bytes;
  std::copy_n(other->bytes.begin(), 0x1000, bytes.begin() + 0x3000);  // a full one
  bytes[0x3004] = 9;  // its sequence number, which is behind those of the others
  const std::uint32_t crc = format::page_header_crc(format::PageHeaderBytes(&bytes[0x3000], 32));
  store_le32(&bytes[0x3000 + format::kPageHeaderCrcOffset], crc);
  bool was_full = false;
  Bytes now = bytes;
  for (int i = 0; i < 400 && !was_full; ++i) {
    const auto edited =
        run(now, {set("n", "k" + std::to_string(i), ValueType::kBlobData, Bytes(300, 3))}, &test_cipher(1));
    was_full = !edited.ok();
    if (edited.ok()) now = edited->bytes;
    ASSERT_TRUE(std::equal(now.begin() + 0x3000, now.begin() + 0x4000, bytes.begin() + 0x3000)) << i;
  }
  EXPECT_TRUE(was_full);
}

TEST(Edit, unknown_types_and_other_namespaces_stay_byte_for_byte) {
  test::NvsWriter writer(4);
  writer.page(0, 0).name_space("mine", 1).name_space("other", 2).number(2, "x", ValueType::kU8, 1);
  format::Entry unknown{};
  unknown.namespace_index = 2;
  unknown.type = static_cast<ValueType>(0x99);
  unknown.span = 1;
  unknown.chunk_index = format::kChunkIndexNone;
  unknown.key = {'o', 'd', 'd'};
  writer.put(unknown, {}).string(2, "y", "of another").number(1, "a", ValueType::kU8, 1);
  const Bytes bytes(writer.bytes().begin(), writer.bytes().end());
  const auto edited = run(bytes, {set_u8("mine", "a", 2), set_text("mine", "b", "new"), removal("mine", "b")});
  ASSERT_TRUE(edited.ok()) << edited.error().what;
  // Page header and marks aside, the entries that were there: namespaces, x, odd, y with its data.
  EXPECT_TRUE(std::equal(bytes.begin() + 64, bytes.begin() + 64 + 6 * 32, edited->bytes.begin() + 64));
  EXPECT_TRUE(run(edited->bytes, {removal("other", "odd")}).ok());
  EXPECT_FALSE(run(edited->bytes, {moving("other", "odd", "other", "even")}).ok());
}

TEST(Edit, any_bytes_give_an_error_or_a_result) {
  sim::SeededRandom random(7);
  const Bytes good = run(small_image(), {set("wifi", "big", ValueType::kBlobData, Bytes(5000, 1))})->bytes;
  int edited_count = 0;
  for (int i = 0; i < 600; ++i) {
    Bytes bytes = good;
    if (i % 3 == 0) bytes = test::random_bytes(0x3000, static_cast<std::uint32_t>(i));
    if (i % 3 == 1) bytes.resize(random.below(bytes.size()));
    for (std::uint64_t flips = random.below(40); flips > 0 && !bytes.empty(); --flips) {
      bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    }
    const Bytes before = bytes;
    const auto edited = run(bytes, {set_u8("wifi", "channel", 6), set_text("a", "b", "c")});
    EXPECT_EQ(bytes, before);
    if (!edited.ok()) continue;
    ++edited_count;
    EXPECT_EQ(values_of(edited->bytes).at("a/b"), text_value("c"));
  }
  EXPECT_GT(edited_count, 20);
}

}  // namespace
}  // namespace nvsafe::image
