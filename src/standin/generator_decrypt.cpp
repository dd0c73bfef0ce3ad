// nvs_partition_gen decrypt: an image without its encryption, slot by slot as it lies there.
#include <fmt/format.h>

#include "base/erased.hpp"
#include "host/heap_allocator.hpp"
#include "image/identify.hpp"
#include "image/open.hpp"
#include "standin/generator.hpp"

namespace nvsafe::standin {
namespace {

using text::Exit;
using text::Outcome;
using text::problem;
using Bytes = std::vector<std::uint8_t>;

Outcome<Bytes> read_image(const std::string& path) {
  auto bytes = read_named_file(path);
  if (!bytes) return bytes;
  if (bytes->empty() || bytes->size() % format::kPageSize != 0) {
    return problem(Exit::kBadInput, fmt::format("{}: {} bytes are no whole number of pages", path, bytes->size()),
                   "an NVS image has pages of 4096 bytes; is it cut short?");
  }
  const auto kind = image::identify(*bytes);
  if (kind == image::FileKind::kNvsImage || kind == image::FileKind::kErased) return bytes;
  return problem(Exit::kBadInput, fmt::format("{}: is {}, not an NVS image", path, image::to_string(kind)),
                 fmt::format("nvsafe show {}          says more", path));
}

// At least one entry that is in use decodes with the key, unless there is none.
Outcome<void> prove(const Bytes& bytes, const DecryptArguments& arguments, const keys::XtsKey& key) {
  host::HeapAllocator allocator;
  const image::Region region{"", 0, bytes};
  const image::KeyCandidate candidate{arguments.key, key.clone()};
  const auto plain = image::try_key(region, nullptr, arguments.input, allocator);
  if (!plain) return plain.failed();
  const auto opened = image::try_key(region, &candidate, arguments.input, allocator);
  if (!opened) return opened.failed();
  if (plain->decoded_entries > opened->decoded_entries) {
    return problem(Exit::kKey,
                   fmt::format("{}: is not encrypted: {} of {} written entries decode without a key", arguments.input,
                               plain->decoded_entries, plain->written_entries),
                   "it can be used as it is");
  }
  if (opened->written_entries == 0 || opened->decoded_entries > 0) return {};
  return problem(Exit::kKey,
                 fmt::format("{} does not open {}: 0 of {} written entries decode", arguments.key, arguments.input,
                             opened->written_entries),
                 fmt::format("nvsafe keys match {} DIR/          tries every key file in DIR", arguments.input));
}

// Page headers, bitmaps and slots of 0xFF are not encrypted. Each slot has the tweak of its own place; the original
// gives those behind a slot of 0xFF the one of an earlier place.
Result<void> decrypt_slots(Bytes& bytes, const format::EntryCipher& cipher) {
  const auto page_count = static_cast<std::uint32_t>(bytes.size() / format::kPageSize);
  for (std::uint32_t page = 0; page < page_count; ++page) {
    for (std::uint32_t slot = 0; slot < format::kEntryCount; ++slot) {
      const auto entry = std::span(bytes).subspan(format::entry_offset(page, slot), format::kEntrySize);
      if (is_erased(entry)) continue;
      NVSAFE_TRY(cipher.decrypt(page, slot, entry));
    }
  }
  return {};
}

Outcome<Bytes> decrypted(const DecryptArguments& arguments, Warnings& warnings) {
  for (const std::string& path : {arguments.input, arguments.key, arguments.output}) {
    if (auto right = check_bin_extension(path); !right) return right.failed();
  }
  auto bytes = read_image(arguments.input);
  if (!bytes) return bytes;
  const auto key = read_input_key(arguments.key, warnings);
  if (!key) return key.failed();
  if (auto proven = prove(*bytes, arguments, *key); !proven) return proven.failed();
  const auto cipher = format::EntryCipher::create(*key);
  if (!cipher || !decrypt_slots(*bytes, *cipher)) return problem(Exit::kIo, "the AES of this system failed");
  return bytes;
}

// Gives the line of the result.
Outcome<std::string> run(const DecryptArguments& arguments, Warnings& warnings) {
  const auto folder = OutputFolder::at(arguments.outdir);
  if (!folder) return folder.failed();
  const auto bytes = decrypted(arguments, warnings);
  if (!bytes) return bytes.failed();
  const std::string path = folder->file(arguments.output, warnings);
  const std::vector<std::string> inputs = {arguments.input, arguments.key};
  if (auto may_go = check_replaced(path, inputs); !may_go) return may_go.failed();
  Outputs output;
  if (auto added = output.add({path, host::OutputKind::kSecret}, *bytes); !added) return added.failed();
  if (auto done = output.commit(); !done) return done.failed();
  return fmt::format("Created NVS decrypted binary: ===> {}\n", shown_path(path, !arguments.outdir.empty()));
}

}  // namespace

int decrypt_image(const DecryptArguments& arguments) {
  Warnings warnings;
  const auto line = run(arguments, warnings);
  if (line) return print(*line, warnings);
  report(line.error(), warnings);
  return kFailed;
}

}  // namespace nvsafe::standin
