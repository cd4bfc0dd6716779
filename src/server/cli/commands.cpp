#include "server/cli/commands.h"

#include "app/module.h"
#include "base/text.h"
#include "formats/odcs/diff.h"
#include "server/cli/config.h"
#include "server/cli/serve.h"

namespace weft::cli {
namespace {

Result<int> version(Invocation& call) {
  call.out().object(json::Object{{"weft", WEFT_VERSION}, {"api", "v1"}});
  return 0;
}

Result<int> complete(Invocation& call) {
  call.out().text(completion(call.text("SHELL")));
  return 0;
}

Result<int> reference(Invocation& call) {
  const std::string page = call.text("PAGE");
  call.out().text(page == "cli"             ? reference_markdown()
                  : page == "configuration" ? configuration_markdown()
                                            : changes_markdown());
  return 0;
}

std::vector<Option> serve_options() {
  std::vector<Option> options = {{.name = "--config", .value = "FILE", .summary = "YAML file of the settings below"}};
  static const std::vector<std::string> kFlags = [] {
    std::vector<std::string> flags;
    for (const Setting& setting : settings_table()) flags.push_back("--" + std::string(setting.key));
    return flags;
  }();
  for (std::size_t i = 0; i < kFlags.size(); ++i) {
    const Setting& setting = settings_table()[i];
    if (setting.key == "data") continue;  // A global option.
    options.push_back({.name = kFlags[i], .value = setting.value, .summary = setting.summary});
  }
  return options;
}

std::vector<Command> own_commands() {
  return {
      {.name = "serve",
       .summary = "Serve the mesh over HTTP",
       .description =
           "Listens on http://127.0.0.1:7400. The first start prints the administrator's token once and writes it to\n"
           "<data>/admin.token. SIGTERM drains: running requests finish, new ones go elsewhere. Every flag is also a\n"
           "setting in the --config file and in the environment as WEFT_<NAME>.\n\n"
           "  weft --data .weft serve\n  weft serve --dev --port 0",
       .options = serve_options(),
       .run = serve},
      {.name = "version", .summary = "What this is", .description = "", .options = {}, .run = version},
      {.name = "completion",
       .summary = "Shell completion",
       .description = "  source <(weft completion bash)",
       .options = {{.name = "SHELL",
                    .value = "SHELL",
                    .summary = "bash, zsh or fish",
                    .is_required = true,
                    .choices = {"bash", "zsh", "fish"}}},
       .run = complete},
      {.name = "reference",
       .summary = "The reference pages of docs/, from the code",
       .description = "",
       .options = {{.name = "PAGE",
                    .value = "PAGE",
                    .summary = "cli, configuration or contract-changes",
                    .is_required = true,
                    .choices = {"cli", "configuration", "contract-changes"}}},
       .run = reference},
  };
}

std::string option_list(const Command& command, std::string_view separator) {
  std::string all;
  for (const Option& option : command.options) {
    if (option.name.starts_with("--")) all += std::string(all.empty() ? "" : separator) + std::string(option.name);
  }
  return all;
}

std::string bash_completion() {
  std::string cases, words;
  for (const Command& command : all_commands()) {
    const auto first = std::string(command.name.substr(0, command.name.find(' ')));
    if (words.find(" " + first + " ") == std::string::npos) words += (words.empty() ? " " : "") + first + " ";
    cases += format("    '{}') options=\"{}\" ;;\n", command.name, option_list(command, " "));
  }
  std::string seconds;
  std::map<std::string, std::string> nouns;
  for (const Command& command : all_commands()) {
    const auto space = command.name.find(' ');
    if (space != std::string_view::npos)
      nouns[std::string(command.name.substr(0, space))] += std::string(command.name.substr(space + 1)) + " ";
  }
  for (const auto& [noun, verbs] : nouns) seconds += format("    {}) verbs=\"{}\" ;;\n", noun, verbs);
  return "_weft() {\n  local word=${COMP_WORDS[COMP_CWORD]} options=\"\" verbs=\"\" name=\"${COMP_WORDS[1]}\"\n"
         "  if [ \"$COMP_CWORD\" = 1 ]; then COMPREPLY=($(compgen -W \"" +
         words +
         "--url --data --as --output\" -- \"$word\")); return; fi\n"
         "  case \"${COMP_WORDS[1]}\" in\n" +
         seconds +
         "  esac\n"
         "  if [ \"$COMP_CWORD\" = 2 ] && [ -n \"$verbs\" ]; then COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\")); "
         "return; fi\n"
         "  [ -n \"$verbs\" ] && name=\"$name ${COMP_WORDS[2]}\"\n  case \"$name\" in\n" +
         cases +
         "  esac\n"
         "  case \"$word\" in -*) COMPREPLY=($(compgen -W \"$options --url --data --as --output --help\" -- "
         "\"$word\")) ;;"
         " *) COMPREPLY=($(compgen -f -- \"$word\")) ;; esac\n}\ncomplete -F _weft weft\n";
}

std::string fish_completion() {
  std::string text = "complete -c weft -f\n";
  for (const Command& command : all_commands()) {
    const auto space = command.name.find(' ');
    const std::string first(command.name.substr(0, space));
    if (space == std::string_view::npos) {
      text += format("complete -c weft -n __fish_use_subcommand -a {} -d {}\n", first,
                     text::quote_literal(command.summary));
    } else {
      text += format("complete -c weft -n __fish_use_subcommand -a {}\n", first);
      text += format("complete -c weft -n '__fish_seen_subcommand_from {}' -a {} -d {}\n", first,
                     command.name.substr(space + 1), text::quote_literal(command.summary));
    }
  }
  return text;
}

std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : c == '\n' ? std::string(" ") : std::string(1, c);
  return escaped;
}

}  // namespace

