#pragma once

#include <vector>

#include "app/command.h"

namespace weft::cli {

// Every command: those of the modules and the program's own (serve, version, completion, reference), sorted by name.
const std::vector<Command>& all_commands();

// Options that every command takes.
const std::vector<Option>& global_options();

std::string completion(std::string_view shell);  // bash, zsh or fish; "" for another.
std::string reference_markdown();                // docs/reference/cli.md.
std::string configuration_markdown();            // docs/reference/configuration.md.
std::string changes_markdown();                  // docs/reference/contract-changes.md.

}  // namespace weft::cli
