#include "product/contracts/lint.h"

#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "formats/standard/standard.h"
#include "formats/yaml/yaml.h"

namespace weft::contracts {
namespace {

catalog::Problem placed(const yaml::Document& document, const std::string& file, std::string_view pointer,
                        std::string code, std::string message, bool is_warning) {
  const yaml::Place place = document.place(pointer);
  return {.file = file,
          .line = place.line,
          .column = place.column,
          .severity = is_warning ? "warning" : "error",
          .code = std::move(code),
          .message = std::move(message),
          .pointer = std::string(pointer)};
}

json::Value problem_to_json(const odcs::Problem& problem, std::string_view rule) {
  return json::Object{{"pointer", problem.pointer},
                      {"code", problem.code},
                      {"message", problem.message},
                      {"severity", problem.is_warning ? "warning" : "error"},
                      {"rule", rule}};
}

std::string not_read(std::string_view code, std::string_view message) {
  json::Object problem{{"pointer", ""}, {"code", code}, {"message", message}, {"severity", "error"}, {"rule", "text"}};
  return json::write(
      json::Object{{"valid", false}, {"conforms", false}, {"problems", json::Array{json::Value(std::move(problem))}}});
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::invalid, "contract.file", "{} cannot be read", path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text.size() > yaml::kBytesMax)
    return fail(ErrorKind::limit, "contract.file", "{} has {} bytes; at most {}", path, text.size(), yaml::kBytesMax);
  return text;
}

}  // namespace

Verdict judge(const json::Value& document, std::string_view version) {
  Verdict verdict;
  auto by_schema = standard::violations("odcs", version, document);
  verdict.is_valid = by_schema && by_schema->empty();
  auto by_text = odcs::parse(document).problems;
  const auto has_error = [](const odcs::Problem& each) { return !each.is_warning; };
  verdict.conforms = verdict.is_valid && std::none_of(by_text.begin(), by_text.end(), has_error);
  if (by_schema) {
    for (odcs::Problem& each : *by_schema) {
      verdict.problems.push_back(std::move(each));
      verdict.rule_of.emplace_back("schema");
    }
  }
  for (odcs::Problem& each : by_text) {
    verdict.problems.push_back(std::move(each));
    verdict.rule_of.emplace_back("text");
  }
  return verdict;
}

std::vector<catalog::Problem> lint(const catalog::SourceFile& file) {
  std::vector<catalog::Problem> problems;
  const yaml::Stream stream = yaml::read(file.text);
  for (const yaml::Problem& each : stream.problems) {
    problems.push_back({.file = file.path,
                        .line = each.place.line,
                        .column = each.place.column,
                        .code = each.code,
                        .message = each.message,
                        .pointer = each.pointer});
  }
  for (const yaml::Document& document : stream.documents) {
    if (document.value["kind"].text_or("") != "DataContract") {
      problems.push_back(placed(document, file.path, "/kind", "contract.kind",
                                "the document is no DataContract; `weft validate` checks all kinds", false));
      continue;
    }
    auto found = odcs::parse(document.value).problems;
    standard::check("odcs", document.value["apiVersion"].text_or(""), document.value, found);
    for (odcs::Problem& each : found)
      problems.push_back(placed(document, file.path, each.pointer, each.code, each.message, each.is_warning));
  }
  return problems;
}

std::string lint_line(std::string_view line) {
  const auto request = json::parse(line, {.bytes_max = yaml::kBytesMax * 2});
  if (!request) return not_read(request.error().code, request.error().message);
  json::Value document = (*request)["doc"];
  if (document.is_text()) {
    yaml::Stream stream = yaml::read(document.text());
    if (!stream.problems.empty()) return not_read(stream.problems[0].code, stream.problems[0].message);
    if (stream.documents.size() != 1) return not_read("contract.file", "`doc` does not hold one document");
    document = std::move(stream.documents[0].value);
  }
  const Verdict verdict = judge(document, (*request)["apiVersion"].text_or(document["apiVersion"].text_or("")));
  json::Array problems;
  for (std::size_t i = 0; i < verdict.problems.size(); ++i)
    problems.push_back(problem_to_json(verdict.problems[i], verdict.rule_of[i]));
  return json::write(
      json::Object{{"valid", verdict.is_valid}, {"conforms", verdict.conforms}, {"problems", std::move(problems)}});
}

Result<odcs::Contract> read_contract(const std::string& path) {
  const std::string text = TRY(read_file(path));
  const yaml::Stream stream = yaml::read(text);
  if (!stream.problems.empty()) {
    const yaml::Problem& first = stream.problems.front();
    return fail(ErrorKind::invalid, "contract.file", "{}:{}:{}: {}", path, first.place.line, first.place.column,
                first.message);
  }
  std::optional<odcs::Contract> contract;
  for (const yaml::Document& document : stream.documents) {
    if (document.value["kind"].text_or("") != "DataContract") continue;
    if (contract)
      return fail(ErrorKind::invalid, "contract.file", "{} holds several contracts; give a file of one", path);
    odcs::Parsed parsed = odcs::parse(document.value);
    if (!parsed.contract) {
      return fail(ErrorKind::invalid, "contract.file",
                  "{} holds a contract with errors; `weft contract lint {}` lists them", path, path);
    }
    contract = std::move(parsed.contract);
  }
  if (!contract) return fail(ErrorKind::invalid, "contract.file", "{} holds no DataContract", path);
  return std::move(*contract);
}

}  // namespace weft::contracts
