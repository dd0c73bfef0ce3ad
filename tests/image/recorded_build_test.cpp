// The layout rule generator-0.2.0, against recorded runs of the original generator: the same settings give the same
// bytes. testdata/build holds a choice; where the whole collection lies beside the project, all of it is run.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "base/number.hpp"
#include "image/wifi_extras.hpp"
#include "keys/xts_key.hpp"
#include "support/built_image.hpp"
#include "support/bytes.hpp"
#include "text/settings.hpp"

namespace nvsafe::image {
namespace {

namespace fs = std::filesystem;
using test::Bytes;

struct Case {
  fs::path folder;
  std::vector<std::string> arguments;

  [[nodiscard]] std::string name() const { return folder.filename(); }
  // The value behind a flag, or empty.
  [[nodiscard]] std::string flag(const std::string& flag_name) const {
    for (std::size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (arguments[i] == flag_name) return arguments[i + 1];
    }
    return {};
  }
};

Case read_case(const fs::path& folder) {
  Case result{.folder = folder};
  std::ifstream in(folder / "cmd");
  for (std::string line; std::getline(in, line);) result.arguments.push_back(line);
  return result;
}

std::string text_of(const Bytes& bytes) { return std::string(bytes.begin(), bytes.end()); }

// The original keeps blanks around a field, build trims them: quotes say that they are meant. Fields that are quoted
// already, and lines that are comments for both, stay as they are.
std::string with_blanks_quoted(const std::string& csv) {
  std::string out;
  std::string field;
  bool in_quotes = false;
  bool is_comment = false;
  const auto end_field = [&] {
    const bool has_blank = !field.empty() && (field.front() == ' ' || field.back() == ' ');
    out += has_blank && field.find('"') == std::string::npos ? '"' + field + '"' : field;
    field.clear();
  };
  for (const char c : csv) {
    if (field.empty() && (out.empty() || out.back() == '\n') && c == '#' && !in_quotes) is_comment = true;
    if (c == '"' && !is_comment) in_quotes = !in_quotes;
    if ((c == ',' || c == '\n' || c == '\r') && !in_quotes) {
      if (is_comment) {
        out += field;
        field.clear();
      } else {
        end_field();
      }
      out += c;
      is_comment = is_comment && c != '\n';
    } else {
      field += c;
    }
  }
  end_field();
  return out;
}

text::Outcome<text::Settings> settings_of(const Case& run, std::vector<std::string> inputs) {
  const auto read = [&](const std::string& path) -> text::Outcome<Bytes> {
    if (!fs::is_regular_file(run.folder / "in" / path)) return text::problem(text::Exit::kBadInput, "no file " + path);
    return test::read_file(run.folder / "in" / path);
  };
  std::vector<text::Settings> parts;
  for (const std::string& input : inputs) {
    auto settings =
        text::parse_settings(with_blanks_quoted(text_of(test::read_file(run.folder / "in" / input))), input, read);
    if (!settings) return settings.failed();
    parts.push_back(std::move(*settings));
  }
  auto merged = text::merge_settings(std::move(parts));
  return merged ? with_wifi_extras(*merged) : std::move(merged);
}

std::optional<format::XtsKey> key_of(const Case& run) {
  const std::string hmac = run.flag("--kp_hmac_inputkey");
  if (!hmac.empty()) {
    auto derived = keys::derive_from_hmac_key(test::read_file(run.folder / "in" / hmac));
    return std::move(*derived);
  }
  const std::string file = run.flag("--inputkey");
  if (file.empty()) return std::nullopt;
  // The original takes the first 64 bytes, whatever follows.
  const Bytes bytes = test::read_file(run.folder / "in" / file);
  test::ImageKeeper::instance().add_key(std::span(bytes).first<64>());
  return format::XtsKey(std::span(bytes).first<64>());
}

// What the strict reader or the builder says, or the image.
text::Outcome<Bytes> rebuilt(const Case& run) {
  std::vector<std::string> positional;
  for (std::size_t i = 1; i < run.arguments.size(); ++i) {
    if (run.arguments[i] == "--keygen" || run.arguments[i] == "--key_protect_hmac") continue;
    if (run.arguments[i].starts_with("--")) {
      ++i;
    } else {
      positional.push_back(run.arguments[i]);
    }
  }
  std::string size_text = positional.back();
  std::erase(size_text, '_');
  const auto size = parse_size(size_text);
  auto settings = settings_of(run, {positional.begin(), positional.end() - 2});
  if (!settings) return settings.failed();
  const auto key = key_of(run);
  std::optional<format::EntryCipher> cipher;
  if (key) {
    auto made = format::EntryCipher::create(*key);
    cipher.emplace(std::move(*made));
  }
  auto built = built_image(*settings, {.size = size.value_or(0),
                                       .format_version = run.flag("--version") == "1" ? 1 : 2,
                                       .is_read_only = true,
                                       .cipher = cipher ? &*cipher : nullptr});
  if (!built) return built.failed();
  return std::move(built->bytes);
}

Bytes recorded_image(const Case& run) {
  for (const auto& entry : fs::recursive_directory_iterator(run.folder / "out")) {
    const std::string path = entry.path();
    if (entry.is_regular_file() && path.find("/keys/") == std::string::npos) return test::read_file(path);
  }
  ADD_FAILURE() << run.folder << " has no image";
  return {};
}

bool makes_an_image(const Case& run) {
  const std::string name = run.name();
  return (name.starts_with("gen-") || name.starts_with("enc-")) && !name.starts_with("enc-err") &&
         fs::is_directory(run.folder / "out") && (run.arguments[0] == "generate" || run.arguments[0] == "encrypt");
}

std::vector<Case> cases_in(const fs::path& folder) {
  std::vector<Case> cases;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!fs::is_regular_file(entry.path() / "cmd")) continue;
    Case run = read_case(entry.path());
    if (makes_an_image(run)) cases.push_back(std::move(run));
  }
  return cases;
}

