#include "formats/yaml/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "base/format.h"
#include "base/text.h"

namespace weft::yaml {
namespace {

struct Refused {
  Problem problem;
};

[[noreturn]] void refuse(const YAML::Mark& mark, std::string pointer, std::string_view code, std::string message) {
  throw Refused{{.place = {mark.line + 1, mark.column + 1},
                 .code = std::string(code),
                 .message = std::move(message),
                 .pointer = std::move(pointer)}};
}

bool is_whole(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The core schema's float: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_real(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::size_t at = 0, digits = 0;
  auto run = [&] {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at, ++digits;
  };
  run();
  if (at < text.size() && text[at] == '.') ++at, run();
  if (digits == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const std::size_t before = digits;
    run();
    if (digits == before) return false;
  }
  return at == text.size();
}

json::Value based_integer(std::string_view digits, int base) {
  const std::string text(digits);
  char* end = nullptr;
  errno = 0;
  const auto value = std::strtoll(text.c_str(), &end, base);
  return errno == 0 && end == text.c_str() + text.size() ? json::Value(value) : json::Value(text);
}

// A plain scalar by the core schema of YAML 1.2.
json::Value plain_scalar(const std::string& text, const YAML::Mark& mark, const std::string& pointer) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return {};
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  if (is_whole(text)) {
    const std::string_view digits = text[0] == '+' ? std::string_view(text).substr(1) : std::string_view(text);
    if (const auto value = text::parse_integer(digits)) return *value;
    return json::Literal{std::string(digits)};
  }
  if (text.starts_with("0x") && text.size() > 2 &&
      text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos)
    return based_integer(std::string_view(text).substr(2), 16);
  if (text.starts_with("0o") && text.size() > 2 && text.find_first_not_of("01234567", 2) == std::string::npos)
    return based_integer(std::string_view(text).substr(2), 8);
  if (is_real(text)) return std::strtod(text.c_str(), nullptr);
  const std::string lower =
      text::lower(text[0] == '-' || text[0] == '+' ? std::string_view(text).substr(1) : std::string_view(text));
  if (lower == ".nan" || lower == ".inf")
    refuse(mark, pointer, "yaml.number",
           format("{} is no number that a document may hold; quote it if a text is meant", text));
  return text;
}

// Builds one document from yaml-cpp's events.
class Builder final : public YAML::EventHandler {
 public:
  Document document;
  bool is_done = false;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override { is_done = true; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, json::Value(), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      refuse(mark, pointer(), "yaml.alias", "an alias inside of what it names: a document that contains itself");
    count(mark, found->second.nodes);
    add(mark, found->second.value, YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (tag == "!" || tag == "tag:yaml.org,2002:str" || expects_key()) return add(mark, json::Value(text), anchor);
    if (tag == "?" || tag.empty()) return add(mark, plain_scalar(text, mark, pointer()), anchor);
    refuse_tag(mark, tag);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    if (!is_plain(tag) && tag != "tag:yaml.org,2002:seq") refuse_tag(mark, tag);
    open(mark, json::Value(json::Array{}), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    if (!is_plain(tag) && tag != "tag:yaml.org,2002:map") refuse_tag(mark, tag);
    open(mark, json::Value(json::Object{}), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    json::Value value;
    std::string pointer;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    YAML::Mark mark;
    std::optional<std::string> key;  // A map's key that waits for its value.
  };
  struct Anchored {
    json::Value value;
    std::size_t nodes;
  };

  static bool is_plain(const std::string& tag) { return tag.empty() || tag == "?" || tag == "!"; }
  [[noreturn]] void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    refuse(mark, pointer(), "yaml.tag", format("the tag {} is not known; only YAML's own types are read", tag));
  }
  bool expects_key() const { return !open_.empty() && open_.back().value.is_object() && !open_.back().key; }

  // Where the next value will stand.
  std::string pointer() const {
    if (open_.empty()) return "";
    const Frame& frame = open_.back();
    if (frame.value.is_array()) return pointer_to(frame.pointer, std::to_string(frame.value.array().size()));
    return frame.key ? pointer_to(frame.pointer, *frame.key) : frame.pointer;
  }

  void count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kNodesMax)
      refuse(mark, pointer(), "yaml.too_many_nodes",
             format("the document has more than {} values once its aliases are expanded", kNodesMax));
  }

