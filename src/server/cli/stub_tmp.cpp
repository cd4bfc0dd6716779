#include "app/module.h"
#include "server/cli/api_http.h"
#include "server/http/http_door.h"
namespace weft::cli {
struct HttpApi::State {};
HttpApi::HttpApi(std::unique_ptr<State> s) : state_(std::move(s)) {}
HttpApi::~HttpApi() = default;
Result<std::unique_ptr<Api>> HttpApi::open(std::string, std::string, std::string, std::stop_token) {
  return fail(ErrorKind::unsupported, "x", "x");
}
Result<Response> HttpApi::send(Call, ByteSink*) { return fail(ErrorKind::unsupported, "x", "x"); }
}  // namespace weft::cli
namespace weft::server {
struct HttpDoor::State {};
HttpDoor::HttpDoor(std::unique_ptr<State> s) : state_(std::move(s)) {}
HttpDoor::~HttpDoor() = default;
Result<std::unique_ptr<HttpDoor>> HttpDoor::open(HttpDoorOptions, const Router&, metrics::Registry&, Clock&,
                                                 std::function<bool()>) {
  return fail(ErrorKind::unsupported, "x", "x");
}
int HttpDoor::port() const { return 0; }
std::string HttpDoor::url() const { return ""; }
void HttpDoor::drain(std::chrono::seconds) {}
}  // namespace weft::server
namespace weft::backup {
extern const Module kModule;
const Module kModule{.name = "backup", .migrations = {}, .install = nullptr, .commands = nullptr};
}  // namespace weft::backup
