// nvsafe set: one value, new or changed.
#include <unistd.h>

#include "cli/change.hpp"
#include "host/files.hpp"
#include "host/terminal.hpp"
#include "image/lookup.hpp"
#include "image/value_text.hpp"
#include "text/ascii.hpp"
#include "text/row_encoding.hpp"
#include "text/suggest.hpp"

namespace nvsafe::cli {
namespace {

constexpr const char* kTypes = "u8 i8 u16 i16 u32 i32 u64 i64 float double string hex2bin base64 binary";

struct SetArguments {
  ChangeArguments change;
  std::string path;
  std::optional<std::string> value;
  std::string type;
};

// A value as the user gave it.
struct GivenText {
  std::string text;
  bool is_argument = false;
};

bool is_blob_type(ValueType type) {
  return type == ValueType::kBlobIndex || type == ValueType::kBlobV1 || type == ValueType::kBlobData;
}

// A line end behind a single line is what echo and editors add; nobody means it to be part of a password. Texts of
// several lines stay as they are.
std::string without_line_end(std::string text, const std::string& source, const Context& context) {
  if (text.find('\n') != text.size() - 1) return text;
  text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  context.note(fmt::format("note: the line end behind the text in {} is left out", source));
  return text;
}

class Setter {
 public:
  Setter(const SetArguments& arguments, Context& context) : arguments_(arguments), context_(context) {}

  Outcome<Exit> run() {
    auto path = split_key_path(arguments_.path);
    if (!path) return path.failed();
    path_ = std::move(*path);
    if (arguments_.value == "-" && split_partition(arguments_.change.file).file == "-") {
      return problem(Exit::kUsage, "FILE and VALUE cannot both be standard input", "@FILE takes the value from a file");
    }
    return run_change(arguments_.change, [&](OpenedOne& opened) { return plan(opened); }, context_);
  }

 private:
  Outcome<std::vector<image::Edit>> plan(OpenedOne& opened) {
    auto encoding = encoding_for(opened);
    if (!encoding) return encoding.failed();
    auto given = given_text(*encoding);
    if (!given) return given.failed();
    if (is_any_blob_ && !given->is_argument) encoding->form = text::RowEncoding::Form::kBinary;
    const text::Show show = given->is_argument ? text::Show::kText : text::Show::kNothing;
    auto value = text::encode_row_value(*encoding, given->text, show);
    if (!value) {
      return problem(Exit::kUsage, fmt::format("{}: {}", arguments_.path, value.error().what), value.error().hint);
    }
    if (given->is_argument && image::is_hidden({path_.namespace_name, path_.key, encoding->type, *value}, false)) {
      return problem(Exit::kUsage,
                     fmt::format("{} is a secret: as an argument, others see it in the list of processes, and the "
                                 "shell keeps it",
                                 arguments_.path),
                     "give it as - (standard input) or @FILE, or leave it out and type it");
    }
    std::vector<image::Edit> edits(1);
    edits[0] = {
        .namespace_name = path_.namespace_name, .key = path_.key, .type = encoding->type, .value = std::move(*value)};
    return edits;
  }

  // --type, else the type that the key has. Of a new key nothing is guessed: firmware finds it under its own type only.
  Outcome<text::RowEncoding> encoding_for(OpenedOne& opened) {
    if (!arguments_.type.empty()) return named_encoding();
    const std::string where = image::describe(*opened.region, opened.file.source->file());
    auto type = stored_type(opened, where);
    if (!type) return type.failed();
    if (is_number(*type)) return text::RowEncoding{text::RowEncoding::Form::kNumber, *type};
    if (*type == ValueType::kString) return text::RowEncoding{text::RowEncoding::Form::kString, *type};
    if (is_blob_type(*type)) return blob_encoding();
    return problem(Exit::kNo,
                   fmt::format("{}: {} has type {}, which this program does not know", where, arguments_.path,
                               image::type_name(*type)),
                   fmt::format("--type says what it shall be: {}", kTypes));
  }

  Outcome<text::RowEncoding> named_encoding() {
    if (text::to_lower(arguments_.type) == "blob") return blob_encoding();
    auto encoding = text::parse_row_encoding(arguments_.type, text::Show::kText);
    if (encoding) return encoding;
    return problem(Exit::kUsage, fmt::format("--type {}: no type of a value", arguments_.type), encoding.error().hint);
  }

