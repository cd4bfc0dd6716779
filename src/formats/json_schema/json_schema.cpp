#include "formats/json_schema/json_schema.h"

#include "formats/json_schema/check.h"
#include "formats/json_schema/library.h"
#include "formats/json_schema/program.h"

namespace weft::json_schema {

struct Schema::State {
  Program program;
};

Result<Schema> Schema::compile(json::Value document, const Options& options) {
  auto library = TRY(Library::open(std::move(document), options));
  Schema schema;
  schema.state_ =
      std::make_shared<const State>(State{.program = TRY(json_schema::compile(std::move(library), options.unknown))});
  return schema;
}

bool Schema::allows(const json::Value& instance) const { return Check(state_->program).allows(instance); }

std::vector<Violation> Schema::check(const json::Value& instance) const {
  std::vector<Violation> found;
  if (!allows(instance)) Check(state_->program).explain(instance, found);
  return found;
}

}  // namespace weft::json_schema
