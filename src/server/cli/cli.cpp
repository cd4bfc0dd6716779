#include "server/cli/cli.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "app/problem.h"
#include "base/json.h"
#include "base/text.h"
#include "server/cli/api_http.h"
#include "server/cli/api_local.h"
#include "server/cli/commands.h"
#include "server/cli/config.h"
#include "server/cli/output.h"

namespace weft::cli {
namespace {

constexpr int kCouldNot = 2;

// Turns Ctrl-C and SIGTERM into a stop request; a second one ends the process at once.
class Interrupts {
 public:
  Interrupts() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::thread([signals, source = source_]() mutable {
      for (int count = 0;; ++count) {
        int signal = 0;
        sigwait(&signals, &signal);
        if (count > 0) _exit(130);
        source.request_stop();
      }
    }).detach();
  }
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
};

struct Globals {
  std::string url, data, as, format = "table";
};

class Call final : public Invocation {
 public:
  Call(Globals globals, std::stop_token interrupted)
      : globals_(std::move(globals)), interrupted_(std::move(interrupted)), out_(standard_output(output_format())) {}

  Result<Api*> api() override {
    if (api_) return api_.get();
    const ClientConfig config = TRY(client_config());
    const std::string url = !globals_.url.empty() ? globals_.url : globals_.data.empty() ? config.url : std::string();
    if (!url.empty()) {
      if (!globals_.as.empty())
        return fail(ErrorKind::invalid, "cli.as", "--as works with --data only; over HTTP the token says who you are");
      api_ = TRY(HttpApi::open(url, config.token, config.ca_file, interrupted_));
    } else {
      api_ = TRY(LocalApi::open(globals_.data.empty() ? ".weft" : globals_.data, globals_.as, interrupted_));
    }
    return api_.get();
  }
  Output& out() override { return *out_; }
  std::stop_token interrupted() const override { return interrupted_; }

 private:
  OutputFormat output_format() const {
    if (globals_.format == "json") return OutputFormat::json;
    if (globals_.format == "yaml") return OutputFormat::yaml;
    return globals_.format == "csv" ? OutputFormat::csv : OutputFormat::table;
  }

  Globals globals_;
  std::stop_token interrupted_;
  std::unique_ptr<Output> out_;
  std::unique_ptr<Api> api_;
};

// The lists of a problem's details, one line an entry, so that people see every reason and not only the summary.
void print_details(const json::Object& details) {
  for (const auto& [key, value] : details) {
    if (!value.is_array()) continue;
    for (const json::Value& item : value.array()) {
      if (item.is_text()) {
        std::cerr << "  - " << item.text() << "\n";
      } else if (item.is_object()) {
        const auto message = item["message"].text_or("");
        const auto code = item["code"].text_or("");
        if (message.empty()) {
          std::cerr << "  - " << json::write(item) << "\n";
        } else {
          std::cerr << "  - " << (code.empty() ? "" : std::string(code) + ": ") << message << "\n";
        }
      }
    }
  }
}

int report(const Error& error, std::string_view format) {
  if (format == "json") {
    json::Object document{{"code", error.code}, {"kind", to_string(error.kind)}, {"message", error.message}};
    for (const auto& [key, value] : error.details) document.add(key, value);
    std::cerr << json::write_pretty(document) << "\n";
  } else {
    std::cerr << "weft: " << error.message << " [" << error.code << "]\n";
    print_details(error.details);
  }
  return exit_code(error.kind);
}

struct Bound {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>> values;
  std::map<std::string, bool, std::less<>> flags;
};

void bind_option(const Option& option, Bound& bound) {
  const std::string name(option.name);
  std::string summary(option.summary);
  if (!option.otherwise.empty()) summary += " [" + std::string(option.otherwise) + "]";
  if (option.value.empty()) {
    bound.app->add_flag(name, bound.flags[name], summary);
    return;
  }
  auto& values = bound.values[name];
  CLI::Option* added = bound.app->add_option(name, values, summary);
  added->type_name(std::string(option.value));
  if (!option.is_repeatable) {
    added->expected(1)->allow_extra_args(false);
  } else if (name.starts_with('-')) {
    added->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(false);
  }
  if (option.is_required) added->required();
  if (!option.choices.empty()) {
    std::vector<std::string> choices(option.choices.begin(), option.choices.end());
    added->check(CLI::IsMember(choices));
  }
}

void add_globals(CLI::App& app, Globals& globals) {
  app.add_option("--url", globals.url, "Talk to the server at URL (or WEFT_URL); the token comes from WEFT_TOKEN")
      ->type_name("URL");
  app.add_option("--data", globals.data, "Work in process on this mesh folder, without a server [.weft]")
      ->type_name("DIR");
  app.add_option("--as", globals.as, "With --data: act as this principal, or as domain:NAME")->type_name("NAME");
  app.add_option("-o,--output", globals.format, "How to print [table]")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json", "yaml", "csv"}));
}

CLI::App* subcommand(CLI::App& root, const Command& command) {
  CLI::App* at = &root;
  const auto words = text::split(command.name, ' ');
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string word(words[i]);
    const auto known = at->get_subcommands([&word](const CLI::App* app) { return app->get_name() == word; });
    CLI::App* next = known.empty() ? nullptr : known.front();
    const bool is_last = i + 1 == words.size();
    if (next == nullptr)
      next = at->add_subcommand(word, is_last ? std::string(command.summary) : "Commands about " + word);
    if (is_last) {
      next->description(std::string(command.summary) +
                        (command.description.empty() ? "" : "\n\n" + std::string(command.description)));
    } else if (i == 0 && words.size() > 1 && next->get_help_ptr() != nullptr) {
      next->require_subcommand(0, 1);
    }
    next->fallthrough();
    at = next;
  }
  return at;
}

int run_command(Bound& bound, const Globals& globals, std::stop_token interrupted) {
  Call call(globals, std::move(interrupted));
  for (const Option& option : bound.command->options) {
    const std::string name(option.name);
    if (option.value.empty()) {
      if (bound.flags[name]) call.values[name] = {"true"};
    } else if (!bound.values[name].empty()) {
      call.values[name] = bound.values[name];
    } else if (!option.otherwise.empty()) {
      call.values[name] = {std::string(option.otherwise)};
    }
  }
  if (!globals.data.empty()) call.values["--data"] = {globals.data};
  const auto done = bound.command->run(call);
  return done ? *done : report(done.error(), globals.format);
}

}  // namespace

int run(int argc, char** argv) {
  const Interrupts interrupts;
  CLI::App root{
      "Weft: a data mesh in one program. Domains declare data products; Weft checks, governs, serves and explains "
      "them.\n"
      "Start with: weft init my-mesh && weft --data .weft apply my-mesh"};
  root.name("weft");
  root.set_help_all_flag("--help-all", "Help of every command");
  root.set_version_flag("--version", "weft " WEFT_VERSION);
  root.require_subcommand(1, 1);
  root.fallthrough();
  Globals globals;
  add_globals(root, globals);
  std::vector<Bound> bound(all_commands().size());
  for (std::size_t i = 0; i < bound.size(); ++i) {
    bound[i].command = &all_commands()[i];
    bound[i].app = subcommand(root, *bound[i].command);
    for (const Option& option : bound[i].command->options) bind_option(option, bound[i]);
  }
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return root.exit(error) == 0 ? 0 : kCouldNot;
  }
  for (Bound& each : bound) {
    const bool is_leaf = each.app->parsed() && each.app->get_subcommands().empty();
    if (is_leaf) return run_command(each, globals, interrupts.token());
  }
  std::cerr << root.help();
  return kCouldNot;
}

}  // namespace weft::cli