  // How the text of a blob is to be read, only the bytes of a file tell by themselves.
  Outcome<text::RowEncoding> blob_encoding() {
    is_any_blob_ = true;
    const bool is_text = !arguments_.value || (*arguments_.value != "-" && !arguments_.value->starts_with('@'));
    if (!is_text) return text::RowEncoding{text::RowEncoding::Form::kBinary, ValueType::kBlobData};
    return problem(Exit::kUsage, fmt::format("{} is a blob: how is the text to be read?", arguments_.path),
                   "--type hex2bin, base64 or binary (as it is); - and @FILE give the bytes themselves");
  }

  Outcome<ValueType> stored_type(OpenedOne& opened, const std::string& where) {
    store::Store& store = *opened.partition->store;
    auto index = image::find_namespace(store, path_.namespace_name, where);
    if (!index) return asked_for_type(index.error());
    const auto name = Name::from(path_.key);
    if (!name) return problem(Exit::kUsage, fmt::format("{}: a name has 1 to 15 bytes", arguments_.path));
    const auto item = store.find(*index, *name);
    if (item) return item->type;
    if (item.error().code == ErrorCode::kDamaged) {
      return problem(Exit::kNo, fmt::format("{}: {} is damaged", where, arguments_.path),
                     fmt::format("--type says what it shall be: {}", kTypes));
    }
    return asked_for_type(image::no_such_key(store, *index, path_.namespace_name, path_.key, where).error);
  }

  static Failed<text::Problem> asked_for_type(const text::Problem& missing) {
    const bool is_meant = missing.hint.starts_with("did you mean");
    return problem(Exit::kNo, missing.what,
                   fmt::format("{}{}to add it, say of which type: --type {}", is_meant ? missing.hint : "",
                               is_meant ? " " : "", kTypes));
  }

  Outcome<GivenText> given_text(const text::RowEncoding& encoding) {
    if (!arguments_.value) return typed_text();
    const std::string& value = *arguments_.value;
    const bool is_input = value == "-";
    if (!is_input && !value.starts_with('@')) return GivenText{value, true};
    const std::string source = is_input ? "standard input" : value.substr(1);
    auto bytes = host::read_secret_file(is_input ? value : source, {.may_be_empty = true});
    if (!bytes) return bytes.failed();
    std::string text(bytes->bytes().begin(), bytes->bytes().end());
    if (encoding.form == text::RowEncoding::Form::kString || encoding.form == text::RowEncoding::Form::kNumber) {
      text = without_line_end(std::move(text), source, context_);
    }
    return GivenText{std::move(text), false};
  }

  Outcome<GivenText> typed_text() {
    if (!host::is_terminal(STDIN_FILENO)) {
      return problem(Exit::kUsage, fmt::format("{}: which value?", arguments_.path),
                     "VALUE, - for standard input, or @FILE");
    }
    const auto line = host::read_hidden_line(STDIN_FILENO, fmt::format("{} (not shown): ", arguments_.path));
    if (!line) return problem(Exit::kIo, "nothing was typed");
    return GivenText{std::string(line->bytes().begin(), line->bytes().end()), false};
  }

  const SetArguments& arguments_;
  Context& context_;
  KeyPath path_;
  bool is_any_blob_ = false;
};

}  // namespace

void register_set(CLI::App& app, Context& context) {
  auto arguments = std::make_shared<SetArguments>();
  CLI::App& verb = *app.add_subcommand("set", "Change a value or add one, in place (-o: elsewhere)");
  verb.add_option("file", arguments->change.file, "Image or dump, or DUMP:PARTITION")->required()->type_name("FILE");
  verb.add_option("key", arguments->path, "Which value: NAMESPACE/KEY")->required()->type_name("NS/KEY");
  verb.add_option("value", arguments->value, "The value; - is stdin, @FILE a file; left out: typed, not shown")
      ->type_name("VALUE");
  verb.add_option("--type", arguments->type,
                  std::string("Of a new key, or to change the type: ") + kTypes + "; left out: the type that is there")
      ->type_name("TYPE");
  arguments->change.add_to(verb);
  verb.callback(
      [arguments, &context] { context.run = [arguments, &context] { return Setter(*arguments, context).run(); }; });
}

}  // namespace nvsafe::cli