  void add(const YAML::Mark& mark, json::Value value, YAML::anchor_t anchor) {
    count(mark, 1);
    if (expects_key()) return add_key(mark, value);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = {value, 1};
    put(mark, std::move(value));
  }

  void add_key(const YAML::Mark& mark, const json::Value& value) {
    Frame& frame = open_.back();
    if (!value.is_text()) refuse(mark, frame.pointer, "yaml.key", "a key that is no text; quote it");
    const std::string& key = value.text();
    if (key == "<<")
      refuse(mark, frame.pointer, "yaml.merge_key", "merge keys (<<) are not part of YAML 1.2: write the members out");
    if (frame.value.object().contains(key))
      refuse(mark, pointer_to(frame.pointer, key), "yaml.duplicate_key", format("the key {} stands twice", key));
    frame.key = key;
    document.places[pointer_to(frame.pointer, key)] = {mark.line + 1, mark.column + 1};
  }

  void put(const YAML::Mark& mark, json::Value value) {
    if (open_.empty()) {
      document.places[""] = {mark.line + 1, mark.column + 1};
      document.value = std::move(value);
      return;
    }
    const std::string at = pointer();
    document.places.try_emplace(at, Place{mark.line + 1, mark.column + 1});
    Frame& frame = open_.back();
    if (frame.value.is_array()) {
      frame.value.array().push_back(std::move(value));
    } else {
      frame.value.object().add(*frame.key, std::move(value));
      frame.key.reset();
    }
  }

  void open(const YAML::Mark& mark, json::Value value, YAML::anchor_t anchor) {
    count(mark, 1);
    if (open_.size() >= kDepthMax)
      refuse(mark, pointer(), "yaml.too_deep", format("the document nests deeper than {} levels", kDepthMax));
    if (expects_key())
      refuse(mark, open_.back().pointer, "yaml.key", "a key that is a list or a mapping; keys are texts");
    std::string at = pointer();
    document.places.try_emplace(at, Place{mark.line + 1, mark.column + 1});
    open_.push_back({.value = std::move(value),
                     .pointer = std::move(at),
                     .anchor = anchor,
                     .nodes_before = nodes_,
                     .mark = mark,
                     .key = {}});
  }

