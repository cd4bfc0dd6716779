#include "server/node/jobs.h"

#include "base/log.h"

namespace weft::server {

struct Jobs::State {
  struct Due {
    const Job* job;
    std::chrono::steady_clock::time_point at;
    metrics::Counter runs, failures;
  };
  std::vector<Due> jobs;
  std::mutex mutex;
  std::condition_variable_any wake;
  std::jthread thread;

  void loop(std::stop_token stop);
  void run(Due& due, std::stop_token stop);
};

void Jobs::State::run(Due& due, std::stop_token stop) {
  due.runs.add();
  try {
    const auto done = due.job->run(stop);
    if (!done && done.error().kind != ErrorKind::cancelled) {
      due.failures.add();
      LOG(warning, "job {}: {}", due.job->name, done.error().message);
    }
  } catch (const std::exception& exception) {
    due.failures.add();
    LOG(error, "job {}: {}", due.job->name, exception.what());
  }
  due.at = std::chrono::steady_clock::now() + due.job->every;
}

void Jobs::State::loop(std::stop_token stop) {
  while (!stop.stop_requested() && !jobs.empty()) {
    auto next = std::min_element(jobs.begin(), jobs.end(), [](const Due& a, const Due& b) { return a.at < b.at; });
    {
      std::unique_lock lock(mutex);
      wake.wait_until(lock, stop, next->at, [] { return false; });
    }
    if (stop.stop_requested()) return;
    if (std::chrono::steady_clock::now() >= next->at) run(*next, stop);
  }
}

Jobs::Jobs(const std::vector<Job>& jobs, metrics::Registry& metrics) : state_(std::make_unique<State>()) {
  for (const Job& job : jobs) {
    state_->jobs.push_back(
        {.job = &job,
         .at = {},
         .runs = metrics.counter("weft_job_runs_total", "Runs of background jobs.", {{"job", job.name}}),
         .failures =
             metrics.counter("weft_job_failures_total", "Failed runs of background jobs.", {{"job", job.name}})});
  }
}

Jobs::~Jobs() { stop(); }

void Jobs::start() {
  const auto now = std::chrono::steady_clock::now();
  for (auto& due : state_->jobs) due.at = now + due.job->every;
  state_->thread = std::jthread([state = state_.get()](std::stop_token stop) { state->loop(stop); });
}

void Jobs::stop() {
  if (!state_->thread.joinable()) return;
  state_->thread.request_stop();
  state_->thread.join();
}

}  // namespace weft::server
