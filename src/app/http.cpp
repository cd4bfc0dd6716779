#include "app/http.h"

#include "base/check.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/json_schema/json_schema.h"

namespace weft {
namespace {

constexpr std::size_t kProblemsMax = 20;

Result<> check_body(const json_schema::Schema& schema, const json::Value& body) {
  const auto violations = schema.check(body);
  if (violations.empty()) return {};
  json::Array problems;
  for (const auto& each : violations) {
    if (problems.size() < kProblemsMax)
      problems.push_back(json::Object{{"pointer", each.pointer}, {"message", each.message}});
  }
  const auto& first = violations.front();
  auto error =
      fail(ErrorKind::invalid, "request.body", "the body{}{}: {}{}", first.pointer.empty() ? "" : " at ", first.pointer,
           first.message, violations.size() == 1 ? "" : format(" (and {} more problems)", violations.size() - 1));
  error.error().details.set("problems", std::move(problems));
  return error;
}

}  // namespace

void Headers::set(std::string_view name, std::string value) {
  for (auto& [key, old] : items_) {
    if (text::iequals(key, name)) {
      old = std::move(value);
      return;
    }
  }
  items_.emplace_back(std::string(name), std::move(value));
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [key, value] : items_) {
    if (text::iequals(key, name)) return value;
  }
  return std::nullopt;
}

Result<std::string> Request::text(std::size_t bytes_max) const {
  std::string all;
  if (body == nullptr) return all;
  if (body_size && *body_size > bytes_max) {
    return fail(ErrorKind::limit, "request.too_large", "the body has {} bytes; at most {} are read here", *body_size,
                bytes_max);
  }
  if (body_size) all.reserve(*body_size);
  std::array<char, 16384> piece;
  while (true) {
    const std::size_t size = TRY(body->read(piece.data(), piece.size()));
    if (size == 0) break;
    if (all.size() + size > bytes_max) {
      return fail(ErrorKind::limit, "request.too_large", "the body has more than the {} bytes that are read here",
                  bytes_max);
    }
    all.append(piece.data(), size);
  }
  if (body_size && all.size() < *body_size) {
    return fail(ErrorKind::invalid, "request.truncated", "the body ended after {} of {} bytes", all.size(), *body_size);
  }
  return all;
}

Result<json::Value> Request::json(std::size_t bytes_max) const {
  const auto type = headers.get("content-type");
  if (type && text::lower(*type).find("json") == std::string::npos) {
    return fail(ErrorKind::unsupported, "request.media_type", "the body is {}; send application/json", *type);
  }
  const std::string all = TRY(text(bytes_max));
  if (all.empty()) return fail(ErrorKind::invalid, "request.no_body", "the body is empty; send a JSON object");
  auto value = TRY(json::parse(all, {.bytes_max = bytes_max}));
  if (body_schema != nullptr) TRY(check_body(*body_schema, value));
  return value;
}

std::string_view Request::param(std::string_view name) const {
  const auto found = params.find(std::string(name));
  CHECK(found != params.end());
  return found->second;
}

std::string_view Request::query_or(std::string_view name, std::string_view otherwise) const {
  const auto found = query.find(std::string(name));
  return found == query.end() ? otherwise : std::string_view(found->second);
}

Response Response::json(const json::Value& value, int status) {
  Response answer;
  answer.status = status;
  answer.headers.add("Content-Type", "application/json");
  std::string text = json::write(value);
  text += '\n';
  answer.body = std::move(text);
  return answer;
}

Response Response::text(std::string text, std::string_view media_type) {
  Response answer;
  answer.headers.add("Content-Type", std::string(media_type));
  answer.body = std::move(text);
  return answer;
}

Response Response::stream(BodyWriter writer, std::string_view media_type) {
  Response answer;
  answer.headers.add("Content-Type", std::string(media_type));
  answer.body = std::move(writer);
  return answer;
}

Response&& Response::with(std::string_view header, std::string value) && {
  headers.set(header, std::move(value));
  return std::move(*this);
}

Result<Page> page_of(const Request& request) {
  Page page;
  if (const auto limit = request.query_or("limit", ""); !limit.empty()) {
    const auto number = text::parse_integer(limit);
    if (!number || *number < 1 || *number > 1000) {
      return fail(ErrorKind::invalid, "request.limit", "limit={} is not a number from 1 to 1000", limit);
    }
    page.limit = static_cast<int>(*number);
  }
  if (const auto cursor = request.query_or("cursor", ""); !cursor.empty()) {
    const auto after = text::unbase64url(cursor);
    if (!after || after->empty()) {
      return fail(ErrorKind::invalid, "request.cursor",
                  "the cursor is not one that a page gave as `next`; start without it");
    }
    page.after = *after;
  }
  return page;
}

json::Value page_answer(json::Array items, const std::optional<std::string>& next_key) {
  json::Object answer;
  answer.set("items", std::move(items));
  answer.set("next", next_key ? json::Value(text::base64url(*next_key)) : json::Value());
  return answer;
}

std::string entity_tag(std::string_view text) {
  return "\"" + crypto::to_hex(crypto::sha256(text)).substr(0, 32) + "\"";
}

Result<> check_if_match(const Request& request, std::string_view current_tag) {
  const auto wanted = request.headers.get("if-match");
  if (!wanted || *wanted == "*") return {};
  for (const auto tag : text::split(*wanted, ',')) {
    if (text::trim(tag) == current_tag) return {};
  }
  return fail(ErrorKind::precondition, "request.stale",
              "it changed since you read it: If-Match names {}, it is {} now; read it again", *wanted, current_tag);
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> query;
  if (text.empty()) return query;
  auto decoded = [](std::string_view part) {
    std::string spaced(part);
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return text::percent_decode(spaced);
  };
  for (const std::string_view pair : text::split(text, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto key = decoded(pair.substr(0, equals));
    auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!key || !value || !text::is_valid_utf8(*key) || !text::is_valid_utf8(*value)) {
      return fail(ErrorKind::invalid, "request.malformed", "the query of the target is not percent-encoded UTF-8");
    }
    query.emplace_back(std::move(*key), std::move(*value));
  }
  return query;
}

}  // namespace weft
