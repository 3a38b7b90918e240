-- Run once, when the database server of compose.yaml begins: Prefect's records beside the books.
-- Both have a table `artifact`, so they cannot share a database.
CREATE DATABASE prefect;
