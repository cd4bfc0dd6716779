#include "app/command.h"

#include "app/problem.h"
#include "base/json.h"

namespace weft {
namespace {

Result<json::Value> value_of(Response response) {
  if (response.status >= 400) return fail(error_of(response));
  const auto* text = std::get_if<std::string>(&response.body);
  if (text == nullptr || text->empty()) return json::Value();
  return json::parse(*text, {.bytes_max = 1 << 30, .depth_max = 200});
}

}  // namespace

Result<json::Value> Api::get(std::string path) {
  Call call;
  call.path = std::move(path);
  return value_of(TRY(send(std::move(call))));
}

Result<json::Value> Api::post(std::string path, const json::Value& body) {
  const std::string text = json::write(body);
  TextSource source(text);
  Call call;
  call.method = "POST";
  call.path = std::move(path);
  call.headers.add("Content-Type", "application/json");
  call.body = &source;
  call.body_size = text.size();
  return value_of(TRY(send(std::move(call))));
}

Result<json::Value> Api::remove(std::string path) {
  Call call;
  call.method = "DELETE";
  call.path = std::move(path);
  return value_of(TRY(send(std::move(call))));
}

bool Invocation::has(std::string_view option) const { return values.find(option) != values.end(); }

std::string Invocation::text(std::string_view option) const {
  const auto found = values.find(option);
  return found == values.end() || found->second.empty() ? std::string() : found->second.front();
}

const std::vector<std::string>& Invocation::list(std::string_view option) const {
  static const std::vector<std::string> kNone;
  const auto found = values.find(option);
  return found == values.end() ? kNone : found->second;
}

}  // namespace weft
