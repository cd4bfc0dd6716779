#pragma once

#include <memory>

#include "app/command.h"

namespace weft::cli {

// Prints to the process's standard output and error.
std::unique_ptr<Output> standard_output(OutputFormat format);

std::string yaml_of(const json::Value& value);

}  // namespace weft::cli
