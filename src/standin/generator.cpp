#include "standin/generator.hpp"

#include <fmt/format.h>

#include "base/python_integer.hpp"
#include "host/path.hpp"
#include "image/build.hpp"
#include "standin/console.hpp"
#include "standin/generator_rows.hpp"
#include "standin/python_text.hpp"
#include "text/ascii.hpp"
#include "text/printable.hpp"

namespace nvsafe::standin {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;
using text::Setting;
using text::Settings;

Outcome<std::uint32_t> partition_size(const std::string& text) {
  const std::string_view shown = text::trim(text);  // a blank may have been put in front of a minus
  const auto ascii = python_ascii(text, PythonText::kStr);
  const auto number = ascii ? parse_python_integer(*ascii) : std::nullopt;
  if (!number) {
    return problem(Exit::kUsage, fmt::format("SIZE {} is not a whole number", text::in_quotes(shown)),
                   "0x6000, or 24576");
  }
  if (number->negative || number->magnitude == 0) {
    return problem(Exit::kUsage, fmt::format("SIZE {} is not the size of a partition", shown),
                   "0x3000 or more; 0x1000 or 0x2000 for one that is readonly in the partition table");
  }
  if (number->magnitude > 0xFFFFFFFF) {
    return problem(Exit::kUsage, fmt::format("SIZE {} does not fit 32 bits", shown), "0x6000, or 24576");
  }
  const auto size = static_cast<std::uint32_t>(number->magnitude);
  if (auto fits = image::check_partition_size(size, true, "SIZE"); !fits) return fits.failed();
  return size;
}

Settings first_rows(const Settings& settings, std::size_t count) {
  Settings result;
  result.rows.assign(settings.rows.begin(), settings.rows.begin() + static_cast<std::ptrdiff_t>(count));
  return result;
}

// Names the row with which the settings do not fit any more. Requires: build_image fails for all of them.
text::Problem told_with_its_row(const Settings& settings, const image::BuildOptions& options, text::Problem found) {
  std::size_t fitting = 0;
  std::size_t failing = settings.rows.size();
  while (failing - fitting > 1) {
    const std::size_t middle = fitting + (failing - fitting) / 2;
    (image::build_image(first_rows(settings, middle), options).ok() ? fitting : failing) = middle;
  }
  if (failing == 0) return found;
  const std::string place = to_string(settings.rows[failing - 1].place);
  if (!found.what.starts_with(place)) found.what = fmt::format("{}: is too much: {}", place, found.what);
  return found;
}

Checked<image::BuiltImage> build(const Settings& settings, const image::BuildOptions& options) {
  auto built = image::build_image(settings, options);
  if (!built) return refuse(kFailed, told_with_its_row(settings, options, built.error()));
  return std::move(*built);
}

Checked<void> read_rows(const std::vector<std::string>& inputs, GeneratorRows& rows) {
  for (const std::string& input : inputs) {
    const auto csv = read_named_file(input);
    if (!csv) return refuse(kFailed, csv.error());
    if (auto added = rows.add({reinterpret_cast<const char*>(csv->data()), csv->size()}, input); !added) return added;
  }
  return {};
}

// The original writes row by row: one that does not fit ends it before a later one is looked at.
Checked<image::BuiltImage> build_from(const std::vector<std::string>& inputs, GeneratorRows& rows,
                                      const image::BuildOptions& options) {
  const auto read = read_rows(inputs, rows);
  auto built = build(rows.take(), options);
  if (!read && built) return read.failed();
  return built;
}

// One image, from its arguments to its file.
class ImageJob {
 public:
  ImageJob(const ImageArguments& arguments, const KeyArguments* keys)
      : arguments_(arguments), keys_(keys), rows_(arguments.format_version, read_named_file) {}

