#include "app/module.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/text.h"
#include "product/identity/commands.h"
#include "product/identity/identity.h"

namespace weft::identity {
namespace {

constexpr std::size_t kPasswordMin = 10;

constexpr store::Migration kMigrations[] = {{1, R"sql(
CREATE TABLE users (name TEXT PRIMARY KEY, password TEXT NOT NULL, is_administrator INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tokens (id TEXT PRIMARY KEY, name TEXT NOT NULL, principal TEXT NOT NULL, kind TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, is_administrator INTEGER NOT NULL,
  created INTEGER NOT NULL, created_by TEXT NOT NULL, expires INTEGER) WITHOUT ROWID;
)sql"}};

json::Value optional_time(const store::Row& row, int column) {
  return row.is_null(column) ? json::Value() : json::Value(to_rfc3339(time_of(row.integer(column))));
}

struct Routes {
  Identity& identity;
  audit::Audit& audit;
  store::Store& store;
  Clock& clock;

  // One may make tokens for oneself; for others and for administrators only an administrator may.
  Answer create_token(Request& request) const {
    const json::Value body = TRY(request.json());
    Identity::TokenTerms terms{.name = std::string(body["name"].text_or("")),
                               .principal = std::string(body["principal"].text_or(request.principal.name)),
                               .is_administrator = body["administrator"].boolean_or(false),
                               .expires = {},
                               .created_by = request.principal.name,
                               .request_id = request.request_id};
    if (terms.principal.empty() || terms.principal.starts_with("domain:") || terms.principal.starts_with("local:") ||
        terms.principal.starts_with("dev:")) {
      return fail(
          ErrorKind::invalid, "token.principal",
          "{} is no principal that a token can be for: use a user like ada@example.com or a service like svc:loader",
          terms.principal);
    }
    if (!request.principal.is_administrator && (terms.principal != request.principal.name || terms.is_administrator)) {
      return fail(ErrorKind::denied, "access.administrator",
                  "{} may create tokens for itself only; an administrator may for others", request.principal.name);
    }
    if (const auto seconds = body["expires_in"].integer_or(0); seconds > 0)
      terms.expires = clock.now() + std::chrono::seconds(seconds);
    const auto created = TRY(identity.create_token(terms));
    return Response::json(
        json::Object{{"id", created.id},
                     {"token", created.text},
                     {"principal", terms.principal},
                     {"expires", terms.expires ? json::Value(to_rfc3339(*terms.expires)) : json::Value()}},
        201);
  }

  Answer list_tokens(Request& request) const {
    const Page page = TRY(page_of(request));
    json::Array items;
    std::string last;
    TRY(store.read([&](store::Session& session) {
      return session.each(
          "SELECT id, name, principal, kind, is_administrator, created, created_by, expires FROM tokens WHERE id > ?1 "
          "AND (?2 OR principal = ?3) ORDER BY id LIMIT ?4",
          {page.after, std::int64_t{request.principal.is_administrator}, request.principal.name,
           std::int64_t{page.limit}},
          [&](const store::Row& row) -> Result<> {
            last = row.text(0);
            items.push_back(json::Object{{"id", last},
                                         {"name", row.text(1)},
                                         {"principal", row.text(2)},
                                         {"kind", row.text(3)},
                                         {"administrator", row.integer(4) != 0},
                                         {"created", optional_time(row, 5)},
                                         {"created_by", row.text(6)},
                                         {"expires", optional_time(row, 7)}});
            return {};
          });
    }));
    const bool is_full = items.size() == static_cast<std::size_t>(page.limit);
    return Response::json(page_answer(std::move(items), is_full ? std::optional(last) : std::nullopt));
  }

  Answer revoke(Request& request) const {
    const std::string id(request.param("token"));
    const auto owner = TRY(store.read_value<std::optional<std::string>>([&](store::Session& session) {
      return session.first("SELECT principal FROM tokens WHERE id = ?1", {id},
                           [](const store::Row& row) { return row.text(0); });
    }));
    if (!owner || (*owner != request.principal.name && !request.principal.is_administrator))
      return fail(ErrorKind::not_found, "token.unknown", "there is no token {} of yours", id);
    TRY(identity.revoke_token(id, request.principal.name, request.request_id));
    return Response::json(json::Object{{"id", id}, {"status", "revoked"}});
  }

  Answer set_user(Request& request) const {
    const json::Value body = TRY(request.json());
    const std::string name(body["name"].text_or(""));
    const std::string password(body["password"].text_or(""));
    if (password.size() < kPasswordMin)
      return fail(ErrorKind::invalid, "user.password", "a password has at least {} characters", kPasswordMin);
    const std::string hash = TRY(crypto::hash_password(password));
    const bool is_administrator = body["administrator"].boolean_or(false);
    const std::int64_t now = micros(clock.now());
    TRY(store.write([&](store::Session& session) -> Result<> {
      TRY(session.run(
          "INSERT INTO users (name, password, is_administrator, created, changed) VALUES (?1, ?2, ?3, ?4, ?4) "
          "ON CONFLICT (name) DO UPDATE SET password = ?2, is_administrator = ?3, changed = ?4",
          {name, hash, std::int64_t{is_administrator}, now}));
      return audit.append(session, {.actor = request.principal.name,
                                    .action = "user.set",
                                    .subject = name,
                                    .outcome = "committed",
                                    .request_id = request.request_id,
                                    .details = {{"is_administrator", is_administrator}}});
    }));
    return Response::json(json::Object{{"name", name}, {"administrator", is_administrator}}, 201);
  }

  Answer list_users(Request&) const {
    json::Array items;
    TRY(store.read([&](store::Session& session) {
      return session.each("SELECT name, is_administrator, created, changed FROM users ORDER BY name", {},
                          [&](const store::Row& row) -> Result<> {
                            items.push_back(json::Object{{"name", row.text(0)},
                                                         {"administrator", row.integer(1) != 0},
                                                         {"created", optional_time(row, 2)},
                                                         {"changed", optional_time(row, 3)}});
                            return {};
                          });
    }));
    return Response::json(page_answer(std::move(items), {}));
  }

  Answer remove_user(Request& request) const {
    const std::string name(request.param("user"));
    TRY(store.write([&](store::Session& session) -> Result<> {
      if (TRY(session.run("DELETE FROM users WHERE name = ?1", {name})) == 0)
        return fail(ErrorKind::not_found, "user.unknown", "there is no user {}", name);
      return audit.append(session, {.actor = request.principal.name,
                                    .action = "user.remove",
                                    .subject = name,
                                    .outcome = "committed",
                                    .request_id = request.request_id,
                                    .details = {}});
    }));
    return Response::json(json::Object{{"name", name}, {"status", "removed"}});
  }
};

Answer who_am_i(Request& request) {
  json::Array teams;
  for (const std::string& team : request.principal.teams) teams.emplace_back(team);
  json::Object answer{{"name", request.principal.name}, {"administrator", request.principal.is_administrator}};
  answer.set("teams", json::Value(std::move(teams)));
  return Response::json(answer);
}

Result<> install(App& app) {
  auto& audit = app.use<audit::Audit>();
  Identity& identity = app.emplace<Identity>(app.store(), audit, app.clock(), app.settings().is_dev);
  const auto routes = std::make_shared<Routes>(Routes{identity, audit, app.store(), app.clock()});
  app.route({.method = "GET",
             .path = "/v1/whoami",
             .access = Access::signed_in,
             .summary = "Who you are here",
             .handler = who_am_i});
  app.route(
      {.method = "POST",
       .path = "/v1/tokens",
       .access = Access::signed_in,
       .summary = "Create a token; it is shown once",
       .handler = [routes](Request& request) { return routes->create_token(request); },
       .request_schema =
           R"({"type":"object","additionalProperties":false,"properties":{"name":{"type":"string"},"principal":{"type":"string","minLength":1},"administrator":{"type":"boolean"},"expires_in":{"type":["integer","null"],"minimum":1,"maximum":315360000,"description":"Seconds; without, it does not expire."}}})",
       .status = 201});
  app.route({.method = "GET",
             .path = "/v1/tokens",
             .access = Access::signed_in,
             .summary = "List tokens, without their secrets",
             .handler = [routes](Request& request) { return routes->list_tokens(request); },
             .query_parameters = {kLimit, kCursor}});
  app.route({.method = "DELETE",
             .path = "/v1/tokens/{token}",
             .access = Access::signed_in,
             .summary = "Revoke a token at once",
             .handler = [routes](Request& request) { return routes->revoke(request); }});
  app.route(
      {.method = "POST",
       .path = "/v1/users",
       .access = Access::administrator,
       .summary = "Create a user, or give one a new password",
       .handler = [routes](Request& request) { return routes->set_user(request); },
       .lane = Lane::heavy,
       .request_schema =
           R"({"type":"object","required":["name","password"],"additionalProperties":false,"properties":{"name":{"type":"string","pattern":"^[^:@]+@[^:]+$"},"password":{"type":"string","minLength":10},"administrator":{"type":"boolean"}}})",
       .status = 201});
  app.route({.method = "GET",
             .path = "/v1/users",
             .access = Access::administrator,
             .summary = "List users",
             .handler = [routes](Request& request) { return routes->list_users(request); }});
  app.route({.method = "DELETE",
             .path = "/v1/users/{user}",
             .access = Access::administrator,
             .summary = "Remove a user",
             .handler = [routes](Request& request) { return routes->remove_user(request); }});
  return {};
}

}  // namespace

extern const Module kModule;
const Module kModule{.name = "identity", .migrations = kMigrations, .install = install, .commands = commands};

}  // namespace weft::identity
