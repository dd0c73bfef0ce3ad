"""Types of one name in one namespace that two files define. Where both files end up in one program, that breaks the one-definition rule, and
no compiler or linker says so: one of the two destructors or constructors serves both. check_layers.py runs it.

It reads tokens, not C++: namespaces, and in them every class, struct, union and enum with a body. Types in an anonymous namespace, in a
function or in another type are nobody else's.
"""
import collections
import os
import re

TOKEN = re.compile(r'''
    (?P<skip> //[^\n]* | /\*.*?\*/ | ^[ \t]*\#(?:[^\n\\]|\\.)*           # comments, preprocessor lines
      | R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)" | "(?:[^"\\\n]|\\.)*" | (?<![0-9a-zA-Z_])'(?:[^'\\\n]|\\.)*' )
    | (?P<word> [A-Za-z_]\w* ) | (?P<sign> :: | [{}();:<>=,\[\]] )''', re.VERBOSE | re.DOTALL | re.MULTILINE)
TYPE_WORDS = ("class", "struct", "union", "enum")
ANONYMOUS = "(anonymous)"


def tokens_of(text):
    """(word or sign, line)"""
    line, at = 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        if not match["skip"]:
            yield match[0], line


def head_of_type(head):
    """The name of the type that this statement begins to define, or None. `head`: its words and signs up to the brace."""
    # What a template is over may say `class`, too, and an attribute may say anything.
    words, depth, index = [], 0, 0
    while index < len(head):
        if head[index] == "template" and head[index + 1:index + 2] == ["<"]:
            index += 1
            while index < len(head):
                depth += (head[index] == "<") - (head[index] == ">")
                index += 1
                if depth == 0:
                    break
            continue
        words.append(head[index])
        index += 1
    # In front of it there may be a requirement, or a macro.
    for index, word in enumerate(words):
        if word in TYPE_WORDS and (name := name_behind(words[index + 1:])):
            return name
    return None


def name_behind(words):
    """Of the words behind `struct`: the name, if they begin to define a type of this name."""
    if words[:1] in (["class"], ["struct"]):
        words = words[1:]
    while words[:1] == ["["] or words[:1] == ["alignas"]:
        closing = "]" if words[0] == "[" else ")"
        end = words.index(closing)
        while words[end + 1:end + 2] == [closing]:
            end += 1
        words = words[end + 1:]
    # A name of parts was declared elsewhere, a name with arguments is a specialization, and `struct X f() {` is a function.
    if not words or not words[0].isidentifier() or words[1:2] not in ([], [":"], ["final"]):
        return None
    return words[0]


def types_of(text):
    """(qualified name, line) of each type that the text defines at the level of a namespace that has a name, or of none."""
    scopes, head, other_depth = [], [], 0
    for token, line in tokens_of(text):
        if other_depth:  # within a type or a function
            other_depth += (token == "{") - (token == "}")
        elif token == "{":
            words = [word for word in head if word != "inline"]
            if words[:1] == ["namespace"]:
                scopes.append("::".join(word for word in words[1:] if word != "::") or ANONYMOUS)
            elif words == ["extern"]:
                scopes.append("")
            else:
                name = head_of_type(head)
                if name and ANONYMOUS not in scopes:
                    yield "::".join([scope for scope in scopes if scope] + [name]), line
                other_depth = 1
            head = []
        elif token == "}":
            if scopes:
                scopes.pop()
            head = []
        elif token == ";":
            head = []
        else:
            head.append(token)


def may_share_a_program(one, other):
    """All of src and include, with any test program; tests with those of their own folder and with headers; each file of fuzz is a program."""
    def group(path):
        parts = path.split("/")
        if parts[0] in ("src", "include"):
            return "library"
        is_test = parts[0] == "tests" and len(parts) > 2
        return "/".join(parts[:2]) if is_test else path if parts[0] == "fuzz" and path.endswith(".cpp") else parts[0]

    groups = {group(one), group(other)}
    return len(groups) == 1 or "library" in groups or "tests/support" in groups


def find_duplicates(sources):
    """Findings, one line each. `sources`: (path, text) of every file."""
    places = collections.defaultdict(list)
    for path, text in sources:
        for name, line in types_of(text):
            places[name].append((path, line))
    found = []
    for name, seen in sorted(places.items()):
        for index, (path, line) in enumerate(seen):
            for earlier, earlier_line in seen[:index]:
                if path != earlier and may_share_a_program(path, earlier):
                    found.append(f"{path}:{line}: {name} is defined in {earlier}:{earlier_line}, too")
                    break
    return found


