target_link_libraries(sql_rewrite_fuzz PRIVATE weft_engine_worker)
set_target_properties(sql_rewrite_fuzz PROPERTIES BUILD_RPATH "${WEFT_DUCKDB}/lib")
# The engine's headers need a definition of their own under clang, which our precompiled header was made without.
set_target_properties(sql_rewrite_fuzz PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)
