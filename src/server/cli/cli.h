#pragma once

namespace weft::cli {

// The program `weft`: reads the arguments, runs one command, answers its exit code (0 fine, 1 no, 2 could not).
int run(int argc, char** argv);

}  // namespace weft::cli
