// What the power-cut tests cut: operations that start from an image which others have made.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/ram_nor.hpp"
#include "store/model.hpp"

namespace nvsafe::store {

inline constexpr sim::NorSettings kStrict{.checks_entries = true};

struct Workload {
  std::string name;
  std::uint32_t page_count;
  std::vector<Operation> before;  // makes the image that the cases start from
  std::vector<Operation> cut;
};

inline void append(std::vector<Operation>& operations, std::vector<Operation> more) {
  for (Operation& operation : more) operations.push_back(std::move(operation));
}

inline std::vector<Operation> numbers(std::uint32_t count, std::uint32_t first = 0) {
  std::vector<Operation> operations;
  for (std::uint32_t i = first; i < first + count; ++i) {
    operations.push_back(set("n" + std::to_string(i), number(ValueType::kU32, i)));
  }
  return operations;
}

inline std::vector<Operation> updates_of(const std::string& key, std::uint32_t count) {
  std::vector<Operation> operations;
  for (std::uint32_t i = 0; i < count; ++i) operations.push_back(set(key, number(ValueType::kU32, 1000 + i)));
  return operations;
}

inline Value blank_looking(std::size_t size) {
  Value value = blob(size, 9);
  for (std::size_t i = 0; i < size; i += 32)
    std::fill_n(value.bytes.begin() + static_cast<long>(i), std::min<std::size_t>(4, size - i), 0xFF);
  return value;
}

inline std::vector<Workload> workloads() {
  std::vector<Workload> all;
  all.push_back({"numbers, set and updated",
                 3,
                 numbers(3),
                 {set("n1", number(ValueType::kU32, 77)), set("new", number(ValueType::kI8, 1)), erase("n2"),
                  set("n1", number(ValueType::kU32, 78))}});
  all.push_back({"changes of type",
                 4,
                 numbers(3),
                 {set("n1", string(40, 1)), set("n1", number(ValueType::kU8, 3)), set("n1", blob(70, 1)),
                  set("n1", number(ValueType::kI64, 4)), set("n1", blob(5000, 1)), set("n1", string(10, 2))}});
  {
    Workload change{"change of type, the old one on another page", 4, numbers(2), {}};
    append(change.before, {set("old", string(60, 1)), set("oldblob", blob(60, 1))});
    append(change.before, updates_of("n0", 130));
    change.cut = {set("old", number(ValueType::kU16, 3)), set("oldblob", string(20, 3))};
    all.push_back(change);
  }
  {
    // No page takes both versions, or the index comes to stand on another page than the old version.
    Workload large{"changes of type, large values", 8, numbers(3), {}};
    append(large.before, {set("s", string(4000, 1)), set("t", string(3000, 1)), set("b", blob(200, 1))});
    append(large.before, updates_of("n0", 100));
    large.cut = {set("s", number(ValueType::kU8, 1)),
                 set("n1", string(4000, 2)),
                 set("b", string(4000, 3)),
                 set("n2", blob(5000, 1)),
                 set("t", blob(4500, 2)),
                 set("n1", blob(100, 2))};
    all.push_back(large);
  }
  all.push_back({"strings",
                 3,
                 numbers(2),
                 {set("s", string(30, 1)), set("s", string(100, 2)), set("s", string(1, 3)), set("t", string(33, 4)),
                  erase("s")}});
  all.push_back({"blobs of one page",
                 4,
                 numbers(2),
                 {set("b", blob(40, 1)), set("b", blob(100, 2)), set("b", blob(0, 3)), set("b", blob(1, 4)),
                  set("c", blob(32, 5)), set("b", blob(64, 6)), erase("b")}});
  all.push_back(
      {"values that look blank",
       4,
       numbers(2),
       {set("b", blank_looking(64)), set("b", blank_looking(100)), set("b", blob(40, 1)), set("b", blank_looking(33)),
        set("n0", number(ValueType::kU32, 0xFFFFFFFF)), set("n1", number(ValueType::kU64, ~0ull))}});
  all.push_back({"blobs of two to four pages",
                 8,
                 numbers(30),
                 {set("b", blob(5000, 1)), set("b", blob(9000, 2)), set("b", blob(12500, 3)), set("b", blob(100, 4)),
                  erase("b")}});
  all.push_back({"namespaces",
                 3,
                 {},
                 {create("one"), set("two", "k", number(ValueType::kU8, 1)), set("one", "k", string(40, 1)),
                  set("two", "b", blob(50, 1)), erase_namespace("two"), set("two", "k", number(ValueType::kU8, 2))}});
  for (const std::uint32_t page_count : {3u, 5u}) {
    Workload collection{"collection, " + std::to_string(page_count) + " pages", page_count, numbers(40), {}};
    append(collection.before,
           {set("s", string(200, 1)), set("b", blob(300, 1)), set("other", "x", number(ValueType::kU8, 1))});
    append(collection.before, updates_of("n3", 126 * (page_count - 1) - 80));
    collection.cut = updates_of("n4", 30);
    append(collection.cut, {set("b", blob(400, 2)), set("s", string(300, 2))});
    append(collection.cut, updates_of("n5", 10));
    all.push_back(collection);
  }
  {
    Workload full{"updates at 100 % full", 3, {create("space")}, {}};
    append(full.before, {set("s", string(100, 1)), set("b", blob(200, 1))});
    append(full.before, numbers(252 - 1 - 5 - 9));
    full.cut = {set("n7", number(ValueType::kU32, 99)), set("s", string(90, 2)), set("b", blob(190, 2)),
                set("n8", number(ValueType::kI16, 3))};
    all.push_back(full);
  }
  {
    Workload many{"room made of several pages", 6, numbers(20), {}};
    for (std::uint32_t i = 0; i < 14; ++i) many.before.push_back(set("s" + std::to_string(i), string(1000, i)));
    for (std::uint32_t i = 0; i < 14; i += 2) many.before.push_back(erase("s" + std::to_string(i)));
    many.cut = {set("b", blob(5500, 1)), set("long", string(2000, 1))};
    all.push_back(many);
  }
  {
    // Pages with 97, 73 and 96 live entries, of which no two fit into one: only items put together anew make the room.
    Workload repacked{"room made by putting items together anew", 4, {set("s97", string(95 * 32, 1))}, {}};
    append(repacked.before, {set("e0", string(27 * 32, 1)), set("s65", string(64 * 32, 2))});
    append(repacked.before, numbers(8));
    append(repacked.before, {set("e1", string(52 * 32, 2)), set("s61", string(60 * 32, 3)),
                             set("s9", string(8 * 32, 4)), set("s8", string(7 * 32, 5))});
    append(repacked.before, numbers(18, 8));
    append(repacked.before, {erase("e0"), erase("e1")});
    repacked.cut = {set("s93", string(92 * 32, 6))};
    all.push_back(repacked);
  }
  {
    // Page 0 has not changed for as long as it takes; page 1 is nearly empty; then the page written to is full.
    Workload idle{"idle work and levelling", 4, {}, {}};
    append(idle.before, {set("cold", string(2000, 1)), set("b", blob(1000, 2)), set("s", string(100, 1))});
    append(idle.before, numbers(20));
    append(idle.before, updates_of("n3", 126 * 34));
    idle.cut = {maintain(), set("n4", number(ValueType::kU32, 7)), maintain(), set("b", blob(900, 3)), maintain()};
    append(idle.cut, updates_of("n5", 3));
    all.push_back(idle);
  }
  return all;
}

// Every case instead of those that the seed chooses: make soak.
inline bool tries_all() { return std::getenv("NVSAFE_CUT_ALL") != nullptr; }

// NVSAFE_CUT_SEED, or 1.
inline std::uint64_t chosen_seed() {
  const char* text = std::getenv("NVSAFE_CUT_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

inline sim::RamNor start_image(const Workload& workload, const format::EntryCipher* cipher) {
  sim::RamNor flash(workload.page_count * format::kPageSize, kStrict);
  Mounted mounted(flash, cipher);
  EXPECT_TRUE(mounted.perform(create("space")).ok());
  for (const Operation& operation : workload.before) {
    const auto done = mounted.perform(operation);
    EXPECT_TRUE(done.ok()) << workload.name << ": " << operation.key << " error " << int(done.error().code);
  }
  return flash;
}

inline Model model_of(const std::vector<Operation>& operations) {
  Model model;
  for (const Operation& operation : operations) model.apply(operation);
  return model;
}

// Runs the operations until one fails. What is certain and what is not is kept for the judge.
struct Progress {
  Model certain;
  const Operation* uncertain = nullptr;
  std::string problem;
};

inline void run(Flash& flash, const Workload& workload, const format::EntryCipher* cipher, Progress& progress,
                const MountOptions& options = {}) {
  progress = {model_of(workload.before), nullptr, ""};
  Mounted mounted(flash, cipher, options);
  if (!mounted.ok()) return;
  for (const Operation& operation : workload.cut) {
    progress.uncertain = &operation;
    const auto done = mounted.perform(operation);
    if (!done && done.error().code == ErrorCode::kPowerLost) return;
    if (!done) {
      progress.problem = operation.key + " was refused with error " + std::to_string(int(done.error().code));
      return;
    }
    progress.certain.apply(operation);
    progress.uncertain = nullptr;
  }
}

// Sets that go on after a cut: three rounds over the numbers, then every other value with another first byte.
inline std::vector<Operation> further_sets(const Model& model) {
  std::vector<Operation> more;
  for (std::uint32_t i = 0; i < 3; ++i) {
    for (const auto& [path, value] : model.values()) {
      if (value.type == ValueType::kU32)
        more.push_back(set(path.first, path.second, number(ValueType::kU32, 5000 + i)));
      if (more.size() % 5 == 4) break;
    }
  }
  for (const auto& [path, value] : model.values()) {
    if (value.type == ValueType::kU32) continue;
    Value other = value;
    if (other.bytes.size() > 1) other.bytes[0] ^= 1;
    more.push_back(set(path.first, path.second, other));
  }
  return more;
}

inline std::string write_on(Mounted& mounted, Model& model) {
  for (const Operation& operation : further_sets(model)) {
    const auto done = mounted.perform(operation);
    if (!done && done.error().code == ErrorCode::kNoSpace) continue;  // refused, so nothing has changed
    if (!done) return "writing does not go on: error " + std::to_string(int(done.error().code));
    model.apply(operation);
  }
  return "";
}

}  // namespace nvsafe::store
