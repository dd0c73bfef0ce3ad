// nvsafe help: short texts on topics that no single verb owns.
#include <algorithm>
#include <array>

#include "cli/context.hpp"
#include "cli/verbs.hpp"
#include "host/output.hpp"
#include "host/path.hpp"
#include "text/suggest.hpp"

namespace nvsafe::cli {
namespace {

struct Topic {
  std::string_view name;
  std::string_view title;
  std::string_view text;
};

constexpr std::array<Topic, 5> kTopics = {{
    {"keys", "the kinds of keys, and which file holds which",
     R"(NVS keys have 64 bytes: 32 for AES data, 32 for AES tweaks. They come from one of two places.
  nvs_keys partition  a key page: 64 bytes, their CRC, 0xFF to 4096. Flash encryption protects it on the chip.
                      nvsafe keys new -o nvs_keys.bin
  HMAC key in eFuse   32 bytes (purpose HMAC_UP), from which the chip derives the 64 at each start.
                      nvsafe keys derive --hmac-key hmac.bin -o nvs_keys.bin shows the page that results.
A flash-encryption key (32 or 64 bytes) is another thing: it never belongs into nvs_keys. Firmware answers such a
page with ESP_ERR_NVS_CORRUPT_KEY_PART (0x1117).
A key is taken by proof: at least one written entry must decode with it. nvsafe keys match FILE DIR tries many.
)"},
    {"dumps", "images, dumps and how to name a partition in one",
     R"(An image is the bytes of one NVS partition; a dump is a whole flash, with a partition table at 0x8000
(elsewhere: --partition-table-offset). FILE:NAME names a partition of a dump; FILE:0x9000 one by its address;
FILE:0x9000+0x6000 a region that no table knows. Without a name, nvs is meant, or the only NVS partition.
A dump whose nvs_keys page is readable opens with it by itself; a flash-encrypted one with --flash-key FILE or
--efuses FILE. The folder of a virtual chip is a dump with its eFuses. A table that lies elsewhere is searched;
without any, NVS is found by its pages, and FILE:0x9000 names what begins there.
)"},
    {"secrets", "what is shown, what is hidden, how files are kept",
     R"(ls shows numbers and hides strings and blobs of encrypted partitions, and in plain ones what is known to be
secret: Wi-Fi settings, names with pass, psk, token, key, secret or cred, private PEM keys. --show-secrets shows all.
get writes one value and never hides it. Keys are never printed; a fingerprint (the start of their SHA-256) is.
Key files, images and dumps are written with mode 0600. Key files are never overwritten, not even with --force.
)"},
    {"exit-codes", "what the exit status says",
     R"(0    yes, done
1    no: a key is missing, rows differ, findings
2    usage: a flag, a verb, an output that exists
3    bad input: a file that is not what it should be
4    the encryption key is wrong or missing
5    I/O or device
130  interrupted
)"},
    {"releases", "what ESP-IDF releases do differently",
     R"(5.2     a key page that cannot be read is erased and made anew at start
5.5, 6.0  entries of type float and double are erased at mount (5.1 and 5.3 keep them)
6.0     HMAC is the default key scheme on chips that have it
6.0.1   entries that do not decode are overwritten with zeros at mount: a wrong key destroys for good
6.1     float and double
build --release VERSION refuses what that release cannot read.
)"},
}};

void print_topic(const Topic& topic, Context& context) {
  if (!context.is_json) return context.print_raw(topic.text);
  context.print_json(text::Json::object().set("version", 1).set("topic", topic.name).set("text", topic.text));
}

void print_topics(Context& context) {
  text::Json list = text::Json::array();
  for (const Topic& topic : kTopics) {
    if (!context.is_json) context.print(fmt::format("nvsafe help {:<11} {}", topic.name, topic.title));
    list.add(text::Json::object().set("topic", topic.name).set("title", topic.title));
  }
  if (!context.is_json) return context.print("nvsafe VERB --help       the flags of a verb");
  context.print_json(text::Json::object().set("version", 1).set("topics", std::move(list)));
}

Outcome<Exit> run_help(const std::string& name, Context& context) {
  std::vector<std::string_view> names;
  for (const Topic& topic : kTopics) {
    names.push_back(topic.name);
    if (topic.name != name) continue;
    print_topic(topic, context);
    return Exit::kDone;
  }
  if (name.empty()) {
    print_topics(context);
    return Exit::kDone;
  }
  std::string hint = text::did_you_mean(name, names);
  if (hint.empty()) hint = fmt::format("topics: {}", fmt::join(names, ", "));
  return problem(Exit::kUsage, fmt::format("no help on {}", name), hint);
}

// By its name, which may have two words. nullptr: none.
const CLI::App* find_verb(CLI::App& app, const std::string& name) {
  if (name.empty()) return &app;
  for (const CLI::App* verb : verbs_of(app)) {
    if (full_name(*verb) == name) return verb;
  }
  return nullptr;
}

std::string page_name(const CLI::App& verb) {
  std::string name = "nvsafe " + full_name(verb);
  while (name.ends_with(' ')) name.pop_back();
  std::replace(name.begin(), name.end(), ' ', '-');
  return name + ".1";
}

// All of them, for an installation.
Outcome<Exit> write_man_pages(CLI::App& app, const std::string& folder) {
  host::OutputSet outputs({.force = true, .flushes_only_keys = true});
  std::vector<CLI::App*> verbs = verbs_of(app);
  verbs.push_back(&app);
  for (const CLI::App* verb : verbs) {
    const std::string page = man_page(*verb);
    NVSAFE_TRY(outputs.add({host::join_path(folder, page_name(*verb)), host::OutputKind::kPublic, true},
                           {reinterpret_cast<const std::uint8_t*>(page.data()), page.size()}));
  }
  NVSAFE_TRY(outputs.commit());
  return Exit::kDone;
}

Outcome<Exit> run_man(CLI::App& app, const std::string& name, Context& context) {
  const CLI::App* const verb = find_verb(app, name);
  if (verb == nullptr)
    return problem(Exit::kUsage, fmt::format("no verb is called {}", name), "nvsafe --help lists them");
  context.print_raw(man_page(*verb));
  return Exit::kDone;
}

}  // namespace

void register_help(CLI::App& app, Context& context) {
  struct HelpArguments {
    std::vector<std::string> words;
    bool is_man = false;
    std::string man_folder;
  };
  auto arguments = std::make_shared<HelpArguments>();
  CLI::App& verb = *app.add_subcommand("help", "Topics: keys, dumps, secrets, exit-codes, releases");
  verb.add_option("topic", arguments->words, "Topic; with --man a verb")->type_name("TOPIC");
  verb.add_flag("--man", arguments->is_man, "The man page of a verb, or of nvsafe, for man -l -");
  verb.add_option("--man-pages", arguments->man_folder, "Write the man pages of all verbs into a folder")
      ->type_name("DIR");
  verb.callback([arguments, &app, &context] {
    context.run = [arguments, &app, &context] {
      if (!arguments->man_folder.empty()) return write_man_pages(app, arguments->man_folder);
      const std::string name = fmt::format("{}", fmt::join(arguments->words, " "));
      return arguments->is_man ? run_man(app, name, context) : run_help(name, context);
    };
  });
}

}  // namespace nvsafe::cli
