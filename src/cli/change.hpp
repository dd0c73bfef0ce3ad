// What the verbs that change a file in place share: the partition is opened, the edits are made, told and written, and
// the undo journal beside the file is kept.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/input.hpp"
#include "image/edit.hpp"
#include "image/undo_journal.hpp"

namespace nvsafe::cli {

struct ChangeArguments {
  std::string file;
  std::string output;  // empty: in place
  bool force = false;
  bool dry_run = false;
  bool plain = false;
  bool show_secrets = false;
  KeyOptions keys;
  PartitionOptions partition;

  // The flags; the verb has added FILE itself.
  void add_to(CLI::App& verb);
};

// Says what is to be changed, once the partition is open.
using Planner = std::function<Outcome<std::vector<image::Edit>>(OpenedOne& opened)>;

// The whole way of such a verb.
[[nodiscard]] Outcome<Exit> run_change(const ChangeArguments& arguments, const Planner& plan, Context& context);

// "flash.bin.nvsafe-undo", beside the file itself where `file` is a link to it.
[[nodiscard]] std::string undo_path(const std::string& file);
// The journal of a file; an empty one if there is none. Errors: kBadInput for a file of that name that is no journal.
[[nodiscard]] Outcome<image::UndoJournal> read_journal(const std::string& file);
// Writes it, or removes it when it is empty; it is on the disk when this returns.
[[nodiscard]] Outcome<void> write_journal(const std::string& file, const image::UndoJournal& journal);
// Puts `content` in the place of the file, whole or not at all. Its mode stays, its owner where the system allows that.
[[nodiscard]] Outcome<void> replace_file(const std::string& file, std::span<const std::uint8_t> content);
// To be asked before the file is read: nobody else changes it from then on. Errors: kUsage for what cannot be replaced:
// standard input, a device; kIo for a file that may not be written, or that another process is changing.
[[nodiscard]] Outcome<void> check_in_place(const std::string& file);

// Sectors of a file next to each other, for people and for esptool.
struct SectorLines {
  std::vector<std::uint32_t> offsets;  // in the file, each of 4096 bytes
  bool has_addresses = false;          // these are addresses in flash

  // "2 sectors of 4 KiB: 0x9000-0xafff, 0xd000-0xdfff".
  [[nodiscard]] std::string summary() const;
  // The commands that write just these from `file` to a chip.
  [[nodiscard]] std::vector<std::string> flash_commands(const std::string& file) const;
};

}  // namespace nvsafe::cli
