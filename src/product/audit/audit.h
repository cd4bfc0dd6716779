#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/principal.h"
#include "base/clock.h"
#include "base/json_value.h"
#include "platform/store/store.h"

// The append-only hash chain of what was done, written in the same transaction as what it tells of.
namespace weft::audit {

struct Record {
  std::string actor;    // Principal's name; "anonymous".
  std::string action;   // "mesh.apply", "publish.commit", "publish.refuse", "query.access", "access.deny",
                        // "auth.sign_in", "auth.fail", "token.create", "setting.change", "backup.create", …
  std::string subject;  // What it was done to: "aviation.flights.flights", a query id, a token id.
  std::string outcome;  // "allowed", "denied", "committed", "refused", "failed".
  std::string request_id;
  json::Object details;  // No data values, no secrets.
};

// Thread-safe. The store must outlive it.
class Audit {
 public:
  Audit(store::Store& store, Clock& clock);
  // Appends within the caller's write transaction (the writer thread: one at a time, so the chain has no forks).
  Result<> append(store::Session& session, const Record& record);
  // A transaction of its own. Access records take Durability::soon unless audit.sync = always.
  Result<> append(const Record& record, store::Durability durability = store::Durability::now);

 private:
  store::Store& store_;
  Clock& clock_;
};

}  // namespace weft::audit
