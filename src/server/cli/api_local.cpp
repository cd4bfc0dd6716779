#include "server/cli/api_local.h"

#include "app/problem.h"
#include "base/ids.h"
#include "base/text.h"

namespace weft::cli {
namespace {

// Passes bytes on and knows whether there were any.
class Watched final : public ByteSink {
 public:
  explicit Watched(ByteSink& to) : to_(to) {}
  Result<> write(std::string_view bytes) override {
    has_bytes = has_bytes || !bytes.empty();
    return to_.write(bytes);
  }
  bool has_bytes = false;

 private:
  ByteSink& to_;
};

class TextSink final : public ByteSink {
 public:
  Result<> write(std::string_view bytes) override {
    text += bytes;
    return {};
  }
  std::string text;
};

}  // namespace

LocalApi::LocalApi(std::unique_ptr<server::Node> node, Principal principal, std::stop_token interrupted)
    : node_(std::move(node)), principal_(std::move(principal)), interrupted_(std::move(interrupted)) {}

Result<std::unique_ptr<Api>> LocalApi::open(const std::filesystem::path& data, std::string as,
                                            std::stop_token interrupted) {
  server::NodeOptions options;
  options.settings.data = data;
  auto node = TRY(server::Node::open(options));
  TRY(node->store().announce("(a command in process)"));
  Principal principal = as.empty() ? server::local_administrator() : node->principal_named(as);
  return std::unique_ptr<Api>(new LocalApi(std::move(node), std::move(principal), std::move(interrupted)));
}

Result<Response> LocalApi::send(Call call, ByteSink* sink) {
  Request request;
  request.method = call.method;
  const auto mark = call.path.find('?');
  request.path = call.path.substr(0, mark);
  if (mark != std::string::npos) request.query_text = call.path.substr(mark + 1);
  request.headers = std::move(call.headers);
  request.body = call.body;
  request.body_size = call.body_size;
  request.principal = principal_;
  request.request_id = new_id("req", micros(node_->clock().now()) / 1000);
  request.door = "cli";
  request.cancelled = call.cancelled.stop_possible() ? call.cancelled : interrupted_;
  Response response = node_->router().handle(request);
  if (auto* text = std::get_if<std::string>(&response.body)) {
    if (sink != nullptr && response.status < 300) {
      TRY(sink->write(*text));
      text->clear();
    }
    return response;
  }
  TextSink collected;
  Watched out(sink == nullptr ? static_cast<ByteSink&>(collected) : *sink);
  const auto written = std::get<BodyWriter>(response.body)(out);
  if (!written) {
    if (out.has_bytes && sink != nullptr) return fail(written.error());
    return problem(written.error(), request.request_id);
  }
  response.body = std::move(collected.text);
  return response;
}

}  // namespace weft::cli
