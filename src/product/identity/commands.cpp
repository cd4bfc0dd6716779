#include "product/identity/commands.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>

#include "base/text.h"

namespace weft::identity {
namespace {

Result<int> create_token(Invocation& call) {
  json::Object body{{"name", call.text("--name")}, {"administrator", call.has("--administrator")}};
  if (call.has("--principal")) body.set("principal", call.text("--principal"));
  if (call.has("--days")) {
    const auto days = text::parse_integer(call.text("--days"));
    if (!days || *days < 1)
      return fail(ErrorKind::invalid, "token.days", "{} is no number of days", call.text("--days"));
    body.set("expires_in", *days * 86'400);
  }
  Api* api = TRY(call.api());
  const json::Value created = TRY(api->post("/v1/tokens", body));
  call.out().object(created);
  call.out().note("The token is shown this once: keep it now.");
  return 0;
}

// Never from the arguments, which others can see: from the terminal without echo, or from standard input.
Result<std::string> read_password() {
  termios before{};
  const bool is_terminal = ::isatty(0) == 1 && ::tcgetattr(0, &before) == 0;
  if (is_terminal) {
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(0, TCSAFLUSH, &quiet);
    std::cerr << "Password: ";
  }
  std::string password;
  std::getline(std::cin, password);
  if (is_terminal) {
    ::tcsetattr(0, TCSAFLUSH, &before);
    std::cerr << "\n";
  }
  if (password.empty()) return fail(ErrorKind::invalid, "user.password", "no password was given");
  return password;
}

Result<int> set_user(Invocation& call) {
  json::Object body{
      {"name", call.text("NAME")}, {"password", TRY(read_password())}, {"administrator", call.has("--administrator")}};
  Api* api = TRY(call.api());
  call.out().object(TRY(api->post("/v1/users", body)));
  return 0;
}

Result<int> list(Invocation& call, const std::string& path, const std::vector<std::string>& columns) {
  Api* api = TRY(call.api());
  const json::Value page = TRY(api->get(path));
  call.out().rows(page["items"].array(), columns);
  return 0;
}

Result<int> remove(Invocation& call, const std::string& path) {
  Api* api = TRY(call.api());
  call.out().object(TRY(api->remove(path)));
  return 0;
}

}  // namespace

std::vector<Command> commands() {
  const Option administrator{.name = "--administrator", .value = "", .summary = "With the platform role"};
  const Option name{.name = "NAME", .value = "NAME", .summary = "Like ada@example.com", .is_required = true};
  return {
      {.name = "whoami",
       .summary = "Who you are here, and your teams",
       .description = "",
       .options = {},
       .run = [](Invocation& call) -> Result<int> {
         Api* api = TRY(call.api());
         call.out().object(TRY(api->get("/v1/whoami")));
         return 0;
       }},
      {.name = "token create",
       .summary = "Create a token; it is shown once",
       .description = "  weft token create --principal svc:loader --name nightly --days 90",
       .options = {{.name = "--principal",
                    .value = "NAME",
                    .summary = "A user like ada@example.com or a service like svc:loader; you when left out"},
                   {.name = "--name", .value = "TEXT", .summary = "What it is for"},
                   {.name = "--days", .value = "N", .summary = "It expires after this many days"},
                   administrator},
       .run = create_token},
      {.name = "token list",
       .summary = "Tokens, without their secrets",
       .description = "",
       .options = {},
       .run =
           [](Invocation& call) {
             return list(call, "/v1/tokens?limit=1000",
                         {"id", "name", "principal", "administrator", "created", "expires"});
           }},
      {.name = "token revoke",
       .summary = "Revoke a token at once",
       .description = "",
       .options = {{.name = "TOKEN", .value = "ID", .summary = "Its id, from token list", .is_required = true}},
       .run = [](Invocation& call) { return remove(call, "/v1/tokens/" + text::percent_encode(call.text("TOKEN"))); }},
      {.name = "user set",
       .summary = "Create a user, or give one a new password",
       .description = "The password is read from the terminal or standard input.",
       .options = {name, administrator},
       .run = set_user},
      {.name = "user list",
       .summary = "Users with passwords",
       .description = "",
       .options = {},
       .run = [](Invocation& call) { return list(call, "/v1/users", {"name", "administrator", "created"}); }},
      {.name = "user remove",
       .summary = "Remove a user",
       .description = "",
       .options = {name},
       .run = [](Invocation& call) { return remove(call, "/v1/users/" + text::percent_encode(call.text("NAME"))); }},
  };
}

}  // namespace weft::identity
