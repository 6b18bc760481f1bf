"""SQL stores, for any database: tables and statements. Only this folder imports SQL libraries."""
