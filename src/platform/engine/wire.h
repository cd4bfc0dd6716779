#pragma once

#include "platform/engine/engine.h"

// The JSON of the dialogue's frames: each struct of engine.h and back. Descriptors travel beside; a File's place in its
// list is the place of its descriptor. Decoding checks every kind: invalid "engine.protocol".
namespace weft::engine {

json::Value to_json(const Error& error);
Error error_of(const json::Value& value);

json::Value to_json(const Limits& limits);
Limits limits_of(const json::Value& value);

json::Value to_json(const Parsed& parsed);
Result<Parsed> parsed_of(const json::Value& value);

json::Value to_json(const Query& query);
Result<Query> query_of(const json::Value& value);
json::Value to_json(const std::vector<Relation>& relations);
Result<std::vector<Relation>> relations_of(const json::Value& value);

json::Value to_json(const Plan& plan);
Result<Plan> plan_of(const json::Value& value);

json::Value to_json(const Outcome& outcome);
Outcome outcome_of(const json::Value& value);

// Without the files.
json::Value to_json(const PublishJob& job);
Result<PublishJob> publish_job_of(const json::Value& value);
json::Value to_json(const PublishOutcome& outcome);
Result<PublishOutcome> publish_outcome_of(const json::Value& value);

}  // namespace weft::engine
