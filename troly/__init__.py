"""What every process of Trợ Lý shares: settings, database, text, privacy, logs, command line."""
