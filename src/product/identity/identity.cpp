#include "product/identity/identity.h"

#include "base/crypto.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "product/identity/accounts.h"

namespace weft::identity {
namespace {

constexpr std::string_view kTokens = "SELECT id, name, principal, kind, hash, is_administrator, expires FROM tokens";
constexpr std::string_view kInsertToken =
    "INSERT INTO tokens (id, name, principal, kind, hash, is_administrator, created, created_by, expires) VALUES (?1, "
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
constexpr std::string_view kTokenPrefix = "weft_";
constexpr int kTriesMax = 10;  // Wrong passwords of one name within kTriesWindow.
constexpr std::chrono::minutes kTriesWindow{5};
constexpr std::chrono::minutes kVerifiedFor{5};
constexpr std::size_t kRememberedMax = 10'000;

std::unexpected<Error> unauthenticated(std::string_view code, std::string_view message) {
  return fail(ErrorKind::unauthenticated, code, "{}", message);
}

std::string hash_of(std::string_view token) { return crypto::to_hex(crypto::sha256(token)); }

}  // namespace

struct Identity::State {
  store::Store& store;
  audit::Audit& audit;
  Clock& clock;
  bool is_dev;
  std::function<std::vector<std::string>(std::string_view)> teams_of;

  struct Known {
    std::string id, principal;
    PrincipalKind kind = PrincipalKind::user;
    bool is_administrator = false;
    std::optional<Time> expires;
  };
  struct Tries {
    int wrong = 0;
    Time since{};
  };
  std::mutex mutex;
  bool is_loaded = false;                         // Guarded by mutex, as is what follows.
  std::unordered_map<std::string, Known> tokens;  // By hash.
  std::map<std::string, Tries> tries;
  std::map<std::string, Time> verified;  // Passwords that were right a moment ago, by a peppered hash.
  const std::string pepper = crypto::random_bytes(32);
  std::mutex hashing;  // argon2 takes 64 MiB: one at a time.

