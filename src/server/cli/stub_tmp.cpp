#include "app/module.h"
namespace weft::backup { extern const Module kModule; const Module kModule{.name="backup",.migrations={},.install=nullptr,.commands=nullptr}; }
