set(links SQLite::SQLite3)
