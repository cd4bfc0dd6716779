#pragma once

#include <memory>
#include <string>

#include "app/command.h"

namespace weft::cli {

// The API over HTTP.
class HttpApi final : public Api {
 public:
  // invalid "cli.url".
  static Result<std::unique_ptr<Api>> open(std::string url, std::string token, std::string ca_file,
                                           std::stop_token interrupted);
  ~HttpApi() override;
  Result<Response> send(Call call, ByteSink* sink) override;

 private:
  struct State;
  explicit HttpApi(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weft::cli
