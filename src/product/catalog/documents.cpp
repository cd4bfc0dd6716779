#include "product/catalog/documents.h"

#include "base/format.h"
#include "base/text.h"
#include "formats/standard/standard.h"
#include "product/catalog/schemas.h"

namespace weft::catalog {
namespace {

constexpr std::string_view kOurs = "weft/v1";

Problem at(const Declared& document, std::string_view pointer, std::string code, std::string message) {
  return problem_at(document, pointer, std::move(code), std::move(message));
}

std::string key_of(const Declared& document) {
  const json::Value& value = document.value;
  const auto text = [&](std::string_view key) { return std::string(value[key].text_or("")); };
  if (document.kind == "DataContract") return "DataContract/" + text("id");
  if (document.kind == "DataProduct") return "DataProduct/" + text("domain") + "." + text("name");
  if (document.kind == "Grant") return format("Grant/{}→{}:{}", text("to"), text("on"), text("role"));
  return document.kind + "/" + text("name");
}

std::string domain_of(const Declared& document) {
  const json::Value& value = document.value;
  if (document.kind == "DataContract" || document.kind == "DataProduct")
    return std::string(value["domain"].text_or(""));
  const auto first = [](std::string_view dotted) { return std::string(dotted.substr(0, dotted.find('.'))); };
  if (document.kind == "Grant") return first(value["on"].text_or(""));
  if (document.kind == "Pipeline") return first(value["output"].text_or(""));
  return "";
}

// Says what the document is, or why nobody can tell.
bool identify(Declared& document, std::vector<Problem>& problems) {
  if (!document.value.is_object()) {
    problems.push_back(at(document, "", "document.kind", "a document is a mapping with apiVersion and kind"));
    return false;
  }
  const auto version = document.value["apiVersion"].text_or("");
  document.kind = document.value["kind"].text_or("");
  const bool is_standard = document.kind == "DataContract" || document.kind == "DataProduct";
  const bool is_own = std::find(own_kinds().begin(), own_kinds().end(), document.kind) != own_kinds().end();
  if (!is_standard && !is_own) {
    std::vector<std::string> kinds = own_kinds();
    kinds.insert(kinds.end(), {"DataContract", "DataProduct"});
    problems.push_back(at(document, "/kind", "document.unknown_kind",
                          document.kind.empty() ? std::string("the document has no kind")
                                                : format("there is no kind {}{}", document.kind,
                                                         text::did_you_mean(document.kind, kinds))));
    return false;
  }
  if (is_own && version != kOurs) {
    problems.push_back(
        at(document, "/apiVersion", "document.api_version",
           format("a {} has the apiVersion {}, not {}", document.kind, kOurs, version.empty() ? "none" : version)));
    return false;
  }
  return true;
}

void check_alone(const Declared& document, std::vector<Problem>& problems) {
  std::vector<odcs::Problem> found;
  if (document.kind == "DataContract") {
    found = odcs::parse(document.value).problems;
    standard::check("odcs", document.value["apiVersion"].text_or(""), document.value, found);
    if (document.value["domain"].text_or("").empty())
      found.push_back({"", "document.domain", "a contract names its domain"});
  } else if (document.kind == "DataProduct") {
    found = odps::parse(document.value).problems;
    standard::check("odps", document.value["apiVersion"].text_or(""), document.value, found);
    const auto name = document.value["name"].text_or("");
    if (!text::is_name(name))
      found.push_back(
          {"/name", "document.name",
           format("{} is no name: lower-case letters, digits and single underscores, beginning with a letter",
                  name.empty() ? "an empty text" : name)});
    if (document.value["domain"].text_or("").empty())
      found.push_back({"", "document.domain", "a product names its domain"});
  } else {
    check_own(document, found);
  }
  for (const odcs::Problem& problem : found) {
    problems.push_back(at(document, problem.pointer, problem.code, problem.message));
    if (problem.is_warning) problems.back().severity = "warning";
  }
}

}  // namespace

Problem problem_at(const Declared& document, std::string_view pointer, std::string code, std::string message) {
  yaml::Place place{document.line, 1};
  for (std::string_view rest = pointer;;) {
    if (const auto found = document.places.find(rest); found != document.places.end()) {
      place = found->second;
      break;
    }
    const auto slash = rest.rfind('/');
    if (slash == std::string_view::npos) break;
    rest = rest.substr(0, slash);
  }
  return {.file = document.file,
          .line = place.line,
          .column = place.column,
          .severity = "error",
          .code = std::move(code),
          .message = std::move(message),
          .pointer = std::string(pointer)};
}

void sort_problems(std::vector<Problem>& problems) {
  std::sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.file, a.line, a.column, a.code, a.message) <
           std::tie(b.file, b.line, b.column, b.code, b.message);
  });
}

ReadFiles read_files(const std::vector<SourceFile>& files, const std::string& source) {
  ReadFiles all;
  std::map<std::string, std::string> seen;
  for (const SourceFile& file : files) {
    yaml::Stream stream = yaml::read(file.text);
    for (const yaml::Problem& problem : stream.problems) {
      all.problems.push_back({.file = file.path,
                              .line = problem.place.line,
                              .column = problem.place.column,
                              .severity = "error",
                              .code = problem.code,
                              .message = problem.message,
                              .pointer = problem.pointer});
    }
    for (yaml::Document& parsed : stream.documents) {
      Declared document{.key = {},
                        .kind = {},
                        .name = {},
                        .domain = {},
                        .source = source,
                        .file = file.path,
                        .line = parsed.place("").line,
                        .text = std::move(parsed.text),
                        .value = std::move(parsed.value),
                        .places = std::move(parsed.places)};
      if (!identify(document, all.problems)) continue;
      check_alone(document, all.problems);
      document.key = key_of(document);
      document.name = document.key.substr(document.key.find('/') + 1);
      document.domain = domain_of(document);
      const auto [known, is_new] = seen.emplace(document.key, format("{}:{}", document.file, document.line));
      if (!is_new) {
        all.problems.push_back(
            at(document, "", "document.duplicate",
               format("{} {} is declared at {} already", document.kind, document.name, known->second)));
        continue;
      }
      all.documents.push_back(std::move(document));
    }
  }
  return all;
}

}  // namespace weft::catalog
