# The static library: Weft ships as one program.
find_package(Protobuf REQUIRED)
find_library(protobuf_archive libprotobuf.a REQUIRED)
set(links ${protobuf_archive} ZLIB::ZLIB)
