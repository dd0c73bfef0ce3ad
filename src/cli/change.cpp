#include "cli/change.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/flash_line.hpp"
#include "cli/listing.hpp"
#include "cli/output.hpp"
#include "host/file_lock.hpp"
#include "host/files.hpp"
#include "host/path.hpp"
#include "image/value_text.hpp"
#include "text/printable.hpp"

namespace nvsafe::cli {
namespace {

using image::Change;

constexpr std::uint32_t kSectorSize = Flash::kSectorSize;

struct Run {
  std::uint32_t offset = 0;
  std::uint32_t size = 0;
};

std::vector<Run> runs_of(std::span<const std::uint32_t> offsets) {
  std::vector<Run> runs;
  for (const std::uint32_t offset : offsets) {
    if (!runs.empty() && runs.back().offset + runs.back().size == offset) {
      runs.back().size += kSectorSize;
    } else {
      runs.push_back({offset, kSectorSize});
    }
  }
  return runs;
}

// The key that opens the partition, or that a blank one is to be written with: nothing is made plain by silence.
struct Cipher {
  std::optional<format::EntryCipher> own;
  const format::EntryCipher* used = nullptr;  // nullptr: plain
  bool is_encrypted = false;
};

Outcome<Cipher> cipher_of_blank(const ChangeArguments& arguments, const OpenedOne& opened, const std::string& where,
                                Context& context) {
  if (arguments.plain) return Cipher{};
  const auto given = opened.file.given();
  const std::span<const image::KeyCandidate> keys = given.empty() ? std::span(opened.file.keys) : given;
  if (keys.empty()) {
    return problem(Exit::kUsage,
                   where + " is blank: should what is written be encrypted? nothing is made plain by silence",
                   "--keys FILE encrypts, --plain does not");
  }
  if (keys.size() > 1) {
    return problem(Exit::kUsage, fmt::format("{} is blank, and {} keys are at hand", where, keys.size()),
                   "--keys with the one to write it with, or --plain");
  }
  auto cipher = format::EntryCipher::create(keys.front().key);
  if (!cipher) return core_failed(cipher.error());
  context.note(fmt::format("note: {} is blank; it is encrypted with {}", where, keys.front().name));
  Cipher result{.is_encrypted = true};
  result.own.emplace(std::move(*cipher));
  return result;
}

Outcome<Cipher> cipher_for(const ChangeArguments& arguments, const OpenedOne& opened, const std::string& where,
                           Context& context) {
  if (opened.partition->store->statistics().is_blank()) return cipher_of_blank(arguments, opened, where, context);
  if (arguments.plain && opened.partition->is_encrypted()) {
    return problem(Exit::kUsage, where + " is encrypted: --plain is for a blank partition", "leave --plain out");
  }
  Cipher result{.is_encrypted = opened.partition->is_encrypted()};
  result.used = opened.partition->cipher ? &*opened.partition->cipher : nullptr;
  return result;
}

// What does not decode may be what is asked for, and stays.
void warn_of_unreadable(const OpenedOne& opened, const std::string& where, const Context& context) {
  const store::Statistics& statistics = opened.partition->store->statistics();
  if (statistics.pinned_page_count == 0) return;
  context.warn(fmt::format("{}: {} of {} written entries do not decode; the {} they are in stay as they are", where,
                           statistics.written_entries - statistics.decoded_entries, statistics.written_entries,
                           counted(statistics.pinned_page_count, "page")));
}

class ChangeRun {
 public:
  ChangeRun(const ChangeArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run(const Planner& plan) {
    if (auto checked = check_arguments(); !checked) return checked.failed();
    auto opened = open_one(arguments_.file, arguments_.partition, arguments_.keys, context_);
    if (!opened) return opened.failed();
    const std::string where = image::describe(*opened->region, opened->file.source->file());
    if (auto edited = edit(*opened, plan, where); !edited) return edited.failed();
    if (auto taken = splice(*opened); !taken) return taken.failed();
    print_changes();
    if (auto written = write(); !written) return written.failed();
    report();
    return Exit::kDone;
  }

 private:
  Outcome<void> check_arguments() {
    path_ = split_partition(arguments_.file).file;
    if (arguments_.output.empty()) return arguments_.dry_run ? Outcome<void>() : check_in_place(path_);
    if (arguments_.dry_run) return {};
    auto outputs = open_output({arguments_.output, host::OutputKind::kSecret}, arguments_.force, {&path_, 1}, context_);
    if (!outputs) return outputs.failed();
    return {};
  }

  Outcome<void> edit(OpenedOne& opened, const Planner& plan, const std::string& where) {
    auto edits = plan(opened);
    if (!edits) return edits.failed();
    auto cipher = cipher_for(arguments_, opened, where, context_);
    if (!cipher) return cipher.failed();
    is_encrypted_ = cipher->is_encrypted;
    warn_of_unreadable(opened, where, context_);
    auto edited = image::apply_edits(opened.region->bytes, cipher->own ? &*cipher->own : cipher->used, *edits, where,
                                     context_.allocator);
    if (!edited) return edited.failed();
    edited_ = std::move(*edited);
    return {};
  }

  // The file with the changed sectors in it. The rest is as it lies there, not as it was read.
  Outcome<void> splice(const OpenedOne& opened) {
    const image::Region& region = *opened.region;
    if (path_ == "-") {
      before_.assign(opened.file.source->bytes().begin(), opened.file.source->bytes().end());
    } else {
      auto bytes = host::read_file(path_);
      if (!bytes) return bytes.failed();
      before_ = std::move(*bytes);
    }
    const auto read = opened.file.source->bytes();
    if (!std::equal(read.begin(), read.end(), before_.begin(), before_.end())) {
      return problem(Exit::kIo, fmt::format("{} was changed by another program meanwhile", path_), "run it again");
    }
    after_ = before_;
    if (auto put = opened.file.source->put(region, edited_.bytes, after_); !put) return put.failed();
    sectors_.has_addresses = !region.name.empty();
    for (const std::uint32_t offset : edited_.changed_sectors) sectors_.offsets.push_back(region.offset + offset);
    return {};
  }

  [[nodiscard]] bool is_in_place() const { return arguments_.output.empty(); }

  Outcome<void> write() {
    if (arguments_.dry_run) return {};
    if (!is_in_place()) {
      return write_output({arguments_.output, host::OutputKind::kSecret}, arguments_.force, {&path_, 1}, after_,
                          context_);
    }
    if (sectors_.offsets.empty()) return {};
    if (auto kept = keep_undo(); !kept) return kept;
    return replace_file(path_, after_);
  }

  // Before the file is replaced.
  Outcome<void> keep_undo() {
    auto journal = read_journal(path_);
    if (!journal) return journal.failed();
    auto step = image::undo_step(before_, after_, sectors_.offsets, sectors_.has_addresses);
    if (!step) return step.failed();
    if (!journal->settle(step->before) && !journal->empty()) {
      context_.note(fmt::format("note: {} was of another content of {}, and begins anew", undo_path(path_), path_));
      journal->clear();
    }
    journal->push(std::move(*step));
    return write_journal(path_, *journal);
  }

  // --- Telling

  [[nodiscard]] bool is_hidden(const Change& change, const Change::Value& value) const {
    if (arguments_.show_secrets || value.is_damaged || !is_known(value.type)) return false;
    return image::is_hidden({change.namespace_name, change.key, value.type, value.bytes}, is_encrypted_);
  }

  [[nodiscard]] std::string value_text(const Change& change, const Change::Value& value) const {
    if (value.is_damaged) return "damaged";
    if (!is_known(value.type)) return "a type this program does not know";
    const image::ValueView view{change.namespace_name, change.key, value.type, value.bytes};
    return is_hidden(change, value) ? image::hidden_text(view) : image::value_text(view);
  }

  [[nodiscard]] std::string change_text(const Change& change) const {
    if (change.kind == Change::Kind::kCreated) return value_text(change, change.after);
    if (change.kind != Change::Kind::kReplaced) return value_text(change, change.before);
    if (is_hidden(change, change.before) || is_hidden(change, change.after)) {
      return fmt::format("{} -> {} bytes, hidden", change.before.bytes.size(), change.after.bytes.size());
    }
    return fmt::format("{} -> {}", value_text(change, change.before), value_text(change, change.after));
  }

  static std::string type_text(const Change& change) {
    const std::string before = image::type_name(change.before.type);
    const std::string after = image::type_name(change.after.type);
    if (change.kind == Change::Kind::kCreated) return after;
    if (change.kind == Change::Kind::kReplaced && before != after) return before + " -> " + after;
    return before;
  }

  static std::string_view mark_of(Change::Kind kind) {
    switch (kind) {
      case Change::Kind::kCreated:
        return "+";
      case Change::Kind::kReplaced:
        return "~";
      case Change::Kind::kRemoved:
        return "-";
      case Change::Kind::kUnchanged:
        break;
    }
    return "=";
  }

  void print_changes() {
    std::size_t path_width = 0;
    std::size_t type_width = 0;
    for (const Change& change : edited_.changes) {
      counts_[static_cast<std::size_t>(change.kind)] += 1;
      path_width = std::max(path_width, text::count_columns(key_text(change.namespace_name, change.key)));
      type_width = std::max(type_width, type_text(change).size());
    }
    if (context_.is_json || writes_to_stdout()) return;
    for (const Change& change : edited_.changes) {
      if (change.kind == Change::Kind::kUnchanged && !context_.is_verbose) continue;
      const std::string path = key_text(change.namespace_name, change.key);
      const std::string type = type_text(change);
      context_.print(fmt::format("{} {}{}  {:<{}}  {}{}", mark_of(change.kind), path,
                                 std::string(path_width - text::count_columns(path), ' '), type, type_width,
                                 change_text(change), change.is_new_namespace ? "  (new namespace)" : ""));
    }
  }

  [[nodiscard]] bool writes_to_stdout() const { return arguments_.output == "-" && !arguments_.dry_run; }
  [[nodiscard]] std::size_t count(Change::Kind kind) const { return counts_[static_cast<std::size_t>(kind)]; }

  void report() {
    if (context_.is_json) {
      context_.print_json(to_json());
      return;
    }
    std::string counts;
    const auto add = [&](Change::Kind kind, const char* word) {
      if (count(kind) > 0) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", count(kind), word);
    };
    add(Change::Kind::kCreated, "added");
    add(Change::Kind::kReplaced, "changed");
    add(Change::Kind::kRemoved, "removed");
    add(Change::Kind::kUnchanged, "as it was");
    if (counts.empty()) counts = "nothing to do";
    const std::string target = arguments_.output.empty() ? path_ : arguments_.output;
    if (sectors_.offsets.empty()) {
      const bool is_written = !is_in_place() && !arguments_.dry_run;
      return tell(fmt::format("{}: {}; {}", target, counts, is_written ? "a copy" : "nothing was written"));
    }
    tell(fmt::format("{}: {}; {}{}", target, counts, sectors_.summary(),
                     arguments_.dry_run ? "; nothing was written (--dry-run)" : ""));
    if (edited_.erase_count > 0) {
      tell(fmt::format("a collection was due: {} erased to make room", was(edited_.erase_count)));
    }
    if (edited_.was_tidied) tell("what a power cut had left was put in order, too");
    if (arguments_.dry_run || target == "-") return;
    for (const std::string& line : sectors_.flash_commands(target)) context_.print(line);
    if (is_in_place() && !context_.is_quiet) context_.print(fmt::format("nvsafe undo {} takes it back", path_));
  }

  // A result, unless stdout is the file itself.
  void tell(const std::string& line) { writes_to_stdout() ? context_.note(line) : context_.print(line); }

  static std::string was(std::uint32_t count) {
    return fmt::format("{} {}", counted(count, "sector"), count == 1 ? "was" : "were");
  }

  [[nodiscard]] text::Json value_json(const Change& change, const Change::Value& value) const {
    text::Json json = text::Json::object();
    json.set("type", image::type_name(value.type)).set("bytes", value.bytes.size());
    if (value.is_damaged || !is_known(value.type)) {
      json.set("value", nullptr);
      if (value.is_damaged) json.set("damaged", true);
    } else if (is_hidden(change, value)) {
      json.set("value", nullptr).set("hidden", true);
    } else {
      set_value(json, value.type, value.bytes);
    }
    return json;
  }

  [[nodiscard]] text::Json to_json() const {
    constexpr std::string_view kNames[] = {"created", "replaced", "removed", "unchanged"};
    text::Json changes = text::Json::array();
    for (const Change& change : edited_.changes) {
      text::Json one = text::Json::object();
      one.set("change", kNames[static_cast<std::size_t>(change.kind)]);
      one.set("namespace", change.namespace_name).set("key", change.key);
      if (change.kind != Change::Kind::kCreated) one.set("before", value_json(change, change.before));
      if (change.kind != Change::Kind::kRemoved) one.set("after", value_json(change, change.after));
      changes.add(std::move(one));
    }
    text::Json offsets = text::Json::array();
    for (const std::uint32_t offset : sectors_.offsets) offsets.add(offset);
    text::Json lines = text::Json::array();
    if (!arguments_.dry_run) {
      for (const std::string& line : sectors_.flash_commands(is_in_place() ? path_ : arguments_.output))
        lines.add(line);
    }
    const bool has_journal = is_in_place() && !arguments_.dry_run && !sectors_.offsets.empty();
    return text::Json::object()
        .set("version", 1)
        .set("file", is_in_place() ? path_ : arguments_.output)
        .set("dry_run", arguments_.dry_run)
        .set("changes", std::move(changes))
        .set("sectors", std::move(offsets))
        .set("sectors_are_addresses", sectors_.has_addresses)
        .set("erased", edited_.erase_count)
        .set("tidied", edited_.was_tidied)
        .set("undo", has_journal ? text::Json(undo_path(path_)) : text::Json(nullptr))
        .set("flash", std::move(lines));
  }

  const ChangeArguments& arguments_;
  Context& context_;
  std::string path_;
  bool is_encrypted_ = false;
  image::Edited edited_;
  std::vector<std::uint8_t> before_;
  std::vector<std::uint8_t> after_;
  SectorLines sectors_;
  std::array<std::size_t, 4> counts_{};
};

}  // namespace

void ChangeArguments::add_to(CLI::App& verb) {
  verb.add_option("-o,--output", output, "Write the result there and leave FILE as it is; - is stdout")
      ->type_name("FILE");
  verb.add_flag("--force", force, "Replace an existing output (never a key file)");
  verb.add_flag("-n,--dry-run", dry_run, "Only say what would change");
  verb.add_flag("--plain", plain, "Write a blank partition without encryption");
  verb.add_flag("--show-secrets", show_secrets, "Show every value");
  keys.add_to(verb);
  partition.add_to(verb);
}

Outcome<Exit> run_change(const ChangeArguments& arguments, const Planner& plan, Context& context) {
  return ChangeRun(arguments, context).run(plan);
}

std::string undo_path(const std::string& file) {
  const std::unique_ptr<char, void (*)(void*)> real(::realpath(file.c_str(), nullptr), std::free);
  const bool is_link = real != nullptr && host::split_path(real.get()).name != host::split_path(file).name;
  return (is_link ? std::string(real.get()) : file) + ".nvsafe-undo";
}

Outcome<image::UndoJournal> read_journal(const std::string& file) {
  const std::string path = undo_path(file);
  if (::access(path.c_str(), F_OK) != 0) return image::UndoJournal();
  auto bytes = host::read_secret_file(path, {.may_be_empty = true});
  if (!bytes) return bytes.failed();
  return image::UndoJournal::decode(bytes->bytes(), path);
}

Outcome<void> write_journal(const std::string& file, const image::UndoJournal& journal) {
  const std::string path = undo_path(file);
  if (journal.empty()) return host::remove_file(path);
  auto bytes = journal.encode();
  if (!bytes) return bytes.failed();
  return host::write_output({path, host::OutputKind::kSecret}, *bytes, {.force = true});
}

Outcome<void> replace_file(const std::string& file, std::span<const std::uint8_t> content) {
  return host::write_output({file, host::OutputKind::kEdited}, content, {.force = true});
}

Outcome<void> check_in_place(const std::string& file) {
  if (file == "-") return problem(Exit::kUsage, "standard input cannot be changed in place", "-o FILE, or -o -");
  if (::access(file.c_str(), F_OK) != 0) return {};  // reading it says what is wrong
  if (!host::is_regular_file(file)) {
    return problem(Exit::kUsage, fmt::format("{}: is no file that can be replaced", file),
                   "-o FILE writes another one");
  }
  if (::access(file.c_str(), W_OK) != 0) {
    return problem(Exit::kIo, fmt::format("{}: is write-protected", file), "-o FILE writes another one");
  }
  return host::lock_until_exit(file);
}

std::string SectorLines::summary() const {
  std::vector<std::string> places;
  for (const Run& run : runs_of(offsets))
    places.push_back(fmt::format("{:#x}-{:#x}", run.offset, run.offset + run.size - 1));
  return fmt::format("{} of 4 KiB: {}", counted(offsets.size(), "sector"), fmt::join(places, ", "));
}

std::vector<std::string> SectorLines::flash_commands(const std::string& file) const {
  std::vector<std::string> lines;
  FlashLine line("");
  const std::string stem = host::split_path(file).name;
  for (const Run& run : runs_of(offsets)) {
    // esptool erases whole sectors of the flash.
    if (run.offset % kSectorSize != 0) return {};
    const std::string part = fmt::format("{}.{:#x}", stem, run.offset);
    lines.push_back(fmt::format("nvsafe extract {}:{:#x}+{:#x} -o {}", file, run.offset, run.size, part));
    line.add(has_addresses ? std::optional(run.offset) : std::nullopt,
             fmt::format("offset of the partition + {:#x}", run.offset), part);
  }
  if (!lines.empty()) lines.push_back(line.text());
  return lines;
}

}  // namespace nvsafe::cli
