set(links PkgConfig::yaml_cpp)