  // Gives the lines of the result.
  Checked<std::string> run() {
    const auto size = partition_size(arguments_.size);
    if (!size) return refuse(kFailed, size.error());
    const auto folder = OutputFolder::at(arguments_.outdir);
    if (!folder) return refuse(kFailed, folder.error());
    if (const auto right = check_bin_extension(arguments_.output); !right) return refuse(kFailed, right.error());
    // An absolute OUTPUT makes the original forget --outdir, for the key files too.
    const bool has_own_place = host::is_absolute(arguments_.output);
    if (auto prepared = prepare_key(has_own_place ? OutputFolder() : *folder); !prepared)
      return refuse(kFailed, prepared.error());
    if (*size < format::kWritableSizeMin) {
      warnings_.emplace_back("a partition below 0x3000 can only be read by firmware: it needs the readonly flag");
    }
    const auto built = build_from(arguments_.inputs, rows_,
                                  {.size = *size,
                                   .format_version = arguments_.format_version,
                                   .is_read_only = true,
                                   .cipher = cipher_ ? &*cipher_ : nullptr,
                                   .size_source = "SIZE"});
    if (!built) return built.failed();
    const std::string path = folder->file(arguments_.output, warnings_);
    if (auto written = write(path, built->bytes); !written) return refuse(kFailed, written.error());
    const bool is_placed = has_own_place || !arguments_.outdir.empty();
    return (key_ ? key_lines(*key_, is_placed) : "") +
           fmt::format("Created NVS binary: ===> {}\n", shown_path(path, is_placed));
  }

  [[nodiscard]] const Warnings& warnings() const { return warnings_; }

 private:
  Outcome<void> prepare_key(const OutputFolder& folder) {
    if (keys_ == nullptr) return {};
    auto loaded = load_key(*keys_, folder, warnings_);
    if (!loaded) return loaded.failed();
    key_.emplace(std::move(*loaded));
    auto made = format::EntryCipher::create(key_->key);
    if (!made) return problem(Exit::kIo, "the AES of this system failed");
    cipher_.emplace(std::move(*made));
    return {};
  }

  Outcome<void> write(const std::string& path, const std::vector<std::uint8_t>& image) {
    if (auto may_go = check_replaced(path, files_read()); !may_go) return may_go;
    Outputs output;
    if (key_) {
      if (auto added = add_key_files(*key_, output); !added) return added;
    }
    const auto kind = key_ ? host::OutputKind::kSecret : host::OutputKind::kPublic;
    if (auto added = output.add({path, kind}, image); !added) return added;
    return output.commit();
  }

  [[nodiscard]] std::vector<std::string> files_read() const {
    std::vector<std::string> files = arguments_.inputs;
    files.insert(files.end(), rows_.files_read().begin(), rows_.files_read().end());
    if (keys_ != nullptr) files.insert(files.end(), {keys_->input_key, keys_->hmac_input_key});
    return files;
  }

  const ImageArguments& arguments_;
  const KeyArguments* keys_;
  GeneratorRows rows_;
  std::optional<GeneratorKey> key_;
  std::optional<format::EntryCipher> cipher_;
  Warnings warnings_;
};

Outcome<std::string> new_key(const KeyArguments& arguments, const std::string& outdir, Warnings& warnings) {
  const auto folder = OutputFolder::at(outdir);
  if (!folder) return folder.failed();
  const auto key = make_key(arguments, *folder, warnings);
  if (!key) return key.failed();
  Outputs output;
  if (auto added = add_key_files(*key, output); !added) return added.failed();
  if (auto done = output.commit(); !done) return done.failed();
  return key_lines(*key, !outdir.empty());
}

}  // namespace

int generate_image(const ImageArguments& arguments, const KeyArguments* keys) {
  ImageJob job(arguments, keys);
  const auto lines = job.run();
  if (lines) return print(*lines, job.warnings());
  report(lines.error().problem, job.warnings());
  return lines.error().status;
}

int generate_key(const KeyArguments& arguments, const std::string& outdir) {
  Warnings warnings;
  const auto lines = new_key(arguments, outdir, warnings);
  if (lines) return print(*lines, warnings);
  report(lines.error(), warnings);
  return kFailed;
}

}  // namespace nvsafe::standin
