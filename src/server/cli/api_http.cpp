#include "server/cli/api_http.h"

#include "platform/net/http_client.h"

namespace weft::cli {

struct HttpApi::State {
  std::unique_ptr<net::HttpClient> client;
  std::string token;
  std::stop_token interrupted;
};

HttpApi::HttpApi(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpApi::~HttpApi() = default;

Result<std::unique_ptr<Api>> HttpApi::open(std::string url, std::string token, std::string ca_file,
                                           std::stop_token interrupted) {
  net::HttpClient::Options options;
  options.ca_file = std::move(ca_file);
  auto state = std::make_unique<State>();
  state->client = TRY(net::HttpClient::open(url, std::move(options)));
  state->token = std::move(token);
  state->interrupted = std::move(interrupted);
  return std::unique_ptr<Api>(new HttpApi(std::move(state)));
}

Result<Response> HttpApi::send(Call call, ByteSink* sink) {
  net::ClientRequest request;
  request.method = std::move(call.method);
  request.target = std::move(call.path);
  for (const auto& [name, value] : call.headers.items()) request.headers.emplace_back(name, value);
  request.headers.emplace_back("User-Agent", "weft/" WEFT_VERSION);
  if (!state_->token.empty()) request.headers.emplace_back("Authorization", "Bearer " + state_->token);
  request.body = call.body;
  request.body_size = call.body_size;
  auto answer =
      TRY(state_->client->send(request, sink, call.cancelled.stop_possible() ? call.cancelled : state_->interrupted));
  Response response;
  response.status = answer.status;
  for (auto& [name, value] : answer.headers) response.headers.add(std::move(name), std::move(value));
  response.body = std::move(answer.body);
  return response;
}

}  // namespace weft::cli