TEST(RecordedBuild, kept_runs_give_the_same_bytes) {
  const auto cases = cases_in(fs::path(NVSAFE_SOURCE_DIR) / "testdata/build");
  EXPECT_EQ(cases.size(), 39u);
  for (const Case& run : cases) {
    const auto image = rebuilt(run);
    ASSERT_TRUE(image.ok()) << run.name() << ": " << image.error().what;
    EXPECT_TRUE(*image == recorded_image(run)) << run.name();
  }
}

// Runs where the original writes something broken, or takes what build refuses (docs/SETTINGS.md). The stand-ins, which
// mimic the original, have lists of their own.
const std::set<std::string> kRefused = {"gen-dup-key",   "gen-empty-file",      "gen-hex-base64-forms",
                                        "gen-int-forms", "gen-key-non-ascii",   "gen-no-namespace",
                                        "gen-ns-255",    "gen-binary-data-row", "gen-keys-15",
                                        "gen-wifi-sta",  "gen-blob-fill",       "gen-multi-csv"};
const std::set<std::string> kCorrected = {"gen-encoding-case", "gen-ns-reopened", "gen-quoted-hash-line",
                                          "gen-binary-data-non-ascii"};

std::string without_number(const std::string& name) { return name.substr(0, name.rfind("-a")); }

TEST(RecordedBuild, every_sound_run_of_the_collection_gives_the_same_bytes) {
  const fs::path collection = fs::path(NVSAFE_SOURCE_DIR) / "../shared/golden/cases/nvs_partition_gen";
  if (!fs::is_directory(collection)) {
    if (std::getenv("CI") != nullptr) FAIL() << "the collection of recorded runs is missing";
    GTEST_SKIP() << "the collection of recorded runs is not beside the project";
  }
  int equal = 0;
  for (const Case& run : cases_in(collection)) {
    const std::string kind = without_number(run.name());
    const auto image = rebuilt(run);
    if (!image) {
      EXPECT_TRUE(kRefused.contains(kind)) << run.name() << ": " << image.error().what;
    } else if (!kCorrected.contains(kind)) {
      EXPECT_TRUE(*image == recorded_image(run)) << run.name();
      ++equal;
    }
  }
  RecordProperty("equal_images", equal);
  EXPECT_GE(equal, 130);
}

}  // namespace
}  // namespace nvsafe::image
