#include <sys/stat.h>

#include "server/cli/cli.h"

int main(int argc, char** argv) {
  ::umask(077);  // What a mesh writes is its owner's alone.
  return weft::cli::run(argc, argv);
}
