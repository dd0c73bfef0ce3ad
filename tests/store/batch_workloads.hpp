// Batches that the tests cut, fail and count, and the states in which a cut may leave them.
#pragma once

#include "store/batch.hpp"
#include "store/stock_judge.hpp"
#include "store/workloads.hpp"

namespace nvsafe::store {

struct BatchWorkload {
  std::string name;
  std::uint32_t page_count;
  std::vector<Operation> before;
  std::vector<std::vector<Operation>> batches;
  bool is_as_one = false;  // commit_all_or_nothing()
};

inline Result<void> put(Batch& batch, Store& store, const Operation& operation) {
  const auto index = store.namespace_index(*Name::from(operation.space));
  if (!index) return index.failed();
  const Name key = *Name::from(operation.key);
  if (operation.kind == Operation::Kind::kErase) return batch.erase(*index, key);
  return batch.set(*index, key, operation.value.type, operation.value.bytes);
}

// u32 updates of n`first`...
inline std::vector<Operation> number_updates(std::uint32_t count, std::uint32_t first, std::uint32_t value) {
  std::vector<Operation> operations;
  for (std::uint32_t i = first; i < first + count; ++i) {
    operations.push_back(set("n" + std::to_string(i), number(ValueType::kU32, value + i)));
  }
  return operations;
}

inline std::vector<BatchWorkload> batch_workloads() {
  std::vector<BatchWorkload> all;
  {
    BatchWorkload updates{"batch: numbers updated, new and erased", 3, numbers(8), {number_updates(8, 0, 500)}};
    append(updates.before, {set("s", string(40, 1)), set("b", blob(40, 1))});
    updates.batches.push_back({set("n1", number(ValueType::kU32, 7)), erase("n2"), set("x", number(ValueType::kI8, 1)),
                               erase("s"), set("n3", number(ValueType::kU32, 8)), erase("b"),
                               set("y", number(ValueType::kU64, 2)), set("n5", number(ValueType::kU32, 9))});
    all.push_back(updates);
  }
  {
    // The old versions stand on a page that is FULL.
    BatchWorkload across{"batch: numbers across a page end", 4, numbers(12), {}};
    append(across.before, updates_of("n11", 108));
    across.batches = {number_updates(12, 0, 900)};
    all.push_back(across);
  }
  all.push_back({"batch: every kind of value",
                 6,
                 {set("n0", number(ValueType::kU32, 1)), set("n1", number(ValueType::kU32, 2)), set("s", string(70, 1)),
                  set("b", blob(100, 1)), set("t", number(ValueType::kU8, 1)), set("e", string(40, 1))},
                 {{set("n0", number(ValueType::kU32, 3)), set("s", string(90, 2)),
                   set("n1", number(ValueType::kU32, 4)), set("b", blob(90, 2)), set("new", number(ValueType::kU16, 5)),
                   set("t", string(20, 3)), erase("e"), set("c", blob(300, 3))}}});
  for (const std::uint32_t page_count : {3u, 5u}) {
    BatchWorkload collection{
        "batch: room is made, " + std::to_string(page_count) + " pages", page_count, numbers(40), {}};
    append(collection.before, {set("s", string(200, 1)), set("b", blob(300, 1))});
    append(collection.before, updates_of("n3", 126 * (page_count - 1) - 62));
    collection.batches = {number_updates(14, 4, 3000)};
    append(collection.batches[0], {set("s", string(190, 2)), set("n30", number(ValueType::kU32, 1))});
    all.push_back(collection);
  }
  {
    BatchWorkload full{"batch: at 100 % full", 3, {create("space")}, {}};
    full.before = numbers(251);
    full.batches = {number_updates(4, 60, 4000)};
    append(full.batches[0], {erase("n9"), set("n200", number(ValueType::kI16, 3))});
    all.push_back(full);
  }
  {
    BatchWorkload one{"batch as one: numbers and strings of one page", 3, numbers(12), {}, true};
    append(one.before,
           {set("s", string(50, 1)), set("e", string(40, 2)), set("t", string(33, 3)), set("b", blob(60, 1))});
    one.batches = {number_updates(5, 2, 700)};
    one.batches.push_back({set("n8", number(ValueType::kU32, 1)), set("s", string(80, 5)), set("e", string(10, 5)),
                           set("t", number(ValueType::kU8, 9)), set("n0", number(ValueType::kI64, 1)),
                           set("n9", string(5, 1))});
    all.push_back(one);
  }
  {
    BatchWorkload moved{"batch as one: brought together on the active page", 5, numbers(10), {}, true};
    append(moved.before, {set("s", string(50, 1))});
    append(moved.before, updates_of("hot", 126 - 10));
    append(moved.before, numbers(4, 20));
    moved.batches = {number_updates(3, 2, 700)};
    append(moved.batches[0],
           {set("n21", number(ValueType::kU32, 9)), set("s", string(60, 2)), set("n22", string(20, 4))});
    all.push_back(moved);
  }
  {
    BatchWorkload fresh{"batch as one: brought together on a fresh page", 5, numbers(10), {}, true};
    append(fresh.before, {set("s", string(50, 1))});
    append(fresh.before, numbers(126 + 100, 20));
    fresh.batches = {{set("n2", number(ValueType::kU32, 1)), set("s", string(60, 2)),
                      set("n30", number(ValueType::kU8, 2)), set("n150", number(ValueType::kU32, 9))}};
    all.push_back(fresh);
  }
  {
    BatchWorkload full{"batch as one: at 100 % full", 3, numbers(251), {number_updates(6, 20, 5000)}, true};
    full.batches[0].push_back(set("n30", number(ValueType::kI16, 1)));
    all.push_back(full);
  }
  return all;
}

inline sim::RamNor start_image(const BatchWorkload& workload, const format::EntryCipher* cipher) {
  return start_image(Workload{workload.name, workload.page_count, workload.before, {}}, cipher);
}

// Where a check takes long, fewer of them.
inline bool is_long(const BatchWorkload& workload) {
  const auto has = [&](std::string_view words) { return workload.name.find(words) != std::string::npos; };
  return has("100 %") || has("made") || has("fresh");
}

// The states that a commit goes through, in order: key by key, or the first and the last.
inline std::vector<Model> states_of(const Model& before, const std::vector<Operation>& batch, bool is_as_one) {
  std::vector<Model> states = {before};
  Model model = before;
  for (const Operation& operation : batch) {
    model.apply(operation);
    if (!is_as_one) states.push_back(model);
  }
  if (is_as_one) states.push_back(model);
  return states;
}

struct BatchProgress {
  std::vector<Model> states;  // in one of which the partition must be
  std::string problem;
};

// Commits until one fails.
inline void run(Flash& flash, const BatchWorkload& workload, const format::EntryCipher* cipher, BatchProgress& progress,
                const MountOptions& options = {}) {
  progress = {{model_of(workload.before)}, ""};
  Mounted mounted(flash, cipher, options);
  if (!mounted.ok()) return;
  Bytes memory(4096);
  Batch batch(mounted.store(), memory);
  for (const std::vector<Operation>& operations : workload.batches) {
    for (const Operation& operation : operations) {
      const auto done = put(batch, mounted.store(), operation);
      if (!done && done.error().code == ErrorCode::kPowerLost) return;
      if (!done) progress.problem = operation.key + ": error " + std::to_string(int(done.error().code));
    }
    progress.states = states_of(progress.states.back(), operations, workload.is_as_one);
    const auto done = workload.is_as_one ? batch.commit_all_or_nothing() : batch.commit();
    if (!done && done.error().code == ErrorCode::kPowerLost) return;
    if (!done) progress.problem = "commit: error " + std::to_string(int(done.error().code));
    if (!done) return;
    progress.states.erase(progress.states.begin(), progress.states.end() - 1);
  }
}

// Empty: what `engine` holds is one of the states, which `held` then is. Otherwise what is wrong with the last one.
template <typename Engine>
std::string is_one_of(Engine& engine, const std::vector<Model>& states, Model& held) {
  std::string problem;
  for (std::size_t i = states.size(); i-- > 0;) {
    held = states[i];
    const std::string difference = engine.compare(held);
    if (difference.empty()) return "";
    if (problem.empty()) problem = "none of " + std::to_string(states.size()) + " states; of the last: " + difference;
  }
  return problem;
}

inline std::string judge(sim::RamNor& flash, const format::EntryCipher* cipher, const BatchProgress& progress) {
  if (!progress.problem.empty()) return progress.problem;
  Mounted mounted(flash, cipher);
  if (!mounted.ok()) return "mount: error " + std::to_string(int(mounted.error));
  Model held;
  if (const std::string problem = is_one_of(mounted, progress.states, held); !problem.empty()) return problem;
  const auto operations = flash.operation_count();
  mounted.remount();
  if (!mounted.ok()) return "second mount: error " + std::to_string(int(mounted.error));
  if (flash.marginal_bit_count() == 0 && flash.operation_count() != operations)
    return "a second mount changes something";
  if (!mounted.has_free_page()) return "no page is free";
  if (const std::string problem = mounted.compare(held); !problem.empty()) return "later: " + problem;
  if (const std::string problem = write_on(mounted, held); !problem.empty()) return problem;
  mounted.remount();
  if (!mounted.ok()) return "third mount: error " + std::to_string(int(mounted.error));
  if (const std::string problem = mounted.compare(held); !problem.empty()) return "in the end: " + problem;
  return flash.counts().refusals == 0 ? "" : "a rule of the flash was broken";
}

inline std::string judge_with_stock(const sim::RamNor& cut, const format::EntryCipher* cipher,
                                    const BatchProgress& progress) {
  if (!progress.problem.empty()) return progress.problem;
  StockJudge judge{sim::RamNor(cut.bytes()), cipher, {}};
  {
    StockModel stock(judge.flash, cipher);
    if (const StockError error = stock.mount(); error != StockError::kNone) return "stock mount " + hex(error);
    const std::string problem = is_one_of(stock, progress.states, judge.certain);
    if (!problem.empty()) return "stock: " + problem;
  }
  std::string problem;
  for (int round = 1; problem.empty() && round <= 2; ++round) {
    problem = judge.writes_on();
    if (problem.empty()) problem = judge.mounts_and_holds("after more sets, remount " + std::to_string(round));
  }
  return problem.empty() ? judge.ours_agrees() : problem;
}

}  // namespace nvsafe::store
