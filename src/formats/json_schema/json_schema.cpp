#include "formats/json_schema/json_schema.h"

#include "formats/json_schema/check.h"
#include "formats/json_schema/library.h"
#include "formats/json_schema/program.h"

namespace weft::json_schema {

struct Schema::State {
  Program program;
};

Result<Schema> Schema::compile(json::Value document, const Options& options) {
  return compile(TRY(Library::open(std::move(document), options)), options.unknown);
}

Result<Schema> Schema::compile(std::shared_ptr<const Library> library, Unknown unknown) {
  Schema schema;
  auto program = TRY(json_schema::compile(std::move(library), unknown));
  schema.state_ = std::make_shared<const State>(State{.program = std::move(program)});
  return schema;
}

bool Schema::allows(const json::Value& instance) const { return Check(state_->program).allows(instance); }

std::vector<Violation> Schema::check(const json::Value& instance) const {
  std::vector<Violation> found;
  if (!allows(instance)) Check(state_->program).explain(instance, found);
  return found;
}

}  // namespace weft::json_schema