const std::vector<Command>& all_commands() {
  static const std::vector<Command> kAll = [] {
    std::vector<Command> all = own_commands();
    for (const Module* module : modules()) {
      if (module->commands == nullptr) continue;
      for (Command& command : module->commands()) all.push_back(std::move(command));
    }
    std::sort(all.begin(), all.end(), [](const Command& a, const Command& b) { return a.name < b.name; });
    return all;
  }();
  return kAll;
}

const std::vector<Option>& global_options() {
  static const std::vector<Option> kGlobal = {
      {.name = "--url",
       .value = "URL",
       .summary =
           "Talk to the server at URL (or WEFT_URL); the token comes from WEFT_TOKEN or ~/.config/weft/client.yaml"},
      {.name = "--data",
       .value = "DIR",
       .summary = "Work in process on this mesh folder, without a server",
       .otherwise = ".weft"},
      {.name = "--as", .value = "NAME", .summary = "With --data: act as this principal, or as domain:NAME"},
      {.name = "--output",
       .value = "FORMAT",
       .summary = "How to print (also -o)",
       .otherwise = "table",
       .choices = {"table", "json", "yaml", "csv"}},
  };
  return kGlobal;
}

std::string completion(std::string_view shell) {
  if (shell == "bash") return bash_completion();
  if (shell == "zsh") return "autoload -U +X bashcompinit && bashcompinit\n" + bash_completion();
  return shell == "fish" ? fish_completion() : std::string();
}

std::string reference_markdown() {
  std::string text =
      "# Commands\n\nGenerated by `weft reference cli`. Exit codes: 0 fine, 1 the answer is «no» (problems, refusals, "
      "differences), 2 could not do it.\n\n"
      "Every command takes:\n\n| option | for |\n| --- | --- |\n";
  for (const Option& option : global_options())
    text += format("| `{} {}` | {} |\n", option.name, option.value, cell(option.summary));
  for (const Command& command : all_commands()) {
    text += format("\n## weft {}\n\n{}.\n", command.name, command.summary);
    if (!command.description.empty()) text += format("\n```\n{}\n```\n", command.description);
    if (command.options.empty()) continue;
    text += "\n| argument | for |\n| --- | --- |\n";
    for (const Option& option : command.options) {
      std::string name(option.name);
      if (name.starts_with('-') && !option.value.empty()) name += " " + std::string(option.value);
      text += format("| `{}`{} | {}{} |\n", name, option.is_required ? " (required)" : "", cell(option.summary),
                     option.otherwise.empty() ? "" : format("; default `{}`", option.otherwise));
    }
  }
  return text;
}

std::string changes_markdown() {
  std::string page =
      "# Changes of contracts\n\nGenerated by `weft reference contract-changes`, from the table that `weft contract "
      "diff` "
      "and `weft plan` judge by.\n\nA breaking change needs a new major version of the contract (before 1.0.0 a new "
      "minor "
      "one), an additive change a new minor version, documentation a new patch. \"Whom it hurts\" names those who may "
      "fail "
      "by the old contract: who reads the data, or who writes it.\n\n| change | weight | whom it hurts | what happens "
      "|\n| --- "
      "| --- | --- | --- |\n";
  for (const odcs::Rule& each : odcs::rules())
    page += format("| `{}` | {} | {} | {} |\n", each.code, odcs::to_string(each.weight), each.hurts, each.meaning);
  return page;
}

std::string configuration_markdown() {
  std::string text =
      "# Configuration\n\nGenerated by `weft reference configuration`. Flags win over the environment, the environment "
      "over the `--config` file (flat YAML).\n\n"
      "| key and flag | environment | default | for |\n| --- | --- | --- | --- |\n";
  for (const Setting& setting : settings_table()) {
    text += format("| `{}` | `{}` | `{}` | {} |\n", setting.key, setting.environment(), setting.otherwise,
                   cell(setting.summary));
  }
  text +=
      "\nClients read `WEFT_URL`, `WEFT_TOKEN` and `WEFT_CA_FILE`, or the keys `url`, `token` and `ca_file` of "
      "`~/.config/weft/client.yaml` (mode 0600).\n";
  return text;
}

}  // namespace weft::cli
