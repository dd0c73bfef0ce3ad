// Bench: a virtual chip on the desk. Commands of three kinds: those that its app runs on NVS, through the calls of
// ESP-IDF; the power switch; and what a programmer does to flash from outside. docs/CHIP.md, the prompt.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "device/boot.hpp"
#include "firmware/startup.hpp"
#include "text/problem.hpp"

namespace nvsafe::firmware {

class Bench {
 public:
  using Print = std::function<void(std::string_view)>;
  struct Output {
    Print result;             // of a command
    Print state;              // how a start went
    Print loss;               // what it destroyed
    device::Console console;  // what the chip prints while it starts
  };

  // `keys`: see start_firmware(); they and the chip outlive it.
  Bench(device::VirtualChip& chip, std::span<const image::KeyCandidate> keys, Output output)
      : chip_(chip), keys_(keys), out_(std::move(output)) {}
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  // Takes the drop-in calls off the chip.
  ~Bench();

  // Switches it on, or resets it.
  void start();
  [[nodiscard]] const device::BootResult& boot_result() const { return boot_; }
  // Nothing: no app runs.
  [[nodiscard]] const std::optional<Startup>& startup() const { return startup_; }
  // At the last start the app ran and its nvs_flash_init() gave ESP_OK, and no start so far has lost anything.
  [[nodiscard]] bool is_well() const { return has_started_well_ && !has_lost_; }

  // One line. False: it was `quit`. Errors: kUsage for a command that is none; kNo for one that did not work, with the
  // code that the call gave; kIo.
  text::Outcome<bool> run(std::string_view line);
  // What run() knows, a line each.
  [[nodiscard]] static std::vector<std::string> help();

 private:
  void tell_start() const;
  void tell_loss(const std::string& text, const NvsLosses& losses) const;

  struct Command;
  static std::span<const Command> commands();
  using Words = std::vector<std::string>;

  struct Path {  // [PARTITION:]NS/KEY
    std::string partition, name_space, key;
  };
  [[nodiscard]] text::Outcome<Path> path_of(const std::string& word) const;
  [[nodiscard]] text::Outcome<void> check_app() const;
  [[nodiscard]] text::Problem explain(int code, const Path& path) const;

  text::Outcome<void> get(const Words& words);
  text::Outcome<void> set(const Words& words);
  text::Outcome<void> erase(const Words& words);
  text::Outcome<void> list(const Words& words);
  text::Outcome<void> stats(const Words& words);
  text::Outcome<void> namespaces(const Words& words);
  text::Outcome<void> init(const Words& words);
  text::Outcome<void> wifi(const Words& words);
  text::Outcome<void> reboot(const Words& words);
  text::Outcome<void> cut(const Words& words);
  text::Outcome<void> write(const Words& words);
  text::Outcome<void> read(const Words& words);
  text::Outcome<void> show_efuses(const Words& words);
  text::Outcome<void> show_help(const Words& words);

  struct Place {
    std::string name;
    std::uint32_t address = 0;
    std::uint32_t size = 0;
    bool is_encrypted = false;  // the chip reads it through flash encryption
  };
  [[nodiscard]] text::Outcome<Place> place_of(const std::string& word) const;
  text::Outcome<void> program(const Place& place, std::vector<std::uint8_t> bytes, bool encrypts, bool is_forced);

  device::VirtualChip& chip_;
  std::span<const image::KeyCandidate> keys_;
  Output out_;
  device::BootResult boot_;
  std::optional<Startup> startup_;
  bool has_started_well_ = false;
  bool has_lost_ = false;
};

// The words of a line: blanks part them, quotes keep blanks, a backslash keeps the next character. Errors: kUsage for a
// quote that is not closed, and for a zero byte.
[[nodiscard]] text::Outcome<std::vector<std::string>> split_words(std::string_view line);

}  // namespace nvsafe::firmware