  void close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    if (frame.anchor != YAML::NullAnchor) anchors_[frame.anchor] = {frame.value, nodes_ - frame.nodes_before + 1};
    put(frame.mark, std::move(frame.value));
  }

  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

// yaml-cpp recurses with the nesting before any event comes, so flow brackets and indentation are counted first.
std::optional<Problem> too_deep(std::string_view text) {
  int line = 1, column = 0;
  std::size_t flow = 0;
  char quote = 0;
  bool is_comment = false;
  char before = '\n';
  std::vector<std::size_t> indents;
  bool is_indent = true;
  std::size_t indent = 0;
  std::size_t dashes = 0;
  for (const char c : text) {
    ++column;
    if (c == '\n') {
      ++line;
      column = 0;
      is_comment = false;
      is_indent = true;
      indent = 0;
      dashes = 0;
    } else if (is_indent && c == ' ') {
      ++indent;
    } else if (!is_comment) {
      if (is_indent && c == '-') {
        if (++dashes > kDepthMax)
          return Problem{{line, column}, "yaml.too_deep", format("more than {} levels", kDepthMax), ""};
      } else if (is_indent && c != ' ') {
        is_indent = false;
        while (!indents.empty() && indents.back() >= indent) indents.pop_back();
        indents.push_back(indent);
        if (indents.size() > kDepthMax * 2)
          return Problem{
              {line, column}, "yaml.too_deep", format("the document nests deeper than {} levels", kDepthMax), ""};
      }
      if (quote != 0) {
        if (c == quote && before != '\\') quote = 0;
      } else if ((c == '"' || c == '\'') && (before == ' ' || before == '\n' || before == '[' || before == '{' ||
                                             before == ',' || before == ':')) {
        quote = c;
      } else if (c == '#' && (before == ' ' || before == '\n')) {
        is_comment = true;
      } else if (c == '[' || c == '{') {
        if (++flow > kDepthMax)
          return Problem{
              {line, column}, "yaml.too_deep", format("the document nests deeper than {} levels", kDepthMax), ""};
      } else if ((c == ']' || c == '}') && flow > 0) {
        --flow;
      }
    }
    before = c;
  }
  return std::nullopt;
}

std::optional<Problem> unreadable(std::string_view text) {
  if (text.size() > kBytesMax)
    return Problem{
        {1, 1}, "yaml.too_large", format("the file has {} bytes; at most {} are read", text.size(), kBytesMax), ""};
  int line = 1, column = 1;
  bool is_indent = true;
  for (const char c : text) {
    if (c == '\0') return Problem{{line, column}, "yaml.nul", "a NUL character", ""};
    if (c == '\t' && is_indent)
      return Problem{{line, column}, "yaml.tab", "a tab in the indentation; YAML indents with spaces", ""};
    is_indent = c == '\n' || (is_indent && c == ' ');
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n' ? 1 : 0;
  }
  if (!text::is_valid_utf8(text)) return Problem{{1, 1}, "yaml.invalid_utf8", "the file is not valid UTF-8", ""};
  return too_deep(text);
}

// Texts of the documents: what stands between the lines `---`, with the line where each begins.
std::vector<std::pair<int, std::string>> split_documents(std::string_view text) {
  std::vector<std::pair<int, std::string>> parts{{1, ""}};
  int line = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view whole = text.substr(at, end - at);
    ++line;
    const bool is_marker =
        whole.starts_with("---") && (whole.size() == 3 || whole[3] == ' ' || whole[3] == '\n' || whole[3] == '\r');
    if (is_marker) {
      parts.emplace_back(line, "");
      const auto rest = text::trim(whole.substr(3));
      // Content on the marker's own line keeps its column.
      parts.back().second = rest.empty() || rest.starts_with("#") ? "\n" : "   " + std::string(whole.substr(3));
    } else {
      parts.back().second += whole;
    }
    at = end;
  }
  return parts;
}

bool is_blank(std::string_view text) {
  for (const std::string_view line : text::split(text, '\n')) {
    const auto trimmed = text::trim(line);
    if (!trimmed.empty() && !trimmed.starts_with('#')) return false;
  }
  return true;
}

void read_document(int first_line, const std::string& text, Stream& stream) {
  Builder builder;
  const int shift = first_line - 1;
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) return;
    Builder more;
    if (parser.HandleNextDocument(more))
      refuse(YAML::Mark(), "", "yaml.syntax", "the document ends early: what follows belongs to none");
  } catch (Refused& refused) {
    refused.problem.place.line += shift;
    stream.problems.push_back(std::move(refused.problem));
    return;
  } catch (const YAML::Exception& exception) {
    stream.problems.push_back({.place = {exception.mark.line + 1 + shift, exception.mark.column + 1},
                               .code = "yaml.syntax",
                               .message = exception.msg,
                               .pointer = ""});
    return;
  }
  Document document = std::move(builder.document);
  for (auto& [pointer, place] : document.places) place.line += shift;
  document.text = text;
  document.first_line = first_line;
  stream.documents.push_back(std::move(document));
}

}  // namespace

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string pointer(parent);
  pointer += '/';
  for (const char c : key) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

Place Document::place(std::string_view pointer) const {
  while (true) {
    if (const auto found = places.find(pointer); found != places.end()) return found->second;
    const auto slash = pointer.rfind('/');
    if (slash == std::string_view::npos) return {first_line, 1};
    pointer = pointer.substr(0, slash);
  }
}

Stream read(std::string_view text) {
  Stream stream;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (auto problem = unreadable(text)) {
    stream.problems.push_back(std::move(*problem));
    return stream;
  }
  for (const auto& [line, part] : split_documents(text)) {
    if (!is_blank(part)) read_document(line, part, stream);
  }
  return stream;
}

}  // namespace weft::yaml