def sources_below(root):
    for top in ("include", "src", "tests", "bench", "fuzz"):
        for folder, _, names in sorted(os.walk(os.path.join(root, top))):
            for name in sorted(names):
                if name.endswith((".hpp", ".cpp", ".h")):
                    path = os.path.join(folder, name)
                    with open(path, errors="replace") as file:
                        yield os.path.relpath(path, root), file.read()


# --- pairs that must be found, and pairs that must not -----------------------------------------------------------------------------


SEEDED = "namespace nvsafe::image {\nstruct Change {\n  int a;\n};\n}\n"
FOUND = {
    "the same words": SEEDED,
    "nested namespaces": "namespace nvsafe { namespace image { class Change final : public Base { public: int b; }; } }",
    "an enum": "namespace nvsafe::image { enum class Change : std::uint8_t { kOne }; }",
    "an attribute": "namespace nvsafe::image { struct [[nodiscard]] Change { }; }",
    "alignment": "namespace nvsafe::image { struct alignas(8) Change { }; }",
    "a template": "namespace nvsafe::image { template <class T, template <class> class U> struct Change { T t; }; }",
    "a requirement": "namespace nvsafe::image { template <typename T> requires std::is_trivial_v<T> class Change { }; }",
    "behind a macro that is called": "namespace nvsafe::image { PUSH_IT()\nenum class Change { kOne }; }",
    "behind a function": "namespace nvsafe::image { int f() { if (true) { return '{'; } return 0; }\nstruct Change { int a; }; }",
    "behind a literal and a comment": "namespace nvsafe::image { // }\nauto a = R\"x(}}})x\"; auto b = \"}\"; auto c = 1'000'000; /* } */ struct Change { int a; }; }",
    "behind a macro": "#define OPEN(x) \\\n  {\nnamespace nvsafe::image { struct Change { int a; }; }",
    "behind an anonymous namespace": "namespace nvsafe::image { namespace { struct Other { }; } struct Change { int a; }; }",
}
NOT_FOUND = {
    "an anonymous namespace": "namespace nvsafe::image { namespace { struct Change { int b; }; } }",
    "another namespace": "namespace nvsafe::store { struct Change { int b; }; }",
    "no namespace": "struct Change { int b; };",
    "a type of another type": "namespace nvsafe::image { struct Other { struct Change { int b; }; }; }",
    "a type of a function": "namespace nvsafe::image { void f() { struct Change { int b; }; } }",
    "a declaration": "namespace nvsafe::image { struct Change; void f(struct Change* change); }",
    "a function that returns it": "namespace nvsafe::image { struct Change f() { return {}; } }",
    "a specialization": "namespace nvsafe::image { template <> struct Change<int> { int b; }; }",
    "a variable": "namespace nvsafe::image { const Change change{}; }",
    "a comment": "namespace nvsafe::image { /* struct Change { int b; }; */ }",
}


def self_test():
    missed = []
    for is_duplicate, texts in ((True, FOUND), (False, NOT_FOUND)):
        for what, text in texts.items():
            found = find_duplicates([("src/image/a.cpp", SEEDED), ("src/image/b.cpp", text)])
            if bool(found) != is_duplicate:
                missed.append(f"{what}: {found}")
    pairs = {("src/image/a.hpp", "src/store/b.cpp"): True, ("src/image/a.cpp", "tests/image/a_test.cpp"): True,
             ("tests/image/a_test.cpp", "tests/image/b_test.cpp"): True, ("tests/image/a_test.cpp", "tests/cli/b_test.cpp"): False,
             ("tests/support/a.hpp", "tests/cli/b_test.cpp"): True, ("fuzz/fuzz_a.cpp", "fuzz/fuzz_b.cpp"): False,
             ("fuzz/fuzz_a.cpp", "src/cli/b.cpp"): True, ("src/image/a.hpp", "src/image/a.hpp"): False}
    for (one, other), is_duplicate in pairs.items():
        if bool(find_duplicates([(one, SEEDED), (other, SEEDED)])) != is_duplicate:
            missed.append(f"{one} and {other}")
    return missed