  Result<> load();
  Principal principal_of(const Known& known) const;
  Result<Principal> by_token(std::string_view token);
  Result<Principal> by_password(std::string_view user, std::string_view password);
  Result<> count_wrong(const std::string& user);
};

Identity::Identity(store::Store& store, audit::Audit& audit, Clock& clock, bool is_dev)
    : state_(new State{.store = store,
                       .audit = audit,
                       .clock = clock,
                       .is_dev = is_dev,
                       .teams_of = {},
                       .mutex = {},
                       .is_loaded = false,
                       .tokens = {},
                       .tries = {},
                       .verified = {},
                       .hashing = {}}) {}

Identity::~Identity() = default;

void Identity::on_teams(std::function<std::vector<std::string>(std::string_view name)> teams_of) {
  state_->teams_of = std::move(teams_of);
}

Result<> Identity::State::load() {
  if (is_loaded) return {};
  TRY(store.read([&](store::Session& session) {
    return session.each(kTokens, {}, [&](const store::Row& row) -> Result<> {
      Known known{.id = row.text(0),
                  .principal = row.text(2),
                  .kind = row.view(3) == "service" ? PrincipalKind::service : PrincipalKind::user,
                  .is_administrator = row.integer(5) != 0,
                  .expires = {}};
      if (!row.is_null(6)) known.expires = time_of(row.integer(6));
      tokens[row.text(4)] = std::move(known);
      return {};
    });
  }));
  is_loaded = true;
  return {};
}

Principal Identity::State::principal_of(const Known& known) const {
  Principal principal;
  principal.kind = known.kind;
  principal.name = known.principal;
  principal.is_administrator = known.is_administrator;
  principal.is_anonymous = false;
  if (teams_of) principal.teams = teams_of(known.principal);
  return principal;
}

Result<Principal> Identity::State::by_token(std::string_view token) {
  const std::string hash = hash_of(token);
  Known known;
  {
    const std::lock_guard lock(mutex);
    TRY(load());
    const auto found = tokens.find(hash);
    if (found == tokens.end())
      return unauthenticated("auth.unknown_token", "the token is not known here, or was revoked");
    known = found->second;
  }
  if (known.expires && *known.expires <= clock.now())
    return unauthenticated("auth.expired_token", "the token has expired; create another");
  return principal_of(known);
}

Result<> Identity::State::count_wrong(const std::string& user) {
  int wrong = 0;
  {
    const std::lock_guard lock(mutex);
    if (tries.size() > kRememberedMax) tries.clear();
    Tries& entry = tries[user];
    if (clock.now() - entry.since > kTriesWindow) entry = {.wrong = 0, .since = clock.now()};
    wrong = ++entry.wrong;
  }
  // The first and the last before the lock: an attack must not flood the chain.
  if (wrong == 1 || wrong == kTriesMax) {
    TRY(audit.append({.actor = user,
                      .action = "auth.fail",
                      .subject = user,
                      .outcome = "denied",
                      .request_id = {},
                      .details = {{"wrong_passwords", wrong}}}));
  }
  return {};
}

Result<Principal> Identity::State::by_password(std::string_view user_view, std::string_view password) {
  const std::string user(user_view);
  const std::string remembered = hash_of(pepper + "\n" + user + "\n" + std::string(password));
  {
    const std::lock_guard lock(mutex);
    const auto entry = tries.find(user);
    if (entry != tries.end() && entry->second.wrong >= kTriesMax && clock.now() - entry->second.since <= kTriesWindow) {
      return fail(ErrorKind::unavailable, "auth.too_many_tries",
                  "too many wrong passwords for {}; try again in {} minutes", user, kTriesWindow.count());
    }
  }
  const auto account = TRY(find_user(store, user));
  bool is_right = false;
  {
    const std::lock_guard lock(mutex);
    const auto found = verified.find(remembered);
    is_right = account && found != verified.end() && clock.now() - found->second < kVerifiedFor &&
               found->second >= account->changed;
  }
  if (!is_right) {
    // An unknown name costs what a known one does, so that time tells nothing.
    static const std::string kNobody = crypto::hash_password("nobody").value_or("");
    const std::lock_guard lock(hashing);
    is_right = crypto::verify_password(account ? account->password : kNobody, password) && account.has_value();
    if (!is_right) {
      TRY(count_wrong(user));
      return unauthenticated("auth.wrong_password", "the user or the password is wrong");
    }
    TRY(audit.append({.actor = user,
                      .action = "auth.sign_in",
                      .subject = user,
                      .outcome = "allowed",
                      .request_id = {},
                      .details = {}}));
  }
  {
    const std::lock_guard lock(mutex);
    if (verified.size() > kRememberedMax) verified.clear();
    verified.try_emplace(remembered, clock.now());
  }
  return principal_of({.id = {},
                       .principal = user,
                       .kind = PrincipalKind::user,
                       .is_administrator = account->is_administrator,
                       .expires = {}});
}

Result<Principal> Identity::authenticate(const Request& request) {
  const auto header = request.headers.get("authorization");
  if (!header) {
    Principal nobody;
    if (!state_->is_dev) return nobody;
    nobody.name = "dev:administrator";
    nobody.is_administrator = true;
    nobody.is_anonymous = false;
    return nobody;
  }
  const auto space = header->find(' ');
  const std::string_view rest =
      space == std::string_view::npos ? std::string_view() : text::trim(header->substr(space + 1));
  const std::string scheme = text::lower(header->substr(0, space));
  if (scheme == "bearer" && !rest.empty()) return state_->by_token(rest);
  if (scheme == "basic") {
    const auto decoded = text::unbase64(rest);
    const auto colon = decoded ? decoded->find(':') : std::string::npos;
    if (decoded && colon != std::string::npos && decoded->find('\0') == std::string::npos) {
      const std::string_view user = std::string_view(*decoded).substr(0, colon),
                             password = std::string_view(*decoded).substr(colon + 1);
      return user == "token" ? state_->by_token(password) : state_->by_password(user, password);
    }
  }
  return unauthenticated("auth.malformed", "the Authorization header is neither `Bearer TOKEN` nor `Basic …`");
}

Result<Identity::NewToken> Identity::create_token(const TokenTerms& terms) {
  NewToken created;
  created.text = std::string(kTokenPrefix) + text::base64url(crypto::random_bytes(32));
  const Time now = state_->clock.now();
  created.id = new_id("tok", micros(now) / 1000);
  const std::string hash = hash_of(created.text);
  const bool is_service = terms.principal.starts_with("svc:");
  std::optional<std::int64_t> expires;
  if (terms.expires) expires = micros(*terms.expires);
  TRY(state_->store.write([&](store::Session& session) -> Result<> {
    TRY(session.run(kInsertToken,
                    {created.id, terms.name, terms.principal, is_service ? "service" : "user", hash,
                     std::int64_t{terms.is_administrator}, micros(now), terms.created_by, store::param(expires)}));
    return state_->audit.append(
        session, {.actor = terms.created_by,
                  .action = "token.create",
                  .subject = created.id,
                  .outcome = "committed",
                  .request_id = terms.request_id,
                  .details = {{"principal", terms.principal}, {"is_administrator", terms.is_administrator}}});
  }));
  const std::lock_guard lock(state_->mutex);
  TRY(state_->load());
  state_->tokens[hash] = {.id = created.id,
                          .principal = terms.principal,
                          .kind = is_service ? PrincipalKind::service : PrincipalKind::user,
                          .is_administrator = terms.is_administrator,
                          .expires = terms.expires};
  return created;
}

Result<> Identity::revoke_token(std::string_view id, const std::string& by, const std::string& request_id) {
  TRY(state_->store.write([&](store::Session& session) -> Result<> {
    if (TRY(session.run("DELETE FROM tokens WHERE id = ?1", {id})) == 0)
      return fail(ErrorKind::not_found, "token.unknown", "there is no token {}", id);
    return state_->audit.append(session, {.actor = by,
                                          .action = "token.revoke",
                                          .subject = std::string(id),
                                          .outcome = "committed",
                                          .request_id = request_id,
                                          .details = {}});
  }));
  const std::lock_guard lock(state_->mutex);
  std::erase_if(state_->tokens, [&](const auto& entry) { return entry.second.id == id; });
  return {};
}

Result<std::optional<std::string>> Identity::first_run_token() {
  const std::int64_t count =
      TRY(state_->store.read_value<std::int64_t>([&](store::Session& session) -> Result<std::int64_t> {
        return TRY(session.first("SELECT count(*) FROM tokens", {},
                                 [](const store::Row& row) { return row.integer(0); }))
            .value_or(0);
      }));
  if (count > 0) return std::optional<std::string>();
  NewToken created = TRY(create_token({.name = "first run",
                                       .principal = "administrator",
                                       .is_administrator = true,
                                       .expires = {},
                                       .created_by = "system",
                                       .request_id = {}}));
  return std::optional(std::move(created.text));
}

}  // namespace weft::identity
